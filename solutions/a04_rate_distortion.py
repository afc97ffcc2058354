# %% [markdown]
# # Rate and distortion: what a VAE trades
#
# A VAE has two terms: how badly it reconstructs, and how much its code says. Document 004 calls the
# first a *distortion* and the second a *rate*, and its β-VAE puts a price on rate: a nat of it may
# cost more or less than a nat of distortion
# ([Higgins et al. 2017](https://openreview.net/forum?id=Sy2fzU9gl)). In this notebook you find out
# what a model buys at which price, why it sometimes buys nothing at all (*posterior collapse*), and
# what changes if the code is one of finitely many vectors.
#
# **When you are done** you can:
#
# - turn a squared error into a distortion in nats, and say what its weight has to do with $\sigma$;
# - compute rate, distortion and mutual information where all of them are exact, and split the rate;
# - say why the ELBO alone does not decide what a code is good for, and what $\beta$ decides;
# - predict which units of a linear VAE collapse, and count those of a trained one;
# - train a β-VAE and a VAE with a codebook, and read a rate-distortion plane.
#
# **You need**: from a01 Gaussian log densities and divergences, from a02 reparameterization, from
# a03 encoder, decoder and a Keras model with a `compute_loss` of its own. a05 tells the same story
# for a label in the place of the image; neither notebook needs the other.
#
# **Time**: about 9 hours, an estimate. The experiments train eleven models on the digits: a minute
# in all on two processors, much more for MNIST.
#
# **Difficulty**: *hard* `BetaVAE`, `indeterminacy`, `find_the_bugs`; *some thought*
# `optimal_sigma`, `rate_split`, `linear_vae_spectrum`, `vq_loss`, `VQVAE`, `sigma_and_lambda`,
# `latent_segmentation`; *short* `beta_vae_loss`, `rda_lambda`, `rate_distortion_point`,
# `optimal_prior_and_decoder`, `aggregate_log_prob`, `active_units`, `vq_quantize`, `coordinates`.
#
# **Notation.** $x$ is an image as a vector of $D$ pixels (document 004 writes $y$ for it), $z$ a
# latent vector of $K$ dimensions, $B$ the size of a batch, $L$ the number of samples $z_l$ drawn
# for each example, $C$ the number of codes. On tables $x$ and $z$ are states, $X$ and $Z$ of them,
# and a table of $q(z|x)$ has a row for each $x$. The encoder gives $q(z|x)$, the decoder $p(x|z)$,
# the prior is $p(z)$. `log_var` is $\log\sigma^2$. Everything is in **nats**; sums run over pixels
# and latent dimensions, means over samples and over the batch.
#
# **What your functions get and return.** Arguments come by position: float32 NumPy arrays, and
# Python floats for scalars; the classes get float32 tensors. Return a tensor, an array, a list or a
# number, in float32 or float64, of the shape that the docstring gives. A value is right if it is
# within $10^{-5} + 10^{-4} |\text{right value}|$. Later functions may call earlier ones of yours.
# What a class calls must be TensorFlow or `keras.ops`: it is compiled, and the gradient goes
# through it.
#
# **How classes are graded.** Nobody looks at how they are built. The grader makes a model, asks it
# for outputs, and checks on them what must be true for any weights. `check("BetaVAE")` examines the
# same.

# %%
import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from vikit import networks, plots
from vikit.data import load

tfd = tfp.distributions

# The one line to change: "mnist" or "fashion_mnist".
DATASET = "digits"

# %% [markdown]
# ## 1. Distortion
#
# With a Gaussian decoder of one standard deviation for all pixels, $p(x|z) = N(x; \hat x(z),
# \sigma^2 I)$, minus the log-likelihood is a squared error with a weight, and two terms that are
# easily overlooked:
#
# $$-\log p(x|z) = \frac{\|x - \hat x(z)\|^2}{2 \sigma^2} + D \log \sigma + \frac D2 \log 2\pi .$$
#
# Its mean over data and samples is the **distortion** of the model. Document 004, slide "– ln
# p_Φ(y|z) as Distortion", drops the last term (E-004-03 of the errata list, `ERRATA.md`): rightly,
# as long as one only wants the minimum, and wrongly as soon as the number is to be added to a rate
# and compared with another model's.
#
# Whoever trains with "mean squared error plus KL" has chosen a $\sigma$ without knowing it, often
# $\sigma^2 = 1/2$, for pixels between 0 and 1: a decoder that expects to be off by most of the range
# of a pixel. The model then has little reason to encode anything. The choice need not be made at
# all: $\sigma$ is a parameter of the decoder like any other, and for given reconstructions the best
# one can be written down. Set the derivative of the mean distortion in $\sigma$ to zero. Put the
# result in again, and see what becomes of the squared error.


# %% question="optimal_sigma"
def optimal_sigma(x, x_mu):
    """Returns the best standard deviation of a Gaussian decoder, and the distortion at it, in nats.

    The one sigma, for all pixels, samples and examples, that minimises the mean over b and l of
    -log N(x_b; x_mu_lb, sigma^2 I). Document 004, slide "– ln p_Φ(y|z) as Distortion".

    Args:
        x: Data. Shape `[B, D]`.
        x_mu: Their reconstructions, one for each sample; not all of them exact. Shape `[L, B, D]`.

    Returns:
        Two scalars, `(sigma, distortion)`: sigma, and that minimum, with all constants.
    """
    # BEGIN SOLUTION
    # sigma*^2 = mean_lbd (x - x_mu)^2; at it the squares come to D / 2, and all of the distortion to
    # the entropy of D normal numbers.
    sigma = tf.sqrt(tf.reduce_mean((x - x_mu) ** 2))
    return sigma, x.shape[-1] * tfd.Normal(0.0, sigma).entropy()
    # END SOLUTION


# %% [markdown]
# ## 2. The price of rate
#
# The **rate** of an example is $KL(q(z|x) \,\|\, p(z))$: how many nats the code says about it. The
# loss of a β-VAE (document 004, slide "The β -VAE", last equation) charges $\beta$ for each of them:
# it is the distortion plus $\beta$ times the rate, averaged over the batch. The distortion of an
# example is itself a mean, over the samples that were drawn for it; the rate needs none, since the
# divergence of two Gaussians is known. At $\beta = 1$ the loss is minus the ELBO. At $\beta = 0$
# codes cost nothing.


# %% question="beta_vae_loss"
def beta_vae_loss(log_px_given_z, kl, beta):
    """Returns the loss of a beta-VAE, averaged over the batch, in nats.

    Document 004, slide "The β -VAE".

    Args:
        log_px_given_z: log p(x|z) at each of L samples; positive where x is real-valued and the
            decoder sure. Shape `[L, B]`.
        kl: The rate of each example, at least 0. Shape `[B]`.
        beta: The price of a nat of rate, a float, at least 0.

    Returns:
        A scalar, to be minimised.
    """
    # BEGIN SOLUTION
    # Means over l and b in any order: every example has L samples.
    return -tf.reduce_mean(log_px_given_z) + beta * tf.reduce_mean(kl)
    # END SOLUTION


# %% [markdown]
# Long before VAEs engineers minimised rate plus $\lambda$ times a distance, and document 004 calls
# models that do so *rate-distortion autoencoders*, RDAs. At a fixed $\sigma$ of the decoder there
# is a $\lambda$ for every $\beta$: which one makes rate $+ \lambda \|x - \hat x\|^2$ the β-VAE's
# loss, up to a factor and a constant that are the same for all models?


# %% question="rda_lambda"
def rda_lambda(beta, sigma):
    """Returns the weight of the squared error in a rate-distortion autoencoder like a beta-VAE.

    The lambda for which rate + lambda ||x - x_mu||^2 orders all models as the loss of a beta-VAE
    with this sigma, the same for all. Document 004, slide "RDA_s vs. β -VAE_s".

    Args:
        beta: The price of a nat of rate, a positive float.
        sigma: Standard deviation of the decoder, a positive float.

    Returns:
        A scalar.
    """
    # BEGIN SOLUTION
    # [ ||x - x_mu||^2 / (2 sigma^2) + beta rate ] / beta: lambda = 1 / (2 beta sigma^2).
    return 0.5 / (beta * sigma**2)
    # END SOLUTION


# %% [markdown] question="sigma_and_lambda"
# ### In your own words: sigma, and the weight of a squared error
#
# (a) Derive the best $\sigma$. (b) What is the distortion at it? Which number that you know from
# regression decides between two models of the same data then? (c) Show that your $\lambda$ orders
# all models as the β-VAE's loss does, and say where you need that $\sigma$ is *fixed*. (d) Two
# models of data with $D = 4$: the first has a rate of 1 nat and a mean squared distance of 4, the
# second 3 nats and 1. Which is better by rate $+ \frac12 \|x - \hat x\|^2$, and which by the VAE's
# loss with each model's own best $\sigma$? Document 004 says of the two objectives, on its slide
# "RDA_s vs. β -VAE_s", that they "are essentially the same".
#
# <!-- BEGIN SOLUTION -->
# (a) Per example the mean distortion is $S / (2\sigma^2) + D \log\sigma + \frac D2 \log 2\pi$ with
# $S = E\|x - \hat x\|^2$. Its derivative $-S/\sigma^3 + D/\sigma$ is zero at $\sigma^2 = S / D$, the
# mean square over pixels, and changes from minus to plus there: a minimum. (b) The squares come to
# $D/2$, whatever $S$ is, and $\frac D2 (1 + \log 2\pi) + D \log \sigma$ is left: the logarithm of
# the root mean squared error decides, times $D$. (c) Divide distortion $+ \beta\,$rate by $\beta$:
# $\lambda = 1 / (2 \beta \sigma^2)$, and $D \log \sigma$ is the same for all models as long as
# $\sigma$ is. (d) $1 + 2 = 3$ and $3 + 0.5 = 3.5$: the first. With $\sigma^2 = 1$ and
# $\sigma^2 = 1/4$ the losses are $1 + 2 (1 + \log 2\pi) = 6.675754$ and
# $3 + 2 (1 + \log 2\pi) - 4 \log 2 = 5.903165$: the second. A learned $\sigma$ makes the weight of
# the error a part of the model, and another one for each: the two objectives are the same at fixed
# $\sigma$ alone (E-004-07).
#
# **Rubric (5 points).** 2 points: the derivation, with a reason why it is a minimum. 1 point: the
# value at the best sigma. 1 point: lambda at fixed sigma. 1 point: both orders of (d), with numbers.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 3. Where everything is exact
#
# With finitely many $x$ and $z$ all expectations are sums over tables, and nothing is estimated:
#
# $$R = \sum_x p(x)\, KL\left( q(z|x) \,\|\, p(z) \right), \qquad
#   D = -\sum_{x,z} p(x)\, q(z|x) \log p(x|z) .$$
#
# Tables are indexed as they are read: `q_z_given_x[x, z]`, `p_x_given_z[z, x]`. An encoder may give
# some $z$ no mass; such a state adds nothing, $0 \log 0 = 0$.


# %% question="rate_distortion_point"
def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    """Returns rate and distortion of a model on tables, in nats.

    The R and D of section 3. Document 004, slide "RDA_s vs. β -VAE_s".

    Args:
        p_x: Probabilities of the data, positive; they sum to 1. Shape `[X]`.
        q_z_given_x: The encoder; every row sums to 1, entries may be 0. Shape `[X, Z]`.
        p_z: The prior, positive; it sums to 1. Shape `[Z]`.
        p_x_given_z: The decoder, positive; every row sums to 1. Shape `[Z, X]`.

    Returns:
        Two scalars, `(rate, distortion)`.
    """
    # BEGIN SOLUTION
    # xlogy knows that 0 log 0 is 0.
    rates = tf.reduce_sum(tf.math.xlogy(q_z_given_x, q_z_given_x / p_z), axis=1)
    distortion = -tf.einsum("x,xz,zx->", p_x, q_z_given_x, tf.math.log(p_x_given_z))
    return tf.tensordot(p_x, rates, 1), distortion
    # END SOLUTION


# %% [markdown]
# Rate plus distortion is minus the mean ELBO, and it has a floor. Write $q(x, z) = p(x)\, q(z|x)$
# for what data and encoder say of pairs, and $p(x, z) = p(z)\, p(x|z)$ for what the model says; then
#
# $$R + D = H(x) + KL\left( q(x, z) \,\|\, p(x, z) \right), \qquad H(x) = -\sum_x p(x) \log p(x) .$$
#
# No model gets below the entropy of the data, and what it loses to it is one divergence.
#
# ## 4. What the sum does not decide
#
# Suppose that prior and decoder can be anything (document 004, slides "Independent Universality").
# Then for *each* encoder there are a best prior and a best decoder, both at once, and neither has to
# be searched for: one is how often each $z$ is used over all of the data, the other is Bayes' rule.


# %% question="optimal_prior_and_decoder"
def optimal_prior_and_decoder(p_x, q_z_given_x):
    """Returns the prior and the decoder that are best for an encoder, on tables.

    Those that minimise rate and distortion of section 3. Document 004, slide "Indeterminacy of the
    VAE", P*(z) and P*(y|z).

    Args:
        p_x: Probabilities of the data, positive; they sum to 1. Shape `[X]`.
        q_z_given_x: The encoder; every row sums to 1, entries may be 0, and every z has some mass
            under some x. Shape `[X, Z]`.

    Returns:
        `(p_z, p_x_given_z)`, of shapes `[Z]` and `[Z, X]`.
    """
    # BEGIN SOLUTION
    joint = tf.einsum("x,xz->xz", p_x, q_z_given_x)
    p_z = tf.reduce_sum(joint, axis=0)
    return p_z, tf.transpose(joint / p_z)
    # END SOLUTION


# %% [markdown]
# With these two in place the rate is the **mutual information** $I(x, z)$ of data and code, and the
# distortion is $H(x|z)$, what the code leaves open; their sum is $H(x)$, for every encoder. With
# another prior the rate is larger. By how much? Split it into two parts that are never negative: what
# the code says, and what the prior gets wrong.


# %% question="rate_split"
def rate_split(p_x, q_z_given_x, p_z):
    """Returns the two parts of the rate of an encoder, on tables, in nats.

    The mutual information of x and z, and the divergence of the aggregated posterior, which is how
    often each z is used over all data, from the prior. Together they are the rate. Document 004,
    slide "Indeterminacy of the VAE".

    Args:
        p_x: Probabilities of the data, positive; they sum to 1. Shape `[X]`.
        q_z_given_x: The encoder; every row sums to 1, entries may be 0, and every z has some mass
            under some x. Shape `[X, Z]`.
        p_z: The prior, positive; it sums to 1. Shape `[Z]`.

    Returns:
        Two scalars, `(information, gap)`, neither negative.
    """
    # BEGIN SOLUTION
    # I = sum_xz p(x) q(z|x) log[q(z|x) / q(z)] with q(z) = sum_x p(x) q(z|x).
    q_z = tf.linalg.matvec(q_z_given_x, p_x, transpose_a=True)
    each = tf.reduce_sum(tf.math.xlogy(q_z_given_x, q_z_given_x / q_z), axis=1)
    gap = tf.reduce_sum(tf.math.xlogy(q_z, q_z / p_z))
    return tf.tensordot(p_x, each, 1), gap
    # END SOLUTION


# %% [markdown] question="indeterminacy"
# ### In your own words: what the ELBO leaves open
#
# (a) Show that for every encoder the least rate $+$ distortion, over all priors and decoders, is
# $H(x)$. (b) Now with $\beta$ before the rate: what is the least loss of an encoder then? Give it
# for `P_X` and `ENCODER` of section 9's cell at $\beta = 0.5$, 1 and 2, and say for which $\beta$ the
# loss is an upper bound of $H(x)$. (c) Document 004, slide "Indeterminacy of the VAE", says
# $0 \le I \le H(x)$ "with the full range possible". Name an encoder for each end. (d) The slide's
# sentence is about discrete data. Why is there no such upper end for an $x$ that is a real number?
#
# <!-- BEGIN SOLUTION -->
# (a) $R + D = H(x) + KL(q(x,z) \| p(x,z)) \ge H(x)$, and with $p(z) = \sum_x p(x) q(z|x)$ and
# $p(x|z) = p(x) q(z|x) / p(z)$ the two joint distributions are the same: $H(x)$ is reached, by every
# encoder. (b) $\beta I(x,z) + H(x|z)$: the best prior and decoder are those of (a), since each
# minimises a term of its own. On the table $I = 0.160153$, $H(x|z) = 0.869500$: 0.949577, 1.029653
# and 1.189806, and $H(x) = 1.029653$. For $\beta \ge 1$ the loss stays an upper bound, a weaker one
# the larger $\beta$ is; below 1 it is none. (c) The same row for every $x$: $I = 0$. A $z$ of its own
# for each $x$: $I = H(x)$. (d) A differential entropy can be negative, and grows without bound as
# the scale does, while $I$ is never negative and does not depend on the scale; with $z = x$ plus
# little noise $I$ is as large as one likes: $N(0, 0.1^2)$ has $H = -0.883647$.
#
# **Rubric (5 points).** 2 points: (a), with both distributions. 1 point: (b), with the numbers and
# for which beta it bounds. 1 point: (c), both ends. 1 point: (d).
# <!-- END SOLUTION -->

# %% [markdown]
# ## 5. The aggregated posterior
#
# For a Gaussian encoder the distribution of $z$ over all of the data is a mixture with as many
# components as there are data. Of a batch it is
#
# $$q_B(z) = \frac1B \sum_{b=1}^B N\left( z;\, \mu_b, \operatorname{diag} \sigma_b^2 \right) .$$
#
# Its log density is what the gap of section 4 needs, and with trained pseudo-images in the place of
# the batch it is a prior in its own right, the VampPrior
# ([Tomczak and Welling 2018](https://arxiv.org/abs/1705.07120)). Far from every component all
# densities round to zero, and the logarithm of their mean must still be right.


# %% question="aggregate_log_prob"
def aggregate_log_prob(z, mu, log_var):
    """Returns the log density of a batch's aggregated posterior at some points, in nats.

    log of the mean over b of N(z_l; mu_b, diag exp(log_var_b)). Document 004, slide "Indeterminacy
    of the VAE", P*(z).

    Args:
        z: Points; they may lie far from every component, where each density is 0 in float32.
            Shape `[L, K]`.
        mu: Means of q(z|x_b). Shape `[B, K]`.
        log_var: Log variances of q(z|x_b). Shape `[B, K]`.

    Returns:
        One log density for each point. Shape `[L]`.
    """
    # BEGIN SOLUTION
    components = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * tf.convert_to_tensor(log_var)))
    log_probs = components.log_prob(tf.expand_dims(z, 1))
    return tfp.math.reduce_logmeanexp(log_probs, axis=1)
    # END SOLUTION


# %% [markdown]
# ## 6. Collapse
#
# A unit is *dead* if its $\mu_k(x)$ is the same for every $x$: it says nothing, whatever its
# variance. Burda, Grosse and Salakhutdinov
# ([2016](https://arxiv.org/abs/1509.00519)) therefore measure the **activity** of a unit as the
# variance of $\mu_k(x)$ over the data, the plain one, and call it active above a threshold such as
# 0.01. (Document 002, "Dying units problem".)


# %% question="active_units"
def active_units(mu, threshold):
    """Returns the activity of each latent unit, and how many are active.

    The variance over the batch of E[z_k|x], divided by B. Document 002, "Dying units problem".

    Args:
        mu: Means of q(z|x). Shape `[B, K]`.
        threshold: A unit is active if its activity lies above it. A positive float.

    Returns:
        `(activity, count)`: shape `[K]`, and a scalar, **as a float**.
    """
    # BEGIN SOLUTION
    activity = tf.math.reduce_variance(mu, axis=0)
    return activity, tf.reduce_sum(tf.cast(activity > threshold, tf.float32))
    # END SOLUTION


# %% [markdown]
# When does a unit die? Where everything is linear and Gaussian the answer can be computed. Take
# encoder and decoder linear, the decoder's $\sigma$ fixed, and data whose covariance has the
# eigenvalues $\lambda_1 \ge \lambda_2 \ge \dots$ At the optimum each latent dimension looks after
# one eigenvector (Lucas, Tucker, Grosse and Norouzi
# [2019](https://arxiv.org/abs/1911.02469) show that), so that the loss falls apart into one problem
# for each direction: data $t$ with variance $\lambda$, encoder $q(z|t) = N(a t, s^2)$, decoder
# $N(w z, \sigma^2)$, prior $N(0, 1)$,
#
# $$\frac{\lambda (1 - w a)^2 + w^2 s^2}{2 \sigma^2} + \beta\,
#   \frac{a^2 \lambda + s^2 - 1 - \log s^2}{2} + \text{const} .$$
#
# Minimise it: first in $a$ and $s$ for a given $w$, then in $w$. Directions whose variance lies
# below a certain level are given up.


# %% question="linear_vae_spectrum"
def linear_vae_spectrum(eigenvalues, sigma, beta):
    """Returns what the best linear beta-VAE keeps of each direction of the data, at fixed sigma.

    The optimal w^2 and the rate in nats, for each eigenvalue by itself; both are 0 for a direction
    that is given up. Derived above; document 004, slide "Posterior Collapse".

    Args:
        eigenvalues: The largest ones of the data's covariance; some may be 0. Shape `[K]`.
        sigma: Standard deviation of the decoder, a positive float.
        beta: The price of a nat of rate, a positive float.

    Returns:
        `(w_squared, rate)`. Shape `[K]` each.
    """
    # BEGIN SOLUTION
    # w^2 = max(lambda - beta sigma^2, 0), rate = max(1/2 log[lambda / (beta sigma^2)], 0).
    level = beta * sigma**2
    above = tf.maximum(eigenvalues, level)
    return above - level, 0.5 * tf.math.log(above / level)
    # END SOLUTION


# %% [markdown]
# What does it take for a code to be used? Four pixels that are always equal, all black or all white
# with probability $1/2$, and a $z$ with two states under a uniform prior. One decoder draws pixel
# after pixel and sees those that it has drawn; another draws each pixel from $z$ alone. The lines
# show the loss of an encoder that names the colour of the image, and of one that ignores it, with
# the best decoder of that kind for each. `rate_distortion_point` computes them.

# %% tags=["experiment"]
if __name__ == "__main__":
    HALVES, SURE = np.full((2, 2), 0.5, np.float32), 1e-6
    NAMED = np.eye(2, dtype=np.float32)
    # A decoder needs positive probabilities.
    ALMOST_NAMED = (NAMED + SURE) / (1 + 2 * SURE)

    def losses(encoder, decoder, num_pixels, betas):
        """Returns the loss at each beta if each of num_pixels costs as much as the first."""
        rate, distortion = rate_distortion_point(HALVES[0], encoder, HALVES[0], decoder)
        return num_pixels * float(distortion) + betas * float(rate)

    def plot_two_decoders():
        betas = np.linspace(0.0, 5.0, 51)
        panels = {
            # Of the others the first decoder knows all once it has drawn the first.
            name: {
                "z names the colour": losses(NAMED, ALMOST_NAMED, num_pixels, betas),
                "z is ignored": losses(HALVES, HALVES, num_pixels, betas),
            }
            for name, num_pixels in (
                ("decoder sees the pixels before", 1),
                ("decoder sees z alone", 4),
            )
        }
        plots.sweep(
            betas, panels, "beta", "Loss in nats of two encoders", log=False, same_height=True
        )

    plot_two_decoders()

# %% [markdown] question="latent_segmentation"
# ### In your own words: can colorization be used to learn latent segmentation?
#
# Document 004 asks this, on a slide of that name, of a model that colours grey photographs ([Larsson,
# Maire and Shakhnarovich 2016](https://arxiv.org/abs/1603.06668)) and is given a latent map of
# segments. Answer on the smallest image there is: two pixels that are always equal, black or white
# with probability $1/2$ each, and a $z$ with two states under a uniform prior. (a) A decoder that
# sees the first pixel when it draws the second can have any joint distribution of the two. Give the
# best mean ELBO without $z$ (the encoder ignores $x$), and with $z = x_1$. What does a training at
# $\beta = 1$ have to choose between, and what does $\beta < 1$ change? (b) A decoder that draws both
# pixels independently given $z$. Give the two numbers again. (c) What does that say about when a
# segmentation is learnt, and name a remedy where it is not.
#
# <!-- BEGIN SOLUTION -->
# (a) Without $z$: $p(x_1, x_2)$ is learnt as it is, $-\log 2 = -0.693$, at rate 0. With $z = x_1$:
# distortion 0, rate $\log 2$, $-0.693$ again. The two are equally good at $\beta = 1$, and nothing
# but chance, or what is learnt first, decides; the decoder is, so the code collapses. With
# $\beta < 1$ a nat of rate costs less than the nat of distortion that it saves, and the code is used
# (the loss is no bound then). (b) Without $z$ each pixel costs $\log 2$: $-2 \log 2 = -1.386$. With
# $z = x_1$ both are known: $-\log 2$. The code pays for itself with $\log 2$ nats. (c) A latent
# segmentation is learnt if it tells the decoder what it cannot find out by itself. A colorizer that
# sees the whole grey image knows all that a segmentation of it would say: it will not be learnt.
# Remedies: limit what the decoder sees (a small window, as the lossy VAE does), make rate cheaper or
# free up to some nats, or hide from the decoder what the segment is to tell.
#
# **Rubric (5 points).** 2 points: (a), both numbers, and why collapse is as good. 2 points: (b), both
# numbers, and why z must be used. 1 point: (c), the principle with one remedy that fits it.
# <!-- END SOLUTION -->

# %% [markdown] question="coordinates"
# ### In your own words: coordinates of $z$
#
# Document 004, slide "Gaussian VAEs", gives the prior a mean and a scale for each dimension,
# $p(z_k) = N(\mu_k, \sigma_k^2)$, and says that one may take $N(0, 1)$ "WLOG", without loss of
# generality. (a) Show it: what happens to encoder, decoder, rate and distortion? (b) Which linear
# changes of coordinates are still left when the prior is $N(0, I)$, and which of them does an
# encoder allow whose covariance is diagonal? What does that mean for somebody who wants to read a
# single $z_k$?
#
# <!-- BEGIN SOLUTION -->
# (a) Put $z = \mu + \sigma \odot u$. If $z$ has that prior, $u$ has $N(0, I)$; let the encoder
# return $u$ (its mean less $\mu$, divided by $\sigma$, its standard deviation divided by $\sigma$),
# and let the decoder begin with $\mu + \sigma \odot u$, an affine map that its first layer can hold.
# The decoder sees what it saw, so the distortion is the same; a divergence does not change under an
# invertible map of both distributions, so the rate is too, and so is the ELBO. (b) Rotations (and
# reflections): $N(0, I)$ does not change under them, and scalings are excluded. If encoder and
# decoder are free to turn, nothing in the ELBO prefers one axis: a single $z_k$ means nothing by
# itself. With a diagonal covariance only changes of signs and of the order of the axes are always
# left, so that axes are preferred again, but no order and no sign.
#
# **Rubric (3 points).** 1 point: the map into encoder and decoder. 1 point: why rate and distortion
# stay. 1 point: rotations are left, scale is not, and what follows for one coordinate.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 7. The model
#
# A β-VAE with the decoder of section 1, for grey images. The two networks are a03's: an encoder that
# returns $\mu$ and $\log\sigma^2$ of $q(z|x)$, and a decoder that returns means $\hat x(z)$, linear
# at its end. Copy yours, or use `networks.MLP(size, hidden)`, a stack of layers with a linear end.
# `sample_latent` is that of a02 and a03 too.
#
# New is the decoder's $\sigma$, one number for all pixels. With `sigma=None` it is a trained weight
# of the model, a scalar; a float fixes it. A weight may become negative and a standard deviation may
# not: train its logarithm, and let `model.sigma` return the number itself. Make it with
# `self.add_weight`: Keras does not find a `tf.Variable`.
#
# Make all weights in `__init__`. `networks.MLP` makes its own at the first call, so call each
# network once, on zeros. Mind that $z$ comes with two axes, and with three: layers other than
# `Dense` may take only one number of them.
#
# **Sigma is the slow weight.** Adam moves a weight by about its rate in a step, however large the
# gradient is. From $\sigma = 1$ to the 0.2 that digits want, $\log\sigma$ has 1.6 to go: at a rate of
# 0.005 that is 320 steps, or 15 epochs of the digits, in which the model believes that it sees
# nothing but noise, and encodes nothing. $\log\sigma^2$ has twice as far to go. The grader gives you
# 40 epochs. The way out is section 1: for the reconstructions of the moment the best $\sigma$ is
# known. `fit_sigma(x, eps)` puts it in, an M-step between steps of the gradient. If you call it
# before a training, or during it in a `train_step` of your own, you need not wait. (Where $\sigma$ is
# given nobody calls it.)
#
# These are fixed: the arguments of `__init__`, the names `encoder`, `decoder`, `beta`, `sigma`,
# `terms` and `fit_sigma`, and what is reported, `loss`, `distortion` and `rate`, means over
# examples: give `keras.metrics.Mean` objects one value for each example. `rate` is reported as it
# is, without its price. `terms(x, eps)` is a function of its noise. Training draws fresh noise, one
# sample for each example and step; so does `evaluate`. The grader trains models with `latent_dim` 8
# and one hidden layer of 128, by Adam at a rate of 0.005 on 1,408 grey digits in batches of 64: at
# $\beta = 1$ it asks for an ELBO of 6 nats on 389 held-out ones, and at $\beta = 20$ for a model
# that has collapsed and knows its best $\sigma$.
#
# `check("BetaVAE")` compares with *your* functions: it needs `optimal_sigma` and `aggregate_log_prob`
# right, and `sample_latent`, whose cases lie in the folder of a03. Keep it beside this one.


# %% question="BetaVAE"
def sample_latent(mu, log_var, eps):
    """Returns L samples of q(z|x) = N(mu, diag exp(log_var)) for each example, with given noise.

    z_l = mu + sigma * eps_l. Shapes: `mu` and `log_var` `[B, K]`, `eps` `[L, B, K]`; back `[L, B,
    K]`.
    """
    # BEGIN SOLUTION
    return mu + tf.exp(0.5 * log_var) * eps
    # END SOLUTION


@keras.saving.register_keras_serializable("a04_rate_distortion")
class BetaVAE(keras.Model):
    """A beta-VAE with a Gaussian decoder: `fit(x)` minimises distortion + beta rate.

    Document 004, slides "– ln p_Φ(y|z) as Distortion" and "The β -VAE".

    Args:
        event_dim: D.
        latent_dim: K.
        hidden: Sizes of the encoder's hidden layers; the decoder's are best the same, reversed.
        beta: Price of a nat of rate.
        sigma: Standard deviation of the decoder; None for one that is trained.

    Attributes:
        encoder: From x `[B, D]` to `(mu, log_var)`, each `[B, K]`.
        decoder: From z `[..., K]` to means `[..., D]`.
        beta: As given.
    """

    def __init__(self, event_dim, latent_dim, hidden=(128,), beta=1.0, sigma=None, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.beta, self.given_sigma = beta, sigma
        sigma_is_trained = sigma is None
        # BEGIN SOLUTION
        self.encoder_mlp = networks.MLP(2 * latent_dim, self.hidden)
        self.decoder = networks.MLP(event_dim, tuple(reversed(self.hidden)))
        # Built at once: what is loaded from a file finds its weights.
        self.encoder_mlp(tf.zeros((1, event_dim)))
        self.decoder(tf.zeros((1, latent_dim)))
        start = 0.0 if sigma_is_trained else float(np.log(sigma))
        self.log_sigma = self.add_weight(
            name="log_sigma",
            shape=(),
            initializer=keras.initializers.Constant(start),
            trainable=sigma_is_trained,
        )
        self.seed_generator = keras.random.SeedGenerator()
        self.distortion = keras.metrics.Mean(name="distortion")
        self.rate = keras.metrics.Mean(name="rate")
        # END SOLUTION

    # BEGIN SOLUTION
    def encoder(self, x):
        mu, log_var = tf.split(self.encoder_mlp(x), 2, axis=-1)
        return mu, log_var

    # END SOLUTION
    @property
    def sigma(self):
        """The decoder's present standard deviation, a positive scalar."""
        # BEGIN SOLUTION
        return tf.exp(tf.convert_to_tensor(self.log_sigma))
        # END SOLUTION

    def terms(self, x, eps):
        """Returns each example's `(distortion, rate)` with given noise, in nats; rate without beta.

        Args:
            x: Grey images. Shape `[B, D]`.
            eps: Standard normal noise; the distortion is a mean over the L samples. Shape `[L, B,
                K]`.

        Returns:
            Two tensors of shape `[B]`.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        x_mu = self.decoder(sample_latent(mu, log_var, eps))
        decoder = tfd.MultivariateNormalDiag(x_mu, self.sigma * tf.ones_like(x_mu))
        q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
        prior = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
        distortion = -tf.reduce_mean(decoder.log_prob(x), axis=0)
        return distortion, tfd.kl_divergence(q, prior)
        # END SOLUTION

    def fit_sigma(self, x, eps):
        """Gives sigma the best value for these images and this noise: `optimal_sigma`'s.

        It returns nothing. Shapes: as above.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        sigma, _ = optimal_sigma(x, self.decoder(sample_latent(mu, log_var, eps)))
        self.log_sigma.assign(tf.math.log(sigma))
        # END SOLUTION

    def call(self, x):
        """Returns the means of a fresh sample of q(z|x). Shape `[B, D]`.

        Keras calls it before `compute_loss`; nothing else needs it, and it is not graded.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        return self.decoder(sample_latent(mu, log_var, self.fresh_noise(x))[0])
        # END SOLUTION

    def fresh_noise(self, x):
        """Returns new noise at every call, one sample for each example of `x`: `[1, B, K]`."""
        # BEGIN SOLUTION
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)
        # END SOLUTION

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of a batch, a scalar, and updates the metrics 'distortion' and 'rate'.

        You may override `train_step` and `test_step` instead; then delete this.
        """
        # BEGIN SOLUTION
        distortion, rate = self.terms(x, self.fresh_noise(x))
        self.distortion.update_state(distortion)
        self.rate.update_state(rate)
        return beta_vae_loss(-distortion[None], rate, self.beta)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "hidden", "beta")
        config = {name: getattr(self, name) for name in names}
        return super().get_config() | config | {"sigma": self.given_sigma}


# %% [markdown]
# What does your model buy at which price? You train seven models of grey digits, one for each
# $\beta$, each begun with a call of `fit_sigma`. The plane is the sister of a05's information plane,
# with what the code costs to the right, and upwards what it does not yet tell, so that good models
# are *low*. On the dotted line distortion $+$ rate is what it is at $\beta = 1$: minus the ELBO. The
# crosses are a linear VAE of eight dimensions, at the optimum of section 6 with the best $\sigma$,
# found without any training from the eigenvalues of the pixels' covariance.

# %% tags=["experiment"]
if __name__ == "__main__":
    images = load(DATASET, binarize=None)
    BETAS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0)
    held_out = tf.constant(images.x_test[:2000])

    def noise_for(pixels, num_samples, seed):
        return tf.random.stateless_normal((num_samples, len(pixels), 8), seed=(0, seed))

    def train_beta_vae(beta, seed=0):
        keras.utils.set_random_seed(seed)
        model = BetaVAE(images.x_train.shape[1], 8, beta=beta)
        some = tf.constant(images.x_train[:2000])
        model.fit_sigma(some, noise_for(some, 1, seed=1))
        networks.compile_with_adam(model, 5e-3)
        epochs = 30 if DATASET == "digits" else 5
        model.fit(images.x_train, batch_size=64, epochs=epochs, verbose=0)
        return model

    def point_of(model):
        """Returns the mean rate and distortion of held-out images."""
        distortion, rate = model.terms(held_out, noise_for(held_out, 4, seed=2))
        return float(np.mean(rate)), float(np.mean(distortion))

    def linear_point(eigenvalues, beta):
        """Returns rate and distortion of the best linear VAE, and how many units it uses."""
        num_pixels, sigma = len(eigenvalues), 1.0
        for _ in range(200):
            # Of each direction the squared error is what w^2 leaves of the eigenvalue.
            kept, rates = linear_vae_spectrum(eigenvalues[:8], sigma, beta)
            sigma = float(np.sqrt((np.sum(eigenvalues) - np.sum(kept)) / num_pixels))
        # The distortion of pixels that are all off by sigma.
        pixels = np.zeros((1, num_pixels), np.float32)
        _, distortion = optimal_sigma(pixels, pixels[None] + np.float32(sigma))
        return float(np.sum(rates)), float(distortion), int(np.sum(np.asarray(kept) > 0))

    models = {beta: train_beta_vae(beta) for beta in BETAS}
    trained = [point_of(model) for model in models.values()]
    eigenvalues = np.linalg.eigvalsh(np.cov(images.x_train[:10000].T))[::-1].astype(np.float32)
    linear = [linear_point(eigenvalues, beta) for beta in BETAS]
    plots.rate_distortion_plane(
        {
            "your models, held out": trained,
            "the best linear VAE, by section 6": [point[:2] for point in linear],
        },
        [f"{beta:g}" for beta in BETAS],
        BETAS.index(1.0),
        f"The rate-distortion plane, {DATASET}: a model for each beta",
    )

# %% [markdown]
# The same models, unit by unit: activity on held-out images, by your `active_units`. A line is one
# unit, from the most active to the least, and what lies in the grey band counts as dead. Near the
# edge of collapse trainings differ: at $\beta = 4$ yours may have given up all units where the linear
# optimum still uses seven. Nothing is broken then. An encoder begins with noise, and has to find a
# gain before it is priced away: what would you try, if you wanted to keep the units?

# %% tags=["experiment"]
if __name__ == "__main__":

    def activities(model):
        """Returns the activity of each unit on held-out images, sorted, and how many are active."""
        activity, count = active_units(np.asarray(model.encoder(held_out)[0]), 0.01)
        return np.sort(np.asarray(activity))[::-1], int(count)

    found = [activities(model) for model in models.values()]
    plots.activity(
        BETAS,
        np.array([activity for activity, _ in found]),
        0.01,
        f"Activity of the eight units against beta, {DATASET}",
    )
    print("beta    sigma   rate  distortion   ELBO  active   the best linear VAE: rate  active")
    for beta, (rate, distortion), (_, count), (of_linear, _, used) in zip(
        BETAS, trained, found, linear, strict=True
    ):
        sigma = float(models[beta].sigma)
        print(
            f"{beta:<6g}{sigma:7.3f}{rate:7.2f}{distortion:12.2f}{-rate - distortion:7.2f}", end=""
        )
        print(f"{count:8d}{of_linear:28.2f}{used:8d}")

# %% [markdown]
# The split of section 4, for Gaussians. At samples $z \sim q(z|x)$ of a batch, your
# `aggregate_log_prob` gives what the prior gets wrong, the mean of $\log q_B(z) - \log p(z)$; the
# rest of the rate is what $z$ tells about which image of this batch it was. Guess before you look:
# how much can that be, in a batch of 1,000? The last two columns are the rate of *new* images, under
# $N(0, I)$, and with this batch's aggregated posterior in the place of the prior. Why is the second
# not smaller where the encoder is sure, and what does a VampPrior do about it, with fewer components
# that are trained?

# %% tags=["experiment"]
if __name__ == "__main__":

    def log_density(z, mu, log_var):
        """Returns the aggregated posterior's log density at many points, a hundred at a time."""
        parts = [aggregate_log_prob(z[i : i + 100], mu, log_var) for i in range(0, len(z), 100)]
        return np.concatenate([np.asarray(part) for part in parts])

    def compare_priors(model, batch, others):
        """Returns log q_B(z) - log p(z) of the batch, and its parts of a line of the table."""
        components = [np.asarray(part) for part in model.encoder(batch)]
        prior = np.zeros((1, 8), np.float32)

        def excess(pixels, seed):
            """Returns log q_B(z) - log p(z) of these images' samples, and their mean rate."""
            noise = noise_for(pixels, 1, seed)
            z = np.asarray(sample_latent(*model.encoder(pixels), noise))[0]
            _, rate = model.terms(pixels, noise)
            return log_density(z, *components) - log_density(z, prior, prior), np.mean(rate)

        (gap, rate), (gap_new, rate_new) = excess(batch, seed=3), excess(others, seed=4)
        means = (rate - np.mean(gap), np.mean(gap), rate_new, rate_new - np.mean(gap_new))
        # 0 is added so that no mean is printed as -0.00.
        return gap, [round(float(mean), 2) + 0 for mean in means]

    batch, others = tf.constant(images.x_train[:1000]), held_out[:300]
    split = {
        beta: compare_priors(model, batch, others)
        for beta, model in models.items()
        if beta in (0.25, 1.0, 4.0)
    }
    plots.histograms(
        {f"beta = {beta:g}": gap for beta, (gap, _) in split.items()},
        "log q_B(z) - log p(z) in nats, z of the batch",
        "What the prior gets wrong; dashed: the mean, the gap",
    )
    print("beta   information    gap   rate of new images: under N(0, I)   under q_B")
    for beta, (_, (information, gap, under_prior, under_mixture)) in split.items():
        print(f"{beta:<7g}{information:11.2f}{gap:7.2f}{under_prior:36.2f}{under_mixture:12.2f}")

# %% [markdown]
# And what one sees of it: held-out images, and the mean of the decoder for one sample of $z$.

# %% tags=["experiment"]
if __name__ == "__main__":

    def reconstruct(model, pixels):
        mu, log_var = model.encoder(pixels)
        return np.asarray(
            model.decoder(sample_latent(mu, log_var, noise_for(pixels, 1, seed=5)))[0]
        )

    shown = held_out[:10]
    plots.images(
        [np.asarray(shown), *(reconstruct(models[beta], shown) for beta in (0.25, 1.0, 4.0, 20.0))],
        images.image_shape,
        ("image", *(f"beta = {beta:g}" for beta in (0.25, 1.0, 4.0, 20.0))),
        "Held-out images, and one reconstruction of each",
    )

# %% [markdown]
# ## 8. One of finitely many codes
#
# In a **VQ-VAE** the code is a row of a table, the *codebook*: the encoder's output is replaced by
# the nearest row ([van den Oord, Vinyals and Kavukcuoglu 2017](https://arxiv.org/abs/1711.00937)).
# Document 004 shows pictures of such a model, on its slides "VAEs 2019"; the formulas below are not
# in the lecture, and are this kit's own after that paper.


# %% question="vq_quantize"
def vq_quantize(z_e, codebook):
    """Returns the nearest code of each output of the encoder, and which one it is.

    After van den Oord, Vinyals and Kavukcuoglu (2017); document 004, slides "VAEs 2019".

    Args:
        z_e: Outputs of the encoder. No two codes are equally near. Shape `[B, K]`.
        codebook: The codes. Shape `[C, K]`.

    Returns:
        `(z_q, onehot)`: the code with the least Euclidean distance, shape `[B, K]`, and its number
        as a row with one 1, of floats, shape `[B, C]`.
    """
    # BEGIN SOLUTION
    distances = tf.reduce_sum((tf.expand_dims(z_e, 1) - codebook) ** 2, axis=-1)
    nearest = tf.argmin(distances, axis=1)
    return tf.gather(codebook, nearest), tf.one_hot(nearest, tf.shape(codebook)[0])
    # END SOLUTION


# %% [markdown]
# The nearest code is a step function of the encoder's output: its derivative is zero or does not
# exist. Two tricks make training possible. The decoder sees the code, but its gradient goes to the
# encoder's output *as if nothing had happened between the two*: the **straight-through** estimator.
# And two squared distances draw code and output together, each with the other one held fixed. Write
# $\operatorname{sg}$ for `tf.stop_gradient`, which lets a value through and no gradient:
#
# $$\frac1B \sum_{b=1}^B \sum_{k=1}^K \left[ \left( \operatorname{sg}(z^e_{bk}) - z^q_{bk} \right)^2
#   + \gamma \left( z^e_{bk} - \operatorname{sg}(z^q_{bk}) \right)^2 \right] .$$
#
# The first moves codes, the second, weighted with the *commitment* $\gamma$, moves the encoder. (The
# paper leaves open over what it averages; here it is a sum over the dimensions of a code and a mean
# over the batch.)


# %% question="vq_loss"
def vq_loss(z_e, codebook, commitment):
    """Returns what the decoder sees, and the loss of codebook and encoder, in TensorFlow.

    The straight-through output, with the value of the nearest code and the gradient of z_e, and the
    loss above. Gradients are graded too: compute with tensors. After van den Oord, Vinyals and
    Kavukcuoglu (2017).

    Args:
        z_e: Outputs of the encoder. Shape `[B, K]`.
        codebook: The codes. Shape `[C, K]`.
        commitment: The weight gamma of the encoder's term. A float, at least 0.

    Returns:
        `(z_st, loss)`: shape `[B, K]`, and a scalar.
    """
    # BEGIN SOLUTION
    z_q, _ = vq_quantize(z_e, codebook)
    to_codes = tf.reduce_sum((tf.stop_gradient(z_e) - z_q) ** 2, axis=-1)
    to_encoder = tf.reduce_sum((z_e - tf.stop_gradient(z_q)) ** 2, axis=-1)
    z_st = z_e + tf.stop_gradient(z_q - z_e)
    return z_st, tf.reduce_mean(to_codes + commitment * to_encoder)
    # END SOLUTION


# %% [markdown]
# An image gets several codes, one for each of $S$ *slots*: the encoder's output has a row for each,
# and every row is replaced by the nearest code of the one table. With $C$ codes there are $C^S$
# images that such a model can draw. Under a uniform prior over codes the rate is the same for all
# images, $S \log C$ nats: no term of the loss. Pixels are binary again, and the distortion is that
# of a03.
#
# These are fixed: the arguments of `__init__`, the names `encoder`, `decoder`, `codebook`, `codes`
# and `terms`, and what is reported, `loss`, `distortion` and `vq`; the loss is the sum of the two.
# `codebook` is a trainable weight, and here too all weights are made in `__init__`. The decoder's
# input must be the straight-through output, as `vq_loss` returns it for rows `[B, K]`; else the
# encoder learns from the commitment alone. Train on what `terms` returns: its gradients are
# examined as well. The grader trains with Adam at a rate of 0.002 for 20 epochs, with 16 codes of 4
# numbers and 4 slots, and asks for a distortion of at most 16 nats on held-out digits, with at
# least half of the codes in use. Codes that begin far from all outputs are never nearest, and never
# move: begin with numbers of about the size that the encoder returns, as standard normal ones.


# %% question="VQVAE"
@keras.saving.register_keras_serializable("a04_rate_distortion")
class VQVAE(keras.Model):
    """A VAE with a codebook: `fit(x)` minimises distortion + vq.

    After van den Oord, Vinyals and Kavukcuoglu (2017); document 004, slides "VAEs 2019".

    Args:
        event_dim: D.
        num_codes: C, rows of the codebook.
        code_dim: K, their length.
        num_slots: S, codes for each image.
        hidden: Sizes of the encoder's hidden layers; the decoder's are best the same, reversed.
        commitment: Weight of the term that moves the encoder.

    Attributes:
        encoder: From x `[B, D]` to z_e `[B, S, K]`.
        decoder: From codes `[B, S, K]` to logits `[B, D]`.
        codebook: The codes, a trainable weight. Shape `[C, K]`.
    """

    def __init__(
        self, event_dim, num_codes, code_dim, num_slots, hidden=(128,), commitment=0.25, **kwargs
    ):
        super().__init__(**kwargs)
        self.event_dim, self.num_codes, self.code_dim = event_dim, num_codes, code_dim
        self.num_slots, self.hidden, self.commitment = num_slots, tuple(hidden), commitment
        # BEGIN SOLUTION
        slots = (num_slots, code_dim)
        self.encoder = keras.Sequential(
            [networks.MLP(num_slots * code_dim, self.hidden), keras.layers.Reshape(slots)]
        )
        self.decoder = keras.Sequential(
            [keras.layers.Flatten(), networks.MLP(event_dim, tuple(reversed(self.hidden)))]
        )
        # Built at once: what is loaded from a file finds its weights.
        self.encoder(tf.zeros((1, event_dim)))
        self.decoder(tf.zeros((1, *slots)))
        self.codebook = self.add_weight(
            name="codebook",
            shape=(num_codes, code_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )
        self.distortion = keras.metrics.Mean(name="distortion")
        self.vq = keras.metrics.Mean(name="vq")
        # END SOLUTION

    def codes(self, x):
        """Returns the number of the code of each slot, one-hot, as floats. Shape `[B, S, C]`."""
        # BEGIN SOLUTION
        rows = tf.reshape(self.encoder(x), (-1, self.code_dim))
        _, onehot = vq_quantize(rows, tf.convert_to_tensor(self.codebook))
        return tf.reshape(onehot, (-1, self.num_slots, self.num_codes))
        # END SOLUTION

    def terms(self, x):
        """Returns each example's `(distortion, vq)`, in nats and in squared units; each `[B]`.

        The distortion is -log p(x|z_q), the other the bracket of the loss above, summed over the
        slots and dimensions of an example: `vq_loss` averages over its rows.
        """
        # BEGIN SOLUTION
        z_e, codebook = self.encoder(x), tf.convert_to_tensor(self.codebook)
        z_q = tf.einsum("bsc,ck->bsk", tf.stop_gradient(self.codes(x)), codebook)
        logits = self.decoder(z_e + tf.stop_gradient(z_q - z_e))
        to_codes = tf.reduce_sum((tf.stop_gradient(z_e) - z_q) ** 2, axis=(1, 2))
        to_encoder = tf.reduce_sum((z_e - tf.stop_gradient(z_q)) ** 2, axis=(1, 2))
        pixels = tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1)
        return -pixels.log_prob(x), to_codes + self.commitment * to_encoder
        # END SOLUTION

    def call(self, x):
        """Returns the decoder's logits for the codes of `x`. Shape `[B, D]`; not graded."""
        # BEGIN SOLUTION
        return self.decoder(tf.einsum("bsc,ck->bsk", self.codes(x), self.codebook))
        # END SOLUTION

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of a batch, a scalar, and updates the metrics `distortion` and `vq`.

        You may override `train_step` and `test_step` instead; then delete this.
        """
        # BEGIN SOLUTION
        distortion, vq = self.terms(x)
        self.distortion.update_state(distortion)
        self.vq.update_state(vq)
        return tf.reduce_mean(distortion + vq)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "num_codes", "code_dim", "num_slots", "hidden", "commitment")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% [markdown]
# Codebooks of four sizes, four slots each. The first figure shows what a held-out image costs in
# nats: its distortion, and $S \log C$ for its codes, if all of them are equally likely beforehand.
# Where is the sum least, and why does it rise on both sides? The second shows how often each code of
# the book of sixteen is chosen. What would a prior change that knows this, or that knows which codes
# come together?

# %% tags=["experiment"]
if __name__ == "__main__":
    SLOTS, BOOKS = 4, (2, 4, 16, 64)
    binary = load(DATASET)
    unseen = tf.constant(binary.x_test[:2000])

    def train_vq_vae(num_codes, seed=0):
        keras.utils.set_random_seed(seed)
        model = VQVAE(binary.x_train.shape[1], num_codes, 4, SLOTS)
        # A first call makes the weights of layers that had none.
        model.terms(unseen[:1])
        networks.compile_with_adam(model, 2e-3)
        epochs = 20 if DATASET == "digits" else 3
        model.fit(binary.x_train, batch_size=64, epochs=epochs, verbose=0)
        return model

    books = {num_codes: train_vq_vae(num_codes) for num_codes in BOOKS}
    costs = [float(np.mean(model.terms(unseen)[0])) for model in books.values()]
    rates = [SLOTS * np.log(num_codes) for num_codes in BOOKS]
    plots.stacks(
        [f"C = {num_codes}" for num_codes in BOOKS],
        {"distortion": costs, "rate: S log C": rates},
        title=f"Nats for a held-out image, {DATASET}",
    )
    shares = np.mean(np.asarray(books[16].codes(unseen)), axis=(0, 1))
    plots.stacks(
        [str(code) for code in range(1, 17)],
        {"all slots together": np.sort(shares)[::-1]},
        ylabel="share of the slots",
        title="How often each of 16 codes is chosen, most often first",
    )
    entropy = -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    print(f"perplexity of the codes: {np.exp(entropy):.1f} of 16")
    plots.images(
        [
            np.asarray(unseen[:10]),
            *(tf.sigmoid(books[num_codes](unseen[:10])) for num_codes in BOOKS),
        ],
        binary.image_shape,
        ("image", *(f"C = {num_codes}" for num_codes in BOOKS)),
        "Held-out images, and probabilities of their pixels given their codes",
    )

# %% [markdown]
# ## 9. Which of these lines hold?
#
# Five lines about rate, distortion and collapse. At least one of them holds as it stands, and at
# least one does not. You prove each verdict by a number; the cell below has what to compute with.
#
# 1. Document 002, "KL-divergence term": the ELBO of an example can be written as
#    $-KL(q(z|x) \,\|\, p(z)) - KL(p(x) \,\|\, p(x|z)) + C$. Read the second term as
#    $E_{q(z|x)} KL(p(x) \,\|\, p(x|z))$, and $C$ as a constant: the same for every $x$. Try it on the
#    tables.
# 2. Document 004, slide "Gaussian VAEs", writes $q_\Phi(z[i]|y) = \mathcal{N}(z_\Phi(y)[i],
#    \sigma_\Phi(y)[i])$ with $z = z_\Phi(y) + \sigma_\Phi(y) \odot \epsilon$, and
#    $p_\Phi(y|z) = \mathcal{N}(y_\Phi(z), \sigma^2 I)$: the second argument of $\mathcal{N}$ is the
#    same thing in both. Try $\sigma = 0.5$ at a distance of 1.
# 3. A fellow student: "At a fixed $\sigma$, doubling $\beta$ makes a linear VAE give up the same
#    directions as doubling $\sigma^2$ does." Try it on `EIGENVALUES`, from $\sigma^2 = 0.5$ and
#    $\beta = 1$.
# 4. Document 004, slide "Posterior Collapse": the model is "completely optimized" with "z taking a
#    single (meaningless) determined value", $Q_\Phi(z|y) = P_\Phi(z|y) = 1$. Judge it for a prior that
#    is given and stays as it is, two states of $z$ that are equally likely, and a decoder that ignores
#    $z$.
# 5. A fellow student: "With the best $\sigma$ the squared error leaves the distortion: of two models
#    the one with the smaller mean squared error has the smaller distortion, and by $\frac D2$ times
#    the logarithm of the ratio of the two errors." Try $D = 64$, and errors of 3.2 and 2.4 per image.

# %%
# Your calculations.
P_X = np.array([0.5, 0.3, 0.2], np.float32)
ENCODER = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]], np.float32)
P_Z = np.array([0.5, 0.5], np.float32)
DECODER = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]], np.float32)
EIGENVALUES = np.array([3.0, 1.2, 0.4], np.float32)

# %% [markdown] question="find_the_bugs"
# ### Your findings
#
# For each of the five lines: does it hold? If it does not, what holds instead? Give the numbers
# that show it, and the reason in a sentence or two.
#
# <!-- BEGIN SOLUTION -->
# | line | verdict | numbers |
# |---|---|---|
# | 1 (document 002, line 910; E-002-21) | wrong | $C(x) = -0.637596, -1.042795, -0.601946$ |
# | 2 (document 004, lines 57 and 61; E-004-01) | wrong | log densities $-1.572365$ and $-2.225791$ |
# | 3 | holds | at $\sigma^2 = 0.5$, $\beta = 2$ and at $\sigma^2 = 1$, $\beta = 1$: level 1, two active |
# | 4 (document 004, line 81; E-004-05) | wrong | a single value costs $\log 2 = 0.693147$ nats, $q = p$ nothing |
# | 5 | holds | $32 \log (3.2 / 2.4) = 9.205826$ nats |
#
# 1: averaged over the data there is such a formula, $E_x$ ELBO $= -KL(q(x,z) \| p(x,z)) - H(x)$
# $= -1.067269$, and no such one for each $x$. 2: the sample has the standard deviation $\sigma$ in
# the first formula, so the argument is a standard deviation there, and a variance in the second: one
# letter, two meanings. 3: both only enter as $\beta \sigma^2$. 4: collapsed means that $q(z|x)$ is
# the prior, for every $x$: the divergence is 0 then and the information too. 5: the distortion at the
# best $\sigma$ is $\frac D2 (1 + \log 2 \pi) + \frac D2 \log \sigma^2$, with $\sigma^2$ the error
# over $D$.
#
# **Rubric (4 points).** 1 point: line 1. 1 point: line 2. 1 point: line 4. 1 point: lines 3 and 5,
# half for each. Of a line that does not hold, half is for the verdict with a number, and half for
# what holds instead. Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% [markdown]
# ## Papers
#
# - Higgins et al. (2017). *beta-VAE: Learning Basic Visual Concepts with a Constrained Variational
#   Framework*. <https://openreview.net/forum?id=Sy2fzU9gl>
# - Tomczak and Welling (2018). *VAE with a VampPrior*. <https://arxiv.org/abs/1705.07120>
# - Burda, Grosse and Salakhutdinov (2016). *Importance Weighted Autoencoders*.
#   <https://arxiv.org/abs/1509.00519>
# - Lucas, Tucker, Grosse and Norouzi (2019). *Don't Blame the ELBO! A Linear VAE Perspective on
#   Posterior Collapse*. <https://arxiv.org/abs/1911.02469>
# - van den Oord, Vinyals and Kavukcuoglu (2017). *Neural Discrete Representation Learning*.
#   <https://arxiv.org/abs/1711.00937>
# - Larsson, Maire and Shakhnarovich (2016). *Learning Representations for Automatic Colorization*.
#   <https://arxiv.org/abs/1603.06668>
