"""Models in files, with all that prediction needs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata as packages
from pathlib import Path
from typing import Any

import numpy as np

from .. import models, nn
from ..data.dataset import ArrayDataset
from ..data.encoder import TableEncoder
from ..data.files import read_object
from ..data.loader import Loader
from ..data.subset import Subset
from ..data.transforms import ToFloat
from ..nn import losses
from ..ops.elementwise.exponential import sigmoid
from ..ops.reduce.softmax import softmax
from . import architecture as build
from . import archive
from . import preprocessing as transforms

#: The version of what ``save`` writes beside the arrays; ``load`` refuses later ones.
VERSION = 1

#: What to do with files of other programs, by their suffixes.
FOREIGN = {
    ".pt .pth .ckpt .bin": "PyTorch's files are pickles, which run code when they are read, and are not "
    "read; where PyTorch is, write safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
    ".pkl .pickle .joblib": "pickles run code when they are read, and are not read; where the file is "
    "trusted, write its arrays by name with numpy.savez('model.npz', **arrays)",
    ".h5 .hdf5 .keras": "Keras's files are not read; where Keras is, write "
    "numpy.savez('model.npz', **{w.path: w.numpy() for w in model.weights})",
    ".npy": "it holds one array without a name; write numpy.savez('model.npz', **arrays)",
    ".onnx": "read it with ag.onnx.load(path)",
}


@dataclass
class Trained:
    """Hold a model and what its predictions depend on: what ``ag.load`` returns.

    ``preprocessing`` are transforms that inputs go through first, ``classes`` the names of the outputs,
    ``metrics`` what was measured, ``input_shape`` the shape of one input, ``outputs`` what the outputs are
    (see ``ag.save``), ``metadata`` what else the file was given.

    >>> trained = ag.load("model.npz")  # doctest: +SKIP
    >>> trained.classify(images)  # doctest: +SKIP
    """

    model: Any
    preprocessing: list[Any] = field(default_factory=list)
    classes: tuple[str, ...] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    input_shape: tuple[int, ...] | None = None
    outputs: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: Any, *, batch_size: int = 256) -> np.ndarray:
        """Return the model's outputs (N, ...) for inputs (N, ...) as the training got them.

        Bytes are pixels from 0 to 255 where the training saw such, floats are taken as they are; a model of
        a table takes new rows in every form that ``ag.data.table`` reads. Raises
        ValueError for inputs of another shape, and for floats beyond [0, 1] where there were pixels.

        >>> trained.predict(images).shape  # doctest: +SKIP
        (360, 10)
        """
        from ..train import predict

        return predict(self.model, self._loader(x, batch_size))

    def probabilities(self, x: Any, *, batch_size: int = 256) -> np.ndarray:
        """Return the probability of every class, (N, classes), for inputs (N, ...).

        Raises ValueError for a model whose outputs are numbers, or of another number of classes than named.
        """
        found = self.predict(x, batch_size=batch_size)
        kind = self._kind(found)
        single = found.ndim < 2 or found.shape[1] == 1
        if kind == "numbers":
            raise ValueError("probabilities: the outputs are numbers, expected those of classes")
        if kind == "scores":
            found = softmax(found, axis=1)
        elif kind == "log-probabilities":
            found = np.exp(found)
        elif kind == "logits":
            found = sigmoid(found)
        if single:
            found = np.stack([1 - found.reshape(-1), found.reshape(-1)], axis=1)
        if self.classes is not None and found.shape[1] != len(self.classes):
            raise ValueError(
                f"probabilities: the model has outputs for {found.shape[1]} classes, expected "
                f"{len(self.classes)}: {', '.join(self.classes)}; load the file with its own model"
            )
        return found

    def classify(self, x: Any, *, batch_size: int = 256) -> np.ndarray:
        """Return class numbers (N,) for inputs (N, ...); ``classes`` has their names."""
        from ..train import decide

        found = self.predict(x, batch_size=batch_size)
        return decide(found, self._kind(found))

    def evaluate(
        self, x: Any, y: Any = None, *, loss: Any = None, metrics: Any = None
    ) -> dict[str, float]:
        """Measure the model on inputs (N, ...) and targets (N,), or on a data set that has both.

        ``loss`` and ``metrics`` are those of ``ag.evaluate``; without a loss it is the one that suits the
        outputs: cross entropy for scores, mean squares for numbers.
        """
        from ..train import evaluate, predict

        loader = self._loader(x if y is None else (x, y), 256)
        if loss is None:
            one, *_ = next(iter(loader))
            loss = LOSSES[self._kind(predict(self.model, one[:1]))]
        return evaluate(self.model, loader, loss, metrics=metrics)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it with ``ag.save``, such as to the other format."""
        said = {key: value for key, value in vars(self).items() if key != "model"}
        save(path, self.model, **said)

    def _kind(self, outputs: np.ndarray) -> str:
        """What outputs are: as was said, or scores of several classes and logits of two."""
        if self.outputs is not None:
            return self.outputs
        return "logits" if outputs.ndim < 2 or outputs.shape[1] == 1 else "scores"

    def _loader(self, x: Any, batch_size: int) -> Loader:
        for transform in self.preprocessing:
            if isinstance(transform, TableEncoder) and not isinstance(
                x, (ArrayDataset, Subset, tuple)
            ):
                x = transform(x)
        dataset = (
            x
            if isinstance(x, (ArrayDataset, Subset))
            else ArrayDataset(*x if isinstance(x, tuple) else (x,))
        )
        self._check(dataset.stored[0])
        return Loader(dataset, batch_size, transforms=self.preprocessing, rng=0)

    def _check(self, x: np.ndarray) -> None:
        """Raise ValueError for inputs that are not such as the model was trained on."""
        if not len(x):
            raise ValueError("predict: got no inputs; the array is empty")
        if self.input_shape is not None and x.shape[1:] != self.input_shape:
            fix = "resize or reshape them"
            if x.shape == self.input_shape:
                fix = "write x[None] for one input"
            elif x.ndim == 4 and x.shape[-1:] == self.input_shape[:1]:
                fix = "channels stand in the last axis: write x.transpose(0, 3, 1, 2)"
            wanted = ", ".join(map(str, ("N", *self.input_shape)))
            raise ValueError(
                f"predict: the inputs have shape {x.shape}, expected ({wanted}) as in training; {fix}"
            )
        pixels = any(isinstance(t, ToFloat) for t in self.preprocessing)
        if pixels and x.dtype.kind == "f" and not (x.min() >= -1e-3 and x.max() <= 1.001):
            raise ValueError(
                f"predict: the inputs are {x.dtype} from {x.min():g} to {x.max():g}, expected pixels as in "
                "training: bytes from 0 to 255, or floats from 0 to 1; write x.astype(np.uint8) or x / 255"
            )


@losses.takes("logits")
def binary_loss(logits: Any, targets: Any) -> Any:
    """The loss of two classes told apart by single logits, (N, 1) or (N,)."""
    return losses.binary_cross_entropy_with_logits(logits.reshape(-1), targets)


#: What measures outputs of each kind, if nothing else is asked for.
LOSSES: dict[str, Callable[..., Any]] = {
    "scores": losses.cross_entropy,
    "log-probabilities": losses.nll_loss,
    "probabilities": losses.binary_cross_entropy,
    "logits": binary_loss,
    "numbers": losses.mse,
}


def save(
    path: str | os.PathLike[str],
    model: Any,
    *,
    architecture: Mapping[str, Any] | None = None,
    preprocessing: Iterable[Any] = (),
    classes: Sequence[str] | None = None,
    metrics: Mapping[str, Any] | None = None,
    input_shape: Sequence[int] | None = None,
    outputs: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model to a .npz or .safetensors file, with what prediction needs.

    Functions of ``ag.models`` and Sequentials of agx's layers say themselves how they are built;
    ``architecture={"factory": "module:function", "arguments": {...}}`` does for others, and without it
    ``ag.load(path, model=...)`` fills a model. ``preprocessing`` are transforms that inputs go through,
    such as ``ag.data.Normalize``; ``classes`` the names of classes by number; ``metrics`` what was measured,
    by name; ``input_shape`` the shape of one input; ``outputs`` what the outputs are, one of
    ``ag.nn.losses.PREDICTIONS``, or the loss; ``metadata`` anything else that JSON can hold.

    The file is replaced as a whole or stays. Nothing is pickled. Raises TypeError for what is no module and
    for a transform that a file cannot hold, ValueError for another suffix or number of classes.

    >>> ag.save("model.npz", ag.models.mlp(64), classes="0123456789")  # doctest: +SKIP
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"save: expected an ag.nn.Module, got {type(model).__name__}; arrays go into a file with np.savez"
        )
    names = None if classes is None else [str(name) for name in classes]
    described = build.describe(model) if architecture is None else build.plain(architecture)
    _check_classes(names, described)
    archive.write(
        path,
        model.state_dict(),
        {
            "version": VERSION,
            "agx": packages.version("agx"),
            "architecture": described,
            "preprocessing": transforms.described(preprocessing),
            "classes": names,
            "metrics": build.plain(metrics or {}),
            "input_shape": None if input_shape is None else [int(n) for n in input_shape],
            "outputs": _kind_of(outputs),
            "metadata": build.plain(metadata or {}),
        },
    )


def _check_classes(names: list[str] | None, described: Any) -> None:
    """Raise ValueError unless as many classes are named as the model was built for."""
    arguments = (described or {}).get("arguments")
    wanted = arguments.get("classes") if isinstance(arguments, dict) else None
    if names is not None and wanted not in (None, len(names)) and (wanted, len(names)) != (1, 2):
        raise ValueError(
            f"save: {len(names)} classes are named, expected {wanted}, for which the model was built"
        )


def _kind_of(outputs: Any) -> str | None:
    """What outputs are, from its name or from a loss."""
    kind = getattr(outputs, "takes", outputs)
    if kind is not None and kind not in losses.PREDICTIONS:
        raise ValueError(
            f"save: outputs is {outputs!r}, expected a loss of agx or {', '.join(losses.PREDICTIONS)}"
        )
    return kind


def load(path: str | os.PathLike[str], model: Any = None) -> Trained:
    """Read a model and what prediction needs from a file of ``ag.save``, or from the folder of a run.

    Of a run the weights ``best`` are taken, or else ``last``. ``model`` is a module to fill, for a file
    that holds arrays alone, such as one that PyTorch wrote; or the "module:function" of one's own that
    builds the model, for a file that says so: code outside agx runs only if it is named. The model is in
    evaluation mode. Raises FileNotFoundError, and ValueError that names the file and says what is wrong
    with it, or how to convert one of another program; no pickle is ever read.

    >>> trained = ag.load("runs/first")  # doctest: +SKIP
    """
    target = Path(path)
    run = target if target.is_dir() else None
    if run is not None:
        target = _weights(run)
    for suffixes, fix in FOREIGN.items():
        if target.suffix.lower() in suffixes.split():
            raise ValueError(f"{target}: expected a .npz or .safetensors file; {fix}")
    arrays, said = archive.read(target)
    try:
        if run is not None and not said.get("version"):
            said = _of_config(run)
        if said.get("version", 0) > VERSION:
            raise ValueError(f"it was written by agx {said.get('agx')}; update agx to read it")
        if model is None or isinstance(model, str):
            model = _built(said.get("architecture"), arrays, model)
        model.load_state_dict(arrays)
        classes, shape = said.get("classes"), said.get("input_shape")
        return Trained(
            model.eval(),
            transforms.rebuilt(said.get("preprocessing", ())),
            None if classes is None else tuple(classes),
            dict(said.get("metrics", {})),
            None if shape is None else tuple(shape),
            _kind_of(said.get("outputs")),
            dict(said.get("metadata", {})),
        )
    except (
        ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError
    ) as error:  # fmt: skip
        raise ValueError(f"{target}: {error}") from error


def _built(described: Any, arrays: Mapping[str, np.ndarray], named: str | None) -> Any:
    if described is None:
        raise ValueError(
            "the file holds arrays and does not say how their model is built; build it and give it: "
            "ag.load(path, model=my_model)"
        )
    double = any(array.dtype == np.float64 for array in arrays.values())
    most = math.inf if named else 8 * sum(array.size for array in arrays.values()) + (1 << 16)
    return build.build(described, named, np.float64 if double else np.float32, most)


def _weights(folder: Path) -> Path:
    """The file with the weights of a run."""
    for name in ("best", "last"):
        for suffix in archive.SUFFIXES:
            if (path := folder / f"{name}{suffix}").exists():
                return path
    if not (folder / "config.json").exists():
        raise FileNotFoundError(
            f"{folder}: expected the folder of a run, with config.json and best.npz; choose another folder"
        )
    raise FileNotFoundError(
        f"{folder}: the run has no weights, best or last, as it ended before its first epoch did; train anew"
    )


def _of_config(folder: Path) -> dict[str, Any]:
    """What ``save`` would say of a run whose weights are arrays alone."""
    config = read_object(folder / "config.json")
    name, shape, classes = (config[key] for key in ("model", "image_shape", "classes"))
    outputs = 1 if len(classes) == 2 else len(classes)
    if name in build.MODELS:
        given = build.following(getattr(models, name), shape, outputs)
        architecture = {"factory": name, "arguments": given}
    else:
        architecture = {"factory": name, "arguments": [shape, outputs]}
    even = {"name": "Normalize", **config["normalization"]}
    return {
        "version": VERSION, "architecture": architecture, "classes": classes, "input_shape": shape,
        "preprocessing": [*transforms.described([ToFloat()]), even],
    }  # fmt: skip
