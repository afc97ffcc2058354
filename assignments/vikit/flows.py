"""The properties of flows, examined from their values: log determinants by central differences, inverses, and `FlowVIB`."""

from itertools import zip_longest

import numpy as np

from . import bottlenecks, classifiers, judge, latents, wire
from .classifiers import Kind, logits_in, named_cross_entropy, repeats
from .latents import SAMPLERS, close, decode, encode
from .properties import Broken, Stopped, answered, checked

# Half the distance of two points of a difference, and how far a log determinant may be from what the differences say: in
# float32 those of four planar layers are off by 4e-4.
STEP, APART = 3e-3, 5e-3
# Another step, and how far the two may disagree.
FINER, AGREEING = 1.5e-3, 2e-3
# Where a network of ReLUs bends within a step the differences of a right map are off too, and not always is it seen: of the
# points so many must fit.
MOST = 0.75
# Of derivatives of a model's terms: how far they may be from differences, in nats and as a share, and along how many directions
# they are looked at.
SLOPES_APART, SLOPES_APART_SHARE, DIRECTIONS = 0.02, 0.05, 3


def drawn(asked, shapes, positive=()):
    """Returns normal arguments of these shapes, a float where the shape is []; those at `positive` above 0.5."""
    arguments = []
    for index, shape in enumerate(shapes):
        value = asked.normal(*shape) if shape else float(asked.normal(1)[0])
        arguments.append(np.float32(0.5) + abs(value) if index in positive else value)
    return [value if np.ndim(value) else float(value) for value in arguments]


def values_of(asked, name, arguments, outputs=None, shapes=()):
    """Returns the arrays that the student's function `name` gives, in float64.

    Raises `Broken` unless there are as many as `outputs` says, and the first of them have these `shapes`.
    """
    reply = answered(asked.student.call(name, arguments, outputs=outputs))
    if len(reply.values) != (outputs or 1):
        raise Broken(f"{len(reply.values)} values came back, expected {outputs or 1}")
    for value, shape in zip_longest(reply.values, shapes):
        checked(value, shape)
    return [value.astype(np.float64) for value in reply.values]


def right_values(asked, name, arguments, outputs=None):
    """Returns the arrays that the oracle has for `name`."""
    value = asked.oracle.function(name)(*arguments)
    return [np.asarray(part, np.float64) for part in (value if outputs else (value,))]


def own_map(asked, name, arguments, outputs=None):
    """Returns the student's own map, a function from arguments to values, where it is the right one; else the oracle's."""
    want = right_values(asked, name, arguments, outputs)[0]

    def by_oracle(others):
        return right_values(asked, name, others, outputs)[0]

    def by_student(others):
        # A map gives points of the space that it was given points of.
        return values_of(asked, name, others, outputs, [np.shape(others[0])])[0]

    try:
        got = by_student(arguments)
    except (Broken, Stopped):
        return by_oracle
    return by_student if got.shape == want.shape and np.allclose(got, want, 1e-3, 1e-4) else by_oracle


def differences(mapped, z, step=STEP):
    """Returns the Jacobians of `mapped`, from `[n, K]` to `[n, K]`, at each row of `z`. Shape `[B, K, K]`.

    All points go in one call, the rows of `z` repeated 2 K times in the same order.
    """
    z = np.asarray(z, np.float32)
    size = z.shape[1]
    steps = np.repeat(np.float32(step) * np.eye(size, dtype=np.float32), len(z), axis=0).reshape(size, len(z), size)
    ends = np.stack([z + steps, z - steps])
    values = mapped(ends.reshape(-1, size)).reshape(2, size, len(z), size)
    # What float32 made of the step.
    width = np.max(ends[0].astype(float) - ends[1], axis=-1)
    return np.einsum("jbi->bij", (values[0] - values[1]) / width[..., np.newaxis])


def log_dets_of(mapped, z):
    """Returns log abs det of the Jacobians of `mapped` at the rows of `z`, their signs, and for which rows they are known.

    Where the map bends within a step, or float32 keeps too little of it, two steps of different length disagree.
    """
    (signs, wide), (_, narrow) = (np.linalg.slogdet(differences(mapped, z, step)) for step in (STEP, FINER))
    # A determinant of 0 has the logarithm -inf.
    with np.errstate(invalid="ignore"):
        return wide, signs, np.abs(wide - narrow) < AGREEING


def jacobian(asked, forward, log_det, shapes, positive=(), given=None, outputs=None):
    """`log_det` gives the log determinant of the Jacobian of `forward` in its first argument, by central differences.

    Args:
        asked: What the examination has at hand.
        forward: Name of the map.
        log_det: Name of the function with the log determinant; where both are one, its last output.
        shapes: Of the map's arguments.
        positive: Which of them are positive.
        given: Which of them `log_det` takes; all by default.
        outputs: How many arrays `forward` returns where it returns a tuple.
    """
    arguments = drawn(asked, shapes, positive)
    batch = shapes[0][0]
    chosen = arguments if given is None else [arguments[index] for index in given]
    got = values_of(asked, log_det, chosen, outputs)[-1]
    by = own_map(asked, forward, arguments, outputs)

    def mapped(points):
        copies = points.shape[0] // batch
        rest = [
            np.tile(value, (copies, 1)) if np.ndim(value) == 2 and value.shape[0] == batch else value
            for value in arguments[1:]
        ]
        return by([points, *rest])

    want, _, told = log_dets_of(mapped, arguments[0])
    if got.shape != want.shape:
        raise Broken("the log determinant has another shape than the batch", "wrong_shape")
    worst = np.max(np.abs(got - want), where=told, initial=0.0)
    if not worst <= APART:
        raise Broken(f"the log determinant is off by up to {worst:.1g} from that of the map's differences")


def inverts(asked, forward, inverse, shapes):
    """`inverse` takes the output of `forward` back to its first argument, with the same other arguments."""
    arguments = drawn(asked, shapes)
    there = own_map(asked, forward, arguments)(arguments).astype(np.float32)
    back = values_of(asked, inverse, [there, *arguments[1:]], shapes=[np.shape(arguments[0])])[0]
    if not np.allclose(back, arguments[0], 1e-3, 1e-3):
        raise Broken("forth and back does not return to where it began")


def returns(asked, name, size):
    """A step of dynamics, and another with the velocity turned round, end where they began."""
    half = asked.normal(size, size) / np.float32(2)
    score = wire.Built("affine", (-half @ half.T, asked.normal(size)))
    z, v = asked.normal(size), asked.normal(size)
    moved, velocity = values_of(asked, name, [z, v, 0.3, score], 2, [z.shape] * 2)
    turned_round = [moved.astype(np.float32), -velocity.astype(np.float32), 0.3, score]
    back, turned = values_of(asked, name, turned_round, 2, [z.shape] * 2)
    if not (np.allclose(back, z, 1e-3, 1e-3) and np.allclose(turned, -v, 1e-3, 1e-3)):
        raise Broken("forth, and back with the velocity turned round, does not return to where it began")


# The model.

FLOWS = ("planar", "radial", "coupling", "iaf")
# Of a model with random weights: how far they are moved, less and less until differences of its map say something.
SHAKES = (0.3, 0.1, 0.03)
# With so many random weights, moved by the second of these, values must be finite. With larger ones a right coupling layer,
# whose scales are exponentials, may overflow.
FINITE = 4
# Of the model that is trained: it weighs what the flow is for, and is not 1.
BETA = 2.0
# Images, and points for each.
IMAGES, POINTS = 12, 12


class StudentsOwn(bottlenecks.StudentsOwn):
    """The oracle in a notebook for `FlowVIB`: the student's own functions, of this assignment and of earlier ones."""

    def log_normal(self, z, mu, log_var):
        arguments = latents.singles(z, mu, np.exp(log_var))
        return np.asarray(self.function("gaussian_log_pdf")(*arguments), float)

    def log_prior(self, z0, zK):
        return np.asarray(self.function("flow_prior_term")(*latents.singles(z0, zK)), float)


def transform(asked, model, z0, x):
    """Returns what the model's flow makes of `z0` `[n, K]`: zK `[n, K]` and the sum of the log determinants `[n]`."""
    return asked.arrays(f"{model.key}.transform", z0, x, shapes=[z0.shape, z0.shape[:1]], outputs=2)


def through(asked, model, x, eps, way="right"):
    """Returns (mu, log_var, z0, zK, log_det) for L samples of each example; the last three begin with `[L, B]`."""
    mu, log_var = encode(asked, model, x)
    z0 = SAMPLERS[way](asked.oracle.sample, mu, log_var, eps)
    samples, batch, size = z0.shape
    zK, log_det = transform(asked, model, z0.reshape(-1, size), np.tile(x, (samples, 1)))
    return mu, log_var, z0, zK.reshape(z0.shape), log_det.reshape(samples, batch)


def parts(asked, model, x, z):
    yield from bottlenecks.parts(asked, model, x, z)
    zK, log_det = transform(asked, model, z, x[: z.shape[0]])
    yield "the flow returns the same zK", zK, "flow_not_trained"
    yield "the flow returns the same log determinants", log_det, "flow_not_trained"


def given_to_the_decoder(asked, model, x, eps, way):
    return through(asked, model, x, eps, way)[3]


def divergence(asked, model, x, eps, keep=1.0):
    """Returns log q_K(zK) - log p(zK) of each sample and example; the log determinants count `keep` times. Shape `[L, B]`."""
    mu, log_var, *samples = through(asked, model, x, eps)
    return np.stack(
        [
            asked.oracle.log_normal(z0, mu, log_var) - keep * log_det - asked.oracle.log_prior(z0, zK)
            for z0, zK, log_det in zip(*samples, strict=True)
        ]
    )


def without_log_det(asked, model, x, eps):
    """Returns what `divergence` does where the log determinants are forgotten."""
    return divergence(asked, model, x, eps, keep=0.0)


def with_log_det_added(asked, model, x, eps):
    """Returns what `divergence` does where the log determinants have the wrong sign."""
    return divergence(asked, model, x, eps, keep=-1.0)


def kind_of(shaken=Kind.shaken, **keywords):
    return Kind(
        "FlowVIB",
        parts=parts,
        latents=given_to_the_decoder,
        kl=divergence,
        terms="free_energy_terms",
        wrong_kls={"kl_without_log_det": without_log_det, "kl_with_log_det_added": with_log_det_added},
        keywords=keywords,
        beta=BETA,
        shaken=shaken,
    )


# With as many steps as a model has that is made without saying, and with one, which is traced in a fraction of the time.
PLANAR, SHORT = kind_of(flow="planar"), kind_of(flow="planar", num_flows=1)
TERMS = ("log_q0", "sum_log_det", "log_p_zK", "log_py_given_zK")


def free_energy_terms(asked, sizes, beta):
    """`free_energy_terms(x, y_onehot, eps)` is what the model's own encoder, flow and decoder give, put together here."""
    classifiers.outputs_are_free(asked, SHORT)

    def method(model, x, y_onehot, eps):
        shapes = [(x.shape[0],)] * 4
        return asked.arrays(f"{model.key}.free_energy_terms", x, y_onehot, eps[0], shapes=shapes, outputs=4)

    rounds = list(classifiers.rounds_of(asked, PLANAR, sizes, beta, method))
    first = rounds[0]
    kept = answered(asked.student.get(f"{first.model.key}.beta"), "beta").values[0]
    if not close(kept, beta):
        raise Broken(f"model.beta is {float(np.mean(kept)):g}, and {beta:g} was given", "beta_not_kept")
    seen = [(one, Parts.of(asked, one)) for one in rounds]
    wrong = [
        index for index in range(4) if not all(close(one.got[index], of.right(asked, one)[index]) for one, of in seen)
    ]
    if not wrong:
        gradients_pass(asked, first, method)
        return
    if not repeats(first.got, method(first.model, first.x, first.y_onehot, first.eps)):
        raise Broken("the same x, y_onehot and eps gave two different values", "terms_draw_their_own_noise")
    said = []
    for index in wrong:
        worst = max(float(np.max(np.abs(one.got[index] - of.right(asked, one)[index]))) for one, of in seen)
        said.append(f"{TERMS[index]} is off by up to {judge.one_digit(worst):g} nats")
    names = dict.fromkeys(name for index in wrong for name in [named_term(asked, seen, index)] if name)
    raise Broken(f"{' and '.join(said)} from what the model's own parts give", " and ".join(names))


def gradients_pass(asked, one, method):
    """A gradient of each term reaches the noise, and so what made the sample.

    The gradient is what the student's process says it is. It counts where central differences of the terms themselves, along
    random directions of the noise, agree with it.
    """
    arguments = [wire.Tensor(array) for array in (one.x, one.y_onehot, one.eps[0])]
    said = []
    for index, name in enumerate(TERMS):
        cotangents = [np.full(len(one.x), index == other, np.float32) for other in range(4)]
        path = f"{one.model.key}.free_energy_terms"
        gradient = answered(asked.student.vjp(path, arguments, cotangents)).values[-1]
        if gradient is None or not np.any(gradient):
            raise Broken(f"no gradient of {name} reaches the sample", "no_gradient_through_a_term")
        checked(gradient, one.eps[0].shape)
        said.append(gradient.astype(np.float64))
    agree, told = np.zeros((2, len(TERMS), len(one.x)), int)
    for _ in range(DIRECTIONS):
        along = asked.normal(*one.eps[0].shape)
        wide, narrow = (slopes(method, one, along, step) for step in (STEP, FINER))
        slack = SLOPES_APART + SLOPES_APART_SHARE * np.abs(narrow)
        known = np.abs(wide - narrow) < slack / 2
        told += known
        agree += known & (np.abs(np.sum(said * along, axis=-1) - narrow) < slack)
    for name, right, of in zip(TERMS, agree.sum(axis=1), told.sum(axis=1), strict=True):
        if not (of and right >= MOST * of):
            raise Broken(
                f"the gradient of {name} that reaches the sample is not that of its values",
                "no_gradient_through_a_term",
            )


def slopes(method, one, along, step):
    """Returns the derivatives of the four terms of each example along a direction of the noise, by differences. `[4, B]`"""
    ends = [one.eps + np.float32(sign * step) * along for sign in (1, -1)]
    above, below = (np.stack(method(one.model, one.x, one.y_onehot, eps)) for eps in ends)
    return (above - below) / (2 * step)


class Parts:
    """What the parts of a model return for the batch of a round, and the terms that come of it."""

    def __init__(self, mu, log_var, z0, zK, log_det, eps):
        self.mu, self.log_var, self.z0, self.zK, self.log_det, self.eps = mu, log_var, z0, zK, log_det, eps
        self.terms = None

    @classmethod
    def of(cls, asked, one):
        mu, log_var, z0, zK, log_det = through(asked, one.model, one.x, one.eps)
        return cls(mu, log_var, z0[0], zK[0], log_det[0], one.eps[0])

    def right(self, asked, one):
        """Returns the four terms of each example."""
        if self.terms is None:
            self.terms = (
                asked.oracle.log_normal(self.z0, self.mu, self.log_var),
                self.log_det,
                asked.oracle.log_prior(self.z0, self.zK),
                -asked.oracle.cross_entropy(one.y_onehot, logits_in(asked, PLANAR, one))[0],
            )
        return self.terms


# What known mistakes make of the parts: for each term functions of (oracle, parts, the right terms).
WRONG_TERMS = (
    {
        "log_q0_squared_variance": lambda oracle, p, right: oracle.log_normal(p.mu + p.eps, p.mu, p.log_var),
        "log_q0_log_var_as_log_sigma": lambda oracle, p, right: oracle.log_normal(p.z0, p.mu, 2 * p.log_var),
        "log_q0_of_sigma": lambda oracle, p, right: oracle.log_normal(p.z0, p.mu, p.log_var / 2),
        "log_q0_at_zK": lambda oracle, p, right: oracle.log_normal(p.zK, p.mu, p.log_var),
        "log_q0_is_the_prior": lambda oracle, p, right: oracle.log_prior(p.z0, p.z0),
        "log_q0_is_log_qK": lambda oracle, p, right: right[0] - right[1],
        "term_negated": lambda oracle, p, right: -right[0],
        "term_averaged_over_dimensions": lambda oracle, p, right: right[0] / p.z0.shape[-1],
        "term_averaged_over_batch": lambda oracle, p, right: 0 * right[0] + right[0].mean(),
    },
    {
        "log_det_negated": lambda oracle, p, right: -right[1],
        "log_det_missing": lambda oracle, p, right: 0 * right[1],
        "term_averaged_over_batch": lambda oracle, p, right: 0 * right[1] + right[1].mean(),
    },
    {
        "prior_at_z0": lambda oracle, p, right: oracle.log_prior(p.zK, p.z0),
        "prior_is_q0": lambda oracle, p, right: oracle.log_normal(p.zK, p.mu, p.log_var),
        "term_negated": lambda oracle, p, right: -right[2],
        "term_averaged_over_dimensions": lambda oracle, p, right: right[2] / p.z0.shape[-1],
        "term_averaged_over_batch": lambda oracle, p, right: 0 * right[2] + right[2].mean(),
    },
    {
        "likelihood_is_log_qK": lambda oracle, p, right: right[0] - right[1],
        "cross_entropy_for_likelihood": lambda oracle, p, right: -right[3],
    },
)


def named_term(asked, seen, index):
    """Returns what the values of one term tell."""
    for name, form in WRONG_TERMS[index].items():
        if all(close(one.got[index], form(asked.oracle, of, of.right(asked, one))) for one, of in seen):
            return name
    if index < 3:
        return ""
    before = [asked.oracle.cross_entropy(one.y_onehot, decode(asked, one.model, of.z0)[None])[0] for one, of in seen]
    if all(close(one.got[3], -want) for (one, _), want in zip(seen, before, strict=True)):
        return "decoder_given_z0"
    return named_cross_entropy(asked, PLANAR, [one for one, _ in seen], [-one.got[3] for one, _ in seen])


def small(asked, flow, num_flows=2):
    """Returns the handle of a new small model."""
    return classifiers.new(asked, kind_of(flow=flow, num_flows=num_flows), 9, 4, 5, (7,), beta=1.0)


def many_points(asked):
    """Returns IMAGES images for small models, each POINTS times, `[n, D]`, and points before a flow, `[n, K]`."""
    x = np.repeat(classifiers.drawn(asked, IMAGES, 9, 5)[0], POINTS, axis=0)
    return x, np.float32(1.5) * asked.normal(IMAGES * POINTS, 4)


def map_of(asked, model, x):
    """Returns what the flow does to points `[n, K]`, those of each image in the order of `x`, one time or several."""
    return lambda points: transform(asked, model, points, np.tile(x, (points.shape[0] // x.shape[0], 1)))[0]


def shake_from(asked, model, start, noise):
    """Gives a model the weights `start` and this much noise."""
    asked.set_weights(model, [array + noise * asked.noise_for(array) for array in start])


def first_told(asked, model, start, look, shakes=SHAKES):
    """Returns the first `look()` whose last array, of what is known, holds for half of the points.

    The weights are moved less and less from `start`; the first time they may be too large for finite values.
    """
    for noise in shakes:
        shake_from(asked, model, start, noise)
        try:
            seen = look()
        except Broken as broken:
            if broken.mistake != "not_finite" or noise != SHAKES[0]:
                raise
            continue
        if seen[-1].mean() >= 0.5:
            return seen
    raise Broken("the flow is so steep, even with small weights, that differences say nothing of its Jacobian")


def model_with(asked, flow, num_flows=2):
    """Returns a small model with this flow, its weights as they began, images for it and points before its flow."""
    if ("flow", flow, num_flows) not in asked.kept:
        model = small(asked, flow, num_flows)
        asked.kept["flow", flow, num_flows] = model, asked.weights(model)
    model, start = asked.kept["flow", flow, num_flows]
    x, y_onehot = classifiers.drawn(asked, IMAGES, 9, 5)
    asked.set_weights(model, start)
    return model, start, x, y_onehot, asked.normal(IMAGES, 4)


def moved_nowhere(z0, zK):
    """Raises `Broken` where a dimension of z0 stands in zK as it was, in its own place or in another."""
    if np.allclose(zK, z0, 1e-6, 1e-6):
        raise Broken("zK is z0: the flow does nothing", "flow_is_identity")
    for number, before in enumerate(z0.T):
        if any(np.allclose(before, after, 1e-6, 1e-6) for after in zK.T):
            raise Broken(
                f"dimension {number + 1} of z0 stands in zK as it was, whatever the weights: no step changes it"
            )


def log_det_is_jacobian(asked, flow):
    """The log determinant of `transform` is that of its Jacobian in z0 at fixed x, by differences of its values alone."""
    model, start, _, _, _ = model_with(asked, flow)
    # Several points for each image: where an invertible map turns space over it does so everywhere.
    x, z0 = many_points(asked)
    for _ in range(FINITE):
        shake_from(asked, model, start, SHAKES[1])
        transform(asked, model, z0, x)

    def look():
        zK, got = transform(asked, model, z0, x)
        moved_nowhere(z0, zK)
        return got, *log_dets_of(map_of(asked, model, x), z0)

    got, want, signs, told = first_told(asked, model, start, look)
    for number in range(IMAGES):
        chosen = slice(number * POINTS, (number + 1) * POINTS)
        if len(set(signs[chosen][told[chosen]])) > 1:
            raise Broken("at the same x the determinant is positive at some z0 and negative at others", "flow_folds")

    def mostly(values):
        return np.mean(np.abs(got - values)[told] <= APART) >= MOST

    if mostly(want):
        return
    worst = np.max(np.abs(got - want), where=told, initial=0.0)
    said = f"the sum of the log determinants is off by up to {worst:.1g} from that of the Jacobian of transform"
    known = {"log_det_negated": -want, "log_det_missing": 0 * want, "log_det_not_log": np.exp(want)}
    raise Broken(said, next((name for name, value in known.items() if mostly(value)), ""))


def flow_depends_on_x(asked, flow):
    """The same z0 with two images gives two zK and two log determinants, and each example has its own."""
    model, _, x, _, z0 = model_with(asked, flow)
    asked.shake(model, 1.0, SHAKES[1])
    zK, log_det = transform(asked, model, z0, x)
    again, _ = transform(asked, model, z0, x)
    if not np.allclose(zK, again, 1e-5, 1e-5):
        raise Broken("two calls with the same z0 and x gave different zK", "random_inside")
    fewer, _ = transform(asked, model, z0[4:1:-1], x[4:1:-1])
    if not np.allclose(zK[4:1:-1], fewer, 1e-3, 1e-3):
        raise Broken("an example's zK changes with the examples beside it", "examples_mixed")
    other = np.float32(1) - x
    moved, changed = transform(asked, model, z0, other)
    if np.allclose(zK, moved, 1e-5, 1e-5):
        raise Broken("with another x the same z0 goes to the same zK", "flow_ignores_x")
    if np.allclose(log_det, changed, 1e-5, 1e-5):
        raise Broken("with another x the log determinants stay the same", "log_det_ignores_x")
    # A second step's is another because the first one's zK is.
    single, *_ = model_with(asked, flow, 1)
    asked.shake(single, 1.0, SHAKES[1])
    log_det, changed = (transform(asked, single, z0, images)[1] for images in (x, other))
    if np.allclose(log_det, changed, 1e-5, 1e-5):
        raise Broken("with num_flows=1 and another x the log determinants stay the same", "log_det_ignores_x")


def prediction(asked, sizes):
    """As `classifiers.prediction`, of every kind of flow that does something to the order of the dimensions too."""
    ordered = [kind_of(flow=flow, num_flows=2, shaken=(1.0, SHAKES[1])) for flow in ("coupling", "iaf")]
    for kind in (SHORT, *ordered):
        try:
            classifiers.prediction(asked, kind, sizes)
        except Broken as broken:
            raise Broken(f"with flow={kind.keywords['flow']!r} {broken.detail}", broken.mistake) from broken


def training(asked):
    """As `classifiers.training_reports`; what is not finite is asked of a second model.

    Of a million points with random weights one can lie in a plane where float32 takes a right determinant for 0.
    """
    for last in (False, True):
        try:
            return classifiers.training_reports(asked, SHORT)
        except Broken as broken:
            if last or broken.mistake != "not_finite":
                raise
            # There is none where the first call of a new model came to nothing already.
            asked.kept.pop(classifiers.trainer_of(SHORT), None)


def weights_move(asked, flow):
    """One step of training moves every trainable weight, and what encoder, flow and decoder return."""
    model, _, x, y_onehot, z0 = model_with(asked, flow)
    asked.shake(model, 1.0, 0.15)
    latents.weights_move(
        asked,
        model,
        look=lambda: list(parts(asked, model, x, z0)),
        step=lambda: answered(asked.student.fit(model, [x, y_onehot], 1e-3, eager=True, batch_size=IMAGES, epochs=1)),
    )
    asked.no_strangers(f"{model.key}.free_energy_terms", "free_energy_terms", x, y_onehot, z0)
    twin = small(asked, flow)
    asked.set_weights(twin, asked.weights(model))
    if any(
        not np.allclose(*pair, 1e-4, 1e-5)
        for pair in zip(*(transform(asked, m, z0, x) for m in (model, twin)), strict=True)
    ):
        raise Broken("two models with the same trainable weights have two different flows", "hidden_parameters")


KINDS = {
    "flow_depends_on_x": flow_depends_on_x,
    "flow_log_det": log_det_is_jacobian,
    "flow_prediction": prediction,
    "flow_terms": free_energy_terms,
    "flow_training": training,
    "flow_weights": weights_move,
    "inverts": inverts,
    "jacobian": jacobian,
    "returns": returns,
}
