# %% [markdown]
# # The variational autoencoder in Keras
#
# The first assignment gave you the numbers, the second the gradient. Here they become a model: a
# network that encodes, a sample, a network that decodes, and one loss that trains both
# ([Kingma and Welling 2014](https://arxiv.org/abs/1312.6114);
# [Rezende, Mohamed and Wierstra 2014](https://arxiv.org/abs/1401.4082)). The whole of it is four
# lines (001, lines 83 to 93):
#
# $$(\mu, \log\sigma^2) = \text{encoder}(x), \qquad \epsilon \sim N(0, I), \qquad
#   z = \mu + \sigma \odot \epsilon, \qquad
#   \text{logits} = \text{decoder}(z).$$
#
# **When you are done** you can:
#
# - write the loss of a VAE with the right sums and means, for binary and for real-valued pixels;
# - build a VAE as a Keras model, train it with `fit`, save it and load it;
# - read training curves, and recognise a collapsed posterior;
# - explain how far the ELBO lies below $\log p(x)$, and what could close the gap.
#
# **You need**: log-likelihoods and the divergence from the prior (a01), the ELBO and
# reparameterization (a02); layers and models in Keras, as classes of your own; covariance matrices
# and their eigenvectors for the question on PCA.
#
# **Time**: about 9 hours, an estimate. The experiments train three models and some short runs on
# the digits: some 70 seconds in all on two processors, much more for MNIST.
#
# **Difficulty**: *hard* `VAE`, `linear_vae`, `two_gaps`; *some thought* `vae_loss`,
# `gaussian_vae_loss`, `Encoder`, `draw_the_model`, `read_the_curves`, `latent_grid`,
# `mean_or_sample`; *short* `sample_latent`, `Decoder`, `reconstruct`, `sample_prior`.
#
# **Notation.** $x$ is an image as a vector of $D$ pixels, $z$ its latent vector of $K$ dimensions,
# $B$ the size of a batch, $L$ the number of samples $z_l$ drawn for each image. `log_var` is
# $\log\sigma^2$. Everything is in **nats**, sums run over pixels and over latent dimensions, means
# over samples and over the batch. The ELBO is to be maximised; a loss is its negative (document
# 000, line 82, writes $\mathcal{L}$ for both: E-000-11).
#
# **What your functions get and return.** `vae_loss` and `gaussian_vae_loss` get float32 NumPy
# arrays from the grader, and tensors in the last section, which takes their gradient.
# `sample_latent` and the classes get float32 tensors: a gradient must find its way through them.
# The functions of section 5 get your kind of model, and arrays or tensors. Return tensors or
# arrays. Write with TensorFlow, `keras.ops` or TensorFlow Probability, as you like.
#
# **How classes are graded.** Nobody looks at how your networks are built. The grader makes a model,
# asks it for outputs, and computes from them what must hold whatever the weights are: that the ELBO
# is the one of *your* encoder and decoder, that every weight learns, that the noise is fresh, that
# ten epochs of training on the kit's digits reach an ELBO on held-out ones that any right model
# reaches. `check("VAE")` examines the same.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from vikit import load, plots

tfd = tfp.distributions
BERNOULLI, GAUSSIAN = "bernoulli", "gaussian"

# The one line to change: "mnist", "fashion_mnist" or "binarized_mnist".
DATASET = "digits"

# %% [markdown]
# ## 1. Sampling so that the gradient gets through
#
# The encoder says which $q(z|x)$ it means; the decoder needs a $z$ drawn from it. A draw has no
# derivative, but the same draw can be written as a deterministic function of $\mu$, $\sigma$ and
# noise that has no parameters (003, eq. 20 to 22; 000, section 2):
#
# $$z_l = \mu + e^{\frac12 \log\sigma^2} \odot \epsilon_l, \qquad \epsilon_l \sim N(0, I), \qquad
#   \frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \log\sigma^2} = \tfrac12
#   (z - \mu) .$$
#
# The footnote of 003 says how to have $L$ samples cheaply: run the encoder once, and draw $L$ times
# from what it said. In code no loop is needed: $\epsilon$ has one more axis in front, and
# broadcasting does the rest.


# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    """Returns L samples of q(z|x) = N(mu, diag exp(log_var)) for each example, with given noise.

    z_l = mu + sigma * eps_l. Document 003, eq. 22 and footnote 3.

    Args:
        mu: Means of q, a tensor. Shape `[B, K]`.
        log_var: Log variances of q (not standard deviations), a tensor. Same shape.
        eps: Standard normal noise, a tensor. Shape `[L, B, K]`.

    Returns:
        Latent vectors through which gradients reach `mu` and `log_var`. Shape `[L, B, K]`.
    """
    # BEGIN SOLUTION
    return mu + tf.exp(0.5 * log_var) * eps
    # END SOLUTION


# %% [markdown]
# ## 2. The loss
#
# Document 000 ends section 4 (line 82) with the loss of the VAE, document 003 has it as eq. 8, 13
# and 19, document 002 with the $L$ samples written out (lines 767 to 782). For one image
#
# $$-\text{ELBO}(x) \approx
#   \underbrace{-\frac1L \sum_{l=1}^L \log p(x|z_l)}_{\text{reconstruction}} +
#   \underbrace{\tfrac12 \sum_{k=1}^K \left[ \mu_k^2 + \sigma_k^2 - \log\sigma_k^2 - 1
#   \right]}_{KL(q(z|x) \,\|\, p(z))} ,$$
#
# and the loss of a batch is the mean over its images. Three reductions, and each has its own
# reason. Over **pixels** and **latent dimensions** one *sums*: they are independent given $z$, so
# their logarithms add. Over **samples** one *averages*: they estimate an expectation. Over the
# **batch** one averages as well, so that the size of a step does not depend on how many images
# stand in it.
#
# Mixing them up is the most frequent mistake with VAEs. Keras' `BinaryCrossentropy` averages over
# pixels, and then the KL weighs $D$ times too much. Listing 1 of document 000 sums over the batch
# and adds the sum to every image's own KL (E-000-18): the loss grows when the same images are put
# in twice.


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    """Returns a Bernoulli VAE's loss: minus the ELBO, averaged over the batch, in nats.

    mean over b of [minus mean over l of log p(x_b given z_lb), plus KL of q(z given x_b) from N(0,
    I)]. Document 000, section 4, step 8 (line 82).

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: What the decoder returned for L samples of each example; +-1000 must give finite
            answers. Shape `[L, B, D]`.
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Log variances of q(z|x), between -30 and 30. Shape `[B, K]`.

    Returns:
        A scalar. The same when every example of the batch is repeated.
    """
    # BEGIN SOLUTION
    log_px_given_z = tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)
    reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    p = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_mean(reconstruction + tfd.kl_divergence(q, p))
    # END SOLUTION


# %% [markdown]
# Grey pixels are real numbers, and the decoder's output can be their means instead:
# $p(x|z) = N(x; \mu_x(z), \sigma_x^2 I)$ with one fixed $\sigma_x$ for all pixels, which has
# nothing to do with the encoder's $\sigma$ (003, line 61; 004, lines 53 to 61). Then
#
# $$\log p(x|z) = -\frac{1}{2\sigma_x^2} \lVert x - \mu_x \rVert^2 -
#   D \log\sigma_x - \frac D2 \log 2\pi .$$
#
# The last two terms have no gradient, but without them the number is no ELBO and may not be
# compared with another $\sigma_x$. Mind which number is meant: document 004 writes
# $N(\cdot, \sigma)$ in lines 57 and 59 and $N(\cdot, \sigma^2 I)$ in line 61 (E-004-01). Here
# `sigma` is the standard deviation $\sigma_x$.


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    """Returns a Gaussian VAE's loss: minus the ELBO, averaged over the batch, in nats.

    As `vae_loss` with log p(x given z) = log N(x; x_mu, sigma^2 I), constants included. Document
    003, section 1.3 (line 61).

    Args:
        x: Pixels, real numbers. Shape `[B, D]`.
        x_mu: Means that the decoder returned for L samples of each example. Shape `[L, B, D]`.
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Log variances of q(z|x), between -30 and 30. Shape `[B, K]`.
        sigma: The decoder's standard deviation, positive, one for all pixels. A float.

    Returns:
        A scalar. The same when every example of the batch is repeated.
    """
    # BEGIN SOLUTION
    log_px_given_z = tfd.Independent(tfd.Normal(x_mu, sigma), 1).log_prob(x)
    reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    p = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_mean(reconstruction + tfd.kl_divergence(q, p))
    # END SOLUTION


# %% [markdown]
# ## 3. Two networks
#
# The encoder is a network with two outputs. It returns $\log\sigma^2$ and not $\sigma$ (003, line
# 174): a linear layer may return any real number, and $e^{\log\sigma^2}$ is positive whatever it
# returned. So nothing must stand behind that layer. A ReLU or a softplus there would forbid
# $\sigma < 1$, and the posterior could never become sharper than the prior.
#
# Both networks are functions, with nothing random in them: the noise comes in between. And the
# encoder's weights are shared by all images (002, lines 752 to 763, call that *amortized*): there
# is no $\mu$ to store for each image.
#
# A layer that can be saved tells its arguments in `get_config`. Make the sublayers in `__init__`
# (or in `build`, which Keras calls with the shape of the first input), so that Keras finds their
# weights; plain `tf.Variable` attributes, and TensorFlow Probability's own variables, are not
# trained inside a Keras 3 model, and nothing tells you so. Section 6 has networks without hidden
# layers: `hidden=()` must work.


# %% question="Encoder"
@keras.saving.register_keras_serializable("a03_vae")
class Encoder(keras.layers.Layer):
    """The encoder: images to the parameters of q(z|x) = N(mu, diag exp(log_var)).

    Document 002, lines 752 to 763; document 003, section 1.6 (line 174).

    Args:
        latent_dim: K.
        hidden: Sizes of the hidden layers.
    """

    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        # BEGIN SOLUTION
        self.hidden_layers = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.to_mu = keras.layers.Dense(latent_dim)
        self.to_log_var = keras.layers.Dense(latent_dim)
        # END SOLUTION

    def call(self, x):
        """Returns `(mu, log_var)`, each of shape `[B, K]`, for `x` of shape `[B, D]`.

        Any real number may come out of both.
        """
        # BEGIN SOLUTION
        h = x
        for layer in self.hidden_layers:
            h = layer(h)
        return self.to_mu(h), self.to_log_var(h)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% [markdown]
# The decoder goes the other way. Its last layer is linear too: what it returns are logits where
# pixels are binary (the sigmoid is inside the loss, where it cannot round to 0 or 1) and means
# where they are real numbers. A sigmoid here *and* in the loss squeezes every probability into
# $[0.5, 0.73]$, and the model learns all the same, badly.
#
# With $L$ samples the decoder is given $[L, B, K]$. A `Dense` layer acts on the last axis and
# leaves the others alone, so there is nothing to do. (A `keras.Sequential` is stricter: it takes as
# many axes as it saw first, so `z` must be reshaped.)


# %% question="Decoder"
@keras.saving.register_keras_serializable("a03_vae")
class Decoder(keras.layers.Layer):
    """The decoder: latent vectors to the parameters of p(x|z).

    Document 003, section 1.3; document 002, lines 745 to 750.

    Args:
        event_dim: D.
        hidden: Sizes of the hidden layers.
    """

    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.hidden = event_dim, tuple(hidden)
        # BEGIN SOLUTION
        self.hidden_layers = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.to_x = keras.layers.Dense(event_dim)
        # END SOLUTION

    def call(self, z):
        """Returns logits (or means) `[..., D]` for `z` of shape `[..., K]`: any real numbers."""
        # BEGIN SOLUTION
        h = z
        for layer in self.hidden_layers:
            h = layer(h)
        return self.to_x(h)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"event_dim": self.event_dim, "hidden": self.hidden}


# %% [markdown] question="draw_the_model"
# ### In your own words: draw the model, and find the bug in the notes
#
# (a) Draw figure 1 of documents 000 and 003 and the graphical model of document 002 (lines 745 to
# 763): which boxes are networks, where does the noise come in, which arrows does the gradient
# follow backwards, what is shared by all images? Describe the drawing in words if you cannot put a
# picture here.
#
# (b) The recipe of document 001 (lines 85 to 93) ends with `x = decoder(z)` and then computes the
# ELBO from $(x, z, \mu, \sigma)$. What is wrong with that line? Take $x = (0.2, 0.9, 0.4)$, a
# Gaussian decoder that returns $\hat x = (0.5, 0.5, 0.1)$, and $\sigma = 0.3$: what is
# $\log p(x|z)$, and what comes out if the line is taken literally? What would the reconstruction
# term then teach the networks?
#
# <!-- BEGIN SOLUTION -->
# (a) $x \to$ encoder $\to (\mu, \log\sigma^2)$; $\epsilon \sim N(0, I)$ enters from outside into
# $z = \mu + \sigma \odot \epsilon$; $z \to$ decoder $\to$ logits or means. Two networks. The
# gradient of the reconstruction goes back through the decoder, through $z$ to $\mu$ and
# $\log\sigma^2$, and through the encoder; none goes to $\epsilon$. The KL's goes to the encoder
# alone. In the graphical model the plate holds $z_i$ and $x_i$; the weights of both networks stand
# outside it and are shared.
#
# (b) It overwrites the datum (E-001-06): the likelihood is that of $x$ under the decoder's output
# $\hat x$, which needs another name (and is missing from the list, E-001-07).
# $\log p(x|z) = -1.033786$; with $x$ overwritten the distance is 0 and $0.855103$ comes out,
# whatever the networks do: a constant, without gradient, so that only the KL would be learnt.
#
# **Rubric (6 points).** 2 points: both networks, the sample in between and the noise from outside.
# 1 point: the gradient's way through z. 1 point: what is shared. 1 point: the datum is overwritten.
# 1 point: both numbers, and that the term is constant.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 4. The model
#
# A `keras.Model` that overrides `compute_loss` keeps all of Keras: `fit` with its progress bar,
# callbacks, `evaluate`, mixed precision, compilation. (`train_step` can be overridden instead; then
# the gradient is yours to take, `loss` is a metric of your own, and the model must be built in
# `__init__`, by `self.build((None, event_dim))`, if no step calls it: else a file that it is saved
# to holds no weights.) `fit(x)` calls `compute_loss` with the batch; what `model(x)` returned is
# passed as `y_pred`, and you need not use it. Values to show in the progress bar are
# `keras.metrics.Mean` objects: make them in `__init__` and give them each batch's values, one for
# each example (not their mean: the last batch may be smaller).
#
# `elbo(x, eps)` is the ELBO as a *function*: the noise is an argument, so the same call has the
# same value, and the grader can hold it against the outputs of your encoder and decoder. Training
# draws fresh noise, one sample ($L = 1$): for each image, for each latent dimension, at each step.
# A `keras.random.SeedGenerator` made in `__init__` gives new numbers at each call, in a compiled
# step too. NumPy's generator would be asked once, when the step is traced, and never again.


# %% question="VAE"
@keras.saving.register_keras_serializable("a03_vae")
class VAE(keras.Model):
    """A variational autoencoder: `fit(x)` trains it to maximise the ELBO.

    Document 001, lines 83 to 93.

    `fit` and `evaluate` report `loss`, `reconstruction` and `kl` in nats per example, all with the
    sign of a loss: loss = reconstruction + kl.

    Args:
        event_dim: D.
        latent_dim: K.
        hidden: Sizes of the encoder's hidden layers; the decoder has them in reverse order.
        likelihood: `"bernoulli"` or `"gaussian"`.
        sigma: Standard deviation of the pixels, for `"gaussian"`.

    Attributes:
        encoder: The `Encoder`.
        decoder: The `Decoder`.
        likelihood: As given.
    """

    def __init__(
        self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs
    ):
        if likelihood not in (BERNOULLI, GAUSSIAN):
            raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', not {likelihood!r}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.likelihood, self.sigma = likelihood, sigma
        # BEGIN SOLUTION
        self.encoder = Encoder(latent_dim, self.hidden)
        self.decoder = Decoder(event_dim, tuple(reversed(self.hidden)))
        # Built at once: what is loaded from a file finds its weights.
        self.encoder(tf.zeros((1, event_dim)))
        self.decoder(tf.zeros((1, latent_dim)))
        self.seed_generator = keras.random.SeedGenerator()
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        self.kl = keras.metrics.Mean(name="kl")
        # END SOLUTION

    # BEGIN SOLUTION
    def loss_terms(self, x, eps):
        """Returns `(reconstruction, kl)`, to be minimised, in nats per example. Shapes `[B]`."""
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, eps)
        if self.likelihood == BERNOULLI:
            px_given_z = tfd.Bernoulli(logits=self.decoder(z))
        else:
            px_given_z = tfd.Normal(self.decoder(z), self.sigma)
        log_px_given_z = tfd.Independent(px_given_z, 1).log_prob(x)
        reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)
        q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
        p = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
        return reconstruction, tfd.kl_divergence(q, p)

    def fresh_noise(self, x):
        """Returns the noise of one sample for each example. Shape `[1, B, K]`."""
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)

    # END SOLUTION

    def elbo(self, x, eps):
        """Returns each example's ELBO with given noise, KL in closed form, in nats. Shape `[B]`.

        Args:
            x: Images. Shape `[B, D]`.
            eps: Standard normal noise. Shape `[L, B, K]`.
        """
        # BEGIN SOLUTION
        reconstruction, kl = self.loss_terms(x, eps)
        return -reconstruction - kl
        # END SOLUTION

    def call(self, x):
        """Decodes one fresh sample of q(z|x) for each example and call. Shape `[B, D]`."""
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, self.fresh_noise(x))[0]
        return self.decoder(z)
        # END SOLUTION

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of a batch, a scalar, and updates the metrics `reconstruction` and `kl`.

        You may override `train_step` and `test_step` instead; then delete this.
        """
        # BEGIN SOLUTION
        reconstruction, kl = self.loss_terms(x, self.fresh_noise(x))
        self.reconstruction.update_state(reconstruction)
        self.kl.update_state(kl)
        return tf.reduce_mean(reconstruction + kl)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "hidden", "likelihood", "sigma")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% [markdown]
# ### Training
#
# The digits are 8x8 images with pixels of 0 and 1. Every image is seen 20 times. (Leave `verbose=0`
# out to watch.) To train on MNIST change `DATASET` in the cell of imports; nothing else.

# %% tags=["experiment"]
if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    images = load(DATASET)
    event_dim = images.x_train.shape[1]
    model = VAE(event_dim, latent_dim=8)
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    history = model.fit(
        images.x_train, batch_size=64, epochs=20, validation_data=(images.x_test,), verbose=0
    ).history
    held_out = {
        name.removeprefix("val_"): values
        for name, values in history.items()
        if name.startswith("val_")
    }
    plots.curves(
        {"training": history, "held out": held_out},
        ("loss", "reconstruction", "kl"),
        f"A VAE with 8 latent dimensions on {DATASET}: minus the ELBO and its two terms",
    )

# %% [markdown] question="read_the_curves"
# ### In your own words: read the curves
#
# (a) Reconstruction and KL start in opposite directions. Why does the KL *rise* while a loss falls
# that contains it? (b) What would the two curves look like if the posterior collapsed,
# $q(z|x) = p(z)$ for all $x$, and what is the loss then? (One Bernoulli distribution per pixel,
# fitted to the training images, has 25.25 nats on the held-out ones.) (c) Is the held-out loss an
# estimate of $-\log p(x)$? In which direction is it off, and by which divergence? Could more
# training bring that to 0?
#
# <!-- BEGIN SOLUTION -->
# (a) At first the encoder says next to nothing about $x$, and the KL is near 0. Every nat of
# information about $x$ that $z$ carries costs a nat of KL on average, and saves more than one in
# the reconstruction; so both networks spend it until the next nat no longer pays. (b) The KL goes
# to 0 and stays there, the reconstruction stops at what a decoder without $z$ can do: one Bernoulli
# per pixel, 25.25 nats, and the loss is the same number. (c) The loss is minus the ELBO, an upper
# bound of $-\log p(x)$ on average: too large by $KL(q(z|x) \| p(z|x))$. That is 0 only where the
# posterior of every image is a Gaussian with a diagonal covariance and the encoder finds it, on
# images too that it never saw; training does not see to the first.
#
# **Rubric (6 points).** 2 points: KL as the price of information about x, and why it pays. 1 point:
# KL 0 in a collapse. 1 point: the reconstruction without z, with the number. 1 point: upper bound,
# by the divergence from the posterior. 1 point: not brought to 0, with a reason.
# <!-- END SOLUTION -->

# %% [markdown]
# ### Compiled or not, saved and loaded
#
# `compile(jit_compile=True)` has XLA fuse the whole step: on a GPU that pays, on a CPU with
# networks this small the compilation costs more than it saves. XLA draws its random numbers in
# another way, so the losses differ, as those of two seeds do. A model whose layers have
# `get_config` comes back from a file with its weights.

# %% tags=["experiment"]
if __name__ == "__main__":
    import tempfile
    import time
    from pathlib import Path

    for jit_compile in (False, True):
        keras.utils.set_random_seed(0)
        twin = VAE(event_dim, latent_dim=8)
        twin.compile(optimizer=keras.optimizers.Adam(2e-3), jit_compile=jit_compile)
        started = time.perf_counter()
        twin.fit(images.x_train[:1024], batch_size=64, epochs=1, verbose=0)
        first = time.perf_counter() - started
        losses = twin.fit(images.x_train[:1024], batch_size=64, epochs=3, verbose=0).history["loss"]
        rest = (time.perf_counter() - started - first) / 3
        print(
            f"jit_compile={jit_compile}: first epoch {first:.2f} s, then {rest:.2f} s each; "
            f"loss {losses[-1]:.2f} nats"
        )

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "vae.keras")
        loaded = keras.saving.load_model(Path(folder) / "vae.keras")
    noise = tf.random.stateless_normal((1, len(images.x_test), 8), seed=(0, 0))
    difference = tf.reduce_max(
        tf.abs(model.elbo(images.x_test, noise) - loaded.elbo(images.x_test, noise))
    )
    print(f"ELBO before saving and after loading: apart by {float(difference):.1g} nats")

# %% [markdown]
# ## 5. Looking into the model
#
# Three things to look at, each a *mean* of $p(x|z)$ and not a draw from it: for a Bernoulli decoder
# the probability of each pixel, $1 / (1 + e^{-a})$ for the logit $a$, for a Gaussian decoder its
# output as it is. Document 003 (line 174) calls the decoder's output the mean reconstruction. Each
# of your functions is given a model that has `encoder`, `decoder` and `likelihood`; it need not be
# a `VAE` of yours.
#
# A **reconstruction** goes through the mean of the posterior, $z = \mu(x)$, without noise.


# %% question="reconstruct"
def reconstruct(model, x):
    """Returns the mean of p(x|z) at z = mu(x), the mean of the posterior.

    Document 003, section 1.6 (line 174).

    Args:
        model: Has `encoder`, `decoder` and `likelihood`, `"bernoulli"` or `"gaussian"`.
        x: Images. Shape `[B, D]`.

    Returns:
        Probabilities (or means) of the pixels; no noise. Shape `[B, D]`.
    """
    # BEGIN SOLUTION
    mu, _ = model.encoder(x)
    return mean_of_pixels(model, mu)
    # END SOLUTION


# BEGIN SOLUTION
def mean_of_pixels(model, z):
    """Returns the mean of p(x|z) for each `z`. Shape `[..., D]`."""
    if model.likelihood == BERNOULLI:
        return tf.sigmoid(model.decoder(z))
    return model.decoder(z)


# END SOLUTION


# %% [markdown]
# **Sampling the model** needs no encoder: draw $z \sim N(0, I)$ and show what the decoder makes of
# it (004, lines 179 to 185). The noise is an argument again.


# %% question="sample_prior"
def sample_prior(model, eps):
    """Returns the mean of p(x|z) at z = eps, draws from the prior.

    Document 004, VAEs 2013 (lines 179 to 185).

    Args:
        model: Has `encoder`, `decoder` and `likelihood`, `"bernoulli"` or `"gaussian"`.
        eps: Standard normal noise. Shape `[n, K]`.

    Returns:
        Probabilities (or means) of the pixels. Shape `[n, D]`.
    """
    # BEGIN SOLUTION
    return mean_of_pixels(model, eps)
    # END SOLUTION


# %% [markdown]
# With $K = 2$ the whole latent space fits on a page. Equal steps in $z$ would show mostly corners
# where the prior has no mass; equal steps in *probability* show what the model believes in. The
# quantile function of the standard normal, $\Phi^{-1}$, maps the middles of $n$ equal slices of
# $(0, 1)$ to
#
# $$q_k = \Phi^{-1}\left(\frac{k + \frac12}{n}\right), \qquad k = 0, \dots, n - 1,$$
#
# and entry $[i, j]$ of the grid is the mean of $p(x|z)$ at $z = (q_i, q_j)$.


# %% question="latent_grid"
def latent_grid(model, n):
    """Returns the means of p(x|z) on a grid of the latent plane, its steps of equal prior mass.

    Document 002, lines 789 to 802: what stands in the bottleneck.

    Args:
        model: Has `decoder`, of two latent dimensions, and `likelihood`, `"bernoulli"` or
            `"gaussian"`.
        n: Rows and columns of the grid.

    Returns:
        Entry `[i, j]` is the mean at z = (q_i, q_j), q_k the standard normal quantile of (k + 1/2)
        / n. Shape `[n, n, D]`.
    """
    # BEGIN SOLUTION
    k = np.arange(n, dtype=np.float32)
    q = tf.math.ndtri((k + 0.5) / n)
    z = tf.stack(tf.meshgrid(q, q, indexing="ij"), axis=-1)
    return mean_of_pixels(model, z)
    # END SOLUTION


# %% [markdown]
# Reconstructions of the model above, and what it makes of draws from the prior. Below, a second
# model with two latent dimensions, whose whole latent space can be seen: where each class of
# held-out images lies, and what the decoder says where.

# %% tags=["experiment"]
if __name__ == "__main__":
    shown = images.x_test[:10]
    prior_noise = tf.random.stateless_normal((20, 8), seed=(0, 1))
    plots.images(
        [shown, reconstruct(model, shown)],
        images.image_shape,
        ("image", "mean of p(x|z)"),
        "Reconstructions through z = mu(x)",
    )
    plots.images(
        np.reshape(sample_prior(model, prior_noise), (2, 10, -1)),
        images.image_shape,
        title="Draws from the prior, decoded",
    )

# %% tags=["experiment"]
if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    plane = VAE(event_dim, latent_dim=2)
    plane.compile(optimizer=keras.optimizers.Adam(2e-3))
    plane.fit(images.x_train, batch_size=64, epochs=40 if DATASET == "digits" else 10, verbose=0)
    means, _ = plane.encoder(images.x_test)
    plots.scatter(
        means[:2000], images.y_test[:2000], f"Means of q(z|x) of held-out images, {DATASET}"
    )
    plots.mosaic(
        latent_grid(plane, 15),
        images.image_shape,
        "Means of p(x|z) in steps of equal prior probability",
        ("z_1", "z_2"),
    )

# %% [markdown] question="mean_or_sample"
# ### In your own words: a mean or a sample?
#
# Pictures from VAEs usually show the mean of $p(x|z)$. (a) Draw a *sample* of $p(x|z)$ for some
# images, for the Bernoulli model and (in thought) for a Gaussian one with $\sigma = 0.3$, and
# describe the difference. (b) Which of the two is a draw from the model $p(x)$? (c) Why are means
# blurred, and is the blur a fault of the decoder or of the likelihood?
#
# <!-- BEGIN SOLUTION -->
# (a) A sample has independent noise in every pixel: speckles wherever the probability is not near 0
# or 1, and for the Gaussian grain of size 0.3 everywhere. The mean is smooth. (b) The sample: draw
# $z$, then $x$ given $z$. The mean is an expectation, and in general no image that the model would
# produce. (c) Where $z$ leaves open what the image is, the mean averages over the possibilities. A
# likelihood that is independent given $z$ cannot say that two pixels are on or off *together*; it
# can only give each its own probability. So the blur is the likelihood's and the bottleneck's: a
# better decoder of the same $z$ would blur too, where $z$ does not decide.
#
# **Rubric (6 points).** 2 points: independent noise per pixel against a smooth mean, both
# likelihoods. 2 points: the sample is the draw from the model. 2 points: factorised likelihood,
# averaging over what z leaves open.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 6. A model whose answer is known
#
# Without hidden layers, and with a Gaussian decoder, the VAE is *probabilistic PCA* (Tipping and
# Bishop 1999): $x|z \sim N(Wz + b, \sigma^2 I)$. There the evidence is exact,
# $p(x) = N(x; b, W W^\top + \sigma^2 I)$. With the decoder's $\sigma$ fixed the columns of the best
# $W$ are, up to a rotation of $z$, the leading eigenvectors of the data's covariance, stretched to
# length $\sqrt{\lambda_k - \sigma^2}$, where $\lambda_k > \sigma^2$ are their eigenvalues. The
# exact posterior is Gaussian, with a covariance that does not depend on $x$. So you know what
# training should reach.

# %% tags=["experiment"]
if __name__ == "__main__":

    def evidence_of_ppca(train, test, latent_dim, sigma):
        """Returns the best linear model's mean log p(x) of test images, and its directions."""
        mean, covariance = train.mean(0), np.cov(train.T, bias=True)
        values, vectors = np.linalg.eigh(covariance)
        lengths = np.sqrt(np.maximum(values[-latent_dim:] - np.square(sigma), 0))
        weights = vectors[:, -latent_dim:] * lengths
        marginal = weights @ weights.T + np.square(sigma) * np.eye(len(mean))
        distance = np.einsum("nd,de,ne->n", test - mean, np.linalg.inv(marginal), test - mean)
        log_det = np.linalg.slogdet(2 * np.pi * marginal)[1]
        return float(np.mean(-0.5 * (distance + log_det))), vectors[:, -latent_dim:]

    grey, sigma = load("digits", binarize=None), 0.2
    keras.utils.set_random_seed(2)
    linear = VAE(64, latent_dim=4, hidden=(), likelihood="gaussian", sigma=sigma)
    linear.compile(optimizer=keras.optimizers.Adam(5e-3))
    linear.fit(grey.x_train, batch_size=64, epochs=60, verbose=0)
    best, directions = evidence_of_ppca(grey.x_train, grey.x_test, 4, sigma)
    noise = tf.random.stateless_normal((16, len(grey.x_test), 4), seed=(0, 2))
    reached = float(tf.reduce_mean(linear.elbo(grey.x_test, noise)))
    learnt = np.asarray(
        linear.decoder(np.eye(4, dtype=np.float32)) - linear.decoder(np.zeros((1, 4), np.float32))
    )
    cosines = np.linalg.svd(directions.T @ np.linalg.qr(learnt.T)[0], compute_uv=False)
    print(f"log p(x) of pPCA {best:.2f} nats, ELBO of the linear VAE {reached:.2f} nats")
    print(f"cosines of the angles between the two subspaces: {np.round(cosines, 3)}")

# %% [markdown] question="linear_vae"
# ### In your own words: the linear VAE and probabilistic PCA
#
# (a) Write down the posterior $p(z|x)$ of the linear model. For which $W$ is its covariance
# diagonal, so that the encoder can return it exactly? (b) The evidence does not change when $W$ is
# replaced by $W R$ with a rotation $R$; the ELBO does. Why, and which rotation does training
# choose? (c) Compare the two numbers and the cosines above: what is left of the gap, and where
# could it come from?
#
# <!-- BEGIN SOLUTION -->
# (a) $p(z|x) = N(m, S)$, $S = (I + W^\top W / \sigma^2)^{-1}$, $m = S W^\top (x - b) / \sigma^2$:
# linear in $x$, with a covariance that is the same for all $x$. $S$ is diagonal if and only if
# $W^\top W$ is: the columns of $W$ are orthogonal. (b) $W R$ gives the same $W W^\top$, hence the
# same $p(x)$; but $R^\top W^\top W R$ is in general not diagonal, and a diagonal $q$ then pays
# $KL(q \| p(z|x)) > 0$. The ELBO is best where the columns are orthogonal, that is along the
# principal axes (up to order and sign). (c) The subspaces agree up to small angles; the ELBO is
# below the evidence by a small gap, from optimisation that is not finished, a rotation that is not
# complete, and the noise of Adam's steps.
#
# **Rubric (6 points).** 2 points: the posterior, and when it is diagonal. 2 points: rotation, and
# why the ELBO prefers the principal axes. 2 points: gap and angles read from the output, with a
# sensible reason.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 7. How tight is the bound?
#
# With $K = 2$ the evidence $p(x) = \int p(x|z)\, p(z)\, dz$ is a sum over a fine grid, and
# $\log p(x) - \text{ELBO}(x) = KL(q(z|x) \| p(z|x))$ can be *measured*. Some of it the encoder
# could avoid: for each image alone, $(\mu, \log\sigma^2)$ can be optimised. What is gained is the
# **amortization gap**, what remains the **approximation gap**
# ([Cremer, Li and Duvenaud 2018](https://arxiv.org/abs/1801.03558)).

# %% tags=["experiment"]
if __name__ == "__main__":

    def log_evidence(vae, x, steps=161, end=6.0):
        """Returns log p(x) of a Bernoulli model with 2 latents, summed over a grid: `[B]`."""
        axis = np.linspace(-end, end, steps, dtype=np.float32)
        z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        grid_logits = vae.decoder(z)
        log_px_given_z = x @ tf.transpose(grid_logits) - tf.reduce_sum(
            tf.nn.softplus(grid_logits), axis=-1
        )
        log_pz = tf.reduce_sum(tfd.Normal(loc=0.0, scale=1.0).log_prob(z), axis=-1)
        return tf.reduce_logsumexp(log_px_given_z + log_pz, axis=1) + 2 * np.log(axis[1] - axis[0])

    def best_gaussian(vae, x, steps=300):
        """Returns the best q's means and log variances for each image. Shapes `[B, 2]`.

        The search begins at the encoder's.
        """
        mu, log_var = (tf.Variable(value) for value in vae.encoder(x))
        optimizer = keras.optimizers.Adam(0.02)
        optimizer.build([mu, log_var])

        @tf.function
        def step(noise):
            with tf.GradientTape() as tape:
                loss = vae_loss(x, vae.decoder(sample_latent(mu, log_var, noise)), mu, log_var)
            gradients = tape.gradient(loss, [mu, log_var])
            optimizer.apply(gradients)

        for number in range(steps):
            step(tf.random.stateless_normal((32, *mu.shape), seed=(3, number)))
        return mu, log_var

    looked_at = images.x_test[:20]
    q_parameters = {
        "the encoder's": plane.encoder(looked_at),
        "the best": best_gaussian(plane, looked_at),
    }
    # Each sample with its mirror image: what is linear in the noise cancels, and the gaps are small
    # numbers.
    half = tf.random.stateless_normal((4000, 20, 2), seed=(0, 3))
    noise = tf.concat([half, -half], axis=0)
    bounds = {}
    for label, (mu, log_var) in q_parameters.items():
        logits = plane.decoder(sample_latent(mu, log_var, noise))
        one_by_one = [slice(i, i + 1) for i in range(20)]
        bounds[label] = np.array(
            [-vae_loss(looked_at[one], logits[:, one], mu[one], log_var[one]) for one in one_by_one]
        )
    exact = np.asarray(log_evidence(plane, looked_at))
    order = np.argsort(exact)
    amortization, approximation = (
        bounds["the best"] - bounds["the encoder's"],
        exact - bounds["the best"],
    )
    gaps = {
        "approximation: log p(x) - best ELBO": approximation,
        "amortization: best ELBO - encoder's ELBO": amortization,
    }
    below = np.zeros(20)
    _, axes = plt.subplots(figsize=(8, 4))
    for (label, gap), colour, hatch in zip(gaps.items(), plots.COLOURS, ("", "//"), strict=False):
        axes.bar(range(20), gap[order], bottom=below, color=colour, hatch=hatch, label=label)
        below = below + gap[order]
    axes.set_xticks(range(0, 20, 3), [f"{value:.1f}" for value in exact[order][::3]])
    axes.set(
        xlabel="held-out images, by their log p(x) in nats",
        ylabel="nats",
        title="How far the ELBO is below log p(x)",
    )
    axes.legend()
    plt.show()
    print(
        f"mean amortization gap {amortization.mean():.2f} nats, "
        f"mean approximation gap {approximation.mean():.2f} nats"
    )

# %% [markdown] question="two_gaps"
# ### In your own words: two gaps
#
# (a) Define both gaps as differences of divergences, and say which of them each of these makes
# smaller: a larger encoder, more training of the encoder alone, a normalizing flow on $q$, a full
# covariance, a larger decoder. (b) Which is larger in the figure? (c) On held-out images the
# amortization gap is larger than on those of the training. Why, and what does that say about the
# held-out ELBO as a measure of the *decoder*?
#
# <!-- BEGIN SOLUTION -->
# (a) With $q^*$ the best member of the family: amortization gap
# $KL(q_\phi \| p(z|x)) - KL(q^* \| p(z|x))$, approximation gap $KL(q^* \| p(z|x))$. Larger encoder
# and more training of it: the first. Flow and full covariance: the second. A larger decoder may do
# either, since it changes the posterior. (b) As printed under the figure. (c) The encoder was
# trained on other images and does not know these; $q^*$ is found for each by itself. So part of the
# held-out loss is the encoder's failure and says nothing of the decoder: to compare decoders
# optimise $q$ for each held-out image, or estimate $\log p(x)$.
#
# **Rubric (6 points).** 2 points: both definitions. 2 points: what makes which smaller (at least
# four of five). 1 point: the numbers read. 1 point: generalisation of the encoder, and the
# consequence.
# <!-- END SOLUTION -->

# %% [markdown]
# ## Papers
#
# - Cremer, Li and Duvenaud (2018). *Inference Suboptimality in Variational Autoencoders*.
#   <https://arxiv.org/abs/1801.03558>
# - Kingma and Welling (2014). *Auto-Encoding Variational Bayes*. <https://arxiv.org/abs/1312.6114>
# - Rezende, Mohamed and Wierstra (2014). *Stochastic Backpropagation and Approximate Inference in
#   Deep Generative Models*. <https://arxiv.org/abs/1401.4082>
# - Tipping and Bishop (1999). *Probabilistic Principal Component Analysis*. Journal of the Royal
#   Statistical Society, Series B, 61(3).
