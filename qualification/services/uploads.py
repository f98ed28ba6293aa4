"""Taking documents, reading them in the background, handing them in (R-31 to R-41)."""

import datetime as dt
import hashlib
import unicodedata
from pathlib import PurePath

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from diagnostics.transactions import refuse_in_transaction
from marketplace import clock, policy
from marketplace.models import Store
from outbox.task_queue import enqueue_task
from qualification import document_reader, engines, intake, queries, review, storage, uploads
from qualification.models import Qualification, Upload
from qualification.readings import DocumentKind, encode_reading
from qualification.services import qualification_status, reviews
from qualification.uploads import UploadEvent, UploadState

log = structlog.get_logger(__name__)

DAY = dt.timedelta(days=1)
ABANDONED_AFTER = dt.timedelta(seconds=660)
"""Above the hard limit of a task: whoever read it until then is gone."""
RETRY_AFTER = dt.timedelta(minutes=1)
"""After a storage that could not be reached."""
MAX_TRIES = 3
MAX_FILES_PER_DAY = 300
"""Files a store in 24 h, replaced ones among them: each costs a reader up to two minutes."""
MAX_CURRENT_DOCUMENTS = 60
"""Documents of a store at one time: enough for a year of statements of several accounts."""


def upload(
    *,
    store: Store,
    kind: DocumentKind,
    name: str,
    data: bytes,
    by: str,
    now: dt.datetime,
    replaces: Upload | None = None,
) -> Upload:
    """Keeps the file untouched and has it read. DOCUMENT_… for one that is refused; then nothing
    is kept.

    INPUT_INVALID when it is to replace a document of another kind.
    """
    if replaces is not None and replaces.kind != kind:
        raise Problem(Code.INPUT_INVALID, detail="kind")
    _require_documents(store, now)
    intake.validate_upload(data, max_bytes=int(policy.in_force(now)["document_max_bytes"]))
    digest = hashlib.sha256(data).hexdigest()
    _require_new(store, digest)
    stored = storage.save_original(data)
    try:
        return _create_upload(
            store=store,
            kind=kind,
            name=_safe_file_name(name),
            size=len(data),
            sha256=digest,
            stored=stored,
            by=by,
            now=now,
            replaces=replaces,
        )
    except IntegrityError:
        raise Problem(Code.DOCUMENT_REPEATED, value=name) from None


def _safe_file_name(name: str) -> str:
    """The file's own name: no folders, and nothing that turns a line or its direction."""
    seen = "".join(
        sign
        for sign in name.replace("\\", "/")
        if unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )
    own = PurePath(seen).name[-200:]
    return own if own.strip(". ") else "document.pdf"


@transaction.atomic
def _create_upload(
    *, store: Store, by: str, now: dt.datetime, replaces: Upload | None, **fields
) -> Upload:
    _lock_qualification(store)
    _require_documents(store, now)  # it may have been handed in while the file was on its way
    if Upload.objects.filter(store=store, is_current=True).count() >= MAX_CURRENT_DOCUMENTS:
        raise Problem(Code.INPUT_INVALID, detail=f"> {MAX_CURRENT_DOCUMENTS} documents")
    if Upload.objects.filter(store=store, uploaded_at__gt=now - DAY).count() >= MAX_FILES_PER_DAY:
        raise Problem(Code.TOO_MANY_REQUESTS, value=int(DAY.total_seconds()))
    if replaces is not None:
        _retire_upload(replaces, "replace")
    made = Upload.objects.create(
        store=store,
        uploaded_at=now,
        uploaded_by=by,
        rung_at=clock.now(),
        replaces=replaces,
        version=replaces.version + 1 if replaces else 1,
        **fields,
    )
    enqueue_task("qualification.read", upload_id=made.pk)
    _record_in_ledger(
        made,
        "qualification.uploaded",
        by,
        now,
        sha256=made.sha256,
        size=made.size,
        version=made.version,
    )
    return made


@transaction.atomic
def withdraw(*, upload: Upload, by: str, now: dt.datetime) -> None:
    """Takes a document out of what is handed in. It is kept."""
    _lock_qualification(upload.store)
    _require_documents(upload.store, now)
    _retire_upload(upload, "withdraw")
    _record_in_ledger(upload, "qualification.withdrawn", by, now)


def _lock_qualification(store: Store) -> None:
    """What changes a store's documents, and what hands them in, come one after the other."""
    list(Qualification.objects.select_for_update().filter(store=store))


def _retire_upload(upload: Upload, event: str) -> None:
    if not Upload.objects.filter(pk=upload.pk, is_current=True).update(is_current=False):
        raise Problem(Code.STATE_CONFLICT, state="replaced", event=event)


def _require_documents(store: Store, now: dt.datetime) -> None:
    state = queries.get_qualification_status(store, now)
    if state is not review.QualificationStatus.DOCUMENTS:
        raise Problem(Code.STATE_CONFLICT, state=str(state), event="upload")


def _require_new(store: Store, digest: str) -> None:
    same = Upload.objects.filter(store=store, sha256=digest, is_current=True).first()
    if same:
        raise Problem(Code.DOCUMENT_REPEATED, value=same.name)


# --- Reading
# -------------------------------------------------------------------------------------------------


def read(upload_id: int) -> None:
    """Reads one document. A second delivery while it is read, or after, does nothing."""
    found = _begin_reading(upload_id)
    if found is None:
        return
    try:
        _read_document(found)
    except Problem as problem:
        if problem.code is Code.STORAGE_UNAVAILABLE:  # says nothing about the document
            _return_to_queue(found)
        else:
            _finish_reading(
                found, UploadEvent.FAIL, code=problem.code, evidence=dict(problem.evidence)
            )


def _read_document(found: Upload) -> None:
    refuse_in_transaction("reading")
    engine = engines.import_engine(settings.OCR_ENGINE)
    made, sheets = document_reader.read(
        storage.fetch(found.stored), DocumentKind(found.kind), engine=engine
    )
    for sheet in sheets:
        storage.save_page(found.folder, sheet.page.number, sheet.jpeg)
    found.reading = encode_reading(made)
    number, marks = queries.cross_store_keys(found)
    _finish_reading(
        found,
        UploadEvent.FINISH,
        reading=found.reading,
        pages=len(sheets),
        number=number,
        marks=marks,
    )


def _begin_reading(upload_id: int) -> Upload | None:
    now = clock.now()
    with transaction.atomic():
        found = (
            Upload.objects.select_for_update(of=("self",)).select_related("store").get(pk=upload_id)
        )
        held = found.state == UploadState.READING and now - found.rung_at < ABANDONED_AFTER
        if found.state not in uploads.BEING_READ or held:
            return None
        found.state, found.tries, found.rung_at = UploadState.READING, found.tries + 1, now
        found.save(update_fields=["state", "tries", "rung_at"])
    return found


def _return_to_queue(upload: Upload) -> None:
    """As if nobody had begun; the sweep rings it again in a minute."""
    mine = Upload.objects.filter(pk=upload.pk, state=UploadState.READING, tries=upload.tries)
    mine.update(
        state=UploadState.UPLOADED,
        tries=upload.tries - 1,
        rung_at=clock.now() - ABANDONED_AFTER + RETRY_AFTER,
    )


@transaction.atomic
def _finish_reading(upload: Upload, event: UploadEvent, **fields) -> None:
    now = clock.now(upload.store)
    becomes = uploads.next_state(UploadState.READING, event)
    mine = Upload.objects.filter(pk=upload.pk, state=UploadState.READING, tries=upload.tries)
    if mine.update(state=becomes, read_at=now, **fields):
        _record_in_ledger(
            upload, f"qualification.{becomes}", "system:reader", now, code=fields.get("code", "")
        )


def enqueue_unread() -> int:
    """Rings again what nobody has read; gives up what has failed too often. Part of the sweep."""
    before = clock.now() - ABANDONED_AFTER
    rung = 0
    due = Upload.objects.filter(state__in=uploads.BEING_READ, rung_at__lt=before).select_related(
        "store"
    )
    for late in due.order_by("rung_at")[:50]:
        if late.tries >= MAX_TRIES:
            _finish_reading(late, UploadEvent.FAIL, code=Code.DOCUMENT_TOO_COMPLEX, evidence={})
        else:
            enqueue_task("qualification.read", upload_id=late.pk)
            rung += 1
    return rung


# --- Handing in
# ----------------------------------------------------------------------------------------------


@transaction.atomic
def submit(*, store: Store, by: str, now: dt.datetime) -> None:
    """Hands in what is there. DOCUMENTS_MISSING names what is not; a limit that is missed is for
    the reviewer."""
    _lock_qualification(store)
    missing = queries.missing_documents(store)
    if missing:
        raise Problem(Code.DOCUMENTS_MISSING, missing=missing)
    reviews.begin(store=store, now=now)
    qualification_status.advance(
        store=store, event=review.QualificationEvent.SUBMIT, by=by, now=now
    )


def _record_in_ledger(upload: Upload, kind: str, by: str, at: dt.datetime, **facts) -> None:
    ledger.record(
        store_id=upload.store_id,
        kind=kind,
        subject=f"document:{upload.key}",
        by=by,
        at=at,
        document=upload.kind,
        **facts,
    )
