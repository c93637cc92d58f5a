"""``agx evaluate`` and ``agx export``: a trained model measured on data, and written for others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from .arguments import data
from .predict import add_model, load

FORMATS = {"onnx": ".onnx", "npz": ".npz", "safetensors": ".safetensors"}


def add(commands: Any) -> None:
    """Add the parsers of these commands."""
    from ..data.readers import READERS

    parser = commands.add_parser("evaluate", help="measure a trained model on data")
    parser.add_argument("trained", metavar="RUN", help="a run's folder, or a file of ag.save")
    known = f"{', '.join(READERS)}, or a folder of pictures with a sub-folder per class"
    parser.add_argument("--data", required=True, type=data, metavar="DATA", help=known)
    parser.add_argument(
        "--split", choices=["train", "test", "all"],
        help="the part of the data (default: test; all of a folder that is not divided and not the run's)",
    )  # fmt: skip
    parser.add_argument("--root", metavar="DIR", help="the folder that holds the data")
    parser.add_argument("--download", action="store_true", help="fetch the data if missing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_model(parser)
    parser.set_defaults(run=_evaluate)
    parser = commands.add_parser("export", help="write a trained model for other programs")
    parser.add_argument("trained", metavar="RUN", help="a run's folder, or a file of ag.save")
    parser.add_argument("--format", choices=list(FORMATS), default="onnx", help="default: onnx")
    parser.add_argument("--out", metavar="FILE", help="default: RUN/model.onnx, or as the format")
    add_model(parser)
    parser.set_defaults(run=_export)


def _evaluate(options: argparse.Namespace) -> int:
    from ..runs.listing import percent
    from ..runs.results import Results
    from ..runs.tables import as_json, table

    trained = load(options)
    dataset, split = _read(options, trained)
    shares = trained.probabilities(dataset)
    labels = np.asarray(dataset.stored[1])
    none = np.zeros(0)
    with np.errstate(divide="ignore"):
        found = Results(np.log(shares), labels, trained.classes or dataset.classes, none, none)
    measured = {"accuracy": found.accuracy, "loss": found.loss, "images": len(labels)}
    if options.json:
        print(
            as_json({"data": options.data, "split": split, **measured, "classes": found.scores()})
        )
        return 0
    rows = [
        [f"{v:.3f}" if isinstance(v, float) else v for v in row.values()] for row in found.scores()
    ]
    print(table(list(found.scores()[0]), rows))
    print(f"{len(labels):,} images of {options.data} ({split}); loss {found.loss:.4f}")
    print(f"accuracy: {percent(found.accuracy)}")
    return 0


def _read(options: argparse.Namespace, trained: Any) -> tuple[Any, str]:
    """The data as the model takes them, and which part they are."""
    from ..data.readers import READERS, named
    from ..storage.architecture import accepted

    read = named(options.data).read
    split = options.split or _usual_split(options)
    shape = tuple(trained.input_shape or ())
    given = {"root": options.root, "download": options.download, "classes": trained.classes}
    if len(shape) == 3:
        square = shape[1] if shape[1] == shape[2] else shape[1:]
        given |= {"size": square, "channels": shape[0]}
    part = None if split == "all" else split
    if part is None and options.data in READERS:
        raise ValueError(f"--split all: {options.data} has the parts train and test; choose one")
    return read(part, **accepted(read, given)), split


def _usual_split(options: argparse.Namespace) -> str:
    """The test set, or all of a folder of pictures that has none and that the run never saw."""
    from ..data.folder import TEST_NAMES
    from ..data.readers import READERS
    from ..runs.listing import read_run

    folder = Path(options.data)
    if options.data in READERS or any((folder / name).is_dir() for name in ("train", *TEST_NAMES)):
        return "test"
    if not Path(options.trained).is_dir():
        return "all"
    learned = str(read_run(options.trained).config.get("data", ""))
    return "test" if Path(learned).resolve() == folder.resolve() else "all"


def _export(options: argparse.Namespace) -> int:
    trained = load(options)
    suffix = FORMATS[options.format]
    source = Path(options.trained)
    usual = source / f"model{suffix}" if source.is_dir() else source.with_suffix(suffix)
    path = Path(options.out or usual)
    if options.format != "onnx":
        trained.save(path)
    else:
        from .. import onnx

        shape = trained.input_shape
        if shape is None:
            raise ValueError(
                f"{options.trained}: expected a file that says the shape of an input; write it with "
                "ag.save(..., input_shape=(1, 28, 28)), or call ag.onnx.export"
            )
        model, done = _whole(trained)
        onnx.export(model, path, np.zeros((1, *shape), np.float32))
        sizes = ", ".join(map(str, ("N", *shape)))
        print(f"takes float32 ({sizes}){done}; gives {_outputs(trained)}")
    print(path)
    return 0


def _whole(trained: Any) -> tuple[Any, str]:
    """The model with what inputs go through first, and what is said of it."""
    from .. import nn
    from ..data import Normalize, ToFloat

    even = [t for t in trained.preprocessing if isinstance(t, Normalize)]
    pixels = any(isinstance(t, ToFloat) for t in trained.preprocessing)
    unknown = [t for t in trained.preprocessing if not isinstance(t, (Normalize, ToFloat))]
    if unknown:
        raise ValueError(f"export: {unknown[0]} has no form in ONNX; export the model without it")

    class Whole(nn.Module):
        def __init__(self) -> None:
            self.model = trained.model

        def forward(self, x: Any) -> Any:
            for t in even:
                mean, std = (a.astype(np.float32).reshape(-1, 1, 1) for a in (t.mean, t.std))
                x = (x - mean) / std
            return self.model(x)

    return Whole().eval(), " with pixels from 0 to 1" if pixels else ""


def _outputs(trained: Any) -> str:
    classes = trained.classes
    if not classes:
        return "the model's outputs"
    if len(classes) == 2:
        return f"logits of {classes[1]} against {classes[0]}"
    return f"logits of {', '.join(classes)}"
