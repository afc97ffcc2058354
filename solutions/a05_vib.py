# %% [markdown]
# # The variational information bottleneck
#
# The VAE learns a code $z$ from which the image $x$ can be had back. Often nobody wants the image
# back: what matters is a label $y$. Document 000, section 5 "Variational Information Bottleneck
# (VIB)", changes one letter of the VAE's loss, $\log p(x|z)$ to $\log p(y|z)$, and calls the loss
# "almost identical". The letter changes what the code is for. It may now forget everything of $x$
# that says nothing about $y$, and a weight $\beta$ says how much forgetting is worth
# ([Alemi et al. 2017](https://arxiv.org/abs/1612.00410)). In this notebook you find out which two
# bounds such a loss is made of, write it, compute both sides of the bounds on a table where
# everything is exact, and train a classifier whose every prediction passes through a noisy channel
# of known width.
#
# **When you are done** you can:
#
# - derive the bounds behind the information bottleneck, and say what each term measures;
# - write its loss, for samples and exactly on tables;
# - build and train a classifier with a stochastic code, and average its predictions correctly;
# - read an information plane, and explain what $\beta$ does to accuracy and calibration.
#
# **You need**: from a01 the divergence between Gaussians, why a divergence is never negative, and
# how a cross-entropy splits into an entropy and a divergence; reparameterization (a02); softmax and
# cross-entropy; a Keras model with a `compute_loss` of its own (a03, section 4). Entropy and mutual
# information are defined here, but it helps to have met them.
#
# **Time**: about 9 hours, an estimate. The experiments train ten models on the digits: a minute in
# all on two processors, much more for MNIST. For the table of section 7 you train fourteen more.
#
# **Difficulty**: *hard* `derive_the_bound`, `VIB`, `role_of_beta`, `find_the_bugs`; *some thought*
# `vib_loss`, `from_x_to_y`, `vib_exact_discrete`, `Encoder`; *short* `categorical_log_prob`,
# `vib_relevance_bound`, `vib_rate`, `vib_predict_probs`, `LabelDecoder`.
#
# **Notation.** $x$ is an image as a vector of $D$ pixels, $y$ its label out of $C$ classes, as a
# vector with one 1 (*one-hot*), $z$ a latent vector of $K$ dimensions, $B$ the size of a batch, $L$
# the number of samples $z_l$ drawn for each example. The encoder gives
# $q(z|x) = N(\mu(x), \operatorname{diag} \sigma^2(x))$, the decoder $q(y|z)$: document 000 writes
# $p_\theta(y|z)$ for it, and section 2 says why we do not. $r(z) = N(0, I)$ is the fixed density
# that the encoder is compared with. `log_var` is $\log\sigma^2$. Everything is in **nats**; sums
# run over classes and latent dimensions, means over samples and over the batch.
#
# **What your functions get and return.** Arguments come by position: float32 NumPy arrays, and
# Python floats for scalars; the classes get float32 tensors. Return a tensor, an array, a list or a
# number, in float32 or float64, of the shape that the docstring gives. A value is right if it is
# within $10^{-5} + 10^{-4} |\text{right value}|$. Means lie within $\pm 40$, log variances within
# $\pm 30$, logits within $\pm 1000$. Later functions may call earlier ones of yours. What a class
# calls must be TensorFlow or `keras.ops`: it is compiled, and the gradient goes through it.
#
# **How classes are graded.** Nobody looks at how they are built. The grader makes a network or a
# model, asks it for outputs, and computes from them what must hold whatever its weights are.
# `check("VIB")` examines the same.

# %%
import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from vikit import load, networks, plots

tfd = tfp.distributions

# The one line to change: "mnist" or "fashion_mnist".
DATASET = "digits"
CLASSES = 10

# %% [markdown]
# ## 1. From x to y
#
# The decoder returns $C$ real numbers, the logits $a_1, \dots, a_C$, and the probability of class
# $c$ is its share of the exponentials (a *softmax*). The log-likelihood of a label is then
#
# $$\log q(y|z) = \sum_{c=1}^C y_c \left( a_c - \log \sum_{c'=1}^C e^{a_{c'}} \right), \qquad
#   q(y_c = 1|z) = \frac{e^{a_c}}{\sum_{c'} e^{a_{c'}}} .$$
#
# Only one term of the sum over $c$ is left, that of the label. It is never positive. Document 000,
# section 6 "VIB with Normalizing Flow", has in our copy
# $\log p_\theta(y|z) = \text{CrossEntropy}(y, \hat y)$; the cross-entropy is *minus* that (E-000-14
# of the errata list, `ERRATA.md`).
#
# Two traps. The exponential of 1000 is infinite in the computer, and so is the logarithm of a
# probability that was rounded to 0: stay with logits, and let a function that knows take the
# logarithm of the sum. And classes exclude each other. The $C$ logits are one choice among $C$, not
# $C$ choices between yes and no.


# %% question="categorical_log_prob"
def categorical_log_prob(y_onehot, logits):
    """Returns log q(y|z), the log probability of each example's label, in nats.

    sum_c y_c (a_c - log sum_c' exp(a_c')) for logits a. Document 000, section 6 "VIB with
    Normalizing Flow", with the sign put right.

    Args:
        y_onehot: Labels, exactly one-hot. Shape `[B, C]`.
        logits: What the decoder returned; +-1000 must give finite answers. Shape `[B, C]`.

    Returns:
        One log-likelihood per example, at most 0. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return tf.reduce_sum(y_onehot * tf.nn.log_softmax(logits), axis=-1)
    # END SOLUTION


# %% [markdown]
# ## 2. Two bounds
#
# What is a good code of an image? Image and label have a joint distribution $p(x, y)$ that we know
# from examples. The encoder makes $z$ from $x$ alone, so $p(z|x, y) = q(z|x)$ and
# $p(x, y, z) = p(x, y)\, q(z|x)$. This is a *Markov chain* $Y - X - Z$: once $x$ is known, $y$ says
# nothing more about $z$, and all that $z$ knows of $y$ has come through $x$. The chain fixes two
# more distributions,
#
# $$p(z) = E_{p(x)}\, q(z|x), \qquad p(y|z) = \frac{E_{p(x)}\, p(y|x)\, q(z|x)}{p(z)} .$$
#
# The **entropy** $H(Y) = -\sum_c p(y_c) \log p(y_c)$ is what there is to know of the label,
# $H(Y|Z) = E_{p(y,z)} [-\log p(y|z)]$ what $z$ leaves open, and the difference is the **mutual
# information** $I(Y;Z) = H(Y) - H(Y|Z)$. A bottleneck wants a code that knows much of $y$ and
# little of $x$ ([Tishby, Pereira and Bialek 1999](https://arxiv.org/abs/physics/0004057)):
#
# $$\max_{q(z|x)} \; I(Y;Z) - \beta\, I(X;Z), \qquad I(X;Z) =
#   E_{p(x)\, q(z|x)} \log \frac{q(z|x)}{p(z)} .$$
#
# $\beta \ge 0$ is the price of a nat about $x$, in nats about $y$.
#
# Neither information can be computed: $p(z)$ and $p(y|z)$ are mixtures over all images. Two
# densities of our own choice take their places, the decoder $q(y|z)$ that of $p(y|z)$, and $r(z)$
# that of $p(z)$. This is why the decoder is a $q$ here: $p(y|z)$ is what data and encoder imply,
# and $q(y|z)$ is a guess at it. (In a VAE the decoder is part of the model itself, and document 000
# keeps its letter $p_\theta$.) Each replacement errs to a known side:
#
# $$I(Y;Z) \;\ge\; H(Y) + E_{p(y,z)} \log q(y|z), \qquad\qquad
#   I(X;Z) \;\le\; E_{p(x)}\, KL\left( q(z|x) \,\|\, r(z) \right) .$$
#
# You show both in `derive_the_bound`, with one tool from a01: a cross-entropy is an entropy plus a
# divergence,
#
# $$E_{p(u)} [-\log q(u)] = E_{p(u)} [-\log p(u)] + KL(p \,\|\, q) ,$$
#
# and a divergence is never negative. (Document 004, slide "Latent Variable Assumptions", minimises
# such a cross-entropy, with the population in the place of $p$, and calls that the fundamental
# equation; our copy prints the population as $P_{\text{op}}$.)
#
# The first bound is worth a function. Its left side is what $z$ *knows* of the label, its right
# side what the decoder *can read*, and that can be negative: a decoder that is sure of the wrong
# class is worse than none. Do not cut it off at 0; a negative bound is true, useless and a warning.
# Classes that never occur add nothing to $H(Y)$: $0 \log 0 = 0$.


# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    """Returns the lower bound H(Y) - mean_cross_entropy of the mutual information I(Y;Z), in nats.

    H(Y) = -sum_c p_y log p_y, 0 log 0 = 0. Document 004, slide "Indeterminacy of the VAE", with y
    for the label.

    Args:
        p_y: Probabilities of the classes; they sum to 1, and some may be 0. Shape `[C]`.
        mean_cross_entropy: The decoder's cross-entropy, minus log q(y|z), averaged over examples
            and samples. A float.

    Returns:
        A scalar; negative where the decoder is worse than none.
    """
    # BEGIN SOLUTION
    # xlogy knows that 0 log 0 is 0.
    entropy = -tf.reduce_sum(tf.math.xlogy(p_y, p_y))
    return entropy - mean_cross_entropy
    # END SOLUTION


# %% [markdown]
# The right side of the second bound is called the **rate**. Estimated from a batch it is
#
# $$R = \frac1B \sum_{b=1}^B KL\left( q(z|x_b) \,\|\, r(z) \right), \qquad
#   KL\left( q(z|x) \,\|\, r(z) \right) = E_{q(z|x)} \left[ \log q(z|x) - \log r(z) \right] .$$
#
# (Document 000, section 5, first term; document 004, slide "The β -VAE", has the same ratio with
# $y$ for our $x$.) With a Gaussian $q(z|x)$ and $r(z) = N(0, I)$ it needs no samples: it is the
# divergence of a01, section 5. Copy your function, or derive it again.
#
# A rate of 2.3 nats is $\log 10$: as much as it takes to name one of ten equally frequent classes.
# The rate is a sum over latent dimensions, so a dimension that is not used, with $\mu_k = 0$ and
# $\sigma_k = 1$ for every $x$, costs nothing.


# %% question="vib_rate"
def vib_rate(mu, log_var):
    """Returns the rate: the KL of q(z|x) from r(z) = N(0, I), averaged over the batch, in nats.

    Document 000, section 5 "Variational Information Bottleneck (VIB)", first term; document 004,
    slide "The β -VAE".

    Args:
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Log variances of q(z|x) (not standard deviations), between -30 and 30. Same shape.

    Returns:
        A scalar, at least 0.
    """
    # BEGIN SOLUTION
    # R = mean_b 1/2 sum_k (mu^2 + exp(log_var) - log_var - 1)
    # expm1(log_var) is sigma^2 - 1, with all its digits where q is close to r.
    kl = 0.5 * tf.reduce_sum(mu**2 + tf.math.expm1(log_var) - log_var, axis=-1)
    return tf.reduce_mean(kl)
    # END SOLUTION


# %% [markdown] question="derive_the_bound"
# ### In your own words: derive the two bounds
#
# (a) Show $I(Y;Z) \ge H(Y) + E_{p(y,z)} \log q(y|z)$ for every decoder $q(y|z)$: use the tool of
# a01 for each $z$. Which divergence is the gap, and which decoder closes it? (b) Show
# $I(X;Z) \le E_{p(x)} KL(q(z|x) \| r(z))$ for every $r(z)$. Which divergence is the gap, and which
# $r$ closes it? (c) Put the two bounds together: below which number does
# $I(Y;Z) - \beta I(X;Z)$ never fall? Write it as $H(Y)$ minus a loss, and say where $\beta \ge 0$
# is needed. (d) The expectation in (a) is over $p(y, z)$. Show that it can be estimated from pairs
# $(x, y)$ and the encoder alone. Where does the Markov chain $Y - X - Z$ enter?
#
# <!-- BEGIN SOLUTION -->
# (a) For each $z$ a01's tool says $E_{p(y|z)} [-\log q(y|z)] = E_{p(y|z)} [-\log p(y|z)] +
# KL(p(y|z) \| q(y|z))$. Averaged over $p(z)$: $E_{p(y,z)} [-\log q(y|z)] = H(Y|Z) + E_{p(z)}
# KL(p(y|z) \| q(y|z)) \ge H(Y|Z)$, so $I(Y;Z) = H(Y) - H(Y|Z) \ge H(Y) + E_{p(y,z)} \log q(y|z)$.
# The gap is the averaged divergence, and it is 0 if and only if $q(y|z) = p(y|z) = \sum_x p(x,y)
# q(z|x) / p(z)$ for (almost) all $z$. (b) $E_{p(x) q(z|x)} \log [q(z|x)/r(z)] = I(X;Z) + E_{p(z)}
# \log [p(z)/r(z)] = I(X;Z) + KL(p(z) \| r(z))$: the gap is the divergence of the aggregated
# posterior from $r$, and $r = p(z)$ closes it. (c) Multiply (b) by $-\beta$, which turns the
# inequality round only if $\beta \ge 0$, and add (a): $I(Y;Z) - \beta I(X;Z) \ge H(Y) -
# [E_{p(y,z)}(-\log q(y|z)) + \beta E_{p(x)} KL(q(z|x) \| r(z))]$. $H(Y)$ does not depend on the
# model, so minimising the loss in brackets maximises the bound. (d) $p(y,z) = \sum_x p(x,y)\,
# p(z|x,y)$, and the chain says $p(z|x,y) = q(z|x)$. So $E_{p(y,z)} f(y,z) = E_{p(x,y)} E_{q(z|x)}
# f(y,z)$: average over labelled examples, and over samples of the encoder.
#
# **Rubric (8 points).** 2 points: (a) with the non-negative divergence. 1 point: its gap and when
# it is 0. 2 points: (b), the divergence of p(z) from r, and when it is 0. 1 point: (c), with the
# sign of beta. 2 points: (d), with the chain.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 3. The loss
#
# A loss is minimised, so it is minus the bound of (c), without $H(Y)$, which no weight can change.
# Three expectations are left to estimate. That over $p(x, y)$ becomes the mean over a batch of $B$
# labelled examples. That over $q(z|x)$ becomes, for the decoder's part, the mean over $L$ samples
# $z_{bl}$ of each example. For the encoder's part it is known in closed form: no sample enters.
#
# Document 000, section 5, prints this loss for $\beta = 1$, with a $z$ that has lost its index $l$:
# all $L$ terms of its sum are then the same one. Its letter is $\mathcal{L}$, which in its section
# 1 is the ELBO, to be maximised (E-000-11 and E-000-12).
#
# The labels $[B, C]$ are the same for all samples, and the logits $[L, B, C]$ have one more axis in
# front: in a product of the two the labels are repeated along that axis (*broadcasting*), so your
# `categorical_log_prob`, which works on the last axis, may give one value for each sample and
# example.


# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    """Returns the loss of the variational information bottleneck, averaged over the batch, in nats.

    Minus the bound that section 2 ends with, without H(Y), estimated from L samples of each
    example. Document 000, section 5 "Variational Information Bottleneck (VIB)", with beta and the
    index l.

    Args:
        y_onehot: Labels, exactly one-hot. Shape `[B, C]`.
        logits: What the decoder returned for L samples of each example; +-1000 must give finite
            answers. Shape `[L, B, C]`.
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Log variances of q(z|x), between -30 and 30. Shape `[B, K]`.
        beta: Price of a nat of rate, a float, at least 0.

    Returns:
        A scalar. The same when every example of the batch is repeated.
    """
    # BEGIN SOLUTION
    # loss = mean_b [mean_l CE(y_b, logits_lb) + beta KL(q(z|x_b) || N(0, I))]
    # One mean over samples and examples; the labels are the same for each sample.
    cross_entropy = -tf.reduce_mean(categorical_log_prob(y_onehot, logits))
    return cross_entropy + beta * vib_rate(mu, log_var)
    # END SOLUTION


# %% [markdown] question="from_x_to_y"
# ### In your own words: what changes when y takes the place of x?
#
# Compare your loss with that of the VAE (a03, section 2; document 000, section 4 "Closed form ELBO
# for VAE with Gaussian Latent", step 8). Put the two side by side in your answer.
#
# (a) Which networks, distributions and terms stay as they are, and which change? What do encoder
# and decoder read and write in each? (b) The VAE's loss is minus a lower bound of $\log p(x)$, the
# evidence of a generative model. By the same algebra, minus the VIB's loss at $\beta = 1$ is a
# lower bound of the logarithm of some probability. Of which one, and in which model? Why does
# nobody want that model? (c) Name something that a good code of a VAE must hold and a good code of
# a VIB need not, for handwritten digits.
#
# <!-- BEGIN SOLUTION -->
# (a) VAE: $\frac1B \sum_b [-\frac1L \sum_l \log p(x_b|z_{bl}) + KL(q(z|x_b) \| N(0, I))]$; VIB:
# $\frac1B \sum_b [-\frac1L \sum_l \log q(y_b|z_{bl}) + \beta KL(q(z|x_b) \| N(0, I))]$. The encoder
# $q(z|x)$, the sample $z = \mu + \sigma \odot \epsilon$ and the KL to $N(0, I)$ stay, the KL with a
# weight. The decoder changes: it reads $z$ as before, and writes a distribution over labels instead
# of pixels, so the reconstruction term becomes the cross-entropy of the label. The encoder still
# reads $x$, not $y$; so the label can be predicted where it is not known. (b) In the VAE $q(z|x)$
# reads the very thing that is reconstructed, and the sum of the terms bounds $-\log p(x)$. In the
# VIB $-\log \int r(z)\, q(y|z)\, dz$ is bounded too, for $\beta = 1$ (the same algebra with $y$ for
# $x$ holds for any $q$): a model that makes labels from $r(z)$. But that is a constant guess of $y$
# without $x$, and nobody wants it: the loss is of interest as a sum of a distortion and a rate, and
# $r(z)$ as a reference that the channel's rate is measured against. (c) Slant, thickness, position,
# style of the writer.
#
# **Rubric (4 points).** 1 point: what stays and what changes (encoder of x, sample, KL; decoder and
# likelihood). 1 point: the encoder does not see y. 1 point: the marginal of y under r(z) q(y|z),
# which knows no x. 1 point: an example of what may be forgotten.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 4. A world that fits on a table
#
# With finitely many $x$, $y$ and $z$ all of this can be computed, both sides of each bound. Tables
# are read $[\text{given}, \text{of}]$, so the rows of `q_z_given_x` and of `q_y_given_z` sum to 1,
# while the whole of `p_xy` does. No batch and no sample is needed now: each expectation of the loss
# is a sum over entries, weighted with the probabilities of what it runs over. Both parts need a
# marginal or a chain of factors that section 2 has, such as $p(x) = \sum_y p(x,y)$ and
# $p(x, y, z) = p(x, y)\, q(z|x)$.
#
# An encoder may be sure that some $z$ never comes: $q(z|x) = 0$ adds nothing. The other tables hold
# no zeros.


# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    """Returns the loss of the variational information bottleneck on tables, in nats.

    The expectations of section 3, none of them estimated, each a sum over tables; r(z) is a table
    too. Document 000, section 5 "Variational Information Bottleneck (VIB)".

    Args:
        p_xy: Joint probabilities of data and labels; the whole table sums to 1. Shape `[X, Y]`.
        q_z_given_x: The encoder; every row sums to 1, entries may be 0. Shape `[X, Z]`.
        q_y_given_z: The decoder, positive; every row sums to 1. Shape `[Z, Y]`.
        r_z: The reference distribution of z, positive; sums to 1. Shape `[Z]`.
        beta: Price of a nat of rate, a float, at least 0.

    Returns:
        A scalar.
    """
    # BEGIN SOLUTION
    # -sum_xyz p(x,y) q(z|x) log q(y|z) + beta sum_xz p(x) q(z|x) log[q(z|x) / r(z)]
    cross_entropy = -tf.einsum("xy,xz,zy->", p_xy, q_z_given_x, tf.math.log(q_y_given_z))
    p_x = tf.reduce_sum(p_xy, axis=1)
    # xlogy knows that 0 log 0 is 0.
    rate = tf.einsum("x,xz->", p_x, tf.math.xlogy(q_z_given_x, q_z_given_x / r_z))
    return cross_entropy + beta * rate
    # END SOLUTION


# %% [markdown]
# Three values of $x$, two labels, a noisy encoder with two states. The first bar is the loss with a
# decoder and an $r(z)$ that were guessed. Better ones close the gaps one by one, until nothing is
# left but what belongs to the encoder: what its code leaves open, and what it holds, at its price.

# %% tags=["experiment"]
if __name__ == "__main__":
    TABLE = np.array([[0.25, 0.05], [0.1, 0.2], [0.05, 0.35]], np.float32)
    ENCODER = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]], np.float32)
    GUESSED, EVEN = np.array([[0.7, 0.3], [0.2, 0.8]], np.float32), np.array([0.5, 0.5], np.float32)
    # The joint probabilities of z and y that these two give.
    p_zy = np.array([[0.255, 0.175], [0.145, 0.425]], np.float32)
    p_z = np.sum(p_zy, axis=1)
    BEST = p_zy / p_z[:, None]

    def exact(decoder, r_z, weight):
        return float(vib_exact_discrete(TABLE, ENCODER, decoder, r_z, weight))

    def rate(decoder, r_z):
        return exact(decoder, r_z, 1.0) - exact(decoder, r_z, 0.0)

    def plot_gaps(beta=0.5):
        setups = {
            "both guessed": (GUESSED, EVEN),
            "best decoder": (BEST, EVEN),
            "best decoder\nand r(z) = p(z)": (BEST, p_z),
        }
        left, information = exact(BEST, p_z, 0.0), rate(BEST, p_z)
        pieces = {
            "H(Y|Z)": [left for _ in setups],
            "beta I(X;Z)": [beta * information for _ in setups],
            "gap of the decoder": [exact(*setup, 0.0) - left for setup in setups.values()],
            "gap of r(z), times beta": [
                beta * (rate(*setup) - information) for setup in setups.values()
            ],
        }
        title = f"What the loss is made of, on tables (beta = {beta:g})"
        plots.stacks(list(setups), pieces, title=title, floor=0.55)

    def print_relevance_bounds():
        labels = np.sum(TABLE, axis=0)
        for name, decoder in (("guessed", GUESSED), ("best", BEST)):
            bound = float(vib_relevance_bound(labels, exact(decoder, EVEN, 0.0)))
            print(f"relevance bound with the {name} decoder: {bound:.6f} nats")

    plot_gaps()
    print_relevance_bounds()

# %% [markdown]
# ## 5. Prediction
#
# For an image there is not one $z$ but a distribution of them, and the prediction is the average
# over it:
#
# $$q(y|x) = \int q(z|x)\, q(y|z)\, dz \;\approx\; \frac1L \sum_{l=1}^L q(y|z_l), \qquad
#   z_l \sim q(z|x) .$$
#
# The *probabilities* are averaged. The softmax of the mean logits is something else, the geometric
# mean of the samples' probabilities, made to sum to 1: one sample that excludes a class outvotes
# all that do not.


# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    """Returns q(y|x), estimated from L samples of z: the mean of the classes' probabilities.

    Document 000, section 5 "Variational Information Bottleneck (VIB)": its sum over l.

    Args:
        logits: What the decoder returned for L samples of each example; +-1000 must give finite
            answers. Shape `[L, B, C]`.

    Returns:
        Probabilities; every row sums to 1. Shape `[B, C]`.
    """
    # BEGIN SOLUTION
    return tf.reduce_mean(tf.nn.softmax(logits, axis=-1), axis=0)
    # END SOLUTION


# %% [markdown]
# ## 6. The model
#
# Two networks and a model that joins them, each in a cell of its own with a check of its own. The
# networks keep the contracts of a03, section 3. The encoder returns two things, $\mu$ and
# $\log\sigma^2$; both may be any real number, so the last layer of each is linear. It is a function
# of its image alone: nothing random is in it, and no example looks at the others of its batch.
#
# One network is given: `networks.MLP(size, hidden)` is a stack of layers with a linear end, from
# `[..., n]` to `[..., size]` for any number of axes in front (a bare `keras.Sequential` takes only
# as many as its first call had). Use it or layers of your own, made in `__init__`, so that Keras
# finds their weights. `hidden=()` must work: then there is no hidden layer. You choose the layers
# that the sizes in `hidden` stand for; this is not graded.


# %% question="Encoder"
@keras.saving.register_keras_serializable("a05_vib")
class Encoder(keras.layers.Layer):
    """The encoder: images to the parameters of q(z|x) = N(mu, diag exp(log_var)).

    Document 002, section 7-2 "Variational Auto Encoder (VAE)"; document 003, section 1.6
    "Autoencoder structure".

    Args:
        latent_dim: K.
        hidden: Sizes of the hidden layers.
    """

    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        # BEGIN SOLUTION
        self.mlp = networks.MLP(2 * latent_dim, self.hidden)
        # END SOLUTION

    def call(self, x):
        """Returns `(mu, log_var)`, each of shape `[B, K]`, for `x` of shape `[B, D]`.

        Any real number may come out of both.
        """
        # BEGIN SOLUTION
        mu, log_var = tf.split(self.mlp(x), 2, axis=-1)
        return mu, log_var
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% [markdown]
# The decoder of a bottleneck reads a code and returns logits of classes, not of pixels. It is
# called with samples `[B, K]` and with `[L, B, K]`; the axes in front stay as they are. No softmax
# stands behind it: `categorical_log_prob` and `vib_predict_probs` expect logits.


# %% question="LabelDecoder"
@keras.saving.register_keras_serializable("a05_vib")
class LabelDecoder(keras.layers.Layer):
    """The decoder: latent vectors to the logits of q(y|z).

    Document 000, section 5 "Variational Information Bottleneck (VIB)".

    Args:
        num_classes: C.
        hidden: Sizes of the hidden layers.
    """

    def __init__(self, num_classes, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.hidden = num_classes, tuple(hidden)
        # BEGIN SOLUTION
        self.mlp = networks.MLP(num_classes, self.hidden)
        # END SOLUTION

    def call(self, z):
        """Returns logits `[..., C]` for `z` of shape `[..., K]`: any real numbers."""
        # BEGIN SOLUTION
        return self.mlp(z)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this layer again."""
        return super().get_config() | {"num_classes": self.num_classes, "hidden": self.hidden}


# %% [markdown]
# The model needs `sample_latent`, $z_l = \mu + \sigma \odot \epsilon_l$ for $L$ samples of each
# example at once. It stands in the model's cell: copy yours from a03, section 1, whose
# `check("sample_latent")` works here too while the folder of a03 lies beside this one. Nothing else
# of that notebook is needed.
#
# These are fixed: the arguments of `__init__`, the names `encoder`, `decoder`, `beta`, `latent_dim`,
# `loss_terms` and `predict_probs`, and what is reported, `loss`, `cross_entropy` and `kl`. You
# choose the rest, and `call` is not graded. Your two classes serve best as `encoder` and `decoder`,
# which may also be other networks that take and return the same. `check("VIB")` compares with *your* functions, so it
# needs `sample_latent` in this notebook, and `categorical_log_prob`, `vib_rate` and
# `vib_predict_probs` right.
#
# `loss_terms(x, y_onehot, eps)` and `predict_probs(x, eps)` are functions of their noise: the same
# call has the same value. Training draws fresh noise, one sample ($L = 1$), for each example, each
# latent dimension and each step, and so does `evaluate`: `training` changes nothing. A
# `keras.random.SeedGenerator` made in `__init__` does it, `tf.random.normal` too. `fit(x,
# y_onehot)` calls `compute_loss` with the batch. What `fit` and `evaluate` report are means over
# examples: give the `keras.metrics.Mean` objects one value for each example. `kl` is reported as it
# is, without its price, so that runs with different $\beta$ can be compared. The loss is that of
# section 3, made of the very values that are reported, of the same samples, and of nothing else: no
# penalty on weights. The grader trains with Adam at a rate of 0.005 for ten epochs of 1,408 digits
# in batches of 64, with $\beta = 0.05$, and asks for an accuracy of 85 % on the others.


# %% question="VIB"
def sample_latent(mu, log_var, eps):
    """Returns L samples of q(z|x) = N(mu, diag exp(log_var)) for each example, with given noise.

    z_l = mu + sigma * eps_l. Shapes: `mu` and `log_var` `[B, K]`, `eps` `[L, B, K]`; back `[L, B,
    K]`.
    """
    # BEGIN SOLUTION
    return mu + tf.exp(0.5 * log_var) * eps
    # END SOLUTION


@keras.saving.register_keras_serializable("a05_vib")
class VIB(keras.Model):
    """A classifier with a variational information bottleneck.

    `fit(x, y_onehot)` minimises the loss of section 3, with fresh noise at each step.

    Document 000, section 5 "Variational Information Bottleneck (VIB)".

    `fit` and `evaluate` report `loss`, `cross_entropy` and `kl` in nats per example; the loss is
    what `vib_loss` makes of the other two.

    Args:
        event_dim: D.
        latent_dim: K.
        num_classes: C.
        hidden: Sizes of the encoder's hidden layers; the decoder's are best the same, reversed.
        beta: Price of a nat of the KL.

    Attributes:
        encoder: From x `[B, D]` to `(mu, log_var)`, each `[B, K]`.
        decoder: From z `[..., K]` to logits `[..., C]`.
        beta: As given.
    """

    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.beta = tuple(hidden), beta
        # BEGIN SOLUTION
        self.encoder = Encoder(latent_dim, self.hidden)
        self.decoder = LabelDecoder(num_classes, tuple(reversed(self.hidden)))
        # Built at once: what is loaded from a file finds its weights.
        self.encoder(tf.zeros((1, event_dim)))
        self.decoder(tf.zeros((1, latent_dim)))
        self.seed_generator = keras.random.SeedGenerator()
        self.cross_entropy = keras.metrics.Mean(name="cross_entropy")
        self.kl = keras.metrics.Mean(name="kl")
        # END SOLUTION

    def loss_terms(self, x, y_onehot, eps):
        """Returns each example's `(cross_entropy, kl)` with given noise, in nats; KL without beta.

        Args:
            x: Images. Shape `[B, D]`.
            y_onehot: Labels, one-hot. Shape `[B, C]`.
            eps: Standard normal noise; the cross-entropy is a mean over the L samples. Shape `[L,
                B, K]`.

        Returns:
            Two tensors of shape `[B]`.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, eps)
        log_qy_given_z = categorical_log_prob(y_onehot, self.decoder(z))
        cross_entropy = -tf.reduce_mean(log_qy_given_z, axis=0)
        q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
        r = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
        return cross_entropy, tfd.kl_divergence(q, r)
        # END SOLUTION

    def predict_probs(self, x, eps):
        """Returns q(y|x) `[B, C]`: the mean of the classes' probabilities over L samples.

        Shapes: as above.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, eps)
        return vib_predict_probs(self.decoder(z))
        # END SOLUTION

    def fresh_noise(self, x):
        """Returns new noise at every call, one sample for each example of `x`: `[1, B, K]`."""
        # BEGIN SOLUTION
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)
        # END SOLUTION

    def call(self, x):
        """Returns what the decoder says to one fresh sample of q(z|x): logits. Shape `[B, C]`.

        Keras calls it before `compute_loss`; nothing else needs it, and it is not graded.
        """
        # BEGIN SOLUTION
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, self.fresh_noise(x))[0]
        return self.decoder(z)
        # END SOLUTION

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of a batch, a scalar, and updates the metrics; `y` is one-hot.

        The metrics are `cross_entropy` and `kl`.

        `y_pred` is what `call` returned, at a sample of its own: nothing here needs it. You may
        override `train_step` and `test_step` instead; then delete this.
        """
        # BEGIN SOLUTION
        cross_entropy, kl = self.loss_terms(x, y, self.fresh_noise(x))
        self.cross_entropy.update_state(cross_entropy)
        self.kl.update_state(kl)
        return tf.reduce_mean(cross_entropy + self.beta * kl)
        # END SOLUTION

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% [markdown]
# ## 7. The information plane
#
# Two helpers, given. `train_vib` makes and trains a model. `measure` says where it lies: its rate,
# its relevance bound, how often its likeliest class is the label, and its **calibration error**. A
# classifier is calibrated if, of all predictions that it makes with a confidence of 80 %, 80 % are
# right. Sort predictions by their largest probability into ten slices of $[0, 1]$; in each compare
# the mean confidence with the share of right ones; average the differences, weighted by the number
# in each slice.


# %%
def one_hot(labels):
    """Returns integer labels `[n]` as one-hot rows `[n, C]`."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def train_vib(images, beta, latent_dim=8, epochs=20, seed=0):
    """Returns a VIB that was trained on a data set."""
    keras.utils.set_random_seed(seed)
    model = VIB(images.x_train.shape[1], latent_dim, CLASSES, beta=beta)
    # A first call makes the weights of layers that had none.
    model.predict_probs(tf.constant(images.x_train[:1]), tf.zeros((1, 1, latent_dim)))
    networks.compile_with_adam(model, 5e-3)
    model.fit(images.x_train, one_hot(images.y_train), batch_size=64, epochs=epochs, verbose=0)
    return model


def calibration_error(probs, labels, slices=10):
    """Returns the mean distance of confidence and accuracy over slices of confidence."""
    confidence, right = np.max(probs, axis=1), np.argmax(probs, axis=1) == labels
    slice_of = np.minimum((slices * confidence).astype(int), slices - 1)
    within = [slice_of == number for number in range(slices) if np.any(slice_of == number)]
    return float(
        sum(abs(np.sum(confidence[one]) - np.sum(right[one])) for one in within) / len(labels)
    )


def measure(model, pixels, labels, num_samples=16):
    """Returns rate, relevance bound, accuracy, confidence and calibration error, as a dict."""
    pixels = tf.constant(pixels)
    noise = tf.random.stateless_normal(
        (num_samples, pixels.shape[0], model.latent_dim), seed=(0, 5)
    )
    cross_entropy, _ = model.loss_terms(pixels, tf.constant(one_hot(labels)), noise)
    shares = np.bincount(labels, minlength=CLASSES) / len(labels)
    probs = np.asarray(model.predict_probs(pixels, noise))
    return {
        "rate": float(vib_rate(*map(np.asarray, model.encoder(pixels)))),
        "bound": float(
            vib_relevance_bound(shares.astype(np.float32), float(np.mean(cross_entropy)))
        ),
        "accuracy": float(np.mean(np.argmax(probs, axis=1) == labels)),
        "confidence": float(np.mean(np.max(probs, axis=1))),
        "calibration error": calibration_error(probs, labels),
    }


# %% [markdown]
# Every model is a point: to the right what it lets through of $x$ (at most the rate), upwards what
# it can read of $y$ (at least the bound). No point can lie above the dotted line, where both are
# the same, because $z$ knows of $y$ only what came through $x$, and none above $H(Y)$. A good model
# gets far up with little to the right: an ideal code of this task would stand where the two lines
# meet. One model for each $\beta$.

# %% tags=["experiment"]
if __name__ == "__main__":
    images = load(DATASET)
    betas = [1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0]
    models = {
        beta: train_vib(images, beta, epochs=20 if DATASET == "digits" else 3) for beta in betas
    }
    on_training = [
        measure(model, images.x_train[:2000], images.y_train[:2000]) for model in models.values()
    ]
    held_out = [
        measure(model, images.x_test[:2000], images.y_test[:2000]) for model in models.values()
    ]
    plots.information_plane(
        {
            label: ([point["rate"] for point in points], [point["bound"] for point in points])
            for label, points in (("training", on_training), ("held out", held_out))
        },
        [f"{beta:g}" for beta in betas],
        np.log(CLASSES),
        f"The information plane, {DATASET}: a model for each beta",
    )
    print(
        "beta     rate  bound, training  bound, held out  accuracy  confidence  calibration error"
    )
    for beta, inside, outside in zip(betas, on_training, held_out, strict=True):
        print(
            f"{beta:<7g}{outside['rate']:6.2f}{inside['bound']:17.2f}{outside['bound']:17.2f}"
            f"{outside['accuracy']:10.3f}{outside['confidence']:12.3f}"
            f"{outside['calibration error']:19.3f}"
        )

# %% [markdown]
# With $K = 2$ one can look at the channel. Each ellipse is $q(z|x)$ of one held-out image; its
# half-axes are one standard deviation long. The price of rate decides how large they may be and how
# far apart: what must be told apart must not overlap.

# %% tags=["experiment"]
if __name__ == "__main__":
    flat = {
        f"beta = {beta:g}": train_vib(
            images, beta, latent_dim=2, epochs=40 if DATASET == "digits" else 5
        )
        for beta in (1e-3, 3e-2, 3e-1)
    }
    encoded = {label: model.encoder(images.x_test[:150]) for label, model in flat.items()}
    plots.ellipses(
        {
            label: (np.asarray(mu), np.sqrt(np.exp(log_var)))
            for label, (mu, log_var) in encoded.items()
        },
        images.y_test[:150],
        f"q(z|x) of held-out images, one standard deviation, {DATASET}",
    )

# %% [markdown]
# Accuracy and calibration of the first series of models on held-out images, with 16 samples of $z$
# for each image, and with the mean of $q(z|x)$ alone.

# %% tags=["experiment"]
if __name__ == "__main__":

    def at_the_mean(model, pixels, labels):
        """Returns accuracy, confidence and calibration error of the prediction from z = mu(x)."""
        noiseless = tf.zeros((1, pixels.shape[0], model.latent_dim))
        probs = np.asarray(model.predict_probs(tf.constant(pixels), noiseless))
        return {
            "accuracy": float(np.mean(np.argmax(probs, axis=1) == labels)),
            "confidence": float(np.mean(np.max(probs, axis=1))),
            "calibration error": calibration_error(probs, labels),
        }

    silent = [
        at_the_mean(model, images.x_test[:2000], images.y_test[:2000]) for model in models.values()
    ]
    plots.sweep(
        betas,
        {
            name: {
                "16 samples": [point[name] for point in held_out],
                "the mean alone": [point[name] for point in silent],
            }
            for name in ("accuracy", "calibration error")
        },
        "beta",
        f"Held-out {DATASET}: accuracy and calibration against beta",
    )
    print("beta     confidence with 16 samples  confidence at the mean  accuracy at the mean")
    for beta, sampled, alone in zip(betas, held_out, silent, strict=True):
        print(f"{beta:<7g}{sampled['confidence']:28.3f}", end="")
        print(f"{alone['confidence']:24.3f}{alone['accuracy']:22.3f}")

# %% [markdown] question="role_of_beta"
# ### In your own words: the role of beta
#
# Fill in what you measured (rate, accuracy, confidence and calibration error of held-out images).
# One run shows little: give the mean and the range of three seeds at least. This loop trains the
# models of two more and prints what to add to the table above, in a minute or two:
#
# ```python
# for seed in (1, 2):
#     for beta in betas:
#         model = train_vib(images, beta, seed=seed)
#         inside = measure(model, images.x_train[:2000], images.y_train[:2000])
#         outside = measure(model, images.x_test[:2000], images.y_test[:2000])
#         print(seed, beta, f"bound, training: {inside['bound']:.2f}; held out:", end=" ")
#         print({name: round(value, 3) for name, value in outside.items()})
# ```
#
# | $\beta$ | rate | bound, training | bound, held out | accuracy | confidence | calibration error |
# |---|---|---|---|---|---|---|
# | 0.0001 | | | | | | |
# | 0.001 | | | | | | |
# | 0.01 | | | | | | |
# | 0.03 | | | | | | |
# | 0.1 | | | | | | |
# | 0.3 | | | | | | |
# | 1 | | | | | | |
#
# (a) In your table and your information plane: how do rate and relevance bound change with
# $\beta$? Between which $\beta$ is much rate saved for little relevance, and what was that rate
# spent on? Compare training and held-out bounds at the smallest $\beta$. (b) What does theory say
# of $\beta \ge 1$? Give the loss of the model that ignores $x$, and say below which $\beta$ a code
# that names the class of each image without error is worth its rate (ten equally frequent classes,
# an ideal $r$). Why may your models collapse at a smaller $\beta$ already? (c) What do the ellipses
# show of all this? (d) Compare confidence and accuracy: where is a model too sure, where not sure
# enough? Where do samples and the mean alone differ in this (the last cell prints the mean's
# confidences), and why? Is the best calibrated model a good one? (There are 360 held-out digits:
# differences of 0.01 mean nothing.)
#
# <!-- BEGIN SOLUTION -->
# Means of five seeds, and the smallest and largest value:
#
# | $\beta$ | rate | bound, training | bound, held out | accuracy | confidence | calibration error |
# |---|---|---|---|---|---|---|
# | 0.0001 | 55.7 (52.7 to 59.7) | 2.24 (2.12 to 2.27) | 1.97 (1.79 to 2.04) | 0.927 (0.914 to 0.936) | 0.965 (0.962 to 0.970) | 0.047 (0.041 to 0.063) |
# | 0.001 | 27.9 (27.4 to 28.7) | 2.26 (2.21 to 2.28) | 2.03 (1.98 to 2.08) | 0.938 (0.931 to 0.947) | 0.961 (0.955 to 0.967) | 0.031 (0.024 to 0.041) |
# | 0.01 | 10.6 (9.8 to 11.1) | 2.24 (2.21 to 2.25) | 1.96 (1.91 to 1.99) | 0.922 (0.908 to 0.933) | 0.935 (0.927 to 0.940) | 0.028 (0.018 to 0.043) |
# | 0.03 | 6.8 (6.3 to 7.5) | 2.21 (2.20 to 2.23) | 1.95 (1.94 to 1.97) | 0.937 (0.928 to 0.944) | 0.909 (0.902 to 0.914) | 0.032 (0.017 to 0.041) |
# | 0.1 | 4.5 (4.3 to 4.8) | 2.11 (2.09 to 2.13) | 1.83 (1.81 to 1.86) | 0.933 (0.919 to 0.942) | 0.852 (0.842 to 0.872) | 0.084 (0.061 to 0.100) |
# | 0.3 | 2.7 (2.5 to 3.0) | 1.80 (1.71 to 1.87) | 1.53 (1.44 to 1.60) | 0.924 (0.917 to 0.931) | 0.710 (0.676 to 0.730) | 0.217 (0.198 to 0.249) |
# | 1 | 0.0 (0.0 to 0.0) | 0.00 (-0.01 to 0.00) | -0.03 (-0.03 to -0.02) | 0.094 (0.064 to 0.125) | 0.111 (0.109 to 0.113) | 0.027 (0.010 to 0.047) |
#
# (a) The rate falls as $\beta$ grows, from 56 nats to 0; on training images the relevance bound
# stays near $H(Y) = \log 10 = 2.30$ up to $\beta = 0.03$ and falls with the rate from there. From
# $10^{-4}$ to $10^{-2}$ the rate shrinks to a fifth at no cost in relevance: it was spent on
# telling single images apart, on slant and style. On held-out images the bound is 0.2 to 0.3 nats
# lower, and at the smallest $\beta$ it is not the best: there the code holds accidents of the
# training set, and the decoder is sure of wrong classes. (b) A model that ignores $x$ has rate 0
# and cross-entropy $H(Y)$: loss $H(Y) = 2.30$ nats. A perfect code has cross-entropy 0 and, with
# $r = p(z)$, rate $I(X;Z) = H(Y)$ at least, loss $\beta H(Y)$: it is better while $\beta < 1$. At
# $\beta = 1$ it draws even with the empty one, and beyond no code pays, since $I(Y;Z) \le I(X;Z)$:
# $q(z|x) = r(z)$ is optimal, the posterior collapses, accuracy is that of guessing. With a Gaussian
# $q$ and the fixed $r = N(0, I)$ a nat of information costs more than a nat of rate (the gap
# $KL(p(z) \| r(z))$, and a Gaussian channel must leave distances between classes), so that models
# give up classes, or all, already below 1. (c) At small $\beta$ narrow ellipses, far out and far
# apart; as $\beta$ grows they widen towards the size of the unit circle and move together until
# classes that are alike overlap. (d) Up to $10^{-3}$ the decoder is a little too sure (0.97 for
# 0.93 right), and the mean says the same, as the noise hardly matters there. At $10^{-2}$
# confidence is about right, and from 0.03 on it is too low (0.71 for 0.92 at 0.3): the samples of
# one image reach into the regions of other classes, and averaged over them the prediction is right
# far more often than it claims. The mean alone is nearer to the truth (0.90 for 0.94 at 0.3). At
# $\beta = 1$ a model that knows nothing is calibrated again: a tenth of confidence, a tenth right.
#
# **Rubric (7 points).** 1 point: the table, with several seeds. 2 points: both curves read, and
# what the rate was spent on. 1 point: the gap between training and held-out bounds. 2 points:
# collapse, with the two losses and beta = 1. 1 point: ellipses and calibration, tied to the noise.
# <!-- END SOLUTION -->

# %% [markdown]
# ## 8. Which of these lines hold?
#
# Five lines about codes and what they cost. At least one of them holds as it stands, and at least
# one does not. The first, fourth and fifth are from document 004, whose $y$ is what is encoded; the
# others are a fellow student's, about a VIB. You prove each verdict by a number. The cell below has
# the numbers to compute with; `vib_exact_discrete` and a01's entropy of a Gaussian will help.
#
# 1. Document 004, slide "Indeterminacy of the VAE": "We have $0 \leq I(y, z) \leq H(y)$ with the
#    full range possible." Try it on one pixel that is a real number: $y \sim N(0, 0.2^2)$ and
#    $z = y + n$ with noise $n \sim N(0, 0.3^2)$; here $I(y, z) = H(z) - H(z|y)$.
# 2. A fellow student: "At $\beta = 0$ no encoder and no decoder brings the loss below $H(Y|X)$,
#    however many values $z$ has, and the code $z = x$ gets there." Try it on `P_XY`.
# 3. A fellow student: "The averaged prediction of section 5 is a compromise between its samples, so
#    its cross-entropy with the label is at least the mean of the samples' cross-entropies." Try it
#    on `FOUR_SAMPLES` and a label of the first class.
# 4. Document 004, slide "The β -VAE": "For $\beta < 1$ we no longer have an upper bound on
#    $H_{\text{pop}}(y)$", and "for $\beta > 1$ the bound on $H_{\text{Pop}}(y)$ becomes weaker".
#    Read $y$ as our label, the loss of section 4 as the bound, and both sentences as about what is
#    guaranteed for a fixed code; try $z = x$ on `P_XY`, with the best decoder and the best $r(z)$,
#    for $\beta$ = 0.1, 1 and 2.
# 5. Document 004, slide "Posterior Collapse": where the decoder can do without $z$, "we then get a
#    completely optimized model with $z$ taking a single (meaningless) determined value", that is
#    $Q(z|y) = 1$. Judge it for an $r(z)$ that is given and stays as it is, as the $N(0, I)$ of this
#    notebook; an $r(z)$ that is learnt as well is not meant. Try it with the decoder
#    $q(y|z) = p(y)$ for every $z$, the $r(z)$ of `R_Z` and $\beta = 0.5$, on `P_XY`.

# %%
# Your calculations.
P_XY = np.array([[0.30, 0.02], [0.08, 0.22], [0.04, 0.34]], np.float32)
R_Z = np.array([0.2, 0.5, 0.3], np.float32)
FOUR_SAMPLES = np.array(
    [[1.6, 0.2, -0.7], [-0.3, 0.9, 0.4], [0.8, -1.1, 0.5], [0.1, 0.6, 1.3]], np.float32
)

# %% [markdown] question="find_the_bugs"
# ### Your findings
#
# For each of the five lines: does it hold? If it does not, what holds instead? Give the numbers
# that show it, and the reason in a sentence or two.
#
# <!-- BEGIN SOLUTION -->
# | line | verdict | numbers |
# |---|---|---|
# | 1 (document 004, line 157; E-004-06) | wrong for a real-valued $y$ | $I = 0.183862$, $H(y) = -0.190499$ |
# | 2 | holds | $H(Y|X) = 0.376656$; $z = x$: $0.376656$; a noisy code: $0.578587$ |
# | 3 | wrong: at most | averaged prediction $0.918242$, mean of the samples $1.141754$ |
# | 4 (document 004, lines 167 to 169) | holds | $H(Y) = 0.680292$; loss $0.486006$, $1.470149$, $2.563642$ |
# | 5 (document 004, line 81; E-004-05) | wrong | loss $1.026866$ with one value, $0.680292$ with $q(z|x) = r(z)$ |
#
# 1: a differential entropy may be negative, and information is not: for a discrete $y$ the line
# holds, for a real-valued one there is no such upper bound. 2: the loss at $\beta = 0$ is at least
# $H(Y|Z)$, and $H(Y|Z) \ge H(Y|X)$, since $z$ knows of $y$ only what came through $x$. The noisy
# code is $q(z|x)$ = (0.7, 0.2, 0.1), (0.2, 0.6, 0.2), (0.1, 0.1, 0.8) with its best decoder. 3:
# Jensen: $-\log$ of a mean is at most the mean of $-\log$. The samples' cross-entropies are
# 0.297773, 1.845911, 0.636782 and 1.786552. 4: the loss is at least $H(Y|Z) + \beta I(X;Z) \ge
# H(Y|Z) + \beta I(Y;Z)$, which is $H(Y)$ at $\beta = 1$ and more for every larger $\beta$; below 1
# nothing holds it above $H(Y)$. 5: collapsed means $q(z|x) = r(z)$ for every $x$: the rate is 0
# then, and $I(X;Z)$ too. A single value $z_0$ costs $-\log r(z_0)$ nats, here at least
# $\log 2 = 0.693147$. Only where $r$ may be chosen as well, and has one value alone, are the two
# the same.
#
# **Rubric (6 points).** 5 points: one for each line, the verdict with a number that shows it, and
# what holds instead of a wrong one. 1 point: the reasons (a negative differential entropy, the
# Markov chain, Jensen, the two informations, the rate of a single value). Half of what a point asks
# for earns half a point. Numbers must be right to three digits.
# <!-- END SOLUTION -->

# %% [markdown]
# ## Papers
#
# - Alemi, Fischer, Dillon and Murphy (2017). *Deep Variational Information Bottleneck*.
#   <https://arxiv.org/abs/1612.00410>
# - Tishby, Pereira and Bialek (1999). *The Information Bottleneck Method*.
#   <https://arxiv.org/abs/physics/0004057>
