"""Handing in the documents of the qualification: upload, replace, withdraw, submit (R-31 to
R-40)."""

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, clock, policy
from marketplace.access import Can, require
from marketplace.models import Membership, Store
from qualification.models import Upload
from qualification.readings import Kind
from qualification.services import uploads
from repurchase.portal.decorators import for_members, may
from repurchase.reporting.queries import opening


@require_http_methods(["GET", "HEAD", "POST"])
@for_members()
def documents(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The documents with how far each is; POST takes files, one by one from the script, several
    from the form."""
    if request.method == "POST":
        require(membership, Can.OPEN)
        return (
            _take_one(request, membership)
            if _by_script(request)
            else _take_all(request, membership)
        )
    return render(request, "opening/papers.html", of_papers(membership))


def of_papers(membership: Membership) -> dict:
    return {
        "opening": opening.opening(membership.store),
        "store_id": membership.store_id,
        "may_open": may(membership, Can.OPEN),
    }


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _take_one(request: HttpRequest, membership: Membership) -> JsonResponse:
    """What the script shows beside the file, whatever happened to it."""
    try:
        if not (file := request.FILES.get("file")):
            raise Problem(Code.DOCUMENT_EMPTY)
        made = _take(
            request, membership.store, file, replaces=_to_replace(request, membership.store)
        )
    except Problem as problem:
        said = problem_texts.of(problem.code, problem.evidence)
        told = {"code": said.code, "title": said.title, "cause": said.cause, "fix": said.fix}
        return JsonResponse(told, status=CATALOGUE[problem.code].status)
    return JsonResponse({"key": str(made.key), "state": made.state}, status=201)


def _take_all(request: HttpRequest, membership: Membership) -> HttpResponse:
    replaces = _to_replace(request, membership.store)
    for file in request.FILES.getlist("file"):
        try:
            _take(request, membership.store, file, replaces=replaces)
        except Problem as problem:
            said = problem_texts.of(problem.code, problem.evidence)
            messages.error(request, f"{file.name}: {said.title}. {said.cause} {said.fix}")
    return redirect("qualification")


def _to_replace(request: HttpRequest, store: Store) -> Upload | None:
    return opening.to_replace(store, request.POST.get("replaces", ""))


def _take(
    request: HttpRequest, store: Store, file: UploadedFile, *, replaces: Upload | None
) -> Upload:
    now = clock.now(store)
    limit = int(policy.in_force(now)["document_max_bytes"])
    return uploads.upload(
        store=store,
        kind=kind_named(request.POST.get("kind", "")),
        name=file.name or "",
        data=file.read(limit + 1),
        by=f"user:{request.user.pk}",
        now=now,
        replaces=replaces,
    )


def kind_named(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="kind") from None


@require_POST
@for_members(Can.OPEN)
def withdraw(request: HttpRequest, membership: Membership, key: str) -> HttpResponse:
    found = access.of(membership.store, Upload.objects.select_related("store"), key=key)
    uploads.withdraw(upload=found, by=f"user:{request.user.pk}", now=clock.now(membership.store))
    messages.success(
        request, _("%(name)s was taken out. The file itself is kept.") % {"name": found.name}
    )
    return redirect("qualification")


@require_POST
@for_members(Can.OPEN)
def submit(request: HttpRequest, membership: Membership) -> HttpResponse:
    uploads.submit(
        store=membership.store, by=f"user:{request.user.pk}", now=clock.now(membership.store)
    )
    messages.success(request, _("Handed in. A reviewer looks at the documents now."))
    return redirect("qualification")
