"""Build agx for another Python, another NumPy or fewer packages, and run the whole suite there.

    make python VERSION=3.14               # Debian's packages; 3.13t is built from Debian's source
    make python NUMPY=2.0 GROUP=test-bare  # this Python; a group of pyproject.toml says what is there

Works on Debian and needs no privileges. A Python of Debian's is unpacked below build/python and told by
patchelf to use the C library that came with it. Without the GIL (the versions with a t) the suite runs with
PYTHON_GIL=0.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from debian import ABOUT, ROOT, Release, own_library, run

WORK = ROOT / "build/python"
RELEASES = ("trixie", "forky", "sid")
LIBRARY = "usr/lib/x86_64-linux-gnu"
#: What the source needs to be built with, and the modules that are missing without it.
NEEDED = {"ssl": "libssl-dev", "zlib": "zlib1g-dev", "ctypes": "libffi-dev", "lzma": "liblzma-dev",
          "bz2": "libbz2-dev", "sqlite3": "libsqlite3-dev"}  # fmt: skip
COPIED = ("pyproject.toml", "README.md", "tests", "benchmarks", "examples")


def from_packages(version: str) -> Path | None:
    """Unpack Debian's Python, and let it use its own C library."""
    root = WORK / version / "root"
    python = root / f"usr/bin/python{version}"
    if python.exists():
        return python
    for name in RELEASES:
        release = Release(name, "amd64", WORK / "apt" / name)
        if not release.has(f"python{version}"):
            continue
        release.unpack((f"python{version}-venv", f"libpython{version}-dev", "libstdc++6"), root)
        own_library(python, root / LIBRARY, "ld-linux-x86-64.so.2")
        headers = (
            f"python{version}/pyconfig.h"  # this one would ask for the other by the compiler's path
        )
        shutil.copy(root / "usr/include/x86_64-linux-gnu" / headers, root / "usr/include" / headers)
        return python
    return None


def from_source(version: str) -> Path | None:
    """Build a Python from the source that Debian has of it."""
    number, to = version.rstrip("t"), WORK / version / "root"
    python = to / f"bin/python{version}"
    if python.exists():
        return python
    for name in reversed(RELEASES):
        archive = Release(name, "amd64", WORK / "apt" / name).source(f"python{number}")
        if archive:
            break
    else:
        return None
    source = WORK / version / "source"
    shutil.rmtree(source, ignore_errors=True)
    with tarfile.open(archive) as packed:
        top = packed.next().name.partition("/")[0]
        packed.extractall(source, filter="data")
    without = ["--disable-gil"] if version.endswith("t") else []
    run(
        "./configure",
        "--quiet",
        f"--prefix={to}",
        "--disable-test-modules",
        "--without-ensurepip",
        *without,
        cwd=source / top,
    )
    # The variables of agx's own make, such as VERSION, are not for Python's.
    run("make", "--silent", "-j2", cwd=source / top, MAKEFLAGS="")
    run("make", "--silent", "install", cwd=source / top, MAKEFLAGS="")
    lacking = [
        package
        for module, package in NEEDED.items()
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
    ]
    if lacking:
        shutil.rmtree(to)
        sys.exit(f"Python {version} needs more to be built with: apt install {' '.join(lacking)}")
    return python


def find(version: str) -> Path:
    """Return the Python of a version; this one if none is named."""
    if not version:
        return Path(sys.executable)
    found = None if version.endswith("t") else from_packages(version)
    found = found or from_source(version)
    return found or sys.exit(f"no release of Debian that this machine reaches has Python {version}")


def main() -> None:
    """Find a Python, install agx and what a group names, and run the suite from a copy."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--version", default="", help="such as 3.14 or 3.13t")
    parser.add_argument("--numpy", default="", help="such as 2.0; the newest if none is named")
    parser.add_argument("--group", default="", help="of pyproject.toml")
    given, tests = parser.parse_known_args()  # the rest is for pytest
    group = given.group or ("test-with-plots", "test-free-threaded")[given.version == "3.13t"]
    python = find(given.version)
    here = WORK / "-".join(filter(None, (given.version or "this", given.numpy, group)))
    shutil.rmtree(here, ignore_errors=True)
    run(python, "-m", "venv", "--without-pip", here / "venv")
    python = here / "venv/bin/python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", f"--python={python}",
           "install", "--quiet", "--prefer-binary")  # fmt: skip
    numpy = [f"numpy=={given.numpy}.*"] if given.numpy else []
    run(
        *pip,
        ROOT,
        f"-Cbuild-dir={here}/build",
        *numpy,
        f"--group={ROOT / 'pyproject.toml'}:{group}",
    )
    (here / "tree").mkdir()
    for name in COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(
            ROOT / name, here / "tree" / name
        )
    gil = {"PYTHON_GIL": "0"} if given.version.endswith("t") else {}
    run(python, "-c", ABOUT, **gil)
    run(python, "-m", "pytest", *tests, cwd=here / "tree", **gil)


if __name__ == "__main__":
    main()
