"""`autograder sample`: makes a sample class and grades it."""

import os
from argparse import Namespace
from pathlib import Path

from autograder import places, screen
from autograder.screen import say

from . import class_grading
from .options import SUBMITTED, UsageError, add_command, check_numbers, jobs_and_limits

__all__ = ["add_parser"]

SAMPLE = Path("course-sample")
OF_A_COURSE = ("nbgrader_config.py", "roster.csv", "source", "release")


def add_parser(commands) -> None:
    command = add_command(commands, "sample", run, "make a sample class and grade it")
    command.add_argument(
        "--out", type=Path, default=SAMPLE, metavar="DIR", help=f"receives all of it ({SAMPLE})"
    )
    command.set_defaults(assignments=[])
    class_grading.add_options(command, SAMPLE)


def run(options: Namespace) -> int:
    console, submitted = screen.on_stdout(), options.out / "submitted"
    with screen.waiting(console, f"Preparing a sample class in {options.out}") as begins:
        # Whatever grading would refuse is refused before the class is made.
        check_numbers(options)
        jobs, _ = jobs_and_limits(options)
        check_sample_students(options.student, submitted)
        class_grading.check_out(options.out, SUBMITTED)
        check_no_course(options.out)
        class_grading.prepare(options)
        begins("Starting TensorFlow")
        check_device(options.device, class_grading.choose_confinement(options))
    say(console, f"No submissions yet: here is a sample class, in {options.out}/.")
    write_sample(submitted, jobs, console)
    status = class_grading.grade_folder(options, submitted, console)
    own = f"{SUBMITTED}/<student>/<assignment>/<assignment>.ipynb"
    say(
        console, f"To grade your own class put its notebooks into {own} and run `make grade` again."
    )
    return status


def check_no_course(out: Path) -> None:
    """Raises UsageError for a folder that is somebody's course: no sample class goes there."""
    for name in OF_A_COURSE:
        if (out / name).exists():
            raise UsageError(
                f"{out} is a course (it has {name}): no sample class is written there. "
                f"`make grade COURSE={out}` grades what is in {out / 'submitted'}"
            )


def check_sample_students(names, submitted) -> None:
    """Raises UsageError where a sample class written to `submitted` has nothing to grade."""
    from autograder.build import sample

    places.released_folder(sample.ASSIGNMENT)
    there = sample.students()
    if names and not any(name in there or os.path.lexists(submitted / name) for name in names):
        raise UsageError(
            f"no student of the sample class is called {', '.join(names)}; "
            f"there are: {', '.join(there)}"
        )


def check_device(device, confinement) -> None:
    """Raises UsageError if the device asked for is not there.

    A grader looks: this process must not start it.
    """
    from autograder.grading.graders import GraderError, Graders
    from autograder.reference import device as devices

    # The others are there, or are chosen.
    if device != "gpu":
        return
    try:
        with Graders(1, confinement) as graders:
            graders.call(devices.choose, device)
    except (devices.DeviceError, GraderError) as error:
        raise UsageError(str(error)) from error


def write_sample(submitted, jobs, console) -> None:
    """Writes the sample class's notebooks to `submitted`, and runs them, `jobs` at a time."""
    from autograder.build import sample

    with screen.counting(console, sample.size()) as (begins, done):
        begins(f"Writing and running the class's {sample.size()} notebooks")
        sample.write_class(
            submitted, jobs, finished=lambda student: done(f"wrote the notebook of {student}")
        )
