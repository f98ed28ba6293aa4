"""Files that a page and the API hand out alike."""

from django.http import HttpResponse

from repurchase.batches import exclusions_export
from repurchase.batches.queries.exclusions import iterate_exclusions
from repurchase.models import Batch


def exclusions_response(batch: Batch, form: str) -> HttpResponse:
    """`form`: xlsx or jsonl."""
    rows = iterate_exclusions(batch)
    if form == "jsonl":
        answer = HttpResponse(
            b"".join(exclusions_export.render_jsonl(rows)),
            content_type=exclusions_export.JSONL_MEDIA_TYPE,
        )
    else:
        answer = HttpResponse(
            exclusions_export.render_xlsx(rows), content_type=exclusions_export.XLSX_MEDIA_TYPE
        )
    answer["Content-Disposition"] = f'attachment; filename="{batch.ref}-refused.{form}"'
    return answer
