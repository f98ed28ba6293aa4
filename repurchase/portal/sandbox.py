"""What an integrator tries things out with: a sandbox store's clock, sample files, and the
conformance kit (B-10)."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, clock
from marketplace.access import Capability
from marketplace.models import Membership
from repurchase.deadlines import sandbox_clock
from repurchase.integration.conformance import runner, samples, words
from repurchase.integration.conformance.cases import CASES
from repurchase.models import ConformanceRun, RepeatOrder
from repurchase.portal.decorators import member_required
from repurchase.portal.parsing import parse_whole_number

HOURS = (1, 4, 24, 72)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Capability.MANAGE_KEYS)
def sandbox(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST moves the clock or asks for a run."""
    store = membership.store
    if request.method == "POST":
        return _handle_sandbox_action(request, membership)
    context = {
        "active": "developers",
        "store_id": store.pk,
        "store": store,
        "now": clock.now(store),
        "hours": HOURS,
        "secret": runner.derive_kit_secret(store),
        "loopback": runner.may_loop_back(store),
        "cases": len(CASES),
        "runs": ConformanceRun.objects.filter(store=store).order_by("-asked_at")[:10],
        "samples": samples.SAMPLES,
    }
    return render(request, "developers/sandbox.html", context)


def _handle_sandbox_action(request: HttpRequest, membership: Membership) -> HttpResponse:
    store, by = membership.store, f"user:{request.user.pk}"
    if "url" in request.POST:
        url = request.POST["url"].strip()[:500]
        runner.check_url(store, url)
        run = runner.request_run(store=store, url=url, by=by)
        return redirect("conformance-run", pk=run.pk)
    swept = sandbox_clock.move(
        store=store, by_seconds=parse_whole_number(request.POST.get("hours", "")) * 3600, by=by
    )
    messages.success(
        request,
        _("The clock is moved. Locks ended by it: %(locks)s; orders released: %(orders)s.")
        % {"locks": swept.ended_locks, "orders": swept.released_orders},
    )
    return redirect("sandbox")


@require_GET
@member_required(Capability.MANAGE_KEYS)
def conformance_run(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    run = access.get_store_object(membership.store, ConformanceRun, pk=pk)
    results = [words.result_payload(result) for result in run.results]
    context = {
        "active": "developers",
        "run": run,
        "cases": len(CASES),
        "tried": len(results),
        "failed": [result for result in results if not result["passed"]],
        "passed": [result for result in results if result["passed"]],
    }
    return render(request, "developers/conformance.html", context)


@require_GET
@member_required(Capability.MANAGE_KEYS)
def sample(request: HttpRequest, membership: Membership, name: str) -> HttpResponse:
    """A sample file; its order is the store's newest released one, where there is one."""
    found = samples.BY_NAME.get(name)
    if found is None:
        raise Http404
    released = RepeatOrder.objects.filter(store=membership.store, release__isnull=False).order_by(
        "-pk"
    )
    order = released.select_related("proforma").first()
    if order is None and found.needs_order:
        raise Problem(
            Code.INPUT_INVALID,
            detail=_("The store has no released order yet that the sample could be about."),
        )
    response = HttpResponse(
        found.content(order.ref if order else ""), content_type=found.content_type
    )
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response
