"""A batch in the midst of its work loses its workers, its broker, its database, and ends unaided:
F-1, F-2, F-3, F-6.

Also: a chunk that kills its worker each time, and one order of a store beside ten batches of
another.

The faults are played in a process of its own (`python -m tests.chaos`), on a PostgreSQL and a
Redis that nobody else uses: nothing of the other tests may be broken with them.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.stage import ROOT

FULL = bool(os.environ.get("CHAOS"))


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> dict[str, dict]:
    report = tmp_path_factory.mktemp("chaos") / "chaos.json"
    size = [] if FULL else ["--small"]
    ours = {"DATABASE_URL", "REDIS_URL", "DATA_DIR", "SECRET_KEY", "LINK_KEY"}
    environment = {k: v for k, v in os.environ.items() if k not in ours} | {
        "CHAOS_REPORT": str(report)
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *size],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr[-4000:]
    found = json.loads(report.read_text())
    if FULL and sys.__stderr__:
        sys.__stderr__.write(f"\n{done.stdout}\n")
    return found


class TestABatch:
    @pytest.mark.parametrize("fault", ["F-1", "F-2", "F-3", "F-6", "poison", "frozen", "fairness"])
    def test_comes_out_whole_in_time(self, played, fault):
        result = played[fault]
        assert result["faults"] == {}, result
        assert result["met"], result

    def test_really_lost_what_it_was_to_lose(self, played):
        """Else the others would prove nothing."""
        assert played["F-1"]["kills"] == (20 if FULL else 3)
        assert played["F-1"]["chunks_tried_again"] >= 1
        assert played["F-2"]["chunks_when_emptied"] > 0
        assert played["F-3"]["second"] == "planned"
        assert played["F-6"]["restarts"] == (10 if FULL else 1)
        assert played["fairness"]["chunks_of_the_other_store_left"] > 10
