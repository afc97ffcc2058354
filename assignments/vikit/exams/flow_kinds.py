"""Which kind of step a flow is made of, from the values of `FlowVIB.transform` alone.

Each kind leaves its mark in the displacement zK - z0, or in the Jacobian of a single step. Outputs may come in another order:
a right model may reverse or swap the dimensions behind its last step too.
"""

from functools import partial

import numpy as np

from .differences import SHARE_OF_OUTLIERS, SHORT_STEP, STEP, jacobians_by_differences, quantile_range
from .exam import PropertyFailed, examination
from .flow_exams import (
    NUM_IMAGES,
    NUM_POINTS,
    MISTAKES_OF_ANY_FLOW,
    PERTURBATIONS,
    build_small,
    first_finite,
    first_reliable,
    flow_model,
    map_of,
    points_of_images,
)
from .flow_vib import zK_of

__all__ = []

# How far an entry of a Jacobian may be from what it should be: its differences are off by less.
ENTRY_TOLERANCE = 0.02
# Of several displacements: the second singular value beside the first where all have one direction.
ONE_DIRECTION = 1e-3
# What differences of an affine map make of its Jacobian's entries, and of its log determinant, from point to point.
AFFINE_TOLERANCE, VOLUME_TOLERANCE = 2e-3, 2e-3
# How far displacements the directions of two images must point.
DIRECTION_TOLERANCE = 1e-3
# How far the weights of a radial step are moved to see whether it folds, time by time; what it throws across its centre has a
# cosine of -1.
FOLDING_PERTURBATIONS, OPPOSITE_COSINE = (0.3, 1.0) * 4, -0.9


@examination(
    "flow_kind",
    finds=(
        *(*MISTAKES_OF_ANY_FLOW, "affine_step", "another_kind_of_step", "volume_ignores_z", "steps_not_counted"),
        *("half_never_moves", "order_not_reversed", "radial_folds", "shared_parameters"),
    ),
)
def check_kind(exam, flow):
    """One step has the mark of its kind; two are not one; what a planar step takes from an image is the image's own."""
    model, start = flow_model(exam, flow, 1)
    x, z0 = points_of_images(model)
    look = partial(look_at_step, model, x, z0)
    first = first_reliable(model, start, look)
    # With large weights a gate of a right step may be open, or shut, for all images.
    if fault_of_step(flow, *first):
        name, fault = fault_of_step(flow, *first_reliable(model, start, look, PERTURBATIONS[1:])) or ("", "")
        if name:
            raise PropertyFailed(f"with num_flows=1 {fault}", name)
    if flow == "planar":
        check_planar_directions(model, start, x, *first)
    if flow == "radial":
        check_nothing_is_thrown_across(model, start, x, z0)
    check_steps_are_counted(exam, flow, x, z0)


def look_at_step(model, x, z0):
    """Returns displacements `[NUM_IMAGES, NUM_POINTS, K]`, Jacobians `[n, K, K]`, and where these are reliable `[n]`."""
    return by_image(zK_of(model, z0, x) - z0), *jacobians_of(model, x, z0)


def by_image(rows):
    """Returns rows `[n, K]` as `[NUM_IMAGES, NUM_POINTS, K]`."""
    return rows.reshape(NUM_IMAGES, NUM_POINTS, -1)


def fault_of_step(flow, displacements, jacobians, reliable):
    """Returns (name of the mistake, what is off) where a step is not one of this kind; None where it is."""
    each = [jacobians[rows][reliable[rows]] for rows in np.arange(len(reliable)).reshape(NUM_IMAGES, NUM_POINTS)]
    if all(quantile_range(seen).max() < AFFINE_TOLERANCE for seen in each if len(seen)):
        return "affine_step", "the Jacobian is the same at all z0 of an image"
    fault = FAULTS[flow](jacobians[reliable], displacements)
    if fault:
        return "another_kind_of_step", fault
    if all(quantile_range(np.linalg.slogdet(seen)[1]) < VOLUME_TOLERANCE for seen in each if len(seen)):
        return "volume_ignores_z", "the determinant of the Jacobian is the same at all z0 of an image"
    return None


def jacobians_of(model, x, z0):
    """Returns the Jacobians at `z0` by differences `[n, K, K]`, and for which points two steps say the same `[n]`."""
    mapped = map_of(model, x)
    wide, narrow = (jacobians_by_differences(mapped, z0, step) for step in (STEP, SHORT_STEP))
    return wide, np.max(np.abs(wide - narrow), axis=(1, 2)) < ENTRY_TOLERANCE / 4


# What is said of a kind of flow whose two steps have the mark of one.
UNCHANGED_BY_A_SECOND_STEP = {
    "planar": ("steps_not_counted", "points move along one direction still"),
    "radial": ("steps_not_counted", "the Jacobian is still that of a single radial step"),
    "coupling": ("half_never_moves", "a dimension of z0 stands in zK as it was, whatever the weights"),
    "iaf": ("order_not_reversed", "the Jacobian is triangular still"),
}


def check_steps_are_counted(exam, flow, x, z0):
    """Two steps do what one cannot; without a step nothing moves, and three planar steps have three directions."""
    model, start = flow_model(exam, flow, 2)

    def look():
        return None if is_as_one_step(flow, model, x, z0) else True

    if first_finite(model, start, look, (1.0, *PERTURBATIONS[:2])) is None:
        name, fault = UNCHANGED_BY_A_SECOND_STEP[flow]
        raise PropertyFailed(f"with num_flows=2 {fault}", name)
    if flow != "planar":
        return
    if not np.allclose(zK_of(build_small(exam, flow, 0), z0, x), z0, 1e-5, 1e-5):
        raise PropertyFailed("with num_flows=0 something moves", "steps_not_counted")
    model = build_small(exam, flow, 3)
    zK = first_finite(model, model.weights(), lambda: zK_of(model, z0, x))
    if all(count_directions(points) < 3 for points in by_image(zK - z0)):
        raise PropertyFailed("with num_flows=3 points move in fewer than three directions", "steps_not_counted")


def is_as_one_step(flow, model, x, z0):
    """Tells whether what several steps do could be done by one; what differences don't tell counts as done by several."""
    if flow in ("planar", "coupling"):
        zK = zK_of(model, z0, x)
        if flow == "planar":
            return all(count_directions(points) < 2 for points in by_image(zK - z0))
        return any(np.allclose(before, after, 1e-5, 1e-5) for before in z0.T for after in zK.T)
    jacobians, reliable = jacobians_of(model, x, z0)
    if not reliable.any():
        return False
    if flow == "radial":
        return not fault_of_radial(jacobians[reliable], None, ENTRY_TOLERANCE / 10)
    return np.mean([len(triangular_diagonal(one)) == len(one) for one in jacobians[reliable]]) >= 0.5


def check_planar_directions(model, start, x, displacements, jacobians, reliable):
    """Images differ in the direction that their planar step moves points in, and in that across their plane."""
    z0 = np.tile(model.exam.normal(NUM_POINTS, displacements.shape[2]), (NUM_IMAGES, 1))
    same = first_finite(model, start, lambda: zK_of(model, z0, x)).reshape(displacements.shape)
    if np.allclose(same, same[0], 1e-5, 1e-5):
        # That nothing at all comes from x is the matter of `flow_depends_on_x`.
        return
    along = np.linalg.svd(displacements, full_matrices=False)[2][:, 0]
    if are_parallel(along):
        raise PropertyFailed(
            "all images move their points along one direction: u does not come from x", "shared_parameters"
        )
    changed = (jacobians - np.eye(jacobians.shape[-1])).reshape(NUM_IMAGES, NUM_POINTS, *jacobians.shape[1:])
    # Of each image at the point where the step does most.
    most = np.argmax(np.linalg.norm(changed, axis=(2, 3)), axis=1)
    if are_parallel(np.linalg.svd(changed[range(NUM_IMAGES), most])[2][:, 0]):
        raise PropertyFailed("the planes of all images have one normal: w does not come from x", "shared_parameters")


def are_parallel(directions):
    return np.min(np.abs(directions @ directions.T)) > 1 - DIRECTION_TOLERANCE


def check_nothing_is_thrown_across(model, start, x, z0):
    """Close to the centre of a radial step no point lands on the other side of the centre."""
    for noise in FOLDING_PERTURBATIONS:
        model.perturb_from(start, noise)
        zK = flow_or_none(model, x, z0)
        # With weights as large a right step may overflow.
        if zK is None:
            continue
        centre = np.repeat(find_centres(z0, zK - z0), NUM_POINTS, axis=0)
        around = 0.1 * model.exam.normal(*z0.shape)
        landed = flow_or_none(model, x, centre + around)
        if landed is not None:
            turned = cosines(landed - centre, around).reshape(NUM_IMAGES, NUM_POINTS) < OPPOSITE_COSINE
            if np.any(np.all(turned, axis=1)):
                raise PropertyFailed(
                    "points close to the centre of a radial step land on its other side", "radial_folds"
                )


def flow_or_none(model, x, points):
    """Returns where the flow takes `points`; None where something is not finite."""
    try:
        return zK_of(model, points, x)
    except PropertyFailed as failed:
        if failed.mistake != "not_finite":
            raise
        return None


def cosines(one_way, another):
    lengths = np.linalg.norm(one_way, axis=1) * np.linalg.norm(another, axis=1)
    return np.sum(one_way * another, axis=1) / np.maximum(lengths, 1e-12)


def find_centres(z0, displacements):
    """Returns where the lines from each image's points `z0` along `displacements` meet, by least squares.

    Shape `[NUM_IMAGES, K]`.
    """
    points, displacements = (array.reshape(NUM_IMAGES, NUM_POINTS, -1).astype(float) for array in (z0, displacements))
    along = displacements / np.maximum(np.linalg.norm(displacements, axis=2, keepdims=True), 1e-12)
    across = np.eye(points.shape[2]) - along[..., :, np.newaxis] * along[..., np.newaxis, :]
    wanted = np.einsum("ipjk,ipk->ij", across, points)
    return np.stack([np.linalg.lstsq(*pair, rcond=None)[0] for pair in zip(across.sum(axis=1), wanted, strict=True)])


def count_directions(displacements):
    """Returns how many directions displacements `[NUM_POINTS, K]` have."""
    values = np.linalg.svd(displacements, compute_uv=False)
    return int(np.sum(values > ONE_DIRECTION * values[0] + 1e-5))


# What a kind of step should be and is not: functions of Jacobians `[n, K, K]` and displacements `[NUM_IMAGES, NUM_POINTS, K]`.
# The text is empty where it is of that kind.


def fault_of_planar(jacobians, displacements):
    if all(count_directions(points) < 2 for points in displacements):
        return ""
    return "the points of an image move along more than one direction; a planar step moves all along u_hat"


def fault_of_radial(jacobians, displacements, tolerance=ENTRY_TOLERANCE):
    """Around its centre a radial step treats all directions across the radius alike: the Jacobian is a I + b d d^T."""
    slack = tolerance * (1 + np.max(np.abs(jacobians), axis=(1, 2)))
    mirrored = np.max(np.abs(jacobians - jacobians.swapaxes(1, 2)), axis=(1, 2)) < slack
    values = np.linalg.eigvalsh((jacobians + jacobians.swapaxes(1, 2)) / 2)
    low, high = values[:, -2] - values[:, 0] < slack, values[:, -1] - values[:, 1] < slack
    if not np.mean(mirrored & (low | high)) > 0.9:
        return "the Jacobian is not that of a radial step: a I + b d d^T, with d the direction from the centre"
    if np.mean(np.abs(values[:, 1] - 1) < ENTRY_TOLERANCE / 10) > 1 - SHARE_OF_OUTLIERS / 2:
        return "nothing moves across one direction: that is a planar step"
    return ""


def is_unit(jacobians):
    """Tells which rows of Jacobians have a single entry, which is 1. Shape `[n, K]`."""
    largest = np.max(jacobians, axis=2)
    return (np.abs(largest - 1) < ENTRY_TOLERANCE) & (np.abs(jacobians).sum(axis=2) - largest < ENTRY_TOLERANCE)


def fault_of_coupling(jacobians, displacements):
    untouched = is_unit(jacobians).all(axis=0).sum()
    if untouched != jacobians.shape[1] // 2:
        return (
            f"{untouched} of {jacobians.shape[1]} dimensions stay what they are; a coupling layer leaves one half alone"
        )
    if np.mean([len(triangular_diagonal(one)) == len(one) for one in jacobians]) > 0.9:
        return ""
    return "a dimension depends on others of its own half; a coupling layer scales each by what the other half says"


def fault_of_iaf(jacobians, displacements):
    if is_unit(jacobians).all(axis=0).any():
        return "a dimension stays what it is; an autoregressive step gates all"
    gates = [triangular_diagonal(one) for one in jacobians]
    if np.mean([len(found) == len(one) for found, one in zip(gates, jacobians, strict=True)]) < 0.9:
        return "the Jacobian is not triangular, in any order: m_k and s_k may look at z_<k alone"
    if np.mean([min(found) > -ENTRY_TOLERANCE and max(found) < 1 + ENTRY_TOLERANCE for found in gates]) < 0.9:
        return "a gate is not between 0 and 1: iaf_step is z_new = g z + (1 - g) m, g = sigmoid(s)"
    return ""


def triangular_diagonal(jacobian):
    """Returns the diagonal of a matrix that is triangular in some order of its rows and columns; what there is of it else."""
    found, left = [], jacobian
    while left.size:
        entries = np.abs(left) > ENTRY_TOLERANCE / 2
        single = np.flatnonzero(entries.sum(axis=1) <= 1)
        if not single.size:
            break
        row = single[0]
        column = np.argmax(np.abs(left[row]))
        found.append(left[row, column])
        left = np.delete(np.delete(left, row, axis=0), column, axis=1)
    return found


FAULTS = {
    "planar": fault_of_planar,
    "radial": fault_of_radial,
    "coupling": fault_of_coupling,
    "iaf": fault_of_iaf,
}
