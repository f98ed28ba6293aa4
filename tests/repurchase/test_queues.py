"""Queues, priorities and worker limits are settings: asked of a real broker and a real worker."""

import json
import re
import subprocess
import sys
import time

import pytest

from tests.beside import ROOT
from tests.chaos.fleet import Fleet, fleet

pytestmark = pytest.mark.django_db(transaction=True)
TAKEN = re.compile(r"^taken ([\w.]+)$", re.MULTILINE)
RING = """
import django; django.setup()
from outbox.task_queue import enqueue_task
for task, arguments in {bells!r}: enqueue_task(task, **arguments)
"""


def python(code: str, fleet: Fleet) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=fleet.environment | {"DJANGO_SETTINGS_MODULE": "repurchase.embedded.settings"},
    )
    return done.stdout


def served(bells: list[tuple[str, dict]], fleet: Fleet) -> list[str]:
    """The tasks in the order in which one worker that starts later takes them up."""
    python(RING.format(bells=bells), fleet)
    fleet.worker("--include", "tests.repurchase.taken")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        seen = TAKEN.findall("".join(log.read_text() for log in fleet.logs.glob("worker*")))
        if len(seen) == len(bells):
            return seen
        time.sleep(0.2)
    raise AssertionError(fleet.told())


class TestAPriority:
    def test_lets_an_edit_go_before_the_chunks_that_were_rung_earlier(self):
        chunk, edit = (
            ("repurchase.generate_next", {}),
            ("repurchase.carry_out_edit", {"task_id": 0}),
        )
        with fleet() as beside:
            assert served([chunk, chunk, chunk, edit], beside) == [edit[0], *[chunk[0]] * 3]

    def test_lets_a_sweep_go_before_the_report_that_was_rung_earlier(self):
        report, sweep = ("repurchase.make_report", {"report_id": 0}), ("repurchase.sweep", {})
        with fleet() as beside:
            assert served([report, sweep], beside) == [sweep[0], report[0]]

    def test_is_a_setting(self):
        late, early, first = "repurchase.prune", "outbox.prune_events", "repurchase.generate_next"
        routes = {
            late: {"queue": "bulk", "priority": 9},
            early: {"queue": "papers", "priority": 6},
            first: {"queue": "bulk", "priority": 0},
        }
        with fleet() as beside:
            beside.environment["TASK_ROUTES"] = json.dumps(routes)
            bells = [(late, {}), (late, {}), (early, {}), (first, {})]
            assert served(bells, beside) == [first, early, late, late]


class TestALimit:
    def test_of_a_worker_is_a_setting(self):
        told = """
import json, django; django.setup()
from repurchase.celery import app
c = app.conf
print(json.dumps([c.task_time_limit, c.task_soft_time_limit, c.worker_max_memory_per_child,
                  c.broker_transport_options["visibility_timeout"]]))
"""
        with fleet() as beside:
            assert json.loads(python(told, beside)) == [600, 540, 400_000, 900]
            beside.environment |= {"TASK_SECONDS": "1000", "WORKER_MEMORY_MB": "300"}
            assert json.loads(python(told, beside)) == [1000, 900, 300_000, 1500]
