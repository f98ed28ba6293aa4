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
from marketplace.access import Capability, require_capability
from marketplace.models import Membership, Store
from qualification.models import Upload
from qualification.readings import DocumentKind
from qualification.services import uploads
from repurchase.portal.decorators import has_capability, member_required
from repurchase.reporting.queries import opening


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def documents(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The documents with how far each is; POST takes files, one by one from the script, several
    from the form."""
    if request.method == "POST":
        require_capability(membership, Capability.OPEN)
        return (
            _upload_one_as_json(request, membership)
            if _is_script_request(request)
            else _upload_all_files(request, membership)
        )
    return render(request, "opening/papers.html", documents_context(membership))


def documents_context(membership: Membership) -> dict:
    return {
        "opening": opening.store_opening(membership.store),
        "store_id": membership.store_id,
        "may_open": has_capability(membership, Capability.OPEN),
    }


def _is_script_request(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _upload_one_as_json(request: HttpRequest, membership: Membership) -> JsonResponse:
    """What the script shows beside the file, whatever happened to it."""
    try:
        if not (file := request.FILES.get("file")):
            raise Problem(Code.DOCUMENT_EMPTY)
        made = _upload_document(
            request, membership.store, file, replaces=_upload_to_replace(request, membership.store)
        )
    except Problem as problem:
        said = problem_texts.describe(problem.code, problem.evidence)
        told = {"code": said.code, "title": said.title, "cause": said.cause, "fix": said.fix}
        return JsonResponse(told, status=CATALOGUE[problem.code].status)
    return JsonResponse({"key": str(made.key), "state": made.state}, status=201)


def _upload_all_files(request: HttpRequest, membership: Membership) -> HttpResponse:
    replaces = _upload_to_replace(request, membership.store)
    for file in request.FILES.getlist("file"):
        try:
            _upload_document(request, membership.store, file, replaces=replaces)
        except Problem as problem:
            said = problem_texts.describe(problem.code, problem.evidence)
            messages.error(request, f"{file.name}: {said.title}. {said.cause} {said.fix}")
    return redirect("qualification")


def _upload_to_replace(request: HttpRequest, store: Store) -> Upload | None:
    return opening.document_to_replace(store, request.POST.get("replaces", ""))


def _upload_document(
    request: HttpRequest, store: Store, file: UploadedFile, *, replaces: Upload | None
) -> Upload:
    now = clock.now(store)
    limit = int(policy.in_force(now)["document_max_bytes"])
    return uploads.upload(
        store=store,
        kind=parse_document_kind(request.POST.get("kind", "")),
        name=file.name or "",
        data=file.read(limit + 1),
        by=f"user:{request.user.pk}",
        now=now,
        replaces=replaces,
    )


def parse_document_kind(text: str) -> DocumentKind:
    try:
        return DocumentKind(text)
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="kind") from None


@require_POST
@member_required(Capability.OPEN)
def withdraw(request: HttpRequest, membership: Membership, key: str) -> HttpResponse:
    found = access.get_store_object(
        membership.store, Upload.objects.select_related("store"), key=key
    )
    uploads.withdraw(upload=found, by=f"user:{request.user.pk}", now=clock.now(membership.store))
    messages.success(
        request, _("%(name)s was taken out. The file itself is kept.") % {"name": found.name}
    )
    return redirect("qualification")


@require_POST
@member_required(Capability.OPEN)
def submit(request: HttpRequest, membership: Membership) -> HttpResponse:
    uploads.submit(
        store=membership.store, by=f"user:{request.user.pk}", now=clock.now(membership.store)
    )
    messages.success(request, _("Handed in. A reviewer looks at the documents now."))
    return redirect("qualification")
