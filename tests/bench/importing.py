"""An import as large as the whole real file (541,909 rows), against reading the same file and
doing nothing."""

import csv
import gzip
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests import world

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "marketplace" / "mirror" / "samples" / "online_retail_sample.csv.gz"
ROWS = 541_909


def run() -> dict[str, dict]:
    store = world.store()
    file = Path(os.environ["DATA_DIR"]) / "large.csv.gz"
    _multiply(file)
    floor = _read(file)
    started = time.perf_counter()
    peak = _import(store.code, file)
    seconds = time.perf_counter() - started
    return {
        "import_541909_rows": {
            "value": round(seconds / floor, 1),
            "unit": "× reading it",
            "goal": "≤ 90 s",
            "detail": f"{seconds:.0f} s to import, {floor:.1f} s to read; the shipped sample repeated with new customers",
        },
        "import_memory": {
            "value": round(peak / 1024),
            "unit": "MB",
            "goal": "≤ 400",
            "detail": "peak resident memory of the importing process (VmHWM)",
        },
    }


def _multiply(file: Path) -> None:
    """The sample over and over: invoices and customers of each copy are its own."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    with gzip.open(file, "wt", encoding="utf-8", newline="", compresslevel=1) as out:
        writer = csv.writer(out)
        writer.writerow(header)
        for n in range(ROWS):
            copy, row = divmod(n, len(rows))
            writer.writerow(_of_copy(rows[row], copy))


def _of_copy(row: list[str], copy: int) -> list[str]:
    invoice = re.sub(r"\d+", lambda digits: f"{copy}{digits.group()}", row[0], count=1)
    return [invoice, *row[1:6], f"{copy}{row[6]}" if row[6] else "", row[7]]


def _read(file: Path) -> float:
    started = time.perf_counter()
    with gzip.open(file, "rt", encoding="utf-8", newline="") as source:
        for _ in csv.reader(source):
            pass
    return time.perf_counter() - started


def _import(store: str, file: Path) -> int:
    """Kilobytes of the process's high-water mark."""
    command = [
        sys.executable,
        "manage.py",
        "import_orders",
        "--store",
        store,
        "--format",
        "online-retail",
        "--assume",
        "wholesaler",
        str(file),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError("import_orders failed; see above.")
    return usage.ru_maxrss
