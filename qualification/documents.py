"""Which documents a store shows to be opened, and why (R-31 to R-40). Pure.

Texts are plain message ids that name ⚙ values as `{name}`; `qualification.queries` fills and
translates them.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentDefinition:
    key: str
    title: str
    why: str
    points: Sequence[tuple[str, str]]  # (requirement, what the document must show)
    by_category: bool = False  # asked for only where the store's category does


def gettext_noop(text: str) -> str:
    """Marks a message id for extraction; the core knows no gettext."""
    return text


_ = gettext_noop

DOCUMENTS: Sequence[DocumentDefinition] = (
    DocumentDefinition(
        key="business_licence",
        title=_("Business licence"),
        why=_("It proves which company stands behind the store."),
        points=(("R-31", _("Stamped, with a valid unified social credit code.")),),
    ),
    DocumentDefinition(
        key="bank_statements",
        title=_("Bank statements of the company"),
        why=_("They prove a turnover that can carry orders in bulk."),
        points=(
            ("R-32", _("Stamped, with company name, account number, income and expense.")),
            (
                "R-33",
                _(
                    "At least {statement_min_months} months without a gap, within the last {statement_window_months} full months."
                ),
            ),
            ("R-34", _("Credits of at least USD {statement_min_credits_usd} in every month.")),
        ),
    ),
    DocumentDefinition(
        key="customs_declarations",
        title=_("Customs declarations"),
        why=_("They prove that the company itself exports goods of its main category."),
        points=(
            ("R-35", _("At least {declarations_min}, with different 18-digit numbers.")),
            (
                "R-36",
                _(
                    "Their HS code's first {declarations_hs_digits} digits belong to the main category."
                ),
            ),
            ("R-37", _("Together at least USD {declarations_min_usd}.")),
        ),
    ),
    DocumentDefinition(
        key="iso_9001",
        title=_("ISO 9001 certificate"),
        why=_("Some categories ask for a quality management that was certified."),
        points=(("R-38", _("In date, issued to the company.")),),
        by_category=True,
    ),
)

FILE_POINTS: Sequence[tuple[str, str]] = (
    ("R-39", _("PDF files only.")),
    ("R-40", _("At most {document_max_mb} MB a file.")),
)
"""What holds for every file."""
