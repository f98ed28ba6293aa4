"""Codes of documents of the qualification and their review."""

from collections.abc import Mapping

from diagnostics.catalogue.entries import CatalogueEntry, document, refusal
from diagnostics.catalogue.entries import gettext_noop as _
from diagnostics.codes import Code, Fixer

DOCUMENTS: Mapping[Code, CatalogueEntry] = {
    Code.DOCUMENT_EMPTY: document(
        _("The file is empty"),
        _("It has no bytes at all."),
        _("Save the document as a PDF again and upload that."),
    ),
    Code.DOCUMENT_TOO_LARGE: document(
        _("The file is too large"),
        _("It has {value} bytes; at most {limit} are taken."),
        _("Scan it at 200 dpi, or split it and upload the parts."),
    ),
    Code.DOCUMENT_NOT_PDF: document(
        _("Not a PDF"),
        _("The content is no PDF, whatever the file is called."),
        _("Save the document as a PDF; a picture that was only renamed is none."),
    ),
    Code.DOCUMENT_DAMAGED: document(
        _("The file is damaged"),
        _("Its end or its inner table is missing, so that a part of it may be lost."),
        _("Save or scan the document again and upload the new file."),
    ),
    Code.DOCUMENT_ENCRYPTED: document(
        _("The file is encrypted"),
        _("It is protected by a password or against copying."),
        _("Save it without protection and upload that."),
    ),
    Code.DOCUMENT_UNSAFE: document(
        _("The file carries active content"),
        _(
            "It holds a script, an attachment or an action that starts something. It was not opened further."
        ),
        _("Print the document to a new PDF and upload that."),
    ),
    Code.DOCUMENT_TOO_MANY_PAGES: document(
        _("Too many pages"),
        _("It has {value} pages; at most {limit} are taken."),
        _("Upload only the pages that are asked for, or split the file."),
    ),
    Code.DOCUMENT_TOO_COMPLEX: document(
        _("The file can't be opened within bounds"),
        _("It takes more memory or time, or has larger pages, than a document of its kind needs."),
        _("Scan the printed document at 200 dpi and upload the scan."),
    ),
    Code.DOCUMENT_UNREADABLE: document(
        _("Nothing could be read"),
        _("Not one of the expected entries was found on its pages."),
        _("Check that it is the right document; scan it straight, at 200 dpi or more."),
    ),
    Code.DOCUMENT_REPEATED: document(
        _("Uploaded already"),
        _("The same file is there as “{value}”."),
        _("Sent back? Upload the corrected one. Under the wrong heading? Take it out there first."),
    ),
    Code.DOCUMENTS_MISSING: document(
        _("Documents are missing"),
        _("Not there yet: {missing}."),
        _("Upload what is missing; all of it is looked at together."),
    ),
    Code.FIELD_UNREAD: document(
        _("An entry was not found"),
        _("“{field}” could not be read."),
        _(
            "Scan the page again, straight and with all its edges; or the reviewer enters what stands there."
        ),
    ),
    Code.SEAL_MISSING: document(
        _("No seal was found"),
        _("The document has to bear a seal; none was detected, or the reviewer saw none."),
        _("Upload a colour scan of the stamped document."),
    ),
    Code.TEXT_LAYER_DIFFERS: document(
        _("The file says what its pages do not show"),
        _("Page {page} shows {value}; the text inside the file says {limit}."),
        _(
            "Print the untouched document and scan it, without text recognition, notes or form fields."
        ),
    ),
    Code.PAGE_LAID_OVER: document(
        _("Something was laid over the page"),
        _("Page {page} shows {value} where something else lies under it."),
        _(
            "Print the untouched document and scan it, without notes, form fields or anything laid over it."
        ),
    ),
    Code.COMPANY_NAME_MISMATCH: document(
        _("Another company"),
        _("It names {value}; the store belongs to {limit}."),
        _("Upload documents of the company that the store is registered to."),
    ),
    Code.LICENCE_CODE_INVALID: document(
        _("The credit code is not valid"),
        _("{value} does not end in the check sign that the other signs ask for."),
        _("Upload a clear scan of the licence that is in force."),
    ),
    Code.LICENCE_EXPIRED: document(
        _("The licence has ended"), _("Its term ended {value}."), _("Upload the renewed licence.")
    ),
    Code.STATEMENT_MONTHS_MISSING: document(
        _("Months are missing from the statements"),
        _(
            "Covered without a gap: {value} months; {limit} within the last {window} full months are needed."
        ),
        _("Upload statements of consecutive full months."),
    ),
    Code.STATEMENT_TURNOVER_TOO_LOW: document(
        _("Turnover too low"),
        _("Credits of {month} come to USD {value}; USD {limit} a month are needed."),
        _(
            "Upload statements of all of the company's accounts for that month, or apply again later."
        ),
    ),
    Code.STATEMENT_BALANCE_BROKEN: document(
        _("The balances do not follow from each other"),
        _("In {month} a balance is not the one before plus what came in less what went out."),
        _("Upload the statement as the bank issued it, with every page."),
    ),
    Code.STATEMENT_REPEATED: document(
        _("The same statement twice"),
        _(
            "Two files tell of account {value} for the same days ({limit}), or of the same amounts. They count once."
        ),
        _(
            "Take one of them out, or replace it by a statement of other months or of another account."
        ),
    ),
    Code.STATEMENT_SEEN_ELSEWHERE: document(
        _("The statement was used before"),
        _(
            "Another store has shown a statement of account {value} for the same months, or with the same amounts."
        ),
        _("Upload statements of this company's own accounts that no other store uses."),
    ),
    Code.DECLARATIONS_TOO_FEW: document(
        _("Too few customs declarations"),
        _("{value} different ones; at least {limit} are needed."),
        _("Upload further declarations of the company."),
    ),
    Code.DECLARATION_NUMBER_INVALID: document(
        _("Not the number of an export declaration"),
        _(
            "{value} does not have 18 digits with the year of declaration and the mark of an export."
        ),
        _("Upload the export declaration itself, complete and clear."),
    ),
    Code.DECLARATION_REPEATED: document(
        _("The same declaration twice"),
        _("{value} stands on more than one file."),
        _("Replace one of the files by another declaration."),
    ),
    Code.DECLARATION_SEEN_ELSEWHERE: document(
        _("The declaration was used before"),
        _("{value} was shown by another store."),
        _("Upload declarations of this company's own exports."),
    ),
    Code.DECLARATION_HS_MISMATCH: document(
        _("Goods of another category"),
        _("{value} does not belong to the main category ({limit})."),
        _("Upload declarations of goods of the store's main category."),
    ),
    Code.DECLARATION_SUM_MISMATCH: document(
        _("Amounts that do not agree"),
        _("On {value} a total is not quantity times unit price."),
        _("Upload the declaration as customs issued it."),
    ),
    Code.DECLARATIONS_TOTAL_TOO_LOW: document(
        _("Declared exports too low"),
        _("Together the declarations come to USD {value}; USD {limit} are needed."),
        _("Upload further declarations of the company."),
    ),
    Code.CERTIFICATE_EXPIRED: document(
        _("The certificate has ended"),
        _("It was valid until {value}."),
        _("Upload the renewed certificate."),
    ),
    Code.RATE_OF_MONTH_MISSING: document(
        _("No exchange rate for a month"),
        _(
            "No rate of {currency} was published by the end of {month}, so its amounts can't be compared."
        ),
        _("Nothing for the seller: the platform loads the rates."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_STALE: refusal(
        409,
        _("Changed meanwhile"),
        _(
            "Somebody else acted on this review, or a document changed. Nothing was decided; what you typed is kept."
        ),
        _("Look at what is new, then decide again."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_BY_UPLOADER: refusal(
        403,
        _("Nobody reviews their own store"),
        _("You are a member of this store, or uploaded one of its documents."),
        _("Leave it to another reviewer."),
        Fixer.PLATFORM,
    ),
    Code.REVIEW_INCOMPLETE: refusal(
        422,
        _("Not everything was looked at"),
        _("Still open: {open}."),
        _("Confirm or correct what is marked, then decide."),
        Fixer.PLATFORM,
    ),
    Code.STORAGE_UNAVAILABLE: refusal(
        503,
        _("The file storage can't be reached"),
        _("Nothing was kept, and nothing that was kept before is lost."),
        _("Try again in a few minutes."),
        Fixer.PLATFORM,
    ),
}
