"""Write src/agx/data/digits.npz from the digits that scikit-learn ships.

    python tools/make_digits.py        # needs numpy and scikit-learn

The images are shuffled, then every fifth of each class is set aside for testing: the file holds
the 1,437 training images first, then the 360 test images.
"""

from __future__ import annotations

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


def main() -> None:
    published = load_digits()
    order = split_order(published.target)
    images = published.images[order].astype(np.uint8)
    labels = published.target[order].astype(np.uint8)
    np.savez_compressed(DESTINATION, images=images, labels=labels)
    print(f"{DESTINATION}: {len(labels)} images, {DESTINATION.stat().st_size} bytes")


if __name__ == "__main__":
    main()
