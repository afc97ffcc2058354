"""a02_elbo: reparameterization and Monte Carlo, against exact log p(x)."""

from ..question import Assignment, Manual
from .averages import elbo_multi_sample, elbo_single_sample, minibatch_log_lik
from .elbo_of_batch import elbo_analytic_kl
from .gradients import grad_theta_enumerated, pathwise_gradient
from .linear_gaussian import linear_gaussian_log_px, linear_gaussian_posterior
from .samples import reparameterize
from .search import fit_q

__all__ = ["assignment"]

assignment = Assignment(
    name="a02_elbo",
    title="Reparameterization and Monte Carlo, against exact log p(x)",
    questions=(
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
        Manual(
            "why_the_naive_gradient_is_zero",
            5,
            errata=("E-000-02", "E-001-03"),
            passages=(
                'document 000, section 2 "SGD on ELBO for VAE", the sentence before the first '
                "equation",
                'document 001, "Gradients of ELBO", the sentence on a dead end',
            ),
        ),
        Manual("why_one_sample_is_enough", 4),
        Manual("three_estimates_of_the_evidence", 5),
        Manual(
            "find_the_bugs",
            6,
            errata=("E-002-09", "E-003-08"),
            passages=(
                'document 002, "7-2. Variational Auto Encoder (VAE)", the sentence on the variance '
                "of the gradient",
                'document 002, "Reparameterization Gradients", the sentence on the variance',
                'document 003, "Reparametrisation trick", eq. 29',
            ),
        ),
    ),
)
