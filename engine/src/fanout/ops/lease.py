"""How long SQS still hides a message from others: by a clock that goes on while this machine sleeps.

CLOCK_MONOTONIC stands still in a suspended laptop, and the lease ends all the same. CLOCK_BOOTTIME counts that time
(https://man7.org/linux/man-pages/man2/clock_gettime.2.html); where there is none, the wall clock does.
"""

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> float:
    """Seconds since some moment of the past."""
    return time.time() if _BOOT is None else time.clock_gettime(_BOOT)
