"""Quantities and promises of a plan: previewed, applied as previewed, undone (R-16 to R-18). Never
a price (R-19)."""

import datetime as dt
import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from repurchase.batches.edits import EditScope
from repurchase.batches.price_guard import refuse_prices
from repurchase.batches.queries import batches
from repurchase.batches.services import edits
from repurchase.batches.services.edit_targets import EditRequest
from repurchase.models import Batch, EditTask
from repurchase.portal.decorators import member_required
from repurchase.portal.parsing import parse_whole_number
from repurchase.templatetags.parts import format_digits

SEPARATORS = re.compile(r"[\s,;，；、]+")
LINE = re.compile(r"(.+)#(\d{1,6})")
ECHOED = ("by", "names", "moq", "quantity", "promise_days", "promise_date")


@require_POST
@member_required()
def edit(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = batches.get_batch(membership.store, ref, now=clock.now(membership.store))
    require_capability(membership, Capability.PLAN)
    refuse_prices(request.POST.dict())
    act = {
        "preview": _preview_edit,
        "apply": _apply_previewed_edit,
        "undo": _undo_edit,
        "stop": _stop_edit,
    }.get(request.POST.get("act", ""))
    if act is None:
        raise Problem(Code.INPUT_INVALID, detail="act")
    return act(request, found)


def _preview_edit(request: HttpRequest, found: Batch) -> HttpResponse:
    context = {
        "active": "batches",
        "batch": found,
        "store_id": found.store_id,
        "preview": edits.preview(batch=found, asked=[_parse_edit_request(request.POST)]),
        "moq": request.POST.get("moq", ""),
        "echoed": [(name, request.POST.get(name, "")) for name in ECHOED],
    }
    template = "batches/edit_preview.html" if request.htmx else "batches/edit_page.html"
    return render(request, template, context)


def _apply_previewed_edit(request: HttpRequest, found: Batch) -> HttpResponse:
    """Only what was previewed: without its version and digest nothing is applied."""
    version, digest = (
        parse_whole_number(request.POST.get("version", "")),
        request.POST.get("digest", ""),
    )
    if not version or not digest:
        raise Problem(Code.PLAN_CHANGED, value=version, limit=found.version)
    done = edits.apply(
        batch=found,
        asked=[_parse_edit_request(request.POST)],
        by=_acting_member(request),
        version=version,
        digest=digest,
    )
    if isinstance(done, EditTask):
        return _render_running_edit(request, done)
    text = ngettext("Edited %(n)s line.", "Edited %(n)s lines.", done.lines) % {
        "n": format_digits(done.lines)
    }
    messages.success(request, text)
    return redirect("batch", ref=found.ref)


def _undo_edit(request: HttpRequest, found: Batch) -> HttpResponse:
    done = edits.undo(
        batch=found,
        by=_acting_member(request),
        version=parse_whole_number(request.POST.get("version", "")),
    )
    if isinstance(done, EditTask):
        return _render_running_edit(request, done)
    messages.success(request, _("The edit is undone."))
    return redirect("batch", ref=found.ref)


def _stop_edit(request: HttpRequest, found: Batch) -> HttpResponse:
    edits.stop(batch=found, by=_acting_member(request))
    messages.success(request, _("The edit is stopped; the plan is as it was."))
    return redirect("batch", ref=found.ref)


def _render_running_edit(request: HttpRequest, task: EditTask) -> HttpResponse:
    messages.info(request, _("It is being worked out. You may leave this page: the work goes on."))
    return redirect("batch", ref=task.batch.ref)


def _parse_edit_request(sent: QueryDict) -> EditRequest:
    by = sent.get("by", "")
    if by not in list(EditScope):
        raise Problem(Code.INPUT_INVALID, detail="by")
    names = [name for name in SEPARATORS.split(sent.get("names", "").replace("\0", "")) if name]
    return EditRequest(
        by=EditScope(by),
        names=[_parse_line_name(name) for name in names] if by == EditScope.LINES else names,
        moq=_parse_number_field(sent, "moq"),
        quantity=_parse_number_field(sent, "quantity"),
        promise_days=_parse_number_field(sent, "promise_days"),
        promise_date=_parse_day_field(sent, "promise_date"),
    )


def _parse_line_name(name: str) -> tuple[str, int] | str:
    """“BR-XXXXXXXX-0001#2”: the second line of an order."""
    found = LINE.fullmatch(name)
    return (found[1], int(found[2])) if found else name


def _parse_number_field(sent: QueryDict, name: str) -> int | None:
    text = sent.get(name, "").strip()
    if text and not (text.isdecimal() and len(text) < 10):
        raise Problem(Code.INPUT_INVALID, detail=f"{name}: {text[:40]}")
    return int(text) if text else None


def _parse_day_field(sent: QueryDict, name: str) -> dt.date | None:
    text = sent.get(name, "").strip()
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail=f"{name}: {text[:40]}") from None


def _acting_member(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
