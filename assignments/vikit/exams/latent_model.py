"""`LatentModel`: a model with a latent sample as a specification, loss = distortion + weight * rate.

The specification says what a VAE, a VIB or a VIB with a flow is made of; what is examined of them stands once: terms,
prediction, weights_learn, fresh_noise, reported_losses, floor, each in the module of its name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from .digits import Examples, one_hot

__all__ = ["LOG_MEAN_EXP", "SPECS", "Distortion", "LatentModel", "Rate", "Score", "Sizes", "Term", "Terms", "spec_of"]


class Sizes(NamedTuple):
    """Sizes of a model.

    Attributes:
        event_dim: Pixels of an image.
        latent_dim: Latent dimensions.
        num_outputs: Outputs of the decoder: classes, or pixels.
        hidden: Sizes of the hidden layers.
    """

    event_dim: int
    latent_dim: int
    num_outputs: int
    hidden: tuple


# The sizes of the model that is trained, and of a small one, for a model of images and for a classifier.
TRAINED_SIZES = {False: Sizes(64, 8, 64, (128,)), True: Sizes(64, 8, 10, (128,))}


SMALL_SIZES = {False: Sizes(16, 4, 16, (7,)), True: Sizes(16, 4, 5, (7,))}


@dataclass(frozen=True)
class Distortion:
    """The first term of the loss: how badly the decoder's outputs fit the target, in nats.

    Attributes:
        name: What the model reports it as.
        axis: What it is a sum over, for names of mistakes.
        value: From (oracle, target, outputs `[L, B, N]`) to the distortion of each sample and example, `[L, B]`.
        mean: The same, averaged over the batch, `[L]`, where the oracle has that alone at little cost; None where it is the
            mean of `value`.
        wrong: What known mistakes make of it: from their names to functions of a `Sample`.
        as_logits: From probabilities to the logits that give them, for a decoder that returns probabilities.
        are_probabilities: Tells whether outputs are probabilities of this distortion's distribution.
        reported_wrong: What known mistakes make of the reported one: from their names to functions of a `Sample`, like `mean`.
        names_if_bounded: What a bounded output of the decoder is called here, from the usual names.
    """

    name: str
    axis: str
    value: Callable
    mean: Callable | None = None
    wrong: dict = field(default_factory=dict)
    as_logits: Callable | None = None
    are_probabilities: Callable = lambda outputs: False
    reported_wrong: dict = field(default_factory=dict)
    names_if_bounded: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """The second term of the loss: what the sample tells of the image, in nats.

    Attributes:
        value: From a `Sample` to the rate of each sample and example, `[L, B]`, or in closed form `[1, B]`.
        mean: The same, averaged over samples and batch, where the oracle has that alone at little cost. Reported rates are
            compared with it even where the loss combines the rates of samples: both have one mean.
        wrong: What known mistakes make of it: from their names to functions like `value`.
        reported_wrong: And of the one that is reported.
    """

    value: Callable
    mean: Callable | None = None
    wrong: dict = field(default_factory=dict)
    reported_wrong: dict = field(default_factory=dict)


class Combine(NamedTuple):
    """How the losses of several samples become that of an example.

    Attributes:
        function: From losses `[L, B]` to `[B]`.
        of_samples: Whether the rate must be that of each sample; else a closed form will do.
    """

    function: Callable
    of_samples: bool = False


MEAN = Combine(lambda losses: losses.mean(axis=0))


def minus_log_mean_exp(losses):
    """Returns -log mean exp(-loss) over the samples. Shape `[B]`."""
    least = losses.min(axis=0)
    return least - np.log(np.mean(np.exp(least - losses), axis=0))


# Of log weights: the importance-weighted bound (Burda and others, 2016).
LOG_MEAN_EXP = Combine(minus_log_mean_exp, of_samples=True)


@dataclass(frozen=True)
class Term:
    """One of the values that a model's method returns for each example.

    Attributes:
        name: What messages call it.
        right: From a `Sample` to the value of each example `[B]`.
        wrong: What known mistakes make of it, step by step: from a `LatentModel` to a list of dicts, each from the names of
            mistakes, and "right", to functions of (value, sample) that are applied to what the step before gave; the first
            are given None.
        tolerance: From a `Sample` to what rounding may add to it, `[B]`.
    """

    name: str
    right: Callable
    wrong: Callable
    tolerance: Callable | None = None


@dataclass(frozen=True)
class Terms:
    """The method of a model that returns the terms of its loss.

    Attributes:
        method: Its name; it takes the target's arrays and eps `[L, B, K]`.
        terms: What it returns, in order.
        origin: What the right values come from, for messages.
        of_distortion: The index of the term that the distortion enters.
        one_sample: Whether eps is that of one sample, `[B, K]`.
        swapped: What it is called where terms have changed places; empty where that has no name.
        own_noise: What it is called where two calls differ.
        probabilities_first: Whether a decoder that returns probabilities explains whatever is wrong.
    """

    method: str
    terms: tuple
    origin: str
    of_distortion: int
    one_sample: bool = False
    swapped: str = ""
    own_noise: str = "terms_draw_their_own_noise"
    probabilities_first: bool = False


@dataclass(frozen=True)
class Score:
    """What is asked of a trained model, on digits that were held out.

    Attributes:
        name: What it is called.
        value: From (model, `Examples`) to the score.
        margin: A training that ends so far above the floor is enough by itself.
        unit: Of the score, for messages.
        fall: How far the score falls in a training that goes the wrong way; infinite where it cannot tell.
        wrong_sign: The name of a loss with the wrong sign.
    """

    name: str
    value: Callable
    margin: float
    unit: str
    fall: float
    wrong_sign: str


@dataclass(frozen=True)
class LatentModel:
    """A kind of model with an encoder, a latent sample and a decoder; loss = distortion + weight * rate.

    Attributes:
        name: The class. It takes event_dim, latent_dim and, of a classifier, num_classes, and `hidden` as keyword.
        distortion: The `Distortion`.
        rate: The `Rate`.
        terms: The `Terms`.
        score: The `Score`.
        weight: The weight of the rate.
        weight_name: The keyword and attribute that it is, empty where the class takes none.
        keywords: What the class is given besides.
        combine: How samples are combined, a `Combine`.
        num_samples: How many samples of an example are combined in training.
        labelled: Whether it is a classifier, and is given labels.
        grey: Whether its images are grey, in [0, 1], and not binary.
        sample: The class of its samples, `Sample` or one derived from it.
        variants: Specifications of the same class, with other keywords, whose reported losses are examined too.
        parts: From (model, x, z) to what further parts of the model return, as `Model.look_at_parts`.
        bounds_in: The examination that asks that nothing bounds the outputs: "terms" or "floor".
        perturbation: How models are moved away from where they began: a scale of their weights, and noise.
        more_perturbations: Further ones, with which the noise of training is looked at again: with some weights no mistake
            shows.
        own_functions: The class of the oracle in a notebook where it is not `OwnFunctions`, but one derived from it.
    """

    name: str
    distortion: Distortion
    rate: Rate
    terms: Terms
    score: Score
    weight: float = 1.0
    weight_name: str = ""
    keywords: dict = field(default_factory=dict)
    combine: Combine = MEAN
    num_samples: int = 1
    labelled: bool = False
    grey: bool = False
    sample: type | None = None
    variants: tuple = ()
    parts: Callable = lambda model, x, z: ()
    bounds_in: str = "terms"
    perturbation: tuple = (1.5, 0.3)
    more_perturbations: tuple = ()
    own_functions: type | None = None

    @property
    def trained_sizes(self):
        return TRAINED_SIZES[self.labelled]

    @property
    def small_sizes(self):
        return SMALL_SIZES[self.labelled]

    @property
    def reported(self):
        """Returns the names of what `fit` and `evaluate` report."""
        return "loss", self.distortion.name, "kl"

    def draw(self, exam, batch, sizes):
        """Returns random `Examples` for a model of these sizes."""
        x = exam.generator.random((batch, sizes.event_dim))
        x = (x if self.grey else x < 0.5).astype(np.float32)
        if not self.labelled:
            return Examples(x)
        return Examples(x, one_hot(exam.generator.integers(0, sizes.num_outputs, batch), sizes.num_outputs))


SPECS: dict[str, LatentModel] = {}


def spec_of(model, **changes):
    """Returns a specification, given itself or by its name in `SPECS`, with these changes."""
    spec = SPECS[model] if isinstance(model, str) else model
    return replace(spec, **changes)
