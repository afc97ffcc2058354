"""Which room may know which: the boundaries that the design rests on."""

import ast
import graphlib
import importlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import vikit

import autograder
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
            ("vikit", "solutions", *(f"autograder.{room}" for room in ("tasks", "grading", "reference", "build"))),
        ),
        (KIT / "tasks", ("autograder.grading", "autograder.kernels", "autograder.build", "solutions")),
        (KIT / "grading", ("autograder.build", "autograder.reports", "solutions")),
        (KIT / "reports", ("autograder.tasks", "autograder.reference", "autograder.kernels", "solutions")),
        (VIKIT, ("autograder", "solutions", "scipy")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_room_knows_only_what_it_may(folder, forbidden):
    wrong = [(path.name, name) for path, name in imports(folder) if name.startswith(forbidden)]
    assert wrong == []


# What each room of vikit may import of vikit: the rooms below it. The page is all that lies in no room.
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
    """Returns from the name of each module of vikit, `room.module`, to the names of those that it imports."""
    names = {path: path.relative_to(VIKIT).with_suffix("").as_posix().replace("/", ".") for path in VIKIT.rglob("*.py")}
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
    graphlib.TopologicalSorter({name: imported - {name} for name, imported in modules_of_vikit().items()}).prepare()


LISTED_ROOMS = ("judging", "protocol", "notebook", "exams")


def exported(path):
    """Returns the `__all__` of a module; None where it has none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return None


def uses(folder):
    """Yields (module, name) for each name that a file in `folder` takes from a module of vikit's LISTED_ROOMS."""
    modules = {f"vikit.{room}.{file.stem}" for room in LISTED_ROOMS for file in (VIKIT / room).glob("[a-z]*.py")}
    taken = imports(folder)
    yield from (tuple(imported.rsplit(".", 1)) for _, imported in taken if imported.rpartition(".")[0] in modules)
    for path in {path for path, imported in taken if imported in modules}:
        known = {
            imported.rpartition(".")[2]: imported for file, imported in taken if file == path and imported in modules
        }
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                yield known[node.value.id], node.attr


@pytest.mark.parametrize("room", LISTED_ROOMS)
def test_a_module_lists_the_names_that_others_use(room):
    listed = {f"vikit.{room}.{path.stem}": exported(path) for path in (VIKIT / room).glob("[a-z]*.py")}
    assert listed
    assert [module for module, names in listed.items() if names is None] == []
    for module, names in listed.items():
        assert all(hasattr(importlib.import_module(module), name) for name in names)
    used = {use for folder in (VIKIT, KIT) for use in uses(folder) if use[0] in listed}
    assert len(used) > 5
    assert sorted((module, name) for module, name in used if name not in (*listed[module], "__name__")) == []


@pytest.mark.parametrize("room", ["judging", "exams"])
def test_a_function_says_what_it_returns_and_takes_five_arguments_at_most(room):
    functions = [
        (path.name, node)
        for path in sorted((VIKIT / room).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) > 50
    assert [(file, node.name) for file, node in functions if node.returns is None] == []
    arguments = {
        (file, node.name): [one.arg for one in node.args.args + node.args.kwonlyargs if one.arg not in ("self", "cls")]
        for file, node in functions
    }
    assert {name: listed for name, listed in arguments.items() if len(listed) > 5} == {}


def test_the_graders_side_unpickles_and_evaluates_nothing():
    names = {"eval", "exec", "pickle", "dill", "cloudpickle", "marshal", "shelve"}
    for folder in (KIT / "grading", KIT / "kernels", KIT / "reports", VIKIT):
        for path in folder.rglob("*.py"):
            used = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
            assert not used & names, path
        assert not [name for _, name in imports(folder) if name.split(".")[0] in names]


def test_the_top_level_is_what_was_asked_for():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"autograder": "autograder.cli:main"}
    for name in ("assignments", "solutions", "autograder", "data", "requirements.txt", "README.md", "Makefile"):
        assert (REPOSITORY / name).exists()


def requirements(file):
    """Returns a dict from the package of each line of a requirements file to the rest of the line."""
    lines = [line.split("#")[0].strip() for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines()]
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
        done = subprocess.run(["make", "-n", command], cwd=tmp_path, capture_output=True, text=True, check=True)
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
    assert {"help", "grade", "test", "assignments", "solutions", "release", "doctor", "clean"} <= set(commands)
    for command in commands:
        (line,) = [line for line in text.splitlines() if line.startswith(f"{command}:")]
        assert "## " in line, command
