"""`Model`: a model of the student's that a `LatentModel` describes, and how one is built for an examination."""

from dataclasses import dataclass, field

import numpy as np

from ..judging import describe
from .dependence import MISTAKES_OF_VALUES, check_depends_on_inputs_and_weights
from .digits import BATCH_SIZE, Examples, split
from .exam import PropertyFailed, as_tensors, require_ok
from .latent_model import LatentModel, Sizes
from .samples import Sample, is_close
from .student_object import StudentObject, build

__all__ = [
    "LEARNING_RATE",
    "MISTAKES_OF_ANY_MODEL",
    "Batch",
    "Model",
    "build_model",
    "forget_trained_model",
    "require_history",
    "trained_model",
]

# Of whatever is trained.
LEARNING_RATE = 5e-3
# What any examination of such a model may find.
MISTAKES_OF_FIXED_PARTS = {"the encoder": "encoder_not_trained", "the decoder": "decoder_not_trained"}


MISTAKES_OF_ANY_MODEL = (
    *MISTAKES_OF_VALUES,
    "no_weights",
    "weights_ignored",
    "input_ignored",
    *MISTAKES_OF_FIXED_PARTS.values(),
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

    def fit(self, examples, learning_rate, names=("loss",), epochs=1, seed=None, eager=False, batch_size=BATCH_SIZE):
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

        check_depends_on_inputs_and_weights(self, look, MISTAKES_OF_FIXED_PARTS, **options)

    def check_weight(self):
        """Raises `PropertyFailed` unless the model has kept the weight of the rate that it was given."""
        name, weight = self.spec.weight_name, self.spec.weight
        if name and not is_close(kept := self.attribute(name), weight):
            raise failure_of_weight(name, kept, weight)


def failure_of_weight(name, kept, weight):
    """Returns the `PropertyFailed` on a model that has not kept the weight that it was given, as its attribute `name`."""
    got = float(np.mean(kept))
    words = f"model.{name} is {describe.describe_number(got, weight)}; {weight:g} was given"
    return PropertyFailed(words, f"{name}_not_kept", f"model.{name} is {got:g}")


def require_history(reply, names):
    """Returns the named arrays of a reply; raises `PropertyFailed` where one of `names` is not among them."""
    missing = [name for name in names if not np.size((reply.mapping or {}).get(name, ()))]
    if missing:
        # The name is for the examination that asks for all that is to be reported.
        name = "metrics_missing" if len(names) > 1 else ""
        raise PropertyFailed(f"it reports no {' and no '.join(missing)}", name)
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
    if ("alive", spec.name, sizes) not in exam.cache:
        model.check_is_alive(examples.x, exam.normal(5, sizes.latent_dim))
        exam.cache["alive", spec.name, sizes] = True
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


def key_of_trained(spec):
    return "trained", spec.name, spec.weight, spec.num_samples, *sorted(spec.keywords.items())


def trained_model(exam, spec):
    """Returns the model that is trained, moved away from where it began; one serves all, as compiling takes long."""
    key = key_of_trained(spec)
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
    exam.cache.pop(key_of_trained(spec), None)
