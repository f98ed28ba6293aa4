"""The reviewer's desk inside the administration: what it is sent, as one call into a service
(B-6)."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import User
from qualification import field_entry, queries, return_reasons
from qualification.models import Case, Upload
from qualification.readings import DocumentKind
from qualification.services import reviews
from qualification.services.reviews import DocumentRejection, ReviewAction


def perform_action(case: Case, reviewer: User, sent: Mapping[str, str]) -> str:
    """Does what the pressed button says; the word for what happened. Problems leave everything as
    it was."""
    uploads = list(queries.current_uploads(case.store))
    asked = ReviewAction(
        case=case,
        reviewer=reviewer,
        version=_parse_version(sent.get("version", "")),
        settled=_confirmed_fields(uploads, sent),
    )
    pressed = sent.get("act", "")
    if pressed == "claim":
        reviews.claim(act=asked)
        return "claimed"
    if pressed == "approve":
        return (
            "approved"
            if reviews.approve(act=asked, overrule=sent.get("overrule", ""))
            else "overruled"
        )
    if pressed == "send_back":
        reviews.send_back(act=asked, refusals=list(_parse_rejections(uploads, sent)))
        return "sent_back"
    raise Problem(Code.INPUT_INVALID, detail="act")


def _confirmed_fields(
    uploads: list[Upload], sent: Mapping[str, str]
) -> dict[Upload, dict[str, str]]:
    """The ticked fields with what stands beside them, and what was seen of the seals; nothing
    settles nothing."""
    settled = {}
    for upload in uploads:
        names = [f["name"] for f in (upload.reading or {}).get("fields", [])]
        values = {
            name: _normalize_field(upload, name, value)
            for name in names
            if f"ok:{upload.key}:{name}" in sent
            and (value := sent.get(f"value:{upload.key}:{name}", "").strip()[:200])
        }
        if seal := sent.get(f"seal:{upload.key}", ""):
            values["seal"] = "yes" if seal == "yes" else "no"
        if values:
            settled[upload] = values
    return settled


def _normalize_field(upload: Upload, name: str, value: str) -> str:
    try:
        return field_entry.normalize_entry(name, value)
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail=f"{upload.name}: “{value}”") from None


def _parse_rejections(
    uploads: list[Upload], sent: Mapping[str, str]
) -> Iterator[DocumentRejection]:
    for upload in uploads:
        if f"reject:{upload.key}" in sent:
            code = sent.get(f"code:{upload.key}", "")
            if code not in return_reasons.codes_for_kind(DocumentKind(upload.kind)):
                wanted = gettext("Choose a reason")
                raise Problem(Code.INPUT_INVALID, detail=f"{upload.name}: {wanted}")
            yield DocumentRejection(
                upload=upload, code=Code(code), remark=sent.get(f"remark:{upload.key}", "").strip()
            )


def _parse_version(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
