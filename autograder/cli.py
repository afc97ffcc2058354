"""The command line: `python -m autograder COMMAND`, or `autograder COMMAND`."""

import argparse
import os
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder import places
from autograder.names import file_stem, printable

# The machine or the kit failed: the next run does what this one could not.
FAILED = 1
# What a shell says of a command that Ctrl-C ended.
INTERRUPTED = 130
SUBMITTED, OUT, SAMPLE = Path("course/submitted"), Path("course"), Path("course-sample")


class UsageError(Exception):
    """A command that cannot be carried out as given: exit status 2."""


def main(arguments=None):
    """Runs the command line and returns the exit status."""
    options = parser().parse_args(arguments)
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
    top = argparse.ArgumentParser(prog="autograder", description="Builds the assignments and grades a class.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade the submissions of a class")
    grade.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which to grade (all)")
    grade.add_argument("--submitted", type=Path, default=SUBMITTED, metavar="DIR", help=f"submissions ({SUBMITTED})")
    grade.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"receives verdicts and grades ({OUT})")
    grade.set_defaults(run=run_grade)

    sample = commands.add_parser("sample", help="make a sample class and grade it")
    sample.add_argument("--out", type=Path, default=SAMPLE, metavar="DIR", help=f"where ({SAMPLE})")
    sample.set_defaults(run=run_sample, assignments=[])
    for command in (grade, sample):
        command.add_argument("--student", nargs="+", default=[], metavar="NAME", help="only these students")
        command.add_argument(
            "--jobs", type=int, default=cores(), metavar="N", help="submissions at a time (%(default)s)"
        )
        command.add_argument(
            "--device", choices=["auto", "cpu", "gpu"], default="auto", help="for the references (auto)"
        )
        command.add_argument("--secret-file", type=Path, metavar="F", help="the course's secret (DIR/secret)")
        limit_option(
            command,
            "what a notebook may use, for example question=20 or memory=8GiB; may be repeated (README names all)",
        )
        command.add_argument("--unsafe", action="store_true", help="grade even where notebooks cannot be confined")
        command.add_argument("--force", action="store_true", help="grade again what has a verdict already")

    build = commands.add_parser("assignments", help="build assignments/ from solutions/")
    build.set_defaults(run=run_assignments)

    solutions = commands.add_parser("solutions", help="run the solutions and write them as HTML")
    solutions.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which (all)")
    solutions.add_argument("--out", type=Path, default=Path("build/solutions"), metavar="DIR", help="(build/solutions)")
    solutions.set_defaults(run=run_solutions)

    release = commands.add_parser("release", help="write the zip that students get")
    release.add_argument("--out", type=Path, default=Path("dist"), metavar="DIR", help="where (dist)")
    release.set_defaults(run=run_release)

    matrix = commands.add_parser("matrix", help="which case refuses which mistake")
    matrix.add_argument("assignments", nargs="+", metavar="ASSIGNMENT", help="which")
    matrix.add_argument(
        "--out", type=Path, default=Path("build/matrix"), metavar="DIR", help="for the page (build/matrix)"
    )
    matrix.set_defaults(run=run_matrix)

    bench = commands.add_parser("bench", help="how fast this machine grades, beside stock nbgrader")
    bench.add_argument("--jobs", type=int, default=cores(), metavar="N", help="submissions at a time (%(default)s)")
    bench.add_argument("--students", type=int, default=200, metavar="N", help="submissions for the kit (%(default)s)")
    bench.add_argument("--stock", type=int, default=3, metavar="N", help="submissions for nbgrader (%(default)s)")
    bench.add_argument("--out", type=Path, default=Path("build/bench.json"), metavar="FILE", help="(build/bench.json)")
    bench.set_defaults(run=run_bench)

    kernelspec = commands.add_parser(
        "kernelspec", help="install the confined kernel for nbclient, nbgrader and Jupyter"
    )
    kernelspec.add_argument("--prefix", type=Path, metavar="DIR", help="where (that of this Python)")
    limit_option(
        kernelspec,
        "what a notebook may use, for example memory=8GiB; may be repeated (memory, scratch, processes, files, cpu)",
    )
    kernelspec.set_defaults(run=run_kernelspec)

    doctor = commands.add_parser("doctor", help="say what this machine has")
    doctor.set_defaults(run=run_doctor)
    return top


def limit_option(command, text):
    command.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help=text)


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_grade(options):
    if not options.submitted.is_dir():
        raise UsageError(
            f"there is no folder {options.submitted}: put the notebooks in "
            f"{options.submitted}/<student>/<assignment>/<assignment>.ipynb, or name another folder with --submitted"
        )
    console = Console(stderr=False, width=console_width())
    take_assignments(options, console)
    known_assignments(options.assignments)
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


def console_width():
    """Returns None to take the terminal's width; a fixed one where there is no terminal."""
    return None if sys.stdout.isatty() else 120


def grade_folder(options, submitted, console):
    """Grades what is in `submitted`, writes and prints the results, and returns the exit status."""
    from autograder import kernels

    # It takes as long as importing TensorFlow.
    kernels.start_server("vikit.probe")
    from autograder import tasks
    from autograder.grading import find_submissions, graders

    graders.start()
    from autograder.grading.classroom import grade_class
    from autograder.grading.graders import GraderError
    from autograder.reference.device import DeviceError

    if options.jobs < 1:
        raise UsageError(f"--jobs must be at least 1, not {options.jobs}")
    submissions, notices = find_submissions(submitted, tasks.names(), options.assignments, options.student)
    for notice in notices:
        say(console, notice, "yellow")
    if not submissions:
        raise UsageError(f"there is nothing to grade in {submitted}: put notebooks into <student>/<assignment>/ there")
    for assignment in {item.assignment for item in submissions}:
        places.released_folder(assignment)
    jobs, limits = bounded(options, console)
    secret = prepare(options)
    confinement = confined(options)
    if not confinement.complete:
        on = ", ".join(confinement.layers) or "none"
        say(
            console, f"not fully confined (layers: {on}): grade only notebooks you trust; see `make doctor`", "bold red"
        )
    if not confinement.warm:
        say(console, "no warm kernels: every notebook imports TensorFlow anew", "yellow")
    with progress_bar(console) as bar:
        task = bar.add_task("grading", total=len(submissions))
        try:
            run = grade_class(
                submissions, options.out, secret, jobs, options.device, options.force, unsafe=options.unsafe,
                limits=limits,
                finished=lambda item: bar.update(task, advance=1, description=f"graded {printable(item.student)}"),
            )  # fmt: skip
        except DeviceError as error:
            raise UsageError(str(error)) from error
        except (GraderError, kernels.KernelError) as error:
            say(console, f"nothing was graded: {error}; run again when that is mended", "bold red")
            return FAILED
        bar.update(task, description="graded")
    return conclude(options, console, submissions, run)


def bounded(options, console):
    """Returns how many notebooks to grade at a time, and the limits of each; says where that is much for this machine."""
    from autograder.grading.limits import limits_for, machine_memory, most_jobs, size_text

    jobs = min(options.jobs, most_jobs())
    if jobs < options.jobs:
        say(console, f"{jobs} notebooks at a time, not {options.jobs}: this machine has no memory for more", "yellow")
    try:
        limits = limits_for(jobs, options.limit)
    except ValueError as error:
        raise UsageError(str(error)) from error
    wanted = jobs * limits.bounds.memory
    if wanted > machine_memory():
        say(
            console,
            f"{jobs} notebooks at a time may use {size_text(wanted)} of memory, and this machine has "
            f"{size_text(machine_memory())}: where it runs out others suffer; take fewer --jobs",
            "yellow",
        )
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
    from autograder import kernels
    from autograder.grading.verdict import course_secret

    try:
        if options.secret_file and not options.secret_file.is_file():
            raise UsageError(f"there is no secret file {options.secret_file}")
        secret = course_secret(options.secret_file or options.out / "secret")
        for name in ("verdicts", "feedback"):
            (options.out / name).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if kernels.is_of_the_machine(error):
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
    from autograder.grading.classroom import read_all, without_points

    for notice in run.notices:
        say(console, notice, "yellow")
    unwritten, everything = [], []
    try:
        # Of several graders at once the last to write has read what the others found.
        with alone(options.out / ".lock", lambda: say(console, "Another grader is writing its reports here: waiting.")):
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
    for said, failed in without_points(run):
        if failed:
            failures.append(said)
        else:
            say(console, said, "bold red")
    for failure in failures:
        say(console, failure, "bold red")
    return FAILED if failures else 0


def tell(options, console, submissions, run, everything):
    """Prints the tables, what was kept, what came out another way than before, and where the results are."""
    from autograder.grading.classroom import changes
    from autograder.reports import gradebook, summary

    for table in summary.tables(list(run.verdicts.values())):
        console.print(table)
    if run.kept:
        say(
            console, f"{run.kept} of {len(submissions)} had a verdict already and were kept; --force grades them again."
        )
    if run.before:
        changed = changes(run)
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


def say(console, text, style=None):
    """Prints one line: names of students and files are no markup, and nothing in them steers the terminal."""
    console.print(printable(text), style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)


def progress_bar(console):
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def write_reports(verdicts, everything, out):
    from autograder.files import write_whole
    from autograder.reports import feedback, gradebook

    for verdict in verdicts:
        path = out / "feedback" / verdict["assignment"] / f"{file_stem(verdict['student'])}.html"
        write_whole(path, feedback.feedback_html(verdict))
    write_whole(out / "grades.csv", gradebook.grades_csv(everything))


def run_sample(options):
    from autograder.build import sample

    console = Console(width=console_width())
    say(console, f"No submissions yet: here is a sample class, in {options.out}/.")
    with progress_bar(console) as bar:
        task = bar.add_task("writing and running the class's notebooks", total=sample.size())
        sample.write_class(options.out / "submitted", options.jobs, finished=lambda _: bar.update(task, advance=1))
    status = grade_folder(options, options.out / "submitted", console)
    own = f"{SUBMITTED}/<student>/<assignment>/<assignment>.ipynb"
    say(console, f"To grade your own class put its notebooks into {own} and run `make grade` again.")
    return status


def run_assignments(options):
    places.check_checkout("assignments")
    from autograder.build import notebooks, script
    from autograder.reference import device as devices
    from autograder.tasks import TaskError

    devices.choose()
    try:
        for path in notebooks.write_assignments():
            print(path.relative_to(script.REPOSITORY))
    except (script.ScriptError, TaskError) as error:
        raise UsageError(str(error)) from error
    return 0


def run_solutions(options):
    from autograder.build import execute
    from autograder.reference import device as devices

    devices.choose()
    for name in known_assignments(options.assignments):
        print(execute.write_html(name, options.out), flush=True)
    return 0


def run_matrix(options):
    from autograder import tasks
    from autograder.files import write_whole
    from autograder.reference import device as devices
    from autograder.reports import matrix as pages
    from autograder.tasks.matrix import kill_matrix

    console = Console(width=console_width())
    devices.choose()
    for name in known_assignments(options.assignments):
        matrices = [kill_matrix(name, task) for task in tasks.load(name).functions]
        for matrix in matrices:
            console.print(pages.table(matrix))
        path = options.out / f"{name}.html"
        write_whole(path, pages.page(name, matrices))
        say(console, f"All closures and the pairs that no inputs tell apart: {path}")
    return 0


def known_assignments(names):
    """Returns `names`, or those of all assignments where there are none; raises UsageError for an unknown one."""
    from autograder import tasks

    for name in names:
        if name not in tasks.names():
            raise UsageError(f"no assignment is called {name}; there are: {', '.join(tasks.names())}")
    return names or tasks.names()


def run_release(options):
    places.check_checkout("release")
    from autograder.build import archive
    from autograder.reference import device as devices

    devices.choose()
    print(archive.write_release(options.out))
    return 0


def run_bench(options):
    import json

    from autograder.bench import bench
    from autograder.files import write_whole

    figures = json.dumps(bench(options.jobs, options.stock, options.students), indent=1) + "\n"
    write_whole(options.out, figures)
    print(figures, end="")
    return 0


def run_kernelspec(options):
    from autograder.grading.limits import bounds_for
    from autograder.grading.run import student_half
    from autograder.kernels import provisioner

    try:
        limits = bounds_for(options.limit)
    except ValueError as error:
        raise UsageError(str(error)) from error
    print(provisioner.install(student_half(), prefix=options.prefix, limits=limits))
    return 0


def run_doctor(options):
    from autograder import doctor

    doctor.report(Console(width=console_width()))
    return 0
