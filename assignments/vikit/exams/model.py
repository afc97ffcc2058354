"""`Model`: a student's model that a `LatentModel` describes, and how an examination builds one."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..judging import describe
from ..protocol import wire
from .dependence import MISTAKES_OF_VALUES, check_depends_on_inputs_and_weights
from .digits import BATCH_SIZE, Examples
from .exam import Exam, PropertyFailed, as_tensors, require_ok
from .latent_model import LatentModel, ModelSizes
from .samples import Sample
from .student_object import StudentObject, build
from .tolerances import is_within_rounding

__all__ = [
    "LEARNING_RATE",
    "MISTAKES_OF_ANY_MODEL",
    "AskedBatch",
    "Model",
    "build_model",
    "check_losses_are_finite",
    "forget_trained_model",
    "require_history",
    "trained_model",
]

# The step size of every training.
LEARNING_RATE = 5e-3
MISTAKES_OF_FIXED_PARTS = {
    "the encoder": "encoder_not_trained",
    "the decoder": "decoder_not_trained",
}
# What may be found in any examination of a model.
MISTAKES_OF_ANY_MODEL = (
    *MISTAKES_OF_VALUES,
    *("no_weights", "weights_ignored", "input_ignored"),
    *MISTAKES_OF_FIXED_PARTS.values(),
)


class Model(StudentObject):
    """A model of the student's that a specification describes.

    Attributes:
        spec: The `LatentModel`.
        sizes: Its `ModelSizes`.
        returns_probabilities: Whether its decoder returns probabilities, and the model treats them
            as such. That is against the rules, but its other properties can still be examined.
    """

    spec: LatentModel
    sizes: ModelSizes
    returns_probabilities = False

    def encode(self, x: np.ndarray) -> list[np.ndarray]:
        """Returns mu and log_var of q(z|x), each `[B, K]`.

        If the encoder returns more arrays, these are the first two; `check_encoder_returns_two`
        reports that.
        """
        return self.part("encoder")(x, shapes=[(x.shape[0], self.sizes.latent_dim)] * 2, outputs=2)

    def check_encoder_returns_two(self) -> None:
        """Raises `PropertyFailed` if the encoder has returned more than mu and log_var."""
        self.part("encoder").check_no_surplus("encoder(x)", "two, (mu, log_var)")

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Returns what the decoder gives for `z` `[..., K]`. Shape `[..., N]`."""
        # As rows: some Keras layers take a fixed number of axes.
        rows = np.reshape(z, (-1, np.shape(z)[-1]))
        (found,) = self.part("decoder")(rows, shapes=[(len(rows), self.sizes.num_outputs)])
        return found.reshape(*z.shape[:-1], self.sizes.num_outputs)

    def decode_to_logits(self, z: np.ndarray) -> np.ndarray:
        """Returns what the decoder gives for `z`, as logits in any case. Shape `[..., N]`."""
        found = self.decode(z)
        return self.spec.distortion.to_logits(found) if self.returns_probabilities else found

    def build_sample(self, examples: Examples, eps: np.ndarray, sampler: str = "right") -> Any:
        """Returns the `Sample` for examples and noise, sampled in this way.

        Args:
            examples: The `Examples`, B of them.
            eps: Standard normal noise. Shape `[L, B, latent_dim]`.
            sampler: The way to sample, a key of `SAMPLERS`; "right" is z = mu + sigma eps.
        """
        return (self.spec.sample_class or Sample)(self, examples, eps, sampler)

    def draw_sample(self, examples: Examples, num_samples: int) -> Any:
        """Returns a `Sample` with fresh noise."""
        return self.build_sample(
            examples, self.exam.normal(num_samples, len(examples), self.sizes.latent_dim)
        )

    def returned_terms(self, examples: Examples, eps: np.ndarray) -> list[np.ndarray]:
        """Returns the terms that the model's own loss method returns, arrays `[B]`."""
        method = self.spec.loss_method
        count = len(method.terms)
        eps = eps[0] if method.takes_one_sample else eps
        shapes, outputs = [(len(examples),)] * count, count if count > 1 else None
        return self.method(method.name, *examples.arrays, eps, shapes=shapes, outputs=outputs)

    def fit(
        self, examples: Examples, learning_rate: float, names: tuple = ("loss",), **options: Any
    ) -> dict:
        """Trains with a new Adam and returns the history, which must have `names`.

        Args:
            examples: The `Examples`.
            learning_rate: Of Adam; with 0 no weight moves.
            names: What must be reported.
            options: `epochs`, and `seed` and `eager` as in `client.Student.fit`.
        """
        options = {"batch_size": BATCH_SIZE, "epochs": 1, **options}
        reply = self.exam.student.fit(self.handle, examples.arrays, learning_rate, **options)
        return require_history(require_ok(reply), names)

    def evaluate(self, examples: Examples, names: tuple, batch_size: int = 1) -> dict:
        """Returns what the model's `evaluate` reports: a dict from names to arrays.

        Args:
            examples: The `Examples`.
            names: What must be reported.
            batch_size: Examples in a batch.

        Raises:
            PropertyFailed: If one of `names` is not reported.
            NoReply: If `evaluate` returned nothing.
        """
        keywords = {"batch_size": batch_size, "verbose": 0, "return_dict": True}
        reply = self.exam.student.call(
            f"{self.key}.evaluate", examples.arrays, keywords, outputs="mapping"
        )
        return require_history(require_ok(reply), names)

    def begin_anew(self) -> None:
        """Gives it the weights of a new model."""
        self.set_weights(build_model(self.exam, self.spec, self.sizes).weights())

    def look_at_parts(self, x: np.ndarray, z: np.ndarray) -> list[tuple]:
        """Returns for each part (words if it stays the same, its array, the mistake then)."""
        mu, log_var = self.encode(x)
        return [
            ("the encoder returns the same mu", mu, "encoder_not_trained"),
            ("the encoder returns the same log_var", log_var, "encoder_not_trained"),
            ("the decoder returns the same values", self.decode(z), "decoder_not_trained"),
            *self.spec.further_parts(self, x, z),
        ]

    def check_depends_on_weights(self, x: np.ndarray, z: np.ndarray, **options: Any) -> None:
        """Raises `PropertyFailed` unless encoder and decoder depend on their inputs and weights.

        Args:
            x: Different images for the encoder. Shape `[n, event_dim]`.
            z: Different latents for the decoder. Shape `[n, latent_dim]`.
            options: `noises`, as in `check_depends_on_inputs_and_weights`.
        """

        def look() -> dict:
            return {"the encoder": self.encode(x), "the decoder": [self.decode(z)]}

        check_depends_on_inputs_and_weights(self, look, MISTAKES_OF_FIXED_PARTS, **options)

    def check_weight(self) -> None:
        """Raises `PropertyFailed` unless the model has kept the rate's weight that it was given."""
        if self.spec.weight_name:
            self.check_kept(self.spec.weight_name, self.spec.weight)

    def check_kept(self, name: str, given: float) -> None:
        """Raises `PropertyFailed` unless the attribute `name` is the number that was given."""
        if not is_within_rounding(kept := self.attribute(name), given):
            raise failure_of_number(name, kept, given)


def failure_of_number(name: str, kept: np.ndarray, given: float) -> PropertyFailed:
    """Returns the failure of a model whose `name` is `kept` instead of the given weight."""
    got = float(np.mean(kept))
    words = f"model.{name} is {describe.describe_number(got, given)}; {given:g} was given"
    return PropertyFailed(words, f"{name}_not_kept", f"model.{name} is {got:g}")


def require_history(reply: wire.Reply, names: tuple) -> dict[str, np.ndarray]:
    """Returns the named arrays of a reply; raises `PropertyFailed` if one of `names` is missing."""
    reported = reply.mapping or {}
    missing = [name for name in names if not np.size(reported.get(name, ()))]
    if missing:
        # Only the examination that asks for all reports names the mistake.
        mistake = "metrics_missing" if len(names) > 1 else ""
        raise PropertyFailed(f"it reports no {' and no '.join(missing)}", mistake)
    return {name: np.ravel(value).astype(float) for name, value in reported.items()}


def check_losses_are_finite(*losses: np.ndarray) -> None:
    """Raises `PropertyFailed` if a reported loss is NaN or infinite."""
    if not all(np.isfinite(values).all() for values in losses):
        raise PropertyFailed("a reported loss is not finite", "not_finite")


@dataclass
class AskedBatch:
    """A batch that a model was asked about, and the answer.

    Attributes:
        model: The `Model`.
        examples: The `Examples`.
        eps: Noise. Shape `[L, B, K]`.
        got: The arrays that came back.
    """

    model: Model
    examples: Examples
    eps: np.ndarray
    got: list | tuple
    samples: dict = field(default_factory=dict)

    def sample_by(self, sampler: str) -> Any:
        """Returns the `Sample` of this batch, sampled in this way."""
        if sampler not in self.samples:
            self.samples[sampler] = self.model.build_sample(self.examples, self.eps, sampler)
        return self.samples[sampler]

    @property
    def right_sample(self) -> Any:
        """Returns the `Sample` of this batch, sampled in the right way."""
        return self.sample_by("right")


def build_model(exam: Exam, spec: LatentModel, sizes: ModelSizes) -> Model:
    """Returns a new `Model`, built by a first call of each part.

    Args:
        exam: The `Exam`.
        spec: The `LatentModel` that it should be.
        sizes: Its `ModelSizes`.

    Raises:
        PropertyFailed: If a part returns something else than its arrays, or, at the first model of
            these sizes, ignores its inputs or weights.
        NoReply: If the student's class cannot be called.
    """
    weight = {spec.weight_name: spec.weight} if spec.weight_name else {}
    outputs = (sizes.num_outputs,) if spec.labelled else ()
    arguments = sizes.event_dim, sizes.latent_dim, *outputs
    keywords = {"hidden": tuple(sizes.hidden), **weight, **spec.keywords}
    model = build(exam, spec.name, *arguments, of=spec.model_class or Model, **keywords)
    model.spec, model.sizes = spec, sizes
    examples = spec.draw(exam, 5, sizes)
    sample = model.draw_sample(examples, 1)
    found = model.decode(sample.z)
    if (spec.name, sizes) not in exam.memory.computing:
        model.check_depends_on_weights(examples.x, exam.normal(5, sizes.latent_dim))
        exam.memory.computing.add((spec.name, sizes))
    model.returns_probabilities = takes_probabilities(model, sample, found)
    return model


def takes_probabilities(model: Model, sample: Any, outputs: np.ndarray) -> bool:
    """Tells whether a decoder returns probabilities that the model's own terms treat as such."""
    distortion, method = model.spec.distortion, model.spec.loss_method
    if not distortion.are_probabilities(outputs):
        return False
    sample.outputs = distortion.to_logits(outputs)
    got = model.returned_terms(sample.examples, sample.eps)[method.distortion_index]
    return is_within_rounding(got, method.terms[method.distortion_index].right(sample))


def key_of_trained(spec: LatentModel) -> tuple:
    """Returns what tells the trained models of one exam apart."""
    return spec.name, spec.weight, spec.num_samples, *sorted(spec.keywords.items())


def trained_model(exam: Exam, spec: LatentModel) -> Model:
    """Returns the trained model, its weights moved a little.

    One model serves all: compiling takes long.
    """
    key = key_of_trained(spec)
    if key not in exam.memory.trained:
        model = build_model(exam, spec, spec.trained_sizes)
        train, _ = exam.digits(spec.labelled, spec.grey)
        # It is remembered only now: without the digits there is no model to train.
        exam.memory.trained[key] = model
        # A first call builds the whole model; else what a step of training makes has the step
        # traced twice. The model need not have `call`, and what it returns does not matter.
        exam.student.call(model.key, as_tensors([train.x[:3]]))
    model = exam.memory.trained[key]
    model.perturb_weights(1.0, 0.15)
    return model


def forget_trained_model(exam: Exam, spec: LatentModel) -> None:
    """Makes the next examination train a model of its own."""
    exam.memory.trained.pop(key_of_trained(spec), None)
