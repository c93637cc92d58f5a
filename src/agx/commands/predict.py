"""``agx predict``: the classes of files, folders of files, and arrays."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .arguments import count

_BATCH = 256
_ARRAYS = (".npy", ".npz")

Named = tuple[str, np.ndarray]


def add(commands: Any) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser("predict", help="say the class of pictures and arrays")
    parser.add_argument("trained", metavar="RUN", help="a run's folder, or a file of ag.save")
    parser.add_argument(
        "inputs", nargs="+", metavar="IMAGE", help="pictures, .npy or .npz arrays, folders of these"
    )
    parser.add_argument("--top", type=count, default=1, metavar="K", help="name K classes of each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_model(parser)
    parser.set_defaults(run=_predict)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the option that names code of one's own, which no file may name by itself."""
    parser.add_argument(
        "--model", metavar="MODULE:FACTORY", help="of one's own that the model was built by"
    )


def load(options: argparse.Namespace) -> Any:
    """The model of a run or of a file."""
    from ..storage import load

    if not os.path.exists(options.trained):
        raise FileNotFoundError(
            f"{options.trained}: there is no such run or file; agx runs lists the runs there are"
        )
    return load(options.trained, options.model)


def _predict(options: argparse.Namespace) -> int:
    from ..runs.tables import as_json, table

    trained = load(options)
    problems: list[str] = []
    found = list(_predicted(trained, options.inputs, options.top, problems))
    if options.json:
        print(as_json(found))
    elif found:
        print(
            table(
                ("file", "class", "probability", "then")[: 3 + (options.top > 1)], map(_row, found)
            )
        )
    for problem in problems:
        print(f"agx predict: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _row(found: dict[str, Any]) -> list[str]:
    from ..runs.listing import percent

    first, *others = [(guess["class"], percent(guess["probability"])) for guess in found["classes"]]
    then = [", ".join(f"{name} {share}" for name, share in others)] if others else []
    return [found["file"], first[0], first[1] or "", *then]


def _predicted(
    trained: Any, paths: Iterable[str], top: int, problems: list[str]
) -> Iterator[dict[str, Any]]:
    """What each input is, the most probable classes first; problems are added to the list."""
    dtype = next((p.dtype for p in trained.model.parameters()), np.float32)
    for name, batch in _batches(trained.input_shape, paths, problems):
        x = np.stack([array for _, array in batch])
        try:
            shares = trained.probabilities(x.astype(dtype) if x.dtype.kind == "f" else x)
        except (TypeError, ValueError) as error:
            problems.append(f"{name}: {error}")
            continue
        names = trained.classes or range(shares.shape[1])
        for (file, _), share in zip(batch, shares, strict=True):
            order = np.argsort(-share, kind="stable")[:top]
            guesses = [
                {"class": str(names[i]), "probability": float(share[i])} for i in order.tolist()
            ]
            yield {"file": file, "classes": guesses}


def _batches(
    shape: tuple[int, ...] | None, paths: Iterable[str], problems: list[str]
) -> Iterator[tuple[str, list[Named]]]:
    """Inputs in batches and what these are: part of an array, or pictures that follow one another."""

    def read(path: Path) -> Iterator[tuple[str, Named]]:
        try:
            if path.suffix.lower() in _ARRAYS:
                yield from _arrays(path, shape)
            else:
                yield "pictures", (str(path), _picture(path, shape))
        except (OSError, ValueError) as error:
            said = str(error)
            problems.append(said if said.startswith(str(path)) else f"{path}: {said}")

    every = itertools.chain.from_iterable(map(read, _files(paths, problems)))
    for name, group in itertools.groupby(every, lambda pair: pair[0]):
        while batch := [named for _, named in itertools.islice(group, _BATCH)]:
            yield name, batch


def _files(paths: Iterable[str], problems: list[str]) -> Iterator[Path]:
    """The files that are named, and those in folders and further down that can be read."""
    from ..data.pictures import is_picture

    for path in map(Path, paths):
        if path.is_file():
            yield path
            continue
        if not path.exists():
            problems.append(f"{path}: there is no such file or folder")
            continue
        inside = [Path(place, name) for place, _, names in os.walk(path) for name in names]
        found = [file for file in inside if is_picture(file) or file.suffix.lower() in _ARRAYS]
        if not found:
            problems.append(f"{path}: expected pictures or arrays in this folder, got none")
        yield from sorted(found)


def _picture(path: Path, shape: tuple[int, ...] | None) -> np.ndarray:
    from ..data import pictures

    if shape is None or len(shape) != 3 or shape[0] not in (1, 3):
        raise ValueError(f"expected an array, as the model takes no pictures but inputs {shape}")
    return pictures.read(path, shape[0], (shape[1], shape[2]), crop=False)


def _arrays(path: Path, shape: tuple[int, ...] | None) -> Iterator[tuple[str, Named]]:
    """The name of each array of a file, and each input in it, called by its place."""
    from ..data.npz import array_of
    from ..storage import archive

    if path.suffix.lower() == ".npz":
        found = archive.read(path).arrays
    else:
        with open(path, "rb") as file:
            found = {"": array_of(file, os.path.getsize(path))}
    for name, array in found.items():
        start = f"{path}:{name}" if name else str(path)
        inputs = _inputs(array, shape)
        if len(inputs) == 1 and array.ndim < inputs.ndim:
            yield start, (start, inputs[0])
        else:
            yield from ((start, (f"{start}[{i}]", one)) for i, one in enumerate(inputs))


def _inputs(array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """An array as inputs (N, ...): it may be a single one, or grey pictures without a channel."""
    if shape is None:
        return array
    wants: list[Callable[[], Any]] = [lambda: array, lambda: array[None]]
    if shape[0] == 1 and len(shape) == 3:
        wants += [lambda: array[:, None], lambda: array[None, None]]
    for make in wants:
        if array.ndim and (found := make()).shape[1:] == shape:
            return found
    wanted = ", ".join(map(str, ("N", *shape)))
    raise ValueError(
        f"expected inputs of shape ({wanted}) as in training, got {array.shape}; resize or reshape them"
    )
