"""The folder of a training run, and its files."""

from __future__ import annotations

import datetime
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .. import train, viz
from .._runtime.files import replacing
from ..storage import archive


class RunFolder:
    """Hold the folder of one training run and write its files.

    ``config.json`` (how it was run), ``history.jsonl`` (a line per epoch), weights ``best`` and ``last``
    as ``.npz`` or ``.safetensors``, and PNG pictures. Nothing in it is pickled. Raises FileExistsError
    if the folder holds a run already.

    >>> folder = RunFolder("runs/first")  # doctest: +SKIP
    """

    def __init__(self, path: str | Path, weights: str = "npz") -> None:
        self.path = Path(path)
        self.weights = weights
        archive.require(f".{weights}")
        if (self.path / "config.json").exists():
            raise FileExistsError(
                f"{self.path} holds a run already; name another folder with --out, or remove it"
            )

    def write_config(self, config: dict[str, Any]) -> None:
        """Make the folder and write how the run was started, with the versions that matter."""
        self.path.mkdir(parents=True, exist_ok=True)
        versions = {
            "agx": metadata.version("agx"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        }
        text = json.dumps({**config, "versions": versions}, indent=2)
        with replacing(self.path / "config.json", "w") as file:
            file.write(text + "\n")

    def add_epoch(self, row: dict[str, Any]) -> None:
        """Append one epoch to ``history.jsonl``."""
        with open(self.path / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def save_weights(self, model: Any, name: str) -> Path:
        """Write the model's parameters and buffers by name and return the file's path."""
        path = self.path / f"{name}.{self.weights}"
        archive.write(path, model.state_dict())
        return path

    def save_pictures(
        self, history: train.History, targets: Any, predictions: Any, classes: Any, model: Any
    ) -> list[str]:
        """Draw learning curves, confusion matrix and first-layer filters; returns the file names."""
        figures = {
            "curves": viz.learning_curves(history),
            "confusion": viz.confusion_matrix(targets, predictions, classes),
        }
        first = next(iter(model.parameters()))
        if first.ndim == 4:
            figures["filters"] = viz.filters(first)
        for name, figure in figures.items():
            figure.savefig(self.path / f"{name}.png", dpi=120)
        return [f"{name}.png" for name in figures]


def default_folder(model: str, data: str) -> Path:
    """Name a folder under ``runs`` that does not exist yet, by time, model and data."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{now}-{model.replace(':', '.')}-{Path(data).resolve().name}"
    path, count = base, 1
    while path.exists():
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path
