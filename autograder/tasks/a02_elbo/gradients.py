"""Gradients of an expectation, by enumeration and pathwise."""

import numpy as np
from vikit.protocol.wire import BuiltArgument

from autograder.reference import elbo

from ..common_terms import sigma_intermediate
from ..domains import spread
from ..formulas import log_softmax, softmax
from ..question import (
    EDGE,
    GENERIC,
    Arguments,
    Case,
    Domain,
    Draw,
    Follow,
    Formula,
    Question,
    wrong,
)
from ..terms import DeclaredTerms, intermediate, of_output, term
from .samples import sample

__all__ = ["grad_theta_enumerated", "pathwise_gradient"]

# grad_theta_enumerated


def draw_logits(theta, phi, lik=1.5) -> Draw:
    return lambda generator, Z: (
        generator.normal(0, theta, Z),
        generator.normal(0, phi, Z),
        -np.abs(generator.normal(0, lik, Z)) - 0.2,
    )


def draw_equal_logits(generator, Z) -> Arguments:
    """q equal to the prior, its logits shifted by a constant."""
    theta, _, lik = draw_logits(1.0, 1.0)(generator, Z)
    return theta, theta + 1, lik


def draw_large_logits(generator, Z) -> Arguments:
    theta, phi, lik = draw_logits(1.0, 1.0)(generator, Z)
    return theta + generator.choice([-30, 0, 30], Z), phi + generator.choice([-30, 0, 30], Z), lik


def draw_impossible_data(generator, Z) -> Arguments:
    """The datum is next to impossible under every state but one."""
    theta, phi, lik = draw_logits(1.0, 1.0)(generator, Z)
    lik[1:] -= 400
    return theta, phi, lik


def softmax_gradient(logits, value) -> np.ndarray:
    """Returns the gradient of sum_z softmax(logits)_z value_z in the logits, values fixed."""
    weights = softmax(logits)
    return weights * (value - np.sum(weights * value))


def sweep_theta(generator) -> Arguments:
    return (
        spread(generator, 30, 6),
        spread(generator, 30, 6),
        -(10 ** generator.uniform(-1, 1.5, 6)),
    )


grad_theta_enumerated = Question(
    name="grad_theta_enumerated",
    points=10,
    source='document 001, "Gradients of ELBO"',
    shape="[Z]",
    reference=elbo.grad_theta_enumerated,
    cases=(
        Case("five states", GENERIC, draw_logits(1.0, 1.0), {"Z": 5}),
        Case("seven states, a sharp q", GENERIC, draw_logits(0.7, 2.0), {"Z": 7}),
        Case("three states", GENERIC, draw_logits(1.2, 0.8), {"Z": 3}),
        Case("q equal to the prior", EDGE, draw_equal_logits, {"Z": 4}),
        Case("logits far apart", EDGE, draw_large_logits, {"Z": 9}),
        Case("a datum that one state alone explains", EDGE, draw_impossible_data, {"Z": 11}),
    ),
    float32=0.04,
    tolerance="a difference of two probabilities: float32 is off by 2e-7",
    domain=Domain(sweep_theta, num_draws=57),
    keeps_formula=True,
    terms=(
        of_output(
            {"theta": "softmax", "phi": "softmax", "log_px_given_z": ""},
            term("q", 1, lambda theta, phi, lik: softmax(phi), "q_z", "the term in phi"),
            term("p", -1, lambda theta, phi, lik: softmax(theta), "p_z", "the term in theta"),
            term(
                "posterior",
                0,
                lambda theta, phi, lik: softmax(theta + lik),
                "softmax(theta + log_px_given_z)",
                "the softmax of theta + log_px_given_z",
            ),
            term("phi", 0, lambda theta, phi, lik: phi, "phi_z", "phi itself"),
            term("theta", 0, lambda theta, phi, lik: theta, "theta_z", "theta itself"),
            term(
                "likelihood", 0, lambda theta, phi, lik: lik, "log p(x given z)", "log_px_given_z"
            ),
            term(
                "product",
                0,
                lambda theta, phi, lik: softmax(phi) * softmax(theta),
                "q_z p_z",
                "the product of the two distributions",
            ),
            swaps=(("theta", "phi"),),
        ),
    ),
    mistakes=wrong(
        gt_negated="all:-1",
        gt_subscripts_swapped=lambda theta, phi, lik: softmax_gradient(
            theta, log_softmax(phi) + lik - log_softmax(theta)
        ),
        gt_wrt_phi=(
            lambda theta, phi, lik: softmax_gradient(
                phi, log_softmax(theta) + lik - log_softmax(phi)
            ),
            lambda theta, phi, lik: softmax_gradient(phi, log_softmax(theta) + lik),
        ),
        gt_exact_evidence=lambda theta, phi, lik: softmax(theta + lik) - softmax(theta),
        gt_wrt_probabilities=(
            lambda theta, phi, lik: softmax(phi) / softmax(theta),
            lambda theta, phi, lik: softmax(phi) / softmax(theta) - 1,
        ),
        gt_q_only="p:0",
        gt_p_only="q:0",
        gt_uncentred=lambda theta, phi, lik: softmax(phi) * (1 - softmax(theta)),
        gt_weighted_by_elbo_terms=lambda theta, phi, lik: (
            (softmax(phi) - softmax(theta)) * (log_softmax(theta) + lik - log_softmax(phi))
        ),
        gt_with_likelihood=(
            lambda theta, phi, lik: softmax(phi) - softmax(theta) + lik,
            lambda theta, phi, lik: (softmax(phi) - softmax(theta)) * lik,
            lambda theta, phi, lik: softmax(phi) * lik - softmax(theta),
        ),
        gt_logits_not_normalised=lambda theta, phi, lik: phi - theta,
        gt_log_probabilities=lambda theta, phi, lik: log_softmax(phi) - log_softmax(theta),
        gt_unweighted=(
            lambda theta, phi, lik: 1 / len(theta) - softmax(theta),
            lambda theta, phi, lik: 1 - len(theta) * softmax(theta),
        ),
        gt_is_zero=lambda theta, phi, lik: 0 * theta,
    ),
)


# pathwise_gradient


# Not fewer arguments: after those of the question comes what a wrong formula may have in its place.
def pathwise(
    mu, log_var, eps, grad_f, z=None, noise=None, log_var_factor=0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the gradients with other samples `z`, noise factors or factor of d_log_var."""
    sigma = np.exp(0.5 * log_var)
    gradients = np.asarray(grad_f(mu + sigma * eps if z is None else z))
    noise = sigma * eps if noise is None else noise
    return gradients.mean(0), log_var_factor * (gradients * noise).mean(0)


def with_gradients(d_mu, d_log_var) -> Formula:
    """Returns a wrong formula: gradients as functions of (right value, mu, log_var, eps, g).

    g stands for the gradients at the samples.
    """

    def formula(mu, log_var, eps, grad_f) -> tuple[np.ndarray, np.ndarray]:
        gradients = np.asarray(grad_f(sample(mu, log_var, eps)))
        right = pathwise(mu, log_var, eps, grad_f)
        return d_mu(right[0], mu, log_var, eps, gradients), d_log_var(
            right[1], mu, log_var, eps, gradients
        )

    return formula


def keep(value, *_) -> np.ndarray:
    return value


def draw_pathwise(low, high, slope=1.0) -> Draw:
    def draw(generator, L, K) -> Arguments:
        A, c = generator.normal(0, slope, (K, K)), generator.normal(0, 1.5, K)
        mu, log_var = generator.normal(0, 1.2, K), generator.uniform(low, high, K)
        return mu, log_var, generator.normal(0, 1, (L, K)), BuiltArgument("affine", (A, c))

    return draw


def draw_constant_gradient(generator, L, K) -> Arguments:
    mu, log_var, eps, grad_f = draw_pathwise(-2, 2)(generator, L, K)
    return mu, log_var, eps, BuiltArgument("affine", (0 * grad_f.arrays[0], grad_f.arrays[1]))


def draw_narrow_pathwise(generator, L, K) -> Arguments:
    mu, _, eps, grad_f = draw_pathwise(-2, 2)(generator, L, K)
    return mu, generator.uniform(-30, -20, K), eps, grad_f


def sweep_pathwise(generator) -> Arguments:
    L, K = 7, 5
    slopes = BuiltArgument("affine", (generator.normal(0, 1.2, (K, K)), generator.normal(0, 2, K)))
    return (
        generator.normal(0, 2, K),
        spread(generator, 3, K),
        generator.normal(0, 1, (L, K)),
        slopes,
    )


PATHWISE = {"mu": "mean", "log_var": "", "eps": "noise", "grad_f": ""}
PATHWISE_SIZES = {"L": lambda mu, log_var, eps, grad_f: len(eps)}


def gradients_at(*arguments) -> np.ndarray:
    """Returns the gradients at the samples, of the question's arguments and sigma.

    Shape `[L, K]`.
    """
    mu, _, eps, grad_f, sigma = arguments[:5]
    return np.asarray(grad_f(mu + sigma * eps))


def gradient_of_mu() -> DeclaredTerms:
    """Returns the `Terms` of d_mu."""
    return of_output(
        PATHWISE,
        term(
            "mean",
            1,
            lambda *arguments: gradients_at(*arguments).mean(0),
            "mean_l g_l",
            "the mean gradient",
        ),
        term(
            "first",
            0,
            lambda *arguments: gradients_at(*arguments)[0],
            "g_1",
            "the gradient at the first sample",
        ),
        term(
            "with_noise",
            0,
            lambda *arguments: (gradients_at(*arguments) * arguments[2]).mean(0),
            "mean_l g_l eps_l",
            "the mean of the gradient times eps",
        ),
        term("prior", 0, lambda mu, *_: mu, "mu", "mu"),
        intermediates={"sigma": sigma_intermediate(1)},
        sizes=PATHWISE_SIZES,
    )


# Not shorter: one row for each term.
def gradient_of_log_var() -> DeclaredTerms:
    """Returns the `Terms` of d_log_var.

    What is wrong in the samples is wrong in the factors too; or in a factor alone.
    """
    alone = {
        "no_noise": (lambda *a: np.ones_like(a[2]), "the factor eps is missing"),
        "squared_noise": (lambda *a: a[2] ** 2, "the factor eps is squared"),
        "negated": (lambda *a: -a[2], "the factor eps has the opposite sign"),
    }
    scales = {
        "missing": (lambda *a: np.ones_like(a[1]), "the factor sigma is missing"),
        "variance": (lambda *a: np.exp(a[1]), "the variance stands where the factor sigma belongs"),
        "inverse": (lambda *a: np.exp(-0.5 * a[1]), "it is divided by sigma, not multiplied"),
        "log_var": (lambda *a: a[1], "log_var stands where the factor sigma belongs"),
    }
    return of_output(
        PATHWISE,
        term(
            "noise",
            0.5,
            lambda *a: (gradients_at(*a) * a[-2]).mean(0) * a[-1],
            "mean_l g_l eps_l sigma",
            "the term in the noise",
        ),
        term(
            "first",
            0,
            lambda *a: (gradients_at(*a) * a[-2])[0] * a[-1],
            "g_1 eps_1 sigma",
            "the first sample alone",
        ),
        term(
            "gradient",
            0,
            lambda *a: gradients_at(*a).mean(0),
            "mean_l g_l",
            "the mean gradient alone",
        ),
        term("one", 0, lambda mu, *_: np.ones(len(mu)), "1", "a constant", is_constant=True),
        intermediates={
            "sigma": sigma_intermediate(1),
            "noise": intermediate(lambda *a: a[2], **alone),
            "scale": intermediate(lambda *a: a[4], **scales),
        },
        sizes=PATHWISE_SIZES,
        output=1,
    )


pathwise_gradient = Question(
    name="pathwise_gradient",
    points=12,
    source='document 001, "Gradients of ELBO", last formula; document 003, eq. 24 to 28',
    shape="[K] and [K]",
    outputs=("d_mu", "d_log_var"),
    reference=elbo.pathwise_gradient,
    cases=(
        Case("log_var of both signs", GENERIC, draw_pathwise(-2, 2), {"L": 5, "K": 3}),
        Case("all log_var positive", GENERIC, draw_pathwise(0.2, 2), {"L": 4, "K": 7}),
        Case("all log_var negative", GENERIC, draw_pathwise(-2.5, -0.2), {"L": 9, "K": 5}),
        Case(
            "a gradient that is the same everywhere", EDGE, draw_constant_gradient, {"L": 7, "K": 4}
        ),
        Case("very narrow q", EDGE, draw_narrow_pathwise, {"L": 3, "K": 5}),
    ),
    float32=0.08,
    tolerance=(
        "sums of at most 63 products of moderate size: float32 is off by 3e-6 where they cancel"
    ),
    follows=Follow(
        needs={
            "reparameterize": lambda mu, log_var, eps, grad_f: (
                np.broadcast_to(mu, eps.shape),
                np.broadcast_to(log_var, eps.shape),
                eps,
            )
        },
        formula=lambda arguments, values: elbo.gradient_at(
            values["reparameterize"][0], *arguments[1:]
        ),
    ),
    twins=tuple(
        (
            mistake,
            f"{transformation} of {other}",
            "the derivative of sigma in log_var is half of sigma: one leaves out the half, the "
            "other sigma",
        )
        for mistake, transformation, other in (
            ("pw_sigma_missing", "transformation_halved in d_log_var", "pw_wrt_sigma"),
            ("pw_wrt_sigma", "transformation_doubled in d_log_var", "pw_sigma_missing"),
            (
                "transformation_halved in d_mu of pw_sigma_missing",
                "transformation_halved",
                "pw_wrt_sigma",
            ),
            (
                "transformation_doubled in d_mu of pw_wrt_sigma",
                "transformation_doubled",
                "pw_sigma_missing",
            ),
        )
    ),
    domain=Domain(sweep_pathwise),
    keeps_formula=True,
    terms=(gradient_of_mu(), gradient_of_log_var()),
    mistakes=wrong(
        pw_half_missing="d_log_var.noise:2",
        pw_wrt_sigma=lambda mu, log_var, eps, grad_f: pathwise(
            mu, log_var, eps, grad_f, noise=eps, log_var_factor=1.0
        ),
        pw_sigma_missing="d_log_var.noise:scale_missing",
        pw_gradient_in_z=(
            with_gradients(keep, lambda right, mu, log_var, eps, g: g.mean(0)),
            "d_log_var.noise:gradient",
        ),
        pw_wrt_variance="d_log_var.noise:scale_inverse",
        pw_eps_missing="d_log_var.noise:noise_no_noise",
        pw_variance_for_sigma="d_log_var.noise:scale_variance",
        pw_samples_scaled_by_variance=(
            lambda mu, log_var, eps, grad_f: pathwise(
                mu,
                log_var,
                eps,
                grad_f,
                z=mu + np.exp(log_var) * eps,
                noise=np.exp(log_var) * eps,
                log_var_factor=1.0,
            ),
            lambda mu, log_var, eps, grad_f: pathwise(
                mu, log_var, eps, grad_f, z=mu + np.exp(log_var) * eps
            ),
            lambda mu, log_var, eps, grad_f: pathwise(
                mu,
                log_var,
                eps,
                grad_f,
                z=mu + np.exp(log_var) * eps,
                noise=np.exp(log_var) * eps,
            ),
        ),
        pw_gradient_at_mean=lambda mu, log_var, eps, grad_f: pathwise(
            mu, log_var, eps, grad_f, z=mu + 0 * eps
        ),
        pw_gradient_at_noise=lambda mu, log_var, eps, grad_f: pathwise(
            mu, log_var, eps, grad_f, z=eps
        ),
        pw_sum_over_samples=(
            with_gradients(
                lambda right, mu, log_var, eps, g: right * len(eps),
                lambda right, mu, log_var, eps, g: right * len(eps),
            ),
            "d_log_var.noise:*L",
            "d_mu.mean:*L",
        ),
        pw_first_sample_only=with_gradients(
            lambda right, mu, log_var, eps, g: g[0],
            lambda right, mu, log_var, eps, g: 0.5 * g[0] * eps[0] * np.exp(0.5 * log_var),
        ),
        pw_product_of_means=with_gradients(
            keep,
            lambda right, mu, log_var, eps, g: (
                0.5 * g.mean(0) * eps.mean(0) * np.exp(0.5 * log_var)
            ),
        ),
        pw_entropy_added=with_gradients(keep, lambda right, *_: right + 0.5),
        pw_kl_included=with_gradients(
            lambda right, mu, *_: right - mu,
            lambda right, mu, log_var, *_: right - 0.5 * np.expm1(log_var),
        ),
        pw_naive_zero=(
            with_gradients(lambda right, *_: 0 * right, lambda right, *_: 0 * right),
            "d_log_var.noise:0",
        ),
        pw_minus_noise=(
            lambda mu, log_var, eps, grad_f: pathwise(
                mu,
                log_var,
                eps,
                grad_f,
                z=sample(mu, log_var, -eps),
                noise=-eps * np.exp(0.5 * log_var),
            ),
            lambda mu, log_var, eps, grad_f: pathwise(
                mu, log_var, eps, grad_f, z=sample(mu, log_var, -eps)
            ),
        ),
        pw_order_swapped=lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f)[::-1],
    ),
)
