"""a01_densities: densities, divergences and the ELBO on paper."""

from ..question import Assignment, Manual
from .bayes import posterior_from_joint
from .bernoulli_logits import bernoulli_log_prob_logits
from .bernoulli_probs import bernoulli_log_prob_probs
from .cross_entropy import cross_entropy_terms
from .gaussians import gaussian_log_prob_fixed, gaussian_log_prob_learned, standard_normal_log_prob
from .identity import elbo_identity_terms
from .kl_of_gaussians import gaussian_entropy, kl_diag_gaussians
from .kl_to_prior import kl_to_standard_normal

__all__ = ["assignment"]

assignment = Assignment(
    name="a01_densities",
    title="Densities, divergences and the ELBO on paper",
    questions=(
        posterior_from_joint,
        standard_normal_log_prob,
        bernoulli_log_prob_probs,
        bernoulli_log_prob_logits,
        gaussian_log_prob_fixed,
        gaussian_log_prob_learned,
        cross_entropy_terms,
        kl_to_standard_normal,
        kl_diag_gaussians,
        gaussian_entropy,
        elbo_identity_terms,
    ),
    manual=(
        Manual("why_latent_variables", 4),
        Manual("bernoulli_as_a_loss", 4),
        Manual("gaussian_as_a_loss", 4),
        Manual("when_the_bound_is_tight", 5),
        Manual(
            "find_the_bugs",
            6,
            errata=("E-000-08", "E-000-09", "E-003-02"),
            passages=(
                'document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent", steps 1 '
                "to 7",
                'document 003, "Variational lower bound & Approximate posterior distribution", '
                "eq. 11",
            ),
        ),
    ),
)
