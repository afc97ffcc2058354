"""a02_elbo: reparameterization and Monte Carlo, against exact log p(x)."""

import math

import numpy as np
from scipy.special import expit, softmax
from vikit.protocol.wire import BuiltArgument

from autograder.reference import elbo, linear_gaussian

from .a01_densities import LOG_2PI, bernoulli, kl, logsumexp, over_batch, total
from .task import EDGE, GENERIC, Assignment, Draw, Follow, Manual, Task, Wrong

# linear_gaussian_log_px


def marginal_covariance(W, sigma):
    return W @ W.T + sigma**2 * np.eye(len(W))


def gaussian(residual, covariance, constant=1.0, log_det=0.5, distance=0.5):
    """Returns the log density of N(0, covariance) at `residual`, its terms weighted: the right weights are the usual ones."""
    squared = residual @ np.linalg.solve(covariance, residual)
    size = len(residual)
    return -0.5 * constant * size * LOG_2PI - log_det * np.linalg.slogdet(covariance)[1] - distance * squared


def marginal(x, W, b, sigma, **weights):
    return gaussian(x - b, marginal_covariance(W, sigma), **weights)


def given_z(x, W, b, sigma, z):
    """Returns log p(x|z)."""
    return total(-0.5 * LOG_2PI - np.log(sigma) - 0.5 * ((x - b - W @ z) / sigma) ** 2)


def draw_model(scale, noise, far=1.0):
    """Returns a draw of (x, W, b, sigma): a datum of the model, its distance from b stretched by `far`."""

    def draw(generator, D, K):
        W, b = generator.normal(0, scale, (D, K)), generator.normal(0, 1.5, D)
        sigma = generator.uniform(*noise)
        residual = W @ generator.normal(0, 1, K) + sigma * generator.normal(0, 1, D)
        return b + far * residual, W, b, float(sigma)

    return draw


def draw_without_loadings(generator, D, K):
    """W is 0: x says nothing of z."""
    x, W, b, sigma = draw_model(1.0, (0.5, 1.5))(generator, D, K)
    return x, 0 * W, b, sigma


def draw_at_b(generator, D, K):
    _, W, b, sigma = draw_model(0.8, (0.5, 1.5))(generator, D, K)
    return b, W, b, sigma


linear_gaussian_log_px = Task(
    name="linear_gaussian_log_px",
    points=8,
    source="document 003, eq. 2; document 001, the two goals (line 47)",
    shape="a scalar",
    reference=linear_gaussian.linear_gaussian_log_px,
    cases=(
        Draw("more data dimensions than latents", GENERIC, draw_model(0.8, (0.6, 1.6)), {"D": 5, "K": 3}),
        Draw("more latents than data dimensions", GENERIC, draw_model(0.7, (0.6, 1.6)), {"D": 4, "K": 7}),
        Draw("much noise", GENERIC, draw_model(0.6, (1.4, 2.5)), {"D": 7, "K": 4}),
        Draw("little noise", EDGE, draw_model(0.7, (0.3, 0.4)), {"D": 7, "K": 3}),
        Draw("W of zeros", EDGE, draw_without_loadings, {"D": 3, "K": 5}),
        Draw("a datum far from b", EDGE, draw_model(0.8, (0.6, 1.2), far=6.0), {"D": 5, "K": 4}),
    ),
    float32=0.06,
    tolerance="sigma is 0.3 or more, so the condition number of the covariance is at most some hundreds: float32 keeps 6e-6 of "
    "the value through a Cholesky factor, a solve or an inverse",
    mistakes=(
        Wrong(
            "lg_forgot_noise",
            lambda x, W, b, sigma: gaussian(x - b, W @ W.T + 1e-6 * np.eye(len(x))),
            "Your covariance of x is W W^T alone, but for a tiny constant perhaps. x has noise of its own as well: add sigma^2 "
            "on the diagonal. (Without it the matrix has no inverse where D is larger than K.)",
            also=tuple(
                lambda x, W, b, sigma, eps=eps: gaussian(x - b, W @ W.T + eps * np.eye(len(x)))
                for eps in (1e-3, 1e-4, 1e-5, 1e-7, 1e-8)
            ),
            # So near to a singular matrix float32 keeps no digit.
            unsteady=True,
        ),
        Wrong(
            "lg_sigma_not_squared",
            lambda x, W, b, sigma: gaussian(x - b, W @ W.T + sigma * np.eye(len(x))),
            "You put sigma on the diagonal. It is a standard deviation, and a covariance holds variances: sigma^2.",
        ),
        Wrong(
            "lg_noise_is_one",
            lambda x, W, b, sigma: gaussian(x - b, W @ W.T + np.eye(len(x))),
            "Your answer does not depend on sigma: the identity must be multiplied by sigma^2.",
        ),
        Wrong(
            "lg_logdet_not_halved",
            lambda *model: marginal(*model, log_det=1.0),
            "The log determinant enters whole; the density has the root of the determinant, so half of it.",
        ),
        Wrong(
            "lg_logdet_missing",
            lambda *model: marginal(*model, log_det=0.0),
            "The log determinant of the covariance is missing: without it a wider density costs nothing.",
        ),
        Wrong(
            "lg_logdet_sign",
            lambda *model: marginal(*model, log_det=-0.5),
            "The log determinant has the wrong sign: the wider the density, the lower it is.",
        ),
        Wrong(
            "lg_bias_missing",
            lambda x, W, b, sigma: gaussian(x, marginal_covariance(W, sigma)),
            "b does not enter your answer: the mean of x is b, because z has mean 0.",
        ),
        Wrong(
            "lg_bias_added",
            lambda x, W, b, sigma: gaussian(x + b, marginal_covariance(W, sigma)),
            "b enters with the wrong sign: the distance from the mean is x - b, and yours is x + b.",
        ),
        Wrong(
            "lg_conditional_at_z0",
            lambda x, W, b, sigma: given_z(x, W, b, sigma, np.zeros(W.shape[1])),
            "That is log p(x|z) at z = 0, as if the latent did not vary. Integrated over the prior, z adds W W^T to the "
            "covariance of x.",
        ),
        Wrong(
            "lg_conditional_at_posterior_mean",
            lambda x, W, b, sigma: given_z(x, W, b, sigma, exact_posterior(x, W, b, sigma)[0]),
            "That is log p(x|z) at the best z, the posterior mean. The evidence averages over all z, weighted by the prior.",
            "document 003, eq. 2; document 001, marginalization (line 19)",
        ),
        Wrong(
            "lg_joint_at_posterior_mean",
            lambda x, W, b, sigma: joint_at_mode(x, W, b, sigma),
            "That is log p(x, z) at the best z, the posterior mean. The evidence integrates the joint over all z: its value at "
            "one point says nothing of how wide it is.",
            "document 003, eq. 2; document 001, marginalization (line 19)",
        ),
        Wrong(
            "lg_mean_of_logs",
            lambda x, W, b, sigma: (
                given_z(x, W, b, sigma, np.zeros(W.shape[1])) - 0.5 * np.sum((W / np.float64(sigma)) ** 2)
            ),
            "That is the average of log p(x|z) under the prior. The evidence is the logarithm of the average, which is larger.",
            "document 001, line 63 (Jensen); document 002, lines 77-78; errata E-002-01",
        ),
        Wrong(
            "lg_diag_only",
            lambda x, W, b, sigma: gaussian(x - b, np.diag(np.diag(marginal_covariance(W, sigma)))),
            "Only the diagonal of the covariance enters: the entries of x that share a latent are correlated.",
        ),
        Wrong(
            "lg_missing_2pi",
            lambda *model: marginal(*model, constant=0.0),
            "The constant D/2 log 2 pi is missing: without it the density does not integrate to 1.",
        ),
        Wrong(
            "lg_2pi_once",
            lambda x, W, b, sigma: marginal(x, W, b, sigma, constant=1 / len(x)),
            "log 2 pi stands there once; it belongs to each of the D dimensions.",
        ),
        Wrong(
            "lg_distance_not_halved",
            lambda *model: marginal(*model, distance=1.0),
            "The squared distance in the exponent lacks its 1/2.",
        ),
        Wrong(
            "lg_covariance_not_inverted",
            lambda x, W, b, sigma: (
                marginal(x, W, b, sigma, distance=0.0) - 0.5 * (x - b) @ marginal_covariance(W, sigma) @ (x - b)
            ),
            "You multiplied the distance by the covariance; the exponent has its inverse.",
        ),
        Wrong(
            "lg_density_not_log",
            lambda *model: np.exp(marginal(*model)),
            "That is the density p(x) itself; its logarithm is asked for.",
        ),
    ),
)


# linear_gaussian_posterior


def inverse(matrix):
    """Returns the inverse, NaN where there is none."""
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


def exact_posterior(x, W, b, sigma):
    cov = inverse(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return cov @ W.T @ (x - b) / sigma**2, cov


def joint_at_mode(x, W, b, sigma):
    """Returns log p(x, z) at the posterior mean."""
    mean = exact_posterior(x, W, b, sigma)[0]
    return given_z(x, W, b, sigma, mean) - 0.5 * total(LOG_2PI + mean**2)


def with_changes(mean=lambda mean, cov, *_: mean, cov=lambda mean, cov, *_: cov):
    """Returns a wrong formula: the right mean and covariance, changed by functions of (mean, cov, x, W, b, sigma)."""

    def formula(*model):
        right = exact_posterior(*model)
        return mean(*right, *model), cov(*right, *model)

    return formula


def with_precision(precision):
    """Returns a wrong formula: another precision, a function of (W, sigma), with the mean that goes with it."""

    def formula(x, W, b, sigma):
        cov = inverse(precision(W, sigma))
        return cov @ W.T @ (x - b) / sigma**2, cov

    return formula


linear_gaussian_posterior = Task(
    name="linear_gaussian_posterior",
    points=10,
    source="document 001, the two goals (line 48); document 003, eq. 2",
    shape="[K] and [K,K]",
    outputs=("mean", "cov"),
    reference=linear_gaussian.linear_gaussian_posterior,
    cases=(
        Draw("three latents", GENERIC, draw_model(0.8, (0.6, 1.6)), {"D": 5, "K": 3}),
        Draw("five latents", GENERIC, draw_model(0.7, (0.6, 1.6)), {"D": 8, "K": 5}),
        Draw("much noise", GENERIC, draw_model(0.6, (1.4, 2.5)), {"D": 7, "K": 4}),
        Draw("little noise", EDGE, draw_model(0.7, (0.3, 0.4)), {"D": 7, "K": 3}),
        Draw("weak loadings", EDGE, draw_model(0.03, (0.5, 1.5)), {"D": 5, "K": 4}),
        Draw("a datum at b", EDGE, draw_at_b, {"D": 4, "K": 3}),
    ),
    float32=0.1,
    tolerance="sigma is 0.3 or more, so the condition number of the precision is at most some hundreds: float32 is off by 1e-6 "
    "in an entry of the inverse",
    twins=(
        (
            "lgp_residual_reversed",
            "transformation_negated in mean",
            "the mean is linear in x - b",
        ),
    ),
    mistakes=(
        Wrong(
            "lgp_forgot_prior_precision",
            with_precision(lambda W, sigma: W.T @ W / sigma**2),
            "The precision of the prior, the identity, is missing (a tiny constant in its place is none): that is least "
            "squares, the posterior under a flat prior.",
            also=tuple(
                with_precision(lambda W, sigma, eps=eps: W.T @ W / sigma**2 + eps * np.eye(W.shape[1]))
                for eps in (1e-3, 1e-4, 1e-5, 1e-6)
            ),
        ),
        Wrong(
            "lgp_sigma_not_squared",
            lambda x, W, b, sigma: exact_posterior(x, W, b, np.sqrt(sigma)),
            "You divided by sigma, in the mean, in cov or in both. The precision of the noise is 1/sigma^2: sigma is a "
            "standard deviation.",
            also=(
                with_changes(mean=lambda mean, cov, x, W, b, sigma: mean * sigma),
                with_precision(lambda W, sigma: np.eye(W.shape[1]) + W.T @ W / sigma),
            ),
        ),
        Wrong(
            "lgp_noise_ignored",
            lambda x, W, b, sigma: exact_posterior(x, W, b, 1.0),
            "Your answer does not depend on sigma: what x says of z counts less the noisier x is.",
        ),
        Wrong(
            "lgp_cov_is_precision",
            with_changes(cov=lambda mean, cov, *_: inverse(cov)),
            "Your cov is the precision, the inverse of what is asked for: invert it.",
        ),
        Wrong(
            "lgp_cov_is_cholesky",
            with_changes(cov=lambda mean, cov, *_: np.linalg.cholesky(cov)),
            "Your cov is a Cholesky factor, a root of the covariance; the covariance itself is asked for.",
            also=(with_changes(cov=lambda mean, cov, *_: np.linalg.cholesky(cov).T),),
        ),
        Wrong(
            "lgp_cov_root",
            with_changes(cov=lambda mean, cov, *_: np.sqrt(np.diag(np.diag(cov)))),
            "Your cov holds roots of its entries, standard deviations on the diagonal; variances and covariances are asked "
            "for.",
            also=(with_changes(cov=lambda mean, cov, *_: np.sqrt(np.abs(cov))),),
        ),
        Wrong(
            "lgp_cov_diagonal",
            with_changes(cov=lambda mean, cov, *_: np.diag(np.diag(cov))),
            "Your cov has zeros off the diagonal. Latents that explain the same x are correlated a posteriori, although they "
            "are independent a priori.",
            also=(with_changes(cov=lambda mean, cov, *_: np.diag(1 / np.diag(inverse(cov)))),),
        ),
        Wrong(
            "lgp_cov_without_noise",
            with_changes(cov=lambda mean, cov, x, W, b, sigma: cov / sigma**2),
            "Your cov is (W^T W + sigma^2 I)^-1. With that matrix the covariance still needs the factor sigma^2.",
        ),
        Wrong(
            "lgp_cov_is_prior",
            with_changes(cov=lambda mean, cov, *_: np.eye(len(cov))),
            "Your cov is that of the prior: having seen x, you know more of z than before.",
        ),
        Wrong(
            "lgp_bias_missing",
            lambda x, W, b, sigma: exact_posterior(x, W, 0 * b, sigma),
            "b does not enter your answer: what speaks of z is x - b.",
        ),
        Wrong(
            "lgp_bias_added",
            lambda x, W, b, sigma: exact_posterior(x, W, -b, sigma),
            "b enters with the wrong sign: what speaks of z is x - b, and yours is x + b.",
        ),
        Wrong(
            "lgp_residual_reversed",
            lambda x, W, b, sigma: exact_posterior(b, W, x, sigma),
            "Your mean has the opposite sign: the residual is x - b, not b - x.",
        ),
        Wrong(
            "lgp_mean_not_divided",
            with_changes(mean=lambda mean, cov, x, W, b, sigma: mean * sigma**2),
            "Your mean lacks the division by sigma^2: it is cov W^T (x - b) / sigma^2.",
        ),
        Wrong(
            "lgp_mean_without_cov",
            with_changes(mean=lambda mean, cov, x, W, b, sigma: W.T @ (x - b) / sigma**2),
            "Your mean is W^T (x - b), divided by sigma^2 or not: it must also be multiplied by cov.",
            also=(with_changes(mean=lambda mean, cov, x, W, b, sigma: W.T @ (x - b)),),
        ),
        Wrong(
            "lgp_mean_is_least_squares",
            with_changes(mean=lambda mean, cov, x, W, b, sigma: inverse(W.T @ W) @ W.T @ (x - b)),
            "Your mean is the least-squares solution. The prior draws it towards 0: multiply by cov, not by (W^T W)^-1.",
        ),
    ),
)


# reparameterize


def sample(mu, log_var, eps):
    return mu + np.exp(0.5 * log_var) * eps


def draw_sample(low, high, size=1.2):
    return lambda generator, B, K: (
        generator.normal(0, size, (B, K)),
        generator.uniform(low, high, (B, K)),
        generator.normal(0, 1, (B, K)),
    )


def draw_without_noise(generator, B, K):
    mu, log_var, eps = draw_sample(-2, 2)(generator, B, K)
    return mu, log_var, 0 * eps


def draw_unit_variance(generator, B, K):
    mu, log_var, eps = draw_sample(-2, 2)(generator, B, K)
    return mu, 0 * log_var, eps


def draw_extreme_sample(generator, B, K):
    return (
        generator.uniform(-40, 40, (B, K)),
        generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K)),
        generator.normal(0, 1, (B, K)),
    )


reparameterize = Task(
    name="reparameterize",
    points=8,
    source="document 000, section 2 (lines 35-39); document 003, eq. 20 to 22",
    shape="[B,K]",
    reference=elbo.reparameterize,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_sample(-2, 2), {"B": 5, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_sample(0.2, 2.5), {"B": 4, "K": 7}),
        Draw("all log_var negative", GENERIC, draw_sample(-3, -0.2), {"B": 7, "K": 5}),
        Draw("noise of zero", EDGE, draw_without_noise, {"B": 3, "K": 4}),
        Draw("variances of one", EDGE, draw_unit_variance, {"B": 5, "K": 7}),
        Draw("very wide and very narrow q", EDGE, draw_extreme_sample, {"B": 7, "K": 4}),
    ),
    float32=0.03,
    tolerance="one exponential, one product and one sum: float32 keeps 2e-6 of the larger of the two terms, also where they "
    "cancel",
    mistakes=(
        Wrong(
            "reparam_var_not_std",
            lambda mu, log_var, eps: mu + np.exp(log_var) * eps,
            "You scaled eps by the variance. A normal variable is scaled by its standard deviation, exp(log_var / 2).",
        ),
        Wrong(
            "reparam_log_var_direct",
            lambda mu, log_var, eps: mu + log_var * eps,
            "You scaled eps by log_var itself or by half of it, without an exponential: the exponential of log_var is the "
            "variance, and the root of that the scale.",
            also=(lambda mu, log_var, eps: mu + 0.5 * log_var * eps,),
        ),
        Wrong(
            "reparam_logstd",
            lambda mu, log_var, eps: mu + np.exp(2 * log_var) * eps,
            "You scaled eps by exp(2 log_var), which is sigma^4: to come from the log variance to sigma you halve it.",
        ),
        Wrong(
            "reparam_half_outside",
            lambda mu, log_var, eps: mu + 0.5 * np.exp(log_var) * eps,
            "The 1/2 stands outside the exponential. Inside, it takes the root of the variance; outside it halves it.",
        ),
        Wrong(
            "reparam_sqrt_log_var",
            lambda mu, log_var, eps: mu + np.sqrt(np.abs(log_var)) * eps,
            "You took the root of log_var (or of its absolute value). The root belongs to the variance, exp(log_var).",
            also=(lambda mu, log_var, eps: mu + np.sqrt(log_var) * eps,),
        ),
        Wrong(
            "reparam_softplus",
            lambda mu, log_var, eps: mu + np.logaddexp(0, log_var) * eps,
            "You made a scale of log_var with softplus. That is another parameterisation; here it is exp(log_var / 2).",
        ),
        Wrong(
            "reparam_minus",
            lambda mu, log_var, eps: mu - np.exp(0.5 * log_var) * eps,
            "The noise enters with a minus. The law of z is the same, but the eps that is given must be used as it is, with a "
            "plus.",
        ),
        Wrong(
            "reparam_noise_not_shifted",
            lambda mu, log_var, eps: np.exp(0.5 * log_var) * eps,
            "mu is not added: your samples are centred at 0 wherever q is.",
        ),
        Wrong(
            "reparam_mean_only",
            lambda mu, log_var, eps: mu + 0 * eps,
            "You returned the mean: without the noise nothing tells the sample apart from a plain autoencoder's code.",
        ),
        Wrong(
            "reparam_precision",
            lambda mu, log_var, eps: mu + np.exp(-0.5 * log_var) * eps,
            "You divided the noise by sigma or by its square; it is multiplied by sigma.",
            also=(lambda mu, log_var, eps: mu + np.exp(-log_var) * eps,),
        ),
        Wrong(
            "reparam_scaled_mean",
            lambda mu, log_var, eps: np.exp(0.5 * log_var) * (mu + eps),
            "You scaled the mean too: only the noise is multiplied by sigma.",
        ),
        Wrong(
            "reparam_noise_from_prior_not_eps",
            lambda mu, log_var, eps: eps,
            "You returned the noise itself, a sample of N(0, I). A sample of q has the mean mu and the scale sigma.",
            "document 001, line 79; errata E-001-04",
        ),
        Wrong(
            "reparam_log_var_as_log_std",
            lambda mu, log_var, eps: mu + np.exp(0.25 * log_var) * eps,
            "Your scale is the root of sigma: exp(log_var / 2) is sigma already, no further root is due.",
        ),
    ),
)


# elbo_analytic_kl


def exact_elbo(x, logits, mu, log_var):
    return bernoulli(x, logits) - kl(mu, log_var)


def with_kl(divergence):
    """Returns a wrong formula: the right log-likelihood minus another divergence, a function of (mu, log_var)."""
    return lambda x, logits, mu, log_var: bernoulli(x, logits) - divergence(mu, log_var)


def with_log_lik(log_lik):
    """Returns a wrong formula: another log-likelihood, a function of (x, logits), minus the right KL."""
    return lambda x, logits, mu, log_var: log_lik(x, logits) - kl(mu, log_var)


def from_probs(x, probs, least=1e-7):
    probs = np.clip(probs, least, 1 - least)
    return total(x * np.log(probs) + (1 - x) * np.log(1 - probs))


def draw_batch(low, high, scale):
    return lambda generator, B, D, K: (
        generator.integers(0, 2, (B, D)).astype(float),
        generator.normal(0, scale, (B, D)),
        generator.normal(0, 1.2, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_at_prior(generator, B, D, K):
    x, logits, mu, log_var = draw_batch(-2, 2, 1.5)(generator, B, D, K)
    return x, logits, 0 * mu, 0 * log_var


def draw_undecided_decoder(generator, B, D, K):
    x, logits, mu, log_var = draw_batch(-2, 2, 1.5)(generator, B, D, K)
    return x, 0 * logits, mu, log_var


def draw_certain_decoder(generator, B, D, K):
    x, _, mu, log_var = draw_batch(-2, 2, 1.0)(generator, B, D, K)
    return x, generator.uniform(50, 1000, (B, D)) * generator.choice([-1, 1], (B, D)), mu, log_var


def draw_extreme_encoder(generator, B, D, K):
    x, logits, *_ = draw_batch(-2, 2, 2.0)(generator, B, D, K)
    return x, logits, generator.uniform(-40, 40, (B, K)), generator.choice([-30.0, -15.0, 15.0], (B, K))


elbo_analytic_kl = Task(
    name="elbo_analytic_kl",
    points=12,
    source="document 001, line 63; document 003, eq. 8 and 9",
    shape="[B]",
    reference=elbo.elbo_analytic_kl,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_batch(-2, 2, 1.5), {"B": 5, "D": 7, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_batch(0.2, 2.5, 2.0), {"B": 4, "D": 11, "K": 7}),
        Draw("all log_var negative", GENERIC, draw_batch(-3, -0.2, 1.0), {"B": 7, "D": 9, "K": 5}),
        Draw("q equal to the prior", EDGE, draw_at_prior, {"B": 3, "D": 5, "K": 4}),
        Draw("a decoder that does not know", EDGE, draw_undecided_decoder, {"B": 5, "D": 9, "K": 4}),
        Draw("a decoder that is certain", EDGE, draw_certain_decoder, {"B": 4, "D": 7, "K": 3}),
        Draw("very wide and very narrow q", EDGE, draw_extreme_encoder, {"B": 7, "D": 5, "K": 4}),
    ),
    float32=0.04,
    tolerance="both terms lower the ELBO, so nothing cancels: TFP's divergence in float32 is off by 2 % of the tolerance",
    twins=tuple(
        (
            mistake,
            f"transformation_negated of {other}",
            "each of the two terms has the other sign, so one is minus the other",
        )
        for mistake, other in (
            ("elbo_added_kl", "elbo_cross_entropy_sign"),
            ("elbo_cross_entropy_sign", "elbo_added_kl"),
        )
    ),
    mistakes=(
        Wrong(
            "elbo_added_kl",
            lambda x, logits, mu, log_var: bernoulli(x, logits) + kl(mu, log_var),
            "You added the KL. It is the price of using q, and is subtracted: the ELBO lies below log p(x).",
        ),
        Wrong(
            "elbo_is_loss",
            lambda x, logits, mu, log_var: -exact_elbo(x, logits, mu, log_var),
            "That is the loss, minus the ELBO. The ELBO itself is asked for, which is maximised.",
            "document 000, section 4, step 8; errata E-000-11",
        ),
        Wrong(
            "elbo_cross_entropy_sign",
            with_log_lik(lambda x, logits: -bernoulli(x, logits)),
            "Your first term is the cross-entropy, a loss; log p(x|z) is minus that. A worse reconstruction must lower the "
            "ELBO.",
            "document 000, section 3 (line 59); errata E-000-05",
        ),
        Wrong(
            "elbo_mean_recon_sum_kl",
            with_log_lik(lambda x, logits: bernoulli(x, logits) / x.shape[-1]),
            "You averaged over the pixels but summed the KL: then the KL weighs D times too much (a beta-VAE with beta = D).",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "elbo_sum_recon_mean_kl",
            with_kl(lambda mu, log_var: kl(mu, log_var) / mu.shape[-1]),
            "You averaged the KL over the latent dimensions but summed over the pixels: the KL weighs K times too little.",
        ),
        Wrong(
            "elbo_mean_recon_mean_kl",
            lambda x, logits, mu, log_var: bernoulli(x, logits) / x.shape[-1] - kl(mu, log_var) / mu.shape[-1],
            "You averaged over pixels and over latent dimensions. Both are sums: the two averages change the balance of the "
            "terms.",
        ),
        Wrong(
            "elbo_kl_half_missing",
            with_kl(lambda mu, log_var: 2 * kl(mu, log_var)),
            "The KL counts twice: its factor 1/2 is missing, or it is subtracted a second time.",
        ),
        Wrong(
            "elbo_kl_missing",
            lambda x, logits, mu, log_var: bernoulli(x, logits),
            "The KL is missing: log p(x|z) alone is the objective of a plain autoencoder, and no bound on log p(x).",
            "document 003, eq. 8; document 000, section 3; errata E-000-05",
        ),
        Wrong(
            "elbo_recon_missing",
            lambda x, logits, mu, log_var: -kl(mu, log_var),
            "log p(x|z) is missing: minus the KL alone is largest where q ignores x.",
        ),
        Wrong(
            "elbo_kl_std_instead_of_var",
            with_kl(lambda mu, log_var: 0.5 * total(np.exp(0.5 * log_var) + mu**2 - 1 - log_var)),
            "Inside your KL stands sigma where the variance sigma^2 belongs.",
            "document 003, eq. 13; document 000, section 4, step 7",
            also=(with_kl(lambda mu, log_var: 0.5 * total(np.exp(0.5 * log_var) + mu**2 - 1 - 0.5 * log_var)),),
        ),
        Wrong(
            "elbo_kl_log_var_as_log_std",
            with_kl(lambda mu, log_var: kl(mu, 2 * log_var)),
            "Your KL takes log_var for log sigma: its exponential is the variance already.",
            "document 003, eq. 13; errata E-003-04",
        ),
        Wrong(
            "elbo_kl_mean_not_squared",
            with_kl(lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu - 1 - log_var)),
            "Inside your KL the mean stands without its square.",
            "document 003, eq. 13; document 000, section 4, step 7",
        ),
        Wrong(
            "elbo_kl_mean_missing",
            with_kl(lambda mu, log_var: kl(0 * mu, log_var)),
            "The mean does not enter your KL: the squared distance of q from the prior's centre is missing.",
            "document 003, eq. 13; document 000, section 4, step 7",
        ),
        Wrong(
            "elbo_kl_forgot_minus_one",
            with_kl(lambda mu, log_var: kl(mu, log_var) + 0.5 * mu.shape[-1]),
            "Inside your KL the -1 of each dimension is missing: at q = prior it must vanish.",
            "document 003, eq. 13; document 000, section 4, step 7",
        ),
        Wrong(
            "elbo_double_sigmoid",
            with_log_lik(lambda x, logits: bernoulli(x, expit(logits))),
            "You squashed the logits with a sigmoid and then used them as logits again: the sigmoid is applied twice.",
        ),
        Wrong(
            "elbo_logits_as_probs",
            with_log_lik(from_probs),
            "You took the logits for probabilities, as Keras' binary_crossentropy does without from_logits=True: apply the "
            "sigmoid, or better a formula that takes logits.",
            also=(
                *(
                    with_log_lik(lambda x, logits, least=least: from_probs(x, logits, least))
                    for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8)
                ),
                *(
                    with_log_lik(lambda x, logits, least=least: from_probs(x, logits, least) / x.shape[-1])
                    for least in (1e-7, 1e-6, 1e-8)
                ),
            ),
        ),
        Wrong(
            "elbo_keras_mean_of_probabilities",
            with_log_lik(lambda x, logits: from_probs(x, expit(logits)) / x.shape[-1]),
            "Your first term is averaged over the pixels, as Keras' binary_crossentropy is, and goes through probabilities "
            "that are cut off near 0 and 1. Sum over the pixels, and compute with the logits.",
            "document 000, Listing 1; errata E-000-18",
            also=tuple(
                with_log_lik(lambda x, logits, least=least: from_probs(x, expit(logits), least) / x.shape[-1])
                for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)
            ),
        ),
        Wrong(
            "elbo_squared_error",
            with_log_lik(lambda x, logits: -total((x - expit(logits)) ** 2)),
            "Your first term is a squared error, a Gaussian log-likelihood; pixels of 0 and 1 are Bernoulli.",
            also=(
                with_log_lik(lambda x, logits: -0.5 * total((x - expit(logits)) ** 2)),
                with_log_lik(lambda x, logits: -np.mean((x - expit(logits)) ** 2, axis=-1)),
                with_log_lik(lambda x, logits: -total((x - logits) ** 2)),
            ),
        ),
        Wrong(
            "elbo_through_probabilities",
            with_log_lik(lambda x, logits: from_probs(x, expit(logits))),
            "You went through the probability, which rounds to 0 or 1 where the decoder is certain: a wrong pixel then costs "
            "too little, or infinitely much. Compute with the logits.",
            also=(
                with_log_lik(lambda x, logits: total(x * np.log(expit(logits)) + (1 - x) * np.log(1 - expit(logits)))),
                *(
                    with_log_lik(lambda x, logits, least=least: from_probs(x, expit(logits), least))
                    for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)
                ),
                *(
                    with_log_lik(
                        lambda x, logits, eps=eps: total(
                            x * np.log(expit(logits) + eps) + (1 - x) * np.log(1 - expit(logits) + eps)
                        )
                    )
                    for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
                ),
            ),
        ),
        Wrong(
            "elbo_batch_mean_broadcast",
            lambda *batch: over_batch(exact_elbo(*batch), np.mean),
            "You averaged over the batch. Return one ELBO per example; the loss averages them later.",
        ),
        Wrong(
            "elbo_recon_summed_over_batch",
            with_log_lik(lambda x, logits: over_batch(bernoulli(x, logits), np.sum)),
            "Your log-likelihood is summed or averaged over the batch and then set against the KL of each single example: "
            "reduce over the pixels only.",
            "document 000, Listing 1 (reduction=SUM); errata E-000-18",
            also=(with_log_lik(lambda x, logits: over_batch(bernoulli(x, logits), np.mean)),),
        ),
    ),
)


# elbo_single_sample


def draw_terms(generator, B):
    return generator.normal(-20, 6, B), generator.normal(-6, 2.5, B), generator.normal(-6, 2.5, B)


def draw_large_terms(generator, B):
    return generator.normal(-300, 60, B), generator.normal(-50, 15, B), generator.normal(-45, 15, B)


def draw_densities_above_one(generator, B):
    """Narrow densities: logs of both signs."""
    return generator.normal(3, 2, B), generator.normal(-4, 2, B), generator.normal(4, 3, B)


def draw_negative_gap(generator, B):
    """log q(z|x) lies below log p(z) at every sample."""
    log_px_given_z, log_pz, _ = draw_terms(generator, B)
    return log_px_given_z, log_pz, log_pz - generator.uniform(0.5, 3, B)


def draw_q_is_prior(generator, B):
    log_px_given_z, log_pz, _ = draw_terms(generator, B)
    return log_px_given_z, log_pz, log_pz


def draw_unlikely(generator, B):
    return -generator.uniform(500, 3000, B), -generator.uniform(1, 9, B), -generator.uniform(1, 9, B)


elbo_single_sample = Task(
    name="elbo_single_sample",
    points=8,
    source="document 000, section 2 (lines 41-43)",
    shape="[B]",
    reference=elbo.elbo_single_sample,
    cases=(
        Draw("five examples", GENERIC, draw_terms, {"B": 5}),
        Draw("large values", GENERIC, draw_large_terms, {"B": 7}),
        Draw("densities above one", GENERIC, draw_densities_above_one, {"B": 9}),
        Draw("log q(z|x) below log p(z)", EDGE, draw_negative_gap, {"B": 4}),
        Draw("q equal to the prior", EDGE, draw_q_is_prior, {"B": 3}),
        Draw("very unlikely data", EDGE, draw_unlikely, {"B": 11}),
    ),
    float32=0.06,
    tolerance="two sums: float32 keeps 1e-7 of the largest of the three terms, also where they cancel",
    mistakes=(
        Wrong(
            "mc_forgot_prior",
            lambda lik, prior, q: lik - q,
            "log p(z) is missing: the joint of x and z is p(x|z) p(z).",
            "document 000, section 2 (line 43); document 001, chain rule (line 15)",
        ),
        Wrong(
            "mc_forgot_entropy",
            lambda lik, prior, q: lik + prior,
            "log q(z|x) is missing. What is left is log p(x,z), whose best q is a single point.",
        ),
        Wrong(
            "mc_likelihood_only",
            lambda lik, prior, q: lik + 0 * q,
            "That is log p(x|z) alone; the ELBO also has log p(z) - log q(z|x), the sample of minus the KL.",
            "document 000, section 3 (line 59); errata E-000-05",
        ),
        Wrong(
            "mc_kl_added",
            lambda lik, prior, q: lik - prior + q,
            "log p(z) and log q(z|x) have each other's sign: you added the sample of the KL instead of subtracting it.",
        ),
        Wrong(
            "mc_prior_subtracted",
            lambda lik, prior, q: lik - prior - q,
            "log p(z) has the wrong sign: it belongs to the joint and is added.",
        ),
        Wrong(
            "mc_q_added",
            lambda lik, prior, q: lik + prior + q,
            "log q(z|x) has the wrong sign: it is subtracted, so that a q that is needlessly sure loses.",
        ),
        Wrong(
            "mc_is_loss",
            lambda lik, prior, q: q - lik - prior,
            "That is the loss, minus the ELBO; the ELBO itself is asked for.",
            "document 000, section 4, step 8; errata E-000-11",
        ),
        Wrong(
            "mc_abs_kl",
            lambda lik, prior, q: lik - np.abs(q - prior),
            "You took the absolute value of log q(z|x) - log p(z). Only its average, the KL, is never negative; a single "
            "sample may be, and without its sign the estimate is biased.",
            "document 000, Listing 1 (line 126); errata E-000-24",
        ),
        Wrong(
            "mc_clipped_kl",
            lambda lik, prior, q: lik - np.maximum(q - prior, 0),
            "You cut log q(z|x) - log p(z) off at 0. Only its average, the KL, is never negative; a single sample may be, and "
            "cutting it off biases the estimate.",
            "document 000, Listing 1 (line 126); errata E-000-24",
        ),
        Wrong(
            "mc_squared_kl",
            lambda lik, prior, q: lik - 0.5 * (q - prior) ** 2,
            "You estimate the KL by half the square of the log ratio. That has less variance but is biased: the ELBO has the "
            "log ratio itself.",
        ),
        Wrong(
            "mc_exponential_kl",
            lambda lik, prior, q: lik - (np.exp(prior - q) - 1 - (prior - q)),
            "You estimate the KL by r - 1 - log r. Its average is right, but it is not the sample that the lecture has, and "
            "its variance explodes where q is narrow.",
        ),
        Wrong(
            "mc_weight_not_log",
            lambda lik, prior, q: np.exp(lik + prior - q),
            "That is the importance weight itself; the ELBO averages its logarithm.",
        ),
        Wrong(
            "mc_log_ratio_only",
            lambda lik, prior, q: prior - q,
            "log p(x|z) is missing: the ratio of prior and q alone does not know the datum.",
        ),
    ),
)


# elbo_multi_sample


def draw_weights(centre, spread):
    return lambda generator, L, B: (generator.normal(centre, spread, (L, B)),)


def draw_equal_weights(generator, L, B):
    return (np.repeat(generator.normal(-10, 4, (1, B)), L, axis=0),)


def draw_one_bad_sample(generator, L, B):
    log_w = generator.normal(-10, 1, (L, B))
    log_w[generator.integers(1, L)] -= 900
    return (log_w,)


def row_mean_of(statistic):
    return lambda log_w: statistic(log_w, axis=0)


elbo_multi_sample = Task(
    name="elbo_multi_sample",
    points=6,
    source="document 002, lines 767-782; document 003, eq. 18 and 19",
    shape="[B]",
    reference=elbo.elbo_multi_sample,
    cases=(
        Draw("five samples", GENERIC, draw_weights(-3, 1.5), {"L": 5, "B": 3}),
        Draw("samples that differ much", GENERIC, draw_weights(-20, 5), {"L": 7, "B": 4}),
        Draw("weights of both signs", GENERIC, draw_weights(0.5, 2), {"L": 4, "B": 9}),
        Draw("samples that agree", EDGE, draw_equal_weights, {"L": 3, "B": 5}),
        Draw("one sample that is very bad", EDGE, draw_one_bad_sample, {"L": 7, "B": 5}),
    ),
    float32=0.15,
    tolerance="an average of at most seven numbers: float32 keeps 2e-7 of the largest",
    mistakes=(
        Wrong(
            "elboL_sum",
            lambda log_w: log_w.sum(0),
            "You summed over the samples: the estimate is their average, divide by L.",
        ),
        Wrong(
            "elboL_max",
            lambda log_w: log_w.max(0),
            "You took the best of the samples, which is larger than the ELBO the more samples there are: average them.",
        ),
        Wrong(
            "elboL_over_batch",
            lambda log_w: np.full(log_w.shape[1], log_w.mean()),
            "You averaged over everything. Average over the samples, axis 0, and keep the examples apart.",
        ),
        Wrong(
            "elboL_mean_of_weights",
            lambda log_w: np.exp(log_w).mean(0),
            "You averaged the weights themselves: that estimates p(x), not a bound on its logarithm.",
        ),
        Wrong(
            "elboL_log_of_mean",
            lambda log_w: logsumexp(log_w, 0) - math.log(len(log_w)),
            "You took the logarithm of the mean weight. That is a tighter bound with another name, the importance-weighted one "
            "of a later assignment; the ELBO is the mean of the logarithms.",
            "document 002, lines 858-866; document 003, eq. 19",
        ),
        Wrong(
            "elboL_log_of_sum",
            lambda log_w: logsumexp(log_w, 0),
            "You took the logarithm of the summed weights; the ELBO is the mean of their logarithms.",
        ),
        Wrong(
            "elboL_first_sample",
            lambda log_w: log_w[0],
            "Only the first or the last sample counts in your answer: average over all L of them.",
            also=(lambda log_w: log_w[-1],),
        ),
        Wrong(
            "elboL_divided_by_L_minus_one",
            lambda log_w: log_w.sum(0) / (len(log_w) - 1),
            "You divided by L - 1. That is for variances; a mean divides by L.",
        ),
        Wrong(
            "elboL_median",
            lambda log_w: np.median(log_w, axis=0),
            "You took the median of the samples: an expectation is estimated by their mean, bad samples included.",
        ),
        Wrong(
            "elboL_is_loss",
            lambda log_w: -log_w.mean(0),
            "That is the loss, minus the ELBO; the ELBO itself is asked for.",
            "document 000, section 4, step 8; errata E-000-11",
        ),
    ),
)


# minibatch_log_lik


def draw_minibatch(centre, spread, low, high):
    return lambda generator, S: (generator.normal(centre, spread, S), int(generator.integers(low, high)))


def draw_whole_data(generator, S):
    return generator.normal(-60, 20, S), S


def draw_huge_data(generator, S):
    return generator.normal(-80, 5, S), int(generator.integers(5 * 10**5, 10**6))


minibatch_log_lik = Task(
    name="minibatch_log_lik",
    points=4,
    source="document 000, section 3 (line 61)",
    shape="a scalar",
    reference=elbo.minibatch_log_lik,
    cases=(
        Draw("five of some hundred", GENERIC, draw_minibatch(-20, 5, 100, 1000), {"S": 5}),
        Draw("seven of some thousand", GENERIC, draw_minibatch(-90, 20, 1000, 9000), {"S": 7}),
        Draw("log-likelihoods of both signs", GENERIC, draw_minibatch(3, 2, 50, 100), {"S": 9}),
        Draw("all of the data", EDGE, draw_whole_data, {"S": 4}),
        Draw("a million data", EDGE, draw_huge_data, {"S": 11}),
    ),
    float32=0.01,
    tolerance="a sum and one factor: float32 keeps 5e-7 of the value",
    mistakes=(
        Wrong(
            "mb_not_scaled",
            lambda log_lik, num_data: log_lik.sum(),
            "That is the sum over the minibatch, as the lecture's line has it. It stands for all the data only after "
            "multiplication by num_data / S.",
            "document 000, section 3 (line 61); errata E-000-06",
        ),
        Wrong(
            "mb_mean_only",
            lambda log_lik, num_data: log_lik.mean(),
            "That is the average per datum; the sum over all the data is num_data times as much.",
            "document 000, section 3 (line 61); errata E-000-06",
        ),
        Wrong(
            "mb_divided_by_num_data",
            lambda log_lik, num_data: log_lik.sum() / num_data,
            "You divided by num_data; multiply by num_data / S.",
        ),
        Wrong(
            "mb_sum_times_num_data",
            lambda log_lik, num_data: num_data * log_lik.sum(),
            "You multiplied the sum by num_data: first divide it by S, the size of the minibatch.",
        ),
        Wrong(
            "mb_factor_inverted",
            lambda log_lik, num_data: log_lik.sum() * len(log_lik) / num_data,
            "The factor is upside down: num_data / S, not S / num_data.",
        ),
        Wrong(
            "mb_scaled_twice",
            lambda log_lik, num_data: log_lik.mean() * num_data / len(log_lik),
            "You divided by S twice: the mean has done it already.",
        ),
        Wrong(
            "mb_log_of_mean",
            lambda log_lik, num_data: num_data * (logsumexp(log_lik) - math.log(len(log_lik))),
            "You took the logarithm of an average likelihood. Data are independent: their log-likelihoods are averaged.",
        ),
        Wrong(
            "mb_is_loss",
            lambda log_lik, num_data: -num_data * log_lik.mean(),
            "That is the loss, with the opposite sign: a log-likelihood is asked for.",
        ),
    ),
)


# grad_theta_enumerated


def draw_logits(theta, phi, lik=1.5):
    return lambda generator, Z: (
        generator.normal(0, theta, Z),
        generator.normal(0, phi, Z),
        -np.abs(generator.normal(0, lik, Z)) - 0.2,
    )


def draw_equal_logits(generator, Z):
    """q equal to the prior, its logits shifted by a constant."""
    theta, _, lik = draw_logits(1.0, 1.0)(generator, Z)
    return theta, theta + 1, lik


def draw_large_logits(generator, Z):
    theta, phi, lik = draw_logits(1.0, 1.0)(generator, Z)
    return theta + generator.choice([-30, 0, 30], Z), phi + generator.choice([-30, 0, 30], Z), lik


def draw_impossible_data(generator, Z):
    """The datum is next to impossible under every state but one."""
    theta, phi, lik = draw_logits(1.0, 1.0)(generator, Z)
    lik[1:] -= 400
    return theta, phi, lik


def softmax_gradient(logits, value):
    """Returns the gradient of sum_z softmax(logits)_z value_z in the logits, the values held fixed."""
    weights = softmax(logits)
    return weights * (value - np.sum(weights * value))


def log_softmax(logits):
    return logits - logsumexp(logits)


grad_theta_enumerated = Task(
    name="grad_theta_enumerated",
    points=8,
    source="document 001, gradients of the ELBO (line 67)",
    shape="[Z]",
    reference=elbo.grad_theta_enumerated,
    cases=(
        Draw("five states", GENERIC, draw_logits(1.0, 1.0), {"Z": 5}),
        Draw("seven states, a sharp q", GENERIC, draw_logits(0.7, 2.0), {"Z": 7}),
        Draw("three states", GENERIC, draw_logits(1.2, 0.8), {"Z": 3}),
        Draw("q equal to the prior", EDGE, draw_equal_logits, {"Z": 4}),
        Draw("logits far apart", EDGE, draw_large_logits, {"Z": 9}),
        Draw("a datum that one state alone explains", EDGE, draw_impossible_data, {"Z": 11}),
    ),
    float32=0.04,
    tolerance="a difference of two probabilities: float32 is off by 2e-7",
    mistakes=(
        Wrong(
            "gt_negated",
            lambda theta, phi, lik: softmax(theta) - softmax(phi),
            "The sign is wrong: p - q is the gradient of the loss. Going up the ELBO moves the prior towards q.",
        ),
        Wrong(
            "gt_subscripts_swapped",
            lambda theta, phi, lik: softmax_gradient(theta, log_softmax(phi) + lik - log_softmax(theta)),
            "You differentiated with q = softmax(theta), as the lecture's subscripts read. theta belongs to the prior p, and q "
            "depends on phi alone.",
            "document 001, gradients of the ELBO (line 67); errata E-001-01 and E-001-02",
        ),
        Wrong(
            "gt_wrt_phi",
            lambda theta, phi, lik: softmax_gradient(phi, log_softmax(theta) + lik - log_softmax(phi)),
            "That is the gradient in phi, the logits of q (of the ELBO, or of it without the entropy of q). The one in theta "
            "is asked for, with q held fixed.",
            also=(lambda theta, phi, lik: softmax_gradient(phi, log_softmax(theta) + lik),),
        ),
        Wrong(
            "gt_exact_evidence",
            lambda theta, phi, lik: softmax(theta + lik) - softmax(theta),
            "That is the gradient of log p(x): your average is under the exact posterior. The ELBO averages under q.",
        ),
        Wrong(
            "gt_wrt_probabilities",
            lambda theta, phi, lik: softmax(phi) / softmax(theta),
            "You divided q by p: that is the gradient in the probabilities p, up to a constant. theta are logits: each moves "
            "all of p, which must go on summing to 1.",
            also=(lambda theta, phi, lik: softmax(phi) / softmax(theta) - 1,),
        ),
        Wrong(
            "gt_q_only",
            lambda theta, phi, lik: softmax(phi),
            "You returned q: the normaliser of the softmax depends on theta too, and subtracts p. The gradient must sum to 0.",
        ),
        Wrong(
            "gt_p_only",
            lambda theta, phi, lik: -softmax(theta),
            "You returned minus p, the part of the softmax's normaliser: the log probability of a state also contains its own "
            "logit, which adds q.",
        ),
        Wrong(
            "gt_uncentred",
            lambda theta, phi, lik: softmax(phi) * (1 - softmax(theta)),
            "You took only the diagonal of the softmax's Jacobian: a logit changes the log probability of all states, not of "
            "its own alone.",
        ),
        Wrong(
            "gt_weighted_by_elbo_terms",
            lambda theta, phi, lik: (softmax(phi) - softmax(theta)) * (log_softmax(theta) + lik - log_softmax(phi)),
            "You multiplied by the bracket of the ELBO. That belongs to the score-function gradient in phi; here the bracket "
            "itself is differentiated.",
            "document 001, gradients of the ELBO (lines 67-73); errata E-001-03",
        ),
        Wrong(
            "gt_with_likelihood",
            lambda theta, phi, lik: softmax(phi) - softmax(theta) + lik,
            "The log-likelihood enters your answer. It does not depend on theta, so it drops out.",
            also=(
                lambda theta, phi, lik: (softmax(phi) - softmax(theta)) * lik,
                lambda theta, phi, lik: softmax(phi) * lik - softmax(theta),
            ),
        ),
        Wrong(
            "gt_logits_not_normalised",
            lambda theta, phi, lik: phi - theta,
            "You subtracted the logits themselves: take the softmax of each first.",
        ),
        Wrong(
            "gt_log_probabilities",
            lambda theta, phi, lik: log_softmax(phi) - log_softmax(theta),
            "You subtracted log probabilities; the gradient is the difference of the probabilities.",
        ),
        Wrong(
            "gt_unweighted",
            lambda theta, phi, lik: 1 / len(theta) - softmax(theta),
            "q does not enter your answer: the sum over z is weighted by q, and yours is a plain average or sum.",
            also=(lambda theta, phi, lik: 1 - len(theta) * softmax(theta),),
        ),
        Wrong(
            "gt_is_zero",
            lambda theta, phi, lik: 0 * theta,
            "Your gradient is 0: log p depends on theta. Only the entropy of q and log p(x|z) do not.",
            "document 001, gradients of the ELBO (line 67); errata E-001-02",
        ),
    ),
)


# pathwise_gradient


def pathwise(mu, log_var, eps, grad_f, z=None, noise=None, log_var_factor=0.5):
    """Returns the right gradients, or with other samples `z`, other noise factors or another factor of d_log_var."""
    sigma = np.exp(0.5 * log_var)
    gradients = np.asarray(grad_f(mu + sigma * eps if z is None else z))
    noise = sigma * eps if noise is None else noise
    return gradients.mean(0), log_var_factor * (gradients * noise).mean(0)


def with_gradients(d_mu, d_log_var):
    """Returns a wrong formula: each gradient a function of (right value, mu, log_var, eps, gradients at the samples)."""

    def formula(mu, log_var, eps, grad_f):
        gradients = np.asarray(grad_f(sample(mu, log_var, eps)))
        right = pathwise(mu, log_var, eps, grad_f)
        return d_mu(right[0], mu, log_var, eps, gradients), d_log_var(right[1], mu, log_var, eps, gradients)

    return formula


def keep(value, *_):
    return value


def draw_pathwise(low, high, slope=1.0):
    def draw(generator, L, K):
        A, c = generator.normal(0, slope, (K, K)), generator.normal(0, 1.5, K)
        mu, log_var = generator.normal(0, 1.2, K), generator.uniform(low, high, K)
        return mu, log_var, generator.normal(0, 1, (L, K)), BuiltArgument("affine", (A, c))

    return draw


def draw_constant_gradient(generator, L, K):
    mu, log_var, eps, grad_f = draw_pathwise(-2, 2)(generator, L, K)
    return mu, log_var, eps, BuiltArgument("affine", (0 * grad_f.arrays[0], grad_f.arrays[1]))


def draw_narrow_pathwise(generator, L, K):
    mu, _, eps, grad_f = draw_pathwise(-2, 2)(generator, L, K)
    return mu, generator.uniform(-30, -20, K), eps, grad_f


pathwise_gradient = Task(
    name="pathwise_gradient",
    points=10,
    source="document 001, line 81; document 003, eq. 24 to 29",
    shape="[K] and [K]",
    outputs=("d_mu", "d_log_var"),
    reference=elbo.pathwise_gradient,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_pathwise(-2, 2), {"L": 5, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_pathwise(0.2, 2), {"L": 4, "K": 7}),
        Draw("all log_var negative", GENERIC, draw_pathwise(-2.5, -0.2), {"L": 9, "K": 5}),
        Draw("a gradient that is the same everywhere", EDGE, draw_constant_gradient, {"L": 7, "K": 4}),
        Draw("very narrow q", EDGE, draw_narrow_pathwise, {"L": 3, "K": 5}),
    ),
    float32=0.08,
    tolerance="sums of at most 63 products of moderate size: float32 is off by 3e-6 where they cancel",
    follows=Follow(
        needs={
            "reparameterize": lambda mu, log_var, eps, grad_f: (
                np.broadcast_to(mu, eps.shape),
                np.broadcast_to(log_var, eps.shape),
                eps,
            )
        },
        formula=lambda arguments, values: elbo.gradient_at(values["reparameterize"][0], *arguments[1:]),
    ),
    mistakes=(
        Wrong(
            "pw_half_missing",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, log_var_factor=1.0),
            "Your d_log_var lacks the 1/2: it is the gradient in log sigma, and log_var is twice that.",
        ),
        Wrong(
            "pw_wrt_sigma",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, noise=eps, log_var_factor=1.0),
            "Your second gradient is the one in sigma: sigma is exp(log_var / 2), and its derivative, sigma / 2, is missing.",
        ),
        Wrong(
            "pw_wrt_variance",
            lambda mu, log_var, eps, grad_f: pathwise(
                mu, log_var, eps, grad_f, noise=eps * np.exp(-0.5 * log_var), log_var_factor=0.5
            ),
            "Your second gradient is the one in the variance: multiply by exp(log_var) to get the one in log_var.",
        ),
        Wrong(
            "pw_eps_missing",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, noise=np.exp(0.5 * log_var) + 0 * eps),
            "Your d_log_var lacks eps: each sample moves in the direction of its own noise.",
        ),
        Wrong(
            "pw_variance_for_sigma",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, noise=np.exp(log_var) * eps),
            "Your d_log_var has the factor exp(log_var), the variance; it is the standard deviation, exp(log_var / 2).",
        ),
        Wrong(
            "pw_samples_scaled_by_variance",
            lambda mu, log_var, eps, grad_f: pathwise(
                mu, log_var, eps, grad_f, z=mu + np.exp(log_var) * eps, noise=np.exp(log_var) * eps, log_var_factor=1.0
            ),
            "Your samples are mu + exp(log_var) eps, scaled by the variance: the scale is exp(log_var / 2).",
            "document 000, section 2 (lines 35-39); document 003, eq. 20 to 22",
            also=(lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, z=mu + np.exp(log_var) * eps),),
        ),
        Wrong(
            "pw_gradient_at_mean",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, z=mu + 0 * eps),
            "You evaluated grad_f at mu for every sample; it is evaluated at the samples z, or the spread of q has no effect.",
        ),
        Wrong(
            "pw_gradient_at_noise",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, z=eps),
            "You evaluated grad_f at the noise eps; it is evaluated at the samples z of q.",
            "document 001, lines 79-81; errata E-001-04",
        ),
        Wrong(
            "pw_sum_over_samples",
            with_gradients(
                lambda right, mu, log_var, eps, g: right * len(eps), lambda right, mu, log_var, eps, g: right * len(eps)
            ),
            "You summed over the samples; an expectation is estimated by their mean, so divide by L.",
        ),
        Wrong(
            "pw_first_sample_only",
            with_gradients(
                lambda right, mu, log_var, eps, g: g[0],
                lambda right, mu, log_var, eps, g: 0.5 * g[0] * eps[0] * np.exp(0.5 * log_var),
            ),
            "Only the first of the L samples counts in your answer: average over all of them.",
        ),
        Wrong(
            "pw_product_of_means",
            with_gradients(
                keep, lambda right, mu, log_var, eps, g: 0.5 * g.mean(0) * eps.mean(0) * np.exp(0.5 * log_var)
            ),
            "You averaged the gradient and the noise separately. Their product is averaged, sample by sample: what counts is "
            "how they vary together.",
        ),
        Wrong(
            "pw_entropy_added",
            with_gradients(keep, lambda right, *_: right + 0.5),
            "Your d_log_var has the gradient of the entropy of q in it, 1/2. The gradient of E_q[f(z)] alone is asked for.",
        ),
        Wrong(
            "pw_kl_included",
            with_gradients(
                lambda right, mu, *_: right - mu,
                lambda right, mu, log_var, *_: right - 0.5 * np.expm1(log_var),
            ),
            "Your answer has the gradient of the KL to the prior in it. The gradient of E_q[f(z)] alone is asked for.",
        ),
        Wrong(
            "pw_naive_zero",
            with_gradients(lambda right, *_: 0 * right, lambda right, *_: 0 * right),
            "Your gradients are 0: with z frozen nothing depends on mu and log_var any more. z must be written as a function "
            "of both.",
            "document 000, section 2 (lines 31-33); errata E-000-02",
        ),
        Wrong(
            "pw_minus_noise",
            lambda mu, log_var, eps, grad_f: pathwise(
                mu, log_var, eps, grad_f, z=sample(mu, log_var, -eps), noise=-eps * np.exp(0.5 * log_var)
            ),
            "Your samples have a minus before the noise: use the eps that is given with a plus.",
            also=(lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f, z=sample(mu, log_var, -eps)),),
        ),
        Wrong(
            "pw_order_swapped",
            lambda mu, log_var, eps, grad_f: pathwise(mu, log_var, eps, grad_f)[::-1],
            "The two gradients have changed places: return (d_mu, d_log_var).",
        ),
    ),
)


# fit_q


def with_other_fit(mu=lambda mean, sigma: mean, sigma=lambda mean, sigma: sigma):
    """Returns a wrong formula: what a search would end at, as functions of the posterior's mean and standard deviation."""

    def formula(log_joint, num_steps, seed):
        mean, precision = linear_gaussian.quadratic_peak(log_joint)
        return mu(mean, precision**-0.5), sigma(mean, precision**-0.5)

    return formula


def draw_joint(low, high, near, far):
    """Returns a draw of (log_joint, num_steps, seed): its posterior has a scale of low to high, and a mean of near to far."""

    def draw(generator):
        spread, centre = generator.uniform(low, high), generator.uniform(near, far) * generator.choice([-1, 1])
        noise, b = generator.uniform(0.4, 1.2), generator.uniform(-1, 1)
        w = noise * np.sqrt(spread**-2 - 1) * generator.choice([-1, 1])
        x = b + centre * noise**2 / (spread**2 * w)
        arrays = tuple(np.asarray(number, np.float32) for number in (w, b, noise, x))
        return BuiltArgument("linear_gaussian", arrays), 2000, int(generator.integers(1, 2**31 - 1))

    return draw


fit_q = Task(
    name="fit_q",
    points=6,
    source="document 000, section 2 (lines 29 and 51)",
    shape="two numbers",
    outputs=("mu", "sigma"),
    reference=linear_gaussian.fit_q,
    cases=(
        Draw("a posterior of moderate width", GENERIC, draw_joint(0.45, 0.6, 0.8, 1.6), {}),
        Draw("a posterior near the prior's width", GENERIC, draw_joint(0.88, 0.93, 0.8, 1.6), {}),
        Draw("a narrow posterior, off the centre", EDGE, draw_joint(0.22, 0.32, 1.7, 2.4), {}),
    ),
    atol=0.05,
    rtol=0.0,
    sampled=True,
    seconds=60,
    float32=0.25,
    tolerance="the mean of the last half of 2000 steps of Adam with 10 samples each was off by at most 0.019 over 24 models; "
    "the widest posterior has the largest error",
    twins=(
        (
            "fit_entropy_of_log_var",
            "transformation_bits in sigma",
            "the root of 2 is 1.41, the factor to bits 1.44: too close for a search to tell",
        ),
    ),
    mistakes=(
        Wrong(
            "fit_variance_for_sigma",
            with_other_fit(sigma=lambda mean, sigma: sigma**2),
            "Your sigma is the variance of the posterior: return its root, the standard deviation.",
        ),
        Wrong(
            "fit_log_var_for_sigma",
            with_other_fit(sigma=lambda mean, sigma: 2 * np.log(sigma)),
            "Your sigma is the log variance of the posterior: return the root of its exponential, a standard deviation.",
        ),
        Wrong(
            "fit_log_sigma_for_sigma",
            with_other_fit(sigma=lambda mean, sigma: np.log(sigma)),
            "Your sigma is the logarithm of the standard deviation: take its exponential before you return it.",
        ),
        Wrong(
            "fit_precision_for_sigma",
            with_other_fit(sigma=lambda mean, sigma: sigma**-2),
            "Your sigma is the precision of the posterior, or the root of that; its standard deviation, the root of 1 over the "
            "precision, is asked for.",
            also=(with_other_fit(sigma=lambda mean, sigma: 1 / sigma),),
        ),
        Wrong(
            "fit_root_of_sigma",
            with_other_fit(sigma=lambda mean, sigma: np.sqrt(sigma)),
            "Your sigma is the root of the standard deviation: look for a root, or a half in an exponent, that is taken twice.",
        ),
        Wrong(
            "fit_entropy_dropped",
            with_other_fit(sigma=lambda mean, sigma: 0 * sigma),
            "Your sigma is close to 0, which is best where the entropy of q is left out or has the opposite sign. The "
            "objective adds H(q), which grows with log sigma.",
            "document 000, section 2 (lines 31 and 43)",
        ),
        Wrong(
            "fit_entropy_of_log_var",
            with_other_fit(sigma=lambda mean, sigma: math.sqrt(2) * sigma),
            "Your sigma is about 1.4 times too large, which is best where the entropy counts twice. H(q) grows with log sigma, "
            "not with log sigma^2.",
        ),
        Wrong(
            "fit_entropy_halved",
            with_other_fit(sigma=lambda mean, sigma: sigma / math.sqrt(2)),
            "Your sigma is about 0.7 times what it should be, which is best where the entropy counts half. H(q) grows with log "
            "sigma.",
        ),
        Wrong(
            "fit_prior_twice",
            with_other_fit(
                mu=lambda mean, sigma: mean / (1 + sigma**2), sigma=lambda mean, sigma: (1 + sigma**-2) ** -0.5
            ),
            "Your q lies too close to the prior: it is the best one where the prior counts twice. log_joint holds log p(z) "
            "already: add the entropy of q, not minus the KL to the prior.",
            "document 001, line 63; document 000, section 2 (line 31)",
        ),
        Wrong(
            "fit_noise_scaled_by_variance",
            with_other_fit(sigma=lambda mean, sigma: (0.5 * sigma**2) ** 0.25),
            "Your sigma is the one that is best where samples are scaled by the variance of q instead of its standard "
            "deviation.",
            "document 000, section 2 (lines 35-39); document 003, eq. 20 to 22",
        ),
        Wrong(
            "fit_nothing_trained",
            with_other_fit(mu=lambda mean, sigma: 0 * mean, sigma=lambda mean, sigma: 1 + 0 * sigma),
            "You returned N(0, 1), where most searches start. Look whether the gradient reaches mu and sigma, and whether the "
            "steps are applied.",
            "document 000, section 2 (lines 31-39); errata E-000-02",
        ),
        Wrong(
            "fit_sigma_not_trained",
            with_other_fit(sigma=lambda mean, sigma: 1 + 0 * sigma),
            "Your mu is right but sigma is 1: train it as well, by its logarithm for example.",
        ),
        Wrong(
            "fit_mu_not_trained",
            with_other_fit(mu=lambda mean, sigma: 0 * mean),
            "Your sigma is right but mu is 0: train it as well.",
        ),
        Wrong(
            "fit_order_swapped",
            with_other_fit(mu=lambda mean, sigma: sigma, sigma=lambda mean, sigma: mean),
            "The two numbers have changed places: return (mu, sigma).",
        ),
    ),
)


assignment = Assignment(
    name="a02_elbo",
    title="Reparameterization and Monte Carlo, against exact log p(x)",
    tasks=(
        linear_gaussian_log_px,
        linear_gaussian_posterior,
        reparameterize,
        elbo_analytic_kl,
        elbo_single_sample,
        elbo_multi_sample,
        minibatch_log_lik,
        grad_theta_enumerated,
        pathwise_gradient,
        fit_q,
    ),
    manual=(
        Manual("why_the_naive_gradient_is_zero", 5),
        Manual("why_one_sample_is_enough", 5),
        Manual("three_estimates_of_the_evidence", 5),
        Manual("find_the_bugs", 5),
    ),
)
