"""Under Debian's faketime `time.sleep` fails: it hands an absolute instant of the monotonic clock
to a call that libfaketime takes for one of the wall clock (clock_nanosleep, EINVAL). A select
without files sleeps as long."""

import select
import time


def sleep(seconds: float) -> None:
    """Sleeps `seconds`; ValueError for less than none, as the original."""
    select.select([], [], [], seconds)


time.sleep = sleep
