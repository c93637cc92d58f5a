"""The folder of a training run, and its files."""

from __future__ import annotations

import contextlib
import datetime
import json
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .. import storage, train, viz
from .._runtime.files import hold, replacing
from ..data.files import read_object
from ..storage import archive

#: Columns of a history that the clock has made, so that they differ from run to run.
CLOCK = ("seconds", "images_per_second")


class RunFolder:
    """Hold the folder of one training run and write its files.

    ``config.json`` (how it was run), ``history.jsonl`` (a line per epoch), weights ``best`` and ``last``
    as ``.npz`` or ``.safetensors``, ``checkpoints/`` to go on from, and PNG pictures. Nothing in it is
    pickled, and every file is whole at any time. Without a path one under ``runs`` is made when the run
    begins. Raises FileExistsError if the folder holds a run already, and is not to be resumed.

    >>> folder = RunFolder("runs/first")  # doctest: +SKIP
    """

    def __init__(
        self, path: str | Path | None = None, weights: str = "npz", *, resume: bool = False
    ) -> None:
        self.weights, self.resume = weights, resume
        archive.require(f".{weights}")
        if path is not None:
            self.path = Path(path)
            self._check()

    def _check(self) -> None:
        if not self.resume and (self.path / "config.json").exists():
            raise FileExistsError(
                f"{self.path} holds a run already; name another folder with --out, or remove it, or go on "
                f"with it: agx train --resume {self.path}"
            )

    @contextlib.contextmanager
    def claimed(self, model: str, data: str) -> Iterator[None]:
        """Make the folder, and keep other processes from training in it while this lasts.

        Raises BlockingIOError if one does, and OSError if it cannot be made.
        """
        try:
            if not hasattr(self, "path"):
                self.path = _new_folder(model, data)
            self.path.mkdir(parents=True, exist_ok=True)
            lock = hold(self.path / ".lock")
        except BlockingIOError:
            raise BlockingIOError(
                f"another process is training in {self.path}; wait for it, or name another folder with --out"
            ) from None
        except OSError as error:
            where = getattr(self, "path", "runs")
            raise type(error)(
                f"cannot make the run's folder {where}: {error.strerror}; name another with --out"
            ) from error
        with lock:
            self._check()
            for place in (self.path, self.checkpoints):
                for torn in place.glob(".*.part"):  # what a killed process was writing
                    torn.unlink(missing_ok=True)
            yield

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    def write_config(self, config: dict[str, Any]) -> None:
        """Write how the run was started, with the versions that matter."""
        self.path.mkdir(parents=True, exist_ok=True)
        with replacing(self.path / "config.json", "w") as file:
            file.write(json.dumps({**config, "versions": versions()}, indent=2) + "\n")

    def read_config(self) -> dict[str, Any]:
        """Return how the run was started. Raises ValueError if the folder does not say it."""
        path = self.path / "config.json"
        try:
            return read_object(path)
        except FileNotFoundError:
            raise ValueError(
                f"{self.path} holds no run, for there is no config.json in it; name the folder of one"
            ) from None
        except ValueError as error:
            raise ValueError(f"{error}; train anew") from error

    def save_weights(self, model: Any, name: str, **about: Any) -> Path:
        """Write a model with what belongs to it, as ``ag.save`` does, and return the file's path."""
        path = self.path / f"{name}.{self.weights}"
        storage.save(path, model, **about)
        return path

    def load_weights(self, model: Any, name: str) -> None:
        """Give a model the weights that ``save_weights`` wrote."""
        model.load_state_dict(archive.read(self.path / f"{name}.{self.weights}").arrays)

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
            with replacing(self.path / f"{name}.png") as file:
                figure.savefig(file, format="png", dpi=120)
        return [f"{name}.png" for name in figures]


def versions() -> dict[str, str]:
    """The versions that may change what a run gives."""
    return {
        "agx": metadata.version("agx"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def default_folder(model: str, data: str) -> Path:
    """Name a folder under ``runs`` that does not exist yet, by time, model and data."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{now}-{model.replace(':', '.')}-{Path(data).resolve().name}"
    path, count = base, 1
    while path.exists():
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path


def _new_folder(model: str, data: str) -> Path:
    """Make the folder of that name, unless another run of this second was quicker."""
    while True:
        path = default_folder(model, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
