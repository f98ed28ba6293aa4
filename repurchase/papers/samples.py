"""A whole set of documents for a store: what it takes to be opened, and one file that does not suffice."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator

from marketplace.calendar import PLATFORM_ZONE
from repurchase.papers import certificates, contents, declarations, pdf_of, statements
from repurchase.papers.contents import Layout


def files(*, company: str, hs_code: str, today: dt.date, seed: str) -> Iterator[tuple[str, bytes]]:
    """(name, PDF). The same seed and day make the same set."""
    rng = random.Random(seed)  # noqa: S311 - samples, not secrets
    of = contents.company(rng, name=company)
    yield "1-business-licence.pdf", pdf_of(certificates.licence(of, rng))
    last = today.replace(day=1) - dt.timedelta(days=1)
    statement = contents.statement(rng, of, last=last, layout=Layout.BILINGUAL)
    yield "2-bank-statement.pdf", pdf_of(statements.statement(statement, rng))
    for n in range(1, 4):
        declaration = contents.declaration(rng, of, before=today, hs_code=hs_code)
        yield f"3-customs-declaration-{n}.pdf", pdf_of(declarations.declaration(declaration, rng))
    yield "4-iso-9001.pdf", pdf_of(certificates.iso_9001(of, rng, until=today + dt.timedelta(days=700)))
    movements = list(statement.movements)
    movements[4] = dataclasses.replace(movements[4], credit=movements[4].credit * 10)
    edited = dataclasses.replace(statement, movements=movements)
    yield "9-bank-statement-edited.pdf", pdf_of(statements.statement(edited, rng))


def today() -> dt.date:
    return dt.datetime.now(PLATFORM_ZONE).date()
