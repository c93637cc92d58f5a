"""One run of ``agx train``: the settings, the training, and the folder that it leaves behind."""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib
import inspect
import json
import math
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from . import data, models, optim, train, viz
from ._names import shown
from ._runtime import threads
from ._runtime.rng import seed
from .data.readers import named
from .nn import losses


def _kinds(base: type) -> list[Any]:
    """The classes of ``ag.optim`` that are a kind of ``base``, in the order of their definition."""
    public = [value for name, value in vars(optim).items() if not name.startswith("_")]
    return [c for c in public if isinstance(c, type) and issubclass(c, base) and c is not base]


OPTIMIZERS = {kind.__name__.lower(): kind for kind in _kinds(optim.Optimizer)}

#: The momentum of each optimiser that has one, unless another is asked for.
MOMENTA = {
    name: 0.9 if name == "sgd" else inspect.signature(kind).parameters["momentum"].default
    for name, kind in OPTIMIZERS.items()
    if "momentum" in inspect.signature(kind).parameters
}

#: What makes each schedule of the optimiser and the number of epochs.
SCHEDULES: dict[str, Callable[[Any, int], Any]] = {
    "none": lambda optimizer, epochs: None,
    **{kind.command: kind.over for kind in _kinds(optim.Schedule)},
}

MODELS = dir(models)


def recipe(name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Complete the chosen settings (None: not chosen) with those that suit the data.

    Raises ValueError for a momentum that the optimiser does not have.
    """
    given = {key: value for key, value in chosen.items() if value is not None}
    optimizer = given.get("optimizer", "sgd")
    settings = {**named(name).recipe, "optimizer": optimizer}
    if optimizer in MOMENTA:
        settings["momentum"] = MOMENTA[optimizer]
    elif "momentum" in given:
        having = " or ".join(MOMENTA)
        raise ValueError(f"--momentum: {optimizer} has its own; use it with {having}")
    if optimizer != "sgd":
        settings["lr"] = 0.001
    return {**settings, **given}


@contextlib.contextmanager
def _importing_from_here() -> Iterator[None]:
    """Find modules of the current folder too while this lasts, as ``python -m`` does."""
    added = "" not in sys.path
    if added:
        sys.path.insert(0, "")
    try:
        yield
    finally:
        if added and "" in sys.path:
            sys.path.remove("")


Factory = Callable[[tuple[int, int, int], int], Any]


def factory(name: str) -> Factory:
    """Find the function that builds a model from an image's shape (C, H, W) and a number of outputs.

    ``name`` is a function of ``ag.models``, or module:function with a module that can be imported, from
    the current folder too. Raises LookupError if there is no such thing.

    >>> ag.runs.factory("mlp")((1, 8, 8), 10)(np.zeros((3, 1, 8, 8), np.float32)).shape
    (3, 10)
    """
    if name in MODELS:
        return functools.partial(_build, getattr(models, name))
    module_name, colon, function_name = name.partition(":")
    if not (module_name and colon and function_name):
        raise LookupError(f"expected {', '.join(MODELS)} or module:factory, got {name!r}")
    try:
        with _importing_from_here():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise LookupError(
            f"no module {module_name!r} in the current folder or among the installed packages"
        ) from None
    function = getattr(module, function_name, None)
    if not callable(function):
        raise LookupError(f"module {module_name!r} has no function {function_name!r}")
    return function


def _build(model: Callable[..., Any], shape: tuple[int, int, int], outputs: int) -> Any:
    """Call a function of ``ag.models`` with those of its arguments that follow from the images."""
    known = {
        "in_channels": shape[0], "in_features": math.prod(shape), "image_size": shape[1],
        "classes": outputs,
    }  # fmt: skip
    return model(**_accepted(model, known))


def _accepted(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {key: value for key, value in options.items() if key in parameters}


def load(
    name: str, model: str, root: str | None, download: bool, classes: Any, side: int | None = None
) -> tuple[Any, Any]:
    """Read the training and the test images of a data set, or of a folder of pictures.

    Images that come in several sizes get ``side``, or that which the model has by default. Raises
    ValueError for a side where there is no choice.
    """
    read = named(name).read
    options = {"root": root, "download": download, "classes": classes}
    if model in MODELS:
        size = inspect.signature(getattr(models, model)).parameters.get("image_size")
        options |= {"size": size.default} if size else {}
    options |= {"size": side} if side else {}
    if side and not _accepted(read, {"size": side}):
        raise ValueError(f"--size: {name} has images of one size; leave --size out")
    options = _accepted(read, options)
    return read("train", **options), read("test", **options)


def standardize(images: np.ndarray) -> data.Normalize:
    """The transform that gives every channel of ``images`` mean 0 and standard deviation 1.

    For bytes it is that of the images in [0, 1], as a Loader gives them.

    >>> images = np.random.default_rng(0).random((9, 1, 4, 4), dtype=np.float32)
    >>> abs(ag.runs.standardize(images)(images).mean()) < 1e-6
    np.True_
    """
    if images.dtype == np.uint8:
        mean, std = _of_bytes(images)
    else:
        mean, std = images.mean((0, 2, 3)), images.std((0, 2, 3))
    return data.Normalize(mean.tolist(), np.maximum(std, 1e-6).tolist())


def _of_bytes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel of bytes, in [0, 1], without a copy of all images."""
    counts = np.zeros((images.shape[1], 256))
    for image in images:
        counts += [np.bincount(channel.reshape(-1), minlength=256) for channel in image]
    values = np.arange(256) / 255
    share = counts / counts.sum(1, keepdims=True)
    mean = share @ values
    return mean, np.sqrt((share * (values - mean[:, None]) ** 2).sum(1))


def binary_loss(logits: Any, targets: Any) -> Any:
    """The loss of two classes told apart by single logits, (N, 1) or (N,)."""
    return losses.binary_cross_entropy_with_logits(logits.reshape(-1), targets)


@dataclass
class Run:
    """Hold the settings of a training run, and run it."""

    model: str
    data: str
    recipe: dict[str, Any]
    classes: tuple[str, ...] | None = None
    seed: int = 0
    threads: int | None = None
    root: str | None = None
    download: bool = False
    out: str | None = None
    weights: str = "npz"
    side: int | None = None

    @_importing_from_here()
    def start(self) -> int:
        """Train, print a table of epochs, fill the run's folder and return the exit status."""
        seed(self.seed)
        if self.threads is not None:
            threads.set_num_threads(self.threads)
        folder = RunFolder(self.out or default_folder(self.model, self.data), self.weights)
        learn, test = load(self.data, self.model, self.root, self.download, self.classes, self.side)
        outputs = 1 if len(learn.classes) == 2 else len(learn.classes)
        model = factory(self.model)(learn.arrays[0].shape[1:], outputs)
        folder.write_config(self._config(learn, test, model))
        count = model.num_parameters
        print(
            f"{self.model} with {count:,} parameters on {self.data}: {len(learn):,} images to learn "
            f"from, {len(test):,} to test, {len(learn.classes)} classes"
        )
        history = self._fit(model, learn, test, outputs, folder)
        last = folder.save_weights(model, "last")
        if history.interrupted:
            print(
                f"interrupted after {len(history)} of {self.recipe['epochs']} epochs; what was "
                f"learned is in {last}",
                file=sys.stderr,
            )
            return 130
        self._finish(model, learn, test, history, folder)
        return 0

    def _fit(
        self, model: Any, learn: Any, test: Any, outputs: int, folder: RunFolder
    ) -> train.History:
        settings = self.recipe
        extra = {"momentum": settings["momentum"]} if "momentum" in settings else {}
        build = OPTIMIZERS[settings["optimizer"]]
        optimizer = build(model.parameters(), lr=settings["lr"], **extra)
        loss = binary_loss if outputs == 1 else losses.cross_entropy
        side = learn.arrays[0].shape[-1]
        border = int(settings["shift"] * side)
        shift = [data.RandomCrop(side, padding=border)] if border else []
        even = self._evened(learn)

        def record(state: train.State) -> None:
            folder.add_epoch(state.history[-1])
            if state.history.best()["epoch"] == state.epoch:
                folder.save_weights(model, "best")

        terminal = sys.stderr.isatty()
        with np.errstate(over="ignore", invalid="ignore"):
            return train.fit(
                model,
                data.Loader(
                    learn, settings["batch_size"], shuffle=True, transforms=[*shift, *even]
                ),
                loss,
                optimizer,
                settings["epochs"],
                validation=data.Loader(test, 500, transforms=even),
                schedule=SCHEDULES[settings["schedule"]](optimizer, settings["epochs"]),
                callbacks=[record] if terminal else [train.print_epoch, record],
                progress=terminal,
            )

    def _finish(
        self, model: Any, learn: Any, test: Any, history: train.History, folder: RunFolder
    ) -> None:
        labels = test.arrays[1]
        loader = data.Loader(test, 500, transforms=self._evened(learn))
        predictions = train.decide(train.predict(model, loader))
        try:
            folder.save_pictures(history, labels, predictions, test.classes, model)
        except ImportError as error:
            print(f"no pictures: {error}")
        print(f"weights, history and settings are in {folder.path}")
        print(f"test accuracy: {100 * np.mean(predictions == labels):.2f} %")

    def _evened(self, learn: Any) -> list[Any]:
        """What is done to every image, of training and test alike."""
        return [standardize(learn.arrays[0])] if named(self.data).standardize else []

    def _config(self, learn: Any, test: Any, model: Any) -> dict[str, Any]:
        return {
            "model": self.model,
            "data": self.data,
            **self.recipe,
            "seed": self.seed,
            "threads": threads.get_num_threads(),
            "classes": [str(name) for name in learn.classes],
            "image_shape": list(learn.arrays[0].shape[1:]),
            "training_images": len(learn),
            "test_images": len(test),
            "parameters": model.num_parameters,
        }


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
        if weights == "safetensors":
            _safetensors()
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
        (self.path / "config.json").write_text(text + "\n", encoding="utf-8")

    def add_epoch(self, row: dict[str, Any]) -> None:
        """Append one epoch to ``history.jsonl``."""
        with open(self.path / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def save_weights(self, model: Any, name: str) -> Path:
        """Write the model's parameters and buffers by name and return the file's path."""
        path = self.path / f"{name}.{self.weights}"
        save_weights(model, path)
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


def save_weights(model: Any, path: Path) -> None:
    """Write ``model.state_dict()``, arrays by name, in the format of the path's suffix."""
    state = model.state_dict()
    if path.suffix == ".safetensors":
        _safetensors().save_file({k: np.ascontiguousarray(v) for k, v in state.items()}, path)
    else:
        np.savez(path, **state)


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "--format safetensors needs the safetensors package; install it with: "
            'pip install "agx[safetensors]"'
        ) from error
    return safetensors.numpy


def default_folder(model: str, data: str) -> Path:
    """Name a folder under ``runs`` that does not exist yet, by time, model and data."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{now}-{model.replace(':', '.')}-{Path(data).resolve().name}"
    path, count = base, 1
    while path.exists():
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path


def __dir__() -> list[str]:
    return shown(globals())
