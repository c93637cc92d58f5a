"""Pictures of automobiles and birds, drawn and not photographed: 32 x 32, three channels, in [0, 1]."""

import numpy as np

import agx as ag

SIDE = 32


def _canvas(rng):
    """A sky of some colour over a ground of another, with noise."""
    sky, ground = rng.uniform(0.4, 1.0, 3), rng.uniform(0.1, 0.6, 3)
    horizon = rng.integers(16, 28)
    rows = np.arange(SIDE)[:, None, None]
    return np.where(rows < horizon, sky, ground) + np.zeros((SIDE, SIDE, 3))


def _ellipse(image, row, column, height, width, colour):
    y, x = np.mgrid[:SIDE, :SIDE]
    image[((y - row) / height) ** 2 + ((x - column) / width) ** 2 <= 1] = colour


def _box(image, top, left, height, width, colour):
    image[max(0, top) : top + height, max(0, left) : left + width] = colour


def _automobile(rng):
    """A body, a cabin with windows, and two wheels."""
    image, colour = _canvas(rng), rng.uniform(0, 1, 3)
    top, left, width = rng.integers(14, 20), rng.integers(1, 7), rng.integers(20, 25)
    _box(image, top - 5, left + 5, 6, width - 10, colour * 0.9)
    _box(image, top - 4, left + 6, 4, width - 12, rng.uniform(0.6, 0.9, 3))
    _box(image, top, left, 6, width, colour)
    for column in (left + 5, left + width - 5):
        _ellipse(image, top + 6, column, 3, 3, np.full(3, 0.08))
    return image


def _bird(rng):
    """A body, a head with a beak, a wing and a tail."""
    image, colour = _canvas(rng), rng.uniform(0, 1, 3)
    row, column, way = rng.integers(12, 20), rng.integers(12, 20), rng.choice([-1, 1])
    _ellipse(image, row, column, 4, 7, colour)
    _ellipse(image, row - 4, column + 7 * way, 2.8, 2.8, colour * 0.8)
    _ellipse(image, row - 4, column + 11 * way, 0.8, 2, np.array([0.9, 0.6, 0.1]))
    _ellipse(image, row - 1, column - 2 * way, 2, 4.5, colour * 0.6)
    _ellipse(image, row + 1, column - 9 * way, 1.2, 4, colour * 0.8)
    return image


def automobiles_and_birds(count, seed=0):
    """Draw ``count`` pictures, half of each kind: float32 (count, 3, 32, 32), and labels 0 and 1."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 2)
    images = np.stack([(_bird if label else _automobile)(rng) for label in labels])
    images = np.clip(images + 0.08 * rng.standard_normal(images.shape), 0, 1)
    images = images.transpose(0, 3, 1, 2).astype(np.float32)
    return ag.data.ArrayDataset(images, labels, classes=("automobile", "bird"))
