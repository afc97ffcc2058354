"""The examination of weights: one step moves every one of them, and each matters."""

import numpy as np

from .dependence import check_same_as_twin
from .digits import BATCH_SIZE
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .model import MISTAKES_OF_ANY_MODEL, build_model, trained_model

__all__ = ["check_every_weight_learns", "check_weights_move"]


@examination("weights_learn", finds=(*MISTAKES_OF_ANY_MODEL, "weights_do_not_move", "idle_weight", "hidden_parameters"))
def check_every_weight_learns(exam, model):
    """One step moves every trainable weight and every part; each weight matters to the loss, as put together here."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH_SIZE]
    few, sizes = examples[:8], trained.sizes
    z, eps = exam.normal(5, sizes.latent_dim), exam.normal(1, len(few), sizes.latent_dim)

    def mean_loss():
        sample = trained.sample(few, eps)
        return sample.mean_distortion.mean() + sample.mean_rate

    after = check_weights_move(trained, examples.x, z, lambda: trained.fit(examples, 1e-3))
    base = mean_loss()
    for index, array in enumerate(after):
        trained.set_weights([*after[:index], array + 0.3 * exam.normal(*array.shape), *after[index + 1 :]])
        if np.allclose(mean_loss(), base, 1e-7, 1e-7):
            raise PropertyFailed(f"trainable weight {index + 1} of {len(after)} changes nothing", "idle_weight")
    trained.check_no_hidden_variables(*few.arrays, eps[0] if spec.terms.one_sample else eps, method=spec.terms.method)
    small = spec.small_sizes
    first, second = (build_model(exam, spec, small) for _ in range(2))
    x, z = exam.normal(5, small.event_dim), exam.normal(5, small.latent_dim)
    check_same_as_twin(first, second, lambda one: [*one.encode(x), one.decode(z)])


def check_weights_move(model, x, z, step):
    """Raises `PropertyFailed` unless `step` moves every trainable weight, and what every part returns; returns the weights."""
    before, shown = model.weights(), model.look_at_parts(x, z)
    step()
    after = model.weights()
    for (same, old, mistake), (_, new, _) in zip(shown, model.look_at_parts(x, z), strict=True):
        if np.array_equal(old, new):
            raise PropertyFailed(f"after a step of training {same}", mistake)
    still = sum(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    if still:
        raise PropertyFailed(
            f"{still} of {len(before)} trainable weights did not move in a step", "weights_do_not_move"
        )
    return after
