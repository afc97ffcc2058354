"""a03_vae: the variational autoencoder in Keras."""

from ..question import Assignment, Manual
from .bernoulli_loss import vae_loss
from .gaussian_loss import gaussian_vae_loss
from .generation import latent_grid, reconstruct, sample_prior
from .model import VAE, Decoder, Encoder
from .samples import sample_latent

__all__ = ["assignment"]

assignment = Assignment(
    name="a03_vae",
    title="The variational autoencoder in Keras",
    questions=(
        sample_latent,
        vae_loss,
        gaussian_vae_loss,
        Encoder,
        Decoder,
        VAE,
        reconstruct,
        sample_prior,
        latent_grid,
    ),
    manual=(
        Manual(
            "draw_the_model",
            8,
            errata=("E-001-06", "E-001-07", "E-003-04"),
            passages=(
                'document 001, "Gradients of ELBO", recipe "in practice", the last two lines',
                'document 003, "Variational lower bound & Approximate posterior distribution", the '
                "note below eq. 12",
                'document 004, "– ln p_Φ(y|z) as Distortion", the best sigma',
            ),
        ),
        Manual("two_heads", 3),
        Manual("read_the_curves", 5),
        Manual("autoencoder_or_vae", 4),
        Manual("mean_or_sample", 3),
        Manual("linear_vae", 4),
        Manual("two_gaps", 5),
    ),
)
