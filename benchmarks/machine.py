"""What is compared, and where: peers, threads, versions, the processor."""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import agx as ag
from agx import threads

Peers = dict[str, Any]

PEERS = {
    "torch": "torch",
    "jax": "jax",
    "mygrad": "mygrad",
    "autograd": "autograd",
    "micrograd": "micrograd.engine",
}
NAMES = {"torch": "PyTorch", "jax": "JAX", "mygrad": "MyGrad", "autograd": "HIPS autograd"}


def installed() -> Peers:
    """The peers that can be imported, by name."""
    found = {}
    for name, module in PEERS.items():
        try:
            importlib.import_module(module)
            found[name] = importlib.import_module(name)
        except ImportError:
            pass
    return found


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads(n: int, peers: Peers) -> None:
    """Give agx, NumPy's BLAS and PyTorch the same number of threads."""
    ag.set_num_threads(n)
    if "torch" in peers:
        peers["torch"].set_num_threads(n)


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def description(peers: Peers) -> dict[str, str]:
    """The date, the machine, and the versions of all that was compared."""
    library = threads.blas()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {cores()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "instructions": threads.instructions(),
        "python": platform.python_version(),
        "blas": library.symbol if library else "numpy.matmul",
        **{name: importlib.metadata.version(name) for name in ["agx", "numpy", *peers]},
    }
