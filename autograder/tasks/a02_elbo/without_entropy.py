"""Where a search for q ends that lacks the entropy of q, or subtracts it.

Nothing keeps sigma from falling, but it falls slowly: after 2000 steps it may be anywhere below the
right one. The searches start from N(0, 1) and see the mean m and the precision P of the posterior.
"""

from functools import lru_cache

import numpy as np

from autograder.reference import linear_gaussian

from ..question import Formula

__all__ = ["WITHOUT_ENTROPY", "Fit"]

# mu and sigma.
Fit = tuple[float, float]

NUM_STEPS = 2000
# What students often take.
ADAM_RATES = (0.001, 0.002, 0.003, 0.005, 0.01)
# Adam is followed in strides of so many steps: some milliseconds for a posterior.
STRIDE = 16


def from_posterior(search, **options) -> Formula:
    """Returns the formula of a question's arguments for `search`, of mean and precision."""

    def formula(log_joint, num_steps, seed) -> Fit:
        return search(*linear_gaussian.quadratic_peak(log_joint), **options)

    return formula


def end_at(mean, precision, sigma) -> Fit:
    return mean, sigma


# What sigma is after gradient ascent of t, the number of steps times their size.
SIGMAS = {
    "log sigma": lambda precision, t: (1 + 2 * precision * t) ** -0.5,
    "log sigma, entropy subtracted": lambda precision, t: (
        ((1 + precision) * np.exp(2 * t) - precision) ** -0.5
    ),
    "sigma": lambda precision, t: np.exp(-precision * t),
}


def ascend(mean, precision, trained, t, averaged) -> Fit:
    """Follows the expected gradient by plain steps.

    Args:
        mean: m.
        precision: P.
        trained: What is trained, a key of SIGMAS.
        t: The number of steps times their size.
        averaged: Whether the last half of the steps is averaged, or the last step returned.
    """
    times = np.linspace(t / 2, t, 201) if averaged else np.array([t])
    mu = mean * (1 - np.exp(-precision * times))
    return float(np.mean(mu)), float(np.mean(SIGMAS[trained](precision, times)))


def adam(mean, precision, row, averaged) -> Fit:
    """Returns one of the searches of `run_adam`, by the row of ADAM_ROWS."""
    path = run_adam(round(mean, 5), round(precision, 5))[:, :, row]
    mu, sigma = path[len(path) // 2 :].mean(axis=0) if averaged else path[-1]
    return float(mu), float(sigma)


ADAM_ROWS = [
    (rate, num_samples, entropy)
    for rate in ADAM_RATES
    for num_samples in (10, 1)
    for entropy in (0, -1)
]


@lru_cache(maxsize=64)
def run_adam(mean, precision) -> np.ndarray:
    """Returns mu and sigma at each stride of Adam, whose steps depend on the noise of gradients.

    Args:
        mean: m.
        precision: P.

    Returns:
        Shape `[strides, 2, rows]`, with the rows of ADAM_ROWS.
    """
    rates, num_samples, entropy = np.array(ADAM_ROWS).T
    decay = np.array([0.9, 0.999])[:, None, None] ** STRIDE
    place, (first, second) = np.zeros((2, len(rates))), np.zeros((2, 2, len(rates)))
    path = []
    for stride in range(1, NUM_STEPS // STRIDE + 1):
        mu, log_sigma = place
        slope, variance = expected_gradient(mu, log_sigma, mean, precision, entropy)
        first = decay[0] * first + (1 - decay[0]) * slope
        second = decay[1] * second + (1 - decay[1]) * (slope**2 + variance / num_samples)
        sizes = np.sqrt(second / (1 - decay[1] ** stride)) + 1e-7
        place = place + STRIDE * rates * first / (1 - decay[0] ** stride) / sizes
        path.append((place[0], np.exp(place[1])))
    return np.array(path)


# Not fewer arguments: all are numbers of one formula.
def expected_gradient(mu, log_sigma, mean, precision, entropy) -> tuple[np.ndarray, np.ndarray]:
    """Returns expectation and variance of the gradient in mu and log sigma from one sample.

    Args:
        mu: Means of q. Shape `[rows]`.
        log_sigma: Logs of its standard deviations. Shape `[rows]`.
        mean: m.
        precision: P.
        entropy: The weight of the entropy. Shape `[rows]`.

    Returns:
        Two arrays. Shape `[2, rows]` each.
    """
    sigma, distance = np.exp(log_sigma), mean - mu
    slope = np.stack([precision * distance, entropy - precision * sigma**2])
    noise = precision**2 * sigma**2
    return slope, np.stack([noise, noise * (distance**2 + 2 * sigma**2)])


WITHOUT_ENTROPY = (
    *(from_posterior(end_at, sigma=sigma) for sigma in (0, 0.08, 0.14, 0.2, 0.26, 0.32)),
    *(
        from_posterior(ascend, trained=trained, t=t, averaged=averaged)
        for trained in SIGMAS
        for t in np.geomspace(1.5, 150, 18)
        for averaged in (True, False)
    ),
    *(
        from_posterior(adam, row=row, averaged=averaged)
        for row in range(len(ADAM_ROWS))
        for averaged in (True, False)
    ),
)
