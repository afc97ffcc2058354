"""Which kind of step a flow is made of, from the values of `FlowVIB.transform` alone.

Each kind leaves its mark in the displacement zK - z0, or in the Jacobian of a single step. Outputs may come in another order:
a right model may reverse or swap the dimensions behind its last step too.
"""

import numpy as np

from .flows import (
    FINER,
    IMAGES,
    POINTS,
    SHAKES,
    STEP,
    differences,
    first_told,
    many_points,
    map_of,
    model_with,
    shake_from,
    small,
    transform,
)
from .properties import Broken

# How far an entry of a Jacobian may be from what it should be: its differences are off by less.
NEAR = 0.02
# Of several displacements: the second singular value beside the first where all have one direction.
ONE_DIRECTION = 1e-3
# How much the log determinants of one image must differ, and how far apart the directions of two images must point.
VARIES, ASIDE = 1e-4, 1e-3
# How far the weights of a radial step are moved to see whether it folds, time by time; what it throws across its centre has a
# cosine of -1.
THROWS, OPPOSITE = (0.3, 1.0) * 4, -0.9


def is_of_its_kind(asked, flow):
    """One step has the mark of its kind; of planar flows, that steps are counted, and that their directions are an image's."""
    x, z0 = many_points(asked)
    model, start, *_ = model_with(asked, flow, 1)

    def look():
        return *transform(asked, model, z0, x), *jacobians_of(asked, model, x, z0)

    def looked_at(shakes):
        """Returns displacements, Jacobians, and what the mark says to both."""
        zK, log_det, jacobians, told = first_told(asked, model, start, look, shakes)
        if np.max(log_det.reshape(IMAGES, POINTS).std(axis=1)) < VARIES:
            raise Broken("with one step the log determinant is the same for all z0 of an image", "affine_step")
        apart = (zK - z0).reshape(IMAGES, POINTS, -1)
        return apart, jacobians, MARKS[flow](jacobians[told], apart)

    apart, jacobians, said = looked_at(SHAKES)
    # With large weights a gate of a right step may be open, or shut, for all images.
    if said and looked_at(SHAKES[1:])[2]:
        raise Broken(f"with num_flows=1 {said}", "another_kind_of_step")
    if flow == "planar":
        steps_are_counted(asked, z0, x)
        planar_directions(apart, jacobians)
    if flow == "radial":
        nothing_is_thrown_across(asked, model, start, x, z0)
    if flow == "iaf":
        order_is_reversed(asked, x, z0)


def jacobians_of(asked, model, x, z0):
    """Returns the Jacobians at `z0` by differences `[n, K, K]`, and for which points two steps say the same `[n]`."""
    mapped = map_of(asked, model, x)
    wide, narrow = (differences(mapped, z0, step) for step in (STEP, FINER))
    return wide, np.max(np.abs(wide - narrow), axis=(1, 2)) < NEAR / 4


def steps_are_counted(asked, z0, x):
    """Without a step nothing moves, and two planar steps have more than one direction."""
    zK, log_det = transform(asked, small(asked, "planar", 0), z0, x)
    if not (np.allclose(zK, z0, 1e-5, 1e-5) and np.allclose(log_det, 0, 0, 1e-5)):
        raise Broken("with num_flows=0 something moves, or a log determinant is not 0", "steps_not_counted")
    model, start, _, _, _ = model_with(asked, "planar")
    shake_from(asked, model, start, SHAKES[0])
    twice = (transform(asked, model, z0, x)[0] - z0).reshape(IMAGES, POINTS, -1)
    if all(one_direction(points) for points in twice):
        raise Broken("with num_flows=2 points move along one direction still: there is one step", "steps_not_counted")


def planar_directions(apart, jacobians):
    """Images differ in the direction that their planar step moves points in, and in that across their plane."""
    moved = np.linalg.svd(apart, full_matrices=False)[2][:, 0]
    if all_alike(moved):
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
        # With weights as large a right step may overflow; `log_det_is_jacobian` asks for finite values.
        if zK is None:
            continue
        centre = np.repeat(centres(z0, zK - z0), POINTS, axis=0)
        around = 0.1 * asked.normal(*z0.shape)
        landed = landing(asked, model, x, centre + around)
        if landed is None and noise == THROWS[0]:
            raise Broken("close to the centre of a radial step values are not finite", "radial_folds")
        if landed is not None:
            turned = cosines(landed - centre, around).reshape(IMAGES, POINTS) < OPPOSITE
            if np.any(np.all(turned, axis=1)):
                raise Broken("points close to the centre of a radial step land on its other side", "radial_folds")


def landing(asked, model, x, points):
    """Returns where the flow takes `points`; None where something is not finite."""
    try:
        return transform(asked, model, points, x)[0]
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


def order_is_reversed(asked, x, z0):
    """The Jacobian of two autoregressive steps, the second of which sees the dimensions in reverse, is not triangular."""
    model, start, *_ = model_with(asked, "iaf")
    for noise in SHAKES:
        shake_from(asked, model, start, noise)
        jacobians, told = jacobians_of(asked, model, x, z0)
        if np.mean([len(diagonal(one)) == len(one) for one in jacobians[told]]) < 0.5:
            return
    raise Broken(
        "with num_flows=2 the Jacobian is triangular still: both steps see the dimensions in one order",
        "order_not_reversed",
    )


def one_direction(apart):
    first, second = np.linalg.svd(apart, compute_uv=False)[:2]
    return second <= ONE_DIRECTION * first + 1e-5


# The marks: functions of Jacobians `[n, K, K]` and displacements `[IMAGES, POINTS, K]`, empty where the mark is there.


def planar(jacobians, apart):
    if all(one_direction(points) for points in apart):
        return ""
    return "the points of an image move along more than one direction; a planar step moves all along u_hat"


def radial(jacobians, apart):
    """Around its centre a radial step treats all directions across the radius alike: the Jacobian is a I + b d d^T."""
    slack = NEAR * (1 + np.max(np.abs(jacobians), axis=(1, 2)))
    mirrored = np.max(np.abs(jacobians - jacobians.swapaxes(1, 2)), axis=(1, 2)) < slack
    values = np.linalg.eigvalsh((jacobians + jacobians.swapaxes(1, 2)) / 2)
    low, high = values[:, -2] - values[:, 0] < slack, values[:, -1] - values[:, 1] < slack
    if not np.mean(mirrored & (low | high)) > 0.9:
        return "the Jacobian is not that of a radial step: a I + b d d^T, with d the direction from the centre"
    if np.all(np.abs(values[:, 1] - 1) < NEAR / 10):
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
