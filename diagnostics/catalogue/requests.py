"""Codes of requests, webhooks, rows and files that are sent."""

from collections.abc import Mapping

from diagnostics.catalogue.entries import CatalogueEntry, refusal
from diagnostics.catalogue.entries import gettext_noop as _
from diagnostics.codes import Code, Fixer

REQUESTS: Mapping[Code, CatalogueEntry] = {
    Code.STATE_CONFLICT: refusal(
        409,
        _("Not possible in this state"),
        _("The state is “{state}”, which does not allow “{event}”."),
        _("Reload the page to see what is possible now."),
    ),
    Code.IDEMPOTENCY_KEY_REUSED: refusal(
        422,
        _("This key stands for another request"),
        _("The Idempotency-Key was sent before with another method, address or body."),
        _("Send a new key with a new request; the old key only with exactly the old one."),
    ),
    Code.IDEMPOTENCY_KEY_BUSY: refusal(
        409,
        _("The first request with this key is still running"),
        _("A request with the same Idempotency-Key has not been answered yet."),
        _("Send it again in a moment: it will be answered as the first one was."),
    ),
    Code.STORE_MISMATCH: refusal(
        409,
        _("You have changed stores"),
        _("This form was opened for another store than the one you are in now. Nothing was done."),
        _("Reload the page, or change back to the other store."),
    ),
    Code.NOT_PERMITTED: refusal(
        403,
        _("Not allowed"),
        _("The role “{role}” may not do this; it takes the right “{needs}”."),
        _("Ask the store's owner."),
    ),
    Code.NOT_FOUND: refusal(
        404, _("Not found"), _("There is nothing here."), _("Check the address."), Fixer.NOBODY
    ),
    Code.KEY_INVALID: refusal(
        401,
        _("No valid key"),
        _("The request carries no valid API key."),
        _("Send “Authorization: Bearer <key>”."),
    ),
    Code.KEY_NOT_GRANTED: refusal(
        403,
        _("The key is not granted yet"),
        _(
            "It was asked for, and nobody has granted it: it acts for no member, so it may do nothing."
        ),
        _("Ask an owner or a manager of the store to grant it on the Developers page."),
    ),
    Code.SCOPE_MISSING: refusal(
        403,
        _("The key lacks a scope"),
        _("The call needs the scope “{needs}”."),
        _("Make a key that has it."),
    ),
    Code.INPUT_INVALID: refusal(
        422,
        _("The input is not valid"),
        _("{detail}"),
        _("Correct what is named and send it again."),
    ),
    Code.TOO_MANY_REQUESTS: refusal(
        429,
        _("Too many requests"),
        _("Try again in {value} seconds."),
        _("Slow down."),
        Fixer.NOBODY,
    ),
    Code.CURRENCY_UNKNOWN: refusal(
        422,
        _("Unknown currency"),
        _("{currency} is no ISO 4217 code."),
        _("Send a code such as USD."),
    ),
    Code.AMOUNT_INVALID: refusal(
        422,
        _("Not an amount"),
        _("“{amount}” is no amount in {currency}."),
        _("Send a plain decimal with no more digits than the currency has."),
    ),
    Code.DATABASE_UNAVAILABLE: refusal(
        503,
        _("The portal is out of reach for a moment"),
        _(
            "Its database does not answer. Nothing was changed, and nothing that was saved before is lost."
        ),
        _("Try again in a few seconds."),
        Fixer.PLATFORM,
    ),
    Code.INTERNAL_ERROR: refusal(
        500,
        _("Something failed on our side"),
        _("The request could not be finished; it is in the log as {id}."),
        _("Try again. If it fails again, report that number."),
        Fixer.PLATFORM,
    ),
    Code.SKU_UNKNOWN: refusal(
        422,
        _("Unknown SKU"),
        _("The store has no SKU “{sku}”."),
        _("Send the store's own SKU codes, spelt as the platform spells them."),
    ),
    Code.STOCK_ROW_STALE: refusal(
        409,
        _("Older than what is known"),
        _("{sku} as of {value}: the stock as of {limit} is already known and was kept."),
        _(
            "Nothing needs doing: a newer level is there. Send levels in the order in which they were read."
        ),
    ),
    Code.STOCK_ROW_REPEATED: refusal(
        422,
        _("More than one row for a SKU"),
        _(
            "{sku} stands in the call more than once; its newest row was taken, of equally new ones the last."
        ),
        _("Send one row for each SKU."),
    ),
    Code.WEBHOOK_TARGET_REFUSED: refusal(
        422,
        _("Webhooks can't be sent there"),
        _("The address is not acceptable: {detail}."),
        _("Name a public https address, without user name, on port 443 or a port from 1024."),
    ),
    Code.WEBHOOKS_TOO_MANY: refusal(
        409,
        _("No more webhooks"),
        _("A store may have {limit} webhooks."),
        _("Remove one that is no longer needed."),
    ),
    Code.FILE_NOT_FOUND: refusal(
        422, _("No such file"), _("{file} can't be opened."), _("Check the path.")
    ),
    Code.FILE_NOT_CSV: refusal(
        422,
        _("Not a CSV file"),
        _("{file} is no CSV: {detail}."),
        _("Export the file again as CSV, or as CSV packed by gzip."),
    ),
    Code.FILE_ENCODING: refusal(
        422,
        _("Wrong encoding"),
        _("{file} is not UTF-8 at byte {position}."),
        _("Save the file as UTF-8."),
    ),
    Code.FILE_COLUMNS_MISSING: refusal(
        422,
        _("Columns are missing"),
        _("{file} lacks {columns}."),
        _("Export the file with all columns of the format."),
    ),
    Code.FILE_FORMAT_UNKNOWN: refusal(
        422, _("Unknown format"), _("{value} is none of {limit}."), _("Name one of the formats.")
    ),
    Code.FILE_COLUMN_TWICE: refusal(
        422,
        _("A column stands there twice"),
        _("{file} has more than one column for the same: {column}."),
        _("Leave one of them in the file."),
    ),
    Code.FILE_DATES_AMBIGUOUS: refusal(
        422,
        _("Day or month first?"),
        _("Dates such as {value} can be read in two ways, and no row of the file decides."),
        _("Say which with --dates dmy or --dates mdy."),
    ),
    Code.FILE_NUMBERS_AMBIGUOUS: refusal(
        422,
        _("Decimal comma or thousands?"),
        _("Numbers such as {value} can be read in two ways, and no cell of the file decides."),
        _("Say which with --numbers comma (a decimal comma) or --numbers point (a decimal point)."),
    ),
    Code.FILE_NOTHING_TAKEN: refusal(
        422,
        _("Nothing could be taken"),
        _("None of the rows of {file} could be read; refused: {value}."),
        _("Check that days and values stand in the columns that the header names."),
    ),
    Code.RATES_NOT_PER_EURO: refusal(
        422,
        _("Not units for one euro"),
        _(
            "The rates of {currencies} are not what such currencies cost for one euro: inverse quotes, or another base."
        ),
        _("Load rates that say how many units of each currency one euro buys."),
    ),
}
