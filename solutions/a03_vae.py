# %% [markdown]
# # The variational autoencoder in Keras
#
# The first assignment gave you the numbers, the second the gradient. Here they become a model: a network that encodes, a
# sample, a network that decodes, and one loss that trains both. The whole of it is four lines (001, lines 83 to 93):
#
# $$(\mu, \log\sigma^2) = \text{encoder}(x), \qquad \epsilon \sim N(0, I), \qquad z = \mu + \sigma \odot \epsilon, \qquad
#   \text{logits} = \text{decoder}(z).$$
#
# **Notation.** $x$ is an image as a vector of $D$ pixels, $z$ its latent vector of $K$ dimensions, $B$ the size of a batch,
# $L$ the number of samples $z_l$ drawn for each image. `log_var` is $\log\sigma^2$. Everything is in **nats**, sums run over
# pixels and over latent dimensions, means over samples and over the batch. The ELBO is to be maximised; a loss is its
# negative (document 000, line 82, writes $\mathcal{L}$ for both: E-000-11).
#
# **What your functions get.** `vae_loss` and `gaussian_vae_loss` get float32 NumPy arrays. `sample_latent` and the classes
# get float32 tensors: a gradient must find its way through them. Write with TensorFlow, `keras.ops` or TensorFlow
# Probability, as you like.
#
# **How classes are graded.** Nobody looks at how your networks are built. The grader makes a model, asks it for outputs, and
# computes from them what must hold whatever the weights are: that the ELBO is the one of *your* encoder and decoder, that
# every weight learns, that the noise is fresh, that training passes a floor. `check("VAE")` examines the same.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vikit import load, plots

tfd = tfp.distributions

# The one line to change: "mnist", "fashion_mnist" or "binarized_mnist".
DATASET = "digits"

# %% [markdown]
# ## 1. Sampling so that the gradient gets through
#
# The encoder says which $q(z|x)$ it means; the decoder needs a $z$ drawn from it. A draw has no derivative, but the same draw
# can be written as a deterministic function of $\mu$, $\sigma$ and noise that has no parameters (003, eq. 20 to 22; 000,
# section 2):
#
# $$z_l = \mu + e^{\frac12 \log\sigma^2} \odot \epsilon_l, \qquad \epsilon_l \sim N(0, I), \qquad
#   \frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \log\sigma^2} = \tfrac12 (z - \mu) .$$
#
# The footnote of 003 says how to have $L$ samples cheaply: run the encoder once, and draw $L$ times from what it said. In
# code no loop is needed: $\epsilon$ has one more axis in front, and broadcasting does the rest.


# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    """Returns L samples of q(z|x) = N(mu, diag exp(log_var)) for each example, made of the given noise.

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
# Document 000 ends section 4 (line 82) with the loss of the VAE, document 003 has it as eq. 8, 13 and 19, document 002 with
# the $L$ samples written out (lines 767 to 782). For one image
#
# $$-\text{ELBO}(x) \approx \underbrace{-\frac1L \sum_{l=1}^L \log p(x|z_l)}_{\text{reconstruction}} +
#   \underbrace{\tfrac12 \sum_{k=1}^K \left[ \mu_k^2 + \sigma_k^2 - \log\sigma_k^2 - 1 \right]}_{KL(q(z|x) \,\|\, p(z))} ,$$
#
# and the loss of a batch is the mean over its images. Three reductions, and each has its own reason. Over **pixels** and
# **latent dimensions** one *sums*: they are independent given $z$, so their logarithms add. Over **samples** one *averages*:
# they estimate an expectation. Over the **batch** one averages as well, so that the size of a step does not depend on how
# many images stand in it.
#
# Mixing them up is the most frequent mistake with VAEs. Keras' `BinaryCrossentropy` averages over pixels, and then the KL
# weighs $D$ times too much. Listing 1 of document 000 sums over the batch and adds the sum to every image's own KL
# (E-000-18): the loss grows when the same images are put in twice.


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    """Returns the loss of a VAE with a Bernoulli decoder: minus the ELBO, averaged over the batch, in nats.

    mean over b of [minus mean over l of log p(x_b given z_lb), plus KL of q(z given x_b) from N(0, I)]. Document 000, section
    4, step 8 (line 82).

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: What the decoder returned for L samples of each example; +-1000 must give finite answers. Shape `[L, B, D]`.
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Log variances of q(z|x), between -30 and 30. Shape `[B, K]`.

    Returns:
        A scalar. The same when every example of the batch is repeated.
    """
    # BEGIN SOLUTION
    log_px_given_z = tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    prior = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_mean(-tf.reduce_mean(log_px_given_z, axis=0) + tfd.kl_divergence(q, prior))
    # END SOLUTION


# %% [markdown]
# Grey pixels are real numbers, and the decoder's output can be their means instead: $p(x|z) = N(x; \mu_x(z), \sigma^2 I)$
# with one fixed $\sigma$ (003, line 61; 004, lines 53 to 61). Then
#
# $$\log p(x|z) = -\frac{1}{2\sigma^2} \lVert x - \mu_x \rVert^2 - D \log\sigma - \frac D2 \log 2\pi .$$
#
# The last two terms have no gradient, but without them the number is no ELBO and may not be compared with another $\sigma$.
# Mind which number is meant: document 004 writes $N(\cdot, \sigma)$ in lines 57 and 59 and $N(\cdot, \sigma^2 I)$ in line
# 61 (E-004-01). Here `sigma` is the standard deviation.


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    """Returns the loss of a VAE with a Gaussian decoder: minus the ELBO, averaged over the batch, in nats.

    As `vae_loss` with log p(x given z) = log N(x; x_mu, sigma^2 I), constants included. Document 003, section 1.3 (line 61).

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
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    prior = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_mean(-tf.reduce_mean(log_px_given_z, axis=0) + tfd.kl_divergence(q, prior))
    # END SOLUTION


# %% [markdown]
# ## 3. Two networks
#
# The encoder is a network with two outputs. It returns $\log\sigma^2$ and not $\sigma$ (003, line 174): a linear layer may
# return any real number, and $e^{\log\sigma^2}$ is positive whatever it returned. So nothing must stand behind that layer. A
# ReLU or a softplus there would forbid $\sigma < 1$, and the posterior could never become sharper than the prior.
#
# Both networks are functions, with nothing random in them: the noise comes in between. And the encoder's weights are shared
# by all images (002, lines 752 to 763, call that *amortized*): there is no $\mu$ to store for each image.
#
# A layer that can be saved tells its arguments in `get_config`. Make the sublayers in `__init__`, so that Keras finds their
# weights; plain `tf.Variable` attributes, and TensorFlow Probability's own variables, are not trained inside a Keras 3 model,
# and nothing tells you so.


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
        self.trunk = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.to_mu = keras.layers.Dense(latent_dim)
        self.to_log_var = keras.layers.Dense(latent_dim)
        # END SOLUTION

    def call(self, x):
        """Returns `(mu, log_var)`, each of shape `[B, K]`, for `x` of shape `[B, D]`. Any real number may come out of both."""
        # BEGIN SOLUTION
        for layer in self.trunk:
            x = layer(x)
        return self.to_mu(x), self.to_log_var(x)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% [markdown]
# The decoder goes the other way. Its last layer is linear too: what it returns are logits where pixels are binary (the sigmoid
# is inside the loss, where it cannot round to 0 or 1) and means where they are real numbers. A sigmoid here *and* in the loss
# squeezes every probability into $[0.5, 0.73]$, and the model learns all the same, badly.
#
# With $L$ samples the decoder is given $[L, B, K]$. A `Dense` layer acts on the last axis and leaves the others alone, so
# there is nothing to do.


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
        self.trunk = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.to_x = keras.layers.Dense(event_dim)
        # END SOLUTION

    def call(self, z):
        """Returns logits (or means) `[..., D]` for `z` of shape `[..., K]`: any real numbers."""
        # BEGIN SOLUTION
        for layer in self.trunk:
            z = layer(z)
        return self.to_x(z)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"event_dim": self.event_dim, "hidden": self.hidden}


# %% [markdown]
# ## 4. The model
#
# A `keras.Model` that overrides `compute_loss` keeps all of Keras: `fit` with its progress bar, callbacks, `evaluate`,
# mixed precision, compilation. (`train_step` can be overridden instead; then the gradient is yours to take.) `fit(x)` calls
# `compute_loss` with the batch; what `model(x)` returned is passed as `y_pred`, and you need not use it. Values to show in the
# progress bar are `keras.metrics.Mean` objects: make them in `__init__` and give them each batch's values per example.
#
# `elbo(x, eps)` is the ELBO as a *function*: the noise is an argument, so the same call has the same value, and the grader
# can hold it against the outputs of your encoder and decoder. Training draws fresh noise: for each image, for each latent
# dimension, at each step. A `keras.random.SeedGenerator` made in `__init__` gives new numbers at each call, in a compiled
# step too. NumPy's generator would be asked once, when the step is traced, and never again.


# %% question="VAE"
@keras.saving.register_keras_serializable("a03_vae")
class VAE(keras.Model):
    """A variational autoencoder: `fit(x)` trains it to maximise the ELBO.

    Document 001, lines 83 to 93.

    `fit` and `evaluate` report `loss`, `reconstruction` and `kl` in nats per example, all with the sign of a loss:
    loss = reconstruction + kl.

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

    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        if likelihood not in ("bernoulli", "gaussian"):
            raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', not {likelihood!r}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.likelihood, self.sigma = likelihood, sigma
        # BEGIN SOLUTION
        self.encoder = Encoder(latent_dim, self.hidden)
        self.decoder = Decoder(event_dim, self.hidden[::-1])
        self.noise = keras.random.SeedGenerator()
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        self.kl = keras.metrics.Mean(name="kl")
        # END SOLUTION

    # BEGIN SOLUTION
    def terms(self, x, eps):
        """Returns (reconstruction, KL), both to be minimised, in nats per example. Shapes `[B]`."""
        mu, log_var = self.encoder(x)
        outputs = self.decoder(sample_latent(mu, log_var, eps))
        pixels = tfd.Bernoulli(logits=outputs) if self.likelihood == "bernoulli" else tfd.Normal(outputs, self.sigma)
        log_px_given_z = tf.reduce_mean(tfd.Independent(pixels, 1).log_prob(x), axis=0)
        prior = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
        return -log_px_given_z, tfd.kl_divergence(tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var)), prior)

    def fresh_noise(self, x):
        """Returns the noise of one sample for each example. Shape `[1, B, K]`."""
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.noise)

    def build(self, input_shape):
        self.encoder(tf.zeros((1, self.event_dim)))
        self.decoder(tf.zeros((1, self.latent_dim)))
        super().build(input_shape)

    # END SOLUTION

    def elbo(self, x, eps):
        """Returns the ELBO of each example with the given noise, KL in closed form, in nats. Shape `[B]`.

        Args:
            x: Images. Shape `[B, D]`.
            eps: Standard normal noise. Shape `[L, B, K]`.
        """
        # BEGIN SOLUTION
        reconstruction, kl = self.terms(x, eps)
        return -reconstruction - kl
        # END SOLUTION

    def call(self, x):
        """Returns what the decoder says to one fresh sample of q(z|x): fresh per example and call. Shape `[B, D]`."""
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        return self.decoder(sample_latent(mu, log_var, self.fresh_noise(x))[0])
        # END SOLUTION

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of a batch, a scalar, and updates the metrics `reconstruction` and `kl`.

        You may override `train_step` and `test_step` instead; then delete this.
        """
        # BEGIN SOLUTION
        reconstruction, kl = self.terms(x, self.fresh_noise(x))
        self.reconstruction.update_state(reconstruction)
        self.kl.update_state(kl)
        return tf.reduce_mean(reconstruction + kl)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "hidden", "likelihood", "sigma")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% [markdown]
# ## 5. Looking into the model
#
# Three things to look at, each a *mean* of $p(x|z)$ and not a draw from it: for a Bernoulli decoder the probability of each
# pixel, $1 / (1 + e^{-a})$, for a Gaussian decoder its output as it is. Document 003 (line 174) calls the decoder's output
# the mean reconstruction. Each of your functions is given a model that has `encoder`, `decoder` and `likelihood`; it need not
# be a `VAE` of yours.
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
    outputs = model.decoder(z)
    return tf.sigmoid(outputs) if model.likelihood == "bernoulli" else outputs


# END SOLUTION


# %% [markdown]
# **Sampling the model** needs no encoder: draw $z \sim N(0, I)$ and show what the decoder makes of it (004, lines 179 to 185).
# The noise is an argument again.


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
# With $K = 2$ the whole latent space fits on a page. Equal steps in $z$ would show mostly corners where the prior has no mass;
# equal steps in *probability* show what the model believes in. The quantile function of the standard normal, $\Phi^{-1}$, maps
# the middles of $n$ equal slices of $(0, 1)$ to
#
# $$q_k = \Phi^{-1}\left(\frac{k + \frac12}{n}\right), \qquad k = 0, \dots, n - 1,$$
#
# and entry $[i, j]$ of the grid is the mean of $p(x|z)$ at $z = (q_i, q_j)$.


# %% question="latent_grid"
def latent_grid(model, n):
    """Returns the means of p(x|z) on a grid of the latent plane with steps of equal prior probability.

    Document 002, lines 789 to 802: what stands in the bottleneck.

    Args:
        model: Has `decoder`, of two latent dimensions, and `likelihood`, `"bernoulli"` or `"gaussian"`.
        n: Rows and columns of the grid.

    Returns:
        Entry `[i, j]` is the mean at z = (q_i, q_j), q_k the standard normal quantile of (k + 1/2) / n. Shape `[n, n, D]`.
    """
    # BEGIN SOLUTION
    quantiles = tfd.Normal(0.0, 1.0).quantile((np.arange(n, dtype=np.float32) + 0.5) / n)
    first, second = tf.meshgrid(quantiles, quantiles, indexing="ij")
    return mean_of_pixels(model, tf.stack([first, second], axis=-1))
    # END SOLUTION
