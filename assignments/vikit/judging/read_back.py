"""Reads a wrong answer back: the right formula with what was changed in it, in words.

`term_search` finds the combination of terms that gives the answer's values; here it is said what
was changed: a term is missing, has the opposite sign, counts twice, an argument is taken for
something else.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from .compare import is_close
from .question import GENERIC, LARGEST, Answer, DrawnCase, DrawnQuestion, ReadBack, Verdict
from .term_search import BITS, Combination, Factor, equations_of, find_combination, has_enough
from .terms import Terms

__all__ = ["add_to_verdict", "describe", "is_one_number", "predict", "read_answers"]

# From names of cases to the answers; and what asks a student's function for more of them.
Answers = dict[str, Answer]
Ask = Callable[[Sequence[DrawnCase]], Answers]
MISSING = " is missing"
# What a sentence begins with, but for the names of arguments: these stay as they are.
OPENING_WORDS = ("a", "all", "an", "another", "in", "minus", "one", "the", "where")
NAMED_CONSTANTS = (
    (math.log(2 * math.pi), "log(2 pi)"),
    (math.log(math.pi), "log(pi)"),
    (math.log(2), "log(2)"),
    (1 + math.log(2 * math.pi), "(1 + log(2 pi))"),
    (BITS, "/ log(2)"),
)
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
        if not further:
            return None
        answers = {**answers, **ask(further)}
        cases += further
        if not are_usable(cases, answers):
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
    """Tells whether all answers have values in the right shapes, none beyond float32."""
    return all(
        answers[case.name].status == "ok"
        and [value.shape for value in answers[case.name].values]
        == [want.shape for want in case.expected]
        and all(
            value.dtype.kind == "f" and np.all(np.abs(value) <= LARGEST)
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
    try:
        found = find_combination(equations_of(terms, cases, values, question.atol, question.rtol))
    except np.linalg.LinAlgError:
        # Columns that no fit can be made of: nothing is said.
        return None
    if found is None or (found.num_changes > 1 and depends_on_sizes_alone(question, values)):
        return None
    name = question.outputs[output] if question.outputs else ""
    said = describe(terms, found, name, question.keeps_formula)
    if not said.id:
        return None
    return replace(said, factors=((output, found.factors),))


def depends_on_sizes_alone(question: DrawnQuestion, values: Sequence[np.ndarray]) -> bool:
    """Tells whether an answer has a single number for each case, or a single one for all.

    Zeros are no formula with two terms changed, even where such a formula gives them; nor are
    numbers that the tolerance cannot tell from zeros.
    """
    if all(value.size == 1 for value in values):
        values = [np.array([float(value.ravel()[0]) for value in values])]
    return all(is_one_number(value, question) for value in values)


def is_one_number(values: np.ndarray, question: DrawnQuestion) -> bool:
    """Tells whether the tolerance cannot tell values apart."""
    return float(np.ptp(values)) <= question.atol + question.rtol * float(np.max(np.abs(values)))


def join(found: Sequence[ReadBack]) -> ReadBack:
    """Returns what was read back of several outputs as one."""
    return ReadBack(
        id="; ".join(one.id for one in found),
        sentence=" ".join(dict.fromkeys(one.sentence for one in found)),
        formula="; ".join(filter(None, (one.formula for one in found))),
        repair=" ".join(dict.fromkeys(filter(None, (one.repair for one in found)))),
        factors=tuple(pair for one in found for pair in one.factors),
    )


def predict(question: DrawnQuestion, found: ReadBack, case: DrawnCase) -> tuple[np.ndarray, ...]:
    """Returns what an answer that was read back gives for a case, an array for each output.

    Args:
        question: The `DrawnQuestion` with the terms.
        found: What was read back, of other inputs.
        case: The `DrawnCase`.
    """
    values = list(case.expected)
    for output, factors in found.factors:
        terms = question.terms[output]
        columns = dict(zip(terms.columns, terms.evaluate(case), strict=True))
        total = sum(
            factor.coefficient * size_of(factor.scale, case) * columns[factor.column]
            for factor in factors
        )
        values[output] = terms.unlink(np.broadcast_to(total, case.expected[output].shape))
    return tuple(values)


def size_of(scale: str, case: DrawnCase) -> float:
    """Returns what a term is multiplied by for a `Factor`'s scale."""
    if not scale:
        return 1.0
    return float(case.sizes[scale[1:]]) if scale.startswith("*") else 1 / case.sizes[scale]


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
    name = terms.name(output)
    place = f"In {name}: " if name else ""
    said = [change.said(named=True) for change in changes]
    named = " ".join(sentence(place, text) for text in said)
    unnamed = say_another(place, [change.said(named=False) for change in changes])
    prefix = f"{output}." if output else ""
    # What students have holds no formulas, and none is made of its words.
    is_written = all(term.text for term in terms.terms)
    formula = (f"{name} = " if name else "") + format_formula(terms, found.factors)
    return ReadBack(
        id=" ".join(f"{prefix}{change.id}" for change in changes),
        sentence=unnamed if keeps_formula else named,
        formula=formula if is_written else "",
        repair=say_where(place, said) if keeps_formula and named != unnamed else "",
    )


def say_where(place: str, texts: Sequence[str]) -> str:
    """Returns texts as a sentence that asks for the places in the code."""
    # What is missing is in no place.
    asked = [
        f"put in {text.removesuffix(MISSING)}"
        if text.endswith(MISSING)
        else f"find the place{':' if text.startswith('in ') else ' where'} {text}"
        for text in texts
    ]
    joined = ", and ".join(asked)
    return f"{place}{joined}." if place else f"{joined[:1].upper()}{joined[1:]}."


def say_another(place: str, texts: Sequence[str]) -> str:
    """Returns texts as sentences that speak of "a term" once, and then of another one."""
    count = 0
    said = []
    for text in texts:
        is_term = "a term" in text[:9]
        said.append(text.replace("a term", "another term", 1) if is_term and count else text)
        count += is_term
    return " ".join(sentence(place, text) for text in said)


def sentence(place: str, text: str) -> str:
    """Returns a text as a sentence, with the place where it holds before it."""
    is_capital = not place and text.split()[0] in OPENING_WORDS
    return f"{text[:1].upper()}{text[1:]}." if is_capital else f"{place}{text}."


@dataclass(frozen=True)
class Change:
    """A change between the right formula and an answer's.

    Attributes:
        id: What it is, for reports, spelled as the lists of mistakes spell changes.
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
    by_term = {
        number: [factor for factor in found.factors if factor.column.term == number]
        for number in right
    }
    strangers = [factor for factor in found.factors if factor.column.term not in right]
    yield from changes_of_parts(terms, by_term, strangers)
    strangers += take_out_repeated(by_term)
    reading = shared_reading(found, by_term)
    for number, factors in by_term.items():
        term = terms.terms[number]
        # What has the term's coefficient stands in its place, if several terms are replaced.
        strangers.sort(key=lambda factor: abs(factor.coefficient - term.right))
        if not factors and strangers:
            yield replacement(terms, number, strangers.pop(0))
        elif not factors:
            yield Change(f"{term.key}:0", term.words, "a term", "is missing")
        else:
            yield from changes_of_term(terms, number, factors, reading)
    if reading is not None:
        one = terms.readings[reading]
        yield Change(one.key, "", "", one.words)
    for factor in strangers:
        yield addition(terms, factor)


def take_out_repeated(by_term: dict[int, list[Factor]]) -> list[Factor]:
    """Takes all but one of several factors of a term out of `by_term`, and returns them.

    The one that stays is the plainest.
    """
    repeated = []
    for number, factors in by_term.items():
        plainest = sorted(factors, key=lambda one: (one.column.reading >= 0, bool(one.scale)))
        by_term[number], rest = plainest[:1], plainest[1:]
        repeated += rest
    return repeated


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
    return Change(f"all:{id_of(ratio, scale)}", "all of it", "all of it", what)


def changes_of_parts(
    terms: Terms, by_term: dict[int, list[Factor]], strangers: list[Factor]
) -> Iterator[Change]:
    """Yields what happened to whole parts, and takes it out of `by_term` and `strangers`.

    Args:
        terms: The `Terms`.
        by_term: What stands there of each term.
        strangers: Terms that the right answer lacks.
    """
    for part, members in terms.parts().items():
        key = part.removeprefix("the ").replace(" ", "_")
        if any(by_term[number] for number in members):
            ratio, scale = common_factor(terms, by_term, members)
            what = " and ".join(filter(None, [words_of_ratio(ratio), words_of_scale(scale)]))
            if what:
                yield Change(f"{key}:{id_of(ratio, scale)}", part, "a part", what)
            for number in members:
                by_term[number] = [
                    one._replace(
                        scale="" if scale else one.scale, coefficient=one.coefficient / ratio
                    )
                    for one in by_term[number]
                ]
            continue
        for number in members:
            del by_term[number]
        if strangers:
            other = with_reading(terms, strangers.pop(0))
            place = f"where {part} belongs", "where one part belongs"
            yield Change(f"{key}:replaced", *place, f"stands {other}")
        else:
            yield Change(f"{key}:0", part, "a part", "is missing")


def common_factor(
    terms: Terms, by_term: dict[int, list[Factor]], members: Sequence[int]
) -> tuple[float, str]:
    """Returns (number, size) that most terms of a part have before them; (1, "") without one.

    Args:
        terms: The `Terms`.
        by_term: What stands there of each term.
        members: The terms of the part.
    """
    factors = [factor for number in members for factor in by_term[number]]
    ratios = [round(one.coefficient / terms.terms[one.column.term].right, 9) for one in factors]
    ratio, scales = max(ratios, key=ratios.count), {factor.scale for factor in factors}
    is_common = ratios.count(ratio) > len(members) / 2 and len(scales) == 1
    return (ratio, scales.pop()) if is_common else (1.0, "")


def shared_reading(found: Combination, by_term: dict[int, list[Factor]]) -> int | None:
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
    affected = {column.term for column in found.columns if column.reading == readings[0]}
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
    for factor in factors:
        reading = factor.column.reading
        ratio = round(factor.coefficient / term.right, 6)
        parts = [words_of_ratio(ratio)] if ratio != 1 else []
        if factor.scale:
            parts.append(words_of_scale(factor.scale))
        changed = id_of(ratio, factor.scale)
        if reading >= 0 and reading != shared:
            one = terms.readings[reading]
            key = f"{term.key}:{','.join(filter(None, [one.key, changed]))}"
            what = one.words + (f", and that term {' and '.join(parts)}" if parts else "")
            yield Change(key, f"in {term.words},", "in a term,", what)
        elif parts:
            yield Change(f"{term.key}:{changed}", term.words, "a term", " and ".join(parts))


def replacement(terms: Terms, number: int, factor: Factor) -> Change:
    """Returns the change where something else stands in the place of a term."""
    term = terms.terms[number]
    ratio = round(factor.coefficient / term.right, 9)
    count = "" if abs(ratio) == 1 else f"{format_number(factor.coefficient)} times "
    sign = ", with the opposite sign" if ratio == -1 else ""
    scale = f", {words_of_scale(factor.scale)[3:]}" if factor.scale else ""
    found = f"{count}{with_reading(terms, factor)}{scale}{sign}"
    return Change(
        f"{term.key}:{terms.terms[factor.column.term].key}",
        f"{found} stands where {term.words} belongs",
        "something else stands where a term belongs",
        "",
    )


def addition(terms: Terms, factor: Factor) -> Change:
    """Returns the change where something stands in an answer in no term's place."""
    number = format_number(abs(factor.coefficient))
    count = "" if number == "1" else f", {number} times"
    scale = f", {words_of_scale(factor.scale)[3:]}" if factor.scale else ""
    what = "is subtracted" if factor.coefficient < 0 else "is added"
    return Change(
        f"+{terms.terms[factor.column.term].key}",
        with_reading(terms, factor),
        "a term",
        f"{what} besides{scale}{count}",
    )


def with_reading(terms: Terms, factor: Factor) -> str:
    """Returns a factor's term in words, with what an argument is taken for."""
    words = terms.terms[factor.column.term].words
    if factor.column.reading < 0:
        return words
    return f"{words} ({terms.readings[factor.column.reading].words})"


def id_of(ratio: float, scale: str) -> str:
    """Returns a ratio and a size as reports spell them: "-1", "/K", "*B", "2,/K"."""
    size = f"/{scale}" if scale and not scale.startswith("*") else scale
    number = "" if ratio == 1 else format_number(ratio).replace(" ", "")
    return ",".join(filter(None, [number, size]))


def words_of_ratio(ratio: float) -> str:
    """Returns how often a term counts, in words; empty for once."""
    if abs(abs(ratio) - BITS) < 1e-6:
        return "is in bits" if ratio > 0 else "is in bits, with the opposite sign"
    fraction = Fraction(ratio).limit_denominator(100)
    if abs(ratio - fraction) > 1e-6:
        return "has another value"
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
    for unit, name in ((1.0, ""), *NAMED_CONSTANTS):
        fraction = Fraction(value / unit).limit_denominator(100 if unit == 1 else 4)
        if abs(value / unit - fraction) < 1e-6:
            number = {"1": "", "-1": "-"}.get(str(fraction), f"{fraction} ")
            return f"{number}{name}" if name else str(fraction)
    return f"{value:.4g}"


def format_formula(terms: Terms, factors: Sequence[Factor]) -> str:
    """Returns a combination as a formula in plain text, with what an argument is taken for."""
    text = ""
    for factor in factors:
        term = terms.terms[factor.column.term]
        sign = "-" if factor.coefficient < 0 else "+"
        size = format_number(abs(factor.coefficient))
        scale = f"{factor.scale[1:]} " if factor.scale.startswith("*") else ""
        divided = f" / {factor.scale}" if factor.scale and not scale else ""
        reading = (
            f" [read: {terms.readings[factor.column.reading].words}]"
            if factor.column.reading >= 0
            else ""
        )
        body = f"{'' if size == '1' else size + ' '}{scale}{term.text}"
        text += f" {sign} {body}{divided}{reading}"
    return text.removeprefix(" + ").strip() or "0"
