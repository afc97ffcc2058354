"""Figures that students need not write: labelled, and in colours for all (Okabe and Ito's)."""

from typing import Any

import numpy as np

__all__ = [
    "COLOURS",
    "MARKERS",
    "activity",
    "curves",
    "densities",
    "ellipses",
    "histograms",
    "images",
    "information_plane",
    "mosaic",
    "rate_distortion_plane",
    "scatter",
    "sweep",
]

# With two of Paul Tol's, so that ten classes have ten.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F",
    "#882255", "#999933",
)  # fmt: skip
MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "<", ">")
STYLES = ("-", "--", ":", "-.")
HATCHES = ("", "//", "..", "xx")


def style_of(index: int, **choices: tuple) -> dict[str, Any]:
    """Returns the colour of the line, or the bar, of that index, and its value of each choice."""
    choices = {"color": COLOURS, **choices}
    return {name: values[index % len(values)] for name, values in choices.items()}


def images(rows, image_shape, titles=(), title="") -> None:
    """Shows rows of images, in grey from 0 (white) to 1 (black).

    Args:
        rows: Images of each row. Shape `[rows, n, D]`.
        image_shape: Height and width of an image; their product is D.
        titles: A label for each row.
        title: Of the figure.

    Raises:
        ValueError: If the images don't have as many pixels as `image_shape` says.
    """
    from matplotlib import pyplot as plt

    rows = np.asarray(rows, float)
    if rows.ndim != 3 or rows.shape[2] != np.prod(image_shape):
        raise ValueError(
            f"rows must have the shape [rows, n, {int(np.prod(image_shape))}], "
            f"not {list(rows.shape)}"
        )
    figure, panels = plt.subplots(
        *rows.shape[:2], figsize=(0.8 * rows.shape[1] + 1.5, 0.8 * len(rows) + 0.5), squeeze=False
    )
    for axes_row, row in zip(panels, rows, strict=True):
        for axes, image in zip(axes_row, row, strict=True):
            axes.imshow(image.reshape(image_shape), cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
    for axes_row, label in zip(panels, titles, strict=False):
        axes_row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    figure.suptitle(title)
    plt.show()


def mosaic(grid, image_shape, title="", labels=("", "")) -> None:
    """Shows a grid of images as one picture; its first axis runs to the right, the second upwards.

    Args:
        grid: Images. Shape `[n, n, D]`.
        image_shape: Height and width of an image.
        title: Of the figure.
        labels: What the axes to the right and upwards are.
    """
    from matplotlib import pyplot as plt

    grid, margin = np.asarray(grid, float), max(1, image_shape[0] // 14)
    tiles = grid.swapaxes(0, 1)[::-1].reshape(*grid.shape[:2], *image_shape)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    height = tiles.shape[0] * tiles.shape[2]
    _, axes = plt.subplots(figsize=(7, 7))
    axes.imshow(tiles.transpose(0, 2, 1, 3).reshape(height, -1), cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], xlabel=labels[0], ylabel=labels[1], title=title)
    plt.show()


def scatter(points, labels, title="", axis_labels=("z_1", "z_2")) -> None:
    """Shows points of the plane with a colour and a marker for each label.

    Args:
        points: Shape `[n, 2]`.
        labels: Integers. Shape `[n]`.
        title: Of the figure.
        axis_labels: Of the two axes.
    """
    from matplotlib import pyplot as plt

    points, labels = np.asarray(points), np.asarray(labels)
    _, axes = plt.subplots(figsize=(6.5, 5.5))
    for index, label in enumerate(np.unique(labels)):
        x, y = points[labels == label].T
        style = style_of(index, marker=MARKERS)
        axes.scatter(x, y, s=22, alpha=0.7, linewidths=0, label=str(label), **style)
    axes.set(xlabel=axis_labels[0], ylabel=axis_labels[1], title=title)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="class")
    plt.tight_layout()
    plt.show()


def curves(histories, names, title="", ylabel="nats per example") -> None:
    """Shows how quantities went from epoch to epoch: a panel for each, a line for each run.

    Args:
        histories: A dict from a label to the `history` of Keras' `fit` (a dict of lists).
        names: Which quantities.
        title: Of the figure.
        ylabel: Of the panels.
    """
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        1, len(names), figsize=(4 * len(names), 3.4), squeeze=False, layout="constrained"
    )
    for axes, name in zip(panels[0], names, strict=True):
        for index, (label, history) in enumerate(histories.items()):
            epochs = np.arange(1, len(history[name]) + 1)
            style = style_of(index, linestyle=STYLES)
            axes.plot(epochs, history[name], label=label, **style)
        axes.set(xlabel="epoch", title=name)
        axes.legend()
    panels[0][0].set_ylabel(ylabel)
    figure.suptitle(title)
    plt.show()


def information_plane(runs, names, entropy, title="") -> None:
    """Shows how much models let through, and how much can be read from it, with the two limits.

    Args:
        runs: A dict from a label to (rates, relevance bounds), a number for each model, in nats.
        names: What each model is called, for example its beta.
        entropy: H(Y) in nats, the most that there is to read.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(7.5, 5), layout="constrained")
    highest = 1.4 * max(*(max(rates) for rates, _ in runs.values()), entropy)
    axes.axhline(entropy, color="black", linestyle="--", label="H(Y): all there is to read")
    limit = np.geomspace(1e-3, highest, 200)
    axes.plot(limit, limit, color="black", linestyle=":", label="relevance = rate")
    for index, (label, (rates, bounds)) in enumerate(runs.items()):
        # No line joins them: on these axes it would seem to cross the limit.
        style = style_of(index, marker=MARKERS)
        axes.plot(rates, bounds, linestyle="none", label=label, **style)
    for index, name in enumerate(names):
        lowest_run = min(runs.values(), key=lambda run: run[1][index])
        xy = (lowest_run[0][index], lowest_run[1][index])
        axes.annotate(
            name, xy, textcoords="offset points", xytext=(0, -15), ha="center", fontsize=9
        )
    lowest = min(0.0, *(min(bounds) for _, bounds in runs.values()))
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.6)
    axes.set(xlim=(-0.05, highest), ylim=(1.1 * lowest - 0.25, 1.25 * entropy))
    axes.set(
        xlabel="rate in nats (linear below 1, then logarithmic)",
        ylabel="relevance bound in nats",
        title=title,
    )
    axes.legend(loc="lower right")
    plt.show()


def rate_distortion_plane(runs, names, at_beta_one, title="") -> None:
    """Shows what models pay for their codes, and what these leave open, with the line of the ELBO.

    Args:
        runs: A dict from a label to pairs (rate, distortion), one for each model, in nats.
        names: What each model is called, for example its beta.
        at_beta_one: The index of the model whose rate + distortion the line keeps, in the first
            run.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(7.5, 5), layout="constrained")
    for index, (label, points) in enumerate(runs.items()):
        style = style_of(index, marker=("o", "x"), linestyle=STYLES)
        axes.plot(*np.transpose(points), linewidth=1, label=label, **style)
    first = np.array(next(iter(runs.values())))
    for xy, here in names_by_place(first, names):
        label = ", ".join(here)
        axes.annotate(label, xy, textcoords="offset points", xytext=(8, 5), fontsize=9)
    axes.margins(x=0.08)
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    everywhere = np.array([0.0, 2 * first[:, 0].max()])
    axes.plot(
        everywhere,
        first[at_beta_one].sum() - everywhere,
        color="black",
        linestyle=":",
        label=f"rate + distortion as at beta = {names[at_beta_one]}",
    )
    axes.set(xlabel="rate in nats", ylabel="distortion in nats", title=title)
    axes.legend(loc="upper right")
    plt.show()


def names_by_place(points, names) -> list[tuple]:
    """Returns places in the plane and the names of the points there: neighbours are one place.

    Args:
        points: Shape `[n, 2]`.
        names: Theirs.
    """
    places: list[tuple] = []
    for point, name in zip(points, names, strict=True):
        if places and np.all(np.abs(point - places[-1][0]) <= 0.03 * np.ptp(points, axis=0)):
            places[-1][1].append(name)
        else:
            places.append((point, [name]))
    return places


def activity(betas, activities, threshold, title="") -> None:
    """Shows the activity of latent units against beta: a line for each, a band for dead ones.

    Args:
        betas: Prices of rate, positive.
        activities: Of each unit, sorted. Shape `[betas, K]`.
        threshold: A unit is dead below it.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    lowest = min(threshold / 10, 0.5 * activities.min())
    axes.axhspan(lowest, threshold, color="#DDDDDD", label=f"dead: below {threshold:g}")
    for index, unit in enumerate(activities.T):
        axes.plot(betas, unit, label=f"unit {index + 1}", **style_of(index, marker=MARKERS))
    axes.set(xscale="log", yscale="log", xlabel="beta", ylabel="activity", title=title)
    axes.set_ylim(bottom=lowest)
    axes.set_xticks(betas, [f"{beta:g}" for beta in betas])
    axes.minorticks_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()


def histograms(panels, xlabel, title="") -> None:
    """Shows how numbers are distributed, a panel for each set, with a dashed line at the mean.

    Args:
        panels: A dict from a title to numbers.
        xlabel: What they are.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    figure, row = plt.subplots(
        1,
        len(panels),
        figsize=(3.6 * len(panels), 3.2),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    edges = np.histogram_bin_edges(np.concatenate(list(panels.values())), bins=40)
    for axes, (name, numbers) in zip(row[0], panels.items(), strict=True):
        axes.hist(numbers, edges, density=True, color=COLOURS[0])
        axes.axvline(np.mean(numbers), color="black", linestyle="--")
        axes.set_title(name, fontsize=10)
    row[0][0].set_ylabel("density")
    figure.supxlabel(xlabel, fontsize=10)
    figure.suptitle(title)
    plt.show()


def ellipses(panels, labels, title="", axis_labels=("z_1", "z_2")) -> None:
    """Shows Gaussians of the plane as ellipses, a panel for each model, a colour for each label.

    Args:
        panels: A dict from a title to (means, standard deviations), each of shape `[n, 2]`.
        labels: Integers. Shape `[n]`.
        title: Of the figure.
        axis_labels: Of the two axes.
    """
    from matplotlib import pyplot as plt
    from matplotlib.patches import Ellipse

    labels = np.asarray(labels)
    classes = np.unique(labels)
    figure, row = plt.subplots(
        1, len(panels), figsize=(4.3 * len(panels) + 1, 4.3), squeeze=False, layout="constrained"
    )
    for axes, (name, (means, sigmas)) in zip(row[0], panels.items(), strict=True):
        for index, label in enumerate(classes):
            is_such = labels == label
            centres = np.asarray(means)[is_such]
            style = style_of(index, marker=MARKERS)
            draw_ellipses(axes, centres, np.asarray(sigmas)[is_such], style["color"])
            axes.scatter(*centres.T, s=16, linewidths=0, label=str(label), **style)
        axes.add_patch(
            Ellipse((0, 0), 2, 2, fill=False, edgecolor="black", linestyle="--", label="r(z)")
        )
        axes.autoscale_view()
        axes.set_aspect("equal", adjustable="datalim")
        axes.set(xlabel=axis_labels[0], ylabel=axis_labels[1], title=name)
    row[0][-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), title="class")
    figure.suptitle(title)
    plt.show()


def draw_ellipses(axes, means, sigmas, colour: str) -> None:
    """Draws, around each mean, the ellipse of one standard deviation.

    Args:
        axes: Of the plane.
        means: Shape `[n, 2]`.
        sigmas: Standard deviations. Same shape.
        colour: Of all of them.
    """
    from matplotlib.patches import Ellipse

    for mean, sigma in zip(means, sigmas, strict=True):
        axes.add_patch(Ellipse(mean, *(2 * sigma), facecolor=colour, alpha=0.12))
        axes.add_patch(Ellipse(mean, *(2 * sigma), fill=False, edgecolor=colour, linewidth=0.7))


# Not fewer arguments: each is a part of the figure.
def sweep(values, panels, label, title="", log=True, same_height=False) -> None:
    """Shows quantities against a setting: a panel for each, a line for each run.

    Args:
        values: Of the setting.
        panels: A dict from the name of a quantity to a dict from a label to its numbers, one for
            each value.
        label: What the setting is.
        title: Of the figure.
        log: Whether its axis is logarithmic, with a marker at each value; else the lines are plain.
        same_height: Whether the panels share the vertical axis.
    """
    from matplotlib import pyplot as plt

    figure, row = plt.subplots(
        1,
        len(panels),
        figsize=(4.5 * len(panels), 3.4),
        squeeze=False,
        sharey=same_height,
        layout="constrained",
    )
    for axes, (name, runs) in zip(row[0], panels.items(), strict=True):
        for index, (run, numbers) in enumerate(runs.items()):
            style = style_of(index, linestyle=STYLES, **({"marker": MARKERS} if log else {}))
            axes.plot(values, numbers, markersize=4, label=run, **style)
        axes.set(xlabel=label, title=name, xscale="log" if log else "linear")
        if not same_height:
            axes.legend()
    if same_height:
        figure.legend(*row[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(title)
    plt.show()


def densities(panels, grid, columns=3, title="") -> None:
    """Shows densities of the plane side by side, from yellow (0) to dark blue (the largest value).

    Args:
        panels: A dict from a title to the log density at `grid.points`.
        grid: The `densities_2d.Grid` with the points.
        columns: Panels in a row.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    rows = -(-len(panels) // columns)
    figure, axes_of = plt.subplots(
        rows,
        columns,
        figsize=(2.6 * columns, 2.75 * rows),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    for axes in axes_of.flat[len(panels) :]:
        axes.set_axis_off()
    extent = (-grid.half_width, grid.half_width, -grid.half_width, grid.half_width)
    for axes, (label, log_density) in zip(axes_of.flat, panels.items(), strict=False):
        density = np.exp(np.asarray(log_density, float)).reshape(grid.num_cells, grid.num_cells)
        axes.imshow(density.T, origin="lower", extent=extent, cmap="cividis_r")
        axes.set_title(label, fontsize=9)
    for axes in axes_of[-1]:
        axes.set_xlabel("z_1")
    for axes in axes_of[:, 0]:
        axes.set_ylabel("z_2")
    figure.suptitle(title)
    plt.show()


def stacks(names, pieces, ylabel="nats", title="", floor=0.0) -> None:
    """Shows what sums are made of: a bar for each sum, a colour and a hatch for each piece.

    Args:
        names: What the sums are called.
        pieces: A dict from a label to the piece's size in each sum.
        ylabel: What is summed.
        title: Of the figure.
        floor: Where the vertical axis begins.
    """
    from matplotlib import pyplot as plt

    below = np.zeros(len(names))
    _, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for index, (label, heights) in enumerate(pieces.items()):
        style = style_of(index, hatch=HATCHES) | {"edgecolor": "white"}
        axes.bar(range(len(names)), heights, 0.6, below, label=label, **style)
        below = below + heights
    axes.set_xticks(range(len(names)), names)
    axes.set(
        ylabel=ylabel if not floor else f"{ylabel} (the axis begins at {floor:g})", title=title
    )
    axes.set_ylim(floor, below.max() + 0.05 * (below.max() - floor))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()


# Not fewer arguments: each is a part of the figure.
def bands(values, runs, lines, xlabel, reference, around=(12, 4), title="") -> None:
    """Shows estimates against their cost on a logarithmic axis: medians, bands and single lines.

    Args:
        values: The costs, positive. Shape `[n]`.
        runs: A dict from a label to the low end of the band, the median and the high end. Shape
            `[n, 3]`.
        lines: A dict from a label to numbers. Shape `[n]`.
        xlabel: What the cost is.
        reference: A label and the number that the estimates are of, shown as a horizontal line.
        around: How far below and above that number the vertical axis reaches.
        title: Of the figure.
    """
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for index, (label, band) in enumerate(runs.items()):
        low, median, high = np.asarray(band).T
        axes.fill_between(values, low, high, color=COLOURS[index], alpha=0.25)
        axes.plot(values, median, STYLES[index], color=COLOURS[index], label=label)
    for index, (label, numbers) in enumerate(lines.items(), len(runs)):
        axes.plot(values, numbers, "-.", color=COLOURS[index], label=label)
    label, number = reference
    axes.axhline(number, color="black", linestyle=":", label=label)
    axes.set(
        xscale="log",
        xlabel=xlabel,
        ylabel="nats",
        title=title,
        ylim=(number - around[0], number + around[1]),
    )
    axes.legend(loc="lower right")
    plt.show()
