"""Cross-entropy = entropy + KL, on tables."""

import math
from typing import Any

import numpy as np
from scipy.special import xlogy

from autograder.reference import densities

from ..formulas import SMALL
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import DeclaredTerms, of_output, term

__all__ = ["cross_entropy_terms"]

LEAST = math.exp(-30)


def cross_entropy(pop, log_model) -> np.floating:
    return -np.sum(pop * log_model)


def entropy(pop) -> np.floating:
    return -np.sum(xlogy(pop, pop))


def terms(pop, log_model) -> tuple[np.floating, np.floating, np.floating]:
    return cross_entropy(pop, log_model), entropy(pop), cross_entropy(pop, log_model) - entropy(pop)


def reversed_kl(pop, log_model) -> np.floating:
    """KL(model || pop), infinite where pop is 0."""
    return np.sum(np.exp(log_model) * (log_model - np.log(pop)))


def model_entropy(log_model) -> np.floating:
    return -np.sum(np.exp(log_model) * log_model)


def with_changes(**changed) -> Formula:
    """Returns a wrong formula: the right one with some of `cross_entropy`, `entropy`, `kl`
    replaced by functions of its arguments.
    """

    def formula(*arguments) -> tuple[Any, ...]:
        right = dict(zip(("cross_entropy", "entropy", "kl"), terms(*arguments), strict=True))
        return tuple((right | {name: term(*arguments) for name, term in changed.items()}).values())

    return formula


def with_kl_as_difference(first, second) -> Formula:
    """Returns a wrong formula of two functions of the arguments; the KL is their difference."""
    return lambda *arguments: (
        first(*arguments),
        second(*arguments),
        first(*arguments) - second(*arguments),
    )


def with_order(*order) -> Formula:
    return lambda *arguments: tuple(terms(*arguments)[index] for index in order)


def padded_cross_entropies() -> list[Formula]:
    """Returns cross-entropies with a constant in the logarithm, added or as a lower bound."""
    return [
        *(lambda p, m, eps=eps: -np.sum(p * np.log(np.exp(m) + eps)) for eps in SMALL[:-2]),
        *(lambda p, m, eps=eps: -np.sum(p * np.maximum(m, np.log(eps))) for eps in SMALL[:-2]),
    ]


def padded_entropies() -> list[Formula]:
    """Returns entropies with a constant in the logarithm that is large enough to be seen."""
    return [lambda p, m, eps=eps: -np.sum(p * np.log(p + eps)) for eps in (1e-3, 1e-4)]


def log_normalised(log_weights) -> np.ndarray:
    return log_weights - np.log(np.sum(np.exp(log_weights)))


def draw_tables(spread) -> Draw:
    def draw(generator, X) -> Arguments:
        log_pop, log_model = (log_normalised(generator.normal(0, spread, X)) for _ in range(2))
        return np.exp(log_pop), log_model

    return draw


def draw_with_zeros(generator, X) -> Arguments:
    """Two values never occur in the population; the model gives them probability."""
    pop, log_model = draw_tables(1.0)(generator, X)
    pop[generator.choice(X, 2, replace=False)] = 0
    return pop / pop.sum(), log_model


def draw_equal(generator, X) -> Arguments:
    pop, _ = draw_tables(1.0)(generator, X)
    return pop, np.log(pop)


def draw_surprised(generator, X) -> Arguments:
    """The model gives nearly all to one value, and the population has others as well."""
    log_model = np.full(X, -29.0) + generator.uniform(-1, 1, X)
    log_model[generator.integers(X)] = 0
    return draw_tables(1.0)(generator, X)[0], log_model


def sweep_tables(generator) -> Arguments:
    pop, model = generator.dirichlet(np.full(6, 10 ** generator.uniform(-1.5, 1)), 2)
    pop[generator.integers(6)] *= generator.integers(2)
    return pop / pop.sum(), np.log(np.maximum(model, LEAST))


# Not shorter: one row for each term.
def sum_of_averages(output, cross=0, own=0) -> DeclaredTerms:
    """Returns the `Terms` of an output.

    Args:
        output: Which.
        cross: How often the average of log_model counts.
        own: How often the average of log pop counts.
    """
    return of_output(
        {"pop": "", "log_model": "log_probability"},
        term(
            "cross",
            cross,
            lambda p, m: np.sum(p * m),
            "sum_x pop log_model",
            "the average of log_model under pop",
        ),
        term(
            "own",
            own,
            lambda p, m: np.sum(xlogy(p, p)),
            "sum_x pop log pop",
            "the average of log pop under pop",
        ),
        term(
            "model",
            0,
            lambda p, m: np.sum(np.exp(m) * m),
            "sum_x model log_model",
            "the average of log_model under the model",
        ),
        term(
            "own_under_model",
            0,
            lambda p, m: np.sum(np.exp(m) * np.log(p)),
            "sum_x model log pop",
            "the average of log pop under the model",
        ),
        term("unweighted", 0, lambda p, m: np.sum(m), "sum_x log_model", "the sum of log_model"),
        term(
            "own_unweighted",
            0,
            lambda p, m: np.sum(np.log(p)),
            "sum_x log pop",
            "the sum of log pop",
        ),
        output=output,
    )


cross_entropy_terms = Question(
    name="cross_entropy_terms",
    points=4,
    source='document 004, slide "Latent Variable Assumptions"',
    shape="three scalars",
    outputs=("cross_entropy", "entropy", "kl"),
    reference=densities.cross_entropy_terms,
    cases=(
        Case("five values", GENERIC, draw_tables(1.0), {"X": 5}),
        Case("seven values, spread out", GENERIC, draw_tables(1.6), {"X": 7}),
        Case("three values", GENERIC, draw_tables(0.8), {"X": 3}),
        Case("values that never occur", EDGE, draw_with_zeros, {"X": 6}),
        Case("a model equal to the population", EDGE, draw_equal, {"X": 4}),
        Case("a model that expects one value alone", EDGE, draw_surprised, {"X": 8}),
    ),
    float32=0.03,
    tolerance="sums of at most eight terms: float32 keeps 1e-7 of the largest, 30 nats",
    domain=Domain(sweep_tables, num_draws=157),
    terms=(
        sum_of_averages(0, cross=-1),
        sum_of_averages(1, own=-1),
        sum_of_averages(2, cross=-1, own=1),
    ),
    pictures=(
        points(0.02, 0.98, {"pop": ["t", "1 - t"], "log_model": [-1.2, -0.36]}, output=0),
        points(0.02, 0.98, {"pop": ["t", "1 - t"], "log_model": [-1.2, -0.36]}, output=1),
        points(0.02, 0.98, {"pop": ["t", "1 - t"], "log_model": [-1.2, -0.36]}, output=2),
    ),
    mistakes=wrong(
        ce_all_under_model=(
            lambda p, m: (
                -np.sum(np.exp(m) * np.log(p)),
                model_entropy(m),
                reversed_kl(p, m),
            ),
        ),
        ce_kl_reversed=with_changes(kl=reversed_kl),
        ce_kl_negated="kl.all:-1",
        ce_under_model=(
            "cross_entropy.cross:own_under_model",
            with_kl_as_difference(
                lambda p, m: -np.sum(np.exp(m) * np.log(p)), lambda p, m: entropy(p)
            ),
            "cross_entropy.cross:model",
            with_kl_as_difference(lambda p, m: model_entropy(m), lambda p, m: entropy(p)),
        ),
        ce_entropy_of_model=(
            "entropy.own:model",
            with_kl_as_difference(cross_entropy, lambda p, m: model_entropy(m)),
        ),
        ce_minus_forgotten=lambda p, m: (-cross_entropy(p, m), -entropy(p), terms(p, m)[2]),
        ce_entropy_negated=(
            "entropy.own:-1",
            with_kl_as_difference(cross_entropy, lambda p, m: -entropy(p)),
        ),
        ce_unweighted=(
            with_changes(cross_entropy=lambda p, m: -np.mean(m)),
            "cross_entropy.cross:unweighted",
            with_kl_as_difference(lambda p, m: -np.mean(m), lambda p, m: entropy(p)),
            with_kl_as_difference(lambda p, m: -np.sum(m), lambda p, m: entropy(p)),
        ),
        ce_probability_not_log=(
            "cross_entropy.cross:log_model_exponentiated",
            with_kl_as_difference(lambda p, m: -np.sum(p * np.exp(m)), lambda p, m: entropy(p)),
        ),
        ce_eps_in_log=(
            *(with_changes(cross_entropy=each) for each in padded_cross_entropies()),
            *(
                with_kl_as_difference(each, lambda p, m: entropy(p))
                for each in padded_cross_entropies()
            ),
            *(with_changes(entropy=each) for each in padded_entropies()),
            *(with_kl_as_difference(cross_entropy, each) for each in padded_entropies()),
            *(
                with_kl_as_difference(first, second)
                for first, second in zip(padded_cross_entropies(), padded_entropies(), strict=False)
            ),
        ),
        ce_order_swapped=(
            with_order(0, 2, 1),
            *(with_order(*order) for order in ((1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))),
        ),
        ce_zero_log_zero=(
            lambda p, m: (cross_entropy(p, m), -np.sum(p * np.log(p)), np.sum(p * (np.log(p) - m))),
            with_changes(entropy=lambda p, m: -np.sum(p * np.log(p))),
            with_changes(kl=lambda p, m: np.sum(p * (np.log(p) - m))),
        ),
    ),
)
