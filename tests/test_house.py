"""Which room may know which: the boundaries that the design rests on."""

import ast
import graphlib
import importlib
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import vikit

import autograder
from autograder.build import script
from autograder.build.script import REPOSITORY

KIT = Path(autograder.__file__).parent
VIKIT = Path(vikit.__file__).parent


def imports(folder):
    """Returns (file, module imported) for all imports below `folder`, relative ones resolved."""
    found = []
    for path in folder.rglob("*.py"):
        package = [*path.relative_to(folder.parent).parent.parts]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [(path, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                found += [(path, f"{module}.{alias.name}") for alias in node.names]
    assert found
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (KIT / "reference", ("autograder.tasks", "autograder.grading", "vikit", "solutions")),
        (
            KIT / "kernels",
            (
                "vikit",
                "solutions",
                *(f"autograder.{room}" for room in ("tasks", "grading", "reference", "build")),
            ),
        ),
        (
            KIT / "tasks",
            ("autograder.grading", "autograder.kernels", "autograder.build", "solutions"),
        ),
        (KIT / "grading", ("autograder.build", "autograder.reports", "solutions")),
        (
            KIT / "reports",
            ("autograder.tasks", "autograder.reference", "autograder.kernels", "solutions"),
        ),
        (VIKIT, ("autograder", "solutions", "scipy")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_room_knows_only_what_it_may(folder, forbidden):
    wrong = [(path.name, name) for path, name in imports(folder) if name.startswith(forbidden)]
    assert wrong == []


# What each room of vikit may import of vikit: the rooms below it.
# The page is all that lies in no room.
BELOW = {
    "notebook": (),
    "judging": (),
    "protocol": ("judging",),
    "exams": ("judging", "protocol", "data"),
    "": ("notebook", "judging", "protocol", "exams"),
}


def room_of(path):
    return path.relative_to(VIKIT).parent.as_posix().removeprefix(".")


def modules_of_vikit():
    """Returns from the name of each module of vikit, `room.module`, to the names of those that it
    imports.
    """
    names = {
        path: path.relative_to(VIKIT).with_suffix("").as_posix().replace("/", ".")
        for path in VIKIT.rglob("*.py")
    }
    known = {f"vikit.{name.removesuffix('.__init__')}": name for name in names.values()}
    found = {name: set() for name in names.values()}
    for path, imported in imports(VIKIT):
        parent = imported.rpartition(".")[0]
        found[names[path]] |= {known[module] for module in (imported, parent) if module in known}
    return found


def test_the_rooms_of_vikit_know_only_those_below_them():
    assert {room_of(path) for path in VIKIT.rglob("*.py")} == set(BELOW)
    wrong = []
    for path, imported in imports(VIKIT):
        names = imported.split(".")
        own, allowed = room_of(path), BELOW[room_of(path)]
        if own and names[0] == "vikit" and names[1] not in (own, *allowed):
            wrong.append((path.name, imported))
    assert wrong == []


def test_no_modules_of_vikit_import_each_other_in_a_circle():
    graphlib.TopologicalSorter(
        {name: imported - {name} for name, imported in modules_of_vikit().items()}
    ).prepare()


# Cells of students' notebooks: what a student reads, or writes.
CELLS = (KIT / "build" / "sample_class", KIT / "build" / "first_cell.py")
MAX_LINES, MAX_ARGUMENTS = 30, 5


@cache
def syntax_tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def modules():
    """Returns from the name of each module of both packages that holds any code to its path."""
    found = {}
    for folder in (KIT, VIKIT):
        for path in sorted(folder.rglob("*.py")):
            is_empty = len(syntax_tree(path).body) <= 1
            if path.name != "__main__.py" and not is_empty and not {path, *path.parents} & {*CELLS}:
                name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


def exported(path):
    """Returns the `__all__` of a module; None where it has none."""
    for node in syntax_tree(path).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return None


def bindings(path, package):
    """Yields (local name, what it names in full) for all that a file in `package` imports under a
    name.
    """
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (
                (alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names
            )


def uses(path, package, known):
    """Yields (module, name) for each name that a file takes from one of the modules `known`."""
    bound = {}
    for local, full in bindings(path, package):
        module, _, name = full.rpartition(".")
        if full in known:
            bound[local] = full
        elif module in known:
            yield module, name
    for node in ast.walk(syntax_tree(path)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in bound
        ):
            yield bound[node.value.id], node.attr


def test_a_module_lists_the_names_that_others_use():
    known = modules()
    listed = {name: exported(path) for name, path in known.items()}
    assert [name for name, names in listed.items() if names is None] == []
    used = set()
    for name, path in known.items():
        package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        used |= {use for use in uses(path, package, known) if use[0] != name}
    assert len(used) > 500
    inner = {tuple(name.rsplit(".", 1)) for name in known if "." in name}
    # What begins with two underscores every module has.
    taken = [(module, name) for module, name in used - inner if not name.startswith("__")]
    assert sorted((module, name) for module, name in taken if name not in listed[module]) == []


def test_what_a_module_lists_is_there():
    for name, path in modules().items():
        module = importlib.import_module(name)
        assert [listed for listed in exported(path) if not hasattr(module, listed)] == [], name


def functions(tree, outside=""):
    """Yields (name, node) for all functions of a syntax tree; the name of an inner one begins with
    those around it.
    """
    for node in ast.iter_child_nodes(tree):
        name = f"{outside}.{node.name}".lstrip(".") if hasattr(node, "name") else outside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
        yield from functions(node, name)


def all_functions():
    """Returns (module, name, node, the file's lines) for all functions of both packages."""
    return [
        (module, name, node, path.read_text(encoding="utf-8").splitlines())
        for module, path in modules().items()
        for name, node in functions(syntax_tree(path))
    ]


def argument_names(function):
    listed = function.args
    every = [*listed.posonlyargs, *listed.args, *listed.kwonlyargs, listed.vararg, listed.kwarg]
    return [argument.arg for argument in every if argument and argument.arg not in ("self", "cls")]


def count_lines(function):
    """Returns how many lines a function has, without its decorators and its docstring."""
    first = function.body[0]
    docstring = first if ast.get_docstring(function, clean=False) is not None else None
    return (
        function.end_lineno
        - function.lineno
        + 1
        - (docstring.end_lineno - docstring.lineno + 1 if docstring else 0)
    )


def reason_above(function, lines):
    """Returns the comment right above a function, as one text."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)]) - 1
    start = first
    while start and lines[start - 1].strip().startswith("#"):
        start -= 1
    return " ".join(line.strip() for line in lines[start:first])


def test_every_function_says_what_it_returns():
    found = all_functions()
    assert len(found) > 1000
    assert [f"{module}.{name}" for module, name, node, _ in found if node.returns is None] == []


def test_mypy_passes_over_no_errors():
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "mypy"
    ]
    assert "ignore_errors" not in {
        key for entry in (settings, *settings["overrides"]) for key in entry
    }


def solution_functions():
    """Returns the same for the solution scripts, which students read in part."""
    return [
        (f"solutions.{path.stem}", name, node, path.read_text(encoding="utf-8").splitlines())
        for path in sorted(script.SOLUTIONS.glob("a*.py"))
        for name, node in functions(syntax_tree(path))
    ]


def test_no_function_is_long_without_a_reason():
    """The reason stands in a comment above the function that begins with "Not shorter"."""
    every = all_functions() + solution_functions()
    long = [found for found in every if count_lines(found[2]) > MAX_LINES]
    assert [
        f"{module}.{name}"
        for module, name, node, lines in long
        if "# Not shorter: " not in reason_above(node, lines)
    ] == []


def test_no_function_has_many_arguments_without_a_reason():
    """The reason stands in a comment above the function that begins with "Not fewer arguments"."""
    many = [found for found in all_functions() if len(argument_names(found[2])) > MAX_ARGUMENTS]
    assert many
    assert [
        f"{module}.{name}"
        for module, name, node, lines in many
        if "# Not fewer arguments: " not in reason_above(node, lines)
    ] == []


def public_functions(path):
    """Yields (name, node) for the functions that a module lists, and for the methods of the classes
    that it lists.
    """
    for node in syntax_tree(path).body:
        if getattr(node, "name", None) not in exported(path):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(
                method, ast.FunctionDef | ast.AsyncFunctionDef
            ) and not method.name.startswith("_"):
                yield f"{node.name}.{method.name}", method


def test_the_docstring_of_a_public_function_says_what_its_arguments_are():
    """One or two are told in a sentence."""
    several = [
        (f"{module}.{name}", node)
        for module, path in modules().items()
        for name, node in public_functions(path)
        if len(argument_names(node)) > 2
    ]
    assert len(several) > 50
    assert [name for name, node in several if "Args:" not in (ast.get_docstring(node) or "")] == []


def test_the_graders_side_unpickles_and_evaluates_nothing():
    names = {"eval", "exec", "pickle", "dill", "cloudpickle", "marshal", "shelve"}
    for folder in (KIT / "grading", KIT / "kernels", KIT / "reports", VIKIT):
        for path in folder.rglob("*.py"):
            used = {
                node.id
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Name)
            }
            assert not used & names, path
        assert not [name for _, name in imports(folder) if name.split(".")[0] in names]


def test_the_top_level_is_what_was_asked_for():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"autograder": "autograder.cli:main"}
    for name in (
        "assignments",
        "solutions",
        "autograder",
        "data",
        "requirements.txt",
        "README.md",
        "Makefile",
    ):
        assert (REPOSITORY / name).exists()


def requirements(file):
    """Returns a dict from the package of each line of a requirements file to the rest of the
    line.
    """
    lines = [
        line.split("#")[0].strip()
        for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines()
    ]
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines if line)


def test_every_requirement_has_an_upper_bound_and_a_tested_version():
    tested = requirements("constraints.txt")
    assert all(re.fullmatch(r"==[\d.]+", version) for version in tested.values())
    for file in ("requirements.txt", "requirements-test.txt"):
        for package, bounds in requirements(file).items():
            assert "<" in bounds, package
            assert package in tested


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_grading_installs_no_test_tools_and_testing_installs_the_rest(tmp_path):
    for name in (
        "Makefile",
        "requirements.txt",
        "requirements-test.txt",
        "constraints.txt",
        "pyproject.toml",
        "setup.py",
    ):
        shutil.copy(REPOSITORY / name, tmp_path)

    def steps(command):
        done = subprocess.run(
            ["make", "-n", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return [line for line in done.stdout.splitlines() if "pip install" in line]

    def asked_for(command):
        return [word for line in steps(command) for word in line.split() if word.endswith(".txt")]

    assert asked_for("grade") == ["constraints.txt", "requirements.txt"]
    assert asked_for("test") == [*asked_for("grade"), "constraints.txt", "requirements-test.txt"]
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "ready").touch()
    assert asked_for("grade") == []
    assert asked_for("test") == ["constraints.txt", "requirements-test.txt"]


def test_every_command_of_the_makefile_has_a_line_of_help():
    text = (REPOSITORY / "Makefile").read_text()
    (phony,) = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    commands = phony.split(":")[1].split()
    assert {
        "help",
        "grade",
        "test",
        "assignments",
        "solutions",
        "release",
        "doctor",
        "clean",
    } <= set(commands)
    for command in commands:
        (line,) = [line for line in text.splitlines() if line.startswith(f"{command}:")]
        assert "## " in line, command
