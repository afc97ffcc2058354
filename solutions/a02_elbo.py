# %% [markdown]
# # Reparameterization and Monte Carlo, against exact log p(x)
#
# The ELBO is an expectation, and expectations are estimated by sampling. This notebook takes a
# model in which the evidence and the posterior are known exactly, so that every estimate can be
# held against the truth: the samples, the bound that they estimate, and the gradients that training
# follows. At the end you fit a $q$ by stochastic gradients and find the exact posterior.
#
# **When you are done** you can:
#
# - compute the exact evidence and posterior of a linear Gaussian model;
# - estimate the ELBO by sampling, and say which estimates are biased and what more samples change;
# - derive gradients of the ELBO, and estimate those that need samples by reparameterization;
# - write a training loop in TensorFlow that fits a Gaussian $q$.
#
# **You need**: the ELBO and the divergences of a01; multivariate Gaussians, inverses and
# determinants of matrices; the chain rule and the derivative of a softmax; bias, variance and
# Jensen's inequality; `GradientTape`, an optimizer and `tf.function` for the last code question.
#
# **Time**: about 7 hours, an estimate. The experiments, with one fit of 2000 steps, take some 15
# seconds on two processors.
#
# **Difficulty**: *hard* `why_the_naive_gradient_is_zero`, `fit_q`, `find_the_bugs`; *some
# thought* `linear_gaussian_log_px`, `linear_gaussian_posterior`, `why_one_sample_is_enough`,
# `three_estimates_of_the_evidence`, `grad_theta_enumerated`, `pathwise_gradient`; *short*
# `reparameterize`, `elbo_analytic_kl`, `elbo_single_sample`, `elbo_multi_sample`,
# `minibatch_log_lik`.
#
# **Notation.** As in the first assignment: $x$ is the data, $z$ the latent variable, $p(z)$ the
# prior, $q(z|x)$ the approximate posterior with means `mu` and log variances `log_var`
# $= \log \sigma^2$. Parameters of the model are called $\theta$, those of $q$ are called $\phi$.
# Sizes in shapes: `B` examples, `K` latent dimensions, `D` data dimensions, `L` samples, `S`
# examples of a minibatch, `Z` states of a discrete latent. Everything is in nats.
#
# **What your functions get and return.** Arguments come by position: float32 NumPy arrays, Python
# floats for scalars, Python ints for counts, and in two questions a function, whose docstring says
# what it takes. Return tensors, arrays, lists or numbers in float32 or float64, of the shape that
# the docstring gives. A value is right if it is within $10^{-5} + 10^{-4} |\text{right value}|$,
# unless the question says otherwise. Means of $q$ lie within $\pm 40$, its log variances within
# $\pm 30$, logits within $\pm 1000$, log densities within $\pm 3000$. An answer has 10 s for all
# its cases together, and a function that XLA compiles is compiled anew for each shape.
#
# **The documents.** Places such as *000, section 2* point into the lecture documents 000 to 004,
# numbers such as *E-000-02* into the list of their errata. This notebook needs no function of the
# first one: where a question uses a density or a divergence from there, write it in place. An
# error in our copy of a document may come from its conversion to text.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from vikit import plots

tfd = tfp.distributions
LOG_2PI = float(np.log(2 * np.pi))

# %% [markdown]
# ## 1. A model in which everything is known
#
# Document 003 writes the likelihood of a datum as an integral over the latent variable (eq. 2),
# $p(x) = \int p(x|z)\, p(z)\, dz$, and document 001 names the two things that one wants of a model:
# the density of the data, $p(x)$, and inference, $p(z|x)$ (lines 47 and 48; the second line asks
# for "the best z", but inference means the whole distribution, E-001-08). For neural networks both
# are out of reach. For one family they are not, the **linear Gaussian model** (probabilistic PCA,
# Tipping and Bishop 1999):
#
# $$z \sim N(0, I_K), \qquad x \,|\, z \sim N(W z + b,\; \sigma^2 I_D) .$$
#
# Write $x = W z + b + \sigma e$ with $e \sim N(0, I_D)$. A sum of independent Gaussians is
# Gaussian. Its mean is $b$, and the covariances of the two random parts add, $W I_K W^T$ from the
# latent and $\sigma^2 I_D$ from the noise:
#
# $$p(x) = N(x;\; b,\; W W^T + \sigma^2 I_D) .$$
#
# The log density of a $D$-dimensional Gaussian with mean $b$ and covariance $C$ is
# $-\tfrac12 [D \log 2\pi + \log \det C + (x-b)^T C^{-1} (x-b)]$. Solving a linear system, or a
# Cholesky factor, is safer than the inverse; for the determinant take its logarithm directly.


# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    """Returns the evidence log p(x) of the linear Gaussian model, in nats.

    Document 003, eq. 2; document 001, the two goals (line 47).

    Args:
        x: One datum. Shape `[D]`.
        W: Loadings, of the order of 1; D may be smaller than K, equal or larger. Shape `[D, K]`.
        b: Mean of x. Shape `[D]`.
        sigma: Standard deviation of the noise, at least 0.3. A float.

    Returns:
        A scalar.
    """
    # BEGIN SOLUTION
    C = tf.matmul(W, W, transpose_b=True) + sigma**2 * tf.eye(len(x))
    return tfd.MultivariateNormalTriL(loc=b, scale_tril=tf.linalg.cholesky(C)).log_prob(x)
    # END SOLUTION


# %% [markdown]
# The posterior is Gaussian too. By Bayes' rule its logarithm is, up to terms without $z$,
#
# $$\log p(z|x) = -\tfrac12 z^T z - \tfrac{1}{2\sigma^2} \|x - b - W z\|^2 + \dots
#   = -\tfrac12 z^T \left(I + \tfrac{1}{\sigma^2} W^T W\right) z + \tfrac{1}{\sigma^2} z^T W^T (x -
#   b) + \dots$$
#
# Compare that with $-\tfrac12 (z - m)^T \Lambda (z - m)$: the matrix between the two $z$ is the
# precision $\Lambda$, the inverse of the covariance, and the linear term is $z^T \Lambda m$. Prior
# and data each bring a precision, and these add. Note that the covariance does not depend on $x$ at
# all.


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    """Returns mean and covariance of the posterior p(z|x) of the linear Gaussian model.

    Document 001, the two goals (line 48); document 003, eq. 2.

    Args:
        x: One datum. Shape `[D]`.
        W: Loadings, of the order of 1. Shape `[D, K]`.
        b: Mean of x. Shape `[D]`.
        sigma: Standard deviation of the noise, at least 0.3. A float.

    Returns:
        `(mean, cov)`: the mean, shape `[K]`, and the covariance (not the precision, not a Cholesky
        factor), shape `[K, K]`.
    """
    # BEGIN SOLUTION
    W_T = tf.transpose(W)
    precision = tf.eye(W.shape[1]) + tf.matmul(W_T, W) / sigma**2
    cov = tf.linalg.inv(precision)
    mean = tf.linalg.matvec(cov, tf.linalg.matvec(W_T, x - b) / sigma**2)
    return mean, cov
    # END SOLUTION


# %% [markdown]
# For pictures one dimension is enough. The **toy model** of this notebook is $z \sim N(0, 1)$,
# $x|z \sim N(1.5\, z + 0.2,\; 0.8^2)$, with the datum $x = 1$. With your functions its evidence and
# posterior are two lines; they should be $-1.5603$, $0.4152$ and $0.4706^2 = 0.2215$.

# %%
TOY = (np.float32([1.0]), np.float32([[1.5]]), np.float32([0.2]), 0.8)


def toy_log_joint(z):
    """Returns log p(x, z) of the toy model at its datum, for z of any shape."""
    z = tf.cast(z, tf.float32)
    return tfd.Normal(0.0, 1.0).log_prob(z) + tfd.Normal(1.5 * z + 0.2, 0.8).log_prob(1.0)


# %% tags=["experiment"]
if __name__ == "__main__":
    print("log p(x):", np.asarray(linear_gaussian_log_px(*TOY)))
    print(
        "posterior mean and variance:",
        *(np.ravel(part) for part in linear_gaussian_posterior(*TOY)),
    )

# %% [markdown]
# ## 2. Samples that can be differentiated
#
# We want the gradient of $E_{q_\phi(z|x)}[f(z)]$ in the parameters $\phi$ of the distribution that
# is sampled from. A sample that a random number generator hands out does not remember $\mu$ and
# $\sigma$; moving the derivative inside the expectation, as if $q$ did not depend on $\phi$, gives
# another number (000, lines 31 to 33). The way out is to draw noise that has no parameters and to
# transform it (000, section 2; 003, eq. 20 to 22; 004, lines 45 to 49;
# [Kingma and Welling 2014](https://arxiv.org/abs/1312.6114);
# [Rezende, Mohamed and Wierstra 2014](https://arxiv.org/abs/1401.4082)):
#
# $$\epsilon \sim N(0, I), \qquad
#   z = g_\phi(\epsilon) = \mu + \sigma \odot \epsilon \sim N(\mu, \mathrm{diag}\, \sigma^2) .$$
#
# Now $E_{q}[f(z)] = E_{N(0, I)}[f(g_\phi(\epsilon))]$: the distribution is fixed, and $\phi$ stands
# inside $f$ where a gradient reaches it. In this course the noise is always an argument, so that
# your values can be checked; and since networks return $\log \sigma^2$, the standard deviation is
# $\sigma = \exp(\tfrac12 \log \sigma^2)$ (003, section 1.6). Document 001 calls the law of
# $\epsilon$ by the letter of the prior, $p(z)$ (lines 75 and 79); it is $N(0, I)$, whatever the
# prior is (E-001-04).


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    """Returns samples of q = N(mu, diag exp(log_var)), made from the given noise.

    The noise enters with a plus. Document 000, section 2 (lines 35-39); document 003, eq. 20 to 22.

    Args:
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.
        eps: Standard normal noise. Shape `[B, K]`.

    Returns:
        One sample per example. Shape `[B, K]`.
    """
    # BEGIN SOLUTION
    return mu + tf.exp(0.5 * log_var) * eps
    # END SOLUTION


# %% [markdown] question="why_the_naive_gradient_is_zero"
# ### In your own words: the naive gradient
#
# Take $\mathcal{L}(\phi) = E_{q_\phi}[\log p(x, z) - \log q_\phi(z)]$ and differentiate the bracket
# with $z$ held fixed: the *naive gradient*
# $E_{q_\phi}[\nabla_\phi (\log p(x, z) - \log q_\phi(z))]$. (a) Show that it is 0 for every $q$ and
# every model. (b) Which term of the true gradient is lost, and what is it called when it is written
# out? (c) Document 000 says that "SGD is not an unbiased estimator" here (line 31). What exactly is
# biased?
#
# <!-- BEGIN SOLUTION -->
# (a) With $z$ fixed $\log p(x, z)$ does not depend on $\phi$, so $-E_q[\nabla_\phi \log q_\phi(z)]$
# is left. That is $-\int q_\phi \frac{\nabla_\phi q_\phi}{q_\phi}\, dz = -\nabla_\phi \int q_\phi\,
# dz = -\nabla_\phi 1 = 0$. (b) The product rule on $\int q_\phi\, [\dots]\, dz$ has a second term,
# $\int \nabla_\phi q_\phi\, [\log p(x, z) - \log q_\phi]\, dz = E_q[\nabla_\phi \log q_\phi\, (\log
# p(x, z) - \log q_\phi)]$, the score-function term: how the weight of each $z$ changes. All of the
# true gradient is in it. (c) Not SGD, but the estimator that freezes $z$ (E-000-02): it has
# expectation 0 instead of the gradient (0.5203 for $\mu$ in the toy model at $q = N(0.3, 0.6^2)$).
# SGD with the reparameterized or the score-function gradient is unbiased.
#
# **Rubric (5 points).** 2 points: the expectation of the score is zero, with the interchange of
# derivative and integral. 2 points: the derivative of the weights q, as a formula or clearly in
# words. 1 point: the frozen estimator is biased, not stochastic gradient descent.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 3. The ELBO and its estimates
#
# Document 001 splits the bound into two terms (line 63), and document 003 does the same (eq. 8):
#
# $$\text{ELBO} = E_{q(z|x)}[\log p(x|z)] - KL\left(q(z|x) \,\|\, p(z)\right) \le \log p(x) .$$
#
# The KL to the *prior* has a closed form for Gaussians (003, eq. 13). Where document 000 replaces
# $\log p(x)$ by the reconstruction term but keeps the KL to the *posterior* (lines 57 and 63), the
# result is no bound at all (E-000-07). The first term is estimated with one sample
# $z = g_\phi(\epsilon)$ for each example, which the decoder turns into logits. What you return is
# to be *maximised*; document 000 uses the same letter for its negative, the loss (E-000-11).
#
# Both terms come from the first assignment; write them here in place. For pixels that are 0 or 1
# and logits $a$, $\log p(x|z)$ is the sum over pixels of $x_d a_d - \mathrm{softplus}(a_d)$, where
# $\mathrm{softplus}(a) = \log(1 + e^a)$ is to be had without overflow (`tf.nn.softplus`). The
# divergence is $KL = \tfrac12 \sum_k \left(\mu_k^2 + \sigma_k^2 - \log \sigma_k^2 - 1\right)$.


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    """Returns the ELBO of a Bernoulli decoder, one sample of z and the KL in closed form, in nats.

    To be maximised. Document 001, line 63; document 003, eq. 8, 9 and 13.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: The decoder's logits at the one z drawn for each example, up to +-1000. Shape `[B,
            D]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.

    Returns:
        One ELBO per example. Shape `[B]`.
    """
    # BEGIN SOLUTION
    log_px_given_z = tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)
    kl = 0.5 * tf.reduce_sum(mu**2 + tf.math.expm1(log_var) - log_var, axis=-1)
    return log_px_given_z - kl
    # END SOLUTION


# %% [markdown]
# Without a closed form for the KL everything can be sampled (000, lines 41 to 43):
#
# $$\tilde{\mathcal{L}} = \log p(x|z) + \log p(z) - \log q(z|x), \qquad z = g_\phi(\epsilon) .$$
#
# Document 000 goes on to call this $\log p(x)$ minus a divergence (line 57). That is true of its
# expectation, not of a sample (E-000-04). In the same way $\log q(z|x) - \log p(z)$ has the KL as
# its expectation, which is never negative, but a single sample of it may well be: leave its sign
# alone (E-000-24).


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    """Returns the one-sample estimate of the ELBO, in nats.

    Document 000, section 2 (lines 41-43).

    Args:
        log_px_given_z: Log-likelihood of each example at its sample of z. Shape `[B]`.
        log_pz: Log prior density of that sample. Shape `[B]`.
        log_qz_given_x: Log density of q at that sample. Shape `[B]`.

    Returns:
        One estimate per example. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return log_px_given_z + log_pz - log_qz_given_x
    # END SOLUTION


# %% [markdown]
# With $L$ samples the estimates are averaged (002, lines 767 to 782; 003, eq. 18 and 19). Write
# $w_l = p(x, z_l) / q(z_l|x)$; you are given the $\log w_l$. The average of the *logarithms*
# estimates the ELBO. The logarithm of the average of the $w_l$ is another, tighter bound, which a
# later assignment is about.


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    """Returns the estimate of the ELBO from L samples for each example, in nats.

    Document 002, lines 767-782; document 003, eq. 18 and 19.

    Args:
        log_w: log p(x, z) - log q(z|x) at each sample. Shape `[L, B]`.

    Returns:
        One estimate per example. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return tf.reduce_mean(log_w, axis=0)
    # END SOLUTION


# %% [markdown]
# The figure repeats the estimate 4000 times in the toy model at $q = N(0.3, 0.6^2)$. All three
# histograms have the same mean, the exact ELBO of $-1.6601$, below $\log p(x)$: more samples lower
# the variance (as $1/L$), they don't raise the bound. Single estimates do exceed $\log p(x)$; only
# their expectation may not.

# %% tags=["experiment"]
if __name__ == "__main__":

    def plot_histograms():
        generator = np.random.default_rng(0)
        _, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        for count, colour in ((1, "#0072B2"), (10, "#E69F00"), (100, "#009E73")):
            drawn = generator.normal(0.3, 0.6, (count, 4000)).astype(np.float32)
            log_w = np.asarray(toy_log_joint(drawn) - tfd.Normal(0.3, 0.6).log_prob(drawn))
            estimates = np.asarray(elbo_multi_sample(log_w))
            label = f"L = {count}, standard deviation {estimates.std():.2f}"
            axes.hist(
                estimates,
                np.linspace(-4, 0, 101),
                density=True,
                histtype="step",
                lw=2,
                color=colour,
                label=label,
            )
        axes.axvline(-1.660136, color="k", linestyle="--", label="exact ELBO")
        axes.axvline(
            float(linear_gaussian_log_px(*TOY)), color="k", linestyle=":", label="log p(x)"
        )
        axes.set(
            xlabel="estimate, in nats",
            ylabel="density",
            title="4000 estimates of the ELBO from L samples each",
        )
        axes.legend(loc="upper left")
        plt.show()

    plot_histograms()

# %% [markdown] question="why_one_sample_is_enough"
# ### In your own words: why is one sample enough?
#
# Document 003 trains with $L = 1$ and says that this works well (after eq. 19). (a) What property
# of the estimate makes SGD with $L = 1$ go to the same place as with $L = 100$, and what differs on
# the way? (b) You can afford 100 evaluations of the decoder for each step: 100 examples with
# $L = 1$, or 1 example with $L = 100$. Which do you take, and why? (c) For which use of the ELBO is
# $L = 1$ for each example *not* enough?
#
# <!-- BEGIN SOLUTION -->
# (a) The gradient is unbiased for every $L$: its expectation is the gradient of the ELBO, so with
# decreasing steps (or averaged iterates) the same optimum is approached; only the noise of the
# steps differs, with variance proportional to $1/L$. (b) 100 examples: the variance of the step has
# a part from the choice of the examples and one from $\epsilon$. More examples with fresh noise
# each reduce both, more samples of one example only the second, while the first, usually the
# larger, stays as it is. (c) Where a single value is reported or compared: the ELBO of one datum, a
# test score of few data, early stopping, or anything that is not linear in the estimate (the
# importance-weighted bound, a maximum over models), where noise does not average out.
#
# **Rubric (5 points).** 2 points: unbiased for every L, variance as 1/L. 2 points: many examples,
# because both sources of variance fall. 1 point: a use that is an evaluation or is not linear.
# <!-- END SOLUTION -->

# %% [markdown]
# The same idea works for the data. The log-likelihood of a data set is a sum over $N$ data (003,
# eq. 1), and a minibatch of $S$ of them, drawn at random, stands for all. Document 000, line 61,
# divides the sums over the data $\mathcal{D}$ and over the minibatch $\mathcal{M}$ both by the
# minibatch's size, $\mathcal{N}_\mathcal{M}$ (our $S$), as if the two sums were equal (E-000-06).
# It is the *averages* that are about equal.


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    """Returns an unbiased estimate of the log-likelihood of all data, from a minibatch, in nats.

    Document 000, section 3 (line 61), corrected.

    Args:
        log_lik: Log-likelihoods of the data in the minibatch. Shape `[S]`.
        num_data: How many data there are in all. An int.

    Returns:
        A scalar.
    """
    # BEGIN SOLUTION
    return num_data * tf.reduce_mean(log_lik)
    # END SOLUTION


# %% [markdown] question="three_estimates_of_the_evidence"
# ### In your own words: three ways to log p(x)
#
# The figure below estimates $\log p(x)$ of a sharper toy model ($\sigma = 0.1$) in three ways:
# prior Monte Carlo, the logarithm of the average of $p(x|z_l)$ with $z_l \sim p(z)$; the ELBO, with
# a $q$ close to the posterior; and quadrature, a sum over an even grid. For each of the three say:
# (a) is it biased for $\log p(x)$, and in which direction; (b) what happens to it when the latent
# has 20 dimensions instead of one; (c) whether it can serve as an objective for training, and what
# it needs.
#
# <!-- BEGIN SOLUTION -->
# Prior Monte Carlo: the average is unbiased for $p(x)$, so by Jensen's inequality its logarithm is
# too low on average, and consistent as $L$ grows; few prior samples fall where $p(x|z)$ is large,
# the fewer the sharper the likelihood and the more dimensions there are, so its error grows
# exponentially in them; trainable in principle, useless in practice. ELBO: too low by exactly
# $KL(q \| p(z|x))$, however many samples are taken; with 20 dimensions it costs the same, if $q$ is
# good; it is what is trained, with a $q$ that follows the posterior and reparameterized gradients.
# Quadrature: no randomness, error of either sign that vanishes quickly once the grid resolves the
# posterior; $n^{20}$ points in 20 dimensions are impossible; a check in one or two dimensions, not
# an objective.
#
# **Rubric (5 points).** 1 point: prior Monte Carlo low by Jensen. 1 point: the ELBO's gap is the
# divergence to the posterior and does not shrink with L. 1 point: quadrature exact in one
# dimension, impossible in 20. 1 point: why prior samples fail in many dimensions. 1 point: the ELBO
# is the one that is trained, with the reason.
# <!-- END SOLUTION -->

# %% tags=["experiment"]
if __name__ == "__main__":
    SHARP = (*TOY[:3], 0.1)
    prior = tfd.Normal(0.0, 1.0)

    def likelihood(z):
        return tfd.Normal(1.5 * z + 0.2, 0.1).log_prob(1.0)

    def quadrature(count):
        cells = np.linspace(-6, 6, count + 1, dtype=np.float32)
        middle = (cells[1:] + cells[:-1]) / 2
        return tf.reduce_logsumexp(likelihood(middle) + prior.log_prob(middle)) + np.log(12 / count)

    def plot_three_estimates():
        generator = np.random.default_rng(1)
        mean, cov = (float(np.ravel(part)[0]) for part in linear_gaussian_posterior(*SHARP))
        q = tfd.Normal(mean + 0.03, 1.3 * cov**0.5)
        counts = np.unique(np.geomspace(1, 3000, 16).astype(int))
        of_prior, of_q = [], []
        for count in counts:
            drawn = generator.normal(size=(count, 300)).astype(np.float32)
            of_prior.append(tf.reduce_logsumexp(likelihood(drawn), axis=0) - np.log(count))
            z = q.loc + q.scale * drawn
            of_q.append(
                elbo_multi_sample(np.asarray(likelihood(z) + prior.log_prob(z) - q.log_prob(z)))
            )
        quantiles = {
            f"{name}: median and 90 % of 300 runs": np.quantile(
                estimates, [0.05, 0.5, 0.95], axis=1
            ).T
            for name, estimates in (("prior Monte Carlo", of_prior), ("ELBO", of_q))
        }
        plots.bands(
            counts,
            quantiles,
            {"quadrature on [-6, 6]": [quadrature(count) for count in counts]},
            "samples, or points of the grid",
            reference=("log p(x)", float(linear_gaussian_log_px(*SHARP))),
            title="Three estimates of log p(x), toy model with noise 0.1",
        )

    plot_three_estimates()

# %% [markdown]
# ## 4. Gradients
#
# ### In the parameters of the model
#
# With a discrete latent no sampling is needed. Let the prior and $q$ be softmaxes of logits,
# $p = \mathrm{softmax}(\theta)$ and $q = \mathrm{softmax}(\phi)$, for one datum, so that
#
# $$\text{ELBO}(\theta, \phi) = \sum_z q_z \left[\log p_z + \log p(x|z) - \log q_z\right] .$$
#
# Document 001 differentiates this in $\theta$ (line 67), but exchanges the subscripts of $p$ and
# $q$ on the way; read literally, $q$ depends on $\theta$, and the result is another (E-001-01). And
# the entropy term does not become "z" under the brace, it becomes 0, because $q$ holds no $\theta$
# (E-001-02). With the subscripts put right, the weights $q_z$ stay as they are, and the derivative
# goes inside to the only thing that depends on $\theta$,
# $\log p_z = \theta_z - \log \sum_{z'} e^{\theta_{z'}}$. Work out the two parts of its derivative
# in $\theta_j$. Neither $\log p(x|z)$ nor the entropy is left in the answer; that is the lesson,
# and the reason why the arguments hold one that you don't need.


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    """Returns the exact gradient of the ELBO in the prior's logits theta: a sum over states of z.

    The log-likelihood and the entropy of q don't depend on theta, so they drop out. Document 001,
    line 67, corrected.

    Args:
        theta: Logits of the prior. Shape `[Z]`.
        phi: Logits of q. Shape `[Z]`.
        log_px_given_z: Log-likelihood of the datum under each state. Shape `[Z]`.

    Returns:
        The gradient, with respect to the logits; it sums to 0. Shape `[Z]`.
    """
    # BEGIN SOLUTION
    return tf.nn.softmax(phi) - tf.nn.softmax(theta)
    # END SOLUTION


# %% [markdown]
# ### In the parameters of q
#
# Here the samples must carry the gradient. By the chain rule through
# $z_l = \mu + \sigma \odot \epsilon_l$,
#
# $$\nabla_\mu E_q[f(z)] \approx \frac1L \sum_l \nabla f(z_l), \qquad
#   \frac{\partial z_l}{\partial v} = \frac{\partial}{\partial v}\, e^{v/2} \epsilon_l \quad (v =
#   \log \sigma^2),$$
#
# one latent dimension at a time (001, line 81; 003, eq. 24 to 29; 002, lines 440 to 447). In our
# copy of document 003 the right side of eq. 29 has $\nabla_\theta$; it is $\nabla_\phi$, as on the
# left (E-003-08). Here $f$ is any function and you get its gradient: `grad_f` maps all samples at
# once, `[L, K]`, to their gradients, `[L, K]`, one row for each. Differentiate $f$ alone: no
# entropy, no KL.


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    """Returns the reparameterized estimate of the gradient of E_q[f(z)] in mu and log_var.

    Document 001, line 81; document 003, eq. 24 to 29.

    Args:
        mu: Means of q. Shape `[K]`.
        log_var: Log variances of q (not standard deviations), between -30 and 30. Shape `[K]`.
        eps: Standard normal noise, one row per sample. Shape `[L, K]`.
        grad_f: The gradient of f: a function from samples, an array or tensor `[L, K]`, to
            gradients, a float32 tensor `[L, K]`. Call it once.

    Returns:
        `(d_mu, d_log_var)`, averaged over the L samples. Shape `[K]` each.
    """
    # BEGIN SOLUTION
    z = reparameterize(mu, log_var, eps)
    grad_z = grad_f(z)
    d_mu = tf.reduce_mean(grad_z, axis=0)
    # dz / d log_var = 1/2 sigma eps = 1/2 (z - mu).
    d_log_var = tf.reduce_mean(grad_z * 0.5 * (z - mu), axis=0)
    return d_mu, d_log_var
    # END SOLUTION


# %% [markdown]
# In the toy model $f(z) = \log p(x, z)$ is a quadratic, and the true gradient of the ELBO in $\mu$
# a straight line through 0 at the posterior mean. (The entropy of $q$ does not depend on $\mu$: the
# gradient of $E_q[f(z)]$ is all there is.) The figure shows it with two estimates from 10 samples
# each. The naive one scatters around 0 wherever $q$ is: a search that follows it wanders about.

# %% tags=["experiment"]
if __name__ == "__main__":

    def plot_gradients():
        generator = np.random.default_rng(2)
        mean, cov = (float(np.ravel(part)[0]) for part in linear_gaussian_posterior(*TOY))

        def slope_of_log_joint(z):
            return tfp.math.value_and_gradient(toy_log_joint, tf.cast(z, tf.float32))[1]

        means = np.linspace(-1, 2, 61, dtype=np.float32)
        pathwise, naive = [], []
        for centre in means:
            drawn = generator.normal(size=(10, 1)).astype(np.float32)
            q = np.float32([centre]), np.float32([2 * np.log(0.6)])
            pathwise.append(float(np.ravel(pathwise_gradient(*q, drawn, slope_of_log_joint)[0])[0]))
            frozen = tf.constant(centre + 0.6 * drawn)

            def objective(where, z=frozen):
                return tf.reduce_mean(toy_log_joint(z) - tfd.Normal(where, 0.6).log_prob(z))

            naive.append(float(tfp.math.value_and_gradient(objective, tf.constant(centre))[1]))
        _, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        axes.plot(means, (mean - means) / cov, "k", label="true gradient")
        axes.plot(means, pathwise, "o", color="#0072B2", ms=4, label="pathwise, 10 samples")
        axes.plot(means, naive, "x", color="#D55E00", ms=5, label="naive (z frozen), 10 samples")
        axes.axvline(mean, color="k", linestyle=":", label="posterior mean")
        axes.set(
            xlabel="mean of q (standard deviation 0.6)", ylabel="gradient of the ELBO in the mean"
        )
        axes.set(title="Naive, true and pathwise gradient")
        axes.legend()
        plt.show()

    plot_gradients()

# %% [markdown]
# ## 5. Fit q by stochastic gradients
#
# Now put it together (000, lines 29 and 51). Given nothing but the function $\log p(x, z)$ of one
# latent, find the Gaussian $q = N(\mu, \sigma^2)$ that maximises
#
# $$\text{ELBO}(\mu, \sigma) = E_q[\log p(x, z)] + H(q), \qquad
#   H(q) = \log \sigma + \text{constant} ,$$
#
# by following noisy gradients. The first term takes reparameterized samples, the entropy is exact.
# $\sigma$ must stay positive: train its logarithm. In the models that this is graded on the
# posterior is Gaussian, so the best $q$ is the posterior itself, and you are right if $\mu$ and
# $\sigma$ are at most 0.05 away from it. Its mean lies within $\pm 3$, its standard deviation
# between 0.2 and 1. Grading runs `num_steps = 2000` on three models drawn for you, each with a seed
# of its own; all three together may take 60 s. A step in plain TensorFlow takes some milliseconds,
# and there are 6000: compile it with `tf.function`.


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    """Returns mu and sigma of the q = N(mu, sigma^2) that maximises E_q[log p(x, z)] + H(q).

    Hint: take 10 samples of z a step, and return the mean of mu and of sigma over the last half of
    the steps: the search never stops jumping around the optimum, but its average settles. Document
    000, section 2 (lines 29 and 51).

    Args:
        log_joint: log p(x, z) as a function of z, a float32 tensor `[n]`, to `[n]`; TensorFlow can
            differentiate it.
        num_steps: How many steps to take. An int.
        seed: Seed of the random numbers. An int from 0 to 2**31 - 1.

    Returns:
        `(mu, sigma)`, two floats; sigma is a standard deviation, above 0.
    """
    # BEGIN SOLUTION
    mu, log_sigma = tf.Variable(0.0), tf.Variable(0.0)
    optimizer = tf.keras.optimizers.Adam(0.03)
    optimizer.build([mu, log_sigma])

    @tf.function
    def train(eps):
        path = tf.TensorArray(tf.float32, num_steps)
        for step in tf.range(num_steps):
            with tf.GradientTape() as tape:
                z = mu + tf.exp(log_sigma) * eps[step]
                elbo = tf.reduce_mean(log_joint(z)) + log_sigma
                loss = -elbo
            gradients = tape.gradient(loss, [mu, log_sigma])
            optimizer.apply_gradients(zip(gradients, [mu, log_sigma], strict=True))
            path = path.write(step, tf.stack([mu, tf.exp(log_sigma)]))
        return tf.reduce_mean(path.stack()[num_steps // 2 :], axis=0)

    mean_mu, mean_sigma = train(tf.random.stateless_normal([num_steps, 10], [seed, 0]))
    return float(mean_mu), float(mean_sigma)
    # END SOLUTION


# %% [markdown]
# The landscape that this search climbs, for the toy model: the ELBO of every $(\mu, \sigma)$,
# estimated by your `elbo_multi_sample` with 200 fixed, evenly spread values of $\epsilon$. It has a
# single summit, at the exact posterior, and its height there is $\log p(x)$. Elsewhere it
# is lower by $KL(q \| p(z|x))$, the left panel of a01, section 5, with the posterior for $p$: as
# $\sigma \to 0$ the entropy takes the ELBO down without limit, but only as $\log \sigma$; for a
# wide $q$ it falls as $-\sigma^2$.

# %% tags=["experiment"]
if __name__ == "__main__":

    def elbo_gaps(means, sigmas):
        """Returns log p(x) - ELBO of the toy model for q = N(mean, sigma^2), in nats."""
        levels = tf.cast((np.arange(200) + 0.5) / 200, tf.float32)
        spread = tfd.Normal(0.0, 1.0).quantile(levels)[:, None]
        flat = [grid.reshape(-1).astype(np.float32) for grid in (means, sigmas)]
        placed = flat[0] + flat[1] * spread
        log_w = toy_log_joint(placed) - tfd.Normal(*flat).log_prob(placed)
        elbo = np.asarray(elbo_multi_sample(np.asarray(log_w))).reshape(means.shape)
        return float(linear_gaussian_log_px(*TOY)) - elbo

    def plot_landscape():
        mean, cov = (float(np.ravel(part)[0]) for part in linear_gaussian_posterior(*TOY))
        means, sigmas = np.meshgrid(np.linspace(-0.8, 1.6, 97), np.linspace(0.08, 1.4, 89))
        found = fit_q(toy_log_joint, 2000, 0)
        figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
        steps = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2]
        shades = {"levels": steps, "norm": "symlog", "cmap": "viridis_r", "extend": "max"}
        filled = axes.contourf(means, sigmas, elbo_gaps(means, sigmas), **shades)
        white = {"color": "white", "markeredgecolor": "black"}
        axes.plot(mean, cov**0.5, "*", ms=16, label="exact posterior", **white)
        axes.plot(*found, "+", color="#D55E00", ms=12, mew=2, label="your fit_q, 2000 steps")
        axes.plot(0.3, 0.6, "o", label="q = N(0.3, 0.6²) of the histograms", **white)
        axes.set(
            xlabel="mean of q", ylabel="standard deviation of q", title="ELBO of the toy model"
        )
        axes.legend(loc="upper right")
        figure.colorbar(filled, ax=axes, label="log p(x) - ELBO, in nats", ticks=steps, format="%g")
        plt.show()
        print(f"fit_q: {found[0]:.4f}, {found[1]:.4f}; posterior: {mean:.4f}, {cov**0.5:.4f}")

    plot_landscape()

# %% [markdown]
# ## 6. Find the bugs in the notes
#
# Four lines of the lecture are wrong in our copy:
#
# 1. 000, line 57: $\tilde{\mathcal{L}}(x) = \log p_\theta(x, z) - \log q_\phi(z|x) = \log
#    p_\theta(x) - D_{KL}(q_\phi(z|x) \| p_\theta(z|x))$, with $z = g(\epsilon, \phi, x)$;
# 2. 000, line 61: $\frac{1}{\mathcal{N}_\mathcal{M}} \log p_\theta(\mathcal{D}) \simeq
#    \frac{1}{\mathcal{N}_\mathcal{M}} \log p_\theta(\mathcal{M})$;
# 3. 003, eq. 29: $E_{N(\epsilon|0, I)}[\nabla_\phi \log p_\theta(x|g_\phi(\epsilon))] \approx
#    \frac1L \sum_l \nabla_\theta \log p_\theta(x|g_\phi(\epsilon))$;
# 4. 001, line 79: $f = \mu + \sigma \epsilon$ with $\epsilon \sim p(z)$ (their $f$ is the sample,
#    our $z$).
#
# For each compute what it says in our copy and what it should say. 1: in the toy model at
# $q = N(0.3, 0.6^2)$ for the noise $\epsilon = 0.7$. 2: for the data of the cell below under the
# model $N(0, 1)$, with the first 50 as the minibatch. 3: in the toy model at the same $q$, the
# exact expectation of both gradients, where $\phi$ is the mean of $q$ and $\theta$ is the loading
# 1.5. 4: $E[z^2]$ for $q = N(0.3, 0.6^2)$ if the prior, and so that line's law of $\epsilon$, is
# $N(2, 0.5^2)$.

# %%
# Your calculations. The data of the second line:
data = np.random.default_rng(0).normal(size=1000)
minibatch = data[:50]

# %% [markdown] question="find_the_bugs"
# ### Your findings
#
# For each of the four lines: what is wrong, the corrected line, and the numbers.
#
# <!-- BEGIN SOLUTION -->
# | line | wrong | in our copy | right |
# |---|---|---|---|
# | 000, line 57 (E-000-04) | holds for the expectation, not for one sample | -1.660136 | -1.282071 |
# | 000, line 61 (E-000-06) | the left side needs the size of the data instead | -27.94, -1.34 | -1.40, -1.34 |
# | 003, eq. 29 (E-003-08) | $\nabla_\theta$ for $\nabla_\phi$ (and the index of $\epsilon^{(l)}$ is lost) | -0.6797 | 0.8203 |
# | 001, line 79 (E-001-04) | the noise has the law $N(0, 1)$, not that of the prior | 2.34 | 0.45 |
#
# For one sample the first reads $\log p(x) - \log [q(z) / p(z|x)]$. In the second the two sides are
# -27.942301 and -1.342339 in our copy, -1.397115 and -1.342339 as they should be: the factor is
# $1000/50$. For the third, $E_q[\log p(x|z)]$ has the derivative $w (x - w\mu - b)/\sigma^2$ in
# $\mu$ and $[\mu (x - b) - w (\mu^2 + s^2)] / \sigma^2$ in $w$, where $s$ is the standard deviation
# of $q$.
#
# **Rubric (5 points).** 1 point: line 57, with both numbers. 1 point: line 61, with the factor
# of 20. 1 point: eq. 29, with both gradients. 1 point: line 79, with both numbers. 1 point: the
# four corrected lines.
# <!-- END SOLUTION -->

# %% [markdown]
# ## Papers
#
# - Kingma and Welling (2014). *Auto-Encoding Variational Bayes*. <https://arxiv.org/abs/1312.6114>
# - Rezende, Mohamed and Wierstra (2014). *Stochastic Backpropagation and Approximate Inference in
#   Deep Generative Models*. <https://arxiv.org/abs/1401.4082>
# - Tipping and Bishop (1999). *Probabilistic Principal Component Analysis*. Journal of the Royal
#   Statistical Society, Series B, 61(3).
