"""Codes of payment, release, the ERP's answers and the sandbox."""

from collections.abc import Mapping

from diagnostics.catalogue.entries import CatalogueEntry, refusal
from diagnostics.catalogue.entries import gettext_noop as _
from diagnostics.codes import Code, Fixer

FULFILMENT: Mapping[Code, CatalogueEntry] = {
    Code.ORDER_NOT_PAYABLE: refusal(
        409,
        _("The order takes no payment now"),
        _("{order} is in the state “{state}”; a payment is recorded while it awaits one."),
        _(
            "See on the order's page what it waits for; right after the confirmation the proforma is still being made."
        ),
    ),
    Code.PAYMENT_CURRENCY: refusal(
        422,
        _("Another currency than the order's"),
        _("The payment is in {value}, the order in {limit}."),
        _("Record what arrived in the order's currency, or ask the buyer to pay in it."),
    ),
    Code.PAYMENT_TOO_MUCH: refusal(
        422,
        _("Far more than is still to be paid"),
        _(
            "The payment is {value}; at most {limit} are taken, what is paid beyond the total included."
        ),
        _(
            "Check the decimal point. If so much did arrive, record what is asked for and settle the rest with the buyer."
        ),
    ),
    Code.PAYMENT_INEXACT: refusal(
        422,
        _("Less than the proforma asks for"),
        _("The transfer is {value}; {limit} are still to be paid together."),
        _(
            "If the rest will not come (such as the bank's fee), record it again with the reason; else order by order."
        ),
    ),
    Code.PAYMENT_REPEATED: refusal(
        409,
        _("This payment is recorded with another amount"),
        _("“{reference}” stands on this order with {value}."),
        _("Check the amount; if the recorded one is wrong, reverse it first."),
    ),
    Code.PAYMENT_FINAL: refusal(
        409,
        _("The payment can't be reversed any more"),
        _(
            "The order is “{state}”: it was released on the strength of this payment, or the payment is reversed already."
        ),
        _("Settle it with the buyer outside of this order."),
        Fixer.NOBODY,
    ),
    Code.DIFFERENCE_NOT_STATED: refusal(
        422,
        _("Not the difference that is open"),
        _(
            "{value} is to be settled; {limit} are still open, and a difference is settled once a part has been paid."
        ),
        _("Record what has arrived first, then settle exactly the rest."),
    ),
    Code.DIFFERENCE_TOO_LARGE: refusal(
        422,
        _("Too much to settle as a difference"),
        _("{value} is missing; without a payment at most {limit} may be settled."),
        _("Ask the buyer for the rest. The platform sets how much may be settled."),
    ),
    Code.ORDER_NOT_PAID: refusal(
        409,
        _("Not paid, so not released"),
        _(
            "{order} is in the state “{state}”; only a paid order, or one on open account, is released, and once."
        ),
        _("Record the payment first."),
    ),
    Code.PROFORMA_DAMAGED: refusal(
        500,
        _("The stored proforma invoice is damaged"),
        _("The stored PDF is no longer the one that was issued, so it is not handed out."),
        _(
            "Use the copy that was sent by email; the operator restores the stored one from a backup."
        ),
        Fixer.PLATFORM,
    ),
    Code.ERP_UNKNOWN: refusal(
        422,
        _("This ERP is not known"),
        _("“{value}” is none of the ERPs that can be connected: {limit}."),
        _("Choose one of them, or ask the platform to add yours."),
    ),
    Code.ERP_NOT_CONNECTED: refusal(
        409,
        _("Another ERP is connected"),
        _(
            "The store is connected to {limit}; this call comes from {value}. An order goes to one ERP only."
        ),
        _("Change the connection on the ERP page first, or make the call from the connected ERP."),
    ),
    Code.ERP_VERSION_TOO_OLD: refusal(
        409,
        _("The ERP's version is too old"),
        _("{erp} is connected from version {limit} on; this is {value}."),
        _("Update the ERP and connect again."),
    ),
    Code.XML_UNSAFE: refusal(
        422,
        _("The XML is refused"),
        _("{detail}"),
        _("Send plain XML in UTF-8: no DOCTYPE, no entities, within the limits."),
    ),
    Code.XML_INVALID: refusal(
        422,
        _("The XML is not what it should be"),
        _("{detail}"),
        _("Validate it against the schema, correct what is named and send it again."),
    ),
    Code.CLOCK_NOT_MOVABLE: refusal(
        409,
        _("This clock can't be moved so"),
        _("{detail}"),
        _("Move the clock of a sandbox store, forward."),
    ),
    Code.PRECONDITION_FAILED: refusal(
        412,
        _("It has changed meanwhile"),
        _("You sent If-Match for {value}; it now is {limit}."),
        _("Read it again, look at what changed, then send your change."),
    ),
}
