"""Which kind of step a flow is made of, from the values of `FlowVIB.transform` alone.

Each kind leaves its mark in the displacement zK - z0, or in the Jacobian of a single step. Outputs may come in another order:
a right model may reverse or swap the dimensions behind its last step too.
"""

from functools import partial

import numpy as np

from .flows import (
    FEW,
    FINER,
    IMAGES,
    OF_A_FLOW,
    POINTS,
    SHAKES,
    STEP,
    differences,
    first_finite,
    first_told,
    many_points,
    map_of,
    model_with,
    shake_from,
    small,
    spread,
    zK_of,
)
from .properties import Broken, finds

# How far an entry of a Jacobian may be from what it should be: its differences are off by less.
NEAR = 0.02
# Of several displacements: the second singular value beside the first where all have one direction.
ONE_DIRECTION = 1e-3
# What differences of an affine map make of its Jacobian's entries, and of its log determinant, from point to point.
AFFINE, VARIES = 2e-3, 2e-3
# How far apart the directions of two images must point.
ASIDE = 1e-3
# How far the weights of a radial step are moved to see whether it folds, time by time; what it throws across its centre has a
# cosine of -1.
THROWS, OPPOSITE = (0.3, 1.0) * 4, -0.9


@finds(
    *(*OF_A_FLOW, "affine_step", "another_kind_of_step", "volume_ignores_z", "steps_not_counted", "half_never_moves"),
    *("order_not_reversed", "radial_folds", "shared_parameters"),
)
def is_of_its_kind(asked, flow):
    """One step has the mark of its kind; two are not one; what a planar step takes from an image is the image's own."""
    model, start = model_with(asked, flow, 1)
    x, z0 = many_points(asked)
    look = partial(step_at, asked, model, x, z0)
    first = first_told(asked, model, start, look)
    # With large weights a gate of a right step may be open, or shut, for all images.
    if said_of_step(flow, *first):
        name, said = said_of_step(flow, *first_told(asked, model, start, look, SHAKES[1:])) or ("", "")
        if name:
            raise Broken(f"with num_flows=1 {said}", name)
    if flow == "planar":
        planar_directions(asked, model, start, x, *first)
    if flow == "radial":
        nothing_is_thrown_across(asked, model, start, x, z0)
    steps_are_counted(asked, flow, x, z0)


def step_at(asked, model, x, z0):
    """Returns displacements `[IMAGES, POINTS, K]`, Jacobians `[n, K, K]`, and for which points these are known `[n]`."""
    return by_image(zK_of(asked, model, z0, x) - z0), *jacobians_of(asked, model, x, z0)


def by_image(rows):
    """Returns rows `[n, K]` as `[IMAGES, POINTS, K]`."""
    return rows.reshape(IMAGES, POINTS, -1)


def said_of_step(flow, apart, jacobians, told):
    """Returns (name of the mistake, what is said of it) where a step is not one of this kind; None where it is."""
    each = [jacobians[rows][told[rows]] for rows in np.arange(len(told)).reshape(IMAGES, POINTS)]
    if all(spread(seen).max() < AFFINE for seen in each if len(seen)):
        return "affine_step", "the Jacobian is the same at all z0 of an image"
    said = MARKS[flow](jacobians[told], apart)
    if said:
        return "another_kind_of_step", said
    if all(spread(np.linalg.slogdet(seen)[1]) < VARIES for seen in each if len(seen)):
        return "volume_ignores_z", "the determinant of the Jacobian is the same at all z0 of an image"
    return None


def jacobians_of(asked, model, x, z0):
    """Returns the Jacobians at `z0` by differences `[n, K, K]`, and for which points two steps say the same `[n]`."""
    mapped = map_of(asked, model, x)
    wide, narrow = (differences(mapped, z0, step) for step in (STEP, FINER))
    return wide, np.max(np.abs(wide - narrow), axis=(1, 2)) < NEAR / 4


# What is said of a kind of flow whose two steps have the mark of one.
ALIKE = {
    "planar": ("steps_not_counted", "points move along one direction still"),
    "radial": ("steps_not_counted", "the Jacobian is still that of a single radial step"),
    "coupling": ("half_never_moves", "a dimension of z0 stands in zK as it was, whatever the weights"),
    "iaf": ("order_not_reversed", "the Jacobian is triangular still"),
}


def steps_are_counted(asked, flow, x, z0):
    """Two steps do what one cannot; without a step nothing moves, and three planar steps have three directions."""
    model, start = model_with(asked, flow, 2)

    def look():
        return None if is_as_one_step(asked, flow, model, x, z0) else True

    if first_finite(asked, model, start, look, (1.0, *SHAKES[:2])) is None:
        name, said = ALIKE[flow]
        raise Broken(f"with num_flows=2 {said}", name)
    if flow != "planar":
        return
    if not np.allclose(zK_of(asked, small(asked, flow, 0), z0, x), z0, 1e-5, 1e-5):
        raise Broken("with num_flows=0 something moves", "steps_not_counted")
    model = small(asked, flow, 3)
    zK = first_finite(asked, model, asked.weights(model), lambda: zK_of(asked, model, z0, x))
    if all(directions(points) < 3 for points in by_image(zK - z0)):
        raise Broken("with num_flows=3 points move in fewer than three directions", "steps_not_counted")


def is_as_one_step(asked, flow, model, x, z0):
    """Tells whether what several steps do could be done by one; what differences don't tell counts as done by several."""
    if flow in ("planar", "coupling"):
        zK = zK_of(asked, model, z0, x)
        if flow == "planar":
            return all(directions(points) < 2 for points in by_image(zK - z0))
        return any(np.allclose(before, after, 1e-5, 1e-5) for before in z0.T for after in zK.T)
    jacobians, told = jacobians_of(asked, model, x, z0)
    if not told.any():
        return False
    if flow == "radial":
        return not radial(jacobians[told], None, NEAR / 10)
    return np.mean([len(diagonal(one)) == len(one) for one in jacobians[told]]) >= 0.5


def planar_directions(asked, model, start, x, apart, jacobians, told):
    """Images differ in the direction that their planar step moves points in, and in that across their plane."""
    z0 = np.tile(asked.normal(POINTS, apart.shape[2]), (IMAGES, 1))
    same = first_finite(asked, model, start, lambda: zK_of(asked, model, z0, x)).reshape(apart.shape)
    if np.allclose(same, same[0], 1e-5, 1e-5):
        # That nothing at all comes from x is the matter of `flow_depends_on_x`.
        return
    along = np.linalg.svd(apart, full_matrices=False)[2][:, 0]
    if all_alike(along):
        raise Broken("all images move their points along one direction: u does not come from x", "shared_parameters")
    changed = (jacobians - np.eye(jacobians.shape[-1])).reshape(IMAGES, POINTS, *jacobians.shape[1:])
    # Of each image at the point where the step does most.
    most = np.argmax(np.linalg.norm(changed, axis=(2, 3)), axis=1)
    if all_alike(np.linalg.svd(changed[range(IMAGES), most])[2][:, 0]):
        raise Broken("the planes of all images have one normal: w does not come from x", "shared_parameters")


def all_alike(directions):
    return np.min(np.abs(directions @ directions.T)) > 1 - ASIDE


def nothing_is_thrown_across(asked, model, start, x, z0):
    """Close to the centre of a radial step no point lands on the other side of the centre."""
    for noise in THROWS:
        shake_from(asked, model, start, noise)
        zK = landing(asked, model, x, z0)
        # With weights as large a right step may overflow.
        if zK is None:
            continue
        centre = np.repeat(centres(z0, zK - z0), POINTS, axis=0)
        around = 0.1 * asked.normal(*z0.shape)
        landed = landing(asked, model, x, centre + around)
        if landed is not None:
            turned = cosines(landed - centre, around).reshape(IMAGES, POINTS) < OPPOSITE
            if np.any(np.all(turned, axis=1)):
                raise Broken("points close to the centre of a radial step land on its other side", "radial_folds")


def landing(asked, model, x, points):
    """Returns where the flow takes `points`; None where something is not finite."""
    try:
        return zK_of(asked, model, points, x)
    except Broken as broken:
        if broken.mistake != "not_finite":
            raise
        return None


def cosines(one_way, another):
    lengths = np.linalg.norm(one_way, axis=1) * np.linalg.norm(another, axis=1)
    return np.sum(one_way * another, axis=1) / np.maximum(lengths, 1e-12)


def centres(z0, apart):
    """Returns where the lines from each image's points `z0` along `apart` meet, by least squares. Shape `[IMAGES, K]`."""
    points, apart = (array.reshape(IMAGES, POINTS, -1).astype(float) for array in (z0, apart))
    along = apart / np.maximum(np.linalg.norm(apart, axis=2, keepdims=True), 1e-12)
    across = np.eye(points.shape[2]) - along[..., :, np.newaxis] * along[..., np.newaxis, :]
    wanted = np.einsum("ipjk,ipk->ij", across, points)
    return np.stack([np.linalg.lstsq(*pair, rcond=None)[0] for pair in zip(across.sum(axis=1), wanted, strict=True)])


def directions(apart):
    """Returns how many directions displacements `[POINTS, K]` have."""
    values = np.linalg.svd(apart, compute_uv=False)
    return int(np.sum(values > ONE_DIRECTION * values[0] + 1e-5))


# The marks: functions of Jacobians `[n, K, K]` and displacements `[IMAGES, POINTS, K]`, empty where the mark is there.


def planar(jacobians, apart):
    if all(directions(points) < 2 for points in apart):
        return ""
    return "the points of an image move along more than one direction; a planar step moves all along u_hat"


def radial(jacobians, apart, near=NEAR):
    """Around its centre a radial step treats all directions across the radius alike: the Jacobian is a I + b d d^T."""
    slack = near * (1 + np.max(np.abs(jacobians), axis=(1, 2)))
    mirrored = np.max(np.abs(jacobians - jacobians.swapaxes(1, 2)), axis=(1, 2)) < slack
    values = np.linalg.eigvalsh((jacobians + jacobians.swapaxes(1, 2)) / 2)
    low, high = values[:, -2] - values[:, 0] < slack, values[:, -1] - values[:, 1] < slack
    if not np.mean(mirrored & (low | high)) > 0.9:
        return "the Jacobian is not that of a radial step: a I + b d d^T, with d the direction from the centre"
    if np.mean(np.abs(values[:, 1] - 1) < NEAR / 10) > 1 - FEW / 2:
        return "nothing moves across one direction: that is a planar step"
    return ""


def is_unit(jacobians):
    """Tells which rows of Jacobians have a single entry, which is 1. Shape `[n, K]`."""
    largest = np.max(jacobians, axis=2)
    return (np.abs(largest - 1) < NEAR) & (np.abs(jacobians).sum(axis=2) - largest < NEAR)


def coupling(jacobians, apart):
    untouched = is_unit(jacobians).all(axis=0).sum()
    if untouched != jacobians.shape[1] // 2:
        return (
            f"{untouched} of {jacobians.shape[1]} dimensions stay what they are; a coupling layer leaves one half alone"
        )
    if np.mean([len(diagonal(one)) == len(one) for one in jacobians]) > 0.9:
        return ""
    return "a dimension depends on others of its own half; a coupling layer scales each by what the other half says"


def iaf(jacobians, apart):
    if is_unit(jacobians).all(axis=0).any():
        return "a dimension stays what it is; an autoregressive step gates all"
    gates = [diagonal(one) for one in jacobians]
    if np.mean([len(found) == len(one) for found, one in zip(gates, jacobians, strict=True)]) < 0.9:
        return "the Jacobian is not triangular, in any order: m_k and s_k may look at z_<k alone"
    if np.mean([min(found) > -NEAR and max(found) < 1 + NEAR for found in gates]) < 0.9:
        return "a gate is not between 0 and 1: iaf_step is z_new = g z + (1 - g) m, g = sigmoid(s)"
    return ""


def diagonal(jacobian):
    """Returns the diagonal of a matrix that is triangular in some order of its rows and columns; what there is of it else."""
    found, left = [], jacobian
    while left.size:
        entries = np.abs(left) > NEAR / 2
        single = np.flatnonzero(entries.sum(axis=1) <= 1)
        if not single.size:
            break
        row = single[0]
        column = np.argmax(np.abs(left[row]))
        found.append(left[row, column])
        left = np.delete(np.delete(left, row, axis=0), column, axis=1)
    return found


MARKS = {"planar": planar, "radial": radial, "coupling": coupling, "iaf": iaf}
KINDS = {"flow_kind": is_of_its_kind}
