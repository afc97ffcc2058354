"""Models that a04 examines: a beta-VAE whose decoder has a sigma, and a VAE with a codebook."""

import forms
import keras
import numpy as np
import pytest
import soak
import tensorflow as tf
from vikit import checking, judging
from vikit.exams import SPECS, Exam, PropertyFailed
from vikit.exams.beta_vae import check_collapses, check_fit_sigma
from vikit.exams.exam import NoReply
from vikit.exams.floor import check_floor
from vikit.exams.own_functions import OwnFunctions
from vikit.exams.reported_losses import check_reported_losses
from vikit.exams.terms import check_terms
from vikit.exams.vq_gradient import check_vq_gradient
from vikit.exams.vq_vae import (
    check_vq_floor,
    check_vq_terms,
    check_vq_weights,
)
from vikit.exams.weights_learn import check_every_weight_learns
from vikit.protocol import client

from autograder.tasks.a04_rate_distortion import oracle
from solutions import a04_rate_distortion as solution

SIZES = [[16, 4, [7], [[3, 5], [1, 4]]], [64, 3, [7, 5], [[5, 1]]]]
LOG_2PI = np.float32(np.log(2 * np.pi))
pytestmark = pytest.mark.filterwarnings("ignore")


def layers(sizes):
    return [keras.layers.Dense(size, "relu") for size in sizes]


class BetaVAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), beta=1.0, sigma=None):
        super().__init__()
        self.latent_dim, self.beta = latent_dim, beta
        dense, x = keras.layers.Dense, keras.Input((event_dim,))
        h = keras.Sequential(layers(hidden))(x)
        self.encoder = keras.Model(x, (dense(latent_dim)(h), dense(latent_dim)(h)))
        self.decoder = keras.Sequential(
            [keras.Input((latent_dim,)), *layers(reversed(hidden)), dense(event_dim)]
        )
        start = keras.initializers.Constant(0.0 if sigma is None else np.log(sigma))
        self.log_sigma = self.add_weight(
            name="log_sigma", shape=(), initializer=start, trainable=sigma is None
        )
        self.noise = keras.random.SeedGenerator()
        self.distortion, self.rate = (
            keras.metrics.Mean(name=name) for name in ("distortion", "rate")
        )

    @property
    def sigma(self):
        return tf.exp(tf.convert_to_tensor(self.log_sigma))

    def reconstruct(self, x, eps):
        """Returns the means of the decoder `[L, B, D]`, mu and log_var."""
        mu, log_var = self.encoder(x)
        z = tf.reshape(mu + tf.exp(log_var / 2) * eps, (-1, self.latent_dim))
        return tf.reshape(self.decoder(z), (-1, tf.shape(x)[0], x.shape[-1])), mu, log_var

    def distortions(self, x, x_mu):
        """Returns minus the log density of each sample and example `[L, B]`."""
        square = tf.reduce_sum((x - x_mu) ** 2, axis=-1)
        constant = x.shape[-1] * (self.log_sigma + LOG_2PI / 2)
        return square / (2 * self.sigma**2) + constant

    def terms(self, x, eps):
        x_mu, mu, log_var = self.reconstruct(x, eps)
        rate = tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1) / 2
        return tf.reduce_mean(self.distortions(x, x_mu), axis=0), rate

    def best_variance(self, x, x_mu):
        return tf.reduce_mean((x - x_mu) ** 2)

    def fit_sigma(self, x, eps):
        variance = self.best_variance(x, self.reconstruct(x, eps)[0])
        self.log_sigma.assign(tf.math.log(variance) / 2)

    def call(self, x):
        return self.decoder(self.encoder(x)[0])

    def combine(self, distortion, rate):
        return distortion + self.beta * rate

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        eps = keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.noise)
        distortion, rate = self.terms(x, eps)
        self.distortion.update_state(distortion)
        self.rate.update_state(rate)
        return tf.reduce_mean(self.combine(distortion, rate))


class BreaksInFitSigma(BetaVAE):
    def fit_sigma(self, x, eps):
        raise ValueError("no")


class VQVAE(keras.Model):
    def __init__(self, event_dim, num_codes, code_dim, num_slots, hidden=(128,), commitment=0.25):
        super().__init__()
        self.num_codes, self.commitment = num_codes, commitment
        dense, slots = keras.layers.Dense, (num_slots, code_dim)
        self.encoder = keras.Sequential(
            [
                keras.Input((event_dim,)),
                *layers(hidden),
                dense(num_slots * code_dim),
                keras.layers.Reshape(slots),
            ]
        )
        self.decoder = keras.Sequential(
            [
                keras.Input(slots),
                keras.layers.Flatten(),
                *layers(reversed(hidden)),
                dense(event_dim),
            ]
        )
        self.codebook = self.add_weight(
            name="codebook",
            shape=(num_codes, code_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )
        self.distortion, self.vq = (keras.metrics.Mean(name=name) for name in ("distortion", "vq"))

    def choose(self, distances):
        return tf.argmin(distances, axis=-1)

    def nearest(self, z_e):
        return self.choose(tf.reduce_sum((z_e[:, :, None] - self.codebook) ** 2, axis=-1))

    def codes(self, x):
        return tf.one_hot(self.nearest(self.encoder(x)), self.num_codes)

    def seen(self, z_e, z_q):
        return z_e + tf.stop_gradient(z_q - z_e)

    def losses_of(self, z_e, z_q):
        codes = tf.reduce_sum((tf.stop_gradient(z_e) - z_q) ** 2, axis=(1, 2))
        return codes + self.commitment * tf.reduce_sum(
            (z_e - tf.stop_gradient(z_q)) ** 2, axis=(1, 2)
        )

    def terms(self, x):
        z_e = self.encoder(x)
        z_q = tf.gather(self.codebook, self.nearest(z_e))
        logits = self.decoder(self.seen(z_e, z_q))
        pixels = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        return tf.reduce_sum(pixels, axis=-1), self.losses_of(z_e, z_q)

    def call(self, x):
        return self.decoder(tf.gather(self.codebook, self.nearest(self.encoder(x))))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        distortion, vq = self.terms(x)
        self.distortion.update_state(distortion)
        self.vq.update_state(vq)
        return tf.reduce_mean(distortion + vq)


class BreaksInTraining(VQVAE):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        raise ValueError("no")


def terms(exam):
    check_terms(exam, "BetaVAE", SIZES)


def terms_at_a_given_sigma(exam):
    check_terms(exam, "BetaVAE at sigma 0.25", SIZES[:1])


def reports(exam):
    check_reported_losses(exam, "BetaVAE")


def weights(exam):
    check_every_weight_learns(exam, "BetaVAE")


def fit_sigma(exam):
    check_fit_sigma(exam, "BetaVAE")


def collapses(exam):
    check_collapses(exam, "BetaVAE", 20.0)


def floor(exam):
    check_floor(exam, "BetaVAE at beta 1", 6.0)


def vq_floor(exam):
    check_vq_floor(exam, 16.0, 8)


def mistake_in(examine, model, name):
    """Returns the name of the mistake that an examination finds, None where it finds none."""
    student = client.Student(client.InProcess({name: model}), None)
    exam = Exam(student, oracle.Reference, np.random.default_rng(0))
    exam.student.seed(0)
    try:
        return examine(exam)
    except PropertyFailed as failed:
        return failed.mistake


@pytest.mark.parametrize(
    "examine",
    [terms, terms_at_a_given_sigma, reports, weights, fit_sigma, collapses, soak.later(floor)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_right_beta_vae_passes(examine):
    assert mistake_in(examine, BetaVAE, "BetaVAE") is None


@pytest.mark.parametrize("examine", [check_vq_terms, check_vq_weights, vq_floor])
def test_a_right_codebook_passes(examine):
    assert mistake_in(examine, VQVAE, "VQVAE") is None


@pytest.mark.parametrize(
    ("model", "examine", "name"),
    [(BreaksInTraining, vq_floor, "VQVAE"), (BreaksInFitSigma, fit_sigma, "BetaVAE")],
)
def test_what_fails_is_no_wrong_number(model, examine, name):
    with pytest.raises(NoReply):
        mistake_in(examine, model, name)


def squares(first, second):
    return tf.reduce_mean(tf.reduce_sum((first - second) ** 2, axis=-1))


HELD = tf.stop_gradient
OUTPUTS = {
    "": lambda z, q: z + HELD(q - z),
    "vq_no_straight_through": lambda z, q: q,
    "vq_output_reaches_the_codes_too": lambda z, q: z + q - HELD(z),
    "vq_output_reaches_nothing": lambda z, q: HELD(q),
}
LOSSES = {
    "": lambda z, q, c: squares(HELD(z), q) + c * squares(z, HELD(q)),
    "vq_stops_swapped": lambda z, q, c: squares(z, HELD(q)) + c * squares(HELD(z), q),
    "vq_everything_flows": lambda z, q, c: (1 + c) * squares(z, q),
    "vq_codebook_frozen": lambda z, q, c: c * squares(z, HELD(q)),
    "vq_encoder_frozen": lambda z, q, c: squares(HELD(z), q),
    "vq_codes_alone": lambda z, q, c: (1 + c) * squares(HELD(z), q),
    "vq_encoder_alone": lambda z, q, c: (1 + c) * squares(z, HELD(q)),
}


def vq_loss_of(output, loss):
    def vq_loss(z_e, codebook, commitment):
        z_q = tf.gather(codebook, tf.argmin(tf.norm(z_e[:, None] - codebook, axis=-1), axis=1))
        return output(z_e, z_q), loss(z_e, z_q, commitment)

    return vq_loss


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_of_vq_loss_that_go_elsewhere_are_named(output, loss):
    function = vq_loss_of(OUTPUTS[output], LOSSES[loss])
    wanted = " and ".join(filter(None, (output, loss)))
    assert (mistake_in(check_vq_gradient, function, "vq_loss") or "") == wanted


def test_vq_loss_in_numpy_has_no_gradient():
    right = vq_loss_of(OUTPUTS[""], LOSSES[""])
    in_numpy = forms.in_float64(right)
    assert mistake_in(check_vq_gradient, in_numpy, "vq_loss") == "vq_gradient_is_none"


def own(model):
    """Returns the oracle of a notebook that holds the solution."""
    functions = lambda name: getattr(solution, name)  # noqa: E731
    return (SPECS[model].own_oracle if model in SPECS else OwnFunctions)(functions)


def test_own_functions_of_a_notebook_give_what_the_reference_gives():
    generator = np.random.default_rng(0)
    x, means = generator.random((5, 7)), generator.normal(size=(3, 5, 7))
    mu, log_var = generator.normal(size=(2, 5, 4))
    beta_vae, codebook = own("BetaVAE"), own("VQVAE")
    binary, logits = (x < 0.5).astype(float), 4 * means
    for got, wanted in (
        (beta_vae.kl(mu, log_var), oracle.Reference.kl(mu, log_var)),
        (beta_vae.best_sigma(x, means), oracle.Reference.best_sigma(x, means)),
        (beta_vae.mean_kl(mu, log_var), oracle.Reference.mean_kl(mu, log_var)),
        (beta_vae.reconstruction(x, means, 0.3), oracle.Reference.reconstruction(x, means, 0.3)),
        (
            beta_vae.mean_reconstruction(x, means, 0.3),
            oracle.Reference.mean_reconstruction(x, means, 0.3),
        ),
        (codebook.reconstruction(binary, logits), oracle.Reference.reconstruction(binary, logits)),
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-4)


@pytest.mark.parametrize("name", [soak.later("BetaVAE"), "VQVAE"])
def test_check_finds_every_property_of_the_solution_with_its_own_functions(name):
    question = checking.find_question(name)
    found = checking.examine_properties(question, vars(solution))
    verdict = judging.judge_properties(question, found)
    assert verdict.status == "correct", verdict.message
