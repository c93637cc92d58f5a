"""The whole state of a training in one file, and the newest of several that is whole."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..storage import archive
from .callbacks import Callback
from .history import State

#: What says in a tree of plain values where an array was.
_ARRAY = "__array__"
_FORMAT = "agx checkpoint 1"
_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


def save_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any], **about: Any) -> None:
    """Write what ``Trainer.state_dict`` returned to an .npz file, and what else is to be known with it.

    The file is there as a whole or not at all, with a checksum inside. Raises TypeError for what is no
    array, number or text, and OSError that names the file.

    >>> ag.train.save_checkpoint("step.npz", trainer.state_dict())  # doctest: +SKIP
    """
    arrays: dict[str, np.ndarray] = {}
    plain = _apart("", dict(state), arrays)
    versions = {
        "agx": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    archive.write(
        path, arrays, {"format": _FORMAT, "state": plain, "versions": versions, "about": about}
    )


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a file of ``save_checkpoint``: the state, and what else was to be known.

    Raises FileNotFoundError, and ValueError that names the file if it is torn, was changed since it was
    written, or is something else.

    >>> state, about = ag.train.load_checkpoint("step.npz")  # doctest: +SKIP
    """
    arrays, found = archive.read(path)
    if found.get("format") != _FORMAT:
        raise ValueError(
            f"{path}: expected a checkpoint ({_FORMAT}), got a file of {len(arrays)} arrays; give one that "
            "ag.train.Checkpoint wrote"
        )
    try:
        state, about = _together(found["state"], arrays), found["about"]
        return dict(state), dict(about)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: the checkpoint is not whole ({error!r}); use another one"
        ) from error


def _apart(path: str, tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A tree in which places stand for the arrays, which are put beside it."""
    if isinstance(tree, np.generic):
        tree = tree.item()
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    if isinstance(tree, np.ndarray):
        name = path if path not in arrays else f"{path}+{len(arrays)}"
        arrays[name] = tree
        return {_ARRAY: name}
    if isinstance(tree, Mapping):
        for key in tree:
            if not isinstance(key, str) or key == _ARRAY:
                raise TypeError(
                    f"checkpoint: {path or 'the state'} has the key {key!r}, expected a text"
                )
        return {k: _apart(f"{path}/{k}" if path else k, v, arrays) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_apart(f"{path}/{i}", v, arrays) for i, v in enumerate(tree)]
    raise TypeError(
        f"checkpoint: {path} is a {type(tree).__name__}, expected arrays, numbers, texts, and lists and "
        "dicts of these"
    )


def _together(tree: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(tree, list):
        return [_together(part, arrays) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {_ARRAY}:
        return arrays[tree[_ARRAY]]
    return {key: _together(part, arrays) for key, part in tree.items()}


def newest(folder: str | os.PathLike[str]) -> tuple[Path | None, dict[str, Any], list[str]]:
    """The newest checkpoint of a folder that is whole, its state, and what is wrong with newer ones."""
    refused: list[str] = []
    for path in sorted(Path(folder).glob("step-*.npz"), key=_step, reverse=True):
        try:
            return path, load_checkpoint(path)[0], refused
        except (OSError, ValueError) as error:
            refused.append(str(error))
    return None, {}, refused


def _step(path: Path) -> int:
    digits = re.search(r"\d+", path.name)
    return int(digits[0]) if digits else -1


class Checkpoint(Callback):
    """Write the whole state of a run again and again, so that it can go on after whatever ended it.

    ``folder`` gets a file ``step-00000500.npz`` for each, of which the last ``keep`` stay; ``every`` is such
    as "1 epoch", "500 steps", "5 min" or "30 s". One more is written when a run ends, or is asked to. Every
    file is whole, or not there. ``about`` are plain values that are written with it.

    ``restore`` finds the newest one that is whole. Raises ValueError for an interval that is none. It is
    called after all other callbacks, wherever it stands in their list.

    >>> saver = ag.train.Checkpoint("runs/checkpoints", every="500 steps", keep=3)
    """

    last = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: str = "1 epoch",
        keep: int = 3,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.about = Path(folder), dict(about or {})
        self.count, self.unit = interval(every)
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
            raise ValueError(f"Checkpoint: keep must be a positive integer, got {keep!r}")
        self.keep = keep
        self._due, self._saved = math.inf, -1

    def restore(self, trainer: Any) -> tuple[Path | None, list[str]]:
        """Give a Trainer the state of the newest checkpoint that is whole.

        Returns its path, None if there is no file at all, and what is wrong with newer ones, which get
        another name. Raises ValueError if none is whole, or it does not fit.

        >>> path, refused = saver.restore(trainer)  # doctest: +SKIP
        """
        path, state, refused = newest(self.folder)
        if path is None:
            if refused:
                listing = "\n  ".join(refused)
                raise ValueError(
                    f"{self.folder}: no checkpoint is whole; start the run anew\n  {listing}"
                )
            return None, []
        try:
            trainer.load_state_dict(state)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
        for other in self.folder.glob("step-*.npz"):
            if _step(other) > _step(path):
                other.replace(other.with_suffix(".damaged"))
        return path, refused

    def save(self, state: State) -> Path:
        """Write a checkpoint now, at the end of a batch or an epoch, and return its path."""
        path = self.folder / f"step-{state.trainer.step:08d}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(path, state.trainer.state_dict(), **self.about)
        older = [p for p in self.folder.glob("step-*.npz") if _step(p) < _step(path)]
        for other in sorted(older, key=_step)[: 1 - self.keep or None]:
            with contextlib.suppress(OSError):
                other.unlink()
        self._saved = state.trainer.step
        self._due = time.monotonic() + self.count if self.unit == "s" else math.inf
        return path

    def on_run_begin(self, state: State) -> None:
        """Make sure that the state can be saved, before anything is learned."""
        state.trainer.state_dict()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._due = time.monotonic() + self.count if self.unit == "s" else math.inf
        self._saved = -1

    def on_batch_end(self, state: State) -> None:
        """Save after so many steps, or when the time has come."""
        if (self.unit == "step" and state.step % self.count == 0) or self._is_due():
            self.save(state)

    def on_epoch_end(self, state: State) -> None:
        """Save after so many epochs, when the time has come, and at the end."""
        whole = self.unit == "epoch" and state.epoch % self.count == 0
        if whole or state.trainer.ended or state.epoch == state.epochs or self._is_due():
            self.save(state)

    def on_run_end(self, state: State) -> None:
        """Save what a run was asked to end with, unless it ended in the middle of a step."""
        if state.trainer.whole and self._saved != state.trainer.step:
            self.save(state)

    def _is_due(self) -> bool:
        return self._due < math.inf and time.monotonic() >= self._due


def interval(text: str) -> tuple[float, str]:
    """Read "500 steps", "2 epochs" or "5 min": a number, and step, epoch or s."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*", str(text))
    count, unit = (float(found[1]), found[2]) if found else (0.0, "")
    if unit in _SECONDS and count > 0:
        return count * _SECONDS[unit], "s"
    if unit in ("step", "epoch") and count >= 1 and count == int(count):
        return int(count), unit
    raise ValueError(f"expected such as '500 steps', '5 min', '30 s' or '1 epoch', got {text!r}")
