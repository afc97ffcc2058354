"""`autograder adopt`: makes a known mistake of an answer that nothing explains."""

from argparse import Namespace

from autograder import places

from .options import UsageError, add_command, add_course, add_submitted

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "adopt",
        run,
        "make a known mistake of an answer that nothing explains",
        "Writes its row beside the question's other mistakes, with the student's code in a "
        "comment, and its two lines into hints.md, for you to fill in.",
    )
    command.add_argument("assignment", metavar="ASSIGNMENT", help="for example a01_densities")
    command.add_argument("question", metavar="QUESTION", help="the question")
    command.add_argument("student", metavar="STUDENT", help="whose answer it is")
    command.add_argument("name", metavar="NAME", help="the mistake's name, for example kl_squared")
    add_submitted(command)
    add_course(command)


def run(options: Namespace) -> int:
    places.check_checkout("adopt")
    from autograder.build.adopt import adopt
    from autograder.build.skeleton import SkeletonError
    from autograder.grading.answers import code_of

    code = code_of(options.submitted, options.assignment, options.student, options.question)
    if not code:
        raise UsageError(
            f"{options.student} has no {options.question} in {options.submitted}: "
            "name the folder with --submitted"
        )
    try:
        written = adopt(options.assignment, options.question, options.name, code)
    except (SkeletonError, LookupError) as error:
        raise UsageError(error.args[0]) from error
    print(f"The mistake {options.name} has its places. What is left to do:")
    for path, what in written:
        print(f"  {path.relative_to(places.CHECKOUT)}: {what}")
    print("Then `make assignments` puts it into the public cases.")
    return 0
