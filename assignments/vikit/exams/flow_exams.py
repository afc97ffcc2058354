"""The examinations of a model with a flow: its log determinants by differences of `transform` alone, what it depends on, its
weights, and, as of every latent model, terms, prediction and training."""

from dataclasses import replace
from functools import partial

import numpy as np

from ..judging import describe
from ..protocol import wire
from .dependence import MISTAKES_OF_BOUNDED_OUTPUTS
from .differences import (
    LOG_DET_TOLERANCE,
    SHARE_OF_OUTLIERS,
    SHORT_STEP,
    STEP,
    log_dets_by_differences,
    quantile_range,
)
from .exam import PropertyFailed, check_array, examination, failure_of_shape, require_ok
from .flow_vib import FLOW_VIB, FREE_ENERGY_TERMS, flow_outputs, flow_vib, zK_of
from .latent_model import Sizes
from .model import MISTAKES_OF_ANY_MODEL, build_model, forget_trained_model
from .prediction import check_prediction_of, finds_in_prediction, predictions_of
from .reported_losses import check_training_of, finds_in_training
from .samples import Sample
from .terms import ask_batches, check_outputs_are_free, check_terms_of, finds_in_terms
from .weights_learn import check_weights_move

__all__ = [
    "NUM_IMAGES",
    "NUM_POINTS",
    "MISTAKES_OF_ANY_FLOW",
    "PERTURBATIONS",
    "build_small",
    "first_finite",
    "first_reliable",
    "flow_model",
    "map_of",
    "points_of_images",
]

# How far the weights of a model are moved: less and less until differences of its map can be relied on. With the first of
# these a right step, whose scales may be exponentials, may overflow.
PERTURBATIONS = (0.3, 0.1, 0.03, 0.01)
NEARBY = "with a little normal noise added to all weights"
# Log determinants below this are so close to a determinant of 0 that differences may have the wrong sign.
NEARLY_SINGULAR = -3.0
# Of so many random weights: displacements must differ in more directions than there are dimensions, as what stretches or
# shifts a fixed map by a few trained numbers has no more. How small a singular value may be beside the first, and a difference
# beside the number itself.
NUM_SETTINGS, LEAST_SINGULAR_VALUE, LEAST_DIFFERENCE = 9, 5e-4, 1e-2
# By how much the log determinants of a flow must differ between images and points.
LOG_DET_RANGE = 4 * LOG_DET_TOLERANCE
# Where a network of ReLUs bends within a step the differences of a right map are off too, and that is not always seen: the
# share of the points that must fit, and that where a mistake is named.
SHARE_THAT_FITS, SHARE_OF_A_MISTAKE = 0.75, 0.95
# Of derivatives of a model's terms: how far they may be from differences, in nats and as a share, and along how many directions
# they are looked at.
DERIVATIVE_ATOL, DERIVATIVE_RTOL, NUM_DIRECTIONS = 0.02, 0.05, 3
# Images, and points for each; and the classes of the small models that are asked about them.
NUM_IMAGES, NUM_POINTS, NUM_CLASSES = 12, 12, 5
# What any examination of a flow may find.
MISTAKES_OF_ANY_FLOW = (
    *(
        *MISTAKES_OF_ANY_MODEL,
        "random_inside",
        "flow_is_identity",
        "flow_ignores_z0",
        "flow_ignores_weights",
        "not_finite_nearby",
    ),
)


# A model with a flow.


def build_small(exam, flow, num_flows=2):
    """Returns a new small model. The sizes of all are one and the same, drawn once."""
    if "flow sizes" not in exam.cache:
        exam.cache["flow sizes"] = int(exam.generator.integers(8, 12)), int(exam.generator.choice([4, 6]))
    sizes = Sizes(*exam.cache["flow sizes"], NUM_CLASSES, (7,))
    return build_model(exam, flow_vib(flow, num_flows, weight=1.0), sizes)


def flow_model(exam, flow, num_flows=2):
    """Returns a small model with this flow, and its weights as they began.

    Raises `PropertyFailed` unless it computes with these. One model serves all examinations of this flow.
    """
    key = "flow", flow, num_flows
    if key not in exam.cache:
        model = build_small(exam, flow, num_flows)
        exam.cache[key] = model, model.weights()
    model, start = exam.cache[key]
    model.set_weights(start)
    if ("checked", *key) not in exam.cache:
        check_flow_is_alive(model, start)
        exam.cache["checked", *key] = True
    return model, start


def images_and_points(model):
    """Returns NUM_IMAGES `Examples` for a small model, and a point before the flow for each."""
    return model.spec.draw(model.exam, NUM_IMAGES, model.sizes), model.exam.normal(NUM_IMAGES, model.sizes.latent_dim)


def points_of_images(model):
    """Returns NUM_IMAGES images for a small model, each NUM_POINTS times, `[n, D]`, and points before a flow, `[n, K]`.

    Where an invertible map turns space over it does so everywhere: for each image there are several points.
    """
    x = np.repeat(model.spec.draw(model.exam, NUM_IMAGES, model.sizes).x, NUM_POINTS, axis=0)
    return x, np.float32(1.5) * model.exam.normal(NUM_IMAGES * NUM_POINTS, model.sizes.latent_dim)


def map_of(model, x):
    """Returns what the flow does to points `[n, K]`, those of each image in the order of `x`, one time or several."""
    return lambda points: zK_of(model, points, np.tile(x, (points.shape[0] // x.shape[0], 1)))


def first_finite(model, start, look, perturbations=PERTURBATIONS):
    """Returns the first `look()` that is finite and not None; the weights are moved less and less from `start`.

    None where all were None.
    """
    failed = None
    for noise in perturbations:
        model.perturb_from(start, noise)
        try:
            seen, failed = look(), None
        except PropertyFailed as error:
            if error.mistake != "not_finite":
                raise
            failed = error
            continue
        if seen is not None:
            return seen
    if failed is None:
        return None
    # With the weights that it was made with this is the model's own fault; else it is said what was done to them.
    model.set_weights(start)
    look()
    raise failed.when(NEARBY, "not_finite_nearby") from failed


def first_reliable(model, start, look, perturbations=PERTURBATIONS):
    """Returns the first `look()` whose last array, of what is reliable, holds for half of the points, as `first_finite`."""

    def look_if_reliable():
        seen = look()
        return seen if seen[-1].mean() >= 0.5 else None

    seen = first_finite(model, start, look_if_reliable, perturbations)
    if seen is None:
        raise PropertyFailed(
            "differences of the map say nothing of its Jacobian, even with small weights: it jumps, or its determinant is 0"
        )
    return seen


def check_flow_is_alive(model, start):
    """Raises `PropertyFailed` unless zK comes from z0 and from the model's trainable weights. The weights are put back.

    A map that was fixed beforehand is worth nothing, however right its log determinants are; one to which a few trained numbers
    are added is not another.
    """
    examples, z0 = images_and_points(model)
    look = partial(zK_of, model, z0, examples.x)
    first = look()
    seen = np.stack([first_finite(model, start, look, PERTURBATIONS[1:]) for _ in range(NUM_SETTINGS)])
    other = zK_of(model, -z0, examples.x)
    model.set_weights(start)
    if not np.allclose(first, look(), 1e-5, 1e-5):
        raise PropertyFailed("with the same weights, z0 and x, zK was another the second time", "random_inside")
    if np.allclose(np.sort(seen), np.sort(z0), 1e-6, 1e-6):
        raise PropertyFailed("zK has the numbers of z0, in their own order or another", "flow_is_identity")
    if np.allclose(seen[-1], other, 1e-5, 1e-6):
        raise PropertyFailed("zK is the same for two different z0", "flow_ignores_z0")
    if np.allclose(seen[1:], seen[0], 1e-5, 1e-4):
        raise PropertyFailed("with all trainable weights moved zK stays the same", "flow_ignores_weights")
    count = count_displacements(seen.reshape(NUM_SETTINGS, -1))
    if count <= z0.shape[1]:
        raise PropertyFailed(
            f"however the trainable weights are moved, zK is a sum of {count} fixed displacements",
            "flow_ignores_weights",
        )


def count_displacements(seen):
    """Returns of how many fixed displacements numbers that were seen several times, `[NUM_SETTINGS, n]`, are sums.

    Numbers that hardly vary hold more rounding than anything else, and do not count; all others count alike.
    """
    apart = seen[1:] - seen[0]
    scale = np.max(np.abs(apart), axis=0)
    varies = scale > LEAST_DIFFERENCE * (1 + np.max(np.abs(seen), axis=0))
    if varies.sum() < NUM_SETTINGS:
        return NUM_SETTINGS
    apart = apart[:, varies] / scale[varies]
    values = np.linalg.svd(apart / np.linalg.norm(apart, axis=1, keepdims=True), compute_uv=False)
    return int(np.sum(values > LEAST_SINGULAR_VALUE * values[0]))


# Log determinants.

# What known mistakes make of the right ones, with K latent dimensions and two steps.
WRONG_LOG_DETS = {
    "log_det_negated": lambda right, K: -right,
    "log_det_missing": lambda right, K: 0 * right,
    "log_det_not_log": lambda right, K: np.exp(right),
    "log_det_doubled": lambda right, K: 2 * right,
    "log_det_in_bits": lambda right, K: right / np.log(2),
    "log_det_averaged": lambda right, K: right / K,
    "log_det_averaged over steps": lambda right, K: right / 2,
}


@examination(
    "flow_log_det",
    finds=(
        *(*MISTAKES_OF_ANY_FLOW, *(name.split()[0] for name in WRONG_LOG_DETS)),
        *("log_det_is_constant", "log_det_not_finite", "log_dets_not_added", "flow_folds"),
    ),
)
def check_log_det(exam, flow):
    """The log determinant of `transform` is that of its Jacobian in z0 at fixed x, by differences of its values alone."""
    model, start = flow_model(exam, flow)
    x, z0 = points_of_images(model)
    look = partial(look_at_log_dets, model, x, z0)
    # What can fold does so where weights are large; what differences say is surer where they are small.
    sizes = (1.0, *PERTURBATIONS), PERTURBATIONS, PERTURBATIONS[1:]
    seen = [first_reliable(model, start, look, perturbations) for perturbations in sizes]
    for _, want, signs, reliable in seen:
        check_does_not_fold(signs, reliable & (want > NEARLY_SINGULAR))
    # Where weights are small, those of a right step may hardly differ: then others tell.
    varying = [one for one in (*seen[1:], seen[0]) if quantile_range(one[1][one[3]]) >= LOG_DET_RANGE]
    if not varying:
        raise PropertyFailed("the determinant of the Jacobian is one constant", "log_det_is_constant")
    for one in varying[:2]:
        check_log_dets(exam, flow, *one)


def look_at_log_dets(model, x, z0):
    """Returns the log determinants that the model returns, and those of differences, with signs and reliability. `[n]`"""
    _, got = flow_outputs(model, z0, x)
    if got.shape != z0.shape[:1]:
        raise failure_of_shape(got, z0.shape[:1], "the log determinants have {}")
    return got, *log_dets_by_differences(map_of(model, x), z0)


def check_does_not_fold(signs, reliable):
    """Raises `PropertyFailed` where the determinants of one image have both signs."""
    for number in range(NUM_IMAGES):
        chosen = slice(number * NUM_POINTS, (number + 1) * NUM_POINTS)
        if len(set(signs[chosen][reliable[chosen]])) > 1:
            raise PropertyFailed(
                "at the same x the determinant is positive at some z0 and negative at others", "flow_folds"
            )


def check_log_dets(exam, flow, got, want, signs, reliable):
    """Raises `PropertyFailed` unless the log determinants that came are those of differences, `want`, where these are known."""
    if not np.isfinite(got[reliable]).all():
        raise PropertyFailed(
            "log determinants are NaN or infinite at points where the map is not, and neither is its Jacobian",
            "log_det_not_finite",
        )
    if not are_mostly_close(got, want, reliable):
        summed, origin = "the sum of the log determinants", "the Jacobian of transform"
        words, measured = describe.describe_values(summed, got[reliable], want[reliable], origin)
        raise PropertyFailed(words, name_log_det(exam, flow, (got, want, signs, reliable)), measured)


def are_mostly_close(got, want, reliable):
    """Tells whether most of the values are close, and most of those that are not close to 0."""
    with np.errstate(all="ignore"):
        close = np.abs(got - want) <= LOG_DET_TOLERANCE
    far = reliable & (np.abs(want) > LOG_DET_RANGE)
    return all(np.mean(close[chosen]) >= SHARE_THAT_FITS for chosen in (reliable, far) if chosen.any())


def name_log_det(exam, flow, seen):
    """Returns what makes the log determinants of two steps, in what was `seen` and once more, or those of one step."""

    def look(num_flows):
        model, start = flow_model(exam, flow, num_flows)
        return first_reliable(
            model, start, partial(look_at_log_dets, model, *points_of_images(model)), PERTURBATIONS[1:]
        )

    _, latent_dim = exam.cache["flow sizes"]
    name = name_known_form([seen, look(2)], latent_dim)
    if name:
        return name
    single = [look(1) for _ in range(2)]
    if all(are_mostly_close(got, want, reliable) for got, want, _, reliable in single):
        return "log_dets_not_added"
    return name_known_form(single, latent_dim)


def name_known_form(seen, latent_dim):
    """Returns the name of the first known mistake that gives what was seen, wherever that is not right; empty if none does."""
    for name, form in WRONG_LOG_DETS.items():
        if all(fits_form(got, want, form(want, latent_dim), reliable) for got, want, _, reliable in seen):
            return name.split()[0]
    return ""


def fits_form(got, right, wrong, reliable):
    """Tells whether what came is `wrong`, wherever that differs from what is right."""
    with np.errstate(all="ignore"):
        differs = reliable & (np.abs(wrong - right) > LOG_DET_RANGE)
        return differs.any() and np.mean(np.abs(got - wrong)[differs] <= LOG_DET_TOLERANCE) >= SHARE_OF_A_MISTAKE


# What the flow depends on.


@examination(
    "flow_depends_on_x", finds=(*MISTAKES_OF_ANY_FLOW, "examples_mixed", "flow_ignores_x", "log_det_ignores_x")
)
def check_depends_on_x(exam, flow):
    """The same z0 with two images gives two zK and two determinants, and each example has its own."""
    model, start = flow_model(exam, flow)
    examples, z0 = images_and_points(model)
    x, other = examples.x, np.float32(1) - examples.x

    def look():
        return [zK_of(model, z0, images) for images in (x, x, other)] + [zK_of(model, z0[4:1:-1], x[4:1:-1])]

    zK, again, changed, fewer = first_finite(model, start, look, PERTURBATIONS[1:])
    if not np.allclose(zK, again, 1e-5, 1e-5):
        raise PropertyFailed("two calls with the same z0 and x gave different zK", "random_inside")
    if not np.allclose(zK[4:1:-1], fewer, 1e-3, 1e-3):
        raise PropertyFailed("an example's zK changes with the examples beside it", "examples_mixed")
    if np.allclose(zK, changed, 1e-5, 1e-5):
        raise PropertyFailed("with another x the same z0 goes to the same zK", "flow_ignores_x")
    check_volume_depends_on_x(exam, flow)


def check_volume_depends_on_x(exam, flow):
    """With one step the determinant changes with x: that of a second is another because the first one's zK is."""
    model, start = flow_model(exam, flow, 1)
    x, z0 = points_of_images(model)

    def look():
        (one, _, first), (two, _, second) = (
            log_dets_by_differences(map_of(model, images), z0) for images in (x, np.float32(1) - x)
        )
        return one, two, first & second

    one, two, reliable = first_reliable(model, start, look)
    if np.mean(np.abs(one - two)[reliable] > LOG_DET_TOLERANCE) < SHARE_OF_OUTLIERS:
        raise PropertyFailed(
            "with num_flows=1 and another x the determinant of the Jacobian stays the same", "log_det_ignores_x"
        )


@examination(
    "flow_weights", finds=(*MISTAKES_OF_ANY_FLOW, "flow_not_trained", "weights_do_not_move", "hidden_parameters")
)
def check_flow_weights(exam, flow):
    """One step of training moves every trainable weight, and what encoder, flow and decoder return."""
    model, start = flow_model(exam, flow)
    examples, z0 = images_and_points(model)

    def look():
        def step():
            options = {"batch_size": NUM_IMAGES, "epochs": 1}
            require_ok(exam.student.fit(model.handle, examples.arrays, 1e-3, eager=True, **options))

        return check_weights_move(model, examples.x, z0, step)

    first_finite(model, start, look, (0.15, *PERTURBATIONS[2:]))
    model.check_no_hidden_variables(*examples.arrays, z0, method="free_energy_terms")
    twin = build_small(exam, flow)
    twin.set_weights(model.weights())
    if not np.allclose(zK_of(model, z0, examples.x), zK_of(twin, z0, examples.x), 1e-4, 1e-5):
        raise PropertyFailed("two models with the same trainable weights have two different flows", "hidden_parameters")


# Terms, prediction and training, as of every latent model.


def with_smaller_weights(examine, spec):
    """Returns `examine(spec)`; where values are not finite, that of a specification whose weights are moved less."""
    for perturbation in dict.fromkeys((spec.perturbation, (1.0, PERTURBATIONS[1]), (1.0, PERTURBATIONS[-1]))):
        try:
            return examine(replace(spec, perturbation=perturbation))
        except PropertyFailed as error:
            if error.mistake != "not_finite":
                raise
            failed = error
    # With the weights that it was made with this is the model's own fault.
    examine(replace(spec, perturbation=(1.0, 0.0)))
    raise failed.when(NEARBY, "not_finite_nearby") from failed


@examination(
    "flow_terms",
    finds=(
        *MISTAKES_OF_ANY_FLOW,
        *MISTAKES_OF_BOUNDED_OUTPUTS,
        *finds_in_terms("FlowVIB"),
        "no_gradient_through_a_term",
    ),
)
def check_free_energy_terms(exam, sizes, weight):
    """`free_energy_terms(x, y_onehot, eps)` is what the model's own encoder, flow and decoder give, put together here."""
    flow_model(exam, "planar")
    check_outputs_are_free(exam, flow_vib("planar", 1))
    # With as many steps as a model has by default.
    spec = replace(FLOW_VIB, keywords={"flow": "planar"}, weight=weight)

    def ask(spec):
        batches = list(ask_batches(exam, spec, sizes, lambda model, *given: model.terms(*given)))
        # What is not finite shows here.
        for batch in batches:
            for term in spec.terms.terms:
                term.right(batch.sample())
        return batches

    # Where weights are large a planar step is flat, and its log determinant 0: they are small too.
    specs = spec, replace(spec, perturbation=(1.0, PERTURBATIONS[1]))
    batches = [batch for one in specs for batch in with_smaller_weights(ask, one)]
    check_terms_of(spec, batches, and_then=lambda: check_gradients_pass(batches[len(batches) // 2 :]))


def check_gradients_pass(batches):
    """A gradient of each term reaches the noise, and so what made the sample.

    The gradient is what the student's process says it is. It counts where central differences of the terms themselves, along
    random directions of the noise, say something: where a ReLU is off, or a tanh is at its end, both are 0.
    """
    compared = np.concatenate([compare_derivatives(batch) for batch in batches], axis=-1)
    for term, (claimed, wide, narrow) in zip(FREE_ENERGY_TERMS.terms, compared, strict=True):
        slack = DERIVATIVE_ATOL + DERIVATIVE_RTOL * np.abs(narrow)
        reliable = np.abs(wide - narrow) < slack / 2
        agree = np.abs(claimed - narrow) < slack
        # Those that are not 0 count by themselves: there may be few.
        for chosen in (reliable, reliable & (np.abs(narrow) > 2 * slack)):
            if chosen.any() and not agree[chosen].mean() >= SHARE_THAT_FITS:
                what = f"the gradient of {term.name} that reaches the sample is not that of its values"
                if not claimed.any():
                    what = f"no gradient of {term.name} reaches the sample"
                raise PropertyFailed(what, "no_gradient_through_a_term")


def compare_derivatives(batch):
    """Returns what the process, long steps and short ones say of the derivatives of the terms.

    Each derivative is that of a term of one example along a random direction of its noise. Shape
    `[4, 3, NUM_DIRECTIONS * B]`.
    """
    gradients = [gradient_in_the_noise(batch, index) for index in range(len(FREE_ENERGY_TERMS.terms))]
    found = []
    for _ in range(NUM_DIRECTIONS):
        along = batch.model.exam.normal(*batch.eps[0].shape)
        claimed = np.stack([np.sum(gradient * along, axis=-1) for gradient in gradients])
        by_steps = (derivatives_by_differences(batch, along, step) for step in (STEP, SHORT_STEP))
        found.append(np.stack([claimed, *by_steps], axis=1))
    return np.concatenate(found, axis=-1)


def gradient_in_the_noise(batch, index):
    """Returns what the student's process says of the gradient of a term in its noise; 0 where it says nothing. `[B, K]`"""
    noise, examples = batch.eps[0], batch.examples
    count = len(FREE_ENERGY_TERMS.terms)
    cotangents = [np.full(len(examples), index == other, np.float32) for other in range(count)]
    arguments = [wire.Tensor(array) for array in (*examples.arrays, noise)]
    path = f"{batch.model.key}.{FREE_ENERGY_TERMS.method}"
    gradient = require_ok(batch.model.exam.student.vjp(path, arguments, cotangents)).values[-1]
    if gradient is None:
        return np.zeros(noise.shape)
    check_array(gradient, noise.shape)
    return gradient.astype(np.float64)


def derivatives_by_differences(batch, along, step):
    """Returns the derivatives of the four terms of each example along a direction of the noise. Shape `[4, B]`."""
    ends = [batch.eps + np.float32(sign * step) * along for sign in (1, -1)]
    above, below = (np.stack(batch.model.terms(batch.examples, eps)) for eps in ends)
    return (above - below) / (2 * step)


@examination(
    "flow_prediction", finds=(*MISTAKES_OF_ANY_FLOW, *finds_in_prediction("FlowVIB"), "prediction_before_the_flow")
)
def check_flow_prediction(exam, sizes):
    """As `prediction`, of every kind of flow that does something to the order of the dimensions too."""
    flow_model(exam, "planar")
    ordered = [flow_vib(flow, 2, perturbation=(1.0, PERTURBATIONS[1])) for flow in ("coupling", "iaf")]
    for spec in (flow_vib("planar", 1), *ordered):

        def examine(spec):
            check_prediction_of(exam, list(predictions_of(exam, spec, sizes)))

        try:
            with_smaller_weights(examine, spec)
        except PropertyFailed as failed:
            mistake = failed.mistake
            if not mistake and predicts_before_the_flow(exam, spec, sizes):
                mistake = "prediction_before_the_flow"
            raise failed.when(f"with flow={spec.keywords['flow']!r}", mistake) from failed


def predicts_before_the_flow(exam, spec, sizes):
    """Tells whether predictions are those of a model without a flow."""
    try:
        check_prediction_of(exam, list(predictions_of(exam, replace(spec, sample=Sample), sizes)))
    except PropertyFailed:
        return False
    return True


@examination("flow_training", finds=(*MISTAKES_OF_ANY_FLOW, *finds_in_training("FlowVIB")))
def check_flow_training(exam):
    """As `training`; what is not finite is asked of a second model.

    Of a million points with random weights one can lie in a plane where float32 takes a right determinant for 0.
    """
    flow_model(exam, "planar")
    spec = flow_vib("planar", 1)
    for last in (False, True):
        try:
            return check_training_of(exam, spec)
        except PropertyFailed as failed:
            if last or failed.mistake != "not_finite":
                raise
            # There is none where the first call of a new model came to nothing already.
            forget_trained_model(exam, spec)
