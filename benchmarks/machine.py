"""What is compared, and where: peers, threads, versions, the processor."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy._core._multiarray_umath import __cpu_dispatch__
from threadpoolctl import threadpool_info

import agx as ag
from agx._runtime import threads

Peers = dict[str, Any]

PEERS = {
    "torch": "torch",
    "jax": "jax",
    "mygrad": "mygrad",
    "autograd": "autograd.numpy",
    "micrograd": "micrograd.engine",
}
NAMES = {
    "agx": "agx",
    "torch": "PyTorch",
    "jax": "JAX",
    "mygrad": "MyGrad",
    "autograd": "HIPS autograd",
    "micrograd": "micrograd",
}


#: What makes agx, NumPy, OpenBLAS, PyTorch and its libraries do with less than the processor has.
LESS = {
    "avx2": {
        "AGX_INSTRUCTIONS": "avx2",
        "OPENBLAS_CORETYPE": "Haswell",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}


def restrict(instructions: str) -> None:
    """Start this program again with fewer instructions, unless it runs with them."""
    if os.environ.get("AGX_INSTRUCTIONS") == instructions:
        return
    # NumPy refuses names that it does not know, and they change from version to version.
    beyond = [f for f in __cpu_dispatch__ if f.startswith("AVX512") or f == "X86_V4"]
    environment = {**os.environ, **LESS[instructions], "NPY_DISABLE_CPU_FEATURES": " ".join(beyond)}
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], environment)


def installed() -> Peers:
    """The peers that can be imported, by name."""
    found = {}
    for name, module in PEERS.items():
        try:
            importlib.import_module(module)
            found[name] = importlib.import_module(name)
        except ImportError:
            pass
    if "jax" in found:
        found["jax"].config.update("jax_enable_x64", True)
    return found


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads(n: int, peers: Peers) -> None:
    """Give agx, NumPy's BLAS and PyTorch the same number of threads."""
    ag.set_num_threads(n)
    if "torch" in peers:
        peers["torch"].set_num_threads(n)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep all threads of this process on one core meanwhile, JAX's among them, where Linux lets it."""
    tasks = Path("/proc/self/task")
    if not tasks.exists() or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)

    def keep(on: set[int]) -> None:
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):  # of a thread that has ended
                os.sched_setaffinity(int(task.name), on)

    keep({min(before)})
    try:
        yield
    finally:
        keep(before)


def others() -> float:
    """CPU seconds that other programs have had on these cores so far, as Linux tells; 0 elsewhere."""
    try:
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
        names = {f"cpu{n}" for n in os.sched_getaffinity(0)}
    except (OSError, AttributeError):
        return 0.0
    ticks = 0
    for name, *fields in map(str.split, lines):
        if name in names:
            user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
            ticks += user + nice + system + irq + softirq + steal
    own = os.times()
    ours = own.user + own.system + own.children_user + own.children_system
    return ticks / os.sysconf("SC_CLK_TCK") - ours


@contextlib.contextmanager
def watch(found: dict[str, Any]) -> Iterator[None]:
    """Note in ``found`` how many cores other programs kept busy meanwhile."""
    start, before = time.perf_counter(), others()
    yield
    found["others"] = round((others() - before) / (time.perf_counter() - start), 2)


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def blas() -> str:
    """NumPy's BLAS with its version, as far as it is known, and how agx calls it."""
    found = threads.blas()
    versions = [
        f"{library['internal_api']} {library['version']}"
        for library in threadpool_info()
        if library["user_api"] == "blas" and (not found or library["filepath"] == found.path)
    ]
    return (
        f"{versions[0] if versions else 'unknown'} by {found.symbol if found else 'numpy.matmul'}"
    )


def description(peers: Peers) -> dict[str, str]:
    """The date, the machine, and the versions of all that was compared."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {cores()} cores",
        "system": platform.platform(),
        "instructions": threads.instructions(),
        "python": platform.python_version(),
        "blas": blas(),
        **{name: importlib.metadata.version(name) for name in ["agx", "numpy", *peers]},
    }
