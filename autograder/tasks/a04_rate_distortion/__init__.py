"""a04_rate_distortion: what a VAE trades."""

from ..question import Assignment, Manual
from .codes import vq_loss, vq_quantize
from .collapse import active_units, aggregate_log_prob, linear_vae_spectrum
from .loss import beta_vae_loss, rda_lambda
from .model import VQVAE, BetaVAE
from .sigma import optimal_sigma
from .tables import optimal_prior_and_decoder, rate_distortion_point, rate_split

__all__ = ["assignment"]

assignment = Assignment(
    name="a04_rate_distortion",
    title="Rate and distortion: what a VAE trades",
    questions=(
        optimal_sigma,
        beta_vae_loss,
        rda_lambda,
        rate_distortion_point,
        optimal_prior_and_decoder,
        rate_split,
        aggregate_log_prob,
        active_units,
        linear_vae_spectrum,
        BetaVAE,
        vq_quantize,
        vq_loss,
        VQVAE,
    ),
    manual=(
        Manual(
            "sigma_and_lambda",
            5,
            errata=("E-004-07",),
            passages=('document 004, "RDA_s vs. β -VAE_s", how the two objectives compare',),
        ),
        Manual("indeterminacy", 5),
        Manual("latent_segmentation", 5),
        Manual("coordinates", 3),
        Manual(
            "find_the_bugs",
            4,
            errata=("E-002-21", "E-004-01", "E-004-05"),
            passages=(
                'document 002, "(c) Dying units problem", the ELBO as a sum of two divergences',
                'document 004, "Gaussian VAEs", the arguments of N',
                'document 004, "Posterior Collapse", last equation',
            ),
        ),
    ),
)
