"""What the catalogue says of a code, by severity."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from diagnostics.codes import Fixer, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogueEntry:
    title: str
    cause: str
    fix: str
    severity: Severity
    fixer: Fixer
    status: int = 422  # HTTP, when it refuses a request
    instead: Mapping[str, tuple[str, str]] = field(
        default_factory=dict
    )  # cause and fix, by what is `missing`

    def of_missing(self, **instead: tuple[str, str]) -> "CatalogueEntry":
        """Says it otherwise where the evidence names one of these as missing."""
        return replace(self, instead=instead)


def gettext_noop(text: str) -> str:
    """Marks a message id for extraction; the core knows no gettext."""
    return text


def final(title: str, cause: str, fix: str, fixer: Fixer = Fixer.NOBODY) -> CatalogueEntry:
    return CatalogueEntry(title=title, cause=cause, fix=fix, severity=Severity.FINAL, fixer=fixer)


def curable(
    title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER, status: int = 422
) -> CatalogueEntry:
    return CatalogueEntry(
        title=title, cause=cause, fix=fix, severity=Severity.CURABLE, fixer=fixer, status=status
    )


def refusal(
    status: int, title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER
) -> CatalogueEntry:
    return CatalogueEntry(
        title=title, cause=cause, fix=fix, severity=Severity.REFUSAL, fixer=fixer, status=status
    )


def document(title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER) -> CatalogueEntry:
    return CatalogueEntry(
        title=title, cause=cause, fix=fix, severity=Severity.DOCUMENT, fixer=fixer
    )


def outcome(title: str, cause: str, fix: str, fixer: Fixer = Fixer.SELLER) -> CatalogueEntry:
    return CatalogueEntry(
        title=title, cause=cause, fix=fix, severity=Severity.OUTCOME, fixer=fixer, status=409
    )
