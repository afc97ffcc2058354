"""What stands in for a running notebook answers at once, and never dies: no process and no clock is
behind it.
"""

from autograder.grading.limits import Limits


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
