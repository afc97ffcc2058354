"""How long one notebook may hold up a class: one that takes much longer than the others is put back, and graded after them.

It is graded from the start then, under the same limits: a turn changes nothing in a verdict.
"""

import ctypes
import math
import statistics

# Seconds on the wall that every notebook has, and how many times longer than others one may take.
SHORTEST, TIMES = 5.0, 3.0
# So many must be done before they say how long others take.
FEW = 3


class Turns:
    """Seconds for a notebook of each assignment, shared between processes: the one that hands out notebooks sets them."""

    def __init__(self, context, names):
        self.places = {name: place for place, name in enumerate(names)}
        self.values = context.RawArray(ctypes.c_double, [math.inf] * len(names))

    def seconds(self, assignment):
        return self.values[self.places[assignment]]

    def set(self, seconds, assignment=None):
        """Sets the turn for one assignment, or for all."""
        for name in self.places if assignment is None else [assignment]:
            self.values[self.places[name]] = seconds


class TurnsOfAClass:
    """What the process that hands out notebooks knows of how long they take.

    While notebooks of an assignment are put back and none was done, turns become longer: they all take that long, it seems.

    Args:
        turns: The `Turns`.
        waiting: How many notebooks are to be graded.
        jobs: How many at a time.
    """

    def __init__(self, turns, waiting, jobs):
        self.turns, self.waiting, self.jobs = turns, waiting, jobs
        self.taken, self.tried = {name: [] for name in turns.places}, dict.fromkeys(turns.places, SHORTEST)
        self._tell()

    def done(self, assignment, seconds):
        """Takes note of a notebook that was graded in so many seconds, or failed."""
        self.taken[assignment].append(seconds)
        self.waiting -= 1
        self._tell()

    def put_back(self, assignment, seconds):
        """Takes note of a notebook that was put back after so many seconds."""
        if not self.taken[assignment] and seconds >= self.tried[assignment]:
            self.tried[assignment] *= TIMES
        self.waiting -= 1
        self._tell()

    def _tell(self):
        for name, taken in self.taken.items():
            usual = max(SHORTEST, TIMES * statistics.median(taken)) if len(taken) >= FEW else self.tried[name]
            # Where nobody waits nobody is held up.
            self.turns.set(usual if self.waiting > self.jobs else math.inf, name)
