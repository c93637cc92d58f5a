"""Write src/agx/data/digits.npz from the copy of the digits in scikit-learn.

Run `python tools/make_digits.py` in an environment with scikit-learn. The images are shuffled here
once and for all, so that the train and test splits do not depend on the version of NumPy.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).resolve().parent.parent / "src" / "agx" / "data" / "digits.npz"


def main() -> None:
    """Write the file and say where it is."""
    source = load_digits()
    order = np.random.default_rng(0).permutation(len(source.target))
    images, labels = source.images[order].astype(np.uint8), source.target[order].astype(np.uint8)
    np.savez_compressed(TARGET, images=images, labels=labels)
    print(f"{TARGET.name}: {len(labels)} images, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
