"""`python -m tests.bench.load URL RATE KEY…`: calls the API at a steady rate until it is told to
stop.

It says "calling" when it begins. At the end it prints how many calls it made and how many were not
answered by 200.
"""

import itertools
import json
import signal
import sys
import threading
import time
import urllib.request

PATHS = ("batches/", "past-orders/?repeatable=true", "qualification/", "webhooks/")
CALLERS = 8


def main(url: str, rate: float, keys: list[str]) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    sys.stdout.write("calling\n")
    sys.stdout.flush()
    turns, made = itertools.count(), []
    began = time.monotonic()

    def call() -> None:
        while not stop.is_set():
            n = next(turns)
            time.sleep(max(0.0, began + n / rate - time.monotonic()))
            asked = urllib.request.Request(
                f"{url}/api/v1/{PATHS[n % len(PATHS)]}",
                headers={"Authorization": f"Bearer {keys[n % len(keys)]}"},
            )
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    answer.read()
                    made.append(answer.status)
            except OSError:
                made.append(0)

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    seconds = time.monotonic() - began
    failed = sum(status != 200 for status in made)
    sys.stdout.write(
        json.dumps({"rate": round(len(made) / seconds, 1), "calls": len(made), "failed": failed})
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
