"""Hostile PDFs by the number: `python -m tests.qualification.fuzzing 20000 [seed]` reads each, as
a worker does.

The numbers come as JSON on the last line: outcomes by code, files that broke the reader, the
largest child in bytes.
"""

import json
import random
import resource
import secrets
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from diagnostics.problem import Problem
from qualification import document_reader, intake
from qualification.readings import DocumentKind
from tests.qualification import hostile, silent_engine

MAX_BYTES = 10 * 2**20


def outcome(data: bytes, rng: random.Random) -> str:
    """The code that a store is shown, or what broke."""
    try:
        intake.validate_upload(data, max_bytes=MAX_BYTES)
        document_reader.read(data, rng.choice(list(DocumentKind)), engine=silent_engine)
    except Problem as problem:
        return str(problem.code)
    except Exception:
        return f"BROKEN {traceback.format_exc()}"
    return "READ"


def run(count: int, seed: str, threads: int = 2) -> dict:
    def one(n: int) -> tuple[str, float]:
        rng, begun = random.Random(f"{seed}/{n}"), time.monotonic()
        return outcome(hostile.make(rng), rng), time.monotonic() - begun

    with ThreadPoolExecutor(threads) as pool:
        told = list(pool.map(one, range(count)))
    outcomes = [said for said, _ in told]
    broken = {n: said for n, said in enumerate(outcomes) if said.startswith("BROKEN")}
    return {
        "seed": seed,
        "codes": dict(Counter(said for said in outcomes if not said.startswith("BROKEN"))),
        "broken": broken,
        "slowest": max(seconds for _, seconds in told),
        "peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    told = run(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else secrets.token_hex(4))
    print(json.dumps(told))
