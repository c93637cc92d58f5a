"""Check an installed wheel, and the wheel file if one is named: python wheels/test_wheel.py [FILE]."""

from __future__ import annotations

import importlib
import importlib.machinery
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np

import agx as ag

MAX_BYTES = 1_000_000
COMPILED = (".so", ".pyd", ".dll", ".dylib")
package = Path(ag.__file__).parent
KERNELS = {file.stem for file in (package / "_kernels").glob("*.pyi")}


def check_place() -> None:
    installed = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    assert package.parent in installed, f"agx comes from {package}, not from an installed wheel"
    assert ag.__version__ == metadata.version("agx") != "0.0.0"


def check_kernels() -> None:
    for name in KERNELS:
        module = importlib.import_module(f"agx._kernels.{name}")
        loader = module.__loader__
        assert isinstance(loader, importlib.machinery.ExtensionFileLoader), f"{name}: not compiled"


def check_files(names: list[str]) -> None:
    assert "agx/py.typed" in names
    assert "agx/_version.py" in names
    stubs = {n for n in names if n.startswith("agx/_kernels/") and n.endswith(".pyi")}
    assert stubs == {f"agx/_kernels/{name}.pyi" for name in KERNELS}
    sources = [n for n in names if n.endswith((".pyx", ".pxd", ".pxi", ".c", ".h", ".cpp"))]
    assert not sources, f"sources in the wheel: {sources}"
    libraries = [n for n in names if n.endswith(COMPILED) or ".so." in n]
    ours = {"agx/_kernels/compiled"}
    foreign = [n for n in libraries if n.partition(".")[0] not in ours]
    assert not foreign, f"shared libraries that are not agx's: {foreign}"
    assert len(libraries) == len(ours), f"missing from {libraries}: some of {sorted(ours)}"
    for wanted in (
        "licenses/LICENSE",
        "licenses/src/agx/data/digits.LICENSE",
        "sboms/agx.cdx.json",
    ):
        assert [n for n in names if n.endswith(f".dist-info/{wanted}")], f"{wanted} is missing"


def check_command() -> None:
    if sys.platform == "emscripten":  # where a program cannot start another
        return

    def agx(*args: str) -> str:
        command = [sys.executable, "-m", "agx", *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert ag.__version__ in agx("--version")
    assert ag.__version__ in agx("info")
    assert [s for s in metadata.entry_points(group="console_scripts") if s.name == "agx"]


def check_training() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 1, 8, 8))
    y = (x.mean(axis=(1, 2, 3)) > 0).astype(int)
    w = ag.Tensor(0.1 * rng.standard_normal((4, 1, 3, 3)))
    v = ag.Tensor(0.1 * rng.standard_normal((4 * 36, 2)))
    losses = []
    for _ in range(20):
        scores = ag.log_softmax(ag.relu(ag.conv2d(x, w)).reshape(64, -1) @ v, axis=1)
        loss = -scores[np.arange(64), y].mean()
        w.grad = v.grad = None
        loss.backward()
        for p in (w, v):
            p.value = p.value - 0.5 * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0], losses


def main(arguments: list[str]) -> None:
    check_place()
    check_kernels()
    check_files([str(f).replace("\\", "/") for f in metadata.files("agx") or []])
    check_command()
    check_training()
    for wheel in map(Path, arguments):
        size = wheel.stat().st_size
        assert size <= MAX_BYTES, f"{wheel.name} has {size} bytes, more than {MAX_BYTES}"
        with zipfile.ZipFile(wheel) as contents:
            check_files(contents.namelist())
        print(f"{wheel.name}: {size / 1000:.0f} kB")
    print(f"agx {ag.__version__}: the wheel is sound")


if __name__ == "__main__":
    main(sys.argv[1:])
