# %% [markdown]
# # Densities, divergences and the ELBO on paper
#
# Every objective of this course is made of a few numbers: log densities, a divergence between two
# of them, and the evidence lower bound that they add up to. In this notebook you write each of them
# once, for a batch at a time, and check it. Later notebooks use the same formulas, but not this
# file: where one needs a function of an earlier notebook, it asks you to copy yours or to write it
# anew.
#
# **When you are done** you can:
#
# - write log densities of binary and real-valued data, for a batch and without overflow;
# - compute the divergence between two diagonal Gaussians and say what each direction penalises;
# - split $\log p(x)$ into the ELBO and a divergence, and explain when the bound is tight;
# - find a wrong formula by computing a number that it gets wrong.
#
# **You need**: densities, expectations, logarithms and Bayes' rule; Jensen's inequality for one
# written question; sums along an axis and broadcasting in NumPy or TensorFlow. No other notebook
# comes before this one.
#
# **Time**: about 5 hours, an estimate. Nothing is trained, and the figures take seconds.
#
# **Difficulty**: *hard* `elbo_identity_terms`, `when_the_bound_is_tight`, `find_the_bugs`;
# *some thought* `why_latent_variables`, `bernoulli_log_prob_probs`, `bernoulli_as_a_loss`,
# `gaussian_as_a_loss`, `kl_diag_gaussians`; *short* `posterior_from_joint`,
# `standard_normal_log_prob`, `bernoulli_log_prob_logits`, `gaussian_log_prob_fixed`,
# `gaussian_log_prob_learned`, `kl_to_standard_normal`, `gaussian_entropy`.
#
# **Notation.** $x$ is the data, $z$ the latent variable, $p(z)$ the prior, $q(z|x)$ the approximate
# posterior. The network that returns $q(z|x)$ is called the encoder, the one that returns $p(x|z)$
# the decoder. Sizes in shapes: `B` examples in a batch, `K` latent dimensions, `D` data dimensions,
# and for tables `X` values of the data and `Z` states of the latent. Logarithms are natural, so
# everything is in **nats**. `log_var` is always $\log \sigma^2$, never $\log \sigma$. A function
# that is given a batch returns one number per example, `[B]`: sums run over the last axis, and the
# batch is never summed.
#
# **What your functions get and return.** Arguments come by position: float32 NumPy arrays, and
# Python floats for scalars. Return a tensor, an array, a list or a number, in float32 or float64,
# of the shape that the docstring gives. A value is right if it is within $10^{-5} + 10^{-4}
# |\text{right value}|$. Means and latent vectors lie within $\pm 40$, log variances within $\pm
# 30$.
#
# **The documents.** Places such as *000, section 4, step 7* point into the lecture documents 000
# to 004. They hold errors; where this notebook deviates from them it says so. Our copies were
# converted to text, so an error in our copy may come from the conversion. Numbers such as
# *E-000-08* count the errata of document 000: the list, `ERRATA.md`, came with this notebook, and
# your instructor has the documents.
#
# Under each answer stands a `check`. It runs your function on public cases, says what is wrong, and
# often knows why.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

LOG_2PI = float(np.log(2 * np.pi))

# %% [markdown]
# ## 1. Bayes' rule on a table
#
# With finitely many values everything is a table. Let $p(x, z)$ stand in a table with a row for
# each $x$ and a column for each $z$; all entries sum to 1. Summing a row **marginalises** $z$ away
# and leaves the **evidence** $p(x)$; dividing the row by it leaves the **posterior** (001, lines 11
# to 19):
#
# $$p(x) = \sum_z p(x, z), \qquad p(z|x) = \frac{p(x, z)}{p(x)} .$$
#
# Everything that follows is an attempt to get along without that sum, which for real models is an
# integral that nobody can do. On a table we can, and it is worth having done it once.


# %% question="posterior_from_joint"
def posterior_from_joint(p_xz):
    """Returns the posterior p(z|x) from a table of the joint p(x, z).

    Document 001, Bayes (line 11).

    Args:
        p_xz: Joint probabilities, positive; the whole table sums to 1. Rows are x. Shape `[X, Z]`.

    Returns:
        Posterior probabilities; every row sums to 1. Shape `[X, Z]`.
    """
    # BEGIN SOLUTION
    return p_xz / tf.reduce_sum(p_xz, axis=1, keepdims=True)
    # END SOLUTION


# %% [markdown]
# ## 2. The prior
#
# The latent variable of this course has $K$ real dimensions and the prior $p(z) = N(0, I)$:
# independent standard normal coordinates (003, eq. 3 and 4). Its log density is
#
# $$\log p(z) = -\tfrac12 \sum_{k=1}^K \left[ \log 2\pi + z_k^2 \right] .$$
#
# Our copy of document 003 has $e^{z_k^2/2}$ in eq. 5; with that sign the density would grow
# without limit (E-003-01). Note where the constant stands: inside the sum, once for each dimension.


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    """Returns log N(z; 0, I), in nats.

    Document 000, section 6 (line 95); document 003, eq. 3 to 5.

    Args:
        z: Latent vectors. Shape `[B, K]`.

    Returns:
        One log density per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return -0.5 * tf.reduce_sum(LOG_2PI + z**2, axis=-1)
    # END SOLUTION


# %% [markdown] question="why_latent_variables"
# ### In your own words: why latent variables?
#
# Question 1 of document 003 asks what the motivation could be for a latent variable model
# $p(x) = \int p(x|z)\, p(z)\, dz$ of high-dimensional data, instead of modelling $p(x)$ directly.
# Give two reasons. Then name the price: which of the two goals of document 001, density estimation
# and inference, becomes hard, and why?
#
# <!-- BEGIN SOLUTION -->
# Images of 784 pixels lie near a set of few dimensions (which digit, slant, thickness): a latent
# variable captures these few causes, and given them a simple factorised $p(x|z)$ is enough, while
# the mixture over $z$ still has strong dependence between pixels. A direct model would need all
# those dependences at once: a table is exponentially large, a single factorised density has none of
# them. Sampling is easy (draw $z$, then $x$), and $z$ is a compact representation to use elsewhere.
# The price: both goals need the integral $p(x)$, density estimation as the value itself and
# inference as the denominator of Bayes' rule; for a neural $p(x|z)$ it has no closed form and too
# many dimensions for a grid.
#
# **Rubric (4 points).** 1 point: few underlying causes, or a representation of low dimension.
# 1 point: dependence between pixels out of simple factorised parts (or easy sampling). 2 points:
# the integral over z is intractable, and both the evidence and the posterior contain it (1 point
# for one of the two).
# <!-- END SOLUTION -->

# %% [markdown]
# ## 3. Pixels that are 0 or 1
#
# For binary images the decoder gives each pixel a probability $\rho_d$ of being 1, independently of
# the others given $z$ (003, eq. 6 and 7). The log-likelihood of an image is a sum over its pixels:
#
# $$\log p(x|z) = \sum_{d=1}^D \left[ x_d \log \rho_d + (1 - x_d) \log (1 - \rho_d) \right] .$$
#
# Each pixel picks one of the two terms. A pixel that has $\rho_d = x_d$ exactly adds nothing,
# because $0 \log 0$ counts as 0; the computer disagrees and makes NaN of it, so use a function that
# knows (to clip the probability at $10^{-7}$ is close enough here). A pixel with $\rho_d = 0$ that
# is 1 has log-likelihood $-\infty$ (E-003-10); that is not tested here, and the next question is
# the cure.


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    """Returns log p(x) of independent pixels, each Bernoulli with the given probability, in nats.

    Document 003, eq. 6 and 7.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        probs: Probability that each pixel is 1, in [0, 1]; where it is exactly 0 or 1 the pixel
            agrees. Shape `[B, D]`.

    Returns:
        One log-likelihood per example, at most 0. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # xlogy and xlog1py know that 0 log 0 is 0.
    return tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1 - x, -probs), axis=-1)
    # END SOLUTION


# %% [markdown]
# A network does better not to return probabilities at all. It returns a real number $a_d$ for each
# pixel, the **logit** (log odds), with $\rho_d = 1 / (1 + e^{-a_d})$. Then
# $\log \rho_d = a_d - \log(1 + e^{a_d})$ and $\log(1 - \rho_d) = -\log(1 + e^{a_d})$, and the sum
# becomes
#
# $$\log p(x|z) = \sum_{d=1}^D \left[ x_d\, a_d - \log\left(1 + e^{a_d}\right) \right] .$$
#
# No probability is left that could round to 0 or 1, but $e^{a_d}$ overflows a 32-bit float above
# $a_d \approx 88$. The function $\log(1 + e^{a})$ is called *softplus*, and every library has one
# that never takes that exponential (NumPy's is `logaddexp(0, a)`).
#
# Document 000, section 3, says that the log-likelihood *is* the cross-entropy. It is minus the
# cross-entropy (E-000-05), and it is the log-likelihood of $x$ *given* $z$, not of $x$. Keras'
# `binary_crossentropy` from logits moreover averages over the pixels: it is $-1/D$ times what you
# want, and the class `BinaryCrossentropy` by default averages over the batch too (E-000-18).


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    """Returns log p(x) of independent pixels, each Bernoulli with the given logit, in nats.

    sum over d of x_d a_d minus softplus of a_d. Document 000, section 3; document 003, eq. 6 and 7.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: Logits a, any real numbers; +-1000 must give finite answers. Shape `[B, D]`.

    Returns:
        One log-likelihood per example, at most 0. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)
    # END SOLUTION


# %% [markdown]
# The figure shows what one pixel costs as its logit moves. A wrong decision costs as much as the
# logit is large: a network that is certain and wrong is punished without limit, and it still gets a
# gradient. The naive form goes through the probability; in 32 bits $\rho$ becomes exactly 1 near
# $a = 17$, and the loss of a wrong pixel jumps to infinity there.

# %% tags=["experiment"]
if __name__ == "__main__":

    def plot_bernoulli_loss():
        logit_axis = np.linspace(-30, 30, 601, dtype=np.float32)
        black, white = np.zeros((601, 1), np.float32), np.ones((601, 1), np.float32)
        _, axes = plt.subplots(figsize=(7, 4))
        for pixel, label, colour in ((white, "x = 1", "#0072B2"), (black, "x = 0", "#D55E00")):
            loss = -np.asarray(bernoulli_log_prob_logits(pixel, logit_axis[:, None]))
            axes.plot(logit_axis, loss, color=colour, label=f"{label}, from the logit")
        with np.errstate(divide="ignore"):
            probability = 1 / (1 + np.exp(-logit_axis))
            axes.plot(
                logit_axis, -np.log(1 - probability), "k:", label="x = 0, through the probability"
            )
        axes.set(
            xlabel="logit a",
            ylabel="loss of one pixel: minus log p(x), in nats",
            title="Bernoulli loss against the logit",
        )
        axes.legend()
        plt.show()

    plot_bernoulli_loss()

# %% [markdown] question="bernoulli_as_a_loss"
# ### In your own words: the Bernoulli decoder as a loss
#
# Question 2 of document 003: write out $\log p(x|z)$ for the Bernoulli model, simplify it, and
# relate it to a loss function that is commonly used for neural networks. Say exactly which sign and
# which factor lie between the two, in Keras as well, and what goes wrong if the KL term of the ELBO
# is added to the Keras loss as it is.
#
# <!-- BEGIN SOLUTION -->
# The log of the product of $\rho_d^{x_d} (1-\rho_d)^{1-x_d}$ is the sum of section 3; of the two
# terms of a pixel one is 0. Its negative is the binary cross-entropy between the pixels and the
# probabilities, summed over pixels. Keras averages over the last axis: its loss is minus the
# log-likelihood divided by $D$. Added to a KL that is summed over the latent dimensions, the
# reconstruction then counts $D$ times too little: the objective is a beta-VAE with $\beta = D$ and
# tends to collapse to the prior.
#
# **Rubric (4 points).** 1 point: the sum, with one term per pixel. 1 point: binary cross-entropy
# with the opposite sign. 1 point: Keras divides by D. 1 point: the KL then weighs D times too much.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 4. Data that are real numbers
#
# For real-valued data the decoder returns the means $\mu_d$ of independent normal distributions. If
# all have one fixed standard deviation $\sigma$ (003, line 61),
#
# $$\log p(x|z) = \sum_{d=1}^D \left[ -\tfrac12 \log 2\pi - \log\sigma -
#   \frac{(x_d - \mu_d)^2}{2\sigma^2} \right] .$$
#
# The first two terms do not depend on the network, and training does not miss them. The *value*
# does: an ELBO without them is a bound on nothing, and two models with different $\sigma$ cannot be
# compared. Keep them. Mind that documents differ in what stands second in $N(\cdot, \cdot)$: in 004
# it is a standard deviation in lines 57 and 59, and a variance in line 61 (E-004-01).


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    """Returns log N(x; mu, sigma^2 I), constants included, in nats.

    Document 003, section 1.3 (line 61); document 000, section 4, step 1 (line 67).

    Args:
        x: Data. Shape `[B, D]`.
        mu: Means. Shape `[B, D]`.
        sigma: One standard deviation for all dimensions, positive. A float.

    Returns:
        One log density per example, summed over the D dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return -0.5 * tf.reduce_sum(LOG_2PI + 2 * np.log(sigma) + ((x - mu) / sigma) ** 2, axis=-1)
    # END SOLUTION


# %% [markdown]
# An encoder goes one step further and returns a variance for each dimension as well (003, eq. 10 to
# 12). It returns `log_var`, $\log \sigma_k^2$, because a network's output may be any real number
# and a variance may not:
#
# $$\log q(z|x) = -\tfrac12 \sum_{k=1}^K \left[ \log 2\pi + \log\sigma_k^2 +
#   \frac{(z_k - \mu_k)^2}{\sigma_k^2} \right] .$$
#
# Only the distance is squared, not the quotient: document 000 (line 94) prints
# $\left((z - \mu) / \sigma^2\right)^2$, which is not a density (E-000-13). The same function serves
# as the log-likelihood of a decoder that learns its variances, so its arguments are called $x$, and
# $D$ stands for $K$.


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    """Returns log N(x; mu, diag(exp(log_var))), in nats.

    Document 003, eq. 10 to 12; document 000, section 6 (line 94), corrected.

    Args:
        x: Data, or latent vectors. Shape `[B, D]`.
        mu: Means. Shape `[B, D]`.
        log_var: Log variances (not standard deviations), between -30 and 30. Shape `[B, D]`.

    Returns:
        One log density per example, summed over the D dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + (x - mu) ** 2 * tf.exp(-log_var), axis=-1)
    # END SOLUTION


# %% [markdown] question="gaussian_as_a_loss"
# ### In your own words: the Gaussian decoder as a loss
#
# Question 3 of document 003: write out $\log p(x|z)$ for the Gaussian model with fixed $\sigma$,
# simplify it, and relate it to a common loss function. Which terms may be dropped when only $\mu$
# is trained? What does $\sigma$ do to the balance between reconstruction and KL in the ELBO? Why
# can they not be dropped when $\sigma$ is learned?
#
# <!-- BEGIN SOLUTION -->
# It is the sum in section 4: minus the squared error divided by $2\sigma^2$, minus $D \log \sigma$
# and $(D/2) \log 2\pi$. The last two do not depend on $\mu$, so maximising the likelihood in $\mu$
# is minimising the squared error. In the ELBO the factor $1/(2\sigma^2)$ stays: a small $\sigma$
# weighs the reconstruction up against the KL, a large one down (it acts like $1/\beta$). When
# $\sigma$ is learned, $D \log \sigma$ is what keeps it finite: without it the loss falls for ever
# as $\sigma$ grows.
#
# **Rubric (4 points).** 1 point: the squared error with its factor. 1 point: both constants, and
# that they don't depend on the means. 1 point: sigma sets the weight against the KL. 1 point: log
# sigma stops sigma from growing.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 5. How far is q from the prior?
#
# The encoder returns a diagonal Gaussian $q(z|x) = N(\mu, \mathrm{diag}\,\sigma^2)$, the prior is
# $p(z) = N(0, I)$. Their Kullback-Leibler divergence has a closed form
# ([Kingma and Welling 2014](https://arxiv.org/abs/1312.6114), appendix B). Starting from its
# definition, one dimension at a time,
#
# $$KL(q \| p) = E_q[\log q(z)] - E_q[\log p(z)]
#   = -\tfrac12\left[\log 2\pi\sigma^2 + 1\right] + \tfrac12\left[\log 2\pi + \mu^2 +
#   \sigma^2\right] ,$$
#
# because $E_q[(z-\mu)^2] = \sigma^2$ and $E_q[z^2] = \mu^2 + \sigma^2$. The $2\pi$ cancel, and
# since both densities are products over dimensions, the divergences add (003, eq. 13):
#
# $$KL(q \| p) =
#   \tfrac12 \sum_{k=1}^K \left[ \mu_k^2 + \sigma_k^2 - \log \sigma_k^2 - 1 \right] \ge 0 .$$
#
# Document 000 arrives at the same in section 4, step 7, but keeps a minus in front: what stands
# there is $-D_{KL}$, and in steps 2, 3 and 6 that minus is lost (E-000-08, E-000-09). A divergence
# that comes out negative is the sign that you copied one of those lines. The other check that you
# can do in your head: at $\mu = 0$, $\sigma = 1$ it is exactly 0.


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    """Returns KL(q(z|x) || N(0, I)) for a diagonal Gaussian q, in nats.

    Document 000, section 4, step 7; document 003, eq. 13.

    Args:
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.

    Returns:
        One divergence per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # expm1(log_var) is sigma^2 - 1, with all its digits where q is close to the prior.
    return 0.5 * tf.reduce_sum(mu**2 + tf.math.expm1(log_var) - log_var, axis=-1)
    # END SOLUTION


# %% [markdown]
# The same steps with a general $p = N(\mu_p, \mathrm{diag}\,\sigma_p^2)$ use
# $E_q[(z - \mu_p)^2] = \sigma_q^2 + (\mu_q - \mu_p)^2$ and give (000, section 4, steps 2 to 6, with
# the sign put right)
#
# $$KL(q \| p) = \tfrac12 \sum_{k=1}^K \left[ \log \frac{\sigma_{p,k}^2}{\sigma_{q,k}^2} +
#   \frac{\sigma_{q,k}^2 + (\mu_{q,k} - \mu_{p,k})^2}{\sigma_{p,k}^2} - 1 \right] .$$
#
# All distances are measured in units of $p$, the *second* argument: the average is taken under $q$,
# and it is $\log p$ that is averaged. The two directions are different numbers, and they ask for
# different things, as the figure below shows.


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    """Returns KL(q || p) between two diagonal Gaussians, q first, in nats.

    Document 000, section 4, steps 2 to 6 (lines 68-76).

    Args:
        mu_q: Means of q. Shape `[B, K]`.
        log_var_q: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.
        mu_p: Means of p. Shape `[B, K]`.
        log_var_p: Log variances of p, between -30 and 30. Shape `[B, K]`.

    Returns:
        One divergence per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # expm1(-log_ratio) is sigma_q^2 / sigma_p^2 - 1, with all its digits where q is close to p.
    log_ratio = log_var_p - log_var_q
    distance = (mu_q - mu_p) ** 2 * tf.exp(-log_var_p)
    return 0.5 * tf.reduce_sum(log_ratio + tf.math.expm1(-log_ratio) + distance, axis=-1)
    # END SOLUTION


# %% tags=["experiment"]
if __name__ == "__main__":

    def plot_two_divergences():
        means, sigmas = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(0.2, 3, 113))
        moving = [grid.reshape(-1, 1).astype(np.float32) for grid in (means, 2 * np.log(sigmas))]
        prior = [np.zeros_like(moving[0])] * 2
        levels = [0, 0.05, 0.2, 0.5, 1, 2, 4, 8, 16, 32]
        figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
        for axes, first, second, title in zip(
            panels, (moving, prior), (prior, moving), ("KL(q || p)", "KL(p || q)"), strict=True
        ):
            divergence = np.asarray(kl_diag_gaussians(*first, *second)).reshape(means.shape)
            filled = axes.contourf(
                means,
                sigmas,
                divergence,
                levels=levels,
                norm="symlog",
                cmap="viridis",
                extend="max",
            )
            axes.plot(0, 1, "o", color="white", markeredgecolor="black", label="q = p")
            axes.set(xlabel="mean of q", title=f"{title}, with p = N(0, 1)")
            axes.legend(loc="upper right")
        panels[0].set_ylabel("standard deviation of q")
        figure.colorbar(filled, ax=panels, label="nats", ticks=levels, format="%g")
        plt.show()

    plot_two_divergences()

# %% [markdown]
# Left, $KL(q \| p)$, the direction of the ELBO. As the standard deviation $\sigma$ of $q$ goes to
# 0 it grows without limit, but only as $\log(1/\sigma)$; for a wide $q$ it grows as $\sigma^2/2$.
# Right, $KL(p \| q)$, where a narrow $q$ is far dearer: the divergence grows as $1/\sigma^2$,
# because $p$ puts mass where $q$ has almost none. For a wide $q$ it grows only as $\log \sigma$.
#
# In this figure $q$ can equal $p$, and in both directions the best $q$ does. It cannot where $q$ is
# factorised and $p$ is correlated. If such a $p$ is Gaussian, the $q$ with the least $KL(q \| p)$
# is too narrow: each of its variances is that of one coordinate *given the others*, which for a
# correlated coordinate is smaller than its variance under $p$.
#
# ### The entropy of q
#
# The part of the divergence that only $q$ has is its **entropy**, minus the average log density
# under $q$. The average of the squared standardised distance is 1, so
#
# $$H(q) = -E_q[\log q(z)] =
#   \tfrac12 \sum_{k=1}^K \left[ \log \sigma_k^2 + \log 2\pi + 1 \right] .$$
#
# Unlike the entropy of a table it may be negative: a density that is narrow enough has values above
# 1 (E-004-06).


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    """Returns the differential entropy of a diagonal Gaussian, in nats; it may be negative.

    Minus the average of document 000, line 94, under q.

    Args:
        log_var: Log variances, between -30 and 30. Shape `[B, K]`.

    Returns:
        One entropy per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return 0.5 * tf.reduce_sum(log_var + LOG_2PI + 1, axis=-1)
    # END SOLUTION


# %% [markdown]
# ## 6. The ELBO, exactly
#
# For any $q$ with $q(z|x) = 0$ wherever $p(z|x) = 0$, document 000 (section 1, steps 4 to 7)
# multiplies and divides by $q$ inside the logarithm and finds, without an inequality,
#
# $$\log p(x) = \underbrace{E_q\left[\log \frac{p(x, z)}{q(z|x)}\right]}_{\text{ELBO}} +
#   \underbrace{E_q\left[\log \frac{q(z|x)}{p(z|x)}\right]}_{KL(q \,\|\, p(z|x)) \;\ge\; 0} .$$
#
# With a latent that has only $Z$ states all three are finite sums, and you can look at them. For
# one datum $x$ you are given the logs of $p(z)$, of $p(x|z)$ and of $q(z|x)$ for each state. Recall
# that $p(x, z) = p(x|z)\,p(z)$, that $p(x) = \sum_z p(x, z)$ (001, line 19), and that
# $p(z|x) = p(x, z) / p(x)$.
#
# The divergence here is to the **posterior**. The one of section 5 was to the prior: another
# number, and with it the identity does not hold (E-002-02). Stay with logarithms to the end: a
# state of probability $e^{-30}$ is nothing special.


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    """Returns the ELBO, the divergence of q from the posterior, and log p(x), of a datum, in nats.

    Document 000, section 1, steps 4 to 8. The first two add up to the third.

    Args:
        log_pz: Log prior of each state, between -30 and 0; the probabilities sum to 1. Shape `[Z]`.
        log_px_given_z: Log-likelihood of the datum under each state, between -30 and 0. Shape
            `[Z]`.
        log_q: Log of q for each state, between -30 and 0; the probabilities sum to 1. Shape `[Z]`.

    Returns:
        Three scalars in a tuple or a list: `(elbo, kl, log_px)`.
    """
    # BEGIN SOLUTION
    log_joint = log_pz + log_px_given_z
    log_posterior = tf.nn.log_softmax(log_joint)
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_posterior))
    log_px = tf.reduce_logsumexp(log_joint)
    return elbo, kl, log_px
    # END SOLUTION


# %% [markdown]
# Below, $q$ walks in a straight line from the prior to the exact posterior of a model with three
# states, and a little beyond. The two areas always stack up to the same height,
# $\log p(x) = -0.713$: what $q$ loses in divergence the bound gains.

# %% tags=["experiment"]
if __name__ == "__main__":

    def plot_elbo_identity():
        prior, likelihood = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.2, 0.4])
        posterior = prior * likelihood / np.sum(prior * likelihood)
        steps = np.linspace(0, 1.4, 57)
        rows = []
        for step in steps:
            q = prior + step * (posterior - prior)
            logs = [np.log(table).astype(np.float32) for table in (prior, likelihood, q)]
            rows.append([float(term) for term in elbo_identity_terms(*logs)])
        elbos, gaps, evidence = np.array(rows).T
        _, axes = plt.subplots(figsize=(7, 4))
        axes.fill_between(
            steps,
            elbos.min() - 0.01,
            elbos,
            color="#56B4E9",
            label="ELBO (above the axis' lower end)",
        )
        axes.fill_between(steps, elbos, elbos + gaps, color="#E69F00", label="KL(q || posterior)")
        axes.plot(steps, evidence, "k", label="log p(x)")
        axes.axvline(1, color="k", linestyle=":", label="q = posterior")
        axes.set(xlabel="step from the prior (0) to the posterior (1) and beyond", ylabel="nats")
        axes.set(
            title="ELBO and divergence add up to log p(x)",
            ylim=(elbos.min() - 0.01, evidence[0] + 0.02),
        )
        axes.legend(loc="lower right")
        plt.show()

    plot_elbo_identity()

# %% [markdown] question="when_the_bound_is_tight"
# ### In your own words: when is the bound tight?
#
# Document 001 derives the ELBO with Jensen's inequality, document 000 without it. (a) Name the
# steps of document 000 that take the place of Jensen's inequality, and the term that the inequality
# throws away. (b) For which $q$ is the bound equal to $\log p(x)$, and why is it the same $q$ in
# both derivations? (c) A Gaussian $q$ is fitted to a posterior with two separate modes: can the
# bound become tight?
#
# <!-- BEGIN SOLUTION -->
# (a) Steps 6 and 7 split off the expectation of the log ratio between $q$ and the true posterior;
# Jensen's inequality drops exactly that non-negative divergence. (b) Equality holds if and only if
# $q(z|x) = p(z|x)$: the divergence vanishes only for equal densities, and the ratio inside Jensen's
# logarithm is then the constant $p(x)$, for which the inequality is an equality. (c) No: every
# Gaussian differs from a two-mode posterior, the divergence stays positive, and maximising the
# bound picks the Gaussian with the least divergence, which tends to sit on one mode.
#
# **Rubric (4 points).** 1 point: steps 6 and 7 and the divergence to the posterior (not to the
# prior). 1 point: q equal to the posterior as the only case. 1 point: the ratio is constant, or an
# argument of the same force. 1 point: the gap stays, with the reason.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 7. Find the bugs in the notes
#
# Five lines of the lecture are wrong in our copy (some of these errors, such as that of 003,
# eq. 11, may come from the conversion to text):
#
# 1. 000, section 4, step 2 (line 68): $D_{KL}(q \| p) = \int q \log (p / q)$;
# 2. 000, section 4, step 6 (line 76): $D_{KL} = \log(\sigma_q/\sigma_p) - (\sigma_q^2 +
#    (\mu_q-\mu_p)^2)/(2\sigma_p^2) + 1/2$;
# 3. 000, section 6 (line 94): $\log q_0(z_0|x)$ with $\left((z_0 - \mu)/\sigma^2\right)^2$ in the
#    bracket;
# 4. 003, eq. 5: the prior with $e^{z_k^2/2}$;
# 5. 003, eq. 11: the density of $q$, mean $m$ and standard deviation $s$, with
#    $e^{-(z_k - m_k)^2 / (2 z_k^2)}$.
#
# For each compute what it says in our copy and what it should say, with your own functions or a few
# lines of NumPy: 1 and 2 for $q = N(0.5, 0.8^2)$ and $p = N(-0.3, 1.7^2)$ (means and variances); 3
# at $z_0 = 0.9$, $\mu = 0.2$, $\sigma^2 = 0.25$; 4 at $z = 1$; 5 at $m = 0.5$, $s = 0.8$,
# $z = 1.4$, all in one dimension. A density has one more witness: its total mass. If that grows
# with the interval you sum over, say so.

# %%
# Your calculations. For example, the total mass of the standard normal density:
grid = np.linspace(-9, 9, 2001)
density = np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi)
np.sum(density) * (grid[1] - grid[0])

# %% [markdown] question="find_the_bugs"
# ### Your findings
#
# For each of the five lines: what is wrong, the corrected formula, and the two numbers. For the
# three densities also say what the total mass of the one in our copy is.
#
# <!-- BEGIN SOLUTION -->
# | line | wrong | in our copy | right |
# |---|---|---|---|
# | 000, line 68 (E-000-08) | $\log(p/q)$ for $\log(q/p)$: it is $-D_{KL}$ | -0.475225 | 0.475225 |
# | 000, line 76 (E-000-09) | again $-D_{KL}$ under the name of $D_{KL}$ | -0.475225 | 0.475225 |
# | 000, line 94 (E-000-13) | the whole quotient squared instead of the distance | -4.145791 | -1.205791 |
# | 003, eq. 5 (E-003-01) | $e^{+z^2/2}$ | 0.657745 | 0.241971 |
# | 003, eq. 11 (E-003-02) | $2 z_k^2$ for $2 s_k^2$ in the exponent | 0.405584 | 0.264846 |
#
# Masses: line 94 has total mass $\sigma = 0.5$. Eq. 5 grows without limit (44,800 on $[-5, 5]$),
# and eq. 11 does not fall to 0 (30.07 on $[-50, 50]$): neither can be normalised.
#
# **Rubric (4 points).** 1 point: both divergences, with the sign. 1 point: line 94, with the
# numbers. 1 point: eq. 5 and eq. 11, with the numbers. 1 point: the masses.
# <!-- END SOLUTION -->

# %% [markdown]
# ## Papers
#
# - Kingma and Welling (2014). *Auto-Encoding Variational Bayes*. <https://arxiv.org/abs/1312.6114>
