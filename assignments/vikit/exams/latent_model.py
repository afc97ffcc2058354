"""`LatentModel` specifies a model with a latent sample, whose loss has a distortion and a rate.

A specification says what a VAE, a VIB or a VIB with a flow is made of. What must hold for such a
model is examined by code that stands once for all of them, each examination in the module of its
name: terms, prediction, weights_learn, fresh_noise, reported_losses, reported_losses_and_noise,
floor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .digits import Examples, one_hot

__all__ = [
    "BITS_PER_NAT",
    "LOG_MEAN_EXP",
    "SAMPLES_AVERAGED",
    "SPECS",
    "Distortion",
    "LatentModel",
    "LossMethod",
    "ModelSizes",
    "Rate",
    "Score",
    "Term",
    "register_spec",
    "spec_of",
]

BITS_PER_NAT = 1 / np.log(2)
# The name of a loss that averages the losses of samples instead of combining them as it should.
SAMPLES_AVERAGED = "samples_averaged"


class ModelSizes(NamedTuple):
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


# The sizes of the model that is trained and those of a small one, for a classifier (True)
# and for a model of images.
TRAINED_SIZES = {False: ModelSizes(64, 8, 64, (128,)), True: ModelSizes(64, 8, 10, (128,))}
SMALL_SIZES = {False: ModelSizes(16, 4, 16, (7,)), True: ModelSizes(16, 4, 5, (7,))}


@dataclass(frozen=True)
class Distortion:
    """The first term of the loss, in nats: how badly outputs fit the images or their labels.

    Attributes:
        name: The name under which the model reports it.
        summed_over: The axis that it is a sum over, for names of mistakes.
        value: From a `Sample` to the distortion of each sample and example, `[L, B]`.
        mean: From a `Sample` to its mean over the batch, `[L]`, if the oracle has that alone at
            little cost; None where it is the mean of `value`.
        wrong: From the names of known mistakes to what they make of it: functions like `value`.
        to_logits: From probabilities to the logits that give them, for a decoder that returns
            probabilities.
        are_probabilities: Tells whether outputs are probabilities of this distortion's
            distribution.
        reported_wrong: From the names of known mistakes in the reported one to functions like
            `mean`.
        names_if_bounded: From the usual name of a bounded output to its name where the decoder
            returns it.
        most_unlikely: From a `Sample` to the largest -log probability of a single label or pixel;
            None for densities.
    """

    name: str
    summed_over: str
    value: Callable
    mean: Callable | None = None
    wrong: dict = field(default_factory=dict)
    to_logits: Callable = lambda outputs: outputs
    are_probabilities: Callable = lambda outputs: False
    reported_wrong: dict = field(default_factory=dict)
    names_if_bounded: dict = field(default_factory=dict)
    most_unlikely: Callable | None = None


@dataclass(frozen=True)
class Rate:
    """The second term of the loss: how much the latent sample tells about the image, in nats.

    Most models report it as "kl", and so the names of mistakes and the messages call it; the code
    calls it rate.

    Attributes:
        name: The name under which the model reports it.
        value: From a `Sample` to the rate of each sample and example, `[L, B]`, or in closed form
            `[1, B]`.
        mean: From a `Sample` to its mean over samples and batch, if the oracle has that alone at
            little cost. Reported rates are compared with it even where the loss combines the rates
            of samples: both have the same mean.
        wrong: From the names of known mistakes to what they make of it: functions like `value`.
        reported_wrong: From the names of known mistakes in the reported one to functions like
            `value`.
    """

    value: Callable
    mean: Callable | None = None
    wrong: dict = field(default_factory=dict)
    reported_wrong: dict = field(default_factory=dict)
    name: str = "kl"


class Combine(NamedTuple):
    """How the losses of several samples become the loss of an example.

    Attributes:
        function: From losses `[L, B]` to `[B]`.
        needs_sampled_rate: Whether the rate must be that of each sample; else a closed form will
            do.
    """

    function: Callable
    needs_sampled_rate: bool = False


MEAN = Combine(lambda losses: losses.mean(axis=0))


def minus_log_mean_exp(losses: np.ndarray) -> np.ndarray:
    """Returns -log mean exp(-loss) over the samples. Shape `[B]`."""
    least = losses.min(axis=0)
    return least - np.log(np.mean(np.exp(least - losses), axis=0))


# The importance-weighted bound (Burda and others, 2016).
LOG_MEAN_EXP = Combine(minus_log_mean_exp, needs_sampled_rate=True)


@dataclass(frozen=True)
class Term:
    """One of the values that a model's loss method returns for each example.

    Attributes:
        name: Its name in messages.
        right: From a `Sample` to the right value of each example `[B]`.
        wrong: From a `LatentModel` to the steps in which known mistakes can be made: a list of
            dicts from the names of mistakes, and "right", to functions of (value, sample). Each is
            applied to what the step before gave, those of the first step to None.
        tolerance: From a `Sample` to what rounding may add to the value, `[B]`.
        parts: The `read_terms.PartFormula`s that the right value is a sum of.
    """

    name: str
    right: Callable
    wrong: Callable
    tolerance: Callable | None = None
    parts: tuple = ()


@dataclass(frozen=True)
class LossMethod:
    """The method of a model that returns the loss of each example, or its terms.

    Attributes:
        name: The method. It takes the images, the labels of a classifier, and eps `[L, B, K]`.
        terms: The `Term`s that it returns, in order.
        origin: Where the right values come from, for messages.
        distortion_index: The index of the term that the distortion enters.
        takes_one_sample: Whether eps is the noise of a single sample, `[B, K]`.
        swapped_mistake: The name of the mistake if terms have changed places; empty if it has no
            name.
        own_noise_mistake: The name of the mistake if two calls differ.
        probabilities_first: Whether a decoder that returns probabilities is the first explanation
            of any wrong value.
    """

    name: str
    terms: tuple
    origin: str
    distortion_index: int
    takes_one_sample: bool = False
    swapped_mistake: str = ""
    own_noise_mistake: str = "terms_draw_their_own_noise"
    probabilities_first: bool = False


@dataclass(frozen=True)
class Score:
    """How good a trained model is, on digits that were held out.

    Attributes:
        name: Its name in messages.
        compute: From (model, `Examples`) to the score.
        margin: One training that ends this far above the floor is enough.
        unit: The unit in messages.
        fall: How far the score falls in a training that goes the wrong way; infinite if the score
            cannot tell.
        wrong_sign: The name of the mistake if the loss has the wrong sign.
    """

    name: str
    compute: Callable
    margin: float
    unit: str
    fall: float
    wrong_sign: str


@dataclass(frozen=True)
class LatentModel:
    """A kind of model: encoder, latent sample, decoder, and a loss of a distortion and a rate.

    Attributes:
        name: The class. It takes event_dim, latent_dim and, for a classifier, num_classes, and
            `hidden` as keyword.
        distortion: The `Distortion`.
        rate: The `Rate`.
        loss_method: The `LossMethod`.
        score: The `Score`.
        weight: The weight of the rate.
        weight_name: The keyword and attribute with the weight, empty if the class takes none.
        keywords: Further keywords that the class is given.
        combine: How samples are combined, a `Combine`.
        num_samples: How many samples of an example are combined in training.
        labelled: Whether it is a classifier, and is given labels.
        grey: Whether its images are grey, in [0, 1], and not binary.
        model_class: The class of such models if that is not `Model`, but one derived from it.
        sample_class: The class of its samples if that is not `Sample`, but one derived from it.
        variants: Specifications of the same class, with other keywords, whose reported losses are
            examined too.
        further_parts: From (model, x, z) to what further parts of the model return, as
            `Model.look_at_parts`.
        unbounded_checked_in: The examination, "terms" or "floor", that checks that nothing bounds
            the outputs.
        perturbation: How the weights of models are moved from their first values: a factor, and
            noise.
        more_perturbations: Further ones, with which the noise of training is observed again: with
            some weights no mistake shows.
        epochs: How long it is trained for the floor.
        own_oracle: The class of the oracle in a notebook if that is not `OwnFunctions`, but one
            derived from it.
        attribute_mistakes: The names of known mistakes in what else `model_class` and
            `sample_class` read of the model.
    """

    name: str
    distortion: Distortion
    rate: Rate
    loss_method: LossMethod
    score: Score
    weight: float = 1.0
    weight_name: str = ""
    keywords: dict = field(default_factory=dict)
    combine: Combine = MEAN
    num_samples: int = 1
    labelled: bool = False
    grey: bool = False
    model_class: type | None = None
    sample_class: type | None = None
    variants: tuple = ()
    further_parts: Callable = lambda model, x, z: ()
    unbounded_checked_in: str = "terms"
    perturbation: tuple = (1.5, 0.3)
    more_perturbations: tuple = ()
    epochs: int = 10
    own_oracle: type | None = None
    attribute_mistakes: tuple = ()

    @property
    def trained_sizes(self) -> ModelSizes:
        """Returns the sizes of the model that is trained."""
        return TRAINED_SIZES[self.labelled]

    @property
    def small_sizes(self) -> ModelSizes:
        """Returns the sizes of a small model."""
        return SMALL_SIZES[self.labelled]

    @property
    def reported(self) -> tuple[str, str, str]:
        """Returns the names of what `fit` and `evaluate` report."""
        return "loss", self.distortion.name, self.rate.name

    def draw(self, exam: Any, batch: int, sizes: ModelSizes) -> Examples:
        """Returns random `Examples` for a model of these sizes.

        Args:
            exam: The `Exam`, whose generator is used.
            batch: How many examples.
            sizes: The `ModelSizes`.

        Returns:
            Images `[batch, event_dim]` float32, binary or grey in [0, 1]; and for a classifier
            labels `[batch, num_outputs]`, one-hot.
        """
        x = exam.generator.random((batch, sizes.event_dim))
        x = (x if self.grey else x < 0.5).astype(np.float32)
        if not self.labelled:
            return Examples(x, grey=self.grey)
        return Examples(
            x, one_hot(exam.generator.integers(0, sizes.num_outputs, batch), sizes.num_outputs)
        )


SPECS: dict[str, LatentModel] = {}


def register_spec(name: str, spec: LatentModel) -> LatentModel:
    """Adds a specification to `SPECS`, where properties find it by `name`, and returns it.

    Raises:
        ValueError: If there is a specification of that name.
    """
    if name in SPECS:
        raise ValueError(f"two specifications are called {name!r}: {SPECS[name]} and {spec}")
    SPECS[name] = spec
    return spec


def spec_of(model: str | LatentModel, **changes: Any) -> LatentModel:
    """Returns a specification, given itself or by its name in `SPECS`, with these changes."""
    spec = SPECS[model] if isinstance(model, str) else model
    return replace(spec, **changes)
