"""Build agx's kernels with sanitizers, and run the tests of kernels and the fuzz with them.

    make sanitize                     # all sanitizers, all tests of kernels, 200,000 calls by the fuzz
    make sanitize SANITIZE=--short    # AddressSanitizer and UndefinedBehaviorSanitizer, a few calls

Works with GCC or Clang on Linux. Python itself is not built anew: the sanitizers' libraries are loaded before
it, and see what the kernels do, and what they do with Python's and NumPy's memory.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What each build is made with, the libraries to load first, and what stops at the first finding.
KINDS = {
    "address": (
        "address;undefined",
        ("libasan.so", "libstdc++.so"),
        # Python frees little at its end; what agx leaks, tests/test_leaks.py finds.
        {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
         "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"},
    ),
    "thread": (
        "thread",
        ("libtsan.so",),
        {"TSAN_OPTIONS": "halt_on_error=1:ignore_noninstrumented_modules=1:die_after_fork=0"},
    ),
}  # fmt: skip


def build(kind: str) -> Path:
    """Build agx with sanitizers in an environment that has the rest from this one; its Python."""
    sanitizers, _, _ = KINDS[kind]
    folder = ROOT / "build/sanitize" / kind
    venv.create(folder, symlinks=True)
    site = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--upgrade",
         "--no-deps", "--no-build-isolation", "--target", site, ROOT,
         f"-Ccmake.define.AGX_SANITIZE={sanitizers}", "-Cinstall.strip=false",
         f"-Cbuild-dir={folder / 'cmake'}"],
        check=True,
    )  # fmt: skip
    return folder / "bin/python"


def libraries(kind: str) -> str:
    """Where the compiler has the sanitizers' libraries."""
    found = [
        subprocess.run(
            [os.environ.get("CC", "cc"), f"-print-file-name={name}"], capture_output=True, text=True
        ).stdout.strip()
        for name in KINDS[kind][1]
    ]
    if missing := [name for name in found if not Path(name).is_absolute()]:
        sys.exit(
            f"make sanitize needs the compiler's {', '.join(missing)}; on Debian: apt install gcc"
        )
    return " ".join(found)


def run(python: Path, kind: str, *command: str) -> None:
    """Run Python with the sanitizers, or stop at what they find."""
    began = time.perf_counter()
    # ThreadSanitizer wants its memory where the system may have put something at random.
    start = ["setarch", platform.machine(), "-R"] if kind == "thread" else []
    done = subprocess.run(
        [*start, python, *command],
        cwd=ROOT / "tests",
        env={**os.environ, "LD_PRELOAD": libraries(kind), "PYTHONPATH": str(ROOT / "tests"), **KINDS[kind][2],
             "PYTHONMALLOC": "malloc", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    print(f"{kind}: {' '.join(command)}: {time.perf_counter() - began:.0f} s", flush=True)
    if done.returncode:
        sys.exit(f"{kind}: something was found, or a test failed (status {done.returncode})")


def main() -> None:
    """Build and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="a minute, for every push")
    parser.add_argument("--calls", type=int, default=200_000, help="calls of kernels by the fuzz")
    given = parser.parse_args()
    # Output is not captured: sanitizers write to the terminal and end the program.
    pytest = ("-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--rootdir", str(ROOT))
    if given.short:
        run(build("address"), "address", *pytest, "fuzzing/test_kernels.py")
        return
    address, thread = build("address"), build("thread")
    run(address, "address", *pytest, "kernels", "fuzzing/test_kernels.py", "engine", "compiled")
    run(address, "address", "-m", "fuzzing", "kernels", "--calls", str(given.calls))
    run(
        address,
        "address",
        "-m",
        "fuzzing",
        "kernels",
        "--calls",
        str(given.calls),
        "--callers",
        "4",
    )
    # A sanitizer cannot do with little memory itself.
    threads = "runtime", "--ignore=runtime/test_memory_pressure.py", "kernels/test_machine.py"
    run(thread, "thread", *pytest, *threads, "kernels/test_copying.py")
    run(
        thread,
        "thread",
        "-m",
        "fuzzing",
        "kernels",
        "--calls",
        str(given.calls // 4),
        "--callers",
        "4",
    )


if __name__ == "__main__":
    main()
