"""A whole set of documents for a store: what it takes to be opened, and one file that does not
suffice."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from marketplace.calendar import PLATFORM_ZONE
from repurchase.demo.sample_documents import (
    certificates,
    contents,
    declarations,
    pdf_of,
    statements,
)
from repurchase.demo.sample_documents.contents import (
    BankStatement,
    CustomsDeclaration,
    SampleCompany,
    StatementLayout,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleDocumentSet:
    """What a set of documents says."""

    company: SampleCompany
    statement: BankStatement
    declarations: Sequence[CustomsDeclaration]


def make_document_set(
    *, company: str, hs_code: str, today: dt.date, seed: str
) -> SampleDocumentSet:
    """The same seed and day say the same."""
    rng = random.Random(seed)  # noqa: S311 - samples, not secrets
    of = contents.make_company(rng, name=company)
    last = today.replace(day=1) - dt.timedelta(days=1)
    return SampleDocumentSet(
        company=of,
        statement=contents.make_statement(rng, of, last=last, layout=StatementLayout.BILINGUAL),
        declarations=[
            contents.make_declaration(rng, of, before=today, hs_code=hs_code) for _ in range(3)
        ],
    )


def render_sample_files(
    said: SampleDocumentSet, *, today: dt.date, seed: str
) -> Iterator[tuple[str, bytes]]:
    """(name, PDF): what it takes to be opened, and one whose amount was edited."""
    rng = random.Random(seed)  # noqa: S311
    yield "1-business-licence.pdf", pdf_of(certificates.draw_licence(said.company, rng))
    yield "2-bank-statement.pdf", pdf_of(statements.draw_statement(said.statement, rng))
    for n, declaration in enumerate(said.declarations, 1):
        yield (
            f"3-customs-declaration-{n}.pdf",
            pdf_of(declarations.draw_declaration(declaration, rng)),
        )
    until = today + dt.timedelta(days=700)
    yield (
        "4-iso-9001.pdf",
        pdf_of(certificates.draw_iso_certificate(said.company, rng, until=until)),
    )
    yield (
        "9-bank-statement-edited.pdf",
        pdf_of(statements.draw_statement(_forge_statement(said.statement), rng)),
    )


def _forge_statement(of: BankStatement) -> BankStatement:
    """One credit raised tenfold; the balances stay as the bank printed them."""
    movements = list(of.movements)
    movements[4] = dataclasses.replace(movements[4], credit=movements[4].credit * 10)
    return dataclasses.replace(of, movements=movements)


def platform_today() -> dt.date:
    return dt.datetime.now(PLATFORM_ZONE).date()
