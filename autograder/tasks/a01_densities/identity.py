"""log p(x) = ELBO + KL, on tables."""

import math
from typing import Any

import numpy as np

from autograder.reference import densities

from ..formulas import SMALL, logsumexp
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import DeclaredTerms, TermRow, of_output, term

__all__ = ["elbo_identity_terms"]


def identity(log_pz, log_px_given_z, log_q) -> tuple[np.floating, np.floating, np.ndarray]:
    log_joint = log_pz + log_px_given_z
    q, log_px = np.exp(log_q), logsumexp(log_joint)
    return np.sum(q * (log_joint - log_q)), np.sum(q * (log_q - log_joint + log_px)), log_px


def with_changes(**terms) -> Formula:
    """Returns a wrong formula: the right one with some parts replaced by functions.

    The parts are `elbo`, `kl`, `log_px`; the functions take its arguments.
    """

    def formula(*arguments) -> tuple[Any, ...]:
        right = dict(zip(("elbo", "kl", "log_px"), identity(*arguments), strict=True))
        return tuple((right | {name: term(*arguments) for name, term in terms.items()}).values())

    return formula


def with_order(*order) -> Formula:
    return lambda *arguments: tuple(identity(*arguments)[index] for index in order)


def with_kl_as_gap(elbo, log_px) -> Formula:
    """Returns a wrong formula of two functions of the arguments; the KL is their difference."""

    def formula(*arguments) -> tuple[Any, ...]:
        return elbo(*arguments), log_px(*arguments) - elbo(*arguments), log_px(*arguments)

    return formula


def with_elbos(*elbos) -> tuple[Formula, ...]:
    """Returns wrong formulas with these ELBOs: each with the right KL, and with log p(x) - ELBO."""
    return tuple(
        form
        for elbo in elbos
        for form in (
            with_changes(elbo=elbo),
            with_kl_as_gap(elbo, lambda p, lik, q: logsumexp(p + lik)),
        )
    )


def right_elbo(*arguments) -> np.floating:
    return identity(*arguments)[0]


def log_normalised(log_weights) -> np.ndarray:
    return log_weights - logsumexp(log_weights)


def draw_tables(spread) -> Draw:
    def draw(generator, Z) -> Arguments:
        log_pz, log_q = (log_normalised(generator.normal(0, spread, Z)) for _ in range(2))
        return log_pz, -generator.gamma(2.0, spread, Z) - 0.1, log_q

    return draw


def draw_exact_posterior(generator, Z) -> Arguments:
    log_pz, log_px_given_z, _ = draw_tables(1.0)(generator, Z)
    return log_pz, log_px_given_z, log_normalised(log_pz + log_px_given_z)


def draw_nearly_certain(generator, Z) -> Arguments:
    """Prior and q sit on different states: the other states have logs near -30."""
    log_pz, log_q = np.full(Z, -29.0), np.full(Z, -29.0)
    log_pz[0], log_q[-1] = 0.0, 0.0
    return log_pz + generator.uniform(-1, 0, Z) * (log_pz < 0), -generator.uniform(0.5, 3, Z), log_q


def sweep_tables(generator) -> Arguments:
    tables = generator.dirichlet(np.full(6, 10 ** generator.uniform(-1.5, 1)), 2)
    log_pz, log_q = np.log(np.maximum(tables, math.exp(-30)))
    return log_pz, -30 * generator.random(6) ** 3, log_q


ARGUMENTS = {"log_pz": "log_probability", "log_px_given_z": "log_probability", "log_q": ""}


def average(name, key, right, weights="q") -> TermRow:
    """Returns the row of the average of an argument.

    Args:
        name: The argument.
        key: The row's key.
        right: Its coefficient.
        weights: Under what: "q", "p" for the prior, "" for a plain sum.
    """
    position = list(ARGUMENTS).index(name)
    under = {"q": " under q", "p": " under the prior", "": ""}[weights]

    def formula(*arguments) -> np.floating:
        weight = {"q": np.exp(arguments[2]), "p": np.exp(arguments[0]), "": 1.0}[weights]
        return np.sum(weight * arguments[position])

    factor = {"q": "q(z) ", "p": "p(z) ", "": ""}[weights]
    return term(
        key,
        right,
        formula,
        f"sum_z {factor}{name}",
        f"the {'average' if weights else 'sum'} of {name}{under}",
    )


def sum_of_averages(output, prior, likelihood, own, log_px) -> DeclaredTerms:
    """Returns the `Terms` of the ELBO, or of the KL: how often each counts.

    Args:
        output: Which.
        prior: The average of log_pz.
        likelihood: The average of log_px_given_z.
        own: The average of log_q.
        log_px: log p(x).
    """
    return of_output(
        ARGUMENTS,
        average("log_pz", "prior", prior),
        average("log_px_given_z", "likelihood", likelihood),
        average("log_q", "own", own),
        # Rounded to float32, q sums to nearly 1.
        term(
            "evidence",
            log_px,
            lambda p, lik, q: np.sum(np.exp(q)) * logsumexp(p + lik),
            "log p(x)",
            "the term log p(x)",
        ),
        average("log_px_given_z", "likelihood_under_prior", 0, "p"),
        average("log_pz", "prior_under_prior", 0, "p"),
        average("log_px_given_z", "likelihood_unweighted", 0, ""),
        output=output,
        swaps=(("log_pz", "log_q"),),
    )


elbo_identity_terms = Question(
    name="elbo_identity_terms",
    points=9,
    source='document 000, section 1 "ELBO for VAE", steps 4 to 8',
    shape="three scalars",
    outputs=("elbo", "kl", "log_px"),
    reference=densities.elbo_identity_terms,
    cases=(
        Case("five states", GENERIC, draw_tables(1.0), {"Z": 5}),
        Case("seven states, spread out", GENERIC, draw_tables(1.6), {"Z": 7}),
        Case("three states", GENERIC, draw_tables(0.8), {"Z": 3}),
        Case("q equal to the posterior", EDGE, draw_exact_posterior, {"Z": 4}),
        Case("prior and q on different states", EDGE, draw_nearly_certain, {"Z": 6}),
    ),
    float32=0.03,
    tolerance="sums of at most seven terms: float32 keeps 1e-7 of the largest, weighted by q",
    domain=Domain(sweep_tables, num_draws=157),
    terms=(
        sum_of_averages(0, 1, 1, -1, 0),
        sum_of_averages(1, -1, -1, 1, 1),
        of_output(
            ARGUMENTS,
            term(
                "evidence",
                1,
                lambda p, lik, q: logsumexp(p + lik),
                "log sum_z p(x,z)",
                "log p(x)",
            ),
            average("log_px_given_z", "under_prior", 0, "p"),
            average("log_px_given_z", "under_q", 0),
            term(
                "without_prior",
                0,
                lambda p, lik, q: logsumexp(lik),
                "log sum_z p(x given z)",
                "log p(x) without the prior",
            ),
            term(
                "likelihood",
                0,
                lambda p, lik, q: np.sum(np.exp(p + lik)),
                "p(x)",
                "p(x) without its logarithm",
            ),
            term(
                "largest",
                0,
                lambda p, lik, q: np.max(p + lik),
                "max_z log p(x,z)",
                "the largest log p(x,z)",
            ),
            output=2,
            swaps=(("log_pz", "log_q"),),
        ),
    ),
    mistakes=wrong(
        identity_kl_to_prior=with_changes(kl=lambda p, lik, q: np.sum(np.exp(q) * (q - p))),
        identity_kl_reversed=with_changes(
            kl=lambda p, lik, q: np.sum(
                np.exp(log_normalised(p + lik)) * (log_normalised(p + lik) - q)
            )
        ),
        identity_kl_negated="kl.all:-1",
        identity_log_px_without_prior="log_px.evidence:without_prior",
        identity_log_px_is_mean_log=(
            "log_px.evidence:under_prior",
            "log_px.evidence:under_q",
            with_changes(log_px=lambda p, lik, q: np.mean(lik)),
            with_kl_as_gap(right_elbo, lambda p, lik, q: np.sum(np.exp(p) * lik)),
            with_kl_as_gap(right_elbo, lambda p, lik, q: np.mean(lik)),
            with_changes(log_px=lambda p, lik, q: np.mean(p + lik)),
            with_changes(log_px=lambda p, lik, q: np.sum(p + lik)),
            with_changes(log_px=lambda p, lik, q: np.sum(np.exp(q) * (p + lik))),
        ),
        identity_log_px_is_likelihood=(
            "log_px.evidence:likelihood",
            with_kl_as_gap(right_elbo, lambda p, lik, q: np.exp(logsumexp(p + lik))),
        ),
        identity_order_swapped=(
            with_order(2, 0, 1),
            *(with_order(*order) for order in ((0, 2, 1), (1, 2, 0), (2, 1, 0))),
        ),
        identity_kl_first=with_order(1, 0, 2),
        identity_elbo_negated=(
            "elbo.all:-1",
            *with_elbos(lambda *arguments: -right_elbo(*arguments)),
        ),
        identity_elbo_without_entropy="elbo.own:0",
        identity_elbo_is_reconstruction=with_elbos(lambda p, lik, q: np.sum(np.exp(q) * lik)),
        identity_eps_in_log=(
            *(
                with_changes(
                    kl=lambda p, lik, q, eps=eps: np.sum(
                        np.exp(q) * (q - np.log(np.exp(log_normalised(p + lik)) + eps))
                    )
                )
                for eps in SMALL[:-2]
            ),
            *(
                form
                for eps in SMALL[:-2]
                for form in with_elbos(
                    lambda p, lik, q, eps=eps: np.sum(
                        np.exp(q) * (np.log(np.exp(p + lik) + eps) - q)
                    )
                )
            ),
        ),
        identity_elbo_without_prior=(
            "elbo.prior:0",
            lambda p, lik, q: (lambda elbo, kl: (elbo, kl, elbo + kl))(
                np.sum(np.exp(q) * (lik - q)), identity(p, lik, q)[1]
            ),
            *with_elbos(lambda p, lik, q: np.sum(np.exp(q) * (lik - q))),
        ),
        identity_without_entropy_throughout=with_kl_as_gap(
            lambda p, lik, q: np.sum(np.exp(q) * (p + lik)), lambda p, lik, q: logsumexp(p + lik)
        ),
        identity_log_px_without_prior_throughout=with_kl_as_gap(
            right_elbo, lambda p, lik, q: logsumexp(lik)
        ),
        identity_prior_forgotten=lambda p, lik, q: identity(np.zeros_like(p), lik, q),
        identity_kl_to_joint="kl.evidence:0",
        identity_kl_to_prior_throughout=lambda p, lik, q: (lambda elbo, kl: (elbo, kl, elbo + kl))(
            np.sum(np.exp(q) * (p + lik - q)), np.sum(np.exp(q) * (q - p))
        ),
        identity_elbo_unweighted=(
            with_changes(elbo=lambda p, lik, q: np.sum(p + lik - q)),
            *with_elbos(
                lambda p, lik, q: np.sum(p + lik - q), lambda p, lik, q: np.mean(p + lik - q)
            ),
        ),
        identity_elbo_under_prior=(
            with_changes(elbo=lambda p, lik, q: np.sum(np.exp(p) * (p + lik - q))),
            with_changes(
                elbo=lambda p, lik, q: np.sum(np.exp(p) * lik) + np.sum(np.exp(q) * (p - q))
            ),
        ),
    ),
)
