"""What a run's test set gave: outputs, labels, and the mistakes that the model was surest of."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._runtime.files import replacing
from ..data.files import read_object
from ..installation import info
from ..ops.reduce.softmax import log_softmax
from ..storage import archive
from ..train.metrics import F1, ConfusionMatrix, Precision, Recall
from .tables import as_json

FILE, SUMMARY = "results.npz", "results.json"
KEPT = 24  # mistakes whose pictures are kept

#: What ``ag.info()`` tells of the machine.
_MACHINE = ("python", "blas", "threads", "instructions", "matrix products", "convolution")


class Results(NamedTuple):
    """What a run's test set gave, as ``record`` wrote it.

    ``outputs`` (N, classes) or, of two classes, (N, 1); ``labels`` (N,) integers; ``classes`` their names;
    ``mistakes`` (K,) the examples that the model was surest of and wrong about, and ``pictures`` uint8
    (K, C, H, W), empty where the inputs are no pictures.
    """

    outputs: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    mistakes: np.ndarray
    pictures: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of each class, (N, classes)."""
        return np.exp(_log_probabilities(self.outputs))

    @property
    def predictions(self) -> np.ndarray:
        """The most probable class of each example, (N,)."""
        return _log_probabilities(self.outputs).argmax(1)

    @property
    def accuracy(self) -> float:
        """The share of examples whose class was found."""
        return float(np.mean(self.predictions == self.labels))

    @property
    def loss(self) -> float:
        """The cross entropy, a mean over the examples."""
        logs = _log_probabilities(self.outputs)
        return float(-np.take_along_axis(logs, self.labels[:, None], 1).mean())

    @property
    def confusion(self) -> np.ndarray:
        """How often each true class (rows) was taken for each class, (classes, classes)."""
        return ConfusionMatrix("scores").counts(_log_probabilities(self.outputs), self.labels)

    def scores(self) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and number of examples of each class."""
        logs = _log_probabilities(self.outputs)
        kinds = {"precision": Precision, "recall": Recall, "f1": F1}
        found = {key: kind("scores", None)(logs, self.labels) for key, kind in kinds.items()}
        examples = np.bincount(self.labels, minlength=len(self.classes))
        return [
            {
                "class": name,
                **{key: float(shares[i]) for key, shares in found.items()},
                "examples": int(examples[i]),
            }
            for i, name in enumerate(self.classes)
        ]


def record(
    folder: str | os.PathLike[str],
    model: Any,
    images: Any,
    outputs: Any,
    labels: Any,
    classes: Sequence[str],
) -> Results:
    """Write what the test set gave into a run's folder, as ``results.npz`` and ``results.json``.

    ``outputs`` are the model's logits (N, classes), or (N, 1) of two classes, for ``images`` (N, C, H, W), as
    they were before they were prepared: bytes, or floats. ``labels`` are class numbers (N,). Beside accuracy
    and loss the machine and the model's layers are written down. Raises ValueError for outputs or labels that
    do not fit each other or the classes.

    >>> ag.runs.record("runs/first", model, images, outputs, labels, ("cat", "dog"))  # doctest: +SKIP
    """
    outputs, labels = np.asarray(outputs), np.asarray(labels)
    _check(outputs, labels, classes)
    logs = _log_probabilities(outputs)
    wrong = np.flatnonzero(logs.argmax(1) != labels)
    mistakes = wrong[np.argsort(-logs.max(1)[wrong], kind="stable")][:KEPT]
    found = Results(
        outputs, labels, tuple(map(str, classes)), mistakes, _pictures(images, mistakes)
    )
    archive.write(
        Path(folder) / FILE,
        {key: getattr(found, key) for key in ("outputs", "labels", "mistakes", "pictures")},
        {"classes": found.classes},
    )
    summary = {
        "accuracy": found.accuracy,
        "loss": found.loss,
        "images": len(labels),
        "layers": layers(model, np.shape(images)[1:]),
        "machine": _machine(),
    }
    with replacing(Path(folder) / SUMMARY, "w") as file:
        file.write(as_json(summary) + "\n")
    return found


def read_results(folder: str | os.PathLike[str]) -> Results:
    """Read what a run's test set gave.

    Raises FileNotFoundError if the run has not come to its end, and ValueError for a damaged file.

    >>> ag.runs.read_results("runs/first").confusion  # doctest: +SKIP
    """
    path = Path(folder) / FILE
    if not path.exists():
        raise FileNotFoundError(
            f"{folder}: {FILE} is missing, as the training did not come to its end; let it end with "
            f"agx train --resume {folder}, or train anew"
        )
    arrays, metadata = archive.read(path)
    try:
        parts = [arrays[key] for key in ("outputs", "labels", "mistakes", "pictures")]
        classes = tuple(metadata["classes"])
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected the results of a run, got a file without {error}; train anew"
        ) from None
    found = Results(parts[0], parts[1], classes, *parts[2:])
    try:
        _check(found.outputs, found.labels, classes)
        _check_mistakes(found)
    except ValueError as error:
        raise ValueError(
            f"{path}: the results do not fit each other: {error}; train anew"
        ) from error
    return found


def read_summary(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read ``results.json``: accuracy, loss and more; empty if the run has not come to its end."""
    path = Path(folder) / SUMMARY
    found = read_object(path) if path.exists() else {}
    share, rows = found.get("accuracy"), found.get("layers", [])
    if (
        not (share is None or (isinstance(share, (int, float)) and 0 <= share <= 1))
        or not isinstance(rows, list)
        or not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows)
    ):
        raise ValueError(
            f"{path}: expected the accuracy and the layers of a run, got something else"
        )
    return found


def layers(model: Any, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """What each layer makes of one input; or the parameters, of a model that cannot be run on zeros."""
    try:
        rows = model.summary(shape).layers
    except (TypeError, ValueError):
        return parameters(model.state_dict())
    return [
        {
            "layer": row.name,
            "kind": row.kind,
            "output": None if row.output_shape is None else list(row.output_shape),
            "parameters": row.parameters,
            "multiply-adds": row.multiply_adds,
            "bytes": row.memory,
        }
        for row in rows
    ]


def parameters(arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """The parameters and buffers of a model by name, and how large they are."""
    return [
        {"parameter": name, "shape": list(array.shape), "numbers": int(array.size)}
        for name, array in arrays.items()
    ]


def _log_probabilities(outputs: np.ndarray) -> np.ndarray:
    """Logits (N, classes) or, of two classes, (N, 1) as logarithms of probabilities (N, classes)."""
    logits = outputs.reshape(len(outputs), -1).astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    return log_softmax(logits, axis=1)


def _check(outputs: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
    wanted = (1, 2) if len(classes) == 2 else (len(classes),)
    if outputs.ndim != 2 or outputs.shape[1] not in wanted or not len(outputs):
        raise ValueError(
            f"record: expected outputs of shape (N, {wanted[0]}) for {len(classes)} classes, got "
            f"{outputs.shape}"
        )
    if labels.shape != outputs.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"record: expected integer labels of shape ({len(outputs)},), got {labels.dtype} of shape "
            f"{labels.shape}"
        )
    if not (labels.min() >= 0 and labels.max() < len(classes)):
        raise ValueError(
            f"record: expected labels from 0 to {len(classes) - 1}, got {labels.min()} to {labels.max()}"
        )


def _check_mistakes(found: Results) -> None:
    which, pictures = found.mistakes, found.pictures
    if found.outputs.dtype.kind not in "biuf" or not all(isinstance(c, str) for c in found.classes):
        raise ValueError(f"outputs of {found.outputs.dtype} for the classes {found.classes!r:.80}")
    if which.ndim != 1 or which.dtype.kind not in "iu" or (which >= len(found.labels)).any():
        raise ValueError(f"mistakes {which.dtype} {which.shape} among {len(found.labels)} images")
    fits = pictures.dtype == np.uint8 and pictures.ndim == 4 and pictures.shape[1] in (1, 3)
    if not fits or len(pictures) not in (0, len(which)) or (which < 0).any():
        raise ValueError(f"pictures {pictures.dtype} {pictures.shape} of {len(which)} mistakes")


def _pictures(images: Any, which: np.ndarray) -> np.ndarray:
    """Some of the images as bytes; none of what is no picture."""
    if np.ndim(images) != 4 or not len(which):
        return np.zeros((0, 1, 1, 1), np.uint8)
    found = np.stack([np.asarray(images[int(i)]) for i in which])
    if found.shape[1] != 3:
        found = found[:, :1]
    if found.dtype == np.uint8:
        return found
    low, high = min(0.0, float(found.min())), max(1.0, float(found.max()))
    return np.rint((found - low) * (255 / (high - low))).astype(np.uint8)


def _machine() -> dict[str, str]:
    facts = info()
    processor = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = cpus.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = names[0] if names else processor
    return {"processor": processor, **{key: facts[key] for key in _MACHINE}}
