"""`make ocr-report`: field recall by kind of document and seconds a page, on fresh seeds; writes
ocr-report.json.

And what is believed of text that nobody sees (`carriers`), and found in honest files that a
computer typed: nothing.
"""

import json
import random
import secrets
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from diagnostics.problem import Problem
from qualification import document_reader, engines
from qualification.document_checks import CheckVerdict
from tests.qualification import carriers, cases, forging, measuring

ENGINE = "qualification.engines.tesseract"
TIMES = 6  # × 12 documents
TAMPERED_TIMES = 4  # × 4 ways
TYPED_TIMES = 5  # × 3 documents


def main() -> int:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbelow(10**6)
    sound = [(f"{seed}/{n}", n % 12) for n in range(TIMES * 12)]
    tampered = [(f"{seed}/t{n}", code) for n in range(TAMPERED_TIMES) for code in cases.TAMPERED]
    with ProcessPoolExecutor() as pool:
        measured = list(pool.map(_measure, sound))
        caught = list(pool.map(_catch, tampered))
        outcomes = list(
            pool.map(_carry, [(str(seed), d, c) for d in forging.PAIRS for c in carriers.CARRIERS])
        )
        honest = list(
            pool.map(
                _honest, [(f"{seed}/{n}", d) for n in range(TYPED_TIMES) for d in forging.PAIRS]
            )
        )
    sound_so_far = _report(seed, measured, caught)
    return sound_so_far or _report_of_text(outcomes, honest)


def _measure(task: tuple[str, int]) -> tuple[list[measuring.Told], int, float]:
    seed, nth = task
    case = list(cases.every(random.Random(seed), 1))[nth]()
    begun = time.monotonic()
    try:
        read, sheets = document_reader.read(
            case.pdf, case.kind, engine=engines.import_engine(ENGINE)
        )
    except Problem:
        return list(measuring.compare(case, None)), 1, time.monotonic() - begun
    return list(measuring.compare(case, read)), len(sheets), time.monotonic() - begun


def _catch(task: tuple[str, str]) -> tuple[str, bool]:
    seed, code = task
    case = cases.TAMPERED[code](random.Random(seed))
    read, _ = document_reader.read(case.pdf, case.kind, engine=engines.import_engine(ENGINE))
    about = [c for c in measuring.checks(case, read) if c.code == code]
    return code, any(c.verdict is not CheckVerdict.PASSED for c in about)


def _carry(task: tuple[str, str, str]) -> forging.Outcome:
    seed, document, carrier = task
    return forging.outcome(document, carrier, seed, engines.import_engine(ENGINE))


def _honest(task: tuple[str, str]) -> forging.Outcome:
    return forging.honest(task[1], task[0], engines.import_engine(ENGINE))


def _report_of_text(outcomes: list[forging.Outcome], honest: list[forging.Outcome]) -> int:
    found = [o for o in honest if o.findings or o.believed]
    believed = [o for o in outcomes if o.believed]
    told = Counter(o.findings[0] if o.findings else "left to the human" for o in outcomes)
    print(f"text that nobody sees: {len(outcomes)} files, {len(believed)} believed; {dict(told)}")
    print(f"typed and untouched: {len(honest)} files, {len(found)} with a finding")
    for o in (*believed, *found):
        print(f"  {o.document} {o.carrier}: {o.believed or o.findings}")
    return 1 if believed or found else 0


def _report(seed: int, measured: list, caught: list[tuple[str, bool]]) -> int:
    told: dict[str, list[measuring.Told]] = defaultdict(list)
    pages, seconds = Counter[str](), Counter[str]()
    for fields, count, spent in measured:
        told[fields[0].case] += fields
        pages[fields[0].case] += count
        seconds[fields[0].case] += spent
    print(
        f"seed {seed}\n{'document':26}{'fields':>8}{'right':>9}{'to human':>10}{'right|human':>13}{'silent':>8}{'s/page':>8}"
    )
    rows = {
        name: _row(fields, seconds[name] / pages[name]) for name, fields in sorted(told.items())
    }
    rows["all"] = _row(
        [f for fs in told.values() for f in fs], sum(seconds.values()) / sum(pages.values())
    )
    for name, r in rows.items():
        print(
            f"{name:26}{r['fields']:8}{r['right']:9.1%}{r['to_human']:10.1%}{r['right_or_human']:13.1%}"
            f"{r['silently_wrong']:8}{r['seconds_a_page']:8.1f}"
        )
    for fields in told.values():
        for f in fields:
            if f.silently_wrong:
                print(f"  SILENT {f.case} {f.field}: {f.value!r} instead of {f.truth!r}")
    found = Counter(code for code, ok in caught if ok)
    tampered = {
        code: f"{found[code]}/{sum(c == code for c, _ in caught)}" for code in cases.TAMPERED
    }
    print("tampered, caught:", tampered)
    Path("ocr-report.json").write_text(
        json.dumps({"seed": seed, "rows": rows, "tampered": tampered}, indent=2)
    )
    good = (
        rows["all"]["right_or_human"] >= 0.97
        and not rows["all"]["silently_wrong"]
        and all(ok for _, ok in caught)
    )
    return 0 if good else 1


def _row(fields: list[measuring.Told], seconds_a_page: float) -> dict:
    count = len(fields)
    return {
        "fields": count,
        "right": sum(f.right for f in fields) / count,
        "to_human": sum(not f.accepted for f in fields) / count,
        "right_or_human": sum(f.right or not f.accepted for f in fields) / count,
        "silently_wrong": sum(f.silently_wrong for f in fields),
        "seconds_a_page": seconds_a_page,
    }


if __name__ == "__main__":
    sys.exit(main())
