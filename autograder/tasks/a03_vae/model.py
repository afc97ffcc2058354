"""The classes: encoder, decoder and VAE."""

from vikit.judging import Property

from ..properties import network_properties, weights_property
from ..question import Question
from .oracle import Reference

__all__ = ["VAE", "Decoder", "Encoder"]

MODEL_SECONDS = 60
# Of the way from one Bernoulli per pixel (-25.25 nats) to a plain VAE trained for 20 epochs (-19.7)
# 60 %. Ten epochs at the rate of `vikit.exams.floor` take the solution to -20.01 +- 0.27 nats (20
# seeds, each with a split and a start of its own; the worst -20.60): seven standard deviations
# above the floor. (`make soak` measures it again.)
FLOOR = -21.9
VAE_OF_002 = 'document 002, section 7-2 "Variational Auto Encoder (VAE)", (b)'
STRUCTURE = 'document 003, section 1.6 "Autoencoder structure"'
LIKELIHOODS = 'document 003, section 1.3 "Generative/conditional distribution(s)"'
ENCODER_SOURCE = f"{VAE_OF_002}; {STRUCTURE}"
DECODER_SOURCE = f"{LIKELIHOODS}; {VAE_OF_002}"
VAE_SOURCE = f"document 003, eq. 8; {VAE_OF_002}"
LOSS_SOURCE = 'document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent", step 8'
ELBO_HINT = (
    "elbo(x, eps) must be log p(x given z), averaged over the L samples, minus the KL, for each "
    "example: computed from what your own encoder and decoder return it is another number."
)
# Squares: a convolutional model is right too.
SIZES = [[16, 4, [7], [[3, 5], [1, 4]]], [64, 3, [7, 5], [[5, 1]]]]

Encoder = Question(
    name="Encoder",
    points=6,
    source=ENCODER_SOURCE,
    properties=network_properties(
        ENCODER_SOURCE,
        {"name": "Encoder", "size": 16, "out": 4, "outputs": ["mu", "log_var"]},
        batches=[[[7], [[5], [3]]], [[], [[3]]], [[6, 5], [[1]]]],
        points=(1, 2, 2, 1),
        range_hint=(
            "Both mu and log_var must be able to take any real value, positive and negative."
        ),
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)

Decoder = Question(
    name="Decoder",
    points=5,
    source=DECODER_SOURCE,
    properties=network_properties(
        DECODER_SOURCE,
        {"name": "Decoder", "size": 4, "out": 16, "outputs": ["logits"]},
        batches=[[[7], [[5], [2, 3]]], [[], [[3]]], [[6, 5], [[3, 5], [4]]]],
        points=(1, 1, 2, 1),
        range_hint="The decoder must be able to return any real number: logits, or means.",
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)

VAE = Question(
    name="VAE",
    points=28,
    source=VAE_SOURCE,
    properties=(
        Property(
            "elbo_bernoulli",
            7,
            ELBO_HINT,
            VAE_SOURCE,
            "terms",
            {"model": "VAE", "size_table": SIZES},
            title="The ELBO of the Bernoulli model is right",
        ),
        Property(
            "elbo_gaussian",
            3,
            ELBO_HINT,
            f'{LIKELIHOODS}; document 004, slide "Gaussian VAEs"',
            "terms",
            {"model": "GaussianVAE", "size_table": SIZES[:1]},
            title="The ELBO of the Gaussian model is right",
        ),
        weights_property(
            "VAE",
            4,
            f'{VAE_OF_002}; document 000, section 2 "SGD on ELBO for VAE"',
            "the ELBO",
        ),
        Property(
            "fresh_noise",
            5,
            "model(x) must be the decoder's output at a sample of q(z|x), fresh for each example "
            "and at each call, in training too.",
            'document 003, eq. 18 to 22; document 001, "Gradients of ELBO"',
            "fresh_noise",
            {"model": "VAE"},
            title="The noise is fresh",
        ),
        Property(
            "loss_per_example",
            4,
            "loss, reconstruction and kl must be those of an average example, "
            "in nats and with the sign of a loss, whatever the size of the batch; "
            "the same when every image is put in twice.",
            LOSS_SOURCE,
            "reported_losses",
            {"model": "VAE"},
            title="The reported losses are those of an average example",
        ),
        Property(
            "training_passes_the_floor",
            5,
            "Trained on digits, the ELBO of held-out ones must come at least 60 % of the way from "
            "one Bernoulli per pixel to a plain VAE.",
            STRUCTURE,
            "floor",
            {"model": "VAE", "floor": FLOOR},
            title="A trained model reaches the ELBO that any right one reaches",
        ),
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)
