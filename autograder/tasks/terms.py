"""The terms of a question's formula, row by row, and what arguments may be taken for.

A question lists its terms (`of_output`); what may stand in their place is derived from what its
arguments may be taken for (`READINGS`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from vikit.judging import Column, DrawnCase, Reading, Term, Terms
from vikit.judging.terms import LINKS

from . import drawing
from .formulas import softmax
from .question import QuestionError
from .recent import Recent

__all__ = [
    "READINGS",
    "DeclaredTerms",
    "Intermediate",
    "TermRow",
    "intermediate",
    "of_output",
    "term",
]


class ArgumentReading(NamedTuple):
    """What an argument may be taken for.

    Attributes:
        key: Name.
        change: The argument that gives the same values if it is read rightly.
        words: What is wrong; `{name}` stands for the argument's name.
    """

    key: str
    change: Callable[[np.ndarray], np.ndarray]
    words: str


def log_abs(value) -> np.ndarray:
    return np.log(np.abs(value))


def sigmoid(value) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


def first_of_all(samples) -> np.ndarray:
    """Returns the first of the samples on the first axis, for all of them."""
    return np.broadcast_to(samples[:1], samples.shape)


# By kind of argument.
READINGS = {
    "log_var": (
        ArgumentReading("as_variance", log_abs, "{name} is taken for a variance"),
        ArgumentReading(
            "as_sigma", lambda v: 2 * log_abs(v), "{name} is taken for a standard deviation"
        ),
        ArgumentReading(
            "as_log_sigma",
            lambda v: 2 * v,
            "{name} is taken for the logarithm of a standard deviation",
        ),
        ArgumentReading(
            "sigma_for_variance",
            lambda v: v / 2,
            "a standard deviation stands where a variance belongs",
        ),
        ArgumentReading("negated", lambda v: -v, "the sign of {name} is turned round"),
        ArgumentReading("exponentiated", np.exp, "exp({name}) stands where {name} belongs"),
        ArgumentReading("left_out", np.zeros_like, "the variance is taken for 1"),
    ),
    "variance": (
        ArgumentReading("as_sigma", np.square, "{name} is taken for a standard deviation"),
        ArgumentReading("rooted", np.sqrt, "a standard deviation stands where {name} belongs"),
        ArgumentReading("as_log_variance", np.exp, "{name} is taken for its logarithm"),
        ArgumentReading("inverted", lambda v: 1 / v, "{name} and its inverse are exchanged"),
        ArgumentReading("left_out", np.ones_like, "{name} is taken for 1"),
    ),
    "sigma": (
        ArgumentReading("as_variance", np.sqrt, "{name} is taken for a variance"),
        ArgumentReading("squared", np.square, "a variance stands where {name} belongs"),
        ArgumentReading("inverted", lambda s: 1 / s, "{name} and its inverse are exchanged"),
        ArgumentReading("as_log_sigma", np.exp, "{name} is taken for its logarithm"),
        ArgumentReading("left_out", np.ones_like, "{name} is taken for 1"),
    ),
    "logits": (
        ArgumentReading(
            "as_probability", sigmoid, "the sigmoid of {name} stands in the place of {name}"
        ),
        ArgumentReading("negated", lambda a: -a, "the sign of {name} is turned round"),
    ),
    "class_logits": (
        ArgumentReading(
            "softmaxed", softmax, "the softmax of {name} stands in the place of {name}"
        ),
        ArgumentReading("negated", lambda a: -a, "the sign of {name} is turned round"),
    ),
    "weight": (
        ArgumentReading("left_out", np.ones_like, "{name} is taken for 1"),
        ArgumentReading("inverted", lambda w: 1 / w, "{name} divides where it should multiply"),
        ArgumentReading("one_more", lambda w: 1 + w, "1 + {name} stands where {name} belongs"),
    ),
    "mean": (
        ArgumentReading("left_out", np.zeros_like, "{name} is taken for 0"),
        ArgumentReading("negated", lambda m: -m, "the sign of {name} is turned round"),
    ),
    "noise": (
        ArgumentReading("squared", np.square, "{name} is squared"),
        ArgumentReading("absolute", np.abs, "{name} is taken without its sign"),
        ArgumentReading("first_alone", first_of_all, "all samples have the {name} of the first"),
    ),
    "binary": (
        ArgumentReading("inverted", lambda x: 1 - x, "{name} is exchanged for its complement"),
    ),
    "probability": (
        ArgumentReading("as_logit", sigmoid, "the sigmoid of {name} stands in the place of {name}"),
        ArgumentReading("inverted", lambda p: 1 - p, "{name} is exchanged for its complement"),
    ),
    "log_probability": (
        ArgumentReading("exponentiated", np.exp, "exp({name}) stands where {name} belongs"),
    ),
    "softmax": (
        ArgumentReading("as_probabilities", softmax, "the softmax of {name} is taken twice"),
        ArgumentReading("negated", lambda a: -a, "the sign of {name} is turned round"),
    ),
    "positive": (
        ArgumentReading("squared", np.square, "{name} is squared"),
        ArgumentReading("rooted", np.sqrt, "{name} stands under a root"),
    ),
}


@dataclass(frozen=True)
class TermRow:
    """A row of a question's terms: a `vikit.judging.Term` with its formula, in float64.

    Attributes:
        term: The `Term`.
        formula: From the question's arguments to values shaped like the answer.
    """

    term: Term
    formula: Callable[..., Any]


# Not fewer arguments: a row of a table.
def term(key, right, formula, text, words="", is_constant=False, part="") -> TermRow:
    """Returns a row of `of_output`.

    Args:
        key: Name, for the staff.
        right: The coefficient in the right answer; 0 for what only wrong answers have.
        formula: From the question's arguments, in float64, to values shaped like the answer.
        text: How it is written.
        words: What messages call it; "the term <text>" by default.
        is_constant: Whether it depends on sizes alone.
        part: The part of the formula that it belongs to, as "the KL".
    """
    declared = Term(key, words or f"the term {text}", text, right, is_constant, part)
    return TermRow(declared, formula)


class Intermediate(NamedTuple):
    """A value that stands in several terms, as the slope of a tanh.

    Attributes:
        formula: From the question's arguments, and the intermediates before it, to its values.
        others: What may stand in its place, by name: a formula, and what is wrong in words.
    """

    formula: Callable[..., Any]
    others: dict[str, tuple[Callable[..., Any], str]]


def intermediate(formula, **others) -> Intermediate:
    """Returns an `Intermediate`; each of `others` is a pair (formula, what is wrong in words)."""
    return Intermediate(formula, others)


@dataclass(frozen=True, eq=False)
class DeclaredTerms(Terms):
    """The `Terms` of an output, with their formulas.

    Attributes:
        compute: From a `Column` and the question's arguments to its values.
        sizes: From the letters of sizes to functions of the arguments.
        recent: The values of columns that one mistake after the other asks for.
    """

    recent: Recent = field(default_factory=Recent, kw_only=True)
    compute: Callable[[Column, list], np.ndarray] = field(kw_only=True)
    sizes: dict[str, Callable[..., int]] = field(kw_only=True)

    def formula(self, change: str) -> Callable[..., Any]:
        """Returns the formula of an answer with one change (see `factors`), of this output alone.

        It computes in the precision of its arguments.
        """
        factors = self.factors(change)

        def changed(*arguments) -> np.ndarray:
            total: Any = 0
            known = self.recent.values(arguments)
            for column, (coefficient, scale) in factors.items():
                if column not in known:
                    known[column] = self.compute(column, list(arguments))
                values = known[column]
                size = self.size_of(scale.removeprefix("*"), change)(*arguments) if scale else 1
                factor = coefficient * size if scale.startswith("*") else coefficient / size
                total = total + values.dtype.type(factor) * values
            return self.unlink(total)

        return changed

    def size_of(self, letter: str, change: str) -> Callable[..., int]:
        """Returns the function of the arguments that gives a size.

        Raises:
            QuestionError: If the terms declare no such size.
        """
        if letter not in self.sizes:
            declared = ", ".join(self.sizes) or "none"
            raise QuestionError(
                f"{change!r}: give of_output the size {letter} in `sizes` (there is {declared})"
            )
        return self.sizes[letter]

    def factors(self, change: str) -> dict[Column, tuple[float, str]]:
        """Returns the columns of an answer with one change, with coefficients and sizes.

        Args:
            change: The key of a term and what happens to it: "log_var:-1" (a factor), "log_var:0"
                (it is missing), "one:/K" (divided by a size), "variance:log_var_as_sigma" (a
                reading), "log_var:mean" (another term in its place), "+log_var" (another term
                besides); "all:2", "all:/K"; "KL:2" for all terms of the part "the KL"; the key of
                a reading alone: in all terms.

        Raises:
            QuestionError: If there is no such term or reading.
        """
        keys = {term.key: number for number, term in enumerate(self.terms)}
        readings = {reading.key: number for number, reading in enumerate(self.readings)}
        found = {
            Column(number): (term.right, "") for number, term in enumerate(self.terms) if term.right
        }
        if change in readings:
            return {Column(column.term, readings[change]): part for column, part in found.items()}
        if change.startswith("+") and change[1:] in keys:
            return {**found, Column(keys[change[1:]]): (1.0, "")}
        name, _, what = change.partition(":")
        parts = {part.removeprefix("the "): part for part in self.parts()}
        if name in parts:
            chosen = [Column(number) for number in self.parts()[parts[name]]]
        else:
            chosen = list(found) if name == "all" else [Column(keys.get(name, -1))]
        if chosen[0] not in found:
            raise QuestionError(f"{change!r}: no term of the right answer is called {name!r}")
        for column in chosen:
            right, _ = found.pop(column)
            if what in readings:
                found[Column(column.term, readings[what])] = right, ""
            elif what in keys:
                found[Column(keys[what])] = right, ""
            elif what[:1] in ("/", "*"):
                found[column] = right, what.removeprefix("/")
            else:
                found[column] = right * read_factor(change, what), ""
        return found


def read_factor(change: str, text: str) -> float:
    """Returns the number that a change multiplies a term by.

    Raises:
        QuestionError: If it is none.
    """
    try:
        return float(Fraction(text))
    except ValueError as error:
        raise QuestionError(
            f"{change!r}: {text!r} is neither a number nor a size nor the key of a term or reading"
        ) from error


# What changes the arguments of a question to those of the rows' formulas.
Change = Callable[[list], list]


# Not shorter: two functions need all that is made of the arguments.
# Not fewer arguments: each says something else of an output.
def of_output(
    arguments: dict[str, str],
    *rows: TermRow,
    swaps=(),
    together=None,
    intermediates=None,
    sizes=None,
    output: int = 0,
    link="",
    one_a_case=False,
) -> DeclaredTerms:
    """Returns the `Terms` of an output.

    Args:
        arguments: From the names of the question's arguments, in their order, to their kinds in
            `READINGS`; "" for an argument that nothing is taken for.
        rows: The terms: `TermRow`s.
        swaps: Pairs of names of arguments that may be exchanged.
        together: From what messages call several arguments of one kind, as "each log_var", to their
            names: they may be taken alike for something else.
        intermediates: From names to `Intermediate`s: the rows' formulas get their values after the
            arguments.
        sizes: From the letters of sizes to functions of the arguments, where a listed mistake
            divides by one.
        output: Which output of the question it is.
        link: What of the answer is the sum of the terms (see `vikit.judging.Terms.link_name`).
        one_a_case: As in `vikit.judging.Terms`.
    """
    check_rows(arguments, rows, swaps, link)
    intermediates = intermediates or {}
    plain = with_intermediates([one.formula for one in intermediates.values()])
    found = list(readings_of_arguments(arguments, swaps, together or {}, plain))
    found += readings_of_intermediates(intermediates)
    columns = tuple(
        Column(number, index) for index in range(-1, len(found)) for number in range(len(rows))
    )
    changes = [*(change for _, change in found), plain]  # The last is that of no reading, -1.

    def compute(column: Column, arguments: list) -> np.ndarray:
        with np.errstate(all="ignore"):
            values = rows[column.term].formula(*changes[column.reading](arguments))
        return in_floats(values)

    def evaluate(case: DrawnCase) -> np.ndarray:
        doubles = [drawing.to_float64(argument) for argument in case.arguments]
        shape = case.expected[output].shape
        return np.stack([np.broadcast_to(compute(column, doubles), shape) for column in columns])

    terms, readings = tuple(row.term for row in rows), tuple(reading for reading, _ in found)
    return DeclaredTerms(
        terms, readings, columns, evaluate, link, one_a_case, compute=compute, sizes=sizes or {}
    )


def check_rows(arguments, rows, swaps, link) -> None:
    """Raises `QuestionError` if what `of_output` is given makes no sense."""
    kinds = {kind for kind in arguments.values() if kind and kind not in READINGS}
    if kinds:
        raise QuestionError(
            f"no argument is of kind {', '.join(map(repr, sorted(kinds)))}: "
            f"there are {', '.join(READINGS)}, and '' for one that nothing is taken for"
        )
    keys = [row.term.key for row in rows]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise QuestionError(f"two terms have the key {', '.join(map(repr, twice))}: rename one")
    if not any(row.term.right for row in rows):
        raise QuestionError("no term has a right coefficient: the right answer is a sum of terms")
    unknown = [name for pair in swaps for name in pair if name not in arguments]
    if unknown:
        raise QuestionError(
            f"{unknown[0]!r} cannot be exchanged: the arguments are {', '.join(arguments)}"
        )
    if link not in LINKS:
        raise QuestionError(
            f"no link is called {link!r}: there are {', '.join(filter(None, LINKS))}, and ''"
        )


def in_floats(values) -> np.ndarray:
    """Returns values as an array of floats, of the precision that they have."""
    values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(float)


def readings_of_arguments(
    arguments, swaps, together, plain: Change
) -> Iterator[tuple[Reading, Change]]:
    """Yields what arguments may be taken for, with the change of arguments.

    Args:
        arguments: From the names of arguments to their kinds.
        swaps: Pairs of names of arguments that may be exchanged.
        together: From what messages call several arguments to their names.
        plain: Adds the intermediates to the arguments.
    """
    names = list(arguments)
    for name, members in ({name: (name,) for name in names} | together).items():
        positions = {names.index(member) for member in members}
        for one in READINGS.get(arguments[members[0]], ()):
            key = f"{name.replace(' ', '_')}_{one.key}"
            reading = Reading(key, one.words.format(name=name))
            yield reading, both(change_some(positions, one.change), plain)
    for first, second in swaps:
        reading = Reading(f"{first}_and_{second}", f"{first} and {second} are exchanged")
        yield reading, both(exchange(names.index(first), names.index(second)), plain)


def readings_of_intermediates(
    intermediates: dict[str, Intermediate],
) -> Iterator[tuple[Reading, Change]]:
    """Yields what may stand in the place of intermediates, with what adds it to the arguments."""
    for name, one in intermediates.items():
        for key, (other, words) in one.others.items():
            formulas = {
                other_name: original.formula for other_name, original in intermediates.items()
            }
            changed = with_intermediates(list({**formulas, name: other}.values()))
            yield Reading(f"{name}_{key}", words), changed


def with_intermediates(formulas: list[Callable]) -> Change:
    """Returns a function that adds the values of intermediates to arguments, one after another."""

    def added(arguments: list) -> list:
        found = list(arguments)
        for formula in formulas:
            found.append(formula(*found))
        return found

    return added


def both(first: Change, second: Change) -> Change:
    """Returns a function that makes one change of arguments after the other."""
    return lambda arguments: second(first(arguments))


def change_some(positions: set[int], change: Callable) -> Change:
    """Returns a function of arguments that changes those at `positions`."""

    def changed(arguments: list) -> list:
        return [
            in_its_precision(change, value) if index in positions else value
            for index, value in enumerate(arguments)
        ]

    return changed


def in_its_precision(change: Callable, value) -> Any:
    """Returns a changed argument, in the precision of the argument."""
    if isinstance(value, float):
        return float(change(np.float64(value)))
    return change(in_floats(value))


def exchange(first: int, second: int) -> Change:
    """Returns a function of arguments that exchanges two of them."""

    def exchanged(arguments: list) -> list:
        changed = list(arguments)
        changed[first], changed[second] = arguments[second], arguments[first]
        return changed

    return exchanged
