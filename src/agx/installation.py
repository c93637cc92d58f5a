"""What agx found on this machine, and who does its products."""

from __future__ import annotations

import os

from . import _kernels
from ._kernels import machine
from ._runtime import threads

#: What each extra of the package brings.
EXTRAS = {
    "plot": "matplotlib",
    "sparse": "scipy",
    "images": "pillow",
    "safetensors": "safetensors",
    "onnx": "onnx",
    "sklearn": "scikit-learn",
    "tensorboard": "tensorboardX",
}


class Info(dict[str, str]):
    """Facts by name, printed as a table."""

    def __repr__(self) -> str:
        return "\n".join(f"{name:<18}{value}" for name, value in self.items())


def info() -> Info:
    """Describe the installation: a dict of texts, printed as a table, that says who multiplies.

    >>> ag.info()["numpy"] == np.__version__
    True
    """
    import platform
    import shutil
    from importlib import metadata

    import numpy as np
    from threadpoolctl import threadpool_info

    from .data import data_home

    blas = [
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} threads"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    found = Info(
        agx=metadata.version("agx"),
        numpy=np.__version__,
        python=f"{platform.python_version()} ({platform.system()} {platform.machine()})",
        kernels=", ".join(_kernels.PARTS),
        blas="; ".join(blas) or "none that threadpoolctl knows",
        threads=f"{threads.get_num_threads()} of {os.cpu_count()} cores",
        instructions=threads.instructions(),
    )
    found |= {"matrix products": _matrix_products(), "convolution": _convolution()}
    found["data"] = str(data_home())
    found |= {f"agx[{extra}]": _installed(package) for extra, package in EXTRAS.items()}
    found["dot program"] = shutil.which("dot") or "not installed (it draws graphs)"
    return found


def _matrix_products() -> str:
    if not machine.has_tiles():
        return "numpy.matmul"
    return f"{threads.instructions()} tiles for float32 of modest size, else numpy.matmul"


def _convolution() -> str:
    library = threads.blas()
    patches = f"{library.symbol} of NumPy's BLAS" if library else "numpy.matmul"
    if not machine.has_tiles():
        return f"patches and {patches}"
    return f"{threads.instructions()} tiles, for strides beyond 16 patches and {patches}"


def _installed(package: str) -> str:
    from importlib import metadata

    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} is not installed"
