"""Plain words for what has neither tone nor icon: facts, fields, gates, rules, events, parts of a
fee."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from diagnostics.attribution import OrderStage, StageMark
from eligibility import drift
from marketplace.models import StoreLevel
from qualification import documents
from repurchase.reporting import expiry_alerts
from repurchase.templatetags.states import STANDING

MONEY: Mapping[str, str | Promise] = {
    "goods_net": _("Goods without tax"),
    "freight_net": _("Freight without tax"),
    "tax": _("Tax"),
    "total": _("Total to pay"),
}

SERVICE_SOURCES: Mapping[str, str | Promise] = {
    "note": _("read from the order note"),
    "member": _("recorded by a member"),
    "api": _("sent by the API"),
}

DRIFT_FIELDS: Mapping[str, str | Promise] = {
    drift.DriftField.UNIT_PRICE: _("Price a piece"),
    drift.DriftField.STOCK: _("Needed, and available"),
    drift.DriftField.HS_CODE: _("HS code"),
    drift.DriftField.VAT_RATE: _("VAT or GST rate"),
    drift.DriftField.REGISTRATION: _("Registration"),
    drift.DriftField.LANE: _("Destination reached"),
    drift.DriftField.TRANSIT: _("Promised, and transit today"),
    drift.DriftField.CERTIFICATE: _("Business Buyer certificate, valid until"),
}

STAGE: Mapping[str, str | Promise] = {
    OrderStage.STORE.name: pgettext_lazy("stage", "Store"),
    OrderStage.BUYER.name: pgettext_lazy("stage", "Buyer"),
    OrderStage.ORDER.name: pgettext_lazy("stage", "Source order"),
    OrderStage.ROUTE.name: pgettext_lazy("stage", "Route and export"),
    OrderStage.LINE.name: pgettext_lazy("stage", "Lines"),
    OrderStage.PRICE.name: pgettext_lazy("stage", "Price"),
    OrderStage.LOCK.name: pgettext_lazy("stage", "Lock and answer"),
}

MARK: Mapping[str, str | Promise] = {
    StageMark.CLEAR: pgettext_lazy("mark", "nothing found"),
    StageMark.LINE: pgettext_lazy("mark", "lines are out"),
    StageMark.ALSO: pgettext_lazy("mark", "another cause"),
    StageMark.FIRST: pgettext_lazy("mark", "first cause"),
    StageMark.UNREACHED: pgettext_lazy("mark", "not reached"),
}

RADAR: Mapping[str, str | Promise] = {
    expiry_alerts.ExpiryKind.CERTIFICATE: _("Business Buyer certificate"),
    expiry_alerts.ExpiryKind.REGISTRATION: _("Registration"),
    expiry_alerts.ExpiryKind.QUALIFICATION: _("Opening for bulk repeat orders"),
    expiry_alerts.ExpiryKind.DOCUMENT: _("Qualification document"),
    expiry_alerts.ExpiryKind.TAX: _("VAT or GST rate changes"),
    expiry_alerts.ExpiryKind.COMMISSION: _("Commission rate changes"),
    expiry_alerts.ExpiryKind.FREIGHT: _("Freight tariff changes"),
    expiry_alerts.ExpiryKind.PRICE: _("List price changes"),
}

RADAR_CURES: Mapping[str, str | Promise] = {
    expiry_alerts.ExpiryKind.CERTIFICATE: _(
        "Ask the buyer to renew it in the Business Buyer back office."
    ),
    expiry_alerts.ExpiryKind.REGISTRATION: _("Renew the registration and enter the new dates."),
    expiry_alerts.ExpiryKind.QUALIFICATION: _(
        "Hand in renewed documents; lock what is planned before it lapses."
    ),
    expiry_alerts.ExpiryKind.DOCUMENT: _("Upload the renewed document."),
    expiry_alerts.ExpiryKind.TAX: _("Lock before it changes, or screen again afterwards."),
    expiry_alerts.ExpiryKind.COMMISSION: _("Lock before it changes, or screen again afterwards."),
    expiry_alerts.ExpiryKind.FREIGHT: _("Lock before it changes, or screen again afterwards."),
    expiry_alerts.ExpiryKind.PRICE: _("Lock before it changes, or screen again afterwards."),
}

PHASE: Mapping[str, str | Promise] = {
    "waiting": pgettext_lazy("report", "Waiting for a worker"),
    "reading": pgettext_lazy("report", "Reading orders"),
    "drawing": pgettext_lazy("report", "Writing the pages"),
    "done": pgettext_lazy("report", "Ready"),
    "failed": pgettext_lazy("report", "It could not be made"),
}

EVIDENCE: Mapping[str, str | Promise] = {
    "value": _("Value"),
    "limit": _("Limit"),
    "as_of": _("As of"),
    "source": _("Read from"),
    "sku": _("SKU"),
    "country": _("Country"),
    "region": _("Region"),
    "needed": _("Needed"),
    "available": _("Available"),
    "paid": _("Paid then"),
    "listed": _("List price today"),
    "quantity": _("Quantity"),
    "scheme": _("Scheme"),
    "jurisdiction": _("Jurisdiction"),
    "number": _("Number"),
    "reference": _("Legal basis"),
    "currency": _("Currency"),
    "missing": _("Missing"),
    "service": _("Customised service"),
}

PAYMENT_SOURCES: Mapping[str, str | Promise] = {
    "api": _("the API"),
    "import": _("a file"),
    "member": _("a member"),
}

RELEASES: Mapping[str, str | Promise] = {
    "all": _("All"),
    "open": _("Not acknowledged"),
    "acknowledged": _("Acknowledged"),
    "shipped": pgettext_lazy("order", "Shipped"),
    "completed": pgettext_lazy("order", "Completed"),
}

FEES: Mapping[str, str | Promise] = {
    "commission": _("Commission"),
    "ear_review": _("EAR dual-use review"),
    "logistics": _("Logistics cost"),
    "freight": _("Carrier's freight"),
    "return_warehouse": _("Local return warehouse"),
    "payment": _("Payment fee"),
    "vat_remittance": _("VAT remittance fee"),
}

GATES: Mapping[str, str | Promise] = {
    "qualification": _("Bulk repeat orders opened"),
    "store_verified": _("Store verified"),
    "store_level": _("Store level"),
    "dispute_rate": _("Dispute rate, 30 days"),
    "buyer_certificate": _("Business Buyer certificate, valid until"),
    "buyer_orders": _("Completed orders with this buyer"),
    "buyer_gmv": _("Business with this buyer"),
}

RULES: Mapping[str, str | Promise] = {
    "ORDER_NOT_COMPLETED": _("The order is completed"),
    "ORDER_TOO_OLD": _("It was completed recently enough"),
    "ORDER_UNRATED": _("Its rating"),
    "ORDER_ALREADY_LOCKED": _("No live price lock holds it, until"),
    "LANE_UNREACHABLE": _("Fastest carrier to the destination, days; days promised"),
    "EXPORT_CONTROLLED": _("Destination, and the embargo on it for goods under the EAR"),
    "PARTY_SCREENED_OUT": _("Buyer and consignee stand on no screening list"),
    "SKU_NOT_STANDARD": _("Standard SKU"),
    "SKU_INACTIVE": _("On sale"),
    "STOCK_SYNC_STALE": _("Stock last synchronised, at most so long ago"),
    "MOQ_NOT_MET": _("Quantity, and the minimum"),
    "HS_CODE_MISSING": _("HS code"),
    "WEIGHT_MISSING": _("Weight in grams"),
    "REGISTRATION_MISSING": _("Registrations held, and those demanded"),
    "PRICE_OUT_OF_BAND": _("List price today, and the band around what was paid"),
    "STOCK_TOO_LOW": _("Quantity, and what is available"),
}

ADVICE: Mapping[str, str | Promise] = {
    "orders_a_day": _("Orders paid a day, over the last 30 days"),
    "fast_moving": _("Share of orders for fast-moving goods"),
    "small_apparel": _("Share of this batch that is small apparel orders"),
    "exports_a_year": _("Exports of the last 365 days"),
    "high_value_lines": _("High-value lines of standard SKUs in orders with a note"),
    "erp_connected": _("An ERP is connected"),
}

FACTS: Mapping[str, str | Promise] = {
    "yes": pgettext_lazy("gate", "Yes"),
    "no": pgettext_lazy("gate", "No"),
    **{state.value: shown.label for state, shown in STANDING.items()},
    **{level.name.title(): level.label for level in StoreLevel},
}

DOCUMENTS: Mapping[str, str | Promise] = {each.key: each.title for each in documents.DOCUMENTS}

FIELDS: Mapping[str, str | Promise] = {
    "company": _("Company name"),
    "credit_code": _("Unified social credit code"),
    "founded_on": _("Founded on"),
    "valid_until": _("Valid until"),
    "account": _("Account number"),
    "currency": _("Currency"),
    "period_from": _("Period, from"),
    "period_to": _("Period, to"),
    "opening_balance": _("Opening balance"),
    "closing_balance": _("Closing balance"),
    "credits": _("Credits"),
    "debits": _("Debits"),
    "number": _("Customs number"),
    "declared_on": _("Declared on"),
    "hs": _("HS code of item"),
    "quantity": _("Quantity of item"),
    "unit_price": _("Unit price of item"),
    "total": _("Total of item"),
    "standard": _("Standard"),
}

CHECKS: Mapping[str, str | Promise] = {
    "documents_there": _("Every document that is asked for is there"),
    "company": _("It names the company of the store"),
    "seal": _("It bears a seal"),
    "text_layer": _("The file's own text says what its pages show"),
    "laid_over": _("Nothing was laid over what its pages say"),
    "licence_code": _("The credit code's check sign"),
    "licence_term": _("The licence is in force"),
    "account": _("The account number"),
    "balances": _("Each balance follows from the one before"),
    "months": _("Consecutive full months"),
    "statement_distinct": _("Statements differ from each other"),
    "statement_unseen": _("No other store has shown it"),
    "turnover": _("Credits of a month"),
    "declaration_number": _("The number of an export declaration"),
    "declaration_unseen": _("No other store has shown it"),
    "declaration_distinct": _("Declarations differ from each other"),
    "declarations_count": _("Enough declarations"),
    "declaration_goods": _("Goods of the main category"),
    "declaration_sums": _("Quantity times unit price is the total"),
    "declarations_total": _("Declared exports together"),
    "certificate_term": _("The ISO 9001 certificate is in force"),
}

EVENTS: Mapping[str, str | Promise] = {
    "batch.created": _("Batch made"),
    "batch.rescreened": _("Screened again"),
    "batch.retried": _("Failed orders retried"),
    "batch.adopted": _("Dry run made a real batch"),
    "batch.planned": _("Plan ready"),
    "batch.failed": _("Screening ended without a plan"),
    "batch.edited": _("Quantities or promises edited"),
    "batch.cured": _("Fixes applied, touched orders screened again"),
    "batch.edit_undone": _("An edit was undone"),
    "batch.locked": _("Prices locked, buyer invited"),
    "batch.cancelled": _("Batch cancelled"),
    "batch.closed": _("Batch closed"),
    "buyer.confirmed": _("Buyer confirmed"),
    "buyer.declined": _("Buyer declined"),
    "services.recorded": _("Customised service recorded"),
    "services.dismissed": _("Customised service dismissed"),
    "services.confirmed": _("Buyer answered on customised services"),
    "carrier.charged": _("Carrier's bill recorded"),
    "lock.expired": _("Price lock ended without an answer"),
    "lock.renegotiating": _("A price trigger opened a renegotiation"),
    "lock.terminated": _("Renegotiation ended without agreement"),
    "lock.cancelled": _("Stopped orders ended"),
    "lock.split": _("Stopped orders taken out of their lock"),
    "orders.held_back": _("Orders are being checked by the platform"),
    "party.refused": _("Lock refused: a party is being checked by the platform"),
    "orders.let_go": _("Checked orders may go on"),
    "offer.made": _("New prices offered"),
    "offer.approved": _("A second member approved the offer"),
    "offer.signed": _("New prices signed by one side"),
    "code.sent": _("One-time code sent to the buyer"),
    "renegotiation.agreed": _("New prices signed by both sides"),
    "renegotiation.declined": _("Renegotiation declined"),
    "renegotiation.remarked": _("A remark in the renegotiation"),
    "agreement.sealed": _("Agreement sealed"),
    "source.completed": _("Source order completed"),
    "order.failed": _("The order failed"),
    "order.cured": _("Cured: the order is ready again"),
    "proforma.issued": _("Proforma invoice sent"),
    "payment.recorded": _("Payment recorded"),
    "payment.reversed": _("Payment taken back"),
    "payment.difference": _("Difference of a payment settled"),
    "order.released": _("Orders released"),
    "release.acknowledged": _("Acknowledged by the ERP"),
    "order.shipped": _("Orders shipped"),
    "order.completed": _("Orders completed"),
    "response.accepted": _("The ERP accepted an order"),
    "response.changed": _("The ERP would change an order"),
    "response.refused": _("The ERP refused an order"),
    "response.decided": _("An answer of the ERP decided on"),
    "order.called_off": _("Unpaid orders called off"),
    "terms.changed": _("Terms with a buyer changed"),
    "pay_to.changed": _("How buyers pay changed"),
    "erp.connected": _("ERP connected"),
    "erp.updated": _("ERP updated"),
    "erp.disconnected": _("ERP disconnected"),
    "clock.moved": _("Sandbox clock moved"),
}

ACTS: Mapping[str, str | Promise] = {
    "qualification.checked": _("automatic check"),
    "qualification.apply": _("opened for documents"),
    "qualification.submit": _("documents handed in"),
    "qualification.claimed": _("claimed"),
    "qualification.overruled": _("failed checks overruled"),
    "qualification.decided": _("decided"),
    "qualification.send_back": _("sent back"),
    "qualification.approve": _("approved"),
    "qualification.lapses_soon": _("told that it lapses soon"),
    "qualification.lapse": _("lapsed"),
}
