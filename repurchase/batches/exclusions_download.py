"""Files that a page and the API hand out alike."""

from django.http import HttpResponse

from repurchase.batches import exclusions_export
from repurchase.batches.queries.exclusions import refused
from repurchase.models import Batch


def refused_answer(batch: Batch, form: str) -> HttpResponse:
    """`form`: xlsx or jsonl."""
    rows = refused(batch)
    if form == "jsonl":
        answer = HttpResponse(
            b"".join(exclusions_export.jsonl(rows)), content_type=exclusions_export.JSONL
        )
    else:
        answer = HttpResponse(exclusions_export.xlsx(rows), content_type=exclusions_export.XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{batch.ref}-refused.{form}"'
    return answer
