"""What a notebook may use, and how an instructor says so: `memory=8GiB`, `question=30`."""

import math
import os
import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from autograder.kernels import Bounds
from autograder.machine import cores

__all__ = [
    "Limits",
    "bounds_for",
    "limits_by_name",
    "limits_for",
    "machine_memory",
    "most_jobs",
    "size_text",
    "usual_jobs",
]

MEMORY_SHARE = 0.8
UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
SIZES = ("output", "memory", "scratch")
# What a container may use: control groups of version 2, and of version 1.
CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
COUNTS = ("processes", "files")
MOST = 2**50
# With less TensorFlow does not start.
LEAST = {
    "output": 2**10,
    "memory": 2**30,
    "scratch": 2**20,
    "processes": 64,
    "files": 64,
    "cpu": 10,
}


@dataclass(frozen=True)
class Limits:
    """The limits of one notebook; the usual ones are those that students are told.

    Attributes:
        cell: Seconds for a cell.
        question: Seconds for all cases of a question.
        notebook: Seconds for all runs of all cells together.
        output: Bytes that a cell or a question may print.
        bounds: What the process may use: memory, scratch space, threads, files, processor time.
        given: The limits that an instructor has set, by name.
    """

    cell: float = 60
    question: float = 10
    notebook: float = 600
    output: int = 2**20
    bounds: Bounds = field(default_factory=Bounds)
    given: tuple = ()


NAMES = (
    *(item.name for item in fields(Limits) if item.name not in ("bounds", "given")),
    *(item.name for item in fields(Bounds)),
)


def limits_for(jobs: int, settings=()) -> Limits:
    """Returns each notebook's `Limits` where `jobs` run at once: they leave a fifth of the memory.

    Args:
        jobs: How many.
        settings: Texts such as `memory=8GiB`; they override the usual limits.

    Raises:
        ValueError: If a setting is none.
    """
    usual = Bounds()
    share = max(LEAST["memory"], MEMORY_SHARE * machine_memory() / jobs)
    found = Limits(bounds=replace(usual, memory=int(min(usual.memory, share))))
    for name, value in map(parse_setting, settings):
        setting: dict[str, Any] = {name: value}
        if name in (item.name for item in fields(Bounds)):
            setting = {"bounds": replace(found.bounds, **setting)}
        found = replace(found, given=(*found.given, name), **setting)
    return found


def most_jobs() -> int:
    """Returns how many notebooks this machine holds at a time: TensorFlow must start in each."""
    return max(1, int(MEMORY_SHARE * machine_memory() / LEAST["memory"]))


def usual_jobs() -> int:
    """Returns how many notebooks are graded at a time where nobody says another number."""
    return min(cores(), most_jobs())


def bounds_for(settings) -> Bounds:
    """Returns the `Bounds` of a kernel that Jupyter starts.

    Raises:
        ValueError: If a setting is none, or concerns only what is graded.
    """
    limits = limits_for(1, settings)
    odd = set(limits.given) - {item.name for item in fields(Bounds)}
    if odd:
        raise ValueError(
            f"{min(odd)} is no limit of a kernel by itself: "
            "Jupyter and nbgrader have settings for that"
        )
    return limits.bounds


def machine_memory(groups=CONTROL_GROUPS) -> float:
    """Returns this machine's bytes of memory, or its container's where that is less."""
    known = hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if known else math.inf]
    for file in map(Path, groups):
        # "max" where there is no limit.
        if file.is_file() and (text := file.read_text().strip()).isdecimal():
            sizes.append(int(text))
    return min(sizes)


def parse_setting(setting: str) -> tuple[str, float]:
    """Returns (name, value) of a setting."""
    name, _, text = setting.partition("=")
    if name not in NAMES:
        raise ValueError(
            f"there is no limit {name!r}: write NAME=VALUE with one of {', '.join(NAMES)}"
        )
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(\w*)", text)
    number, unit = match.groups() if match else ("0", "")
    if unit not in UNITS or (unit and name not in SIZES) or not float(number) > 0:
        example = "256MiB or 4GiB" if name in SIZES else "20"
        raise ValueError(
            f"{setting!r} is no limit: write {name}= and a number above 0, {example} for example"
        )
    value = float(number) * UNITS[unit]
    if value > MOST:
        raise ValueError(
            f"{setting!r} is more than any machine has: write {name}= and a number that is"
        )
    least = LEAST.get(name, 0)
    if value < least:
        wanted = size_text(least) if name in SIZES else least
        raise ValueError(
            f"{setting!r} is too little for any notebook: "
            f"write {name}= and a number, {wanted} or more"
        )
    return name, int(value) if name in SIZES + COUNTS + ("cpu",) else value


def limits_by_name(limits: Limits) -> dict[str, float]:
    """Returns what was set by an instructor, as JSON data."""
    return {
        name: getattr(limits, name, None) or getattr(limits.bounds, name)
        for name in sorted(set(limits.given))
    }


def size_text(number: float) -> str:
    """Returns a number of bytes as people write it."""
    unit = next((unit for unit in ("GiB", "MiB", "KiB") if number >= UNITS[unit]), "bytes")
    return f"{number / UNITS.get(unit, 1):.3g} {unit}"
