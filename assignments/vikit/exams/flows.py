"""The properties of flows, examined from their values: log determinants by central differences, inverses, and `FlowVIB`."""

from dataclasses import replace
from functools import partial
from itertools import product, zip_longest

import numpy as np

from ..judging import describe
from ..protocol import wire
from . import bottlenecks, classifiers, latents, properties
from .classifiers import Kind, logits_in, named_cross_entropy, repeats
from .latents import OF_A_MODEL, SAMPLERS, close, decode, encode
from .properties import OF_VALUES, SQUASHED, Broken, Stopped, answered, checked, finds

# Half the distance of two points of a difference, and how far a log determinant may be from what the differences say: in
# float32 those of four planar layers are off by 4e-4.
STEP, APART = 3e-3, 5e-3
# Another step, and how far the two may disagree.
FINER, AGREEING = 1.5e-3, 2e-3
# Where a network of ReLUs bends within a step the differences of a right map are off too, and not always is it seen: of the
# points so many must fit.
MOST = 0.75
# At fewer points than this a difference is that of rounding.
FEW = 0.1
# Of derivatives of a model's terms: how far they may be from differences, in nats and as a share, and along how many directions
# they are looked at.
DERIVATIVES_APART, DERIVATIVES_APART_SHARE, DIRECTIONS = 0.02, 0.05, 3
# And so many where a mistake is named.
NAMED = 0.95


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
        raise Broken(f"{describe.describe_count(len(reply.values))} values came back, expected {outputs or 1}")
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


def spread(values):
    """Returns how far apart values are along the first axis, but for the few that rounding has moved."""
    low, high = np.quantile(values, (FEW, 1 - FEW), axis=0)
    return high - low


def log_dets_of(mapped, z):
    """Returns log abs det of the Jacobians of `mapped` at the rows of `z`, their signs, and for which rows they are known.

    Where the map bends within a step, or float32 keeps too little of it, two steps of different length disagree.
    """
    (signs, wide), (_, narrow) = (np.linalg.slogdet(differences(mapped, z, step)) for step in (STEP, FINER))
    # A determinant of 0 has the logarithm -inf.
    with np.errstate(invalid="ignore"):
        return wide, signs, np.abs(wide - narrow) < AGREEING


@finds(*OF_VALUES)
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
        words, digits = describe.describe_values("the log determinant", got[told], want[told], "differences of the map")
        raise Broken(words, digits=digits)


@finds(*OF_VALUES)
def inverts(asked, forward, inverse, shapes):
    """`inverse` takes the output of `forward` back to its first argument, with the same other arguments."""
    arguments = drawn(asked, shapes)
    there = own_map(asked, forward, arguments)(arguments).astype(np.float32)
    back = values_of(asked, inverse, [there, *arguments[1:]], shapes=[np.shape(arguments[0])])[0]
    if not np.allclose(back, arguments[0], 1e-3, 1e-3):
        raise Broken("forth and back does not return to where it began")


@finds(*OF_VALUES)
def returns(asked, name, size):
    """A step of dynamics, and another with the velocity turned round, end where they began."""
    half = asked.normal(size, size) / np.float32(2)
    score = wire.BuiltArgument("affine", (-half @ half.T, asked.normal(size)))
    z, v = asked.normal(size), asked.normal(size)
    moved, velocity = values_of(asked, name, [z, v, 0.3, score], 2, [z.shape] * 2)
    turned_round = [moved.astype(np.float32), -velocity.astype(np.float32), 0.3, score]
    back, turned = values_of(asked, name, turned_round, 2, [z.shape] * 2)
    if not (np.allclose(back, z, 1e-3, 1e-3) and np.allclose(turned, -v, 1e-3, 1e-3)):
        raise Broken("forth, and back with the velocity turned round, does not return to where it began")


# The model.

FLOWS = ("planar", "radial", "coupling", "iaf")
# Of a model with random weights: how far they are moved, less and less until differences of its map say something. With the
# first of these a right step, whose scales may be exponentials, may overflow.
SHAKES = (0.3, 0.1, 0.03, 0.01)
NEARBY = "with a little normal noise added to all weights"
# Of a log determinant: below it differences may have the wrong sign.
NEARLY_SINGULAR = -3.0
# With so many random weights displacements must differ in more ways than there are dimensions: what stretches or shifts a fixed
# map by a few trained numbers has no more. And how small a singular value may be beside the first, and a difference beside the
# number itself.
SETTINGS, LEAST, FAINT = 9, 5e-4, 1e-2
# Of the log determinants of a flow: what they must differ by, whatever the image and the point.
SPREAD = 4 * APART
# What any examination of a flow may find.
OF_A_FLOW = (
    *(*OF_A_MODEL, "random_inside", "flow_is_identity", "flow_ignores_z0", "flow_ignores_weights", "not_finite_nearby"),
)
# Of the model that is trained: it weighs what the flow is for, and is not 1.
BETA = 2.0
# Images, and points for each; and the classes of the small models that are asked about them.
IMAGES, POINTS, CLASSES = 12, 12, 5


class StudentsOwn(bottlenecks.StudentsOwn):
    """The oracle in a notebook for `FlowVIB`: the student's own functions, of this assignment and of earlier ones."""

    def log_normal(self, z, mu, log_var):
        arguments = latents.singles(z, mu, np.exp(log_var))
        return np.asarray(self.function("gaussian_log_pdf")(*arguments), float)

    def log_prior(self, z0, zK):
        return np.asarray(self.function("flow_prior_term")(*latents.singles(z0, zK)), float)


def outputs_of(asked, model, z0, x):
    """Returns zK `[n, K]`, and what came for log determinants, as it came: of any shape, and NaN where they are."""
    path = f"{model.key}.transform"
    try:
        return asked.arrays(path, z0, x, shapes=[z0.shape, None], outputs=2)
    except Broken as broken:
        if broken.mistake != "not_finite":
            raise
    tensors = [wire.Tensor(np.asarray(array, np.float32)) for array in (z0, x)]
    values = answered(asked.student.call(path, tensors, outputs=2)).values
    if len(values) != 2 or values[1].dtype.kind != "f":
        raise Broken("two calls of transform with the same z0 and x returned different things", "random_inside")
    checked(values[0], z0.shape)
    return [value.astype(np.float64) for value in values]


def zK_of(asked, model, z0, x):
    """Returns zK `[n, K]` alone: a log determinant that is missing, or wrong in any other way, does not matter."""
    return outputs_of(asked, model, z0, x)[0]


def transform(asked, model, z0, x):
    """Returns what the model's flow makes of `z0` `[n, K]`: zK `[n, K]` and the sum of the log determinants `[n]`.

    One number for each point, whatever axes come behind: that there are none is the matter of `log_det_is_jacobian`.
    """
    zK, log_det = outputs_of(asked, model, z0, x)
    if log_det.shape[:1] != z0.shape[:1]:
        checked(log_det, z0.shape[:1])
    if not np.isfinite(log_det).all():
        raise Broken("log determinants that transform returns are NaN or infinite", "not_finite")
    return zK, log_det.reshape(len(z0), -1).sum(axis=1)


def before_the_flow(asked, model, x, eps, way):
    return SAMPLERS[way](asked.oracle.sample, *encode(asked, model, x), eps)


def rows_of(x, z):
    """Returns `x` once for each of the samples `z` `[L, B, K]`, and these as rows."""
    return np.tile(x, (len(z), 1)), z.reshape(-1, np.shape(z)[2])


def through(asked, model, x, eps, way="right"):
    """Returns (mu, log_var, z0, zK, log_det) for L samples of each example; the last three begin with `[L, B]`."""
    mu, log_var = encode(asked, model, x)
    z0 = SAMPLERS[way](asked.oracle.sample, mu, log_var, eps)
    images, rows = rows_of(x, z0)
    zK, log_det = transform(asked, model, rows, images)
    return mu, log_var, z0, zK.reshape(z0.shape), log_det.reshape(z0.shape[:2])


def parts(asked, model, x, z):
    yield from bottlenecks.parts(asked, model, x, z)
    yield "the flow returns the same zK", zK_of(asked, model, z, x[: z.shape[0]]), "flow_not_trained"


def given_to_the_decoder(asked, model, x, eps, way):
    z0 = before_the_flow(asked, model, x, eps, way)
    images, rows = rows_of(x, z0)
    return zK_of(asked, model, rows, images).reshape(z0.shape)


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


def own_terms(asked, model, x, y_onehot, eps):
    """Returns what the model's `free_energy_terms` says. Shapes `[B]`, four times."""
    shapes = [(x.shape[0],)] * len(TERMS)
    return asked.arrays(f"{model.key}.free_energy_terms", x, y_onehot, eps, shapes=shapes, outputs=len(TERMS))


def own_distortion(asked, model, x, y_onehot, eps):
    """Returns what the model says of the cross-entropy of each example, with the first sample. Shape `[B]`."""
    return -own_terms(asked, model, x, y_onehot, eps[0])[3]


def kind_of(shaken=Kind.shaken, **keywords):
    return Kind(
        "FlowVIB",
        parts=parts,
        latents=given_to_the_decoder,
        kl=divergence,
        terms="free_energy_terms",
        wrong_kls={"kl_without_log_det": without_log_det, "kl_with_log_det_added": with_log_det_added},
        own_distortion=own_distortion,
        keywords=keywords,
        beta=BETA,
        shaken=shaken,
    )


# With as many steps as a model has that is made without saying, and with one, which is traced in a fraction of the time.
PLANAR, SHORT = kind_of(flow="planar"), kind_of(flow="planar", num_flows=1)
TERMS = ("log_q0", "sum_log_det", "log_p_zK", "log_py_given_zK")


def wrong_terms(rounds, seen):
    """Returns the indices of the terms that are not what the parts `seen` give."""
    pairs = list(zip(rounds, seen, strict=True))
    return [index for index in range(4) if not all(of.gives(one.got[index], index) for one, of in pairs)]


def gradients_pass(asked, rounds, method):
    """A gradient of each term reaches the noise, and so what made the sample.

    The gradient is what the student's process says it is. It counts where central differences of the terms themselves, along
    random directions of the noise, say something: where a ReLU is off, or a tanh is at its end, both are 0.
    """
    compared = np.concatenate([differences_of_terms(asked, one, method) for one in rounds], axis=-1)
    for name, (said, wide, narrow) in zip(TERMS, compared, strict=True):
        slack = DERIVATIVES_APART + DERIVATIVES_APART_SHARE * np.abs(narrow)
        told = np.abs(wide - narrow) < slack / 2
        agree = np.abs(said - narrow) < slack
        # Those that are not 0 count by themselves: there may be few.
        for chosen in (told, told & (np.abs(narrow) > 2 * slack)):
            if chosen.any() and not agree[chosen].mean() >= MOST:
                what = f"the gradient of {name} that reaches the sample is not that of its values"
                if not said.any():
                    what = f"no gradient of {name} reaches the sample"
                raise Broken(what, "no_gradient_through_a_term")


def differences_of_terms(asked, one, method):
    """Returns what the process, long steps and short ones say of the derivatives of the terms. Shape `[4, 3, DIRECTIONS * B]`.

    Each derivative is that of a term of one example along a random direction of its noise.
    """
    gradients = [gradient_in_the_noise(asked, one, index) for index in range(len(TERMS))]
    found = []
    for _ in range(DIRECTIONS):
        along = asked.normal(*one.eps[0].shape)
        said = np.stack([np.sum(gradient * along, axis=-1) for gradient in gradients])
        found.append(np.stack([said, *(derivatives(method, one, along, step) for step in (STEP, FINER))], axis=1))
    return np.concatenate(found, axis=-1)


def gradient_in_the_noise(asked, one, index):
    """Returns what the student's process says of the gradient of a term in its noise; 0 where it says nothing. `[B, K]`"""
    cotangents = [np.full(len(one.x), index == other, np.float32) for other in range(len(TERMS))]
    arguments = [wire.Tensor(array) for array in (one.x, one.y_onehot, one.eps[0])]
    path = f"{one.model.key}.free_energy_terms"
    gradient = answered(asked.student.vjp(path, arguments, cotangents)).values[-1]
    if gradient is None:
        return np.zeros(one.eps[0].shape)
    checked(gradient, one.eps[0].shape)
    return gradient.astype(np.float64)


def derivatives(method, one, along, step):
    """Returns the derivatives of the four terms of each example along a direction of the noise, by differences. `[4, B]`"""
    ends = [one.eps + np.float32(sign * step) * along for sign in (1, -1)]
    above, below = (np.stack(method(one.model, one.x, one.y_onehot, eps)) for eps in ends)
    return (above - below) / (2 * step)


class Parts:
    """What the parts of a model return for the batch of a round, and what comes of it.

    Attributes:
        right: The four terms of each example.
        constant: The logarithm of the standard normal density at 0, for each example.
        peak: And that of q_0 at its mean.
        rounding: What each term may be off by because the sample was rounded to float32.
    """

    def __init__(self, asked, one, way="right"):
        mu, log_var, z0, zK, log_det = through(asked, one.model, one.x, one.eps, way)
        self.mu, self.log_var, self.z0, self.zK, self.eps = mu, log_var, z0[0], zK[0], one.eps[0]
        oracle = asked.oracle
        self.right = (
            oracle.log_normal(self.z0, mu, log_var),
            log_det[0],
            oracle.log_prior(self.z0, self.zK),
            -oracle.cross_entropy(one.y_onehot, logits_in(asked, PLANAR, one, way))[0],
        )
        self.constant = oracle.log_normal(0 * mu, 0 * mu, 0 * mu)
        self.peak = oracle.log_normal(mu, mu, log_var)
        # Where sigma is small beside mu float32 keeps few digits of eps in z0.
        lost = np.spacing(np.abs(self.z0).astype(np.float32)) * np.abs(self.eps) * np.exp(-log_var / 2)
        self.rounding = np.sum(lost, axis=-1), 0.0, 0.0, 0.0

    def gives(self, got, index):
        """Tells whether what came for a term is the right one, but for rounding."""
        right, rounding = self.right[index], self.rounding[index]
        return close(got - np.clip(got - right, -rounding, rounding), right)


# What known mistakes make of the parts: for each term functions of (oracle, parts).
WRONG_TERMS = (
    {
        "right": lambda oracle, p: p.right[0],
        "log_q0_squared_variance": lambda oracle, p: oracle.log_normal(p.mu + p.eps, p.mu, p.log_var),
        "log_q0_log_var_as_log_sigma": lambda oracle, p: oracle.log_normal(p.z0, p.mu, 2 * p.log_var),
        "log_q0_of_sigma": lambda oracle, p: oracle.log_normal(p.z0, p.mu, p.log_var / 2),
        "log_q0_at_zK": lambda oracle, p: oracle.log_normal(p.zK, p.mu, p.log_var),
        "log_q0_at_the_mean": lambda oracle, p: p.peak,
        "log_q0_is_the_prior": lambda oracle, p: oracle.log_prior(p.z0, p.z0),
        "log_q0_is_log_qK": lambda oracle, p: p.right[0] - p.right[1],
        "log_q0_log_var_missing": lambda oracle, p: p.right[0] - p.peak + p.constant,
        "log_q0_log_var_negated": lambda oracle, p: p.right[0] - 2 * (p.peak - p.constant),
        "half_missing": lambda oracle, p: 2 * p.right[0] - p.constant,
        "half_missing in the square": lambda oracle, p: 2 * p.right[0] - p.peak,
        "half_missing in the log variance": lambda oracle, p: p.right[0] + p.peak - p.constant,
        "half_missing in all": lambda oracle, p: 2 * p.right[0],
    },
    {
        "right": lambda oracle, p: p.right[1],
        "log_det_negated": lambda oracle, p: -p.right[1],
        "log_det_missing": lambda oracle, p: 0 * p.right[1],
        "log_det_not_log": lambda oracle, p: np.exp(p.right[1]),
        "log_det_doubled": lambda oracle, p: 2 * p.right[1],
        "log_det_averaged": lambda oracle, p: p.right[1] / p.z0.shape[-1],
    },
    {
        "right": lambda oracle, p: p.right[2],
        "prior_at_z0": lambda oracle, p: oracle.log_prior(p.zK, p.z0),
        "prior_is_q0": lambda oracle, p: oracle.log_normal(p.zK, p.mu, p.log_var),
        "prior_holds_log_det": lambda oracle, p: p.right[2] + p.right[1],
        "half_missing": lambda oracle, p: 2 * p.right[2] - p.constant,
        "half_missing in all": lambda oracle, p: 2 * p.right[2],
    },
    {
        "likelihood_is_log_qK": lambda oracle, p: p.right[0] - p.right[1],
        "cross_entropy_for_likelihood": lambda oracle, p: -p.right[3],
    },
)
# What is made of a whole term `[B]`, with K latent dimensions.
REDUCTIONS = {
    "right": lambda term, K: term,
    "term_negated": lambda term, K: -term,
    "term_in_bits": lambda term, K: term / np.log(2),
    "term_averaged_over_dimensions": lambda term, K: term / K,
    "term_averaged_over_batch": lambda term, K: 0 * term + term.mean(),
    "term_summed_over_batch": lambda term, K: 0 * term + term.sum(),
}
# Whether log 2 pi is there, in a log density.
CONSTANTS = ({"right": 0.0, "log_2pi_missing": 1.0}, {"right": 0.0})


TERM_NAMES = [name.split()[0] for table in (*WRONG_TERMS, REDUCTIONS, *CONSTANTS) for name in table]


@finds(
    *(
        *OF_A_FLOW,
        *SQUASHED,
        *SAMPLERS,
        *TERM_NAMES,
        *classifiers.CROSS_ENTROPY_NAMES,
    ),
    *("beta_not_kept", "terms_draw_their_own_noise", "terms_in_another_order", "decoder_given_z0"),
    "no_gradient_through_a_term",
)
def free_energy_terms(asked, sizes, beta):
    """`free_energy_terms(x, y_onehot, eps)` is what the model's own encoder, flow and decoder give, put together here."""
    model_with(asked, PLANAR.keywords["flow"])
    classifiers.outputs_are_free(asked, SHORT)

    def method(model, x, y_onehot, eps):
        return own_terms(asked, model, x, y_onehot, eps[0])

    def examine(kind):
        rounds = list(classifiers.rounds_of(asked, kind, sizes, beta, method))
        return [(one, Parts(asked, one)) for one in rounds]

    # Where weights are large a planar step is flat, and its log determinant 0: they are small too.
    kinds = PLANAR, replace(PLANAR, shaken=(1.0, SHAKES[1]))
    pairs = [pair for kind in kinds for pair in with_smaller_weights(examine, kind)]
    rounds, seen = zip(*pairs, strict=True)
    first = rounds[0]
    kept = answered(asked.student.get(f"{first.model.key}.beta"), "beta").values[0]
    if not close(kept, beta):
        raise latents.another_beta(kept, beta)
    wrong = wrong_terms(rounds, seen)
    if not wrong:
        gradients_pass(asked, rounds[len(rounds) // 2 :], method)
        latents.encoder_returns_two(asked, first.model)
        if asked.kept[first.model.key]["probabilities"]:
            raise Broken("the decoder returns probabilities, and so they are taken", "decoder_returns_probabilities")
        return
    if not repeats(first.got, method(first.model, first.x, first.y_onehot, first.eps)):
        raise Broken("the same x, y_onehot and eps gave two different values", "terms_draw_their_own_noise")
    said = [
        describe.describe_values(
            TERMS[index],
            np.concatenate([one.got[index] for one in rounds]),
            np.concatenate([of.right[index] for of in seen]),
            "what the model's own parts give",
            " nats",
        )
        for index in wrong
    ]
    words, digits = ("; ".join(parts) for parts in zip(*said, strict=True))
    raise Broken(words, " and ".join(names_of_terms(asked, rounds, seen, wrong)), digits)


def names_of_terms(asked, rounds, seen, wrong):
    """Returns the names of the mistakes that give the terms; that of a wrong sample where nothing else explains them."""
    if is_another_order(rounds, seen, wrong):
        return ["terms_in_another_order"]
    first = found = [named_term(asked, rounds, seen, index) for index in wrong]
    for way in SAMPLERS if not all(found) else ():
        sampled = [Parts(asked, one, way) for one in rounds]
        left = wrong_terms(rounds, sampled)
        found = [way, *(named_term(asked, rounds, sampled, index, way) for index in left)]
        if len(left) < len(wrong) and all(found):
            break
    else:
        found = first
    return list(dict.fromkeys(name for names in found for name in names.split(" and ") if name))


def is_another_order(rounds, seen, wrong):
    """Tells whether the wrong terms are one another."""
    pairs = list(zip(rounds, seen, strict=True))
    others = [
        [other for other in wrong if all(close(one.got[index], of.right[other]) for one, of in pairs)]
        for index in wrong
    ]
    return all(others) and sorted(found[0] for found in others) == list(wrong)


def named_term(asked, rounds, seen, index, way="right"):
    """Returns the names of what the values of one term tell: of the fewest mistakes that give them."""
    if index == 3:
        return named_likelihood(asked, rounds, seen, way)
    chosen = product(REDUCTIONS, CONSTANTS[index == 1], WRONG_TERMS[index])
    made = {name: [form(asked.oracle, of) for of in seen] for name, form in WRONG_TERMS[index].items()}
    for reduction, constant, name in sorted(chosen, key=lambda names: sum(one != "right" for one in names)):
        missing = CONSTANTS[index == 1][constant]
        if all(
            close(one.got[index], REDUCTIONS[reduction](value - missing * of.constant, of.z0.shape[-1]))
            for one, of, value in zip(rounds, seen, made[name], strict=True)
        ):
            return " and ".join(one.split()[0] for one in (name, constant, reduction) if one != "right")
    return ""


def named_likelihood(asked, rounds, seen, way):
    """Returns the names of what the values of the last term tell."""
    for name, form in WRONG_TERMS[3].items():
        if all(close(one.got[3], form(asked.oracle, of)) for one, of in zip(rounds, seen, strict=True)):
            return name
    before = [
        asked.oracle.cross_entropy(one.y_onehot, decode(asked, one.model, of.z0)[None])[0]
        for one, of in zip(rounds, seen, strict=True)
    ]
    if all(close(one.got[3], -want) for one, want in zip(rounds, before, strict=True)):
        return "decoder_given_z0"
    for factor, besides in ((-1.0, ""), (1.0, "cross_entropy_for_likelihood"), (-np.log(2), "term_in_bits")):
        given = [factor * one.got[3] for one in rounds]
        right = all(close(value, -of.right[3]) for value, of in zip(given, seen, strict=True))
        name = "" if right else named_cross_entropy(asked, PLANAR, rounds, given)
        if right or name:
            return " and ".join(part for part in (besides, name) if part)
    return ""


def small(asked, flow, num_flows=2):
    """Returns the handle of a new small model. The sizes of all are one and the same, drawn once."""
    if "flow sizes" not in asked.kept:
        asked.kept["flow sizes"] = int(asked.generator.integers(8, 12)), int(asked.generator.choice([4, 6]))
    images, latent = asked.kept["flow sizes"]
    kind = kind_of(flow=flow, num_flows=num_flows)
    return classifiers.new(asked, kind, images, latent, CLASSES, (7,), beta=1.0)


def batch_for(asked):
    """Returns IMAGES images for small models, their labels, and a point before a flow for each."""
    images, latent = asked.kept["flow sizes"]
    return *classifiers.drawn(asked, IMAGES, images, CLASSES), asked.normal(IMAGES, latent)


def many_points(asked):
    """Returns IMAGES images for small models, each POINTS times, `[n, D]`, and points before a flow, `[n, K]`.

    Where an invertible map turns space over it does so everywhere: for each image there are several points.
    """
    images, latent = asked.kept["flow sizes"]
    x = np.repeat(classifiers.drawn(asked, IMAGES, images, CLASSES)[0], POINTS, axis=0)
    return x, np.float32(1.5) * asked.normal(IMAGES * POINTS, latent)


def map_of(asked, model, x):
    """Returns what the flow does to points `[n, K]`, those of each image in the order of `x`, one time or several."""
    return lambda points: zK_of(asked, model, points, np.tile(x, (points.shape[0] // x.shape[0], 1)))


def shake_from(asked, model, start, noise):
    """Gives a model the weights `start` and this much noise."""
    asked.set_weights(model, [array + noise * asked.noise_for(array) for array in start])


def first_finite(asked, model, start, look, shakes=SHAKES):
    """Returns the first `look()` that is finite and not None; the weights are moved less and less from `start`.

    None where all were None.
    """
    broken = None
    for noise in shakes:
        shake_from(asked, model, start, noise)
        try:
            seen, broken = look(), None
        except Broken as error:
            if error.mistake != "not_finite":
                raise
            broken = error
            continue
        if seen is not None:
            return seen
    if broken is None:
        return None
    # With the weights that it was made with this is the model's own fault; else it is said what was done to them.
    asked.set_weights(model, start)
    look()
    raise broken.when(NEARBY, "not_finite_nearby") from broken


def first_told(asked, model, start, look, shakes=SHAKES):
    """Returns the first `look()` whose last array, of what is known, holds for half of the points, as `first_finite`."""

    def look_if_told():
        seen = look()
        return seen if seen[-1].mean() >= 0.5 else None

    seen = first_finite(asked, model, start, look_if_told, shakes)
    if seen is None:
        raise Broken(
            "differences of the map say nothing of its Jacobian, even with small weights: it jumps, or its determinant is 0"
        )
    return seen


def model_with(asked, flow, num_flows=2):
    """Returns a small model with this flow, and its weights as they began; raises `Broken` unless it computes with these."""
    if ("flow", flow, num_flows) not in asked.kept:
        model = small(asked, flow, num_flows)
        asked.kept["flow", flow, num_flows] = model, asked.weights(model)
    model, start = asked.kept["flow", flow, num_flows]
    asked.set_weights(model, start)
    if ("alive", flow, num_flows) not in asked.kept:
        flow_is_alive(asked, model, start)
        asked.kept["alive", flow, num_flows] = True
    return model, start


def flow_is_alive(asked, model, start):
    """Raises `Broken` unless zK comes from z0 and from the model's trainable weights. The weights are put back.

    A map that was fixed beforehand is worth nothing, however right its log determinants are; one to which a few trained numbers
    are added is not another.
    """
    if not start:
        raise Broken("it has no trainable weights that Keras knows", "no_weights")
    x, _, z0 = batch_for(asked)
    look = partial(zK_of, asked, model, z0, x)
    first = look()
    seen = np.stack([first_finite(asked, model, start, look, SHAKES[1:]) for _ in range(SETTINGS)])
    other = zK_of(asked, model, -z0, x)
    asked.set_weights(model, start)
    if not np.allclose(first, look(), 1e-5, 1e-5):
        raise Broken("with the same weights, z0 and x, zK was another the second time", "random_inside")
    if np.allclose(np.sort(seen), np.sort(z0), 1e-6, 1e-6):
        raise Broken("zK has the numbers of z0, in their own order or another", "flow_is_identity")
    if np.allclose(seen[-1], other, 1e-5, 1e-6):
        raise Broken("zK is the same for two different z0", "flow_ignores_z0")
    if np.allclose(seen[1:], seen[0], 1e-5, 1e-4):
        raise Broken("with all trainable weights moved zK stays the same", "flow_ignores_weights")
    count = ways_of(seen.reshape(SETTINGS, -1))
    if count <= z0.shape[1]:
        raise Broken(
            f"however the trainable weights are moved, zK is a sum of {count} fixed displacements",
            "flow_ignores_weights",
        )


def ways_of(seen):
    """Returns in how many ways numbers that were seen several times, `[SETTINGS, n]`, vary together.

    Numbers that hardly vary hold more rounding than anything else, and do not count; all others count alike.
    """
    apart = seen[1:] - seen[0]
    scale = np.max(np.abs(apart), axis=0)
    varies = scale > FAINT * (1 + np.max(np.abs(seen), axis=0))
    if varies.sum() < SETTINGS:
        return SETTINGS
    apart = apart[:, varies] / scale[varies]
    values = np.linalg.svd(apart / np.linalg.norm(apart, axis=1, keepdims=True), compute_uv=False)
    return int(np.sum(values > LEAST * values[0]))


# What known mistakes make of the right log determinants, with K latent dimensions and two steps.
WRONG_LOG_DETS = {
    "log_det_negated": lambda right, K: -right,
    "log_det_missing": lambda right, K: 0 * right,
    "log_det_not_log": lambda right, K: np.exp(right),
    "log_det_doubled": lambda right, K: 2 * right,
    "log_det_in_bits": lambda right, K: right / np.log(2),
    "log_det_averaged": lambda right, K: right / K,
    "log_det_averaged over steps": lambda right, K: right / 2,
}
WRONG_LOG_DET_NAMES = [name.split()[0] for name in WRONG_LOG_DETS]


@finds(
    *OF_A_FLOW, *WRONG_LOG_DET_NAMES, "log_det_is_constant", "log_det_not_finite", "log_dets_not_added", "flow_folds"
)
def log_det_is_jacobian(asked, flow):
    """The log determinant of `transform` is that of its Jacobian in z0 at fixed x, by differences of its values alone."""
    model, start = model_with(asked, flow)
    x, z0 = many_points(asked)
    look = partial(log_dets_at, asked, model, x, z0)
    # What can fold does so where weights are large; what differences say is surer where they are small.
    seen = [first_told(asked, model, start, look, shakes) for shakes in ((1.0, *SHAKES), SHAKES, SHAKES[1:])]
    for _, want, signs, told in seen:
        does_not_fold(signs, told & (want > NEARLY_SINGULAR))
    for one in seen[1:]:
        log_dets_are_right(asked, flow, *one)


def log_dets_are_right(asked, flow, got, want, signs, told):
    """Raises `Broken` unless the log determinants that came are those of differences, `want`, where these are known."""
    if spread(want[told]) < SPREAD:
        raise Broken("the determinant of the Jacobian is one constant", "log_det_is_constant")
    if not np.isfinite(got[told]).all():
        raise Broken(
            "log determinants are NaN or infinite at points where the map is not, and neither is its Jacobian",
            "log_det_not_finite",
        )
    if not mostly_alike(got, want, told):
        summed, origin = "the sum of the log determinants", "the Jacobian of transform"
        words, digits = describe.describe_values(summed, got[told], want[told], origin)
        raise Broken(words, named_log_det(asked, flow, (got, want, signs, told)), digits)


def log_dets_at(asked, model, x, z0):
    """Returns the log determinants that the model says, and what differences say: those, signs and what is known. `[n]`"""
    _, got = outputs_of(asked, model, z0, x)
    if got.shape != z0.shape[:1]:
        raise properties.another_shape(got, z0.shape[:1], "the log determinants have {}")
    return got, *log_dets_of(map_of(asked, model, x), z0)


def does_not_fold(signs, told):
    """Raises `Broken` where the determinants of one image have both signs."""
    for number in range(IMAGES):
        chosen = slice(number * POINTS, (number + 1) * POINTS)
        if len(set(signs[chosen][told[chosen]])) > 1:
            raise Broken("at the same x the determinant is positive at some z0 and negative at others", "flow_folds")


def mostly_alike(got, want, told):
    """Tells whether most of the values are alike, and most of those that are not close to 0."""
    with np.errstate(all="ignore"):
        alike = np.abs(got - want) <= APART
    far = told & (np.abs(want) > SPREAD)
    return all(np.mean(alike[chosen]) >= MOST for chosen in (told, far) if chosen.any())


def named_log_det(asked, flow, seen):
    """Returns what makes the log determinants of two steps, in what was `seen` and once more, or those of one step."""
    x, z0 = many_points(asked)

    def looks(num_flows):
        model, start = model_with(asked, flow, num_flows)
        return first_told(asked, model, start, partial(log_dets_at, asked, model, x, z0), SHAKES[1:])

    name = known_form(asked, [seen, looks(2)])
    if name:
        return name
    single = [looks(1) for _ in range(2)]
    if all(mostly_alike(got, want, told) for got, want, _, told in single):
        return "log_dets_not_added"
    return known_form(asked, single)


def known_form(asked, seen):
    """Returns the name of the first known mistake that gives what was seen, wherever that is not right; empty if none does."""
    _, latent = asked.kept["flow sizes"]
    for name, form in WRONG_LOG_DETS.items():
        if all(fits(got, want, partial(form, K=latent), told) for got, want, _, told in seen):
            return name.split()[0]
    return ""


def fits(got, right, form, told):
    """Tells whether what came is the wrong `form` of what is right, wherever the two differ."""
    with np.errstate(all="ignore"):
        wrong = form(right)
        differs = told & (np.abs(wrong - right) > SPREAD)
        return differs.any() and np.mean(np.abs(got - wrong)[differs] <= APART) >= NAMED


@finds(*OF_A_FLOW, "examples_mixed", "flow_ignores_x", "log_det_ignores_x")
def flow_depends_on_x(asked, flow):
    """The same z0 with two images gives two zK and two determinants, and each example has its own."""
    model, start = model_with(asked, flow)
    x, _, z0 = batch_for(asked)
    other = np.float32(1) - x

    def look():
        return [zK_of(asked, model, z0, images) for images in (x, x, other)] + [
            zK_of(asked, model, z0[4:1:-1], x[4:1:-1])
        ]

    zK, again, changed, fewer = first_finite(asked, model, start, look, SHAKES[1:])
    if not np.allclose(zK, again, 1e-5, 1e-5):
        raise Broken("two calls with the same z0 and x gave different zK", "random_inside")
    if not np.allclose(zK[4:1:-1], fewer, 1e-3, 1e-3):
        raise Broken("an example's zK changes with the examples beside it", "examples_mixed")
    if np.allclose(zK, changed, 1e-5, 1e-5):
        raise Broken("with another x the same z0 goes to the same zK", "flow_ignores_x")
    volume_depends_on_x(asked, flow)


def volume_depends_on_x(asked, flow):
    """With one step the determinant changes with x: that of a second is another because the first one's zK is."""
    model, start = model_with(asked, flow, 1)
    x, z0 = many_points(asked)

    def look():
        (one, _, first), (two, _, second) = (
            log_dets_of(map_of(asked, model, images), z0) for images in (x, np.float32(1) - x)
        )
        return one, two, first & second

    one, two, told = first_told(asked, model, start, look)
    if np.mean(np.abs(one - two)[told] > APART) < FEW:
        raise Broken(
            "with num_flows=1 and another x the determinant of the Jacobian stays the same", "log_det_ignores_x"
        )


@finds(
    *properties.names_found_by(classifiers.prediction),
    *(*OF_A_FLOW, "prediction_before_the_flow"),
)
def prediction(asked, sizes):
    """As `classifiers.prediction`, of every kind of flow that does something to the order of the dimensions too."""
    model_with(asked, PLANAR.keywords["flow"])
    ordered = [kind_of(flow=flow, num_flows=2, shaken=(1.0, SHAKES[1])) for flow in ("coupling", "iaf")]
    for kind in (SHORT, *ordered):
        try:
            with_smaller_weights(lambda smaller: classifiers.prediction(asked, smaller, sizes), kind)
        except Broken as broken:
            mistake = broken.mistake
            if not mistake and predicts_before_the_flow(asked, kind, sizes):
                mistake = "prediction_before_the_flow"
            raise broken.when(f"with flow={kind.keywords['flow']!r}", mistake) from broken


def predicts_before_the_flow(asked, kind, sizes):
    try:
        classifiers.prediction(asked, replace(kind, latents=before_the_flow), sizes)
    except Broken:
        return False
    return True


def with_smaller_weights(examination, kind):
    """Returns `examination(kind)`; where values are not finite, that of a kind whose weights are moved less."""
    for shaken in dict.fromkeys((kind.shaken, (1.0, SHAKES[1]), (1.0, SHAKES[-1]))):
        try:
            return examination(replace(kind, shaken=shaken))
        except Broken as error:
            if error.mistake != "not_finite":
                raise
            broken = error
    # With the weights that it was made with this is the model's own fault.
    examination(replace(kind, shaken=(1.0, 0.0)))
    raise broken.when(NEARBY, "not_finite_nearby") from broken


@finds(
    *properties.names_found_by(classifiers.training_reports),
    *(*OF_A_FLOW, "kl_without_log_det", "kl_with_log_det_added", "kl_without_gradient"),
)
def training(asked):
    """As `classifiers.training_reports`; what is not finite is asked of a second model.

    Of a million points with random weights one can lie in a plane where float32 takes a right determinant for 0.
    """
    model_with(asked, PLANAR.keywords["flow"])
    for last in (False, True):
        try:
            return classifiers.training_reports(asked, SHORT)
        except Broken as broken:
            if last or broken.mistake != "not_finite":
                raise
            # There is none where the first call of a new model came to nothing already.
            asked.kept.pop(classifiers.trainer_of(SHORT), None)


@finds(
    *(*OF_A_FLOW, "flow_not_trained", "weights_do_not_move", "hidden_parameters"),
)
def weights_move(asked, flow):
    """One step of training moves every trainable weight, and what encoder, flow and decoder return."""
    model, start = model_with(asked, flow)
    x, y_onehot, z0 = batch_for(asked)

    def look():
        latents.weights_move(
            asked,
            model,
            look=lambda: list(parts(asked, model, x, z0)),
            step=lambda: answered(
                asked.student.fit(model, [x, y_onehot], 1e-3, eager=True, batch_size=IMAGES, epochs=1)
            ),
        )
        return True

    first_finite(asked, model, start, look, (0.15, *SHAKES[2:]))
    asked.no_strangers(f"{model.key}.free_energy_terms", "free_energy_terms", x, y_onehot, z0)
    twin = small(asked, flow)
    asked.set_weights(twin, asked.weights(model))
    if not np.allclose(zK_of(asked, model, z0, x), zK_of(asked, twin, z0, x), 1e-4, 1e-5):
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
