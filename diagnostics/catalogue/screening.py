"""Codes of what screening finds: gates, source orders, lines, prices."""

from collections.abc import Mapping

from diagnostics.catalogue.entries import CatalogueEntry, curable, final
from diagnostics.catalogue.entries import gettext_noop as _
from diagnostics.codes import Code, Fixer

SCREENING: Mapping[Code, CatalogueEntry] = {
    Code.QUALIFICATION_REQUIRED: curable(
        _("The store is not open for bulk repeat orders"),
        _("The store's qualification stands at “{state}”."),
        _(
            "Open the benefit in the growth centre and finish the second verification of the company."
        ),
        status=409,
    ),
    Code.STORE_LEVEL_TOO_LOW: curable(
        _("Store level below Gold"),
        _("The store's level is {value}; at least {limit} is needed."),
        _("Raise the store's level; the growth centre lists what is missing."),
    ),
    Code.STORE_NOT_VERIFIED: curable(
        _("The store is not verified"),
        _("The platform has not verified this store."),
        _("Finish the store's verification on the platform."),
    ),
    Code.DISPUTE_RATE_TOO_HIGH: curable(
        _("Too many disputes"),
        _(
            "{disputes} disputes on {paid} paid orders in the last 30 days are {value}; the limit is {limit}."
        ),
        _("Settle open disputes; the rate falls as older ones leave the window of 30 days."),
    ),
    Code.DISPUTE_RATE_NOT_EVALUABLE: curable(
        _("No paid order to measure disputes by"),
        _("No order was paid in the last 30 days, so there is no dispute rate."),
        _("Screen again once orders have been paid."),
    ),
    Code.BUYER_NOT_CERTIFIED: curable(
        _("Not a certified business buyer"),
        _("The buyer has no Business Buyer certification."),
        _("Ask the buyer to apply for Business Buyer certification."),
        Fixer.BUYER,
    ),
    Code.BUYER_CERTIFICATE_EXPIRED: curable(
        _("The buyer's certificate has expired"),
        _("The Business Buyer certificate was valid until {value}."),
        _(
            "Ask the buyer to renew it in the Business Buyer back office, under “certificate validity”."
        ),
        Fixer.BUYER,
    ),
    Code.BUYER_TOO_FEW_ORDERS: curable(
        _("Too few orders with this buyer"),
        _("{value} completed orders with this buyer; at least {limit} are needed."),
        _("Complete more ordinary orders with this buyer first."),
    ),
    Code.BUYER_GMV_TOO_LOW: curable(
        _("Too little business with this buyer"),
        _("Completed orders with this buyer come to {value}; at least {limit} is needed."),
        _("Complete more ordinary orders with this buyer first."),
    ),
    Code.ORDER_NOT_COMPLETED: final(
        _("The source order is not completed"),
        _("Its state is “{value}”."),
        _("Choose a completed order, or wait until this one is."),
    ),
    Code.ORDER_TOO_OLD: final(
        _("The source order is too old"),
        _("It was completed on {value}; only orders completed since {limit} can be repeated."),
        _("Choose a more recent order, or place an ordinary one."),
    ),
    Code.ORDER_UNRATED: curable(
        _("The source order has no rating"),
        _("The buyer has rated none of its lines."),
        _("Ask the buyer to rate the order."),
        Fixer.BUYER,
    ),
    Code.ORDER_RATING_TOO_LOW: final(
        _("The source order's rating is too low"),
        _("It is rated {value}; at least {limit} is needed."),
        _("Choose an order that the buyer was happier with."),
    ),
    Code.ORDER_ALREADY_LOCKED: curable(
        _("Already in a live lock"),
        _("This order is held by a price lock that ends {value}."),
        _("Wait for the buyer's answer, or cancel the batch that holds it."),
    ),
    Code.ORDER_WITHOUT_LINES: final(
        _("None of its lines can be repeated"),
        _("Every line of this order is left out, each for its own reason."),
        _("See the reasons beside the lines."),
    ),
    Code.LANE_UNREACHABLE: curable(
        _("No carrier reaches the destination"),
        _("No carrier service reaches {region}, {country} with the channels that are ticked."),
        _("Tick the special clearance channel (专线清关通道) and screen again."),
    ),
    Code.TRANSIT_TOO_SLOW: curable(
        _("Delivery would break the promise"),
        _("The fastest carrier needs {value} days; {limit} are promised."),
        _("Promise a later delivery, or choose a faster carrier service."),
    ),
    Code.REGISTRATION_MISSING: curable(
        _("A registration is missing"),
        _("{country} demands {scheme} ({reference}), and the store holds none for {jurisdiction}."),
        _("Register, then enter the number under the store's registrations."),
    ),
    Code.REGISTRATION_EXPIRED: curable(
        _("A registration has expired"),
        _("The {scheme} registration {number} for {jurisdiction} was valid until {value}."),
        _("Renew the registration and enter the new dates."),
    ),
    Code.EXPORT_CONTROLLED: final(
        _("Export control: this destination is closed to the goods"),
        _("{sku} is under the EAR, and {value} is under {limit} ({reference})."),
        _(
            "Place an order without the controlled goods, or ask your export compliance about a licence."
        ),
    ),
    Code.PARTY_SCREENED_OUT: curable(
        _("A party may be on a screening list"),
        _("“{value}” may be “{listed}” of {list_name} ({reference})."),
        _(
            "Send nothing. Two people of the platform's compliance group decide whether it is the same party."
        ),
        Fixer.PLATFORM,
    ),
    Code.SKU_NOT_STANDARD: final(
        _("Not a standard SKU"),
        _("{sku} is made to order and can't be repeated in bulk."),
        _("Place an ordinary order for this line."),
    ),
    Code.SKU_INACTIVE: curable(
        _("The SKU is no longer on sale"),
        _("{sku} is not active."),
        _("Put the SKU on sale again, or let the line go."),
    ),
    Code.STOCK_TOO_LOW: curable(
        _("Not enough stock"),
        _("{sku}: {needed} needed, {available} available after reservations."),
        _("Restock the SKU and synchronise, or repeat fewer orders."),
    ),
    Code.STOCK_SYNC_STALE: curable(
        _("Stock is out of sync"),
        _("{sku} was last synchronised {value}; at most {limit} minutes ago is allowed."),
        _("Set the ERP's stock refresh to 15 minutes or less and switch on strong sync."),
    ),
    Code.MOQ_NOT_MET: curable(
        _("Below the minimum order quantity"),
        _("{sku}: {value} ordered, the minimum is {limit}."),
        _("Raise the quantity to the minimum."),
    ),
    Code.CUSTOM_SERVICE_UNCONFIRMED: final(
        _("A customised service was not confirmed"),
        _("The buyer did not confirm “{service}” in writing, so what needs it is left out."),
        _("Agree on the service with the buyer, then repeat the past order in a new batch."),
        Fixer.BUYER,
    ),
    Code.HS_CODE_MISSING: curable(
        _("The HS code is missing"), _("{sku} has no HS code."), _("Enter the HS code of the SKU.")
    ),
    Code.WEIGHT_MISSING: curable(
        _("The weight is missing"),
        _("{sku} has no weight, so freight can't be quoted."),
        _("Enter the weight of the SKU."),
    ),
    Code.PRICE_OUT_OF_BAND: curable(
        _("Today's price is too far from the old one"),
        _("{sku}: paid {paid}, listed today at {listed}; more than {limit} apart."),
        _("Ask for a fresh quote for this line."),
    ),
    Code.PRICE_REFERENCE_MISSING: curable(
        _("No list price to compare with"),
        _("{sku} has no list price for {quantity} pieces."),
        _("Enter the SKU's list price."),
    ),
    Code.COMMISSION_RATE_MISSING: curable(
        _("No commission rate"),
        _("Category {category} has no commission rate on {date}."),
        _("The platform has to set the category's rate."),
        Fixer.PLATFORM,
    ),
    Code.FREIGHT_UNAVAILABLE: curable(
        _("No freight rate"),
        _("No carrier that reaches {country} has a rate card for {weight_g} g."),
        _("Have the carrier's rate card loaded, or choose another service."),
        Fixer.PLATFORM,
    ),
    Code.TAX_CODE_MISSING: curable(
        _("No tax code"),
        _("The tax code for {country} can't be filled: {missing} is missing."),
        _(
            "Enter the store's VAT or GST registration for the destination, or have its tax rate loaded."
        ),
    ).of_missing(
        rate=(
            _("Tax not known for {country}."),
            _(
                "The platform's staff enters the destination's tax, with its source and first day, under Tax rates."
            ),
        )
    ),
    Code.FX_RATE_MISSING: curable(
        _("No exchange rate"),
        _("{currency} is not among the reference rates of {published_on}."),
        _("Load a rate set that has the currency."),
        Fixer.PLATFORM,
    ),
    Code.FX_RATE_STALE: curable(
        _("No current exchange rate"),
        _(
            "The latest rates that may act are of {value}: too old, or a newer one waits for the platform's decision ({waiting})."
        ),
        _("The platform has to load current reference rates, or decide what waits in quarantine."),
        Fixer.PLATFORM,
    ),
}
