"""One run of ``agx train``: the settings, the training, and the folder that it leaves behind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import data, train
from .._runtime import threads
from .._runtime.rng import seed
from ..data.readers import named
from ..nn import losses
from ..storage.architecture import factory, importing_from_here
from .folder import RunFolder, default_folder
from .preparation import load, standardize
from .settings import OPTIMIZERS, SCHEDULES


@losses.takes("logits")
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

    @importing_from_here()
    def start(self) -> int:
        """Train, print a table of epochs, fill the run's folder and return the exit status."""
        seed(self.seed)
        if self.threads is not None:
            threads.set_num_threads(self.threads)
        folder = RunFolder(self.out or default_folder(self.model, self.data), self.weights)
        learn, test = load(self.data, self.model, self.root, self.download, self.classes, self.side)
        outputs = 1 if len(learn.classes) == 2 else len(learn.classes)
        model = factory(self.model)(learn.arrays[0].shape[1:], outputs)
        prepared = self._preparation(learn)
        folder.write_config(self._config(learn, test, model, prepared))
        count = model.num_parameters
        print(
            f"{self.model} with {count:,} parameters on {self.data}: {len(learn):,} images to learn "
            f"from, {len(test):,} to test, {len(learn.classes)} classes"
        )
        history = self._fit(model, learn, test, self._evened(prepared), folder)
        last = folder.save_weights(model, "last")
        if history.interrupted:
            print(
                f"interrupted after {len(history)} of {self.recipe['epochs']} epochs; what was "
                f"learned is in {last}",
                file=sys.stderr,
            )
            return 130
        self._finish(model, test, self._evened(prepared), history, folder)
        return 0

    def _fit(
        self, model: Any, learn: Any, test: Any, even: list[Any], folder: RunFolder
    ) -> train.History:
        settings = self.recipe
        extra = {"momentum": settings["momentum"]} if "momentum" in settings else {}
        build = OPTIMIZERS[settings["optimizer"]]
        optimizer = build(model.parameters(), lr=settings["lr"], **extra)
        loss = self._loss(learn)
        side = learn.arrays[0].shape[-1]
        border = int(settings["shift"] * side)
        shift = [data.RandomCrop(side, padding=border)] if border else []

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
        self, model: Any, test: Any, even: list[Any], history: train.History, folder: RunFolder
    ) -> None:
        labels = test.arrays[1]
        outputs = train.predict(model, data.Loader(test, 500, transforms=even))
        predictions = train.decide(outputs, self._loss(test))
        try:
            folder.save_pictures(history, labels, predictions, test.classes, model)
        except ImportError as error:
            print(f"no pictures: {error}")
        print(f"weights, history and settings are in {folder.path}")
        print(f"test accuracy: {100 * np.mean(predictions == labels):.2f} %")

    def _loss(self, learn: Any) -> Callable[[Any, Any], Any]:
        return binary_loss if len(learn.classes) == 2 else losses.cross_entropy

    def _preparation(self, learn: Any) -> Any:
        """What is done to every image, of training and test alike."""
        standard = named(self.data).standardize
        return standardize(learn.arrays[0]) if standard else data.Normalize(0.0, 1.0)

    def _evened(self, prepared: Any) -> list[Any]:
        """The transforms that do it: none where they would change nothing."""
        return [prepared] if named(self.data).standardize else []

    def _config(self, learn: Any, test: Any, model: Any, prepared: Any) -> dict[str, Any]:
        return {
            "model": self.model,
            "data": self.data,
            **self.recipe,
            "seed": self.seed,
            "threads": threads.get_num_threads(),
            "classes": [str(name) for name in learn.classes],
            "image_shape": list(learn.arrays[0].shape[1:]),
            "normalization": {"mean": prepared.mean.tolist(), "std": prepared.std.tolist()},
            "training_images": len(learn),
            "test_images": len(test),
            "parameters": model.num_parameters,
        }
