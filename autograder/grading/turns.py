"""How long a notebook may hold up a class: one that takes far longer than others waits.

It is graded from the start then, under the same limits: a turn changes nothing in a verdict.
"""

import ctypes
import math
import statistics

__all__ = ["FEW", "LONGER", "SHORTEST", "SHORTEST_OF_MODELS", "TIMES", "Schedule", "Turns"]

# Seconds on the wall that every notebook has, and how many times longer than
# most others one may take.
SHORTEST, TIMES = 2.0, 2.0
# The same where a question asks for a model, which is trained.
SHORTEST_OF_MODELS = 15.0
# How many times longer a turn is where most are put back, and when those
# that were put back have theirs.
LONGER = 3.0
# So many must be done, or put back, before they say how long others take.
FEW = 3


class Turns:
    """Seconds for a notebook of each assignment, shared between processes.

    The one that hands out notebooks sets them.
    """

    def __init__(self, context, names) -> None:
        self.indices = {name: index for index, name in enumerate(names)}
        self.values = context.RawArray(ctypes.c_double, [math.inf] * len(names))

    def seconds(self, assignment: str) -> float:
        return self.values[self.indices[assignment]]

    def set(self, seconds, assignment: str) -> None:
        self.values[self.indices[assignment]] = seconds


class Schedule:
    """Sets the turns of a class from how long its notebooks take.

    Where more of an assignment are put back than are done, and more than a few, they seem to take
    that long: turns become longer.

    Args:
        turns: The `Turns`.
        waiting: How many notebooks are to be graded.
        jobs: How many at a time.
        first: Seconds of the first turns, by assignment; `SHORTEST` where there are none.
    """

    def __init__(self, turns, waiting, jobs, first=None) -> None:
        self.turns, self.waiting, self.jobs = turns, waiting, jobs
        self.least = dict.fromkeys(turns.indices, SHORTEST) | (first or {})
        self.begin_round()

    def begin_round(self, longer=1.0) -> None:
        """Begins a round with those put back: turns are `longer` times the last round's longest."""
        self.least = {name: longer * seconds for name, seconds in self.least.items()}
        self.taken: dict[str, list[float]] = {name: [] for name in self.turns.indices}
        self.back = dict.fromkeys(self.turns.indices, 0)
        # How many had a turn as long as the turns are now, and were put back.
        self.too_long = dict.fromkeys(self.turns.indices, 0)
        self._tell()

    def done(self, assignment: str, seconds=None) -> None:
        """Notes the seconds of a notebook; None for one that was not graded, or not there."""
        self.taken[assignment] += [] if seconds is None else [seconds]
        self.waiting -= 1
        self._tell()

    def put_back(self, assignment: str, seconds) -> None:
        """Takes note of a notebook that was put back after so many seconds: it waits still."""
        self.back[assignment] += 1
        self.too_long[assignment] += seconds >= self.least[assignment]
        if self.too_long[assignment] >= FEW and self.back[assignment] > len(self.taken[assignment]):
            self.least[assignment] *= LONGER
            self.too_long[assignment] = 0
        self._tell()

    def _tell(self) -> None:
        for name, taken in self.taken.items():
            seconds = self.least[name]
            if len(taken) >= max(FEW, self.back[name]):
                seconds = max(SHORTEST, TIMES * statistics.quantiles(taken, n=4)[-1])
            # Nobody holds up others where none wait.
            self.turns.set(seconds if self.waiting > self.jobs else math.inf, name)
