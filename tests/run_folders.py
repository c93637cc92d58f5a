"""Folders as runs of ``agx train`` leave them, made without training."""

import json

import numpy as np

import agx as ag
from agx.storage import archive

CLASSES = ("cat", "dog", "bird")
VERSIONS = {"agx": "1.0", "numpy": "2.0", "python": "3.11"}


def model_of(classes=CLASSES, channels=1):
    """A small network with a convolution; two classes are told apart by one output."""
    rng = np.random.default_rng(0)
    return ag.nn.Sequential(
        ag.nn.Conv2d(channels, 2, 3, rng=rng),
        ag.nn.Flatten(),
        ag.nn.Linear(72, 1 if len(classes) == 2 else len(classes), rng=rng),
    )


def history(epochs, seconds=0.5):
    """Epochs that get better, the last but one being the best."""
    for epoch in range(1, epochs + 1):
        accuracy = 0.9 if epoch == epochs - 1 else 0.5 + 0.01 * epoch
        yield {
            "epoch": epoch, "loss": 1 / epoch, "accuracy": 0.6, "validation_loss": 1.5 / epoch,
            "validation_accuracy": accuracy, "lr": 0.1, "seconds": seconds, "images_per_second": 100.0,
        }  # fmt: skip


def write(folder, *, classes=CLASSES, channels=1, epochs=3, finished=True, **settings):
    """Write the folder of a run and return it; every fourth test image is a mistake."""
    folder.mkdir(parents=True)
    config = {
        "model": "small", "data": "pets", "epochs": epochs, "batch_size": 4, "lr": 0.1, "optimizer": "sgd",
        "seed": 0, "classes": list(classes), "image_shape": [channels, 8, 8], "parameters": 240,
        "normalization": {"mean": [0.5], "std": [0.25]}, "versions": VERSIONS, **settings,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    lines = [json.dumps(row) + "\n" for row in history(epochs)]
    (folder / "history.jsonl").write_text("".join(lines))
    model = model_of(classes, channels)
    archive.write(folder / "best.npz", model.state_dict())
    if finished:
        images, outputs, labels = outcome(classes, channels)
        ag.runs.record(folder, model, images, outputs, labels, classes)
    return folder


def outcome(classes=CLASSES, channels=1, n=24):
    """Images, outputs and labels: every fourth is wrong, later ones more confidently."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (n, channels, 8, 8), np.uint8)
    labels = np.arange(n) % len(classes)
    taken = np.where(np.arange(n) % 4 == 3, (labels + 1) % len(classes), labels)
    sure = 1 + np.arange(n, dtype=np.float32)[:, None] / n
    if len(classes) == 2:
        return images, np.where(taken[:, None] == 1, sure, -sure), labels
    return images, sure * np.eye(len(classes), dtype=np.float32)[taken], labels
