"""Reads a wrong answer back: the right formula with what was changed in it, in words.

`term_search` finds the combination of terms that gives the answer's values; here it is said what
was changed: a term is missing, has the opposite sign, counts twice, an argument is taken for
something else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from .compare import is_close
from .question import GENERIC, Answer, DrawnCase, DrawnQuestion, ReadBack, Verdict
from .term_search import Combination, Factor, equations_of, find_combination, has_enough
from .terms import Terms

__all__ = ["add_to_verdict", "read_answers"]

# From names of cases to the answers; and what asks a student's function for more of them.
Answers = dict[str, Answer]
Ask = Callable[[Sequence[DrawnCase]], Answers]
# What a sentence begins with, but for the names of arguments: these stay as they are.
OPENING_WORDS = ("a", "all", "an", "in", "one", "the", "where")
NAMED_RATIOS = {
    Fraction(-1): "has the opposite sign",
    Fraction(2): "counts twice",
    Fraction(1, 2): "counts half",
    Fraction(-2): "counts twice, with the opposite sign",
    Fraction(-1, 2): "counts half, with the opposite sign",
}


def read_answers(question: DrawnQuestion, answers: Answers, ask: Ask) -> ReadBack | None:
    """Returns what a wrong answer computes instead of the right formula; None if that is unclear.

    Args:
        question: The `DrawnQuestion`.
        answers: The answers to its cases.
        ask: Asks for the answers to further cases, where those of the question are too few.
    """
    if not question.terms or question.sampled:
        return None
    cases = [case for case in question.cases if case.kind == GENERIC]
    if not are_usable(cases, answers):
        return None
    wrong = wrong_outputs(question, cases, answers)
    if any(question.terms[output] is None for output in wrong):
        return None
    if not all(has_enough(question.terms[output], cases, output) for output in wrong):
        further = list(question.further())
        answers = {**answers, **ask(further)}
        cases += further
        if not further or not are_usable(cases, answers):
            return None
        wrong = wrong_outputs(question, cases, answers)
    found = [read_output(question, output, cases, answers) for output in wrong]
    if not found or any(one is None for one in found):
        return None
    return join([one for one in found if one is not None])


def add_to_verdict(verdict: Verdict, found: ReadBack) -> Verdict:
    """Returns the verdict with what was read back in its message."""
    first = verdict.message.split("\n")[0]
    return replace(
        verdict,
        read_back=found,
        message=f"{first} {found.sentence}",
        hint=found.sentence,
        repair=found.repair,
    )


def are_usable(cases: Sequence[DrawnCase], answers: Answers) -> bool:
    """Tells whether all answers have finite values in the right shapes."""
    return all(
        answers[case.name].status == "ok"
        and [value.shape for value in answers[case.name].values]
        == [want.shape for want in case.expected]
        and all(
            value.dtype.kind == "f" and np.isfinite(value).all()
            for value in answers[case.name].values
        )
        for case in cases
    )


def wrong_outputs(
    question: DrawnQuestion, cases: Sequence[DrawnCase], answers: Answers
) -> list[int]:
    """Returns the indices of the outputs that are wrong on one of the cases."""
    return [
        output
        for output in range(len(cases[0].expected))
        if not all(
            is_close(answers[case.name].values[output], case.expected[output], question)
            for case in cases
        )
    ]


def read_output(
    question: DrawnQuestion, output: int, cases: Sequence[DrawnCase], answers: Answers
) -> ReadBack | None:
    """Returns what one output of a wrong answer computes; None if that is unclear."""
    terms = question.terms[output]
    values = [answers[case.name].values[output] for case in cases]
    found = find_combination(equations_of(terms, cases, values, question.atol, question.rtol))
    if found is None:
        return None
    name = question.outputs[output] if question.outputs else ""
    return describe(terms, found, name, question.keeps_formula)


def join(found: Sequence[ReadBack]) -> ReadBack:
    """Returns what was read back of several outputs as one."""
    return ReadBack(
        id="; ".join(one.id for one in found),
        sentence=" ".join(dict.fromkeys(one.sentence for one in found)),
        formula="; ".join(one.formula for one in found),
        repair=" ".join(dict.fromkeys(filter(None, (one.repair for one in found)))),
    )


def describe(terms: Terms, found: Combination, output: str, keeps_formula: bool) -> ReadBack:
    """Returns a combination as a `ReadBack`.

    Args:
        terms: The `Terms` of the output.
        found: The `Combination`.
        output: The output's name; empty if there is one alone.
        keeps_formula: Whether the formula is the student's to find: then the sentence names no
            term, and the repair does.
    """
    changes = list(changes_of(terms, found))
    place = f"In {output}: " if output else ""
    named = " ".join(sentence(place, change.said(named=True)) for change in changes)
    unnamed = " ".join(sentence(place, change.said(named=False)) for change in changes)
    prefix = f"{output}." if output else ""
    return ReadBack(
        id=" ".join(f"{prefix}{change.id}" for change in changes),
        sentence=unnamed if keeps_formula else named,
        formula=(f"{output} = " if output else "") + format_formula(terms, found.factors),
        repair=named if keeps_formula else "",
    )


def sentence(place: str, text: str) -> str:
    """Returns a text as a sentence, with the place where it holds before it."""
    is_capital = not place and text.split()[0] in OPENING_WORDS
    return f"{text[:1].upper()}{text[1:]}." if is_capital else f"{place}{text}."


@dataclass(frozen=True)
class Change:
    """A change between the right formula and an answer's.

    Attributes:
        id: What it is, for reports.
        subject: What was changed, as "the term in log_var"; empty for all.
        unnamed: The same without saying which term.
        what: What happened to it, as "is missing".
    """

    id: str
    subject: str
    unnamed: str
    what: str

    def said(self, named: bool) -> str:
        """Returns the change in words, with the term's name or without."""
        return f"{self.subject if named else self.unnamed} {self.what}".strip()


def changes_of(terms: Terms, found: Combination) -> Iterator[Change]:
    """Yields the `Change`s from the right formula to the combination."""
    right = {number: term.right for number, term in enumerate(terms.terms) if term.right}
    alike = change_of_all(terms, found.factors, right)
    if alike:
        yield alike
        return
    by_term: dict[int, list[Factor]] = {number: [] for number in right}
    strangers = []
    for factor in found.factors:
        if factor.column.term in right:
            by_term[factor.column.term].append(factor)
        else:
            strangers.append(factor)
    reading = shared_reading(terms, by_term)
    for number, factors in by_term.items():
        term = terms.terms[number]
        if not factors and strangers:
            yield replacement(terms, number, strangers.pop(0))
        elif not factors:
            yield Change(f"{term.key}:missing", term.words, "a term", "is missing")
        else:
            yield from changes_of_term(terms, number, factors, reading)
    if reading is not None:
        one = terms.readings[reading]
        yield Change(one.key, "", "", one.words)
    for factor in strangers:
        term = terms.terms[factor.column.term]
        yield Change(
            f"{term.key}:added",
            with_reading(terms, factor),
            "a term",
            "stands there besides" if factor.coefficient > 0 else "is subtracted besides",
        )


def change_of_all(terms: Terms, factors: Sequence[Factor], right: dict) -> Change | None:
    """Returns the change if all terms are changed alike: another sign, a factor, a size."""
    if len(factors) != len(right) or any(factor.column.reading >= 0 for factor in factors):
        return None
    if {factor.column.term for factor in factors} != set(right):
        return None
    scales = {factor.scale for factor in factors}
    ratios = {round(factor.coefficient / right[factor.column.term], 6) for factor in factors}
    if len(scales) != 1 or len(ratios) != 1 or (len(right) == 1 and scales == {""}):
        return None
    ratio, scale = ratios.pop(), scales.pop()
    what = " and ".join(filter(None, [words_of_ratio(ratio), words_of_scale(scale)]))
    if not what:
        return None
    return Change(f"all:{format_number(ratio)}{scale}", "all of it", "all of it", what)


def shared_reading(terms: Terms, by_term: dict[int, list[Factor]]) -> int | None:
    """Returns the reading that several terms have in common; None if there is none."""
    readings = [
        factor.column.reading
        for factors in by_term.values()
        for factor in factors
        if factor.column.reading >= 0
    ]
    if len(readings) < 2 or len(set(readings)) > 1:
        return None
    others = [
        number
        for number, factors in by_term.items()
        if not any(factor.column.reading >= 0 for factor in factors)
    ]
    # Said of the argument everywhere only where no term was left out.
    affected = {column.term for column in terms.columns if column.reading == readings[0]}
    return None if affected & set(others) else readings[0]


def changes_of_term(
    terms: Terms, number: int, factors: Sequence[Factor], shared: int | None
) -> Iterator[Change]:
    """Yields what happened to a term that is there.

    Args:
        terms: The `Terms`.
        number: Index of the term.
        factors: What stands there of it.
        shared: A reading that is said once, of all terms.
    """
    term = terms.terms[number]
    for index, factor in enumerate(factors):
        reading = factor.column.reading
        parts, names = [], []
        if index:
            parts.append("stands there besides")
            names.append("besides")
        ratio = factor.coefficient / term.right
        if ratio != 1:
            parts.append(words_of_ratio(ratio))
            names.append(format_number(ratio))
        if factor.scale:
            parts.append(words_of_scale(factor.scale))
            names.append(factor.scale)
        if reading >= 0 and reading != shared:
            one = terms.readings[reading]
            yield Change(f"{term.key}:{one.key}", f"in {term.words},", "in a term,", one.words)
        if parts:
            yield Change(f"{term.key}:{','.join(names)}", term.words, "a term", " and ".join(parts))


def replacement(terms: Terms, number: int, factor: Factor) -> Change:
    """Returns the change where something else stands in the place of a term."""
    term = terms.terms[number]
    other = terms.terms[factor.column.term]
    found, ratio = with_reading(terms, factor), factor.coefficient / term.right
    if abs(abs(ratio) - 1) > 1e-9:
        found = f"{format_number(factor.coefficient)} {found}"
    elif ratio < 0:
        found = f"{found}, with the opposite sign"
    return Change(
        f"{term.key}:{other.key}",
        f"where {term.words} belongs",
        "where one term belongs",
        f"stands {found}",
    )


def with_reading(terms: Terms, factor: Factor) -> str:
    """Returns a factor's term in words, with what an argument is taken for."""
    words = terms.terms[factor.column.term].words
    if factor.column.reading < 0:
        return words
    return f"{words} ({terms.readings[factor.column.reading].words})"


def words_of_ratio(ratio: float) -> str:
    """Returns how often a term counts, in words; empty for once."""
    fraction = Fraction(ratio).limit_denominator(100)
    if abs(ratio - fraction) > 1e-6:
        return "has another constant"
    if fraction == 1:
        return ""
    return NAMED_RATIOS.get(fraction) or f"counts {fraction} times"


def words_of_scale(scale: str) -> str:
    """Returns what a term is divided or multiplied by, in words; empty for nothing."""
    if not scale:
        return ""
    return f"is multiplied by {scale[1:]}" if scale.startswith("*") else f"is divided by {scale}"


def format_number(value: float) -> str:
    """Returns a coefficient as text: a small fraction, or four digits."""
    fraction = Fraction(value).limit_denominator(100)
    return str(fraction) if abs(value - fraction) < 1e-6 else f"{value:.4g}"


def format_formula(terms: Terms, factors: Sequence[Factor]) -> str:
    """Returns a combination as a formula, for the staff."""
    text = ""
    for factor in factors:
        term = terms.terms[factor.column.term]
        sign = "-" if factor.coefficient < 0 else "+"
        size = format_number(abs(factor.coefficient))
        scale = f"{factor.scale[1:]} " if factor.scale.startswith("*") else ""
        divided = f" / {factor.scale}" if factor.scale and not scale else ""
        reading = (
            f" [{terms.readings[factor.column.reading].words}]"
            if factor.column.reading >= 0
            else ""
        )
        body = f"{'' if size == '1' else size + ' '}{scale}{term.text or term.words}"
        text += f" {sign} {body}{divided}{reading}"
    return text.removeprefix(" + ").strip() or "0"
