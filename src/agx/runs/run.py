"""One run of ``agx train``: the settings, the training, and the folder that it leaves behind."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, train
from .._runtime import threads
from .._runtime.rng import seed
from ..data.readers import named
from ..nn import Module, losses
from ..storage.architecture import factory, importing_from_here
from ..storage.model import binary_loss
from ..train.checkpoint import Checkpoint
from .folder import CLOCK, RunFolder, versions
from .preparation import checksum, hold_out, load, standardize
from .results import record
from .settings import AUGMENTATIONS, OPTIMIZERS, SCHEDULES
from .signals import told_to_end


@dataclass
class Run:
    """Hold the settings of a training run, and run it.

    ``validation`` is the share of the training images that is held out to choose the best epoch by; the
    test images are measured once, at the end. A checkpoint is written ``every`` so often, and the last
    ``keep`` of them stay. ``resumed`` makes one that goes on.
    """

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
    validation: float = 0.1
    every: str = "1 epoch"
    keep: int = 3
    resume: bool = False

    @classmethod
    def resumed(cls, folder: str | Path, **changed: Any) -> Run:
        """Make a run that goes on in its folder, with the settings that it has, or a few ``changed``.

        Raises ValueError for a folder that does not say them.
        """
        config = RunFolder(folder, resume=True).read_config()
        settings = config.get("settings")
        if not isinstance(settings, dict):
            raise ValueError(
                f"{folder} does not say how to go on, as a run of before; train anew in another folder"
            )
        known = {key: value for key, value in changed.items() if value is not None}
        settings = {**settings, "threads": config.get("threads"), **known}
        try:
            return cls(**settings, out=str(folder), resume=True)
        except TypeError as error:
            raise ValueError(f"{folder}/config.json: its settings fit no run: {error}") from error

    @importing_from_here()
    def start(self) -> int:
        """Train, print a table of epochs, fill the run's folder and return the exit status."""
        seed(self.seed)
        if self.threads is not None:
            threads.set_num_threads(self.threads)
        folder = RunFolder(self.out, self.weights, resume=self.resume)
        learn, test = load(self.data, self.model, self.root, self.download, self.classes, self.side)
        mark = checksum(learn)
        learn, validation = hold_out(learn, self.validation, self.seed)
        outputs = 1 if len(learn.classes) == 2 else len(learn.classes)
        model = _built(self.model, learn.stored[0].shape[1:], outputs)
        prepared = self._preparation(learn)
        with folder.claimed(self.model, self.data):
            if self.resume:
                self._compare(folder.read_config(), mark)
            else:
                config = self._config(learn, validation, test, model, prepared)
                folder.write_config({**config, "checksum": mark})
            print(
                f"{self.model} with {model.num_parameters:,} parameters on {self.data}: {len(learn):,} "
                f"images to learn from, {len(validation):,} to choose the best epoch by, {len(test):,} to "
                f"test, {len(learn.classes)} classes"
            )
            try:
                return self._train(model, (learn, validation, test), self._evened(prepared), folder)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise type(error)(
                    f"{error}; when that is mended, go on: agx train --resume {folder.path}"
                ) from error

    def _train(self, model: Any, parts: Any, even: list[Any], folder: RunFolder) -> int:
        """Train, and measure the best epoch unless the run is interrupted."""
        learn, validation, test = parts
        about = {
            "preprocessing": [*(learn.transforms or [data.ToFloat()]), *even],
            "classes": learn.classes,
            "input_shape": learn.stored[0].shape[1:],
            "outputs": self._loss(learn),
        }
        history, signals = self._fit(model, learn, validation, even, folder, about)
        last = folder.save_weights(model, "last", **about, metrics=_measured(history[-1:]))
        if history.interrupted:
            print(
                f"interrupted after {len(history)} of {self.recipe['epochs']} epochs; what was "
                f"learned is in {last}; go on: agx train --resume {folder.path}",
                file=sys.stderr,
            )
            return 128 + (signals[0] if signals else 2)
        folder.load_weights(model, "best")
        self._finish(model, test, even, history, folder)
        return 0

    def _fit(
        self,
        model: Any,
        learn: Any,
        validation: Any,
        even: list[Any],
        folder: RunFolder,
        about: Any,
    ) -> tuple[train.History, list[int]]:
        settings = self.recipe
        extra = {key: settings[key] for key in ("momentum", "weight_decay") if key in settings}
        optimizer = OPTIMIZERS[settings["optimizer"]](
            model.parameters(), lr=settings["lr"], **extra
        )
        side = learn.stored[0].shape[-1]
        border = int(settings["shift"] * side)
        changes = [data.RandomCrop(side, padding=border)] if border else []
        if "augment" in settings:
            changes = [AUGMENTATIONS[name](side) for name in settings["augment"]]

        def keep_best(state: train.State) -> None:
            row = state.history[-1]
            if state.history.best()["epoch"] == state.epoch:
                folder.save_weights(state.model, "best", **about, metrics=_measured([row]))

        terminal = sys.stderr.isatty()
        saver = Checkpoint(folder.checkpoints, self.every, self.keep, folder.read_config())
        trainer = train.Trainer(
            model,
            self._loss(learn),
            optimizer,
            schedule=SCHEDULES[settings["schedule"]](optimizer, settings["epochs"]),
            callbacks=[
                *([] if terminal else [train.print_epoch]),
                keep_best,
                train.JSONLog(folder.path / "history.jsonl"),
                saver,
            ],
            progress=terminal,
        )
        if self.resume:
            self._go_on(trainer, saver)
        loader = data.Loader(
            learn, settings["batch_size"], shuffle=True, transforms=[*changes, *even]
        )
        with np.errstate(over="ignore", invalid="ignore"), told_to_end(trainer.stop) as signals:
            history = trainer.fit(
                loader,
                settings["epochs"],
                validation=data.Loader(validation, 500, transforms=even),
            )
        return history, signals

    def _go_on(self, trainer: train.Trainer, saver: Checkpoint) -> None:
        """Load the newest checkpoint that is whole, and say which."""
        path, refused = saver.restore(trainer)
        for text in refused:
            print(f"not used: {text}", file=sys.stderr)
        if path is None:
            print("there is no checkpoint yet; the run starts anew", file=sys.stderr)
        else:
            print(
                f"going on after step {trainer.step} and {len(trainer.history)} of "
                f"{self.recipe['epochs']} epochs, from {path}",
                file=sys.stderr,
            )

    def _finish(
        self, model: Any, test: Any, even: list[Any], history: train.History, folder: RunFolder
    ) -> None:
        """Measure the test images, once, with the weights of the best epoch."""
        labels = test.stored[1]
        outputs = train.predict(model, data.Loader(test, 500, transforms=even))
        predictions = train.decide(outputs, self._loss(test))
        record(folder.path, model, test.stored[0], outputs, labels, test.classes)
        try:
            folder.save_pictures(history, labels, predictions, test.classes, model)
        except ImportError as error:
            print(f"no pictures: {error}")
        print(f"weights, history and settings are in {folder.path}")
        best = history.best()
        print(
            f"best epoch: {best['epoch']}, with {100 * best['validation_accuracy']:.2f} % of the validation"
        )
        print(f"test accuracy: {100 * np.mean(predictions == labels):.2f} %")

    def _loss(self, learn: Any) -> Callable[[Any, Any], Any]:
        return binary_loss if len(learn.classes) == 2 else losses.cross_entropy

    def _preparation(self, learn: Any) -> Any:
        """What is done to every image, of training and test alike."""
        standard = named(self.data).standardize
        return standardize(learn.stored[0]) if standard else data.Normalize(0.0, 1.0)

    def _evened(self, prepared: Any) -> list[Any]:
        """The transforms that do it: none where they would change nothing."""
        return [prepared] if named(self.data).standardize else []

    def _compare(self, config: dict[str, Any], mark: int) -> None:
        """Raise ValueError if the data are not those of before, and say if the versions are not."""
        if config.get("checksum") != mark:
            raise ValueError(
                f"{self.data}: the training images are not those that the run in {self.out} began with; give "
                "it the same data, or train anew in another folder"
            )
        if (before := config.get("versions")) != versions():
            print(
                f"the run began with {before}, and goes on with {versions()}: the last digits may differ",
                file=sys.stderr,
            )

    def _config(
        self, learn: Any, validation: Any, test: Any, model: Any, prepared: Any
    ) -> dict[str, Any]:
        settings = dataclasses.asdict(self)
        for key in ("out", "resume"):  # the folder may be moved
            del settings[key]
        return {
            "model": self.model,
            "data": self.data,
            **self.recipe,
            "seed": self.seed,
            "threads": threads.get_num_threads(),
            "classes": [str(name) for name in learn.classes],
            "image_shape": list(learn.stored[0].shape[1:]),
            "normalization": {"mean": prepared.mean.tolist(), "std": prepared.std.tolist()},
            "training_images": len(learn),
            "validation_images": len(validation),
            "test_images": len(test),
            "parameters": model.num_parameters,
            "settings": settings,
        }


def _built(name: str, shape: tuple[int, ...], outputs: int) -> Any:
    """Build a model by its factory; raises ValueError for one that cannot be called so, or gives none."""
    function: Callable[..., Any] = factory(name)
    try:
        inspect.signature(function).bind(shape, outputs)
    except TypeError:
        raise ValueError(
            f"{name}{inspect.signature(function)} cannot be called with (shape, outputs); write it as "
            f"def {name.partition(':')[2]}(shape, outputs), for images of shape {tuple(shape)}"
        ) from None
    model = function(shape, outputs)
    if not isinstance(model, Module):
        raise ValueError(f"{name} returned {type(model).__name__}, expected an ag.nn.Module")
    return model


def _measured(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was measured in an epoch, but by the clock."""
    return {key: value for row in rows for key, value in row.items() if key not in CLOCK}
