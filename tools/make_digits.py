"""Write src/agx/data/digits.npz from the digits that scikit-learn ships.

    python tools/make_digits.py        # needs numpy and scikit-learn

The images are shuffled, then every fifth of each class is set aside for testing: the labels are those of
the 1,437 training images first, then of the 360 test images. The pixels are compressed class by class and
place by place, which takes a sixth less room.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

DESTINATION = Path(__file__).parents[1] / "src" / "agx" / "data" / "digits.npz"


def split_order(labels: np.ndarray) -> np.ndarray:
    """Return the order that puts the training images before the test images, both shuffled."""
    shuffled = np.random.default_rng(0).permutation(len(labels))
    by_class = np.argsort(labels[shuffled], kind="stable")
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[by_class[::5]] = True
    return np.concatenate([shuffled[~is_test], shuffled[is_test]])


def compressed(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the bytes of which ``digits`` makes the images again."""
    places = images[np.argsort(labels, kind="stable")].reshape(len(images), -1).T
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    return np.frombuffer(squeeze.compress(places.tobytes()) + squeeze.flush(), np.uint8)


def main() -> None:
    published = load_digits()
    order = split_order(published.target)
    images = published.images[order].astype(np.uint8)
    labels = published.target[order].astype(np.uint8)
    np.savez(DESTINATION, images=compressed(images, labels), labels=labels)
    print(f"{DESTINATION}: {len(labels)} images, {DESTINATION.stat().st_size} bytes")


if __name__ == "__main__":
    main()
