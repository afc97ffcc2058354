"""`LatentModel`: a model with a latent sample as a specification, loss = distortion + weight * rate; and its parts in an exam.

The specification says what a VAE, a VIB or a VIB with a flow is made of; what is examined of them stands once, in
`latent_exams`. `Model` is such a model of the student's, and `Sample` what its parts give for a batch, put together here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..judging import describe
from .dependence import OF_VALUES, check_depends_on_inputs_and_weights
from .digits import BATCH, Examples, one_hot, split
from .exam import PropertyFailed, as_tensors, require_ok
from .student_object import StudentObject, build

__all__ = [
    "LOG_MEAN_EXP",
    "MEAN",
    "OF_A_MODEL",
    "SAMPLERS",
    "SPECS",
    "Batch",
    "Combine",
    "Distortion",
    "LatentModel",
    "Model",
    "Rate",
    "Sample",
    "Score",
    "Sizes",
    "Term",
    "Terms",
    "build_model",
    "first_of",
    "forget_trained_model",
    "is_close",
    "require_history",
    "spec_of",
    "trained_model",
]

# What any examination of such a model may find.
FIXED = {"the encoder": "encoder_not_trained", "the decoder": "decoder_not_trained"}
OF_A_MODEL = (*OF_VALUES, "no_weights", "weights_ignored", "input_ignored", *FIXED.values())
# Rounding of float32 in a loss that was put together outside from a network's outputs.
ATOL, RTOL = 1e-3, 3e-4


def is_close(got, want):
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(got - want) <= ATOL + RTOL * np.abs(want)))


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


# The specification.


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
        squashed: What a bounded output of the decoder is called here, from the usual names.
    """

    name: str
    axis: str
    value: Callable
    mean: Callable | None = None
    wrong: dict = field(default_factory=dict)
    as_logits: Callable | None = None
    are_probabilities: Callable = lambda outputs: False
    reported_wrong: dict = field(default_factory=dict)
    squashed: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """The second term of the loss: what the sample tells of the image, in nats.

    Attributes:
        value: From a `Sample` to the rate of each sample and example, `[L, B]`, or in closed form `[1, B]`.
        mean: The same, averaged over samples and batch, where the oracle has that alone at little cost.
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
        compares_noise: Whether the noise of training is compared with that of q(z|x).
        perturbation: How models are moved away from where they began: a scale of their weights, and noise.
        more_perturbations: Further ones, with which the noise of training is looked at again: with some weights no mistake
            shows.
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
    compares_noise: bool = False
    perturbation: tuple = (1.5, 0.3)
    more_perturbations: tuple = ()

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

    def given(self, **changes):
        return replace(self, **changes)

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


# Ways to sample: the right one, and those of known mistakes.


def first_of(eps, axis):
    return np.broadcast_to(np.take(eps, [0], axis), eps.shape)


SAMPLERS = {
    "right": lambda sample, mu, log_var, eps: sample(mu, log_var, eps),
    "sampler_log_var_as_log_sigma": lambda sample, mu, log_var, eps: sample(mu, 2 * log_var, eps),
    "sampler_without_noise": lambda sample, mu, log_var, eps: sample(mu, log_var, 0 * eps),
    "sampler_without_mean": lambda sample, mu, log_var, eps: sample(0 * mu, log_var, eps),
    "sampler_without_sigma": lambda sample, mu, log_var, eps: sample(mu, 0 * log_var, eps),
    "sampler_minus": lambda sample, mu, log_var, eps: sample(mu, log_var, -eps),
    "sampler_one_noise_for_the_batch": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 1)),
    "sampler_one_noise_for_all_dimensions": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 2)),
    "sampler_one_noise_for_all_samples": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 0)),
}


class Sample:
    """What the parts of a model give for a batch of examples and noise, put together here.

    Args:
        model: The `Model`.
        examples: The `Examples`.
        eps: Noise. Shape `[L, B, K]`.
        way: The way to sample, a key of `SAMPLERS`.

    Attributes:
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Its log variances. Same shape.
        z: What the decoder is given. Shape `[L, B, K]`.
    """

    def __init__(self, model, examples, eps, way="right"):
        self.model, self.examples, self.eps = model, examples, eps
        self.spec, self.oracle, self.sizes = model.spec, model.exam.oracle, model.sizes
        self.mu, self.log_var = model.encode(examples.x)
        self.z = self.decoder_inputs(SAMPLERS[way](self.oracle.sample, self.mu, self.log_var, eps))

    def decoder_inputs(self, z):
        """Returns what the model makes of samples of the encoder's distribution before it decodes them."""
        return z

    @cached_property
    def outputs(self):
        """Returns the decoder's outputs, as logits where it returns probabilities. Shape `[L, B, N]`."""
        return self.model.decode_to_logits(self.z)

    @cached_property
    def distortion(self):
        """Returns the distortion of each sample and example. Shape `[L, B]`."""
        return self.spec.distortion.value(self.oracle, self.examples.target, self.outputs)

    @cached_property
    def rate(self):
        """Returns the rate of each sample and example, `[L, B]`, or in closed form `[1, B]`."""
        return sampled_rate(self) if self.spec.combine.of_samples else self.spec.rate.value(self)

    @cached_property
    def loss(self):
        """Returns the loss of each example. Shape `[B]`."""
        return self.spec.combine.function(self.distortion + self.spec.weight * self.rate)

    @cached_property
    def mean_distortion(self):
        """Returns the distortion averaged over the batch. Shape `[L]`."""
        mean = self.spec.distortion.mean
        return mean(self.oracle, self.examples.target, self.outputs) if mean else self.distortion.mean(axis=1)

    @cached_property
    def mean_rate(self):
        """Returns the rate averaged over samples and batch."""
        mean = self.spec.rate.mean
        return float(mean(self) if mean else self.rate.mean())


def sampled_rate(sample):
    """Returns log q(z|x) - log p(z) of each sample and example. Shape `[L, B]`."""
    oracle = sample.oracle
    zeros = np.zeros_like(sample.mu)
    return np.stack(
        [oracle.log_normal(z, sample.mu, sample.log_var) - oracle.log_normal(z, zeros, zeros) for z in sample.z]
    )


class Model(StudentObject):
    """A model of the student's that a specification describes.

    Attributes:
        spec: The `LatentModel`.
        sizes: Its `Sizes`.
        returns_probabilities: Whether its decoder returns probabilities and the model takes them for that: against the rules,
            and understood.
    """

    spec: LatentModel
    sizes: Sizes
    returns_probabilities = False

    def encode(self, x):
        """Returns what the encoder gives for `x`: mu and log_var, each `[B, K]`.

        Where it returns more, these are the first two; `check_encoder_returns_two` asks that there be no more.
        """
        return self.part("encoder")(x, shapes=[(x.shape[0], self.sizes.latent_dim)] * 2, outputs=2)

    def check_encoder_returns_two(self):
        self.part("encoder").check_no_surplus("encoder(x)", "two, (mu, log_var)")

    def decode(self, z):
        """Returns what the decoder gives for `z` `[..., K]`. Shape `[..., N]`."""
        # As rows: some layers of Keras take one number of axes alone.
        rows = np.reshape(z, (-1, np.shape(z)[-1]))
        (found,) = self.part("decoder")(rows, shapes=[(len(rows), self.sizes.num_outputs)])
        return found.reshape(*z.shape[:-1], self.sizes.num_outputs)

    def decode_to_logits(self, z):
        """Returns what the decoder gives for `z`, or the logits of that where it returns probabilities."""
        found = self.decode(z)
        return self.spec.distortion.as_logits(found) if self.returns_probabilities else found

    def sample(self, examples, eps, way="right"):
        return (self.spec.sample or Sample)(self, examples, eps, way)

    def draw_sample(self, examples, num_samples):
        """Returns a `Sample` with fresh noise."""
        return self.sample(examples, self.exam.normal(num_samples, len(examples), self.sizes.latent_dim))

    def terms(self, examples, eps):
        """Returns what the model's own method says of the terms of the loss, a tuple of arrays `[B]`."""
        terms = self.spec.terms
        count = len(terms.terms)
        eps = eps[0] if terms.one_sample else eps
        shapes, outputs = [(len(examples),)] * count, count if count > 1 else None
        return self.method(terms.method, *examples.arrays, eps, shapes=shapes, outputs=outputs)

    def fit(self, examples, learning_rate, names=("loss",), epochs=1, seed=None, eager=False, batch_size=BATCH):
        """Trains with a new Adam and returns the history, which must have `names`."""
        options = {"batch_size": batch_size, "epochs": epochs}
        reply = self.exam.student.fit(self.handle, examples.arrays, learning_rate, seed, eager, **options)
        return require_history(require_ok(reply), names)

    def evaluate(self, examples, names, batch_size=1):
        """Returns what the model's `evaluate` reports."""
        keywords = {"batch_size": batch_size, "verbose": 0, "return_dict": True}
        reply = self.exam.student.call(f"{self.key}.evaluate", examples.arrays, keywords, outputs="mapping")
        return require_history(require_ok(reply), names)

    def begin_anew(self):
        """Gives it the weights of a new model."""
        self.set_weights(build_model(self.exam, self.spec, self.sizes).weights())

    def look_at_parts(self, x, z):
        """Returns what single parts return: tuples (what they are where they stay the same, array, the mistake then)."""
        mu, log_var = self.encode(x)
        return [
            ("the encoder returns the same mu", mu, "encoder_not_trained"),
            ("the encoder returns the same log_var", log_var, "encoder_not_trained"),
            ("the decoder returns the same", self.decode(z), "decoder_not_trained"),
            *self.spec.parts(self, x, z),
        ]

    def check_is_alive(self, x, z, **options):
        """Raises `PropertyFailed` unless encoder and decoder compute from their inputs and its weights, each of them."""

        def look():
            return {"the encoder": self.encode(x), "the decoder": [self.decode(z)]}

        check_depends_on_inputs_and_weights(self, look, FIXED, **options)

    def check_weight(self):
        """Raises `PropertyFailed` unless the model has kept the weight of the rate that it was given."""
        name, weight = self.spec.weight_name, self.spec.weight
        if name and not is_close(kept := self.attribute(name), weight):
            raise finding_of_weight(name, kept, weight)


def finding_of_weight(name, kept, weight):
    """Returns the `PropertyFailed` on a model that has not kept the weight that it was given, as its attribute `name`."""
    got = float(np.mean(kept))
    words = f"model.{name} is {describe.describe_number(got, weight)}; {weight:g} was given"
    return PropertyFailed(words, f"{name}_not_kept", f"model.{name} is {got:g}")


def require_history(reply, names):
    """Returns the named arrays of a reply; raises `PropertyFailed` where one of `names` is not among them."""
    missing = [name for name in names if not np.size((reply.mapping or {}).get(name, ()))]
    if missing:
        raise PropertyFailed(f"it reports no {' and no '.join(missing)}", "metrics_missing")
    return {name: np.ravel(value).astype(float) for name, value in reply.mapping.items()}


@dataclass
class Batch:
    """A batch that a model was asked about.

    Attributes:
        model: The `Model`.
        examples: The `Examples`.
        eps: Noise. Shape `[L, B, K]`.
        got: What came back: arrays.
    """

    model: Model
    examples: Examples
    eps: np.ndarray
    got: tuple
    samples: dict = field(default_factory=dict)

    def sample(self, way="right"):
        """Returns the `Sample` of this batch, sampled in this way."""
        if way not in self.samples:
            self.samples[way] = self.model.sample(self.examples, self.eps, way)
        return self.samples[way]


def build_model(exam, spec, sizes):
    """Returns a new `Model`, built by a first call of each part."""
    weight = {spec.weight_name: spec.weight} if spec.weight_name else {}
    outputs = (sizes.num_outputs,) if spec.labelled else ()
    arguments = sizes.event_dim, sizes.latent_dim, *outputs
    model = build(exam, spec.name, *arguments, of=Model, hidden=tuple(sizes.hidden), **weight, **spec.keywords)
    model.spec, model.sizes = spec, sizes
    examples = spec.draw(exam, 5, sizes)
    sample = model.draw_sample(examples, 1)
    found = model.decode(sample.z)
    if ("alive", sizes) not in exam.cache:
        model.check_is_alive(examples.x, exam.normal(5, sizes.latent_dim))
        exam.cache["alive", sizes] = True
    model.returns_probabilities = takes_probabilities(model, sample, found)
    return model


def takes_probabilities(model, sample, outputs):
    """Tells whether a decoder's outputs are probabilities, and the model's own terms take them for that."""
    distortion, terms = model.spec.distortion, model.spec.terms
    if not distortion.are_probabilities(outputs):
        return False
    sample.outputs = distortion.as_logits(outputs)
    got = model.terms(sample.examples, sample.eps)[terms.of_distortion]
    return is_close(got, terms.terms[terms.of_distortion].right(sample))


def trained_model(exam, spec):
    """Returns the model that is trained, moved away from where it began; one serves all, as compiling takes long."""
    key = "trained", spec.name, *sorted(spec.keywords.items())
    if key not in exam.cache:
        model = build_model(exam, spec, spec.trained_sizes)
        if "split" not in exam.cache:
            exam.cache["split"] = split(exam.generator, spec.labelled)
        # Where there are no digits there is no such model either.
        exam.cache[key] = model
        # Called once it counts as built: what a step of training makes has the step traced twice. Whether `call` is there,
        # and what it returns, is left open.
        exam.student.call(model.key, as_tensors([exam.cache["split"][0].x[:3]]))
    model = exam.cache[key]
    model.perturb_weights(1.0, 0.15)
    return model


def forget_trained_model(exam, spec):
    """Has the next examination train a model of its own."""
    exam.cache.pop(("trained", spec.name, *sorted(spec.keywords.items())), None)
