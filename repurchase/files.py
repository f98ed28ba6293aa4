"""Files that a page and the API hand out alike."""

from django.http import HttpResponse

from repurchase import refusals
from repurchase.models import Batch
from repurchase.queries.refused import refused


def refused_answer(batch: Batch, form: str) -> HttpResponse:
    """`form`: xlsx or jsonl."""
    rows = refused(batch)
    if form == "jsonl":
        answer = HttpResponse(b"".join(refusals.jsonl(rows)), content_type=refusals.JSONL)
    else:
        answer = HttpResponse(refusals.xlsx(rows), content_type=refusals.XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{batch.ref}-refused.{form}"'
    return answer
