# %% [markdown]
# # The variational autoencoder in Keras
#
# The first assignment gave you the numbers, the second the gradient. Here they become a model: a
# network that encodes, a sample, a network that decodes, and one loss that trains both
# ([Kingma and Welling 2014](https://arxiv.org/abs/1312.6114);
# [Rezende, Mohamed and Wierstra 2014](https://arxiv.org/abs/1401.4082)). The whole of it is four
# lines:
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
# - say what a VAE has that an autoencoder lacks, and measure what each of these things does;
# - explain how far the ELBO lies below $\log p(x)$, and what could close the gap.
#
# **You need**: log-likelihoods and the divergence from the prior (a01), the ELBO and
# reparameterization (a02); layers and models in Keras, as classes of your own; covariance matrices
# and their eigenvectors for the question on PCA.
#
# **Time**: about 10 hours, an estimate. The experiments train four models and some short runs on
# the digits: some two minutes in all on two processors, much of it in the last section, and much
# more for MNIST.
#
# **Difficulty**: *hard* `VAE`, `draw_the_model`, `linear_vae`, `two_gaps`; *some thought*
# `vae_loss`, `gaussian_vae_loss`, `Encoder`, `two_heads`, `read_the_curves`, `latent_grid`,
# `autoencoder_or_vae`, `mean_or_sample`; *short* `sample_latent`, `Decoder`, `reconstruct`,
# `sample_prior`.
#
# **Notation.** $x$ is an image as a vector of $D$ pixels, $z$ its latent vector of $K$ dimensions,
# $B$ the size of a batch, $L$ the number of samples $z_l$ drawn for each image. `log_var` is
# $\log\sigma^2$. Everything is in **nats**. The ELBO is to be maximised; a loss is its negative
# (document 000 writes $\mathcal{L}$ for the ELBO in section 1 "ELBO for VAE", step 8, and for the
# loss in section 4 "Closed form ELBO for VAE with Gaussian Latent", step 8: E-000-11).
#
# Places such as *003, eq. 22* point into the lecture's documents, 000 to 004; numbers such as
# *E-000-11* into the list of their errata, `ERRATA.md`, which came with this notebook.
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

# %% [markdown]
# Three libraries work together here (000, Listing 1): TensorFlow has tensors and gradients,
# TensorFlow Probability has distributions, Keras has layers and training. Keras 3 can
# run on other back ends; TensorFlow Probability needs TensorFlow's.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from vikit import load, plots, posteriors

tfd = tfp.distributions
BERNOULLI, GAUSSIAN = "bernoulli", "gaussian"

# The one line to change: "mnist", "fashion_mnist" or "binarized_mnist".
DATASET = "digits"

# %% tags=["experiment"]
if __name__ == "__main__":
    print(f"TensorFlow {tf.__version__}, TensorFlow Probability {tfp.__version__}")
    print(f"Keras {keras.__version__} on {keras.backend.backend()}")
    if keras.backend.backend() != "tensorflow" or int(keras.__version__.split(".")[0]) < 3:
        raise ImportError("install Keras 3, and set KERAS_BACKEND=tensorflow before it is imported")

# %% [markdown]
# ## 1. Sampling so that the gradient gets through
#
# The encoder says which $q(z|x)$ it means; the decoder needs a $z$ drawn from it. A draw has no
# derivative, but the same draw can be written as a deterministic function of $\mu$, $\sigma$ and
# noise that has no parameters (003, section 1.5 "Reparametrisation trick", eq. 20 to 22; 000,
# section 2 "SGD on ELBO for VAE"):
#
# $$z_l = \mu + \sigma \odot \epsilon_l, \qquad \sigma = e^{\frac12 \log\sigma^2}, \qquad
#   \epsilon_l \sim N(0, I) .$$
#
# With the noise held fixed $z$ has derivatives in $\mu$ and in $\log\sigma^2$ (a02, section 4). So
# an expectation over $z$ becomes one over $\epsilon$, and the gradient in $\phi$ may move inside
# (003, eq. 23 to 27; our copy has $q_\theta$ for $q_\phi$ in eq. 23, and lacks the $d\epsilon$ of
# the integrals in eq. 25 and 26):
#
# $$\nabla_\phi \int q_\phi(z|x) \log p_\theta(x|z)\, dz = \int N(\epsilon; 0, I)\, \nabla_\phi
#   \log p_\theta(x|\mu + \sigma \odot \epsilon)\, d\epsilon .$$
#
# Footnote 3 of 003 says how to have $L$ samples cheaply: run the encoder once, and draw $L$ times
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
# Training maximises the ELBO of the images (003, eq. 8; 000, section 4, step 8; 002, section 7-2
# "Variational Auto Encoder (VAE)", (b), with the $L$ samples written out). For one image
#
# $$\text{ELBO}(x) = E_{q(z|x)}[\log p(x|z)] - KL(q(z|x) \,\|\, p(z)), \qquad
#   KL(q \,\|\, p) = \int q(z) \log \frac{q(z)}{p(z)}\, dz .$$
#
# (Above eq. 8 our copy of 003 has $p_\theta(z|z)$ for $p_\theta(x|z)$ in a gradient.) The loss is
# to be minimised, so both parts change their sign; they are called the *reconstruction* and the
# *KL*. How you compute them follows from what stands on each axis:
#
# - **Pixels**, the last axis of `logits`. Given $z$ they are independent, each Bernoulli with a
#   logit of its own (a01, section 3).
# - **Latent dimensions**, the last axis of `mu` and `log_var`. They are independent under $q(z|x)$
#   and under $p(z) = N(0, I)$, and for two Gaussians the integral has a closed form: that of a01,
#   section 5. Copy your function, or derive it again.
# - **Samples**, the first axis of `logits`. The expectation over $q(z|x)$ has no closed form, since
#   a network stands in it. The $L$ samples are there to estimate it (003, eq. 18 and 19).
# - **Images**, the axis of size $B$. The loss belongs to an image of the data, not to the batch: it
#   must stay the same when every image is put in twice, or the size of a step would depend on the
#   size of the batch.
#
# Each axis must disappear, and not all of them in the same way. To get one wrong is the most
# frequent mistake with VAEs, because nothing complains: the model trains, with one of the parts
# weighed far too much. The ready-made losses of a library reduce some axes for you; read in their
# documentation which ones, and how.


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    """Returns the loss of a Bernoulli VAE on a batch, to be minimised, in nats.

    Minus the ELBO of an image: its reconstruction, plus the divergence of q(z given x) from
    N(0, I). Document 003, eq. 8; document 000, section 4 "Closed form ELBO for VAE with Gaussian
    Latent", step 8.

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
    # mean_b [-mean_l log p(x_b|z_lb) + 1/2 sum_k (mu_bk^2 + exp(log_var_bk) - log_var_bk - 1)]
    log_px_given_z = tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)
    reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    p = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_mean(reconstruction + tfd.kl_divergence(q, p))
    # END SOLUTION


# %% [markdown]
# Grey pixels are real numbers, and the decoder's output can be their means instead:
# $p(x|z) = N(x; \mu_x(z), \sigma_x^2 I)$ with one fixed $\sigma_x$ for all pixels, which has
# nothing to do with the encoder's $\sigma$ (003, section 1.3 "Generative/conditional
# distribution(s)"; 004, slide "Gaussian VAEs"). Then
#
# $$\log p(x|z) = -\frac{1}{2\sigma_x^2} \lVert x - \mu_x \rVert^2 -
#   D \log\sigma_x - \frac D2 \log 2\pi .$$
#
# The last two terms have no gradient, but without them the number is no ELBO and may not be
# compared with another $\sigma_x$. Mind which number is meant: the slide of 004 writes
# $N(\cdot, \sigma)$ for $q$ and for the prior, and $N(\cdot, \sigma^2 I)$ for the decoder.
# Here `sigma` is the standard deviation $\sigma_x$. The rest of the loss is as before.


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    """Returns the loss of a Gaussian VAE on a batch, to be minimised, in nats.

    As `vae_loss` with log p(x given z) = log N(x; x_mu, sigma^2 I), constants included. Document
    003, section 1.3 "Generative/conditional distribution(s)"; document 004, slide "Gaussian VAEs".

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
# The encoder is a network with two outputs. It returns $\log\sigma^2$ and not $\sigma$ (003,
# section 1.6 "Autoencoder structure"): a linear layer may return any real number, and
# $e^{\log\sigma^2}$ is positive whatever it returned. So put no activation after that layer. A
# ReLU or a softplus there would forbid $\sigma < 1$, and the posterior could never become sharper
# than the prior.
#
# Both networks are functions, with nothing random in them: the noise comes in between. And the
# encoder's weights are shared by all images (002, section 7-2 (b), calls that *amortized*): there
# is no $\mu$ to store for each image.
#
# A layer that can be saved returns its arguments from `get_config`. Make the sublayers in `__init__`
# (or in `build`, which Keras calls with the shape of the first input), so that Keras finds their
# weights; plain `tf.Variable` attributes, and TensorFlow Probability's own variables, are not
# trained inside a Keras 3 model, and nothing tells you so. Section 6 has networks without hidden
# layers: `hidden=()` must work. You choose the layers that the sizes in `hidden` stand for; this is
# not graded.


# %% question="Encoder"
@keras.saving.register_keras_serializable("a03_vae")
class Encoder(keras.layers.Layer):
    """The encoder: images to the parameters of q(z|x) = N(mu, diag exp(log_var)).

    Document 002, section 7-2 "Variational Auto Encoder (VAE)", (b); document 003, section 1.6
    "Autoencoder structure".

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

    Document 003, section 1.3 "Generative/conditional distribution(s)"; document 002, section 7-2
    "Variational Auto Encoder (VAE)", (b).

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
# ### In your own words: draw the model, and find the bugs
#
# (a) Draw the model twice: as a flow chart from $x$ to its reconstruction (the figures 1 of
# documents 000 and 003, which our text copies lack), and as a graphical model with a plate over the
# images. Which boxes are networks, where does the noise come in, which arrows does the gradient
# follow backwards, what is shared by all images? Describe the drawings in words if you cannot put
# pictures here.
#
# (b) Five lines about this model. Some are the lecture's, some a fellow student's; some are right,
# some are not. For each say which it is, prove it by numbers, and correct what is wrong. Your
# functions of this and of earlier assignments, and a few lines of NumPy, are enough.
#
# 1. 001, "Gradients of ELBO", the last two lines of the recipe:
#    "$x = \operatorname{decoder}(z), \ p_{\theta}(x \mid z)$" and
#    "$(x, z, \mu, \sigma) \Rightarrow \operatorname{compute ELBO}$". Take
#    $x = (0.7, 0.1, 0.6, 0.3)$, a Gaussian decoder that returns $(0.4, 0.3, 0.9, 0.2)$, and
#    $\sigma_x = 0.4$. What is $\log p(x|z)$, what do the two lines compute, and what would the
#    networks learn from that?
# 2. 004, slide "– ln p_Φ(y|z) as Distortion": of all $\sigma$ the loss is smallest at
#    $\sigma^* = \sqrt{\frac1d E\, \lVert y - y_\Phi(z) \rVert^2}$. Take $d = 4$, and three images
#    with the squared distances 0.6, 1.4 and 2.2.
# 3. A fellow student: "The decoder is a function without noise. So $E_{q(z|x)}[\log p(x|z)]$ is
#    $\log p(x|z)$ at the mean of $q$, and needs no samples." Take one pixel $x = 1$, a decoder
#    $\hat x = 1.5\, z$ with $\sigma_x = 0.5$, and $q = N(0.6, 0.4^2)$.
# 4. 003, the note below eq. 12: $m$ and $s$ are "the mean and variance" of $q$, and eq. 13 has the
#    divergence with these. Take $q$ with the mean -0.4 and the variance 2.25.
# 5. A fellow student: "I do not need an axis for the samples. I put each image $L$ times into the
#    batch and draw one $z$ for each copy. With the same noise that is the same loss." Take two
#    images with the divergences 3 and 5, $L = 3$, and $\log p(x|z_l) = -10, -12, -11$ for the one
#    and $-20, -17, -23$ for the other.
#
# <!-- BEGIN SOLUTION -->
# (a) $x \to$ encoder $\to (\mu, \log\sigma^2)$; $\epsilon \sim N(0, I)$ enters from outside into
# $z = \mu + \sigma \odot \epsilon$; $z \to$ decoder $\to$ logits or means. Two networks. The
# gradient of the reconstruction goes back through the decoder, through $z$ to $\mu$ and
# $\log\sigma^2$, and through the encoder; none goes to $\epsilon$. The KL's goes to the encoder
# alone. In the graphical model the plate holds $z_i$ and $x_i$; the weights of both networks stand
# outside it and are shared.
#
# (b)
#
# | line | verdict | as it is said | right |
# |---|---|---|---|
# | 1 (001, lines 91 and 93; E-001-06, E-001-07) | wrong | -0.010591 | -0.729341 |
# | 2 (004, line 71) | right | -0.099644 | the least |
# | 3 | wrong | -0.245791 | -0.965791 |
# | 4 (003, line 92; E-003-04) | wrong | 1.300320 | 0.299535 |
# | 5 | right | 19.5 | 19.5 |
#
# 1: the decoder's output overwrites the datum. It needs another name, $\hat x$, and belongs in
# the list: $(x, \hat x, \mu, \sigma) \Rightarrow$ ELBO. With $x$ overwritten the distance is 0
# whatever the networks do, the likelihood is the constant $-\frac D2 \log 2\pi\sigma_x^2$, and only
# the KL is learnt. 2: the loss is $\frac{1}{2\sigma^2} \cdot 1.4 + 4 \log\sigma$ up to a constant,
# with $\sigma^{*2} = 0.35$; its derivative $-1.4/\sigma^3 + 4/\sigma$ is 0 there. At $\sigma^* =
# 0.591608$ it is -0.099644, at $0.9\,\sigma^*$ -0.051951, at $1.1\,\sigma^*$ -0.065511. 3: a
# nonlinear function of a mean is not the mean of the function. $E(x - 1.5 z)^2 = (1 - 0.9)^2 +
# 1.5^2 \cdot 0.4^2 = 0.37$ and not 0.01; the noise costs $0.36 / (2 \cdot 0.25) = 0.72$ nats. 4:
# $s$ is the standard deviation, 1.5 here; eq. 10 to 12 have $s^2$ for the variance. 5: the mean
# over the six rows of -log p + KL, (13 + 15 + 14 + 25 + 22 + 28) / 6, is the mean over the images
# of the means over the samples, (14 + 25) / 2, as every image has equally many.
#
# **Rubric (8 points).** 1 point: both networks, the sample in between, the noise from outside.
# 1 point: the gradient's way through z. 1 point: what is shared. 1 point: line 1, with both numbers
# and that the term is constant. 1 point: line 2 is right, with the loss at the optimum and beside
# it. 1 point: line 3, with both numbers. 1 point: line 4, with both numbers. 1 point: line 5 is
# right, with the number computed in both ways. Half of what a point asks for earns half a point.
# Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% [markdown]
# ### A decoder with two heads
#
# A Gaussian decoder can return variances too, by one more linear layer, as the encoder does. With
# such a decoder the model is a *deep latent Gaussian model*, DLGM (002, section 7-2 (a) "Generative
# Model"):
#
# $$p(z_i) = N(z_i; 0, I), \qquad
#   p(x_i|z_i) = N\left(x_i; \mu(z_i), \text{diag}\, \sigma^2(z_i)\right) .$$
#
# The document introduces the second formula as a "prior that depends on $\theta$". It is the
# likelihood; the prior is the first. And it writes $\sigma^2(z_i) I$, as it writes $\sigma^2(x_i)
# I$ for $q$ in (b): that would be one variance for all pixels, where the network returns one for
# each. Otherwise nothing changes: the reconstruction is minus the
# `gaussian_log_prob_learned` of a01, with the decoder's two outputs as `mu` and `log_var`. But a
# likelihood that may choose its own variance behaves in a new way, which the next question is
# about.

# %% tags=["experiment", "solution"]
if __name__ == "__main__":

    def gaussian_log_prob_learned(x, mu, log_var):
        """Returns log N(x; mu, diag(exp(log_var))) in nats, as in a01. Shape `[B]`."""
        return tfd.MultivariateNormalDiag(mu, np.exp(0.5 * log_var)).log_prob(x).numpy()

    def compare_heads(train, test):
        """Prints the log-likelihood of images under their mean and several variances."""
        mean, variances = train.mean(0), train.var(0)
        heads = {
            "one variance": np.full_like(mean, variances.mean()),
            "one each, at least 1e-4": np.maximum(variances, 1e-4),
            "one each, at least 1e-8": np.maximum(variances, 1e-8),
        }
        for name, variance in heads.items():
            log_var = np.log(variance)
            found = [gaussian_log_prob_learned(x, mean, log_var) for x in (train, test)]
            print(f"{name}: training {found[0].mean():.2f}, held out {found[1].mean():.2f} nats")
        print(f"pixels that are the same in all training images: {np.sum(variances == 0)}")

    pixels = load("digits", binarize=None)
    compare_heads(pixels.x_train.astype(float), pixels.x_test.astype(float))

# %% [markdown] question="two_heads"
# ### In your own words: variances that are learnt
#
# Take the grey digits, `load("digits", binarize=None)`, and a decoder that ignores $z$: it returns
# the mean of the training images, and for all images the same variances. Copy your
# `gaussian_log_prob_learned` of a01 into a cell of your own, and compute in float64 the mean of
# $\log p(x)$ over the training and over the held-out images: with one variance for all pixels (the
# mean of the pixels' variances); with each pixel's own variance, but at least $10^{-4}$; with the
# same, but at least $10^{-8}$. (a) What are the six numbers? (b) Which pixels make the difference
# between the last two, and where would gradient descent take their `log_var` if there were no
# least value? (c) Is the model with the largest likelihood the best one? Name two remedies.
#
# <!-- BEGIN SOLUTION -->
# (a)
#
# | variances | training | held out |
# |---|---|---|
# | one for all pixels | -7.12 | -7.55 |
# | one each, at least $10^{-4}$ | 38.41 | 37.25 |
# | one each, at least $10^{-8}$ | 56.04 | 54.85 |
#
# (b) Nine pixels at the border have a variance below $10^{-4}$, and three of them are 0 in every
# training image. These three alone gain $3 \cdot \frac12 \log 10^4 = 13.82$ of the 17.6 nats. Where
# $x_d = \mu_d$ in all images the log-density grows as $-\frac12$ `log_var` without limit, and
# gradient descent would take `log_var` to minus infinity. (c) No: what was gained is gained in
# pixels that say nothing about a digit, and can be had to any amount; the least value decides. A
# single grey value in such a pixel ruins it: one held-out image has -743 nats. Remedies (two of
# them): a least `log_var`; noise on the data, of the size of a step between grey values; one
# variance for all pixels, learnt or fixed.
#
# **Rubric (3 points).** 1 point: the six numbers. 1 point: pixels that are constant or nearly so,
# and `log_var` to minus infinity. 1 point: not the best, and two remedies. Half of what a point
# asks for earns half a point. Numbers are those of the student's own output.
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

    Document 001, "Gradients of ELBO"; document 003, section 1.6 "Autoencoder structure".

    `fit` and `evaluate` report `loss`, `reconstruction` and `kl` in nats per example, all with the
    sign of a loss: loss = reconstruction + kl.

    Args:
        event_dim: D.
        latent_dim: K.
        hidden: Sizes of the encoder's hidden layers; the decoder's are best the same, reversed.
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
# Fill in the table from your own training, in nats; `history` has the numbers, those of the
# held-out images under `val_...`. The last row is a model whose posterior has collapsed, $q(z|x) =
# p(z)$ for all $x$: think, and use that one Bernoulli distribution per pixel has a
# log-likelihood of -25.25 nats on the held-out images. (Its probabilities are the shares of 1s in
# the training images, kept between 0.001 and 0.999: with a share of exactly 0 or 1 a single pixel
# would make it minus infinity.)
#
# | | reconstruction | KL | loss |
# |---|---|---|---|
# | training, first epoch | | | |
# | held out, first epoch | | | |
# | training, last epoch | | | |
# | held out, last epoch | | | |
# | collapsed, held out | | | |
#
# (a) The loss contains the KL and falls. Why does the KL *rise*, and what has each nat of it bought
# between the first and the last epoch? (b) In the first epoch the held-out images have a smaller
# loss than those of the training. Why, and why no longer in the last? (c) Is the held-out loss an
# estimate of $-\log p(x)$? In which direction is it off, and by which divergence? Could more
# training bring that to 0?
#
# <!-- BEGIN SOLUTION -->
# Five seeds, 0 to 4, on the digits; the first is the notebook's:
#
# | | reconstruction | KL | loss |
# |---|---|---|---|
# | training, first epoch | 36.6 to 37.4 | 0.9 to 1.3 | 37.5 to 38.2 |
# | held out, first epoch | 29.5 to 30.8 | 1.2 to 1.9 | 31.1 to 31.9 |
# | training, last epoch | 14.1 to 14.8 | 4.9 to 5.3 | 19.4 to 19.6 |
# | held out, last epoch | 14.2 to 15.1 | 4.7 to 5.4 | 19.5 to 20.0 |
# | collapsed, held out | 25.25 | 0 | 25.25 |
#
# (a) At first the encoder says next to nothing about $x$, and the KL is near 0. Every nat of
# information about $x$ that $z$ carries costs a nat of KL on average, and saves more than one in
# the reconstruction; so both networks spend it until the next nat no longer pays. On held-out
# images some 4 nats of KL go with some 15 nats of reconstruction (part of these the decoder would
# have gained without $z$, as it first learns the mean image). (b) The loss of an epoch is the mean
# over its steps, from the first on; the held-out one is measured after the last. At the end a step
# changes little, and that the networks were fitted to the training images shows. (c) The loss is
# minus the ELBO, an upper bound of $-\log p(x)$ on average: too large by $KL(q(z|x) \| p(z|x))$.
# That is 0 only where the posterior of every image is a Gaussian with a diagonal covariance and the
# encoder finds it, on images too that it never saw; training does not see to the first.
#
# **Rubric (5 points).** 1 point: the table, with the collapsed row. 1 point: KL as the price of
# information about x, and why it pays, with numbers. 1 point: mean over an epoch against its end.
# 1 point: upper bound, by the divergence from the posterior. 1 point: not brought to 0, with a
# reason. Half of what a point asks for earns half a point. Numbers are those of the student's own
# output.
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
# output as it is. Document 003, section 1.6, calls the decoder's output the mean reconstruction.
# Each of your functions is given a model that has `encoder`, `decoder` and `likelihood`; it need
# not be a `VAE` of yours.
#
# A **reconstruction** goes through the mean of the posterior, $z = \mu(x)$, without noise.


# %% question="reconstruct"
def reconstruct(model, x):
    """Returns the mean of p(x|z) at z = mu(x), the mean of the posterior.

    Document 003, section 1.6 "Autoencoder structure".

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
# it (004, slide "VAEs 2013"). The noise is an argument again.


# %% question="sample_prior"
def sample_prior(model, eps):
    """Returns the mean of p(x|z) at z = eps, draws from the prior.

    Document 004, slide "VAEs 2013".

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

    Document 002, section 7-2 "Variational Auto Encoder (VAE)", (c): what stands in the bottleneck.

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

# %% [markdown]
# ### Without noise and without KL: the autoencoder
#
# Join the two networks with nothing in between: a network that is trained to reconstruct its input
# through a layer of $K$ numbers, the *bottleneck*. That is an autoencoder, and its $K$ numbers are
# the code of an image. Document 002, section 7-2 (c) "A probabilistic Encoder-Decoder
# Persepectiove" [sic], reads a VAE as an autoencoder that is trained with noise in its bottleneck, and
# with the KL to keep the posterior close to the prior, a *regulariser*.
#
# The two losses meet in a limit. Let all $\sigma$ of the encoder go to 0: then $z = \mu + \sigma
# \odot \epsilon \to \mu$, and the reconstruction becomes that of an autoencoder whose code is
# $\mu(x)$. What the KL does in the same limit you can see from your formula, and below.
#
# The cell trains an autoencoder of the same size as the model with two latent dimensions, and shows
# its codes of held-out images (those of the VAE are shown above). An autoencoder is trained for its
# reconstruction alone; whether it is the better one at that too is printed for training and for
# held-out images apart. The cell decodes the same draws from $N(0, I)$ with both. Then it
# multiplies the standard deviations of the trained VAE by numbers below 1.

# %% tags=["experiment"]
if __name__ == "__main__":
    import warnings
    from types import SimpleNamespace

    def train_autoencoder(x, epochs):
        """Returns an autoencoder with a bottleneck of two numbers, trained on `x`."""
        encoder, decoder = Encoder(2), Decoder(x.shape[1])
        inputs = keras.Input(x.shape[1:])
        joined = keras.Model(inputs, decoder(encoder(inputs)[0]))
        cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        joined.compile(optimizer=keras.optimizers.Adam(2e-3), loss=cross_entropy)
        with warnings.catch_warnings():
            # Keras warns that log_var takes no part.
            warnings.simplefilter("ignore")
            joined.fit(x, x, batch_size=64, epochs=epochs, verbose=0)
        return SimpleNamespace(encoder=encoder, decoder=decoder, likelihood=BERNOULLI)

    def two_terms(vae, x, mu, log_var, noise):
        """Returns the reconstruction and the KL of images with this q, in nats."""
        logits = vae.decoder(sample_latent(mu, log_var, noise))
        # At mu = 0, log_var = 0 the KL is 0.
        reconstruction = vae_loss(x, logits, 0 * mu, 0 * mu)
        return float(reconstruction), float(vae_loss(x, logits, mu, log_var) - reconstruction)

    def at_the_mean(vae, x):
        """Returns the reconstruction of images at z = mu(x), in nats."""
        mu, log_var = vae.encoder(x)
        return two_terms(vae, x, mu, log_var, tf.zeros((1, *mu.shape)))[0]

    def describe_codes(name, vae, train, test):
        """Prints how near to 0 the codes of held-out images lie, and what codes keep."""
        near = np.mean(np.linalg.norm(vae.encoder(test)[0], axis=1) < 2)
        kept, kept_held_out = at_the_mean(vae, train), at_the_mean(vae, test)
        print(f"{name}: reconstruction at z = mu(x) {kept:.2f} nats on training images,")
        print(f"    {kept_held_out:.2f} nats on held-out ones; ", end="")
        print(f"{near:.0%} of the codes within 2 of 0 (of N(0, I): 86%)")

    def shrink_sigma(vae, x, factors):
        """Prints both terms of the loss with the encoder's sigma multiplied by each factor."""
        mu, log_var = vae.encoder(x)
        noise = tf.random.stateless_normal((64, *mu.shape), seed=(0, 4))
        for factor in factors:
            terms = two_terms(vae, x, mu, log_var + 2 * np.log(factor), noise)
            print(f"sigma times {factor:g}: reconstruction {terms[0]:.2f}, KL {terms[1]:.2f} nats")

    keras.utils.set_random_seed(1)
    autoencoder = train_autoencoder(images.x_train, 40 if DATASET == "digits" else 10)
    shown, labels = images.x_test[:360], images.y_test[:360]
    plots.scatter(
        autoencoder.encoder(shown)[0], labels, f"Codes of an autoencoder, held-out {DATASET}"
    )
    describe_codes("VAE", plane, images.x_train[:1000], shown)
    describe_codes("autoencoder", autoencoder, images.x_train[:1000], shown)
    z_of_prior = tf.random.stateless_normal((12, 2), seed=(0, 5))
    plots.images(
        [sample_prior(plane, z_of_prior), sample_prior(autoencoder, z_of_prior)],
        images.image_shape,
        ("VAE", "autoencoder"),
        "The same draws from N(0, I), decoded",
    )
    shrink_sigma(plane, shown, (1, 0.5, 0.1, 0.05, 0.01))

# %% [markdown] question="autoencoder_or_vae"
# ### In your own words: an autoencoder, or a VAE?
#
# (a) Both models have the same bottleneck. Compare their codes, the reconstructions at $z =
# \mu(x)$, and what they make of draws from $N(0, I)$, with the numbers from your output. Which of
# the two can be sampled from, and why? (b) Read what happens as $\sigma$ shrinks. What does the
# reconstruction tend to? How many nats does the KL gain for every halving of $\sigma$, in the
# limit, as a formula in $K$ and in your numbers? So what must be given up to get the autoencoder as
# a limit? (c) Keep the noise, but drop the KL. What will the encoder do to $\mu$ and $\sigma$ to
# escape the noise, and what is then left of the bottleneck?
#
# <!-- BEGIN SOLUTION -->
# (a) Three seeds, 1 to 3: of the VAE's codes 81 to 85 % lie within 2 of 0, of the autoencoder's 4
# %; these lie up to 14, 18 and 19 from 0, and nothing says where. On training images the
# autoencoder's reconstructions at the mean are better in each seed, 16.3 to 16.9 nats for 17.1 to
# 17.6: it is trained for just that. On held-out images it loses more (16.9 to 17.8 nats for 17.3 to
# 17.9, in two of three seeds the worse ones): without noise and KL it fits its training images too
# closely. Draws from $N(0, I)$ fall where the VAE has seen images, and it decodes
# them to digits; for the autoencoder they all fall into one small region, and come out as a few
# similar or shapeless images. Only the VAE has a prior that its codes were fitted to. (b) The
# reconstruction tends to that at $z = \mu(x)$, that of an autoencoder with this code. The KL grows
# without limit, by $K \log 2 = 1.39$ nats for each halving: 1.32 for the first, when a little of
# the variance's own term is still lost, 1.386 from 0.1 to 0.05. So the KL must be dropped: the
# limit of the loss itself is infinite. (c) It makes $\sigma$ small, or $\mu$ large, which comes to
# the same: the noise is then small compared with the distances of the codes. So the noise alone
# limits nothing, and what is left is the bottleneck of $K$ real numbers.
#
# **Rubric (4 points).** 1 point: codes and draws compared, with numbers. 1 point: the
# reconstruction's limit, and that the KL must be dropped. 1 point: K log 2 for each halving, and
# the numbers. 1 point: the escape from the noise. Half of what a point asks for earns half a point.
# Numbers are those of the student's own output.
# <!-- END SOLUTION -->

# %% [markdown] question="mean_or_sample"
# ### In your own words: a mean or a sample?
#
# Pictures from VAEs usually show the mean of $p(x|z)$. (a) Draw a *sample* of $p(x|z)$ for some
# images, for the Bernoulli model and (in thought) for a Gaussian one with $\sigma = 0.3$, and
# describe the difference. (b) If $z$ is drawn from the prior, which of the two is a draw from the
# model $p(x)$? (c) Why are means blurred, and is the blur a fault of the decoder or of the
# likelihood?
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
# **Rubric (3 points).** 1 point: independent noise per pixel against a smooth mean, both
# likelihoods. 1 point: the sample is the draw from the model. 1 point: factorised likelihood,
# averaging over what z leaves open.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 6. A model whose answer is known
#
# Without hidden layers, and with a Gaussian decoder, the VAE is *probabilistic PCA* ([Tipping and
# Bishop 1999](https://doi.org/10.1111/1467-9868.00196)): $x|z \sim N(Wz + b, \sigma^2 I)$. There
# the evidence is exact, $p(x) = N(x; b, W W^\top + \sigma^2 I)$. With the decoder's $\sigma$ fixed
# the columns of the best $W$ are, up to a rotation of $z$, the leading eigenvectors of the data's
# covariance, stretched to length $\sqrt{\lambda_k - \sigma^2}$, where $\lambda_k > \sigma^2$ are
# their eigenvalues. The exact posterior is Gaussian, with a covariance that does not depend on $x$.
# So you know what training should reach.

# %% tags=["experiment"]
if __name__ == "__main__":

    def linear_evidence(x, weights, mean, sigma):
        """Returns the mean log p(x) of images under the linear model with these parameters."""
        marginal = weights @ weights.T + np.square(sigma) * np.eye(len(mean))
        distance = np.einsum("nd,de,ne->n", x - mean, np.linalg.inv(marginal), x - mean)
        log_det = np.linalg.slogdet(2 * np.pi * marginal)[1]
        return float(np.mean(-0.5 * (distance + log_det)))

    def evidence_of_ppca(train, test, latent_dim, sigma):
        """Returns the best linear model's mean log p(x) of test images, and its directions."""
        mean, covariance = train.mean(0), np.cov(train.T, bias=True)
        values, vectors = np.linalg.eigh(covariance)
        lengths = np.sqrt(np.maximum(values[-latent_dim:] - np.square(sigma), 0))
        weights = vectors[:, -latent_dim:] * lengths
        return linear_evidence(test, weights, mean, sigma), vectors[:, -latent_dim:]

    def price_of_rotation(weights, sigma):
        """Returns the least KL of a q with a diagonal covariance from the exact posterior."""

        def log_p_xz(z):
            noise = tfd.Normal(tf.linalg.matvec(weights, z), np.float64(sigma))
            log_pz = tfd.Normal(np.float64(0), np.float64(1)).log_prob(z)
            # The price is the same for every x: take x = b.
            return tf.reduce_sum(log_pz) + tf.reduce_sum(noise.log_prob(0))

        return posteriors.least_diagonal_kl(log_p_xz, weights.shape[1])

    grey, sigma = load("digits", binarize=None), 0.2
    keras.utils.set_random_seed(2)
    linear = VAE(64, latent_dim=4, hidden=(), likelihood="gaussian", sigma=sigma)
    linear.compile(optimizer=keras.optimizers.Adam(5e-3))
    linear.fit(grey.x_train, batch_size=64, epochs=60, verbose=0)
    best, directions = evidence_of_ppca(grey.x_train, grey.x_test, 4, sigma)
    noise = tf.random.stateless_normal((16, len(grey.x_test), 4), seed=(0, 2))
    reached = float(tf.reduce_mean(linear.elbo(grey.x_test, noise)))
    offset = np.asarray(linear.decoder(np.zeros((1, 4), np.float32)), float)
    learnt = (np.asarray(linear.decoder(np.eye(4, dtype=np.float32))) - offset).T
    cosines = np.linalg.svd(directions.T @ np.linalg.qr(learnt)[0], compute_uv=False)
    evidence = linear_evidence(grey.x_test, learnt, offset[0], sigma)
    print(f"log p(x) of pPCA {best:.2f} nats, of the linear VAE's own W and b {evidence:.2f} nats")
    print(f"ELBO of the linear VAE {reached:.2f} nats; the best diagonal q with this W is ", end="")
    print(f"{price_of_rotation(learnt, sigma):.3f} nats below its log p(x)")
    print(f"cosines of the angles between the two subspaces: {np.round(cosines, 3)}")

# %% [markdown] question="linear_vae"
# ### In your own words: the linear VAE and probabilistic PCA
#
# (a) Write down the posterior $p(z|x)$ of the linear model. For which $W$ is its covariance
# diagonal, so that the encoder can return it exactly? (b) The evidence does not change when $W$ is
# replaced by $W R$ with a rotation $R$; the ELBO does. Why, and which rotation does training
# choose? (c) Compare the numbers and the cosines above: how much of the gap between the evidence of
# pPCA and the ELBO is due to another $W$ and $b$, how much to a rotation that is not complete, and
# what is left for the encoder?
#
# <!-- BEGIN SOLUTION -->
# (a) $p(z|x) = N(m, S)$, $S = (I + W^\top W / \sigma^2)^{-1}$, $m = S W^\top (x - b) / \sigma^2$:
# linear in $x$, with a covariance that is the same for all $x$. $S$ is diagonal if and only if
# $W^\top W$ is: the columns of $W$ are orthogonal. (b) $W R$ gives the same $W W^\top$, hence the
# same $p(x)$; but $R^\top W^\top W R$ is in general not diagonal, and a diagonal $q$ then pays
# $KL(q \| p(z|x)) > 0$. The ELBO is best where the columns are orthogonal, that is along the
# principal axes (up to order and sign). (c) The subspaces agree up to small angles. Five seeds, 2
# to 6: the evidence of pPCA is 6.21 nats, that of the learnt $W$ and $b$ 5.95 to 6.14, the ELBO
# 5.81 to 6.00. The rotation is complete: it costs less than 0.005 nats. So 0.07 to 0.26 nats are
# lost because training has not quite reached the best $W$ and $b$ (Adam's steps are noisy), and
# 0.14 or 0.15 nats are the encoder's, whose means and variances are not quite the posterior's.
#
# **Rubric (4 points).** 1 point: the posterior, and when it is diagonal. 2 points: rotation, and
# why the ELBO prefers the principal axes. 1 point: the three parts of the gap read from the output.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 7. How tight is the bound?
#
# With $K = 2$ the evidence $p(x) = \int p(x|z)\, p(z)\, dz$ is a sum over a fine grid, and
# $\log p(x) - \text{ELBO}(x) = KL(q(z|x) \| p(z|x))$ can be *measured*. Some of it the encoder
# could avoid: for each image alone, $(\mu, \log\sigma^2)$ can be optimised. What is gained is the
# **amortization gap**, what remains the **approximation gap**
# ([Cremer, Li and Duvenaud 2018](https://arxiv.org/abs/1801.03558)). The cell trains the model with
# two latent dimensions for another 80 epochs first. Each gap is printed as its mean over 360 images
# +- the standard error of that mean.

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
        log_px = tf.reduce_logsumexp(log_px_given_z + log_pz, axis=1)
        return np.asarray(log_px + 2 * np.log(axis[1] - axis[0]))

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

    def elbo_of_one(vae, x, mu, log_var, pairs, number):
        """Returns the ELBO of image `number` with its q, from pairs of mirrored samples."""
        # What is linear in the noise cancels, and the gaps are small numbers.
        half = tf.random.stateless_normal((pairs, 1, mu.shape[1]), seed=(number, 3))
        noise, one = tf.concat([half, -half], axis=0), slice(number, number + 1)
        logits = vae.decoder(sample_latent(mu[one], log_var[one], noise))
        return -float(vae_loss(x[one], logits, mu[one], log_var[one]))

    def measure_bounds(vae, x, num_shown=20):
        """Returns log p(x), the encoder's ELBO and the best one, of each image. Shape `[3, B]`."""
        rows = [log_evidence(vae, x)]
        for mu, log_var in (vae.encoder(x), best_gaussian(vae, x)):
            pairs = [4000 if number < num_shown else 50 for number in range(x.shape[0])]
            rows.append([elbo_of_one(vae, x, mu, log_var, *one[::-1]) for one in enumerate(pairs)])
        return np.array(rows)

    def in_words(values):
        """Returns the mean over images with its standard error, as text."""
        return f"{np.mean(values):.3f} +- {np.std(values) / np.sqrt(len(values)):.3f}"

    def plot_gaps(panels):
        """Shows both gaps of single images as bars, a panel for each kind of image."""
        _, row = plt.subplots(1, len(panels), figsize=(12, 4), sharey=True, layout="constrained")
        for axes, (name, (exact, encoded, best)) in zip(row, panels.items(), strict=True):
            order, places = np.argsort(exact), range(len(exact))
            lower, upper = (exact - best)[order], (best - encoded)[order]
            axes.bar(places, lower, color=plots.COLOURS[0], label="approximation gap")
            axes.bar(places, upper, bottom=lower, color=plots.COLOURS[1], hatch="//",
                     label="amortization gap")  # fmt: skip
            axes.set_xticks(places[::4], [f"{value:.1f}" for value in exact[order][::4]])
            axes.set(xlabel="images, by their log p(x) in nats", title=name)
        row[0].set(ylabel="nats below log p(x)")
        row[0].legend()
        plt.show()

    # An encoder that is trained for longer knows its training images better.
    plane.fit(images.x_train, batch_size=64, epochs=80 if DATASET == "digits" else 10, verbose=0)
    looked_at = {"training": images.x_train[:360], "held out": images.x_test[:360]}
    singles = {}
    for name, x in looked_at.items():
        exact, encoded, best = measure_bounds(plane, x)
        singles[name] = np.array([exact, encoded, best])[:, :20]
        print(f"{name}: log p(x) {exact.mean():.2f}, best ELBO {best.mean():.2f}, ", end="")
        print(f"encoder's ELBO {encoded.mean():.2f} nats; gaps: amortization ", end="")
        print(f"{in_words(best - encoded)}, approximation {in_words(exact - best)}")
    plot_gaps(singles)

# %% [markdown] question="two_gaps"
# ### In your own words: two gaps
#
# Fill in the table from your output, in nats, the gaps with their standard errors.
#
# | | $\log p(x)$ | best ELBO | encoder's ELBO | amortization gap | approximation gap |
# |---|---|---|---|---|---|
# | training | | | | | |
# | held out | | | | | |
#
# (a) Write both gaps in terms of divergences, and say which of them, or neither, each of these
# makes smaller: a larger encoder, more training of the encoder alone, a normalizing flow on $q$, a
# full covariance, a larger decoder. (b) Which gap is larger? (c) By how many nats does each gap
# differ between training and held-out images, and how many standard errors of the difference is
# that? (The squares of the two standard errors add up.) Why do the two gaps behave so differently,
# and what does that say about the held-out ELBO as a measure of the *decoder*?
#
# <!-- BEGIN SOLUTION -->
# Three seeds of the model, 1 to 3, 360 images of each kind:
#
# | | $\log p(x)$ | best ELBO | encoder's ELBO | amortization gap | approximation gap |
# |---|---|---|---|---|---|
# | training | -19.61 to -19.32 | -19.69 to -19.41 | -19.88 to -19.66 | 0.18 to 0.25 | 0.08 to 0.09 |
# | held out | -19.72 to -19.47 | -19.81 to -19.59 | -20.25 to -20.05 | 0.43 to 0.56 | 0.07 to 0.11 |
#
# (a) With $q^*$ the best member of the family: amortization gap $KL(q_\phi \| p(z|x)) - KL(q^* \|
# p(z|x))$, approximation gap $KL(q^* \| p(z|x))$. Larger encoder and more training of it: the
# first. Flow and full covariance: the second. A larger decoder may do either, since it changes the
# posterior. (b) The amortization gap, in all seeds, by a factor of 2.2 to 6.1. (c) The amortization
# gap is larger on held-out images by 0.24 to 0.32 nats, 4.8 to 5.1 standard errors of the
# difference (0.05 to 0.07 nats), in each of the three seeds; the approximation gap differs by -0.01
# to 0.02 nats, less than two standard errors. The encoder was trained on other images and does not
# know these; $q^*$ is found for each by itself, and how well a Gaussian fits a posterior has
# nothing to do with whether the image was seen. So part of the held-out loss is the encoder's
# failure and says nothing of the decoder: to compare decoders optimise $q$ for each held-out image,
# or estimate $\log p(x)$.
#
# **Rubric (5 points).** 1 point: the table. 1 point: both definitions. 1 point: what makes which
# smaller (at least four of five). 1 point: which is larger, and which differs on held-out images,
# with standard errors.
# 1 point: generalisation of the encoder, and the consequence.
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
#   Statistical Society, Series B, 61(3). <https://doi.org/10.1111/1467-9868.00196>
