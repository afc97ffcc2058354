"""The command line: `python -m autograder COMMAND`, or `autograder COMMAND`."""

import argparse
import os
import signal
import sys
from pathlib import Path

from autograder import places, screen
from autograder.names import file_stem, printable
from autograder.screen import say
from autograder.version import __version__

# The machine or the kit failed: the next run does what this one could not.
FAILED = 1
# What a shell says of a command that Ctrl-C ended.
INTERRUPTED = 130
SUBMITTED, OUT, SAMPLE = Path("course/submitted"), Path("course"), Path("course-sample")


class UsageError(Exception):
    """A command that cannot be carried out as given: exit status 2."""


def main(arguments=None):
    """Runs the command line and returns the exit status."""
    # A name may hold what the terminal's encoding does not know.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with screen.outlasting_readers():
        return carried_out(parser().parse_args(arguments))


def carried_out(options):
    """Carries out a command and returns the exit status."""
    # TensorFlow's start-up notes come from C++ and say nothing that `doctor` does not say better.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Whoever ends it otherwise than by Ctrl-C gets the same: nothing half-written, no kernel left.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # `nohup` wants it ignored.
        if number and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        return options.run(options)
    except (UsageError, places.NotInstalled) as error:
        complain(str(error))
        return 2
    except (OSError, MemoryError) as error:
        complain(f"this machine failed: {type(error).__name__}: {error}")
        return FAILED
    except KeyboardInterrupt:
        complain("stopped")
        return INTERRUPTED


def complain(text):
    print(f"autograder: {printable(text)}", file=sys.stderr)


def parser():
    top = argparse.ArgumentParser(
        prog="autograder",
        description="Builds the assignments and grades a class.",
        epilog="`autograder COMMAND --help` says what a command takes.",
    )
    top.add_argument("--version", action="version", version=f"autograder {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    grade = add_command(commands, "grade", run_grade, "grade the submissions of a class")
    grade.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which to grade (all)")
    grade.add_argument("--submitted", type=Path, default=SUBMITTED, metavar="DIR", help=f"submissions ({SUBMITTED})")
    grade.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"receives verdicts and grades ({OUT})")

    sample = add_command(commands, "sample", run_sample, "make a sample class and grade it")
    sample.add_argument("--out", type=Path, default=SAMPLE, metavar="DIR", help=f"receives all of it ({SAMPLE})")
    sample.set_defaults(assignments=[])
    for command, out in ((grade, OUT), (sample, SAMPLE)):
        command.add_argument("--student", nargs="+", default=[], metavar="NAME", help="only these students")
        add_jobs(command)
        command.add_argument(
            "--device",
            choices=["auto", "cpu", "gpu"],
            default="auto",
            help="computes the references (auto: a GPU if any)",
        )
        command.add_argument(
            "--secret-file", type=Path, metavar="FILE",
            help="holds the course's secret, from which hidden inputs are drawn. Usually the file `secret` in the folder of "
            f"--out ({out / 'secret'}): the first run draws it. A file that you name must exist",
        )  # fmt: skip
        add_limits(command, f"{OF_A_RUN}; {OF_A_PROCESS}")
        command.add_argument("--unsafe", action="store_true", help="grade even where notebooks cannot be confined")
        command.add_argument("--force", action="store_true", help="grade again what has a verdict already")

    add_command(commands, "assignments", run_assignments, "build assignments/ from solutions/")

    solutions = add_command(commands, "solutions", run_solutions, "run the solutions and write them as HTML")
    solutions.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which (all)")
    add_out(solutions, "build/solutions")

    release = add_command(commands, "release", run_release, "write the zip that students get")
    add_out(release, "dist")

    matrix = add_command(
        commands, "matrix", run_matrix, "show which cases of a question refuse which of its known mistakes",
        "Draws the inputs of 20 students for each question, puts in the values of each known mistake, and shows which cases "
        "refuse it: for all students, for a share of them, or for none (the question needs another case then). The page "
        "that it writes also has the transformations that get a name, and the pairs of names that no inputs tell apart.",
    )  # fmt: skip
    matrix.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which (all)")
    add_out(matrix, "build/matrix")

    bench = add_command(commands, "bench", run_bench, "measure how fast this machine grades, beside stock nbgrader")
    add_jobs(bench)
    bench.add_argument("--students", type=int, default=200, metavar="N", help="submissions for the kit (%(default)s)")
    bench.add_argument("--stock", type=int, default=3, metavar="N", help="submissions for nbgrader (%(default)s)")
    bench.add_argument(
        "--out", type=Path, default=Path("build/bench.json"), metavar="FILE", help="receives the figures (%(default)s)"
    )

    kernelspec = add_command(
        commands, "kernelspec", run_kernelspec, "install the confined kernel for nbclient, nbgrader and Jupyter",
        "Installs the confined kernel under the name confined-python3, and prints where.",
    )  # fmt: skip
    kernelspec.add_argument(
        "--prefix", type=Path, metavar="DIR", help="installs it in DIR/share/jupyter/kernels (DIR: that of this Python)"
    )
    add_limits(kernelspec, OF_A_PROCESS)

    add_command(commands, "doctor", run_doctor, "say what this machine has: versions, device, confinement")
    return top


# The names of `grading.limits` with their units and the usual values.
OF_A_RUN = "cell=60 (seconds), question=10 (seconds), notebook=600 (seconds), output=1MiB (printed by a cell)"
OF_A_PROCESS = (
    "memory=4GiB, scratch=256MiB (files written), processes=256 (threads), files=512 (open at once), "
    "cpu=1800 (seconds of processor time)"
)


def add_command(commands, name, run, text, more=""):
    """Returns the parser of a command that `run` carries out."""
    description = f"{text[0].upper()}{text[1:]}. {more}".strip()
    command = commands.add_parser(name, help=text, description=description)
    command.set_defaults(run=run)
    return command


def add_jobs(command):
    command.add_argument("--jobs", type=int, default=cores(), metavar="N", help="submissions at a time (%(default)s)")


def add_out(command, folder):
    command.add_argument(
        "--out", type=Path, default=Path(folder), metavar="DIR", help="receives what is made (%(default)s)"
    )


def add_limits(command, names):
    text = f"what one notebook may use; may be repeated. The names, each with its usual value: {names}. Sizes are in "
    text += "bytes, KiB, MiB or GiB"
    command.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help=text)


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_grade(options):
    if not options.submitted.is_dir():
        raise UsageError(
            f"there is no folder {options.submitted}: put the notebooks in "
            f"{options.submitted}/<student>/<assignment>/<assignment>.ipynb, or name another folder with --submitted"
        )
    console = screen.on_stdout()
    take_assignments(options, console)
    return grade_folder(options, options.submitted, console)


def take_assignments(options, console):
    """Takes the assignments that stand among the names after --student for what they are, and says so."""
    from autograder import tasks

    taken = [
        name for name in options.student if name in tasks.names() and not os.path.lexists(options.submitted / name)
    ]
    if not taken:
        return
    options.student = [name for name in options.student if name not in taken]
    if not options.student:
        raise UsageError(
            f"--student needs a student's name: {', '.join(taken)} is an assignment, and no student's folder"
        )
    options.assignments = list(dict.fromkeys([*options.assignments, *taken]))
    say(console, f"{', '.join(taken)} after --student is an assignment, and no student's folder: it is graded as such.")


def grade_folder(options, submitted, console):
    """Grades what is in `submitted`, writes and prints the results, and returns the exit status."""
    # What can be refused without TensorFlow is refused before it starts.
    with screen.waiting(console, f"Reading {submitted}") as begins:
        check_numbers(options)
        jobs, limits = jobs_and_limits(options, console)
        submissions = wanted_submissions(options, submitted, console)
        check_out(options.out, submitted)
        secret = prepare(options)
        begins("Starting TensorFlow")
        start_servers()
        confinement = confined(options)
    warn_of(confinement, console)
    run = graded(options, console, submissions, secret, jobs, limits)
    return FAILED if run is None else conclude(options, console, submissions, run)


def check_out(out, submitted):
    """Raises UsageError where results would lie among the submissions, and be graded as students the next time."""
    if submitted.resolve() in (out.resolve(), *out.resolve().parents):
        raise UsageError(f"{out} lies in {submitted}, where each folder is a student: choose another folder with --out")


def start_servers():
    """Starts what kernels and graders are forked from, in the background: both import TensorFlow."""
    from autograder import kernels
    from autograder.grading import graders

    kernels.start_server("vikit.protocol.student_side")
    graders.start()


def wanted_submissions(options, submitted, console):
    """Returns the submissions that the command is about."""
    from autograder import tasks
    from autograder.grading import find_submissions
    from autograder.grading.submission import handed_in_assignments

    known_assignments(options.assignments)
    submissions, notices = find_submissions(submitted, tasks.names(), options.assignments, options.student)
    for notice in notices:
        say(console, notice, "yellow")
    if not submissions:
        raise UsageError(f"there is nothing to grade in {submitted}: put notebooks into <student>/<assignment>/ there")
    unknown = any(item.fault for item in submissions)
    if not (unknown or options.assignments or options.student or handed_in_assignments(submitted, tasks.names())):
        raise UsageError(
            f"no student's folder in {submitted} holds an assignment, as in <student>/<assignment>/<assignment>.ipynb: is it "
            f"the right folder? For example {submissions[0].label}: {submissions[0].notice}. To grade it all the same name "
            "the assignment"
        )
    for assignment in {item.assignment for item in submissions}:
        places.released_folder(assignment)
    return submissions


def warn_of(confinement, console):
    if not confinement.complete:
        on = ", ".join(confinement.layers) or "none"
        say(
            console, f"not fully confined (layers: {on}): grade only notebooks you trust; see `make doctor`", "bold red"
        )
    if not confinement.warm:
        say(console, "no warm kernels: every notebook imports TensorFlow anew", "yellow")


def graded(options, console, submissions, secret, jobs, limits):
    """Returns the `ClassRun` of the submissions; None where nothing could be graded, which is said."""
    from autograder import kernels
    from autograder.grading.classroom import grade_class
    from autograder.grading.graders import GraderError
    from autograder.reference.device import DeviceError

    try:
        with screen.counting(console, len(submissions)) as (begins, done):
            return grade_class(
                submissions, options.out, secret, jobs, options.device, options.force, unsafe=options.unsafe,
                limits=limits, finished=lambda item: done(f"graded {item.student}"), begins=begins,
            )  # fmt: skip
    except DeviceError as error:
        raise UsageError(str(error)) from error
    except (GraderError, kernels.KernelError) as error:
        say(console, f"nothing was graded: {error}; run again when that is mended", "bold red")
        return None


def check_numbers(options):
    """Raises UsageError for a number of jobs or submissions that makes no sense."""
    for name in ("jobs", "students", "stock"):
        if getattr(options, name, 1) < 1:
            raise UsageError(f"--{name} must be at least 1, not {getattr(options, name)}")


def jobs_and_limits(options, console=None):
    """Returns how many notebooks to grade at a time, and the limits of each; says where that is much for this machine.

    Nothing is said without a console.
    """
    from autograder.grading.limits import limits_for, machine_memory, most_jobs, size_text

    jobs, notices = min(options.jobs, most_jobs()), []
    if jobs < options.jobs:
        notices.append(f"{jobs} notebooks at a time, not {options.jobs}: this machine has no memory for more")
    try:
        limits = limits_for(jobs, options.limit)
    except ValueError as error:
        raise UsageError(str(error)) from error
    wanted = jobs * limits.bounds.memory
    if wanted > machine_memory():
        notices.append(
            f"{jobs} notebooks at a time may use {size_text(wanted)} of memory, and this machine has "
            f"{size_text(machine_memory())}: where it runs out others suffer; take fewer --jobs"
        )
    for notice in notices if console else ():
        say(console, notice, "yellow")
    return jobs, limits


def confined(options):
    """Returns the confinement that notebooks run in; refuses to grade without any unless --unsafe was given."""
    from autograder.grading.verdict import Unconfined, confine

    try:
        return confine(options.unsafe)
    except Unconfined as error:
        raise UsageError(str(error)) from error


def prepare(options):
    """Returns the course's secret, and sees that results can be written before anybody waits for them."""
    from vikit.judging import faults

    from autograder.grading.verdict import course_secret

    try:
        if options.secret_file and not options.secret_file.is_file():
            raise UsageError(f"there is no secret file {options.secret_file}")
        secret = course_secret(options.secret_file or options.out / "secret")
        for name in ("verdicts", "feedback"):
            (options.out / name).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if faults.is_of_the_machine(error):
            raise
        raise UsageError(
            f"{options.out} cannot be used: {error}" if isinstance(error, OSError) else str(error)
        ) from error
    if not os.access(options.out, os.W_OK) or (options.out / "grades.csv").is_dir():
        raise UsageError(f"{options.out} cannot be written to: choose another folder with --out")
    return secret


def conclude(options, console, submissions, run):
    """Writes the reports, prints the summary, and returns the exit status."""
    from autograder.files import alone, sweep
    from autograder.grading.classroom import assignments_without_points, read_all

    for notice in run.notices:
        say(console, notice, "yellow")
    unwritten, everything = [], []
    try:
        # Of several graders at once the last to write has read what the others found.
        with (
            screen.waiting(console, f"Writing the reports into {options.out}"),
            alone(options.out / ".lock", lambda: say(console, "Another grader is writing its reports here: waiting.")),
        ):
            everything = read_all(options.out)
            write_reports(run.verdicts.values(), everything, options.out)
            # What students handed in may lie there too.
            sweep(options.out, ("verdicts", "feedback"))
    except OSError as error:
        unwritten.append(f"reports were not written: {error}; run again when that is mended: no verdict is lost")
    tell(options, console, submissions, run, everything)
    if run.interrupted:
        say(
            console,
            f"stopped: {len(run.verdicts)} of {len(submissions)} have a verdict; run again for the rest.",
            "bold red",
        )
        return INTERRUPTED
    graded = dict.fromkeys(run.partial, "graded but for this")
    failures = [
        f"{graded.get(failure, 'not graded')}, the kit failed: {failure}" for failure in run.failures
    ] + unwritten
    for said, failed in assignments_without_points(run):
        if failed:
            failures.append(said)
        else:
            say(console, said, "bold red")
    for failure in failures:
        say(console, failure, "bold red")
    return FAILED if failures else 0


def tell(options, console, submissions, run, everything):
    """Prints the tables, what was kept, what came out another way than before, and where the results are."""
    from autograder.grading.classroom import list_changes
    from autograder.reports import gradebook, summary

    for part in summary.build_parts(list(run.verdicts.values())):
        console.print(part)
    if run.kept:
        say(
            console, f"{run.kept} of {len(submissions)} had a verdict already and were kept; --force grades them again."
        )
    if run.before:
        changed = list_changes(run)
        say(console, f"{len(run.before)} graded again, {len(changed)} with another result" + ":" * bool(changed))
        for line in changed:
            say(console, f"  {line}")
    others = len(everything) - len(run.verdicts)
    if others > 0:
        say(
            console,
            f"grades.csv also holds {others} verdicts of earlier runs, on students or assignments not graded now.",
        )
    mixed = gradebook.mixed_versions(everything)
    if mixed:
        say(
            console, f"grades.csv mixes versions of the kit: {mixed}; grade all of them again to compare them", "yellow"
        )
    say(console, f"Results: {options.out}/grades.csv, {options.out}/feedback/, {options.out}/verdicts/")


def write_reports(verdicts, everything, out):
    from autograder.files import write_whole
    from autograder.reports import feedback, gradebook

    for verdict in verdicts:
        path = out / "feedback" / verdict["assignment"] / f"{file_stem(verdict['student'])}.html"
        write_whole(path, feedback.feedback_html(verdict))
    write_whole(out / "grades.csv", gradebook.grades_csv(everything))


def run_sample(options):
    console, submitted = screen.on_stdout(), options.out / "submitted"
    with screen.waiting(console, f"Preparing a sample class in {options.out}") as begins:
        # Whatever grading would refuse is refused before the class is made.
        check_numbers(options)
        jobs, _ = jobs_and_limits(options)
        check_sample_students(options.student, submitted)
        check_out(options.out, SUBMITTED)
        prepare(options)
        begins("Starting TensorFlow")
        check_device(options.device, confined(options))
    say(console, f"No submissions yet: here is a sample class, in {options.out}/.")
    write_sample(submitted, jobs, console)
    status = grade_folder(options, submitted, console)
    own = f"{SUBMITTED}/<student>/<assignment>/<assignment>.ipynb"
    say(console, f"To grade your own class put its notebooks into {own} and run `make grade` again.")
    return status


def check_sample_students(names, submitted):
    """Raises UsageError where there would be nothing to grade of a sample class that is written to `submitted`."""
    from autograder.build import sample

    places.released_folder(sample.ASSIGNMENT)
    there = sample.students()
    if names and not any(name in there or os.path.lexists(submitted / name) for name in names):
        raise UsageError(f"no student of the sample class is called {', '.join(names)}; there are: {', '.join(there)}")


def check_device(device, confinement):
    """Raises UsageError if the device was asked for and is not there; a grader looks, as this process must not start it."""
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


def write_sample(submitted, jobs, console):
    """Writes the notebooks of the sample class to `submitted`, and runs them as their students did, `jobs` at a time."""
    from autograder.build import sample

    with screen.counting(console, sample.size()) as (begins, done):
        begins(f"Writing and running the class's {sample.size()} notebooks")
        sample.write_class(submitted, jobs, finished=lambda student: done(f"wrote the notebook of {student}"))


def run_assignments(options):
    places.check_checkout("assignments")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow") as begins:
        from autograder.build import notebooks, script
        from autograder.reference import device as devices
        from autograder.tasks import QuestionError

        devices.choose()
        try:
            paths = notebooks.write_assignments(begins=begins)
        except (script.ScriptError, QuestionError) as error:
            raise UsageError(str(error)) from error
    for path in paths:
        print(path.relative_to(script.REPOSITORY))
    return 0


def run_solutions(options):
    names = known_assignments(options.assignments)
    console = screen.beside_results()
    with screen.waiting(console, "Starting TensorFlow"):
        from autograder.build import execute
        from autograder.reference import device as devices

        devices.choose()
    for name in names:
        with screen.waiting(console, f"Running the solution of {name}"):
            path = execute.write_html(name, options.out)
        print(path, flush=True)
    return 0


def run_matrix(options):
    names = known_assignments(options.assignments)
    console = screen.on_stdout()
    with screen.waiting(console, "Starting TensorFlow"):
        from autograder import tasks
        from autograder.reference import device as devices

        devices.choose()
        questions = {name: tasks.load(name).functions for name in names}
    with screen.counting(console, sum(map(len, questions.values()))) as shown:
        for name, asked in questions.items():
            path = write_matrix(options, console, name, asked, *shown)
            say(console, f"All transformations and the pairs that no inputs tell apart: {path}")
    return 0


def write_matrix(options, console, name, questions, begins, done):
    """Prints the matrix of each question of an assignment, writes them as a page, and returns its path."""
    from autograder.files import write_whole
    from autograder.reports import matrix as pages
    from autograder.tasks.matrix import kill_matrix

    begins(f"Putting the known mistakes of {name} to {len(questions)} questions")
    matrices = []
    for task in questions:
        matrices.append(kill_matrix(name, task))
        console.print(pages.build_table(matrices[-1]))
        done(f"{name}: {task.name}")
    path = options.out / f"{name}.html"
    write_whole(path, pages.build_page(name, matrices))
    return path


def known_assignments(names):
    """Returns `names`, or those of all assignments where there are none; raises UsageError for an unknown one."""
    from autograder import tasks

    for name in names:
        if name not in tasks.names():
            raise UsageError(f"no assignment is called {name}; there are: {', '.join(tasks.names())}")
    return names or tasks.names()


def run_release(options):
    places.check_checkout("release")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow") as begins:
        from autograder.build import archive
        from autograder.reference import device as devices

        devices.choose()
        path = archive.write_release(options.out, begins)
    print(path)
    return 0


def run_bench(options):
    import json

    from autograder.files import write_whole

    check_numbers(options)
    if options.students <= options.jobs:
        raise UsageError(f"--students must be more than --jobs, which is {options.jobs}: the start is taken off")
    with screen.waiting(screen.beside_results(), "Making the notebook of the reference solution") as begins:
        from autograder.bench import bench

        figures = json.dumps(bench(options.jobs, options.stock, options.students, begins), indent=1) + "\n"
    write_whole(options.out, figures)
    print(figures, end="")
    return 0


def run_kernelspec(options):
    with screen.waiting(screen.beside_results(), "Installing the kernel"):
        from autograder.grading.limits import bounds_for
        from autograder.grading.run import student_half
        from autograder.kernels import provisioner

        try:
            limits = bounds_for(options.limit)
        except ValueError as error:
            raise UsageError(str(error)) from error
        path = provisioner.install(student_half(), prefix=options.prefix, limits=limits)
    print(path)
    return 0


def run_doctor(options):
    from autograder import doctor

    doctor.report(screen.on_stdout())
    return 0
