"""The linear Gaussian model, whose evidence and posterior are known."""

import numpy as np

from autograder.reference import linear_gaussian

from ..formulas import LOG_2PI, Numbers, total
from ..pictures import points
from ..question import (
    EDGE,
    GENERIC,
    Arguments,
    Case,
    Domain,
    Draw,
    Formula,
    Question,
    unsteady,
    wrong,
)
from ..terms import DeclaredTerms, intermediate, of_output, term

__all__ = ["linear_gaussian_log_px", "linear_gaussian_posterior"]

# linear_gaussian_log_px


def marginal_covariance(W, sigma) -> np.ndarray:
    return W @ W.T + sigma**2 * np.eye(len(W))


def gaussian(residual, covariance, constant=1.0, log_det=0.5, distance=0.5) -> np.floating:
    """Returns the log density of N(0, covariance) at `residual`, its terms weighted."""
    squared = residual @ np.linalg.solve(covariance, residual)
    size = len(residual)
    return (
        -0.5 * constant * size * LOG_2PI
        - log_det * np.linalg.slogdet(covariance)[1]
        - distance * squared
    )


def marginal(x, W, b, sigma, **weights) -> np.floating:
    return gaussian(x - b, marginal_covariance(W, sigma), **weights)


def given_z(x, W, b, sigma, z) -> Numbers:
    """Returns log p(x|z)."""
    return total(-0.5 * LOG_2PI - np.log(sigma) - 0.5 * ((x - b - W @ z) / sigma) ** 2)


def draw_model(scale, noise, far=1.0) -> Draw:
    """Returns a draw of (x, W, b, sigma): a datum, its distance from b stretched by `far`."""

    def draw(generator, D, K) -> Arguments:
        W, b = generator.normal(0, scale, (D, K)), generator.normal(0, 1.5, D)
        sigma = generator.uniform(*noise)
        residual = W @ generator.normal(0, 1, K) + sigma * generator.normal(0, 1, D)
        return b + far * residual, W, b, float(sigma)

    return draw


def draw_without_loadings(generator, D, K) -> Arguments:
    """W is 0: x says nothing of z."""
    x, W, b, sigma = draw_model(1.0, (0.5, 1.5))(generator, D, K)
    return x, 0 * W, b, sigma


def draw_at_b(generator, D, K) -> Arguments:
    _, W, b, sigma = draw_model(0.8, (0.5, 1.5))(generator, D, K)
    return b, W, b, sigma


def models(generator, D, K) -> Arguments:
    scale, far = 10 ** generator.uniform(-1.5, 0), 10 ** generator.uniform(0, 1)
    W, sigma = (
        np.clip(generator.normal(0, scale, (D, K)), -1.6, 1.6),
        float(generator.uniform(0.31, 3)),
    )
    b = generator.normal(0, 2, D)
    x = b + far * (W @ generator.normal(0, 1, K) + sigma * generator.normal(0, 1, D))
    return x, W, b, sigma


def sweep_model(generator) -> Arguments:
    sizes = [(7, 3), (5, 4), (4, 7)][generator.integers(3)]
    return models(generator, *sizes)


MODEL = {"x": "", "W": "", "b": "mean", "sigma": "sigma"}

linear_gaussian_log_px = Question(
    name="linear_gaussian_log_px",
    points=8,
    source='document 003, eq. 2; document 001, "The Two Goals of VAE", goal 1',
    shape="a scalar",
    reference=linear_gaussian.linear_gaussian_log_px,
    cases=(
        Case(
            "more data dimensions than latents",
            GENERIC,
            draw_model(0.8, (0.6, 1.6)),
            {"D": 5, "K": 3},
        ),
        Case(
            "more latents than data dimensions",
            GENERIC,
            draw_model(0.7, (0.6, 1.6)),
            {"D": 4, "K": 7},
        ),
        Case("much noise", GENERIC, draw_model(0.6, (1.4, 2.5)), {"D": 7, "K": 4}),
        Case("little noise", EDGE, draw_model(0.7, (0.3, 0.4)), {"D": 7, "K": 3}),
        Case("W of zeros", EDGE, draw_without_loadings, {"D": 3, "K": 5}),
        Case("a datum far from b", EDGE, draw_model(0.8, (0.6, 1.2), far=6.0), {"D": 5, "K": 4}),
    ),
    float32=0.06,
    tolerance=(
        "sigma is 0.3 or more, so the condition number of the covariance is at most some hundreds: "
        "float32 keeps 6e-6 of the value through a Cholesky factor, a solve or an inverse"
    ),
    domain=Domain(sweep_model, num_draws=27),
    terms=(
        of_output(
            MODEL,
            term(
                "two_pi",
                -0.5 * LOG_2PI,
                lambda x, W, b, sigma: len(x),
                "D",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "log_det",
                -0.5,
                lambda x, W, b, sigma: np.linalg.slogdet(marginal_covariance(W, sigma))[1],
                "log det (W W^T + sigma^2 I)",
                "the logarithm of the determinant",
            ),
            term(
                "distance",
                -0.5,
                lambda x, W, b, sigma: (
                    (x - b) @ np.linalg.solve(marginal_covariance(W, sigma), x - b)
                ),
                "(x - b)^T (W W^T + sigma^2 I)^-1 (x - b)",
                "the squared distance",
            ),
            term(
                "not_inverted",
                0,
                lambda x, W, b, sigma: (x - b) @ marginal_covariance(W, sigma) @ (x - b),
                "(x - b)^T (W W^T + sigma^2 I) (x - b)",
                "the distance with the covariance instead of its inverse",
            ),
            term(
                "diagonal_log_det",
                0,
                lambda x, W, b, sigma: np.sum(np.log(np.diag(marginal_covariance(W, sigma)))),
                "sum_d log (W W^T + sigma^2 I)_dd",
                "the logarithm of the product of the diagonal",
            ),
            term(
                "determinant",
                0,
                lambda x, W, b, sigma: np.linalg.det(marginal_covariance(W, sigma)),
                "det (W W^T + sigma^2 I)",
                "the determinant without its logarithm",
            ),
            sizes={"D": lambda x, *_: len(x)},
        ),
    ),
    pictures=(
        points(-3, 3, {"x": ["t", "t"], "W": [[1], [0.5]], "b": [1, 0.5], "sigma": 0.5}),
        points(0.3, 3, {"x": [1, -1], "W": [[1], [0.5]], "b": [1, 0.5], "sigma": "t"}),
    ),
    mistakes=wrong(
        lg_forgot_noise=unsteady(
            (
                lambda x, W, b, sigma: gaussian(x - b, W @ W.T + 1e-6 * np.eye(len(x))),
                *(
                    lambda x, W, b, sigma, eps=eps: gaussian(x - b, W @ W.T + eps * np.eye(len(x)))
                    for eps in (1e-3, 1e-4, 1e-5, 1e-7, 1e-8)
                ),
            )
        ),
        lg_sigma_not_squared="sigma_as_variance",
        lg_noise_is_one="sigma_left_out",
        lg_logdet_not_halved="log_det:2",
        lg_logdet_missing="log_det:0",
        lg_logdet_sign="log_det:-1",
        lg_bias_missing="b_left_out",
        lg_bias_added="b_negated",
        lg_conditional_at_z0=lambda x, W, b, sigma: given_z(x, W, b, sigma, np.zeros(W.shape[1])),
        lg_conditional_at_posterior_mean=lambda x, W, b, sigma: given_z(
            x, W, b, sigma, exact_posterior(x, W, b, sigma)[0]
        ),
        lg_joint_at_posterior_mean=lambda x, W, b, sigma: joint_at_mode(x, W, b, sigma),
        lg_mean_of_logs=lambda x, W, b, sigma: (
            given_z(x, W, b, sigma, np.zeros(W.shape[1]))
            - 0.5 * np.sum((W / np.float64(sigma)) ** 2)
        ),
        lg_diag_only=lambda x, W, b, sigma: gaussian(
            x - b, np.diag(np.diag(marginal_covariance(W, sigma)))
        ),
        lg_missing_2pi="two_pi:0",
        lg_2pi_once="two_pi:/D",
        lg_distance_not_halved="distance:2",
        lg_covariance_not_inverted="distance:not_inverted",
        lg_density_not_log=lambda *model: np.exp(marginal(*model)),
    ),
)


# linear_gaussian_posterior


def inverse(matrix) -> np.ndarray:
    """Returns the inverse, NaN where there is none."""
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


def exact_posterior(x, W, b, sigma) -> tuple[np.ndarray, np.ndarray]:
    cov = inverse(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return cov @ W.T @ (x - b) / sigma**2, cov


def joint_at_mode(x, W, b, sigma) -> Numbers:
    """Returns log p(x, z) at the posterior mean."""
    mean = exact_posterior(x, W, b, sigma)[0]
    return given_z(x, W, b, sigma, mean) - 0.5 * total(LOG_2PI + mean**2)


def with_changes(mean=lambda mean, cov, *_: mean, cov=lambda mean, cov, *_: cov) -> Formula:
    """Returns a wrong formula: mean and covariance changed by functions.

    The functions take (mean, cov, x, W, b, sigma).
    """

    def formula(*model) -> tuple[np.ndarray, np.ndarray]:
        right = exact_posterior(*model)
        return mean(*right, *model), cov(*right, *model)

    return formula


def with_precision(precision) -> Formula:
    """Returns a wrong formula: another precision, of (W, sigma), with the mean that fits it."""

    def formula(x, W, b, sigma) -> tuple[np.ndarray, np.ndarray]:
        cov = inverse(precision(W, sigma))
        return cov @ W.T @ (x - b) / sigma**2, cov

    return formula


def sweep_posterior(generator) -> Arguments:
    return models(generator, *[(7, 3), (5, 4), (8, 5)][generator.integers(3)])


def exact_precision(x, W, b, sigma) -> np.ndarray:
    return np.eye(W.shape[1]) + W.T @ W / sigma**2


# Not shorter: one row for each term.
def terms_of_mean() -> DeclaredTerms:
    """Returns the `Terms` of the mean: it is linear in x and in b."""

    precisions = {
        "unscaled": (
            lambda x, W, b, sigma: np.eye(W.shape[1]) + W.T @ W,
            "the precision lacks the scale of the noise",
        ),
        "over_sigma": (
            lambda x, W, b, sigma: np.eye(W.shape[1]) + W.T @ W / sigma,
            "sigma stands where sigma^2 belongs in the precision",
        ),
        "subtracted": (
            lambda x, W, b, sigma: np.eye(W.shape[1]) - W.T @ W / sigma**2,
            "in the precision a term has the opposite sign",
        ),
    }

    def projected(residual) -> Formula:
        """Returns the term of `residual`, a function of the model: its share of the mean."""
        return lambda x, W, b, sigma, precision: (
            inverse(precision) @ W.T @ residual(x, b) / sigma**2
        )

    def scaled(power) -> Formula:
        """Returns the mean, multiplied by a power of sigma."""
        return lambda *model: projected(lambda x, b: x - b)(*model) * model[3] ** power

    return of_output(
        MODEL,
        term("x", 1, projected(lambda x, b: x), "M x", "the term in x"),
        term("b", -1, projected(lambda x, b: b), "M b", "the term in b"),
        term(
            "without_cov",
            0,
            lambda x, W, b, sigma, precision: W.T @ (x - b) / sigma**2,
            "W^T (x - b) / sigma^2",
            "the mean without the covariance",
        ),
        term(
            "without_noise",
            0,
            scaled(2),
            "M (x - b) sigma^2",
            "the mean that is not divided by sigma^2",
        ),
        term(
            "divided_by_sigma",
            0,
            scaled(1),
            "M (x - b) sigma",
            "the mean divided by sigma instead of sigma^2",
        ),
        term(
            "least_squares",
            0,
            lambda x, W, b, sigma, precision: inverse(W.T @ W) @ W.T @ (x - b),
            "(W^T W)^-1 W^T (x - b)",
            "the least squares solution",
        ),
        intermediates={"precision": intermediate(exact_precision, **precisions)},
    )


# Not shorter: one row for each term.
def terms_of_precision() -> DeclaredTerms:
    """Returns the `Terms` of the covariance's inverse."""
    return of_output(
        MODEL,
        term(
            "identity",
            1,
            lambda x, W, b, sigma: np.eye(W.shape[1]),
            "I",
            "the prior's precision",
        ),
        term(
            "loadings",
            1,
            lambda x, W, b, sigma: W.T @ W / sigma**2,
            "W^T W / sigma^2",
            "the term in W",
        ),
        term(
            "diagonal",
            0,
            lambda x, W, b, sigma: np.diag(np.diag(W.T @ W)) / sigma**2,
            "diag(W^T W) / sigma^2",
            "the diagonal of the term in W",
        ),
        term(
            "ones",
            0,
            lambda x, W, b, sigma: np.ones((W.shape[1], W.shape[1])),
            "1",
            "a 1 in every entry",
        ),
        term(
            "noise",
            0,
            lambda x, W, b, sigma: sigma**2 * np.eye(W.shape[1]),
            "sigma^2 I",
            "sigma^2 on the diagonal",
        ),
        link="inverse",
        output=1,
    )


linear_gaussian_posterior = Question(
    name="linear_gaussian_posterior",
    points=12,
    source='document 001, "The Two Goals of VAE", goal 2; document 003, eq. 2',
    shape="[K] and [K,K]",
    outputs=("mean", "cov"),
    reference=linear_gaussian.linear_gaussian_posterior,
    cases=(
        Case("three latents", GENERIC, draw_model(0.8, (0.6, 1.6)), {"D": 5, "K": 3}),
        Case("five latents", GENERIC, draw_model(0.7, (0.6, 1.6)), {"D": 8, "K": 5}),
        Case("much noise", GENERIC, draw_model(0.6, (1.4, 2.5)), {"D": 7, "K": 4}),
        Case("little noise", EDGE, draw_model(0.7, (0.3, 0.4)), {"D": 7, "K": 3}),
        Case("weak loadings", EDGE, draw_model(0.03, (0.5, 1.5)), {"D": 5, "K": 4}),
        Case("a datum at b", EDGE, draw_at_b, {"D": 4, "K": 3}),
    ),
    float32=0.1,
    tolerance=(
        "sigma is 0.3 or more, so the condition number of the precision is at most some hundreds: "
        "float32 is off by 1e-6 in an entry of the inverse"
    ),
    twins=(
        (
            "lgp_residual_reversed",
            "transformation_negated in mean",
            "the mean is linear in x - b",
        ),
    ),
    domain=Domain(sweep_posterior, num_draws=27),
    keeps_formula=True,
    terms=(terms_of_mean(), terms_of_precision()),
    pictures=(
        points(-3, 3, {"x": ["t", "t"], "W": [[1], [0.5]], "b": [1, 0.5], "sigma": 0.5}),
        points(0.3, 3, {"x": [1, -1], "W": [[1], [0.5]], "b": [1, 0.5], "sigma": "t"}, output=1),
    ),
    mistakes=wrong(
        lgp_forgot_prior_precision=(
            with_precision(lambda W, sigma: W.T @ W / sigma**2),
            *(
                with_precision(
                    lambda W, sigma, eps=eps: W.T @ W / sigma**2 + eps * np.eye(W.shape[1])
                )
                for eps in (1e-3, 1e-4, 1e-5, 1e-6)
            ),
        ),
        lgp_sigma_not_squared=(
            lambda x, W, b, sigma: exact_posterior(x, W, b, np.sqrt(sigma)),
            with_changes(mean=lambda mean, cov, x, W, b, sigma: mean * sigma),
            with_precision(lambda W, sigma: np.eye(W.shape[1]) + W.T @ W / sigma),
        ),
        lgp_noise_ignored=lambda x, W, b, sigma: exact_posterior(x, W, b, 1.0),
        lgp_cov_is_precision=with_changes(cov=lambda mean, cov, *_: inverse(cov)),
        lgp_cov_is_cholesky=(
            with_changes(cov=lambda mean, cov, *_: np.linalg.cholesky(cov)),
            with_changes(cov=lambda mean, cov, *_: np.linalg.cholesky(cov).T),
        ),
        lgp_cov_root=(
            with_changes(cov=lambda mean, cov, *_: np.sqrt(np.diag(np.diag(cov)))),
            with_changes(cov=lambda mean, cov, *_: np.sqrt(np.abs(cov))),
        ),
        lgp_cov_diagonal=(
            with_changes(cov=lambda mean, cov, *_: np.diag(np.diag(cov))),
            with_changes(cov=lambda mean, cov, *_: np.diag(1 / np.diag(inverse(cov)))),
        ),
        lgp_cov_without_noise=with_changes(cov=lambda mean, cov, x, W, b, sigma: cov / sigma**2),
        lgp_cov_is_prior=with_changes(cov=lambda mean, cov, *_: np.eye(len(cov))),
        lgp_bias_missing=lambda x, W, b, sigma: exact_posterior(x, W, 0 * b, sigma),
        lgp_bias_added=lambda x, W, b, sigma: exact_posterior(x, W, -b, sigma),
        lgp_residual_reversed=lambda x, W, b, sigma: exact_posterior(b, W, x, sigma),
        lgp_mean_not_divided=with_changes(mean=lambda mean, cov, x, W, b, sigma: mean * sigma**2),
        lgp_mean_without_cov=(
            with_changes(mean=lambda mean, cov, x, W, b, sigma: W.T @ (x - b) / sigma**2),
            with_changes(mean=lambda mean, cov, x, W, b, sigma: W.T @ (x - b)),
        ),
        lgp_mean_is_least_squares=with_changes(
            mean=lambda mean, cov, x, W, b, sigma: inverse(W.T @ W) @ W.T @ (x - b)
        ),
    ),
)
