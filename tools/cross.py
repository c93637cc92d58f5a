"""Compile and link the kernels for Windows and macOS, and for MSVC as far as Clang can tell; nothing is run.

    make cross

Works on Debian. Clang and the headers of both systems come with the package ziglang, Python's headers are
Debian's with the pyconfig.h of the source, NumPy's come from its wheels. What is compiled is the C that
Cython wrote for this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

from debian import ROOT, Release, run

WORK = ROOT / "build/cross"
KERNELS = ROOT / "src/agx/_kernels"
PYTHON, RELEASE = "3.13", "trixie"
FLAGS = ("-O2", "-g0", "-DNDEBUG", "-fno-math-errno", "-fno-trapping-math", "-w",
         "-DNPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION")  # fmt: skip
#: Name, what Zig calls it, and the platform of NumPy's wheel.
TARGETS = (
    ("windows", "x86_64-windows-gnu", "win_amd64"),
    ("windows", "aarch64-windows-gnu", "win_arm64"),
    ("macos", "x86_64-macos", "macosx_14_0_x86_64"),
    ("macos", "aarch64-macos", "macosx_14_0_arm64"),
)
#: MSVC knows none of these; headers of the system may use them before our own are read.
MSVC = """
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>
#include <float.h>
#include <intrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>
unsigned __int64 __umulh(unsigned __int64, unsigned __int64);  /* which <intrin.h> has for ARM64 too */
#pragma GCC poison __attribute__ __extension__ __thread __typeof__ typeof __int128 __asm__ asm
#pragma GCC poison __builtin_expect __builtin_cpu_init __builtin_cpu_supports __builtin_shufflevector
#pragma GCC poison __builtin_ia32_pause __builtin_convertvector __builtin_prefetch
#undef __has_attribute
#undef __has_builtin
#undef __GNUC__
#undef __clang__
#undef __SIZEOF_INT128__
#undef __forceinline
#define __forceinline inline
#define __INTRIN_H
#define _MSC_VER 1944
#define _M_{machine} 1
#include "{file}"
"""
MSVC_FLAGS = (
    "-fms-extensions", "-c", "-Werror=vla", "-Werror=gnu-statement-expression",
    "-Werror=gnu-conditional-omitted-operand", "-Werror=gnu-case-range", "-Werror=gnu-label-as-value",
    "-Werror=gnu-empty-struct", "-Werror=gnu-folding-constant", "-Werror=implicit-function-declaration",
)  # fmt: skip


def fetch_python() -> None:
    """Lay out Python's headers for both systems, and say what a Python exports."""
    release, root = Release(RELEASE, "amd64", WORK / "apt"), WORK / "root"
    release.unpack((f"libpython{PYTHON}-dev",), root)
    archive = release.source(f"python{PYTHON}")
    if archive is None:
        sys.exit(f"the mirror has no source of Python {PYTHON}")
    with tarfile.open(archive) as packed:
        found = next(m for m in packed if m.name.endswith("PC/pyconfig.h.in"))
        of_windows = packed.extractfile(found).read()
    linux = root / f"usr/include/x86_64-linux-gnu/python{PYTHON}/pyconfig.h"
    for system, config in (("windows", of_windows), ("macos", linux.read_bytes())):
        shutil.copytree(root / f"usr/include/python{PYTHON}", WORK / system, dirs_exist_ok=True)
        (WORK / system / "pyconfig.h").write_bytes(config)
    library = next((root / "usr/lib/x86_64-linux-gnu").glob(f"libpython{PYTHON}.so.*"))
    command = ("nm", "-D", "--defined-only", library)
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = [(fields[2].partition("@")[0], fields[1]) for fields in map(str.split, lines)]
    rows = [name + (" DATA" if kind in "BDR" else "") for name, kind in names if "Py" in name]
    exports = f"LIBRARY python{PYTHON.replace('.', '')}.dll\nEXPORTS\n" + "\n".join(rows) + "\n"
    (WORK / "python.def").write_text(exports)


def fetch_numpy(platform: str) -> Path:
    """Return the folder of NumPy's headers for a platform."""
    to = WORK / platform
    if not to.exists():
        run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
            "--no-deps", "--only-binary=:all:", f"--python-version={PYTHON}",
            f"--platform={platform}", "--dest", to, "numpy",
        )  # fmt: skip
        with zipfile.ZipFile(next(to.glob("*.whl"))) as wheel:
            wheel.extractall(to, [n for n in wheel.namelist() if "/_core/include/" in n])
    return to / "numpy/_core/include"


def build(system: str, target: str, platform: str, sources: list[Path]) -> Path:
    """Compile and link for a target."""
    zig = (sys.executable, "-m", "ziglang")
    out = WORK / f"compiled.{target}.{'pyd' if system == 'windows' else 'so'}"
    if system == "windows":
        machine = "i386:x86-64" if target.startswith("x86_64") else "arm64"
        library = WORK / f"python.{target}.lib"
        run(*zig, "dlltool", "-m", machine, "-d", WORK / "python.def", "-l", library)
        link = ("-shared", library)
    else:
        link = ("-dynamiclib", "-undefined", "dynamic_lookup")
    include = (WORK / system, fetch_numpy(platform), KERNELS)
    run(
        *zig,
        "cc",
        "-target",
        target,
        *FLAGS,
        *(f"-I{i}" for i in include),
        *sources,
        *link,
        "-o",
        out,
    )
    return out


def check_msvc(target: str, platform: str, sources: list[Path]) -> None:
    """Read the sources as MSVC would, on top of headers that are not its own."""
    machine = "X64" if target.startswith("x86_64") else "ARM64"
    include = (WORK / "windows", fetch_numpy(platform), KERNELS)
    for source in sources:
        wrapper = WORK / f"msvc_{source.name}"
        wrapper.write_text(MSVC.replace("{machine}", machine).replace("{file}", str(source)))
        run(sys.executable, "-m", "ziglang", "cc", "-target", target, *FLAGS, *MSVC_FLAGS,
            *(f"-I{i}" for i in include), wrapper, "-o", wrapper.with_suffix(".obj"))  # fmt: skip


def main() -> None:
    """Fetch what is not there, and compile everything."""
    if not (WORK / "python.def").exists():
        fetch_python()
    sources = [next(ROOT.glob("build/cp*/src/agx/_kernels/compiled.c")), KERNELS / "tables.c"]
    for system, target, platform in TARGETS:
        start = time.perf_counter()
        out = build(system, target, platform, sources)
        taken = time.perf_counter() - start
        print(
            f"{target}: Python {PYTHON}, compiled and linked, {out.stat().st_size} bytes, {taken:.0f} s"
        )
        if system == "windows":
            check_msvc(target, platform, sources)
            print(f"{target}: nothing that MSVC does not know")


if __name__ == "__main__":
    main()
