"""The classes: a beta-VAE with a Gaussian decoder, and a VAE with a codebook."""

from vikit.judging import Property

from ..properties import weights_property
from ..question import Question
from .codes import VQ
from .loss import BETA_VAE
from .oracle import Reference
from .sigma import DISTORTION

__all__ = ["VQVAE", "BetaVAE"]

MODEL_SECONDS = 90
# Of the way from one Gaussian per pixel with one sigma (-7 nats) to the slower of two right
# spellings, log sigma^2 as the weight (14.7), 60 %; with log sigma it is 20 to 23 nats.
FLOOR = 6.0
# At this price a right model encodes nothing.
LARGE_BETA = 20.0
# With codes that are standard normal first, a right model comes to 11.2 to 11.9 nats, and uses all
# 16 codes; one Bernoulli per pixel has 25.25, and without a gradient through the code it is that.
MOST_DISTORTION, LEAST_CODES = 16.0, 8
LEARNING = 'document 002, section 7-2 "Variational Auto Encoder (VAE)", (b)'
# Squares: a convolutional model is right too.
SIZES = [[16, 4, [7], [[3, 5], [1, 4]]], [64, 3, [7, 5], [[5, 1]]]]
TERMS_HINT = (
    "terms(x, eps) must be the distortion of each example, averaged over the L samples and with "
    "all of its constants, and its rate without beta: computed from what your own encoder, "
    "decoder and sigma return they are other numbers."
)

BetaVAE = Question(
    name="BetaVAE",
    points=10,
    source=f"{BETA_VAE}; {DISTORTION}",
    properties=(
        Property(
            "terms_with_a_trained_sigma",
            2,
            TERMS_HINT,
            DISTORTION,
            "terms",
            {"model": "BetaVAE", "size_table": SIZES},
            title="The terms are right with a trained sigma",
        ),
        Property(
            "terms_with_a_given_sigma",
            1,
            TERMS_HINT,
            DISTORTION,
            "terms",
            {"model": "BetaVAE at sigma 0.25", "size_table": SIZES[:1]},
            title="The terms are right with a given sigma",
        ),
        weights_property("BetaVAE", 2, LEARNING, "distortion plus rate"),
        Property(
            "loss_per_example",
            1,
            "loss, distortion and rate must be those of an average example, in nats, and the loss "
            "the distortion plus the model's beta times the rate, whatever the size of the batch; "
            "training and evaluate must draw fresh noise for each example.",
            BETA_VAE,
            "training",
            {"model": "BetaVAE"},
            title="The reported losses are those of an average example, with fresh noise",
        ),
        Property(
            "fit_sigma",
            1,
            "After fit_sigma(x, eps), model.sigma must be what optimal_sigma says of the same "
            "images and reconstructions.",
            DISTORTION,
            "fit_sigma",
            {"model": "BetaVAE"},
            title="The M-step finds the best sigma",
        ),
        Property(
            "collapses_at_a_large_beta",
            1,
            "Trained at beta = 20, the model must encode nothing, and sigma must be the best one "
            "for reconstructions that do not depend on x.",
            'document 004, "Posterior Collapse"',
            "collapses",
            {"model": "BetaVAE", "beta": LARGE_BETA},
            title="At a large beta the model collapses, and knows its sigma",
        ),
        Property(
            "training_passes_the_floor",
            2,
            "Trained on grey digits at beta = 1, the ELBO of held-out ones must come 60 % of the "
            "way from one Gaussian per pixel to a right model whose sigma learns slowly.",
            LEARNING,
            "floor",
            {"model": "BetaVAE at beta 1", "floor": FLOOR},
            title="A trained model reaches the ELBO that any right one reaches",
        ),
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)

VQVAE = Question(
    name="VQVAE",
    points=5,
    source=VQ,
    properties=(
        Property(
            "codes_and_terms",
            2,
            "codes(x) must be the nearest rows of the codebook, one-hot, and terms(x) what "
            "encoder, codebook and decoder of your own model give: computed from these they are "
            "others.",
            VQ,
            "vq_terms",
            title="Codes and terms are right",
        ),
        Property(
            "every_weight_moves",
            1,
            "A step of training must move encoder, codebook and decoder, each by its part of the "
            "loss, and the loss must be the sum of what is reported.",
            VQ,
            "vq_weights",
            title="The loss is right, and every weight learns from its part of it",
        ),
        Property(
            "training_passes_the_floor",
            2,
            "Trained on binary digits, the distortion of held-out ones must be 16 nats at most, "
            "with at least half of the codes in use.",
            VQ,
            "vq_floor",
            {"most": MOST_DISTORTION, "least_codes": LEAST_CODES},
            title="A trained model reaches the distortion that any right one reaches",
        ),
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)
