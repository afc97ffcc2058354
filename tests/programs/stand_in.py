"""What stands in for a running notebook, or for the processes that grade, answers at once and never
dies: no process and no clock is behind it.
"""

import multiprocessing

from autograder.grading.limits import Limits
from autograder.grading.turns import Turns


class Notebook:
    """The part of `grading.run.NotebookRun` that has to do with its process; `ask` comes from
    another class.
    """

    limits, outcomes, asking = Limits(), {}, 0.0

    def ready(self):
        """Returns nothing: it always is."""

    def end(self):
        """Does nothing."""

    def has_died(self):
        return False

    def was_ended_by_a_cell(self):
        return False


class Graders:
    """`grading.graders.Graders` without processes: one item after another is graded in this one."""

    jobs = 1

    def __init__(self, *_, names=()):
        self.patience, self.turns = None, Turns(multiprocessing, names)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def call(self, work, *arguments):
        return work(*arguments)

    def map(self, work, items):
        return [work(item) for item in items]

    def each(self, work, items, *arguments):
        for item in list(items):
            try:
                yield item, work(item, *arguments), None
            except Exception as error:  # noqa: BLE001
                yield item, None, error
