"""Every code: how grave it is, who can fix it, its cause and its fix. Codes are stable for ever.

Pure: texts are plain message ids in English, translated where they are shown (`diagnostics.words`).
Texts may name the evidence that the code is raised with, as `{name}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    FINAL = "final"  # nothing makes this order or line repeatable: it is excluded
    CURABLE = "curable"  # somebody can fix it; the order or line fails until then
    REFUSAL = "refusal"  # a request that was refused; nothing was written
    DOCUMENT = "document"  # a file or what it shows does not suffice; a reviewer decides with it in view
    OUTCOME = "outcome"  # how a locked order ended without a deal; it can be repeated in a new batch


class Fixer(StrEnum):
    SELLER = "seller"
    BUYER = "buyer"
    PLATFORM = "platform"
    NOBODY = "nobody"


class Code(StrEnum):
    # the store's and the buyer's gates
    QUALIFICATION_REQUIRED = "QUALIFICATION_REQUIRED"
    STORE_LEVEL_TOO_LOW = "STORE_LEVEL_TOO_LOW"
    STORE_NOT_VERIFIED = "STORE_NOT_VERIFIED"
    DISPUTE_RATE_TOO_HIGH = "DISPUTE_RATE_TOO_HIGH"
    DISPUTE_RATE_NOT_EVALUABLE = "DISPUTE_RATE_NOT_EVALUABLE"
    BUYER_NOT_CERTIFIED = "BUYER_NOT_CERTIFIED"
    BUYER_CERTIFICATE_EXPIRED = "BUYER_CERTIFICATE_EXPIRED"
    BUYER_TOO_FEW_ORDERS = "BUYER_TOO_FEW_ORDERS"
    BUYER_GMV_TOO_LOW = "BUYER_GMV_TOO_LOW"
    # a source order
    ORDER_NOT_COMPLETED = "ORDER_NOT_COMPLETED"
    ORDER_TOO_OLD = "ORDER_TOO_OLD"
    ORDER_UNRATED = "ORDER_UNRATED"
    ORDER_RATING_TOO_LOW = "ORDER_RATING_TOO_LOW"
    ORDER_ALREADY_LOCKED = "ORDER_ALREADY_LOCKED"
    ORDER_WITHOUT_LINES = "ORDER_WITHOUT_LINES"
    LANE_UNREACHABLE = "LANE_UNREACHABLE"
    TRANSIT_TOO_SLOW = "TRANSIT_TOO_SLOW"
    REGISTRATION_MISSING = "REGISTRATION_MISSING"
    REGISTRATION_EXPIRED = "REGISTRATION_EXPIRED"
    EXPORT_CONTROLLED = "EXPORT_CONTROLLED"
    PARTY_SCREENED_OUT = "PARTY_SCREENED_OUT"
    # a line
    SKU_NOT_STANDARD = "SKU_NOT_STANDARD"
    SKU_INACTIVE = "SKU_INACTIVE"
    STOCK_TOO_LOW = "STOCK_TOO_LOW"
    STOCK_SYNC_STALE = "STOCK_SYNC_STALE"
    MOQ_NOT_MET = "MOQ_NOT_MET"
    HS_CODE_MISSING = "HS_CODE_MISSING"
    WEIGHT_MISSING = "WEIGHT_MISSING"
    PRICE_OUT_OF_BAND = "PRICE_OUT_OF_BAND"
    PRICE_REFERENCE_MISSING = "PRICE_REFERENCE_MISSING"
    CUSTOM_SERVICE_UNCONFIRMED = "CUSTOM_SERVICE_UNCONFIRMED"
    # its price
    COMMISSION_RATE_MISSING = "COMMISSION_RATE_MISSING"
    FREIGHT_UNAVAILABLE = "FREIGHT_UNAVAILABLE"
    TAX_CODE_MISSING = "TAX_CODE_MISSING"
    FX_RATE_MISSING = "FX_RATE_MISSING"
    FX_RATE_STALE = "FX_RATE_STALE"
    # a batch, a lock, a link
    BATCH_EMPTY = "BATCH_EMPTY"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    MIXED_BUYERS = "MIXED_BUYERS"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    NOTHING_TO_LOCK = "NOTHING_TO_LOCK"
    PLAN_STALE = "PLAN_STALE"
    PLAN_CHANGED = "PLAN_CHANGED"
    PRICE_LOCKED = "PRICE_LOCKED"
    CAPACITY_EXCEEDED = "CAPACITY_EXCEEDED"
    EDIT_EMPTY = "EDIT_EMPTY"
    EDIT_AT_WORK = "EDIT_AT_WORK"
    EDIT_STOPPED = "EDIT_STOPPED"
    WORK_FAILED = "WORK_FAILED"
    DRY_RUN_ONLY = "DRY_RUN_ONLY"
    NOTHING_TO_RETRY = "NOTHING_TO_RETRY"
    LOCK_EXPIRED = "LOCK_EXPIRED"
    RENEGOTIATION_REQUIRED = "RENEGOTIATION_REQUIRED"
    RENEGOTIATION_LAPSED = "RENEGOTIATION_LAPSED"
    LOCK_ENDED = "LOCK_ENDED"
    TERMS_CHANGED = "TERMS_CHANGED"
    CONSENT_MISSING = "CONSENT_MISSING"
    LINK_INVALID = "LINK_INVALID"
    LINK_USED = "LINK_USED"
    # how a locked order ended without a deal
    BUYER_DECLINED = "BUYER_DECLINED"
    # changed terms and their signatures
    SECOND_APPROVER_MISSING = "SECOND_APPROVER_MISSING"
    APPROVAL_MISSING = "APPROVAL_MISSING"
    OFFER_SIGNED = "OFFER_SIGNED"
    SIGNING_CODE_WRONG = "SIGNING_CODE_WRONG"
    SIGNING_CODE_EXPIRED = "SIGNING_CODE_EXPIRED"
    SIGNING_CODE_SPENT = "SIGNING_CODE_SPENT"
    PASSWORD_WRONG = "PASSWORD_WRONG"  # noqa: S105
    # a request
    STATE_CONFLICT = "STATE_CONFLICT"
    STORE_MISMATCH = "STORE_MISMATCH"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOT_FOUND = "NOT_FOUND"
    KEY_INVALID = "KEY_INVALID"
    SCOPE_MISSING = "SCOPE_MISSING"
    INPUT_INVALID = "INPUT_INVALID"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    AMOUNT_INVALID = "AMOUNT_INVALID"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_KEY_BUSY = "IDEMPOTENCY_KEY_BUSY"
    # a sealed agreement
    AGREEMENT_DAMAGED = "AGREEMENT_DAMAGED"
    # payment, release, the ERP's answers, the sandbox
    ORDER_NOT_PAYABLE = "ORDER_NOT_PAYABLE"
    PAYMENT_CURRENCY = "PAYMENT_CURRENCY"
    PAYMENT_TOO_MUCH = "PAYMENT_TOO_MUCH"
    PAYMENT_INEXACT = "PAYMENT_INEXACT"
    PAYMENT_REPEATED = "PAYMENT_REPEATED"
    PAYMENT_FINAL = "PAYMENT_FINAL"
    ORDER_NOT_PAID = "ORDER_NOT_PAID"
    PROFORMA_DAMAGED = "PROFORMA_DAMAGED"
    ERP_UNKNOWN = "ERP_UNKNOWN"
    ERP_NOT_CONNECTED = "ERP_NOT_CONNECTED"
    ERP_VERSION_TOO_OLD = "ERP_VERSION_TOO_OLD"
    XML_UNSAFE = "XML_UNSAFE"
    XML_INVALID = "XML_INVALID"
    CLOCK_NOT_MOVABLE = "CLOCK_NOT_MOVABLE"
    PRECONDITION_FAILED = "PRECONDITION_FAILED"
    # a row of stock that was sent
    SKU_UNKNOWN = "SKU_UNKNOWN"
    STOCK_ROW_STALE = "STOCK_ROW_STALE"
    STOCK_ROW_REPEATED = "STOCK_ROW_REPEATED"
    # a document of the qualification: the file
    DOCUMENT_EMPTY = "DOCUMENT_EMPTY"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    DOCUMENT_NOT_PDF = "DOCUMENT_NOT_PDF"
    DOCUMENT_DAMAGED = "DOCUMENT_DAMAGED"
    DOCUMENT_ENCRYPTED = "DOCUMENT_ENCRYPTED"
    DOCUMENT_UNSAFE = "DOCUMENT_UNSAFE"
    DOCUMENT_TOO_MANY_PAGES = "DOCUMENT_TOO_MANY_PAGES"
    DOCUMENT_TOO_COMPLEX = "DOCUMENT_TOO_COMPLEX"
    DOCUMENT_UNREADABLE = "DOCUMENT_UNREADABLE"
    DOCUMENT_REPEATED = "DOCUMENT_REPEATED"
    # a document of the qualification: what it shows
    DOCUMENTS_MISSING = "DOCUMENTS_MISSING"
    FIELD_UNREAD = "FIELD_UNREAD"
    SEAL_MISSING = "SEAL_MISSING"
    COMPANY_NAME_MISMATCH = "COMPANY_NAME_MISMATCH"
    LICENCE_CODE_INVALID = "LICENCE_CODE_INVALID"
    LICENCE_EXPIRED = "LICENCE_EXPIRED"
    STATEMENT_MONTHS_MISSING = "STATEMENT_MONTHS_MISSING"
    STATEMENT_TURNOVER_TOO_LOW = "STATEMENT_TURNOVER_TOO_LOW"
    STATEMENT_BALANCE_BROKEN = "STATEMENT_BALANCE_BROKEN"
    DECLARATIONS_TOO_FEW = "DECLARATIONS_TOO_FEW"
    DECLARATION_NUMBER_INVALID = "DECLARATION_NUMBER_INVALID"
    DECLARATION_REPEATED = "DECLARATION_REPEATED"
    DECLARATION_SEEN_ELSEWHERE = "DECLARATION_SEEN_ELSEWHERE"
    DECLARATION_HS_MISMATCH = "DECLARATION_HS_MISMATCH"
    DECLARATION_SUM_MISMATCH = "DECLARATION_SUM_MISMATCH"
    DECLARATIONS_TOTAL_TOO_LOW = "DECLARATIONS_TOTAL_TOO_LOW"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    RATE_OF_MONTH_MISSING = "RATE_OF_MONTH_MISSING"
    # a review
    REVIEW_STALE = "REVIEW_STALE"
    REVIEW_BY_UPLOADER = "REVIEW_BY_UPLOADER"
    REVIEW_INCOMPLETE = "REVIEW_INCOMPLETE"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    # a webhook
    WEBHOOK_TARGET_REFUSED = "WEBHOOK_TARGET_REFUSED"
    WEBHOOKS_TOO_MANY = "WEBHOOKS_TOO_MANY"
    # a file to import
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    FILE_NOT_CSV = "FILE_NOT_CSV"
    FILE_ENCODING = "FILE_ENCODING"
    FILE_COLUMNS_MISSING = "FILE_COLUMNS_MISSING"
    FILE_FORMAT_UNKNOWN = "FILE_FORMAT_UNKNOWN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    title: str
    cause: str
    fix: str
    severity: Severity
    fixer: Fixer
    status: int = 422  # HTTP, when it refuses a request


def gettext_noop(text: str) -> str:
    """Marks a message id for extraction; the core knows no gettext."""
    return text


_ = gettext_noop


def _final(title: str, cause: str, fix: str, fixer: Fixer = Fixer.NOBODY) -> Entry:
    return Entry(title=title, cause=cause, fix=fix, severity=Severity.FINAL, fixer=fixer)


def _curable(title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER, status: int = 422) -> Entry:
    return Entry(title=title, cause=cause, fix=fix, severity=Severity.CURABLE, fixer=fixer, status=status)


def _refusal(status: int, title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER) -> Entry:
    return Entry(title=title, cause=cause, fix=fix, severity=Severity.REFUSAL, fixer=fixer, status=status)


def _document(title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER) -> Entry:
    return Entry(title=title, cause=cause, fix=fix, severity=Severity.DOCUMENT, fixer=fixer)


def _outcome(title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER) -> Entry:
    return Entry(title=title, cause=cause, fix=fix, severity=Severity.OUTCOME, fixer=fixer, status=409)


CATALOGUE: Mapping[Code, Entry] = {
    Code.QUALIFICATION_REQUIRED: _curable(
        _("The store is not open for bulk repeat orders"),
        _("The store's qualification stands at “{state}”."),
        _("Open the benefit in the growth centre and finish the second verification of the company."),
        status=409,
    ),
    Code.STORE_LEVEL_TOO_LOW: _curable(
        _("Store level below Gold"),
        _("The store's level is {value}; at least {limit} is needed."),
        _("Raise the store's level; the growth centre lists what is missing."),
    ),
    Code.STORE_NOT_VERIFIED: _curable(
        _("The store is not verified"),
        _("The platform has not verified this store."),
        _("Finish the store's verification on the platform."),
    ),
    Code.DISPUTE_RATE_TOO_HIGH: _curable(
        _("Too many disputes"),
        _("{disputes} disputes on {paid} paid orders in the last 30 days are {value}; the limit is {limit}."),
        _("Settle open disputes; the rate falls as older ones leave the window of 30 days."),
    ),
    Code.DISPUTE_RATE_NOT_EVALUABLE: _curable(
        _("No paid order to measure disputes by"),
        _("No order was paid in the last 30 days, so there is no dispute rate."),
        _("Screen again once orders have been paid."),
    ),
    Code.BUYER_NOT_CERTIFIED: _curable(
        _("Not a certified business buyer"),
        _("The buyer has no Business Buyer certification."),
        _("Ask the buyer to apply for Business Buyer certification."),
        Fixer.BUYER,
    ),
    Code.BUYER_CERTIFICATE_EXPIRED: _curable(
        _("The buyer's certificate has expired"),
        _("The Business Buyer certificate was valid until {value}."),
        _("Ask the buyer to renew it in the Business Buyer back office, under “certificate validity”."),
        Fixer.BUYER,
    ),
    Code.BUYER_TOO_FEW_ORDERS: _curable(
        _("Too few orders with this buyer"),
        _("{value} completed orders with this buyer; at least {limit} are needed."),
        _("Complete more ordinary orders with this buyer first."),
    ),
    Code.BUYER_GMV_TOO_LOW: _curable(
        _("Too little business with this buyer"),
        _("Completed orders with this buyer come to {value}; at least {limit} is needed."),
        _("Complete more ordinary orders with this buyer first."),
    ),
    Code.ORDER_NOT_COMPLETED: _final(
        _("The source order is not completed"),
        _("Its state is “{value}”."),
        _("Choose a completed order, or wait until this one is."),
    ),
    Code.ORDER_TOO_OLD: _final(
        _("The source order is too old"),
        _("It was completed on {value}; only orders completed since {limit} can be repeated."),
        _("Choose a more recent order, or place an ordinary one."),
    ),
    Code.ORDER_UNRATED: _curable(
        _("The source order has no rating"),
        _("The buyer has rated none of its lines."),
        _("Ask the buyer to rate the order."),
        Fixer.BUYER,
    ),
    Code.ORDER_RATING_TOO_LOW: _final(
        _("The source order's rating is too low"),
        _("It is rated {value}; at least {limit} is needed."),
        _("Choose an order that the buyer was happier with."),
    ),
    Code.ORDER_ALREADY_LOCKED: _curable(
        _("Already in a live lock"),
        _("This order is held by a price lock that ends {value}."),
        _("Wait for the buyer's answer, or cancel the batch that holds it."),
    ),
    Code.ORDER_WITHOUT_LINES: _final(
        _("None of its lines can be repeated"),
        _("Every line of this order is left out, each for its own reason."),
        _("See the reasons beside the lines."),
    ),
    Code.LANE_UNREACHABLE: _curable(
        _("No carrier reaches the destination"),
        _("No carrier service reaches {region}, {country} with the channels that are ticked."),
        _("Tick the special clearance channel (专线清关通道) and screen again."),
    ),
    Code.TRANSIT_TOO_SLOW: _curable(
        _("Delivery would break the promise"),
        _("The fastest carrier needs {value} days; {limit} are promised."),
        _("Promise a later delivery, or choose a faster carrier service."),
    ),
    Code.REGISTRATION_MISSING: _curable(
        _("A registration is missing"),
        _("{country} demands {scheme} ({reference}), and the store holds none for {jurisdiction}."),
        _("Register, then enter the number under the store's registrations."),
    ),
    Code.REGISTRATION_EXPIRED: _curable(
        _("A registration has expired"),
        _("The {scheme} registration {number} for {jurisdiction} was valid until {value}."),
        _("Renew the registration and enter the new dates."),
    ),
    Code.EXPORT_CONTROLLED: _final(
        _("Export control: this destination is closed to the goods"),
        _("{sku} is under the EAR, and {value} is under {limit} ({reference})."),
        _("Place an order without the controlled goods, or ask your export compliance about a licence."),
    ),
    Code.PARTY_SCREENED_OUT: _final(
        _("A party is on a screening list"),
        _("“{value}” matches “{listed}” of {list_name} ({reference})."),
        _("Send nothing. Have your export compliance check whether it is the same party."),
    ),
    Code.SKU_NOT_STANDARD: _final(
        _("Not a standard SKU"),
        _("{sku} is made to order and can't be repeated in bulk."),
        _("Place an ordinary order for this line."),
    ),
    Code.SKU_INACTIVE: _curable(
        _("The SKU is no longer on sale"),
        _("{sku} is not active."),
        _("Put the SKU on sale again, or let the line go."),
    ),
    Code.STOCK_TOO_LOW: _curable(
        _("Not enough stock"),
        _("{sku}: {needed} needed, {available} available after reservations."),
        _("Restock the SKU and synchronise, or repeat fewer orders."),
    ),
    Code.STOCK_SYNC_STALE: _curable(
        _("Stock is out of sync"),
        _("{sku} was last synchronised {value}; at most {limit} minutes ago is allowed."),
        _("Set the ERP's stock refresh to 15 minutes or less and switch on strong sync."),
    ),
    Code.MOQ_NOT_MET: _curable(
        _("Below the minimum order quantity"),
        _("{sku}: {value} ordered, the minimum is {limit}."),
        _("Raise the quantity to the minimum."),
    ),
    Code.CUSTOM_SERVICE_UNCONFIRMED: _final(
        _("A customised service was not confirmed"),
        _("The buyer did not confirm “{service}” in writing, so what needs it is left out."),
        _("Agree on the service with the buyer, then repeat the past order in a new batch."),
        Fixer.BUYER,
    ),
    Code.HS_CODE_MISSING: _curable(
        _("The HS code is missing"),
        _("{sku} has no HS code."),
        _("Enter the HS code of the SKU."),
    ),
    Code.WEIGHT_MISSING: _curable(
        _("The weight is missing"),
        _("{sku} has no weight, so freight can't be quoted."),
        _("Enter the weight of the SKU."),
    ),
    Code.PRICE_OUT_OF_BAND: _curable(
        _("Today's price is too far from the old one"),
        _("{sku}: paid {paid}, listed today at {listed}; more than {limit} apart."),
        _("Ask for a fresh quote for this line."),
    ),
    Code.PRICE_REFERENCE_MISSING: _curable(
        _("No list price to compare with"),
        _("{sku} has no list price for {quantity} pieces."),
        _("Enter the SKU's list price."),
    ),
    Code.COMMISSION_RATE_MISSING: _curable(
        _("No commission rate"),
        _("Category {category} has no commission rate on {date}."),
        _("The platform has to set the category's rate."),
        Fixer.PLATFORM,
    ),
    Code.FREIGHT_UNAVAILABLE: _curable(
        _("No freight rate"),
        _("No carrier that reaches {country} has a rate card for {weight_g} g."),
        _("Have the carrier's rate card loaded, or choose another service."),
        Fixer.PLATFORM,
    ),
    Code.TAX_CODE_MISSING: _curable(
        _("No tax code"),
        _("The tax code for {country} can't be filled: {missing} is missing."),
        _("Enter the store's VAT or GST registration for the destination, or have its tax rate loaded."),
    ),
    Code.FX_RATE_MISSING: _curable(
        _("No exchange rate"),
        _("{currency} is not among the reference rates of {published_on}."),
        _("Load a rate set that has the currency."),
        Fixer.PLATFORM,
    ),
    Code.FX_RATE_STALE: _curable(
        _("The exchange rates are too old"),
        _("The latest rates are of {value}; at most {limit} days are allowed."),
        _("Load current reference rates."),
        Fixer.PLATFORM,
    ),
    Code.BATCH_EMPTY: _refusal(
        422, _("Nothing is ticked"), _("The selection holds no order."), _("Tick at least one order.")
    ),
    Code.BATCH_TOO_LARGE: _refusal(
        422,
        _("Too many orders"),
        _("{value} orders are ticked; a batch holds at most {limit}."),
        _("Repeat the newest orders first and the others in a second batch."),
    ),
    Code.MIXED_BUYERS: _refusal(
        422,
        _("More than one buyer"),
        _("A batch has one buyer; these orders belong to another: {orders}."),
        _("Untick them, or finish this batch first."),
    ),
    Code.ORDER_UNKNOWN: _refusal(
        422,
        _("Unknown orders"),
        _("The store has no such orders: {orders}."),
        _("Send ids of the store's own past orders."),
    ),
    Code.NOTHING_TO_LOCK: _refusal(
        409,
        _("Nothing can be locked"),
        _("No order of this batch is ready."),
        _("Fix the orders that need it and screen again."),
    ),
    Code.PLAN_STALE: _refusal(
        409,
        _("The plan is out of date"),
        _(
            "It was screened {value}; a plan may be locked for {limit} hours, and edited while tariffs and the buyer's tax number are as they were."
        ),
        _("Screen again, look at the new plan, then go on."),
    ),
    Code.PRICE_LOCKED: _refusal(
        409,
        _("The price is locked"),
        _("A repeat order keeps the price really paid, and a lock freezes quantity and promise with it."),
        _(
            "Before the lock, quantities and promises can be edited; for another price, ask for a fresh quote."
        ),
    ),
    Code.PLAN_CHANGED: _refusal(
        409,
        _("The plan has changed since you looked"),
        _("You saw version {value}; it is version {limit} now, or its facts have changed."),
        _("Look at the plan as it is now, then preview the edit again."),
    ),
    Code.CAPACITY_EXCEEDED: _refusal(
        422,
        _("More than can be made"),
        _("{group} overflows first on {day}: {needed} pieces are due by then, {limit} can be made."),
        _("Promise {earliest} or later for these orders, or order fewer pieces."),
    ),
    Code.EDIT_AT_WORK: _refusal(
        409,
        _("An edit of this plan is being worked out"),
        _("An edit of {limit} orders has not been applied yet."),
        _("Wait until it is done, or stop it on the page of the batch."),
    ),
    Code.EDIT_STOPPED: _refusal(
        409,
        _("The edit was stopped"),
        _("Somebody stopped the edit before it was applied. The plan is as it was."),
        _("Preview the edit again if it is still wanted."),
    ),
    Code.WORK_FAILED: _refusal(
        503,
        _("The work could not be done"),
        _("It was taken up {tries} times and never finished: its worker failed or was lost each time."),
        _("Screen again, or preview the edit again. If it fails once more, tell the platform the reference."),
        Fixer.PLATFORM,
    ),
    Code.DRY_RUN_ONLY: _refusal(
        409,
        _("This batch is a dry run"),
        _("It was made to be looked at: nothing of it can be locked."),
        _("Make it a real batch first, on its page or with POST …/adopt/."),
    ),
    Code.NOTHING_TO_RETRY: _refusal(
        409,
        _("Nothing to retry"),
        _("The plan holds no order that somebody could have cured."),
        _("Screen the whole batch again to judge every order by today's facts."),
    ),
    Code.EDIT_EMPTY: _refusal(
        422,
        _("Nothing to edit"),
        _("The edit names no line of this batch, or gives no new value."),
        _("Choose lines, and enter an MOQ, a quantity or a promise."),
    ),
    Code.LOCK_EXPIRED: _refusal(
        409,
        _("The price lock has ended"),
        _("It ended {value}. Nothing was confirmed."),
        _("Ask the seller for a new quote."),
        Fixer.SELLER,
    ),
    Code.RENEGOTIATION_REQUIRED: _refusal(
        409,
        _("The price is being renegotiated"),
        _(
            "The exchange rate or the commodity index has moved beyond the agreed limit (clause 4.7). Nothing was confirmed."
        ),
        _("Agree on new terms before the deadline, or decline them."),
        Fixer.BUYER,
    ),
    Code.LOCK_ENDED: _refusal(
        409,
        _("Already settled"),
        _("This lock was {state} before."),
        _("Nothing is left to do here."),
        Fixer.NOBODY,
    ),
    Code.TERMS_CHANGED: _refusal(
        409,
        _("The terms have changed"),
        _("What you saw is no longer what is offered. Nothing was confirmed."),
        _("Read the current terms, then decide."),
        Fixer.BUYER,
    ),
    Code.CONSENT_MISSING: _refusal(
        422,
        _("Your consent is missing"),
        _("The box beside the terms was not ticked. Nothing was confirmed."),
        _("Tick the box, then confirm."),
        Fixer.BUYER,
    ),
    Code.LINK_INVALID: _refusal(
        404,
        _("This link does not work"),
        _("It is incomplete, or was replaced by a newer one."),
        _("Open the link from the newest email, or ask the seller for a new one."),
        Fixer.SELLER,
    ),
    Code.LINK_USED: _refusal(
        409,
        _("You have answered already"),
        _("An answer was recorded {value}; each link acts once."),
        _("Talk to the seller if you want to change it."),
        Fixer.NOBODY,
    ),
    Code.BUYER_DECLINED: _outcome(
        _("The buyer declined"),
        _("The buyer turned the order down on {value}, or left it out of what was confirmed."),
        _("Ask the buyer why, then repeat the past order in a new batch."),
    ),
    Code.RENEGOTIATION_LAPSED: _outcome(
        _("The renegotiation ended without an agreement"),
        _("A price trigger opened a renegotiation, and not both sides had signed by {value}."),
        _("Repeat the past order in a new batch, at today's rates, and agree within the four hours."),
    ),
    Code.SECOND_APPROVER_MISSING: _refusal(
        409,
        _("A second member has to agree"),
        _(
            "These prices lie more than {limit} from the locked ones, and no other member of the store may approve them."
        ),
        _("Stay within {limit}, or ask the store's owner to add an owner or manager who approves the offer."),
        Fixer.SELLER,
    ),
    Code.APPROVAL_MISSING: _refusal(
        409,
        _("A second member has not agreed yet"),
        _("These prices lie more than {limit} from the locked ones. Nothing was signed."),
        _("Ask another owner or manager of the store to approve the offer; then sign."),
        Fixer.SELLER,
    ),
    Code.OFFER_SIGNED: _refusal(
        409,
        _("You have signed already"),
        _("Your signature was recorded {value}; each signature is given once."),
        _("Wait for the other party to sign."),
        Fixer.NOBODY,
    ),
    Code.SIGNING_CODE_WRONG: _refusal(
        422,
        _("The code is wrong"),
        _("Nothing was signed. Tries left with this code: {left}."),
        _("Type the six digits of the newest email again."),
        Fixer.BUYER,
    ),
    Code.SIGNING_CODE_EXPIRED: _refusal(
        409,
        _("The code is no longer valid"),
        _("It is older than ten minutes, was used, or was replaced by a newer one. Nothing was signed."),
        _("Ask for a new code."),
        Fixer.BUYER,
    ),
    Code.SIGNING_CODE_SPENT: _refusal(
        409,
        _("Too many wrong codes"),
        _("This code was typed wrongly {limit} times and is void. Nothing was signed."),
        _("Ask for a new code."),
        Fixer.BUYER,
    ),
    Code.PASSWORD_WRONG: _refusal(
        422,
        _("The password is wrong"),
        _("Nothing was signed."),
        _("Type your own password again."),
        Fixer.SELLER,
    ),
    Code.STATE_CONFLICT: _refusal(
        409,
        _("Not possible in this state"),
        _("The state is “{state}”, which does not allow “{event}”."),
        _("Reload the page to see what is possible now."),
    ),
    Code.IDEMPOTENCY_KEY_REUSED: _refusal(
        422,
        _("This key stands for another request"),
        _("The Idempotency-Key was sent before with another method, address or body."),
        _("Send a new key with a new request; the old key only with exactly the old one."),
    ),
    Code.IDEMPOTENCY_KEY_BUSY: _refusal(
        409,
        _("The first request with this key is still running"),
        _("A request with the same Idempotency-Key has not been answered yet."),
        _("Send it again in a moment: it will be answered as the first one was."),
    ),
    Code.STORE_MISMATCH: _refusal(
        409,
        _("You have changed stores"),
        _("This form was opened for another store than the one you are in now. Nothing was done."),
        _("Reload the page, or change back to the other store."),
    ),
    Code.NOT_PERMITTED: _refusal(
        403,
        _("Not allowed"),
        _("The role “{role}” may not do this; it takes the right “{needs}”."),
        _("Ask the store's owner."),
    ),
    Code.NOT_FOUND: _refusal(
        404, _("Not found"), _("There is nothing here."), _("Check the address."), Fixer.NOBODY
    ),
    Code.KEY_INVALID: _refusal(
        401,
        _("No valid key"),
        _("The request carries no valid API key."),
        _("Send “Authorization: Bearer <key>”."),
    ),
    Code.SCOPE_MISSING: _refusal(
        403,
        _("The key lacks a scope"),
        _("The call needs the scope “{needs}”."),
        _("Make a key that has it."),
    ),
    Code.INPUT_INVALID: _refusal(
        422, _("The input is not valid"), _("{detail}"), _("Correct what is named and send it again.")
    ),
    Code.TOO_MANY_REQUESTS: _refusal(
        429, _("Too many requests"), _("Try again in {value} seconds."), _("Slow down."), Fixer.NOBODY
    ),
    Code.CURRENCY_UNKNOWN: _refusal(
        422, _("Unknown currency"), _("{currency} is no ISO 4217 code."), _("Send a code such as USD.")
    ),
    Code.AMOUNT_INVALID: _refusal(
        422,
        _("Not an amount"),
        _("“{amount}” is no amount in {currency}."),
        _("Send a plain decimal with no more digits than the currency has."),
    ),
    Code.INTERNAL_ERROR: _refusal(
        500,
        _("Something failed on our side"),
        _("The request could not be finished; it is in the log as {id}."),
        _("Try again. If it fails again, report that number."),
        Fixer.PLATFORM,
    ),
    Code.AGREEMENT_DAMAGED: _refusal(
        500,
        _("The stored agreement is damaged"),
        _("The stored PDF is no longer the one that was sealed, so it is not handed out."),
        _("Use the copy that was sent by email; the operator restores the stored one from a backup."),
        Fixer.PLATFORM,
    ),
    Code.ORDER_NOT_PAYABLE: _refusal(
        409,
        _("The order takes no payment now"),
        _("{order} is in the state “{state}”; a payment is recorded while it awaits one."),
        _(
            "See on the order's page what it waits for; right after the confirmation the proforma is still being made."
        ),
    ),
    Code.PAYMENT_CURRENCY: _refusal(
        422,
        _("Another currency than the order's"),
        _("The payment is in {value}, the order in {limit}."),
        _("Record what arrived in the order's currency, or ask the buyer to pay in it."),
    ),
    Code.PAYMENT_TOO_MUCH: _refusal(
        422,
        _("More than is still to be paid"),
        _("The payment is {value}; {limit} are still to be paid."),
        _("Record at most that, and give back or credit the rest outside of this order."),
    ),
    Code.PAYMENT_INEXACT: _refusal(
        422,
        _("Less than the proforma asks for"),
        _("The transfer is {value}; {limit} are still to be paid together."),
        _("Record it order by order, so that it is clear what is paid; an order is paid by its exact total."),
    ),
    Code.PAYMENT_REPEATED: _refusal(
        409,
        _("This payment is recorded with another amount"),
        _("“{reference}” stands on this order with {value}."),
        _("Check the amount; if the recorded one is wrong, reverse it first."),
    ),
    Code.PAYMENT_FINAL: _refusal(
        409,
        _("The payment can't be reversed any more"),
        _(
            "The order is “{state}”: it was released on the strength of this payment, or the payment is reversed already."
        ),
        _("Settle it with the buyer outside of this order."),
        Fixer.NOBODY,
    ),
    Code.ORDER_NOT_PAID: _refusal(
        409,
        _("Not paid, so not released"),
        _(
            "{order} is in the state “{state}”; only a paid order, or one on open account, is released, and once."
        ),
        _("Record the payment first."),
    ),
    Code.PROFORMA_DAMAGED: _refusal(
        500,
        _("The stored proforma invoice is damaged"),
        _("The stored PDF is no longer the one that was issued, so it is not handed out."),
        _("Use the copy that was sent by email; the operator restores the stored one from a backup."),
        Fixer.PLATFORM,
    ),
    Code.ERP_UNKNOWN: _refusal(
        422,
        _("This ERP is not known"),
        _("“{value}” is none of the ERPs that can be connected: {limit}."),
        _("Choose one of them, or ask the platform to add yours."),
    ),
    Code.ERP_NOT_CONNECTED: _refusal(
        409,
        _("Another ERP is connected"),
        _("The store is connected to {limit}; this call comes from {value}. An order goes to one ERP only."),
        _("Change the connection on the ERP page first, or make the call from the connected ERP."),
    ),
    Code.ERP_VERSION_TOO_OLD: _refusal(
        409,
        _("The ERP's version is too old"),
        _("{erp} is connected from version {limit} on; this is {value}."),
        _("Update the ERP and connect again."),
    ),
    Code.XML_UNSAFE: _refusal(
        422,
        _("The XML is refused"),
        _("{detail}"),
        _("Send plain XML in UTF-8: no DOCTYPE, no entities, within the limits."),
    ),
    Code.XML_INVALID: _refusal(
        422,
        _("The XML is not what it should be"),
        _("{detail}"),
        _("Validate it against the schema, correct what is named and send it again."),
    ),
    Code.CLOCK_NOT_MOVABLE: _refusal(
        409,
        _("This clock can't be moved so"),
        _("{detail}"),
        _("Move the clock of a sandbox store, forward."),
    ),
    Code.PRECONDITION_FAILED: _refusal(
        412,
        _("It has changed meanwhile"),
        _("You sent If-Match for {value}; it now is {limit}."),
        _("Read it again, look at what changed, then send your change."),
    ),
    Code.SKU_UNKNOWN: _refusal(
        422,
        _("Unknown SKU"),
        _("The store has no SKU “{sku}”."),
        _("Send the store's own SKU codes, spelt as the platform spells them."),
    ),
    Code.STOCK_ROW_STALE: _refusal(
        409,
        _("Older than what is known"),
        _("{sku} as of {value}: the stock as of {limit} is already known and was kept."),
        _("Nothing needs doing: a newer level is there. Send levels in the order in which they were read."),
    ),
    Code.STOCK_ROW_REPEATED: _refusal(
        422,
        _("More than one row for a SKU"),
        _("{sku} stands in the call more than once; its newest row was taken, of equally new ones the last."),
        _("Send one row for each SKU."),
    ),
    Code.DOCUMENT_EMPTY: _document(
        _("The file is empty"),
        _("It has no bytes at all."),
        _("Save the document as a PDF again and upload that."),
    ),
    Code.DOCUMENT_TOO_LARGE: _document(
        _("The file is too large"),
        _("It has {value} bytes; at most {limit} are taken."),
        _("Scan it at 200 dpi, or split it and upload the parts."),
    ),
    Code.DOCUMENT_NOT_PDF: _document(
        _("Not a PDF"),
        _("The content is no PDF, whatever the file is called."),
        _("Save the document as a PDF; a picture that was only renamed is none."),
    ),
    Code.DOCUMENT_DAMAGED: _document(
        _("The file is damaged"),
        _("Its end or its inner table is missing, so that a part of it may be lost."),
        _("Save or scan the document again and upload the new file."),
    ),
    Code.DOCUMENT_ENCRYPTED: _document(
        _("The file is encrypted"),
        _("It is protected by a password or against copying."),
        _("Save it without protection and upload that."),
    ),
    Code.DOCUMENT_UNSAFE: _document(
        _("The file carries active content"),
        _("It holds a script, an attachment or an action that starts something. It was not opened further."),
        _("Print the document to a new PDF and upload that."),
    ),
    Code.DOCUMENT_TOO_MANY_PAGES: _document(
        _("Too many pages"),
        _("It has {value} pages; at most {limit} are taken."),
        _("Upload only the pages that are asked for, or split the file."),
    ),
    Code.DOCUMENT_TOO_COMPLEX: _document(
        _("The file can't be opened within bounds"),
        _("It takes more memory or time, or has larger pages, than a document of its kind needs."),
        _("Scan the printed document at 200 dpi and upload the scan."),
    ),
    Code.DOCUMENT_UNREADABLE: _document(
        _("Nothing could be read"),
        _("Not one of the expected entries was found on its pages."),
        _("Check that it is the right document; scan it straight, at 200 dpi or more."),
    ),
    Code.DOCUMENT_REPEATED: _document(
        _("Uploaded already"),
        _("The same file is there as “{value}”."),
        _("Sent back? Upload the corrected one. Under the wrong heading? Take it out there first."),
    ),
    Code.DOCUMENTS_MISSING: _document(
        _("Documents are missing"),
        _("Not there yet: {missing}."),
        _("Upload what is missing; all of it is looked at together."),
    ),
    Code.FIELD_UNREAD: _document(
        _("An entry was not found"),
        _("“{field}” could not be read."),
        _("Scan the page again, straight and with all its edges; or the reviewer enters what stands there."),
    ),
    Code.SEAL_MISSING: _document(
        _("No seal was found"),
        _("The document has to bear a seal, and none was detected."),
        _("Upload a colour scan of the stamped document."),
    ),
    Code.COMPANY_NAME_MISMATCH: _document(
        _("Another company"),
        _("It names {value}; the store belongs to {limit}."),
        _("Upload documents of the company that the store is registered to."),
    ),
    Code.LICENCE_CODE_INVALID: _document(
        _("The credit code is not valid"),
        _("{value} does not end in the check sign that the other signs ask for."),
        _("Upload a clear scan of the licence that is in force."),
    ),
    Code.LICENCE_EXPIRED: _document(
        _("The licence has ended"),
        _("Its term ended {value}."),
        _("Upload the renewed licence."),
    ),
    Code.STATEMENT_MONTHS_MISSING: _document(
        _("Months are missing from the statements"),
        _("Covered without a gap: {value} months; {limit} within the last {window} full months are needed."),
        _("Upload statements of consecutive full months."),
    ),
    Code.STATEMENT_TURNOVER_TOO_LOW: _document(
        _("Turnover too low"),
        _("Credits of {month} come to USD {value}; USD {limit} a month are needed."),
        _("Upload statements of all of the company's accounts for that month, or apply again later."),
    ),
    Code.STATEMENT_BALANCE_BROKEN: _document(
        _("The balances do not follow from each other"),
        _("In {month} a balance is not the one before plus what came in less what went out."),
        _("Upload the statement as the bank issued it, with every page."),
    ),
    Code.DECLARATIONS_TOO_FEW: _document(
        _("Too few customs declarations"),
        _("{value} different ones; at least {limit} are needed."),
        _("Upload further declarations of the company."),
    ),
    Code.DECLARATION_NUMBER_INVALID: _document(
        _("Not the number of an export declaration"),
        _("{value} does not have 18 digits with the year of declaration and the mark of an export."),
        _("Upload the export declaration itself, complete and clear."),
    ),
    Code.DECLARATION_REPEATED: _document(
        _("The same declaration twice"),
        _("{value} stands on more than one file."),
        _("Replace one of the files by another declaration."),
    ),
    Code.DECLARATION_SEEN_ELSEWHERE: _document(
        _("The declaration was used before"),
        _("{value} was shown by another store."),
        _("Upload declarations of this company's own exports."),
    ),
    Code.DECLARATION_HS_MISMATCH: _document(
        _("Goods of another category"),
        _("{value} does not belong to the main category ({limit})."),
        _("Upload declarations of goods of the store's main category."),
    ),
    Code.DECLARATION_SUM_MISMATCH: _document(
        _("Amounts that do not agree"),
        _("On {value} a total is not quantity times unit price."),
        _("Upload the declaration as customs issued it."),
    ),
    Code.DECLARATIONS_TOTAL_TOO_LOW: _document(
        _("Declared exports too low"),
        _("Together the declarations come to USD {value}; USD {limit} are needed."),
        _("Upload further declarations of the company."),
    ),
    Code.CERTIFICATE_EXPIRED: _document(
        _("The certificate has ended"),
        _("It was valid until {value}."),
        _("Upload the renewed certificate."),
    ),
    Code.RATE_OF_MONTH_MISSING: _document(
        _("No exchange rate for a month"),
        _("No rate of {currency} was published by the end of {month}, so its amounts can't be compared."),
        _("Nothing for the seller: the platform loads the rates."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_STALE: _refusal(
        409,
        _("Changed meanwhile"),
        _(
            "Somebody else acted on this review, or a document changed. Nothing was decided; what you typed is kept."
        ),
        _("Look at what is new, then decide again."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_BY_UPLOADER: _refusal(
        403,
        _("Nobody reviews their own store"),
        _("You are a member of this store, or uploaded one of its documents."),
        _("Leave it to another reviewer."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_INCOMPLETE: _refusal(
        422,
        _("Not everything was looked at"),
        _("Still open: {open}."),
        _("Confirm or correct what is marked, then decide."),
        Fixer.PLATFORM,
    ),
    Code.STORAGE_UNAVAILABLE: _refusal(
        503,
        _("The file storage can't be reached"),
        _("Nothing was kept, and nothing that was kept before is lost."),
        _("Try again in a few minutes."),
        Fixer.PLATFORM,
    ),
    Code.WEBHOOK_TARGET_REFUSED: _refusal(
        422,
        _("Webhooks can't be sent there"),
        _("The address is not acceptable: {detail}."),
        _("Name a public https address, without user name, on port 443 or a port from 1024."),
    ),
    Code.WEBHOOKS_TOO_MANY: _refusal(
        409,
        _("No more webhooks"),
        _("A store may have {limit} webhooks."),
        _("Remove one that is no longer needed."),
    ),
    Code.FILE_NOT_FOUND: _refusal(422, _("No such file"), _("{file} can't be opened."), _("Check the path.")),
    Code.FILE_NOT_CSV: _refusal(
        422,
        _("Not a CSV file"),
        _("{file} is no CSV: {detail}."),
        _("Export the file again as CSV, or as CSV packed by gzip."),
    ),
    Code.FILE_ENCODING: _refusal(
        422, _("Wrong encoding"), _("{file} is not UTF-8 at byte {position}."), _("Save the file as UTF-8.")
    ),
    Code.FILE_COLUMNS_MISSING: _refusal(
        422,
        _("Columns are missing"),
        _("{file} lacks {columns}."),
        _("Export the file with all columns of the format."),
    ),
    Code.FILE_FORMAT_UNKNOWN: _refusal(
        422, _("Unknown format"), _("{value} is none of {limit}."), _("Name one of the formats.")
    ),
}
