"""The oracle in a notebook: the student's own earlier functions, which `check` examines too."""

from collections.abc import Callable, Iterator

import numpy as np

from ..judging import DrawnQuestion
from .exam import CannotExamine
from .latent_model import SPECS

__all__ = ["OwnFunctions", "OwnFunctionsOfABetaVAE", "OwnFunctionsOfAVAE", "own_functions"]

# From here to there a normal density is 0 in float32.
FAR = 1000.0


def own_functions(question: DrawnQuestion, function: Callable) -> "OwnFunctions":
    """Returns the oracle by which a notebook examines `question`; `function` as in `OwnFunctions`.

    The specification of the model that the question is about says which oracle that is.
    """
    models = [item.options["model"] for item in question.properties if "model" in item.options]
    oracle = (SPECS[models[0]].own_oracle if models else None) or OwnFunctions
    return oracle(function)


def as_float32(*arrays: np.ndarray) -> list[np.ndarray]:
    """Returns arrays in float32, as a student's functions take them."""
    return [np.asarray(array, np.float32) for array in arrays]


class OwnFunctions:
    """What values should be, by the student's own functions.

    Args:
        function: From the name of an earlier question to the student's function; raises
            `CannotExamine` if that is not right.
    """

    def __init__(self, function: Callable) -> None:
        self.function = function

    def value(self, name: str, *arrays: np.ndarray) -> np.ndarray:
        """Returns what the student's function `name` gives for these arrays."""
        return np.asarray(self.function(name)(*as_float32(*arrays)), float)

    def sample_latent(self, mu: np.ndarray, log_var: np.ndarray, eps: np.ndarray) -> np.ndarray:
        """Returns z, by the student's `sample_latent`.

        Args:
            mu: Means of q(z|x). Shape `[B, K]`.
            log_var: Its log variances. Same shape.
            eps: Standard normal noise. Shape `[L, B, K]`.

        Returns:
            One latent for each sample and example. Shape `[L, B, K]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        return self.value("sample_latent", mu, log_var, eps)

    def latent_gradient(
        self, mu: np.ndarray, log_var: np.ndarray, eps: np.ndarray, cotangent: np.ndarray
    ) -> list[np.ndarray]:
        """Returns the gradients of sum(cotangent * z) by differences of the student's values.

        Args:
            mu: Means of q(z|x). Shape `[B, K]`.
            log_var: Its log variances. Same shape.
            eps: Standard normal noise. Shape `[L, B, K]`.
            cotangent: What each value of z is weighted with. Shape `[L, B, K]`.

        Returns:
            The gradient in mu and that in log_var, each `[B, K]`.

        Raises:
            CannotExamine: If the student's `sample_latent` is not right.
        """
        step, found = 1e-2, []
        for shift in ((step, 0.0), (0.0, step)):
            ends = [
                self.sample_latent(mu + sign * shift[0], log_var + sign * shift[1], eps)
                for sign in (1, -1)
            ]
            found.append(((ends[0] - ends[1]) * cotangent).sum(0) / (2 * step))
        return found

    def cross_entropy(self, y_onehot: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Returns the cross-entropy of each sample and example. Shape `[L, B]`."""
        values = [
            self.value("categorical_log_prob", y_onehot, sample_logits) for sample_logits in logits
        ]
        return -np.stack(values)

    def kl(self, mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
        """Returns the KL of each example: the rates of batches of one. Shape `[B]`."""
        return np.array([float(self.value("vib_rate", *pair)) for pair in rows(mu, log_var)])

    def reconstruction(
        self, x: np.ndarray, outputs: np.ndarray, sigma: float | None = None
    ) -> np.ndarray:
        """Returns each sample's and example's distortion, by `rate_distortion_point`.

        An image is a table with a state for each pixel and each value it may have, and with a
        single z.

        Args:
            x: Binary images. Shape `[B, D]`.
            outputs: Logits of their pixels. Shape `[L, B, D]`.
            sigma: None; grey images are for `OwnFunctionsOfABetaVAE`.

        Returns:
            -log p(x|z) summed over pixels, in nats. Shape `[L, B]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        assert sigma is None
        return np.array(
            [
                [self.distortion_of_pixels(*image) for image in zip(x, sample, strict=True)]
                for sample in outputs
            ]
        )

    def distortion_of_pixels(self, x: np.ndarray, logits: np.ndarray) -> float:
        """Returns -log p(x|z) of one binary image under logits of its pixels, each `[D]`.

        The function may count on positive probabilities of the data, and is linear in them: two
        tables that mix the values of the pixels give what a table of the observed ones would.
        """
        log_probs = -np.logaddexp(0, np.stack([logits, -logits]))
        observed = np.stack([x == 0, x == 1])

        def distortion(share: float) -> float:
            p_x = np.where(observed, share, 1 - share).ravel() / x.size
            p_x_given_z = np.exp(log_probs).reshape(1, -1) / x.size
            tables = p_x, np.ones((p_x.size, 1)), np.ones(1), p_x_given_z
            return float(self.function("rate_distortion_point")(*as_float32(*tables))[1])

        mixed = 1.5 * distortion(0.75) - 0.5 * distortion(0.25)
        return x.size * (mixed - np.log(x.size))

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Returns class probabilities, averaged over the samples. Shape `[B, C]`."""
        return self.value("vib_predict_probs", logits)

    def log_normal(self, z: np.ndarray, mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
        """Returns log N(z; mu, diag exp(log_var)), by the student's `gaussian_log_pdf`.

        Args:
            z: Where. Shape `[B, K]`.
            mu: Means. Same shape.
            log_var: Log variances. Same shape.

        Returns:
            One log density for each example, in nats. Shape `[B]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        return self.value("gaussian_log_pdf", z, mu, np.exp(log_var))

    def log_prior(self, z0: np.ndarray, zK: np.ndarray) -> np.ndarray:
        """Returns log p(zK) of each example. Shape `[B]`."""
        return self.value("flow_prior_term", z0, zK)


def rows(*arrays: np.ndarray) -> Iterator[tuple]:
    """Yields the examples of arrays `[B, ...]`, each as a tuple of batches of one."""
    return zip(
        *([array[row : row + 1] for row in range(len(array))] for array in arrays), strict=True
    )


class OwnFunctionsOfAVAE(OwnFunctions):
    """The same where functions are whole losses: each term is a difference of two losses."""

    def loss(
        self,
        x: np.ndarray,
        outputs: np.ndarray,
        mu: np.ndarray,
        log_var: np.ndarray,
        sigma: float | None = None,
    ) -> float:
        """Returns the loss of a batch, by `vae_loss`, or with a `sigma` by `gaussian_vae_loss`.

        Args:
            x: Images, binary or (with a `sigma`) grey. Shape `[B, D]`.
            outputs: The decoder's: logits of pixels, or means. Shape `[L, B, D]`.
            mu: Means of q(z|x). Shape `[B, K]`.
            log_var: Its log variances. Same shape.
            sigma: The standard deviation of a pixel; None for binary ones.

        Returns:
            Minus the ELBO averaged over the batch, in nats.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        arguments = as_float32(x, outputs, mu, log_var)
        if sigma is None:
            return float(self.function("vae_loss")(*arguments))
        return float(self.function("gaussian_vae_loss")(*arguments, sigma))

    def mean_reconstruction(
        self, x: np.ndarray, outputs: np.ndarray, sigma: float | None = None
    ) -> np.ndarray:
        """Returns the reconstruction of each sample, averaged over the batch.

        It is the loss for q = prior, where the KL is 0.

        Args:
            x: Images. Shape `[B, D]`.
            outputs: The decoder's: logits of pixels, or means. Shape `[L, B, D]`.
            sigma: The standard deviation of a pixel; None for binary ones.

        Returns:
            -log p(x|z) summed over pixels, in nats. Shape `[L]`.

        Raises:
            CannotExamine: If the student's loss is not right.
        """
        prior = np.zeros((x.shape[0], 1))
        return np.array(
            [
                self.loss(x, sample_outputs[np.newaxis], prior, prior, sigma)
                for sample_outputs in outputs
            ]
        )

    def reconstruction(
        self, x: np.ndarray, outputs: np.ndarray, sigma: float | None = None
    ) -> np.ndarray:
        """Returns each sample's and example's reconstruction, by batches of one.

        Args:
            x: Images. Shape `[B, D]`.
            outputs: The decoder's: logits of pixels, or means. Shape `[L, B, D]`.
            sigma: The standard deviation of a pixel; None for binary ones.

        Returns:
            -log p(x|z) summed over pixels, in nats. Shape `[L, B]`.

        Raises:
            CannotExamine: If the student's loss is not right.
        """
        pairs = rows(x, np.swapaxes(outputs, 0, 1))
        return np.stack(
            [self.mean_reconstruction(row, out.swapaxes(0, 1), sigma) for row, out in pairs], axis=1
        )

    def mean_kl(self, mu: np.ndarray, log_var: np.ndarray) -> float:
        """Returns the batch's mean KL: the loss of one pixel, minus the same loss for q = prior."""
        pixel, prior = np.zeros((len(mu), 1)), np.zeros_like(mu)
        outputs = pixel[np.newaxis]

        def difference(sigma: float | None) -> float:
            return self.loss(pixel, outputs, mu, log_var, sigma) - self.loss(
                pixel, outputs, prior, prior, sigma
            )

        try:
            return difference(None)
        except CannotExamine:
            # The KL is the same in the other loss.
            return difference(1.0)

    def kl(self, mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
        """Returns the KL of each example. Shape `[B]`."""
        return np.array([self.mean_kl(*pair) for pair in rows(mu, log_var)])


class OwnFunctionsOfABetaVAE(OwnFunctions):
    """The same where functions give the best sigma, and the log density of a mixture."""

    def reconstruction(
        self, x: np.ndarray, outputs: np.ndarray, sigma: float | None = None
    ) -> np.ndarray:
        """Returns each sample's and example's distortion at `sigma`, by batches of one.

        Args:
            x: Grey images. Shape `[B, D]`.
            outputs: Their reconstructions. Shape `[L, B, D]`.
            sigma: The standard deviation of a pixel.

        Returns:
            -log p(x|z) summed over pixels, in nats. Shape `[L, B]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        pairs = rows(x, np.swapaxes(outputs, 0, 1))
        return np.stack(
            [self.mean_reconstruction(row, out.swapaxes(0, 1), sigma) for row, out in pairs], axis=1
        )

    def mean_reconstruction(
        self, x: np.ndarray, outputs: np.ndarray, sigma: float | None = None
    ) -> np.ndarray:
        """Returns each sample's distortion at `sigma`, averaged over the batch, by `optimal_sigma`.

        That function gives the least distortion; this is by how much it is more at `sigma`.

        Args:
            x: Grey images. Shape `[B, D]`.
            outputs: Their reconstructions. Shape `[L, B, D]`.
            sigma: The standard deviation of a pixel.

        Returns:
            -log p(x|z) summed over pixels, in nats. Shape `[L]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        assert sigma is not None
        best, least = np.transpose(
            [
                [float(value) for value in self.function("optimal_sigma")(*as_float32(x, out))]
                for out in outputs[:, np.newaxis]
            ]
        )
        return least + x.shape[1] * (np.log(sigma / best) + ((best / sigma) ** 2 - 1) / 2)

    def best_sigma(self, x: np.ndarray, outputs: np.ndarray) -> float:
        """Returns the standard deviation at which outputs are most likely, by `optimal_sigma`.

        Args:
            x: Grey images. Shape `[B, D]`.
            outputs: Their reconstructions. Shape `[L, B, D]`.

        Raises:
            CannotExamine: If the student's function is not right.
        """
        return float(self.function("optimal_sigma")(*as_float32(x, outputs))[0])

    def kl(self, mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
        """Returns the KL of each example, by `aggregate_log_prob`. Shape `[B]`.

        Log q(z|x) - log p(z) is a sum over dimensions of polynomials of degree 2, so its mean at
        mu + sigma and mu - sigma is its expectation. One dimension more tells examples apart: in it
        they are so far from each other that only an example's own component counts.
        """
        places, zeros = FAR * np.arange(len(mu))[:, np.newaxis], np.zeros((len(mu), 1))
        sigma = np.exp(log_var / 2)
        z = np.concatenate([np.hstack([end, places]) for end in (mu + sigma, mu - sigma)])
        log_q = self.value(
            "aggregate_log_prob", z, np.hstack([mu, places]), np.hstack([log_var, zeros])
        )
        prior = np.hstack([0 * mu, places])
        log_p = self.value("aggregate_log_prob", z, prior, 0 * prior)
        return (log_q - log_p).reshape(2, -1).mean(axis=0)

    def mean_kl(self, mu: np.ndarray, log_var: np.ndarray) -> float:
        """Returns the mean KL of a batch."""
        return float(self.kl(mu, log_var).mean())
