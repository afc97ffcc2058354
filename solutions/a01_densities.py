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
# - derive the divergence between two diagonal Gaussians, and say what each direction penalises;
# - derive Jensen's inequality for the logarithm, and say what it throws away;
# - split a cross-entropy into an entropy and a divergence, and $\log p(x)$ into the ELBO and a
#   divergence, and explain when the bound is tight;
# - tell a right formula from a wrong one by computing a number.
#
# **You need**: densities, expectations, logarithms and Bayes' rule; sums along an axis and
# broadcasting in NumPy or TensorFlow. No other notebook comes before this one.
#
# **Time**: about 6 hours, an estimate. Nothing is trained, and the figures take seconds.
#
# **Difficulty**: *hard* `elbo_identity_terms`, `when_the_bound_is_tight`, `find_the_bugs`;
# *some thought* `why_latent_variables`, `bernoulli_log_prob_probs`, `bernoulli_as_a_loss`,
# `gaussian_as_a_loss`, `kl_to_standard_normal`, `kl_diag_gaussians`, `gaussian_entropy`; *short*
# `posterior_from_joint`, `standard_normal_log_prob`, `bernoulli_log_prob_logits`,
# `gaussian_log_prob_fixed`, `gaussian_log_prob_learned`, `cross_entropy_terms`.
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
# to 004. They hold errors. Where this notebook deviates from them it says so; some other errors it
# leaves for you to find, in section 7. Our copies were converted to text, so an error in our copy
# may come from the conversion. Numbers such as *E-000-13* count the errata of document 000: the
# list, `ERRATA.md`, came with this notebook. The documents did not: your instructor hands them out,
# and the questions in your own words of sections 6 and 7 need document 000. Document 003 is itself an assignment: a theoretical part of three questions, and a practical part in Keras that we
# don't have. Its questions are asked here, below the formulas that they are about; a03 takes the
# place of the practical part.
#
# Under each answer stands a `check`. It runs your function on public cases, says what is wrong, and
# often knows why.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

LOG_2PI = float(np.log(2 * np.pi))

# %% [markdown]
# ## 1. Three distributions, and Bayes' rule on a table
#
# A model of this course is a **triple** of distributions (document 000, section 1 "ELBO for VAE"):
# the **prior** $p(z)$, what is believed of the latent before the data are seen; the **generator**
# $p_\theta(x|z)$, which makes data out of a latent; and the **inference model** $q_\phi(z|x)$,
# which guesses the latent from the data. The first two fix the joint $p(x, z) = p(x|z)\, p(z)$ by
# the chain rule (document 001, "Chain"), and with it two more: the **evidence** $p(x)$, and the
# **posterior** $p(z|x)$, what is believed of the latent after the data are seen. The third is free:
# it is made to resemble the posterior. In other words: prior and generator are the model, and $q$
# is a tool. Document 001 calls the data themselves the evidence; nearly everybody means the number
# $p(x)$, as the *evidence* lower bound does. $\theta$ and $\phi$ are the weights of networks; where
# nothing is trained, as in this notebook, they are left out.
#
# With finitely many values everything is a table. Let $p(x, z)$ stand in a table with a row for
# each $x$ and a column for each $z$; all entries sum to 1. Summing a row **marginalises** $z$ away
# and leaves the evidence; dividing the row by it leaves the posterior (001, "Marginalization" and
# "Bayes"):
#
# $$p(x) = \sum_z p(x, z), \qquad p(z|x) = \frac{p(x, z)}{p(x)} .$$
#
# Everything that follows is an attempt to get along without that sum. For a latent of real numbers
# it is an integral, although 001 writes sums throughout, and for real models nobody can do it. On a
# table we can, and it is worth having done it once. (Errata list, E-001-09.)


# %% question="posterior_from_joint"
def posterior_from_joint(p_xz):
    """Returns the posterior p(z|x) from a table of the joint p(x, z).

    Document 001, "Bayes".

    Args:
        p_xz: Joint probabilities, positive; the whole table sums to 1. Rows are x. Shape `[X, Z]`.

    Returns:
        Posterior probabilities; every row sums to 1. Shape `[X, Z]`.
    """
    # BEGIN SOLUTION
    return p_xz / tf.reduce_sum(p_xz, axis=1, keepdims=True)
    # END SOLUTION


# %% [markdown]
# An **expectation** is a sum over all values, each weighted by its probability (001,
# "Expectation"), $E_p[f(z)] = \sum_z p(z) f(z)$, or an integral. Where the sum has too many terms,
# the mean of $f$ over $L$ draws from $p$ takes its place, a **Monte Carlo** estimate. It is right
# on average, and its **standard error**, the standard deviation of the $f(z_l)$ divided by $\sqrt
# L$, says how far off to expect it. Below, the prior draws $z$ and the generator draws $x$, 0 or 1.
# $p(x = 1)$ is the expectation of $p(x = 1|z)$ under the prior, and the share of each $z$ among the
# draws with $x = 1$ is an estimate of the posterior, without Bayes' rule.

# %% tags=["experiment"]
if __name__ == "__main__":

    def draw_from_the_model(num_samples, seed=0):
        generator = np.random.default_rng(seed)
        prior, p_x1_given_z = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.2, 0.4])
        z = generator.choice(3, num_samples, p=prior)
        x = generator.random(num_samples) < p_x1_given_z[z]
        p_xz = prior * np.stack([1 - p_x1_given_z, p_x1_given_z])
        error = p_x1_given_z[z].std(ddof=1) / np.sqrt(num_samples)
        counts = np.bincount(z[x], minlength=3)
        print(f"{num_samples} draws")
        print(
            f"  p(x=1): exactly {p_xz[1].sum():.4f}, Monte Carlo "
            f"{p_x1_given_z[z].mean():.4f} +- {error:.4f}"
        )
        print(
            f"  p(z|x=1): exactly {np.round(posterior_from_joint(p_xz)[1], 4)}, "
            f"Monte Carlo {np.round(counts / counts.sum(), 4)}"
        )

    draw_from_the_model(100)
    draw_from_the_model(10000)

# %% [markdown]
# ## 2. The prior, and why logarithms
#
# Densities and probabilities of independent parts multiply, and their logarithms add (001, "Log
# Rules"): $\log(AB) = \log A + \log B$. The second form is not for convenience. A product of many
# factors below 1 leaves the range of the computer's numbers and becomes exactly 0; the sum of their
# logarithms is an ordinary number. So this course adds logarithms. Where probabilities must be
# *added*, as in $p(x) = \sum_z p(x, z)$, and only their logarithms $a_z$ are there, take the largest
# exponent out first:
#
# $$\log \sum_z e^{a_z} = m + \log \sum_z e^{a_z - m}, \qquad m = \max_z a_z .$$
#
# The largest term of the new sum is 1, so it can neither overflow nor vanish. Libraries call this
# *log-sum-exp*.

# %% tags=["experiment"]
if __name__ == "__main__":

    def show_underflow():
        factors, exponents = np.full(1000, 0.4), np.array([-1000.0, -1001.0])
        largest = exponents.max()
        with np.errstate(divide="ignore"):
            as_it_stands = np.log(np.sum(np.exp(exponents)))
        shifted = largest + np.log(np.sum(np.exp(exponents - largest)))
        print(f"the product of 1000 factors 0.4: {np.prod(factors)}")
        print(f"the sum of their logarithms:     {np.sum(np.log(factors)):.4f}")
        print(f"log(e^-1000 + e^-1001), as it stands:           {as_it_stands}")
        print(f"the same, with the largest exponent taken out:  {shifted:.4f}")

    show_underflow()

# %% [markdown]
# The latent variable of this course has $K$ real dimensions and the prior $p(z) = N(0, I)$:
# independent standard normal coordinates (003, eq. 3 and 4). Its log density is
#
# $$\log p(z) = -\tfrac12 \sum_{k=1}^K \left[ \log 2\pi + z_k^2 \right] .$$
#
# Our copy of document 003 has $e^{z_k^2/2}$ in eq. 5; with that sign the density would grow without
# limit. Note where the constant stands: inside the sum, once for each dimension. (Errata list,
# E-003-01.)


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    """Returns log N(z; 0, I), in nats.

    Document 000, section 6 "VIB with Normalizing Flow"; document 003, eq. 3 to 5.

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
# Question 1 of document 003 asks what the motivation could be for a latent variable model $p(x) =
# \int p(x|z)\, p(z)\, dz$ of high-dimensional data, instead of modelling $p(x)$ directly. Give two
# reasons. Then name the price. Document 001, "The Two Goals of VAE", names density estimation and
# inference (which is to compute $p(z|x)$; 001 says that $p(z|x)$ is given and the best $z$ is
# wanted). What becomes hard in each, and what do they share? Where 003 answers ("Variational lower
# bound & Approximate posterior distribution") our copy has $p_\theta(z|z)$ in the integral for
# $p_\theta(x|z)$. (Errata list, E-001-08 and E-003-05.)
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
# because $0 \log 0$ counts as 0; the computer returns NaN, so use a function that
# knows (to clip the probability at $10^{-7}$ is close enough here). A pixel with $\rho_d = 0$ that
# is 1 has log-likelihood $-\infty$; that is not tested here, and the next question is the cure.
# (Errata list, E-003-10.)


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
# cross-entropy, and it is the log-likelihood of $x$ *given* $z$, not of $x$. (Errata list,
# E-000-05.) Before you take a loss of Keras for either, find out what it sums and what it averages.


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    """Returns log p(x) of independent pixels, each Bernoulli with the given logit, in nats.

    sum over d of x_d a_d minus softplus of a_d. Document 000, section 3 "ELBO in practice for VAE";
    document 003, eq. 6 and 7.

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
# which factor lie between the two, in Keras as well. The loss of a VAE is $-\log p(x|z)$, averaged
# over $z \sim q$ and over the batch, plus a KL divergence that is summed over the latent dimensions
# (section 6): what goes wrong if Keras' loss takes the place of $-\log p(x|z)$ as it is? Show it by
# numbers: for an image of $D = 784$ pixels Keras' `binary_crossentropy` is 0.15, and the KL is 20
# nats. What share of the loss is the KL, as it should be and with the mistake?
#
# <!-- BEGIN SOLUTION -->
# The log of the product of $\rho_d^{x_d} (1-\rho_d)^{1-x_d}$ is the sum of section 3; of the two
# terms of a pixel one is 0. Its negative is the binary cross-entropy between the pixels and the
# probabilities, summed over pixels. Keras averages over the last axis: its loss is minus the
# log-likelihood divided by $D$. Added to a KL that is summed over the latent dimensions, the
# reconstruction then counts $D$ times too little: the objective is a beta-VAE with $\beta = D$ and
# tends to collapse to the prior.
#
# For the image of 784 pixels: $-\log p(x|z) = 784 \cdot 0.15 = 117.6$ nats, beside a KL of 20; with
# Keras' 0.15 the KL makes up 99 % of the loss, and 15 % without the mistake.
#
# **Rubric (4 points).** 1 point: the sum, with one term per pixel. 1 point: binary cross-entropy
# with the opposite sign. 1 point: Keras divides by D. 1 point: the KL then weighs D times too much,
# with both shares (half a point without them). Half of what a point asks for earns half a point.
# Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 4. Data that are real numbers
#
# For real-valued data the decoder returns the means $\mu_d$ of independent normal distributions. If
# all have one fixed standard deviation $\sigma$ (003, section 1.3),
#
# $$\log p(x|z) = \sum_{d=1}^D \left[ -\tfrac12 \log 2\pi - \log\sigma -
#   \frac{(x_d - \mu_d)^2}{2\sigma^2} \right] .$$
#
# The first two terms do not depend on the network, and training does not miss them. The *value*
# does: an ELBO without them is a bound on nothing, and two models with different $\sigma$ cannot be
# compared. Keep them. And read each $N(\cdot, \cdot)$ twice: what stands second is a variance in
# most places of the documents, and a standard deviation in some.


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    """Returns log N(x; mu, sigma^2 I), constants included, in nats.

    Document 003, section 1.3; document 000, section 4 "Closed form ELBO for VAE with Gaussian
    Latent", step 1.

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
# Only the distance is squared, not the quotient: in our copy document 000, section 6, has
# $\left((z - \mu) / \sigma^2\right)^2$, which is not a density. The same function serves as the
# log-likelihood of a decoder that learns its variances, so its arguments are called $x$, and $D$
# stands for $K$. (Errata list, E-000-13.)


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    """Returns log N(x; mu, diag(exp(log_var))), in nats.

    Document 003, eq. 10 to 12; document 000, section 6 "VIB with Normalizing Flow", corrected.

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
# is trained, and why can they not be dropped when $\sigma$ is learned? The loss of a VAE is $-\log
# p(x|z)$, its reconstruction term, averaged over $z \sim q$ and over the batch, plus a KL
# divergence: what does $\sigma$ do to the balance between the two? Show it by numbers: for a squared
# distance of 9, summed over the pixels, and a KL of 20 nats, compare the two at $\sigma = 0.1$ and
# at $\sigma = 1$.
#
# <!-- BEGIN SOLUTION -->
# It is the sum in section 4: minus the squared error divided by $2\sigma^2$, minus $D \log \sigma$
# and $(D/2) \log 2\pi$. The last two do not depend on $\mu$, so maximising the likelihood in $\mu$
# is minimising the squared error. In the loss the factor $1/(2\sigma^2)$ stays: a small $\sigma$
# weighs the reconstruction up against the KL, a large one down (it acts like $1/\beta$): the squared
# distance of 9 counts 450 nats at $\sigma = 0.1$ and 4.5 at $\sigma = 1$, beside 20. When
# $\sigma$ is learned, $D \log \sigma$ is what keeps it finite: without it the loss falls for ever
# as $\sigma$ grows.
#
# **Rubric (4 points).** 1 point: the squared error with its factor. 1 point: both constants, and
# that they don't depend on the means. 1 point: sigma sets the weight against the KL, with 450
# and 4.5 nats (half a point without them). 1 point: log sigma stops sigma from growing.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 5. How far is q from p?
#
# ### Averages of logarithms: Jensen's inequality
#
# The logarithm is concave: it lies below each of its tangents. The tangent at a point $m > 0$ says
#
# $$\log w \le \log m + \frac{w - m}{m} \qquad \text{for every } w > 0,
#   \text{ with equality at } w = m \text{ alone.}$$
#
# Now let $w(z) > 0$ be any function of $z \sim q$, put its mean $m = E_q[w]$ there, and average
# both sides under $q$. The fraction averages to 0, and what is left is **Jensen's inequality**:
#
# $$E_q[\log w] \le \log E_q[w] ,$$
#
# with equality if and only if $w$ is the same number at every $z$ that $q$ can draw. The difference
# of the two sides is *Jensen's gap*: the more $w$ varies relative to its mean, the larger it is.
#
# It is used twice in this notebook. First, the **divergence** of $q$ from $p$ (Kullback and
# Leibler),
#
# $$KL(q \| p) = E_q\left[\log \frac{q(z)}{p(z)}\right] = -E_q\left[\log \frac{p(z)}{q(z)}\right]
#   \ge -\log E_q\left[\frac{p(z)}{q(z)}\right] \ge -\log 1 = 0 ,$$
#
# is never negative: the last mean is the sum of $p(z)$ over all $z$ that $q$ can draw. It is 0 only
# if $p(z) / q(z)$ is constant, that is if $q = p$. The second use is section 6.
#
# ### What a loss on data measures
#
# Let $\text{Pop}(x)$ be the population that the data come from and $P_\Phi(x)$ a model of it.
# Document 004, slide "Latent Variable Assumptions", calls this the fundamental equation (its data
# are called $y$, and our copy has "P_op" for Pop):
#
# $$\Phi^* = \operatorname{argmin}_\Phi\; E_{x \sim \text{Pop}}\left[-\ln P_\Phi(x)\right] .$$
#
# The mean in it is the **cross-entropy**. Multiply and divide by $\text{Pop}(x)$ inside the
# logarithm:
#
# $$E_\text{Pop}\left[-\ln P_\Phi(x)\right] =
#   \underbrace{E_\text{Pop}\left[-\ln \text{Pop}(x)\right]}_{\text{entropy } H(\text{Pop})} +
#   \underbrace{E_\text{Pop}\left[\ln \frac{\text{Pop}(x)}{P_\Phi(x)}\right]}
#   _{KL(\text{Pop} \| P_\Phi) \;\ge\; 0} .$$
#
# (Document 004 writes $\ln$; it is our $\log$.) The entropy does not depend on $\Phi$. So the
# $\Phi$ with the least cross-entropy is the one with the least divergence, and a model that can be
# $\text{Pop}$ will be: that is what maximum likelihood aims at. Two things follow. The best loss is
# not 0 but $H(\text{Pop})$, so the size of a loss says nothing about a model while that is unknown.
# And the average is under the population, the *first* argument: each $x$ that occurs must get
# probability, and one that does not occur adds nothing, because $0 \log 0$ counts as 0.


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    """Returns the cross-entropy of a model, the entropy of the population, and their KL, in nats.

    Document 004, slide "Latent Variable Assumptions". The last two add up to the first.

    Args:
        pop: Probability of each value of x in the population; some may be exactly 0. Shape `[X]`.
        log_model: Log probability of each value under the model, between -30 and 0. Shape `[X]`.

    Returns:
        Three scalars in a tuple or a list: `(cross_entropy, entropy, kl)`.
    """
    # BEGIN SOLUTION
    # xlogy knows that 0 log 0 is 0.
    cross_entropy = -tf.reduce_sum(pop * log_model)
    entropy = -tf.reduce_sum(tf.math.xlogy(pop, pop))
    kl = tf.reduce_sum(tf.math.xlogy(pop, pop) - pop * log_model)
    return cross_entropy, entropy, kl
    # END SOLUTION


# %% [markdown]
# ### The divergence from the prior
#
# An encoder returns a diagonal Gaussian $q(z|x) = N(\mu, \mathrm{diag}\,\sigma^2)$, and the prior
# is $p(z) = N(0, I)$. Their divergence has a closed form ([Kingma and Welling
# 2014](https://arxiv.org/abs/1312.6114), appendix B), and you derive it. Both densities are
# products over dimensions, so their divergences add, and one dimension is enough:
#
# $$KL(q \| p) = E_q[\log q(z)] - E_q[\log p(z)] .$$
#
# Put in the two log densities of sections 4 and 2. Under the averages stand squares, and these you
# know: $E_q[(z-\mu)^2]$ is the variance $\sigma^2$, and $E_q[z^2] = \sigma^2 + \mu^2$, because
# $z = (z - \mu) + \mu$ and the product of the two parts averages to 0. The last step is yours: put
# the averages in, see what cancels, and sum over the dimensions. Two checks on paper catch many
# slips: at $\mu = 0$, $\sigma = 1$ the result is exactly 0, and everywhere else it is positive. (A
# wrong factor in front passes both.)
#
# Document 000 goes the same way in section 4, sometimes with $D_{KL}$ and sometimes with $-D_{KL}$
# on the left. It writes both densities in $x$ and integrates over $z$ (step 1): read $z$ for $x$
# there. Section 7 comes back to these steps. (Errata list, E-000-10.)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    """Returns KL(q(z|x) || N(0, I)) for a diagonal Gaussian q, in nats.

    Document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent"; document 003, eq. 13.

    Args:
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.

    Returns:
        One divergence per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # KL = 1/2 sum_k [mu_k^2 + sigma_k^2 - log(sigma_k^2) - 1]
    # expm1(log_var) is sigma^2 - 1, with all its digits where q is close to the prior.
    return 0.5 * tf.reduce_sum(mu**2 + tf.math.expm1(log_var) - log_var, axis=-1)
    # END SOLUTION


# %% [markdown]
# The second density need not be the prior. For $p = N(\mu_p, \mathrm{diag}\,\sigma_p^2)$ the same
# steps use
#
# $$E_q[(z - \mu_p)^2] = \sigma_q^2 + (\mu_q - \mu_p)^2 ,$$
#
# because $z - \mu_p = (z - \mu_q) + (\mu_q - \mu_p)$ (000, section 4, steps 5 and 6). Mind the
# order of the arguments: the average is taken under $q$, the first. With $q$ and $p$ exchanged you
# get another number, and the two directions ask for different things, as the figure below shows.
# Your result must be 0 at $q = p$, and at $p = N(0, I)$ the one that you had before.


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    """Returns KL(q || p) between two diagonal Gaussians, q first, in nats.

    Document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent", steps 2 to 6.

    Args:
        mu_q: Means of q. Shape `[B, K]`.
        log_var_q: Log variances of q (not standard deviations), between -30 and 30. Shape `[B, K]`.
        mu_p: Means of p. Shape `[B, K]`.
        log_var_p: Log variances of p, between -30 and 30. Shape `[B, K]`.

    Returns:
        One divergence per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # KL = 1/2 sum_k [log(var_p / var_q) + (var_q + (mu_q - mu_p)^2) / var_p - 1]
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
# Left, $KL(q \| p)$, the direction of the ELBO: a narrow $q$ near the middle is cheap, because it
# stays where $p$ has mass (it costs without limit only as $\log(1/\sigma)$ does), and a wide one is
# expensive. Right, $KL(p \| q)$, the direction of the cross-entropy: a narrow $q$ is far more
# expensive, because $p$ puts mass where $q$ has almost none, and a wide $q$ is cheap. Each of the
# four is due to one term of your formula.
#
# In this figure $q$ can equal $p$, and in both directions the best $q$ does. It cannot where $q$ is
# factorised and $p$ is correlated. If such a $p$ is Gaussian, the $q$ with the least $KL(q \| p)$
# is too narrow: each of its variances is that of one coordinate *given the others*, which for a
# correlated coordinate is smaller than its variance under $p$.
#
# ### The entropy of q
#
# The part of the divergence that only $q$ has is its **entropy**, minus the average log density
# under $q$:
#
# $$H(q) = -E_q[\log q(z)] .$$
#
# You averaged $\log q$ on the way to the divergence. Unlike the entropy of a table it may be
# negative: a density that is narrow enough has values above 1.


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    """Returns the differential entropy of a diagonal Gaussian, in nats; it may be negative.

    Minus the average under q of its log density (document 003, eq. 12).

    Args:
        log_var: Log variances, between -30 and 30. Shape `[B, K]`.

    Returns:
        One entropy per example, summed over the K dimensions. Shape `[B]`.
    """
    # BEGIN SOLUTION
    # H = 1/2 sum_k [log(sigma_k^2) + log(2 pi) + 1]
    return 0.5 * tf.reduce_sum(log_var + LOG_2PI + 1, axis=-1)
    # END SOLUTION


# %% [markdown]
# ## 6. The ELBO, exactly
#
# The evidence of a datum $x$ is an average under the prior, $p(x) = E_{p(z)}[p(x|z)]$, and under
# most priors nearly all $z$ explain a given $x$ badly. Let $q$ choose the $z$ instead, and let the
# ratio $w(z) = p(x, z) / q(z|x)$ make up for it (document 001, "Introduce latent variable"):
#
# $$\log p(x) = \log \sum_z p(x, z) = \log \sum_z q(z|x)\, \frac{p(x, z)}{q(z|x)}
#   = \log E_q[w] \;\ge\; E_q[\log w] = E_q\left[\log \frac{p(x, z)}{q(z|x)}\right] .$$
#
# The one inequality is Jensen's. (A $q$ that is 0 somewhere loses terms of the sum, and the bound
# holds all the more.) The right side is the **evidence lower bound**, the **ELBO**: an
# average of logarithms, which samples of $z$ estimate without bias. The chain rule and the log
# rules split it into the two terms that a VAE is trained with,
#
# $$\text{ELBO} = E_q[\log p(x|z)] + E_q\left[\log \frac{p(z)}{q(z|x)}\right]
#   = E_q[\log p(x|z)] - KL(q(z|x) \,\|\, p(z)) .$$
#
# In our copy document 002, section 3 "Variational Inference", lacks the inequality: it has $\log
# E_q[p(x, z) / q] = \mathscr{L}(\lambda)$. Document 003 gives as a reason for the bound that the gradients of
# $\log p(x)$ cannot be estimated efficiently. That is too strong: a weighted average over several
# samples of $q$ estimates them, with a bias that more samples make smaller. (Errata list, E-002-01
# and E-003-09.)
#
# What did the inequality throw away? Document 000 (section 1, steps 4 to 7) gets there without it.
# It multiplies and divides by $q$ inside the logarithm and finds, for any $q$ with $q(z|x) = 0$
# wherever $p(z|x) = 0$,
#
# $$\log p(x) = \underbrace{E_q\left[\log \frac{p(x, z)}{q(z|x)}\right]}_{\text{ELBO}} +
#   \underbrace{E_q\left[\log \frac{q(z|x)}{p(z|x)}\right]}_{KL(q \,\|\, p(z|x)) \;\ge\; 0} .$$
#
# With a latent that has only $Z$ states all three are finite sums, and you can look at them. For
# one datum $x$ you are given the logs of $p(z)$, of $p(x|z)$ and of $q(z|x)$ for each state. Recall
# that $p(x, z) = p(x|z)\,p(z)$, that $p(x) = \sum_z p(x, z)$ (001, "Marginalization"), and that
# $p(z|x) = p(x, z) / p(x)$.
#
# The divergence here is to the **posterior**. The one of section 5, and of the ELBO's second form,
# is to the prior: another number, and with it the identity does not hold (002 writes $KL(q \| p)$
# and leaves open which $p$ it means; see the errata list). Stay with logarithms to the end.


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    """Returns the ELBO, the divergence of q from the posterior, and log p(x), of a datum, in nats.

    Document 000, section 1 "ELBO for VAE", steps 4 to 8. The first two add up to the third.

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
# Document 001 derives the ELBO with Jensen's inequality; document 000 first derives an equation.
# (a) Which steps of document 000, section 1, are equalities, at which step does the bound arise,
# and where is Jensen's inequality hidden in it? (b) Take $p(z) = (0.2, 0.5, 0.3)$, $p(x|z) = (0.6,
# 0.1, 0.3)$, and for $q$ the prior, the posterior, and the table half way between them. For each
# compute $\log E_q[w]$ and $E_q[\log w]$ with $w = p(x, z) / q(z|x)$, and Jensen's gap, to five
# decimals, in a table. What does the first column show, and which term of the identity is the gap?
# Compute that too. (c) For which $q$ is the gap 0, and why must both derivations give the same $q$?
# (d) A Gaussian $q$ is fitted to a posterior with two separate modes: can the bound become tight?
#
# <!-- BEGIN SOLUTION -->
# (a) Steps 1 to 7 are equalities; 6 and 7 split off the expectation of the log ratio between $q$
# and the true posterior. The bound is the last line of step 8, which leaves that divergence out
# because it is never negative: and that it is not was shown by Jensen's inequality (section 5). (b)
#
# | q | $\log E_q[w]$ | $E_q[\log w]$ | gap | $KL(q \Vert p(z \vert x))$ |
# |---|---|---|---|---|
# | prior | -1.34707 | -1.61465 | 0.26758 | 0.26758 |
# | half way | -1.34707 | -1.41805 | 0.07098 | 0.07098 |
# | posterior | -1.34707 | -1.34707 | 0.00000 | 0.00000 |
#
# The first column is $\log p(x)$, whatever $q$ is; the gap is the divergence to the posterior, the
# term that Jensen's inequality throws away. (c) $q(z|x) = p(z|x)$ alone: the ratio inside Jensen's
# logarithm is then the constant $p(x)$, for which the inequality is an equality, and a ratio that
# is constant can only be $p(x)$, since it averages to it. The divergence vanishes only for equal
# densities. (d) No: every Gaussian differs from a two-mode posterior, the divergence stays
# positive, and maximising the bound picks the Gaussian with the least divergence, which tends to
# sit on one mode.
#
# **Rubric (5 points).** 1 point: step 8 drops the divergence of step 7. 1 point: the numbers.
# 1 point: the first column is constant, and the gap is the divergence to the posterior (not to the
# prior). 1 point: q equal to the posterior as the only case, because the ratio is constant there,
# or an argument of the same force. 1 point: the gap stays, with the reason. Half of what a point
# asks for earns half a point. Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% tags=["experiment", "solution"]
if __name__ == "__main__":

    def print_gaps():
        prior, likelihood = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.1, 0.3])
        posterior = prior * likelihood / np.sum(prior * likelihood)
        for name, q in (
            ("prior", prior),
            ("half way", (prior + posterior) / 2),
            ("posterior", posterior),
        ):
            w = prior * likelihood / q
            outer, inner = np.log(np.sum(q * w)), np.sum(q * np.log(w))
            divergence = np.sum(q * np.log(q / posterior))
            print(f"{name}: {outer:.5f} {inner:.5f} {outer - inner:.5f} {divergence:.5f}")

    print_gaps()

# %% [markdown]
# ## 7. Which of these claims hold?
#
# Five claims. Some hold, some don't (and an error in our copy of a document may come from the
# conversion to text). Claims 1 and 2 are formulas that you derived, so they are not printed here:
# look them up in document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent". Claims 4
# and 5 are a fellow student's.
#
# 1. 000, section 4, step 6: the formula for $D_{KL}(q \| p)$ at its end. Take $q = N(-0.6, 1.2^2)$
#    and $p = N(0.9, 0.7^2)$.
# 2. 000, section 4, step 7: the formula for $-D_{KL}(q \| p)$ with the prior as $p$. Take the same
#    $q$.
# 3. 003, eq. 11: the density of $q$, mean $m$ and standard deviation $s$, has
#    $e^{-(z_k - m_k)^2 / (2 z_k^2)}$ in each dimension. Take $m = -0.4$, $s = 1.3$, $z = 0.7$.
# 4. "Two models A and B of the same $x$, and the same $q$. A has the greater ELBO, so A gives $x$
#    the greater probability." Take $q = (0.6, 0.3, 0.1)$, A with $p(z) = (0.5, 0.3, 0.2)$ and
#    $p(x|z) = (0.35, 0.25, 0.3)$, B with $p(z) = (0.2, 0.2, 0.6)$ and $p(x|z) = (0.2, 0.1, 0.9)$.
# 5. "Measure $z$ in other units, $z' = 10 z$, under $q$ and under $p$. Then $KL(q \| p)$ stays what
#    it is, but $H(q)$ grows by $\log 10$ in each dimension." Take $q$ and $p$ of claim 1.
#
# A number in $N(\cdot, \cdot)$ is a mean or, squared, a standard deviation; all are in one
# dimension. Compute what the claim says and what is true, with your own functions or a few lines
# of NumPy. For a density there is one more witness: its total mass. Sum it over $[-10, 10]$ and
# over $[-100, 100]$.

# %%
# Your calculations. For example, the total mass of the standard normal density on [-9, 9]:
grid = np.linspace(-9, 9, 2001)
density = np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi)
np.sum(density) * (grid[1] - grid[0])

# %% [markdown] question="find_the_bugs"
# ### Your findings
#
# For each of the five claims: does it hold? The two numbers that show it, or, where it holds, that
# they agree. Where it does not: what is wrong, and the corrected claim. For claim 1 go back through
# section 4 of document 000 as well, and name every step that has the same fault. For claim 3 also
# give the masses. For claim 4 say what in general decides between A and B, and what the ELBO does
# decide for one model and two different $q$.
#
# <!-- BEGIN SOLUTION -->
# | claim | holds? | what the claim says | what is true |
# |---|---|---|---|
# | 1, step 6 (E-000-09) | no: it is $-D_{KL}$ | -2.72631 | 2.72631 |
# | 2, step 7 | yes | -0.21768 | -0.21768 |
# | 3, eq. 11 (E-003-02) | no: $2 z_k^2$ for $2 s_k^2$ | 0.08928 | 0.21453 |
# | 4, $\log p(x)$ | no: ELBO -1.20626 (A), -2.26861 (B) | A | -1.17118 (A), -0.51083 (B) |
# | 5, KL | yes | 2.72631 | 2.72631 |
# | 5, entropy | yes | 1.60126 + log 10 = 3.90385 | 3.90385 |
#
# Claim 1: the minus is lost in step 2 already, whose integrand is $q \log(p/q)$ under the name of
# $D_{KL}$ (E-000-08), and in step 3; steps 4 and 5 have $-D_{KL}$ on the left and hold, and step 6
# loses it again. Corrected: $D_{KL} = -[\ldots]$ with the bracket of step 6. Claim 3: the mass is
# 3.64 on $[-10, 10]$ and 37.1 on $[-100, 100]$: far out the exponent tends to $-1/2$, the density
# does not fall to 0, and no constant can normalise it; that of eq. 12 is 1.0000 on both. Claim 4:
# $\log p(x)$ is the ELBO plus the divergence of $q$ from that model's own posterior, and the two
# posteriors differ (the divergences are 0.03507 and 1.75778): a greater bound may only be a tighter
# one. For one model $\log p(x)$ is the same for both $q$, so the $q$ with the greater ELBO has the
# smaller divergence from the posterior. Claim 5: the ratio $q/p$ does not change with the units; a
# density is divided by 10.
#
# **Rubric (6 points).** 1 point: claim 1, with the numbers (half a point) and steps 2, 3 and 6
# (half a point; one of the three may be missing). 1 point: claim 2 holds, with the numbers.
# 1 point: claim 3, with the numbers and the masses. 2 points: claim 4, with the numbers (1) and
# with both general statements (1). 1 point: claim 5 holds, with both pairs of numbers. Half of what
# a point asks for earns half a point. Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% tags=["experiment", "solution"]
if __name__ == "__main__":

    def gaussian(mu, sigma):
        """Returns the mean and the log variance as arrays of one example and one dimension."""
        return np.array([[mu]]), np.array([[2 * np.log(sigma)]])

    def show(what, *values):
        print(f"{what}:", *(f"{float(np.squeeze(value)):.5f}" for value in values))

    def print_gaussian_claims():
        q, p = gaussian(-0.6, 1.2), gaussian(0.9, 0.7)
        step_6 = np.log(1.2 / 0.7) - (1.2**2 + (-0.6 - 0.9) ** 2) / (2 * 0.7**2) + 1 / 2
        step_7 = (1 + np.log(1.2**2) - 1.2**2 - (-0.6) ** 2) / 2
        show("1", step_6, kl_diag_gaussians(*q, *p))
        show("2", step_7, -kl_to_standard_normal(*q))
        show("5, KL", kl_diag_gaussians(*gaussian(-6, 12), *gaussian(9, 7)))
        entropy = gaussian_entropy(q[1])
        show("5, entropy", entropy, entropy + np.log(10), gaussian_entropy(gaussian(-6, 12)[1]))

    def print_density_claim():
        def eq_11(z):
            return np.exp(-((z + 0.4) ** 2) / (2 * z**2)) / np.sqrt(2 * np.pi * 1.3**2)

        show(
            "3",
            eq_11(0.7),
            np.exp(gaussian_log_prob_learned(*gaussian(0.7, 1)[:1], *gaussian(-0.4, 1.3))),
        )
        for end in (10, 100):
            # An even number of points leaves out z = 0, where eq. 11 divides by 0.
            z = np.linspace(-end, end, 400000)
            right = np.exp(-((z + 0.4) ** 2) / (2 * 1.3**2)) / np.sqrt(2 * np.pi * 1.3**2)
            print(
                f"3, mass on +-{end}: {np.sum(eq_11(z)) * (z[1] - z[0]):.4g}, "
                f"right {np.sum(right) * (z[1] - z[0]):.4f}"
            )

    def print_two_models():
        q = (0.6, 0.3, 0.1)
        for name, *model in (
            ("A", (0.5, 0.3, 0.2), (0.35, 0.25, 0.3)),
            ("B", (0.2, 0.2, 0.6), (0.2, 0.1, 0.9)),
        ):
            show(f"4, {name}", *elbo_identity_terms(*np.log([*model, q])))

    print_gaussian_claims()
    print_density_claim()
    print_two_models()

# %% [markdown]
# ## Papers
#
# - Kingma and Welling (2014). *Auto-Encoding Variational Bayes*. <https://arxiv.org/abs/1312.6114>
