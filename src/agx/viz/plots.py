"""Plots of training: learning curves, the confusion matrix, the filters of the first layer.

Each function returns a Matplotlib Figure that belongs to nobody else: a notebook shows it, and
``figure.savefig("curves.png")`` writes it.
"""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: What a history tells of an epoch beside what was measured.
_NO_QUANTITIES = {"epoch", "lr", "seconds", "images_per_second"}


def _figure(width: float, height: float) -> Any:
    """A new Figure, outside pyplot's list of open windows."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'plots need Matplotlib; install it with: pip install "agx[plot]"'
        ) from error
    return _shown(Figure)(figsize=(width, height), layout="constrained")


@functools.cache
def _shown(figure: Any) -> Any:
    """Matplotlib's Figure as one that a notebook shows also where pyplot was never imported."""

    class Shown(figure):  # type: ignore[misc]
        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Shown


def learning_curves(history: Iterable[Mapping[str, Any]]) -> Any:
    """Plot the loss of every epoch, and each metric if there are any; returns a Figure.

    ``history`` is what ``ag.fit`` returns: one dict per epoch with ``epoch``, ``loss`` and, where they
    were measured, ``validation_loss``, ``accuracy``, ``validation_accuracy`` and other metrics. Raises
    ValueError for an empty history and ImportError without Matplotlib (extra ``agx[plot]``).

    >>> history = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.4}]
    >>> figure = ag.viz.learning_curves(history)
    >>> figure.savefig("curves.png")  # doctest: +SKIP
    """
    rows = list(history)
    if not rows:
        raise ValueError("learning_curves: the history is empty; train for at least one epoch")
    quantities = _quantities(rows)
    figure = _figure(4.5 * len(quantities), 3.2)
    for axes, quantity in zip(
        figure.subplots(1, len(quantities), squeeze=False)[0], quantities, strict=True
    ):
        percent = 100 if quantity == "accuracy" else 1
        for key, name in ((quantity, "training"), (f"validation_{quantity}", "validation")):
            points = [
                (row["epoch"], percent * row[key]) for row in rows if row.get(key) is not None
            ]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        axes.set(xlabel="epoch", ylabel="accuracy (%)" if quantity == "accuracy" else quantity)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def lr_range(found: Any) -> Any:
    """Plot the losses that ``ag.train.lr_range_test`` found against the learning rates; returns a Figure.

    The thick line is their running mean, and the dashed one the rate that is suggested. Raises ImportError
    without Matplotlib (extra ``agx[plot]``).

    >>> found = ag.train.LRRange([0.01, 0.1, 1.0], [2.0, 1.0, 3.0])
    >>> figure = ag.viz.lr_range(found)
    """
    figure = _figure(4.5, 3.2)
    axes = figure.subplots()
    axes.plot(found.rates, found.losses, alpha=0.3, label="loss of a batch")
    axes.plot(found.rates, found.smoothed, color="C0", label="running mean")
    axes.axvline(
        found.suggestion, color="C1", linestyle="--", label=f"suggested: {found.suggestion:.2g}"
    )
    axes.set(xlabel="learning rate", ylabel="loss", xscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _quantities(rows: list[Mapping[str, Any]]) -> list[str]:
    """What was measured in any epoch, of training or validation: the loss, then the metrics."""
    found = {
        key.removeprefix("validation_"): None
        for row in rows
        for key, value in row.items()
        if isinstance(value, (int, float)) and key not in _NO_QUANTITIES
    }
    return sorted(found, key=lambda q: ("loss", "accuracy", q).index(q))


def confusion_matrix(targets: Any, predictions: Any, classes: Sequence[str]) -> Any:
    """Plot how often each true class was taken for each class; returns a Figure.

    ``targets`` and ``predictions`` are integer class numbers of equal length, ``classes`` the names.
    Rows are true classes. Raises ValueError for lengths that differ, for outputs that are no class
    numbers (``ag.train.decide`` makes them) and for a number without a name, and ImportError without
    Matplotlib (extra ``agx[plot]``).

    >>> figure = ag.viz.confusion_matrix([0, 1, 1], [0, 1, 0], ["cat", "dog"])
    >>> figure.savefig("confusion.png")  # doctest: +SKIP
    """
    true, guess = _numbers("targets", targets), _numbers("predictions", predictions)
    if true.shape != guess.shape:
        raise ValueError(
            f"confusion_matrix: expected one prediction for each target, got {len(guess)} for {len(true)}"
        )
    k = len(classes)
    numbers = np.concatenate([true, guess])
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < k):
        raise ValueError(
            f"confusion_matrix: expected class numbers 0 to {k - 1} for {k} names, got "
            f"{numbers.min()} to {numbers.max()}"
        )
    counts = np.zeros((k, k), int)
    np.add.at(counts, (true, guess), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.0, 0.42 * k + 1.2)
    figure = _figure(side, side)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            shade = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=shade, fontsize=8)
    long = max(len(str(c)) for c in classes) > 3
    axes.set_xticks(range(k), classes, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(k), classes)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def _numbers(name: str, given: Any) -> np.ndarray:
    """Class numbers as a flat array of integers."""
    found = np.asarray(getattr(given, "value", given)).reshape(-1)
    with np.errstate(invalid="ignore"):
        numbers = found.astype(int)
    if not (numbers == found).all():
        raise ValueError(
            f"confusion_matrix: expected class numbers for {name}, got values such as "
            f"{found[numbers != found][0]:.6g}; turn outputs into classes with ag.train.decide"
        )
    return numbers


def filters(weight: Any) -> Any:
    """Plot the filters of a convolution as small images; returns a Figure.

    ``weight`` has shape (O, I, H, W), an array or a Tensor. Filters of three channels are shown in
    colour, others one channel to a tile, negative weights blue and positive ones red. At most 64 tiles
    are drawn. Raises ValueError for another shape and ImportError without Matplotlib (extra
    ``agx[plot]``).

    >>> figure = ag.viz.filters(np.random.rand(6, 1, 5, 5))
    >>> figure.savefig("filters.png")  # doctest: +SKIP
    """
    w = np.asarray(getattr(weight, "value", weight))
    if w.ndim != 4:
        raise ValueError(f"filters: expected a weight of shape (O, I, H, W), got {w.shape}")
    reach = float(np.abs(w).max()) or 1.0
    if w.shape[1] == 3:
        tiles, style = w.transpose(0, 2, 3, 1) / (2 * reach) + 0.5, {}
    else:
        tiles = w.reshape(-1, *w.shape[2:])
        style = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
    tiles = tiles[:64]
    columns = min(8, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    figure = _figure(columns + 0.3, rows + 0.3)
    for axes in (grid := figure.subplots(rows, columns, squeeze=False)).flat:
        axes.set_axis_off()
    for axes, tile in zip(grid.flat, tiles, strict=False):
        axes.imshow(tile, interpolation="nearest", **style)
    figure.supxlabel("filter columns", fontsize="small")
    figure.supylabel("filter rows", fontsize="small")
    return figure
