"""The oracle in a notebook: the student's own earlier functions, which `check` examines by value."""

import numpy as np

from .exam import CannotExamine
from .latent_model import SPECS

__all__ = ["OwnFunctions", "OwnFunctionsOfAVAE", "own_functions"]


def own_functions(question, function):
    """Returns the oracle with which a notebook examines a `judging.Question`; `function` as in `OwnFunctions`.

    The specification of the model that the question is about says which oracle that is.
    """
    models = [item.options["model"] for item in question.properties if "model" in item.options]
    oracle = (SPECS[models[0]].own_functions if models else None) or OwnFunctions
    return oracle(function)


def as_float32(*arrays):
    return [np.asarray(array, np.float32) for array in arrays]


class OwnFunctions:
    """What values should be, by the student's own functions.

    Args:
        function: From the name of an earlier question to the student's function; raises `CannotExamine` where that is not
            right.
    """

    def __init__(self, function):
        self.function = function

    def value(self, name, *arrays):
        """Returns what the student's function `name` gives for these arrays."""
        return np.asarray(self.function(name)(*as_float32(*arrays)), float)

    def sample(self, mu, log_var, eps):
        return self.value("sample_latent", mu, log_var, eps)

    def latent_gradient(self, mu, log_var, eps, cotangent):
        """Returns the gradients of sum(cotangent * z) by differences of the student's own values."""
        step, found = 1e-2, []
        for shift in ((step, 0), (0, step)):
            ends = [self.sample(mu + sign * shift[0], log_var + sign * shift[1], eps) for sign in (1, -1)]
            found.append(((ends[0] - ends[1]) * cotangent).sum(0) / (2 * step))
        return found

    def cross_entropy(self, y_onehot, logits):
        return -np.stack([self.value("categorical_log_prob", y_onehot, one) for one in logits])

    def kl(self, mu, log_var):
        """Returns the KL of each example: the rates of batches of one."""
        return np.array([float(self.value("vib_rate", *pair)) for pair in rows(mu, log_var)])

    def predict(self, logits):
        return self.value("vib_predict_probs", logits)

    def log_normal(self, z, mu, log_var):
        return self.value("gaussian_log_pdf", z, mu, np.exp(log_var))

    def log_prior(self, z0, zK):
        return self.value("flow_prior_term", z0, zK)


def rows(*arrays):
    """Returns the rows of arrays `[B, ...]` side by side, as batches of one."""
    return zip(*([array[row : row + 1] for row in range(len(array))] for array in arrays), strict=True)


class OwnFunctionsOfAVAE(OwnFunctions):
    """The same in an assignment whose functions are whole losses: a term is what a loss loses without it."""

    def loss(self, x, outputs, mu, log_var, sigma=None):
        arguments = as_float32(x, outputs, mu, log_var)
        if sigma is None:
            return float(self.function("vae_loss")(*arguments))
        return float(self.function("gaussian_vae_loss")(*arguments, sigma))

    def mean_reconstruction(self, x, outputs, sigma=None):
        """Returns the reconstruction of each sample, averaged over the batch: the loss where q is the prior. Shape `[L]`."""
        prior = np.zeros((x.shape[0], 1))
        return np.array([self.loss(x, one[np.newaxis], prior, prior, sigma) for one in outputs])

    def reconstruction(self, x, outputs, sigma=None):
        """Returns the reconstruction of each sample and example, from batches of one. Shape `[L, B]`."""
        pairs = rows(x, np.swapaxes(outputs, 0, 1))
        return np.stack([self.mean_reconstruction(row, out.swapaxes(0, 1), sigma) for row, out in pairs], axis=1)

    def mean_kl(self, mu, log_var):
        """Returns the mean KL over the batch: what the loss of one pixel loses where q is the prior."""
        pixel, prior = np.zeros((len(mu), 1)), np.zeros_like(mu)
        outputs = pixel[np.newaxis]

        def difference(sigma):
            return self.loss(pixel, outputs, mu, log_var, sigma) - self.loss(pixel, outputs, prior, prior, sigma)

        try:
            return difference(None)
        except CannotExamine:
            # The KL is the same in the other loss.
            return difference(1.0)

    def kl(self, mu, log_var):
        return np.array([self.mean_kl(*pair) for pair in rows(mu, log_var)])
