"""Bayes' rule on a table."""

import numpy as np

from autograder.reference import densities

from ..formulas import SMALL
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term

__all__ = ["posterior_from_joint"]


def posterior(p_xz) -> np.ndarray:
    return p_xz / p_xz.sum(axis=1, keepdims=True)


def draw_joint(concentration) -> Draw:
    def draw(generator, X, Z) -> Arguments:
        return (
            (generator.dirichlet(np.full(X * Z, concentration)).reshape(X, Z) + 1e-4)
            / (1 + 1e-4 * X * Z),
        )

    return draw


def draw_rare_rows(generator, X, Z) -> Arguments:
    """Rows whose total probabilities lie eight orders of magnitude apart."""
    rows = 10.0 ** -np.linspace(0, 8, X)
    table = generator.dirichlet(np.ones(Z), X) * rows[:, None] + 1e-12
    return (table / table.sum(),)


def draw_uniform_joint(generator, X, Z) -> Arguments:
    return (np.full((X, Z), 1 / (X * Z)),)


def sweep_table(generator) -> Arguments:
    table = 10.0 ** -generator.uniform(0, 8, (40, 1)) * generator.dirichlet(np.ones(5), 40) + 1e-12
    return (table / table.sum(),)


posterior_from_joint = Question(
    name="posterior_from_joint",
    points=4,
    source='document 001, "Bayes"',
    shape="[X,Z]",
    reference=densities.posterior_from_joint,
    cases=(
        Case("a table of 5 x 3", GENERIC, draw_joint(1.0), {"X": 5, "Z": 3}),
        Case("a table of 3 x 7", GENERIC, draw_joint(0.7), {"X": 3, "Z": 7}),
        Case("a table of 4 x 5", GENERIC, draw_joint(2.0), {"X": 4, "Z": 5}),
        Case("rows of very small probability", EDGE, draw_rare_rows, {"X": 4, "Z": 3}),
        Case("a uniform table", EDGE, draw_uniform_joint, {"X": 5, "Z": 4}),
    ),
    float32=0.03,
    tolerance=(
        "one sum of positive numbers and one division: float32 keeps 3e-7 of each entry, "
        "3e-6 through a logarithm"
    ),
    domain=Domain(sweep_table),
    terms=(
        of_output(
            {"p_xz": ""},
            term("joint", 1, np.log, "log p(x,z)", "log p(x,z)"),
            term(
                "evidence",
                -1,
                lambda p: np.log(p.sum(axis=1, keepdims=True)),
                "log p(x)",
                "log p(x)",
            ),
            term("prior", 0, lambda p: np.log(p.sum(axis=0)), "log p(z)", "log p(z)"),
            term("states", 0, lambda p: np.log(p.shape[1]), "log Z", "log Z", is_constant=True),
            term("values", 0, lambda p: np.log(p.shape[0]), "log X", "log X", is_constant=True),
            term("factor", 0, lambda p: 1.0, "1", "the logarithm of a factor", is_constant=True),
            link="log",
        ),
    ),
    mistakes=wrong(
        posterior_normalised_over_x=lambda p: p / p.sum(axis=0, keepdims=True),
        posterior_is_joint="evidence:0",
        posterior_is_marginal=lambda p: np.broadcast_to(p.sum(axis=0), p.shape),
        posterior_transposed=lambda p: posterior(p).T,
        posterior_softmax=lambda p: np.exp(p) / np.exp(p).sum(axis=1, keepdims=True),
        posterior_log=lambda p: np.log(posterior(p)),
        posterior_padded=(
            lambda p: p / (p.sum(axis=1, keepdims=True) + 1e-7),
            *(
                lambda p, eps=eps: p / (p.sum(axis=1, keepdims=True) + eps)
                for eps in SMALL
                if eps >= 1e-10
            ),
            *(
                lambda p, eps=eps: (p + eps) / (p + eps).sum(axis=1, keepdims=True)
                for eps in SMALL
                if eps >= 1e-10
            ),
        ),
        posterior_times_marginal="evidence:-1",
    ),
)
