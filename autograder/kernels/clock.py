"""A clock for one process that stands still while the process waits for a processor.

So what else the machine does makes a limit no shorter.

Linux says of each thread how long it ran, and how long it was ready to run and waited. Time that
passes while no thread waits counts: sleep and input do. Where the system says nothing of this, all
time counts.
"""

import contextlib
import os
import time

__all__ = ["SLOWEST", "Clock", "read_threads"]

# However long a process waits for a processor, its clock is never slower than one second in so
# many: a load that is the process's own, hundreds of threads say, holds nobody up for ever.
SLOWEST = 6
NANO = 1e-9


class Clock:
    """Counts the seconds of the process `pid` from now on. Without one it counts those of the wall.

    The time that counts is what passed less what its threads waited, all together; but never less
    than they ran (two threads that ran side by side for a second ran a second), nor less than a
    sixth of what passed. Until it is looked at for the first time all counts: most requests are
    done before, and a look costs as much as one of them.
    """

    def __init__(self, pid=None) -> None:
        self.pid, self.began = pid, time.monotonic()
        self.ran = self.waited = 0.0
        self.threads: dict[str, tuple[int, int]] | None = None

    def seconds(self) -> float:
        """Returns how much time has counted since the beginning."""
        passed, now = self.passed(), read_threads(self.pid)
        before = now if self.threads is None else self.threads
        for thread, (ran, waited) in now.items():
            ran_before, waited_before = before.get(thread, (0, 0))
            self.ran += max(0, ran - ran_before) * NANO
            self.waited += max(0, waited - waited_before) * NANO
        self.threads = now
        return max(min(self.ran, passed), passed - self.waited, passed / SLOWEST)

    def total(self) -> float:
        """Returns the same without a look where there was none: what was done at once."""
        return self.passed() if self.threads is None else self.seconds()

    def passed(self) -> float:
        """Returns the seconds on the wall since the beginning: never less than have counted."""
        return time.monotonic() - self.began


def read_threads(pid) -> dict[str, tuple[int, int]]:
    """Returns a dict from threads to their nanoseconds of running and waiting; empty if unknown."""
    found = {}
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task") if pid else ():
            # It may just have ended.
            with (
                contextlib.suppress(OSError, ValueError),
                open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file,
            ):
                ran, waited, *_ = map(int, file.read().split())
                found[thread] = ran, waited
    return found
