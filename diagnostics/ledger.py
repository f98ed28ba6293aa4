"""Writing and checking the ledger."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from diagnostics.models import LedgerEntry, LedgerHead


def record(
    *, store_id: int, kind: str, subject: str, by: str, at: dt.datetime, **facts: Any
) -> LedgerEntry:
    """Appends one entry. Call it last in a transaction: the head's row lock is held until the
    commit."""
    (entry,) = record_each(store_id=store_id, kind=kind, by=by, at=at, each=[(subject, facts)])
    return entry


@transaction.atomic(savepoint=False)
def record_each(
    *,
    store_id: int,
    kind: str,
    by: str,
    at: dt.datetime,
    each: Iterable[tuple[str, Mapping[str, Any]]],
) -> list[LedgerEntry]:
    """Appends entries of one kind, (subject, facts) each, in a constant number of statements.

    Part of the caller's transaction: one of its errors rolls all of that back, so nobody catches
    it within.
    """
    head = _lock_head(store_id)
    entries: list[LedgerEntry] = []
    seq, previous = head.seq, head.digest
    for subject, facts in each:
        seq += 1
        plain = json.loads(json.dumps(facts, default=str))
        entry = LedgerEntry(
            store_id=store_id,
            seq=seq,
            at=at,
            by=by,
            kind=kind,
            subject=subject,
            facts=plain,
            previous=previous,
        )
        previous = entry.digest = digest_of_entry(entry)
        entries.append(entry)
    LedgerEntry.objects.bulk_create(entries)
    LedgerHead.objects.filter(store_id=store_id).update(seq=seq, digest=previous)
    return entries


def _lock_head(store_id: int) -> LedgerHead:
    """The store's head, its row held. Two first writers: the second waits at the INSERT, then sees
    what the first committed."""
    rows = LedgerHead.objects.select_for_update().filter(store_id=store_id)
    if head := rows.first():
        return head
    LedgerHead.objects.bulk_create([LedgerHead(store_id=store_id)], ignore_conflicts=True)
    return rows.get()


def digest_of_entry(entry: LedgerEntry) -> str:
    """SHA-256 over the canonical JSON of everything in the entry but its own digest."""
    content = [
        entry.store_id,
        entry.seq,
        entry.at.astimezone(dt.UTC).isoformat(),
        entry.by,
        entry.kind,
        entry.subject,
        entry.facts,
        entry.previous,
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest_of_person(text: str) -> str:
    """How personal data stands in the ledger: erasing the person leaves the chain valid."""
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()


def first_bad_entry(store_id: int) -> tuple[LedgerEntry | None, int]:
    """Walks a store's chain: the first entry that does not follow from the one before, and how
    many were read.

    A chain cut short is found by its head: the entry named is then the last one left.
    """
    seq, previous, last = 0, "", None
    for entry in (
        LedgerEntry.objects.filter(store_id=store_id).order_by("seq").iterator(chunk_size=2000)
    ):
        if (
            entry.seq != seq + 1
            or entry.previous != previous
            or entry.digest != digest_of_entry(entry)
        ):
            return entry, seq
        seq, previous, last = entry.seq, entry.digest, entry
    head = LedgerHead.objects.filter(store_id=store_id).first() or LedgerHead(seq=0, digest="")
    if (head.seq, head.digest) != (seq, previous):
        return last or LedgerEntry(store_id=store_id, seq=0, kind="(empty)"), seq
    return None, seq
