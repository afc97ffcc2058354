# %% [markdown]
# # Densities, divergences and the ELBO on paper
#
# Every objective of this course is made of a few numbers: log densities, a divergence between two of them, and the
# evidence lower bound that they add up to. In this notebook you write each of them once, for a batch at a time, and check
# it. Later assignments call what you write here by name.
#
# **Notation.** $x$ is the data, $z$ the latent variable, $p(z)$ the prior, $q(z|x)$ the approximate posterior. Sizes: $B$
# examples in a batch, $K$ latent dimensions, $D$ data dimensions, $Z$ states of a discrete latent. Logarithms are natural,
# so everything is in **nats**. `log_var` is always $\log \sigma^2$, never $\log \sigma$. A function that is given `[B, K]`
# returns one number per example, `[B]`: sums run over the last axis, and the batch is never summed.
#
# **The documents.** Places such as *000, section 4, step 7* point into the lecture documents 000 to 004. They hold
# errors; where this notebook deviates from them it says so, and *E-000-08* is the number of the erratum.
#
# Under each answer stands a `check`. It runs your function on public cases, says what is wrong, and often knows why.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## 1. Pixels that are 0 or 1
#
# A decoder that models binary images returns a real number $a_d$ for each pixel, its **logit** (log odds). The pixel is 1
# with probability $\rho_d = 1 / (1 + e^{-a_d})$, independently of the others given $z$, so the log-likelihood of an image
# is a sum over its pixels (003, eq. 6 and 7, with $\rho$ written out):
#
# $$\log p(x|z) = \sum_{d=1}^D \left[ x_d \log \rho_d + (1 - x_d) \log (1 - \rho_d) \right]
#   = \sum_{d=1}^D \left[ x_d\, a_d - \log\left(1 + e^{a_d}\right) \right] .$$
#
# The second form follows from $\log \rho_d = a_d - \log(1 + e^{a_d})$ and $\log(1 - \rho_d) = -\log(1 + e^{a_d})$. It needs
# no probability that could round to 0 or 1, but $e^{a_d}$ overflows a 32-bit float above $a_d \approx 88$. The function
# $\log(1 + e^{a})$ is called *softplus*, and every library has one that never takes that exponential.
#
# Document 000, section 3, says that the log-likelihood *is* the cross-entropy. It is minus the cross-entropy (E-000-05),
# and it is the log-likelihood of $x$ *given* $z$, not of $x$. Keras' `BinaryCrossentropy` moreover averages over the
# pixels: it is $-1/D$ times what you want (E-000-18).


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
# The figure shows what one pixel costs as its logit moves. A wrong decision costs as much as the logit is large: a network
# that is certain and wrong is punished without limit, and it still gets a gradient. The naive form goes through the
# probability; in 32 bits $\rho$ becomes exactly 1 near $a = 17$, and the loss of a wrong pixel jumps to infinity there.

# %% tags=["experiment"]
if __name__ == "__main__":
    logit_axis = np.linspace(-30, 30, 601, dtype=np.float32)
    black, white = np.zeros((601, 1), np.float32), np.ones((601, 1), np.float32)
    figure, axes = plt.subplots(figsize=(7, 4))
    for pixel, label, colour in ((white, "x = 1", "#0072B2"), (black, "x = 0", "#D55E00")):
        loss = -np.asarray(bernoulli_log_prob_logits(pixel, logit_axis[:, None]))
        axes.plot(logit_axis, loss, color=colour, label=f"{label}, from the logit")
    with np.errstate(divide="ignore"):
        probability = 1 / (1 + np.exp(-logit_axis))
        axes.plot(logit_axis, -np.log(1 - probability), "k:", label="x = 0, through the probability")
    axes.set(
        xlabel="logit a", ylabel="loss of one pixel: minus log p(x), in nats", title="Bernoulli loss against the logit"
    )
    axes.legend()
    plt.show()

# %% [markdown]
# ## 2. How far is q from the prior?
#
# The encoder returns a diagonal Gaussian $q(z|x) = N(\mu, \mathrm{diag}\,\sigma^2)$, the prior is $p(z) = N(0, I)$. Their
# Kullback-Leibler divergence has a closed form. Starting from its definition, one dimension at a time,
#
# $$KL(q \| p) = E_q[\log q(z)] - E_q[\log p(z)]
#   = -\tfrac12\left[\log 2\pi\sigma^2 + 1\right] + \tfrac12\left[\log 2\pi + \mu^2 + \sigma^2\right] ,$$
#
# because $E_q[(z-\mu)^2] = \sigma^2$ and $E_q[z^2] = \mu^2 + \sigma^2$. The $2\pi$ cancel, and since both densities are
# products over dimensions, the divergences add (003, eq. 13):
#
# $$KL(q \| p) = \tfrac12 \sum_{k=1}^K \left[ \mu_k^2 + \sigma_k^2 - \log \sigma_k^2 - 1 \right] \ge 0 .$$
#
# Document 000 arrives at the same in section 4, step 7, but keeps a minus in front: what stands there is $-D_{KL}$, and in
# steps 2, 3 and 6 that minus is lost (E-000-08, E-000-09). A divergence that comes out negative is the sign that you copied
# one of those lines. The other check that you can do in your head: at $\mu = 0$, $\sigma = 1$ it is exactly 0.


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
    # expm1 keeps the digits where q is close to the prior (log_var near 0).
    return 0.5 * tf.reduce_sum(tf.math.expm1(log_var) - log_var + mu**2, axis=-1)
    # END SOLUTION


# %% tags=["experiment"]
if __name__ == "__main__":
    means, sigmas = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(0.15, 3, 115))
    flat = np.stack([means.ravel(), 2 * np.log(sigmas).ravel()]).astype(np.float32)
    divergence = np.asarray(kl_to_standard_normal(flat[0][:, None], flat[1][:, None])).reshape(means.shape)
    figure, axes = plt.subplots(figsize=(7, 4.2))
    filled = axes.contourf(means, sigmas, divergence, levels=[0, 0.05, 0.2, 0.5, 1, 2, 3, 4, 6, 8], cmap="viridis")
    figure.colorbar(filled, label="KL(q || p), in nats")
    axes.plot(0, 1, "o", color="white", markeredgecolor="black", label="the prior")
    axes.set(xlabel="mean of q", ylabel="standard deviation of q", title="Divergence of N(mean, sd^2) from N(0, 1)")
    axes.legend(loc="upper right")
    plt.show()

# %% [markdown]
# ## 3. The ELBO, exactly
#
# For any $q$ with $q(z|x) > 0$ wherever the posterior is, document 000 (section 1, steps 4 to 7) multiplies and divides by
# $q$ inside the logarithm and finds, without an inequality,
#
# $$\log p(x) = \underbrace{E_q\left[\log \frac{p(x, z)}{q(z|x)}\right]}_{\text{ELBO}} +
#   \underbrace{E_q\left[\log \frac{q(z|x)}{p(z|x)}\right]}_{KL(q \,\|\, p(z|x)) \;\ge\; 0} .$$
#
# With a latent that has only $Z$ states all three are finite sums, and you can look at them. For one datum $x$ you are given
# the logs of $p(z)$, of $p(x|z)$ and of $q(z|x)$ for each state. Recall that $p(x, z) = p(x|z)\,p(z)$, that
# $p(x) = \sum_z p(x, z)$ (001, line 19), and that $p(z|x) = p(x, z) / p(x)$.
#
# The divergence here is to the **posterior**. The one of section 2 was to the prior: another number, and with it the
# identity does not hold (E-002-02). Stay with logarithms to the end: a state of probability $e^{-30}$ is nothing special.


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    """Returns the ELBO, the divergence of q from the posterior, and log p(x), of one datum, in nats.

    Document 000, section 1, steps 4 to 8. The first two add up to the third.

    Args:
        log_pz: Log prior of each state; the probabilities sum to 1. Shape `[Z]`.
        log_px_given_z: Log-likelihood of the datum under each state. Shape `[Z]`.
        log_q: Log of q for each state; the probabilities sum to 1. Shape `[Z]`.

    Returns:
        Three scalars: `(elbo, kl, log_px)`.
    """
    # BEGIN SOLUTION
    log_joint = log_pz + log_px_given_z
    log_posterior = tf.nn.log_softmax(log_joint)
    q = tf.exp(log_q)
    return (
        tf.reduce_sum(q * (log_joint - log_q)),
        tf.reduce_sum(q * (log_q - log_posterior)),
        tf.reduce_logsumexp(log_joint),
    )
    # END SOLUTION


# %% [markdown]
# Below, $q$ walks in a straight line from the prior to the exact posterior of a model with three states, and a little
# beyond. The two areas always stack up to the same height, $\log p(x) = -0.713$: what $q$ loses in divergence the bound
# gains.

# %% tags=["experiment"]
if __name__ == "__main__":
    prior, likelihood = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.2, 0.4])
    posterior = prior * likelihood / np.sum(prior * likelihood)
    steps = np.linspace(0, 1.4, 57)
    rows = []
    for step in steps:
        q = prior + step * (posterior - prior)
        logs = [np.log(table).astype(np.float32) for table in (prior, likelihood, q)]
        rows.append([float(term) for term in elbo_identity_terms(*logs)])
    elbos, gaps, evidence = np.array(rows).T
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.fill_between(steps, elbos.min() - 0.01, elbos, color="#56B4E9", label="ELBO (above the axis' lower end)")
    axes.fill_between(steps, elbos, elbos + gaps, color="#E69F00", label="KL(q || posterior)")
    axes.plot(steps, evidence, "k", label="log p(x)")
    axes.axvline(1, color="k", linestyle=":", label="q = posterior")
    axes.set(xlabel="step from the prior (0) to the posterior (1) and beyond", ylabel="nats")
    axes.set(title="ELBO and divergence add up to log p(x)", ylim=(elbos.min() - 0.01, evidence[0] + 0.02))
    axes.legend(loc="lower right")
    plt.show()

# %% [markdown] question="when_the_bound_is_tight"
# ### In your own words: when is the bound tight?
#
# Document 001 derives the ELBO with Jensen's inequality, document 000 without it. (a) Name the step of document 000 that
# takes the place of Jensen's inequality, and the term that the inequality throws away. (b) For which $q$ is the bound equal
# to $\log p(x)$, and why is it the same $q$ in both derivations? (c) A Gaussian $q$ is fitted to a posterior with two
# separate modes: can the bound become tight?
#
# <!-- BEGIN SOLUTION -->
# (a) Steps 6 and 7 split off the expectation of the log ratio between $q$ and the true posterior; Jensen's inequality drops
# exactly that non-negative divergence. (b) Equality holds if and only if $q(z|x) = p(z|x)$: the divergence vanishes only for
# equal densities, and the ratio inside Jensen's logarithm is then the constant $p(x)$, for which the inequality is an
# equality. (c) No: every Gaussian differs from a two-mode posterior, the divergence stays positive, and maximising the bound
# picks the Gaussian with the least divergence, which tends to sit on one mode.
#
# **Rubric (4 points).** 1 point: steps 6 and 7 and the divergence to the posterior (not to the prior). 1 point: q equal to
# the posterior as the only case. 1 point: the ratio is constant, or an argument of the same force. 1 point: the gap stays,
# with the reason.
# <!-- END SOLUTION -->
