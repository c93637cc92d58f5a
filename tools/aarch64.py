"""Build agx for 64-bit ARM by a cross compiler, and run tests of its kernels in an emulated processor.

    make aarch64                                     # tests/kernels; other arguments of pytest by TESTS=

Works on Debian, needs `qemu-aarch64-static` (package qemu-user-static) and no privileges: Debian's Python for
arm64 is unpacked below build/aarch64, NumPy's wheel beside it; Clang comes with the package ziglang.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/aarch64"
SYSTEM, SITE, PACKAGE = WORK / "root", WORK / "site", WORK / "package"
PYTHON = SYSTEM / "usr/bin/python3.11"
DEBIAN = ("python3.11", "libpython3.11-dev", "libstdc++6")
WHEELS = ("numpy", "scipy", "pytest", "hypothesis", "threadpoolctl", "tqdm")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64")
FLAGS = ("-O3", "-DNDEBUG", "-fPIC", "-shared", "-s", "-fno-math-errno", "-fno-trapping-math",
         "-DNPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION")  # fmt: skip
#: Start programs of their own, which no emulator would run.
DESELECTED = ("tests/kernels/test_machine.py::test_a_program_ends_while_workers_wait",)


def run(*command: object, **environment: str) -> None:
    """Run a command, or stop with its status."""
    done = subprocess.run([*map(str, command)], env={**os.environ, **environment})
    if done.returncode:
        sys.exit(done.returncode)


def unpack_debian() -> None:
    """Fetch Python for arm64 with what it needs, by an apt that knows of nothing that is installed."""
    state = WORK / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    settings = {
        "Dir::State": state, "Dir::State::status": state / "status", "Dir::State::Lists": state / "lists",
        "Dir::Cache": state / "cache", "APT::Architecture": "arm64", "APT::Architectures": "arm64",
        "APT::Install-Recommends": "false", "Debug::NoLocking": "true",
    }  # fmt: skip
    conf = WORK / "apt.conf"
    conf.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    run("apt-get", "-qq", "update", APT_CONFIG=str(conf))
    run("apt-get", "-qq", "-y", "--download-only", "install", *DEBIAN, APT_CONFIG=str(conf))
    for archive in sorted((state / "cache/archives").glob("*.deb")):
        run("dpkg-deb", "-x", archive, SYSTEM)


def fetch_wheels() -> None:
    """Fetch NumPy and what the tests need."""
    platforms = [f"--platform={name}" for name in PLATFORMS]
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
        "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", *platforms,
        "--target", SITE, *WHEELS,
    )  # fmt: skip


def compile_kernels() -> None:
    """Copy the package, and compile its kernels from the C that Cython wrote for this machine."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    source = ROOT / "src/agx"
    ignored = shutil.ignore_patterns("*.pyx", "*.pxd", "*.pxi", "*.h", "__pycache__")
    shutil.copytree(source, PACKAGE / "agx", ignore=ignored)
    installed = Path(sysconfig.get_path("purelib"))
    for found in (*installed.glob("agx-*.dist-info"), installed / "agx/_version.py"):
        to = PACKAGE / found.relative_to(installed)
        shutil.copytree(found, to) if found.is_dir() else shutil.copy(found, to)
    headers = WORK / "include/aarch64-linux-gnu"
    shutil.copytree(
        SYSTEM / "usr/include/aarch64-linux-gnu/python3.11",
        headers / "python3.11",
        dirs_exist_ok=True,
    )
    include = (
        SYSTEM / "usr/include/python3.11",
        headers.parent,
        SITE / "numpy/_core/include",
        source / "_kernels",
    )
    c = next(ROOT.glob("build/cp*/src/agx/_kernels/compiled.c"))
    out = PACKAGE / "agx/_kernels/compiled.cpython-311-aarch64-linux-gnu.so"
    run(sys.executable, "-m", "ziglang", "cc", "-w", "-target", "aarch64-linux-gnu.2.31", *FLAGS,
        *(f"-I{path}" for path in include), "-o", out, c, source / "_kernels/tables.c")  # fmt: skip


def main(tests: list[str]) -> None:
    """Fetch what is not there, compile, and test."""
    if not shutil.which("qemu-aarch64-static"):
        sys.exit("make aarch64 needs an emulator: apt install qemu-user-static")
    WORK.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists():
        unpack_debian()
    if not (SITE / "numpy").exists():
        fetch_wheels()
    compile_kernels()
    # The kernels that OpenBLAS chooses by itself compute wrong products in the emulator.
    run(
        "qemu-aarch64-static", "-L", SYSTEM, PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        *(f"--deselect={name}" for name in DESELECTED), *(tests or ["tests/kernels"]),
        QEMU_CPU="cortex-a72", PYTHONPATH=f"{PACKAGE}:{SITE}", PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
