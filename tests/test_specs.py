"""A model with a latent sample is a specification: a beta-VAE and an importance-weighted one cost a
line each.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest
import soak
import tensorflow as tf
from vikit.exams import VAE, Exam, PropertyFailed
from vikit.exams.floor import check_floor
from vikit.exams.fresh_noise import check_fresh_noise
from vikit.exams.latent_model import LOG_MEAN_EXP
from vikit.exams.reported_losses import check_reported_losses
from vikit.exams.terms import check_terms
from vikit.exams.weights_learn import check_every_weight_learns
from vikit.protocol import client

from autograder.reference import flows
from autograder.tasks.a03_vae import oracle

BETA_VAE = replace(VAE, name="Model", weight=2.0, weight_name="beta", variants=())
IWAE = replace(
    VAE, name="Model", combine=LOG_MEAN_EXP, num_samples=5, keywords={"num_samples": 5}, variants=()
)
SIZES = [[16, 4, [7], [[3, 5], [1, 4]]]]
pytestmark = pytest.mark.filterwarnings("ignore")


class Oracle(oracle.Reference):
    @staticmethod
    def log_normal(z, mu, log_var):
        return flows.gaussian_log_pdf(z, mu, np.exp(log_var)).numpy()


class Model(keras.Model):
    """The networks of both; how the terms are put together is for classes derived from it to
    say.
    """

    def __init__(self, event_dim, latent_dim, hidden=(128,), beta=1.0, num_samples=1):
        super().__init__()
        self.latent_dim, self.beta, self.num_samples = latent_dim, beta, num_samples
        dense, x = keras.layers.Dense, keras.Input((event_dim,))
        h = dense(hidden[-1], "relu")(x)
        self.encoder = keras.Model(x, (dense(latent_dim)(h), dense(latent_dim)(h)))
        self.decoder = keras.Sequential(
            [keras.Input((latent_dim,)), dense(hidden[-1], "relu"), dense(event_dim)]
        )
        self.noise = keras.random.SeedGenerator()
        self.reconstruction, self.kl = (
            keras.metrics.Mean(name=name) for name in ("reconstruction", "kl")
        )

    def terms(self, x, eps):
        """Returns log p(x|z), log p(z) and log q(z|x) of each sample and example, `[L, B]`, and the
        KL `[B]`.
        """
        mu, log_var = self.encoder(x)
        z = mu + tf.exp(log_var / 2) * eps
        logits = self.decoder(tf.reshape(z, (-1, self.latent_dim)))
        logits = tf.reshape(logits, (tf.shape(z)[0], tf.shape(z)[1], x.shape[-1]))
        labels = tf.broadcast_to(x, tf.shape(logits))
        log_px = -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), axis=-1)
        log_pz = -tf.reduce_sum(z**2 + np.float32(np.log(2 * np.pi)), axis=-1) / 2
        log_qz = -tf.reduce_sum(eps**2 + log_var + np.float32(np.log(2 * np.pi)), axis=-1) / 2
        kl = tf.reduce_sum(tf.exp(log_var) + mu**2 - 1 - log_var, axis=-1) / 2
        return log_px, log_pz, log_qz, kl

    def elbo(self, x, eps):
        return self.combine(*self.terms(x, eps))

    def draw(self, x):
        return keras.random.normal(
            (self.num_samples, tf.shape(x)[0], self.latent_dim), seed=self.noise
        )

    def call(self, x):
        mu, log_var = self.encoder(x)
        return self.decoder(mu + tf.exp(log_var / 2) * self.draw(x)[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        log_px, log_pz, log_qz, kl = self.terms(x, self.draw(x))
        self.reconstruction.update_state(-log_px)
        self.kl.update_state(kl if self.num_samples == 1 else log_qz - log_pz)
        return -tf.reduce_mean(self.combine(log_px, log_pz, log_qz, kl))


class Beta(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        return tf.reduce_mean(log_px, axis=0) - self.beta * kl


class WithoutBeta(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        return tf.reduce_mean(log_px, axis=0) - kl


class BetaOnTheReconstruction(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        return self.beta * tf.reduce_mean(log_px, axis=0) - kl


class TwiceTheKL(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        return tf.reduce_mean(log_px, axis=0) - 2 * self.beta * kl


class TwoFaults(Beta):
    def elbo(self, x, eps):
        log_px, _, _, kl = self.terms(x, -eps)
        return tf.reduce_mean(log_px, axis=0) - 2 * self.beta * kl


class ForgottenBeta(Beta):
    def __init__(self, *arguments, beta=1.0, **options):
        super().__init__(*arguments, **options)


class FrozenDecoder(Beta):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.decoder.trainable = False


class OneNoiseForTheBatch(Beta):
    def draw(self, x):
        return super().draw(x[:1])


class SameNoiseAtEveryCall(Beta):
    def draw(self, x):
        return keras.random.normal((self.num_samples, tf.shape(x)[0], self.latent_dim), seed=3)


class TwiceTheNoise(Beta):
    def call(self, x):
        mu, log_var = self.encoder(x)
        return self.decoder(mu + 2 * tf.exp(log_var / 2) * self.draw(x)[0])


class Maximised(Beta):
    def combine(self, log_px, log_pz, log_qz, kl):
        return -super().combine(log_px, log_pz, log_qz, kl)


class ReportsTheELBO(Beta):
    """Trains as it should, and reports what it maximises as its loss."""

    def get_metrics_result(self):
        logs = super().get_metrics_result()
        return logs | {"loss": -logs["loss"]}


class ImportanceWeighted(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        log_w = log_px + log_pz - log_qz
        return tf.reduce_logsumexp(log_w, axis=0) - tf.math.log(
            tf.cast(tf.shape(log_w)[0], tf.float32)
        )


class MeanOfLogs(Model):
    def combine(self, log_px, log_pz, log_qz, kl):
        return tf.reduce_mean(log_px + log_pz - log_qz, axis=0)


class ClosedForm(ImportanceWeighted):
    def combine(self, log_px, log_pz, log_qz, kl):
        return super().combine(log_px - kl, 0.0, 0.0, kl)


class OneNoise(ImportanceWeighted):
    def elbo(self, x, eps):
        return super().elbo(x, tf.broadcast_to(eps[:1], tf.shape(eps)))


def exam_of(model):
    exam = Exam(
        client.Student(client.InProcess({"Model": model}), None), Oracle, np.random.default_rng(0)
    )
    exam.student.seed(0)
    return exam


def mistake_in(examine, *arguments):
    """Returns the name of the mistake that an examination finds, None where it finds none."""
    try:
        return examine(*arguments)
    except PropertyFailed as failed:
        return failed.mistake


@pytest.mark.parametrize(
    ("spec", "model", "in_terms", "in_reports"),
    [
        (BETA_VAE, Beta, None, None),
        soak.later(BETA_VAE, WithoutBeta, "beta_missing", "beta_missing"),
        soak.later(
            BETA_VAE,
            BetaOnTheReconstruction,
            "beta_on_the_reconstruction",
            "beta_on_the_reconstruction",
        ),
        soak.later(BETA_VAE, TwiceTheKL, "kl_counted_twice", "kl_counted_twice"),
        (BETA_VAE, TwoFaults, "sampler_minus and kl_counted_twice", None),
        soak.later(BETA_VAE, ForgottenBeta, "beta_not_kept", "beta_missing"),
        (IWAE, ImportanceWeighted, None, None),
        soak.later(
            replace(IWAE, num_samples=20, keywords={"num_samples": 20}),
            ImportanceWeighted,
            None,
            None,
        ),
        soak.later(IWAE, MeanOfLogs, "samples_averaged", "samples_averaged"),
        soak.later(IWAE, ClosedForm, "kl_in_closed_form", ""),
        soak.later(IWAE, OneNoise, "sampler_one_noise_for_all_samples", None),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_specification_of_one_line_tells_right_models_from_wrong_ones(
    spec, model, in_terms, in_reports
):
    exam = exam_of(model)
    assert mistake_in(check_terms, exam, spec, SIZES) == in_terms
    assert mistake_in(check_reported_losses, exam, spec) == in_reports


@pytest.mark.parametrize(
    ("spec", "model"),
    [(BETA_VAE, Beta), soak.later(IWAE, ImportanceWeighted)],
    ids=["beta-VAE", "IWAE"],
)
def test_the_other_examinations_need_not_a_line_more(spec, model):
    exam = exam_of(model)
    check_every_weight_learns(exam, spec)
    check_fresh_noise(exam, spec)
    # An untrained model reaches about -45 nats.
    check_floor(exam, spec, -35.0)


@pytest.mark.parametrize(
    ("model", "examine", "mistake"),
    [
        (FrozenDecoder, check_every_weight_learns, "decoder_not_trained"),
        (OneNoiseForTheBatch, check_fresh_noise, "one_noise_for_the_batch"),
        (SameNoiseAtEveryCall, check_fresh_noise, "same_noise_at_every_call"),
        (TwiceTheNoise, check_fresh_noise, "not_from_the_posterior"),
        (Maximised, lambda exam, spec: check_floor(exam, spec, -35.0), "training_lowers_the_elbo"),
        (ReportsTheELBO, lambda exam, spec: check_floor(exam, spec, -35.0), "loss_goes_up"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_and_each_of_them_finds_a_model_that_is_wrong(model, examine, mistake):
    assert mistake_in(examine, exam_of(model), BETA_VAE) == mistake
