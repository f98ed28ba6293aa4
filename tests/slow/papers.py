"""A confirmation of 5000 orders by real workers, quiet and with four busy loops beside (F-19).

What is owed, when its papers are there, what they need of memory, and how long another store's 28
orders take meanwhile.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from pricing import signing
from pricing.models import Grant, Lock, SealedAgreement, Sealing
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.services import buyer_response
from repurchase.embedded import portal, servers
from repurchase.fulfilment.services import unpaid_cancellation
from repurchase.models import Batch, Heartbeat, Proforma
from tests.chaos.batches import SMALL, fill

ORDERS, OTHERS = 5000, 28
BUSY_LOOPS = 4
HANGS = 900
"""Seconds after which a wait counts as hung."""
BUSY_GOALS = {"owed": 10, "papers": 60, "others": 5, "memory": 400}
QUIET_GOALS = {"owed": 2, "papers": 60, "others": 5, "memory": 400}


def run() -> dict[str, dict]:
    store, numbers = fill(replace(SMALL, orders=ORDERS))
    other, theirs = fill(SMALL)  # enough bought before for the gates
    theirs = theirs[:OTHERS]
    figures: dict[str, dict] = {}
    with _programs() as programs:
        _warm(other, theirs)
        for name, loops, goals in (("quiet", 0, QUIET_GOALS), ("busy", BUSY_LOOPS, BUSY_GOALS)):
            locked = _locked(store, numbers)
            with _busy(loops):
                figures |= _measured(f"papers_{name}", locked, (other, theirs), programs, goals)
            _pay_nothing(locked)
    return figures


def _measured(
    name: str, locked: Batch, beside: tuple, programs: list[psutil.Process], goals: dict
) -> dict:
    load, began = os.getloadavg()[0], time.perf_counter()
    _confirm(locked)
    owed = time.perf_counter() - began
    assert not locked.orders.exclude(status="awaiting_payment").exists()
    asked = time.perf_counter()
    other = batches.create(store=beside[0], numbers=beside[1], by="system:slow")
    _wait(lambda: Batch.objects.get(pk=other.pk).status != "screening")
    others = time.perf_counter() - asked
    _wait(lambda: Proforma.objects.filter(batch=locked).exclude(issued_at=None).exists())
    invoiced = time.perf_counter() - began - owed
    _wait(lambda: SealedAgreement.objects.filter(subject=locked.ref).exists())
    sealed = time.perf_counter() - began - owed
    assert Batch.objects.get(pk=other.pk).status == "planned"
    batches.cancel(batch=other, by="system:slow")
    values = {
        "owed": owed,
        "papers": max(invoiced, sealed),
        "others": others,
        "memory": _peak_mb(programs),
    }
    said = f"{ORDERS} orders; load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    details = {
        "owed": f"s from the press to awaiting payment; {said}",
        "papers": f"s from then to both papers: invoice {invoiced:.1f}, seal {sealed:.1f}; {said}",
        "others": f"s for another store's {OTHERS} orders, asked for at that moment; {said}",
        "memory": "MB, the largest peak of any worker process (VmHWM)",
    }
    return {
        f"{name}_{key}": {"value": round(value, 1), "goal": goals[key], "detail": details[key]}
        for key, value in values.items()
    }


def _locked(store, numbers: list[str]) -> Batch:
    batch = batches.create(store=store, numbers=numbers, by="system:slow")
    _wait(lambda: Batch.objects.get(pk=batch.pk).status != "screening")
    batch.refresh_from_db()
    price_lock.lock_and_invite(batch=batch, by="system:slow")
    return batch


def _confirm(batch: Batch) -> None:
    buyer_response.accept(
        token=signing.token_of(Grant.objects.get(subject=batch.ref)),
        consent=True,
        left_out=[],
        digests={lock.pk: lock.terms_digest for lock in Lock.objects.filter(subject=batch.ref)},
        ip="203.0.113.7",
        user_agent="slow",
    )


def _pay_nothing(batch: Batch) -> None:
    """Its past orders are free again for the next round."""
    for proforma in Proforma.objects.filter(batch=batch):
        unpaid_cancellation.cancel_orders(
            store=batch.store, proforma=proforma, why="measured", by="system:slow"
        )


def _warm(store, numbers: list[str]) -> None:
    """The first of everything: imports, connections, fonts."""
    _wait(lambda: Heartbeat.objects.filter(name="sweep").exists())
    batch = _locked(store, numbers)
    _confirm(batch)
    _wait(lambda: not Proforma.objects.filter(batch=batch, issued_at=None).exists())
    _wait(lambda: not Sealing.objects.filter(subject=batch.ref, done_at=None).exists())
    _pay_nothing(batch)


@contextlib.contextmanager
def _programs() -> Iterator[list[psutil.Process]]:
    """The worker, the papers' worker and beat, as `make run` starts them."""
    folder, started = Path(os.environ["DATA_DIR"]), []
    try:
        for name, command in portal._program_commands(0).items():
            if name in ("worker", "papers", "beat"):
                log = (folder / f"slow-{name}.log").open("w")
                started.append(_beside(command, stdout=log, stderr=subprocess.STDOUT))
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def _beside(command: list[str], **streams: Any) -> subprocess.Popen:
    return subprocess.Popen(command, preexec_fn=servers.die_with_parent, **streams)


@contextlib.contextmanager
def _busy(loops: int) -> Iterator[None]:
    started = [_beside([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        time.sleep(2 if started else 0)
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _peak_mb(programs: list[psutil.Process]) -> float:
    peaks = []
    for program in programs:
        for process in (program, *program.children(recursive=True)):
            with contextlib.suppress(OSError, psutil.Error, StopIteration):
                status = Path(f"/proc/{process.pid}/status").read_text()
                peaks.append(
                    next(int(r.split()[1]) for r in status.splitlines() if r.startswith("VmHWM"))
                    / 1024
                )
    return max(peaks)


def _wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + HANGS
    while not true():
        if time.monotonic() > until:
            raise RuntimeError(f"not within {HANGS} s; see slow-*.log in the data directory")
        time.sleep(0.1)
