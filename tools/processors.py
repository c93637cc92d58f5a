"""Build agx for another processor by a cross compiler, and run tests of its kernels there.

    make aarch64       # tests/kernels in an emulated processor; other arguments of pytest by TESTS=
    make s390x         # a big-endian one
    make i386          # 32 bits, on the processor itself

Works on Debian and needs no privileges: Debian's Python for the processor is unpacked below build, NumPy
beside it; Clang comes with the package ziglang, an emulator with Debian's qemu-user-static.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from debian import ABOUT, ROOT, Release, own_library, run

FLAGS = ("-O3", "-DNDEBUG", "-fPIC", "-shared", "-s", "-fno-math-errno", "-fno-trapping-math",
         "-DNPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION")  # fmt: skip
WHEELS = ("pytest", "hypothesis", "threadpoolctl", "tqdm")
#: Start programs of their own, which no emulator would run.
DESELECTED = ("tests/kernels/test_machine.py::test_a_program_ends_while_workers_wait",)


@dataclass
class Processor:
    name: str
    debian: str  # what Debian calls it
    triple: str  # what compilers and Debian's folders call it
    release: str = "trixie"
    python: str = "3.13"
    numpy: tuple[str, ...] = ("python3-numpy", "python3-scipy")  # of Debian, or else of wheels
    wheels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    glibc: str = "2.36"
    emulated: bool = True
    loader: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return ROOT / "build" / self.name

    @property
    def root(self) -> Path:
        return self.work / "root"

    @property
    def program(self) -> Path:
        return self.root / f"usr/bin/python{self.python}"

    @property
    def site(self) -> Path:
        return self.work / "site"

    @property
    def package(self) -> Path:
        return self.work / "package"

    @property
    def includes(self) -> Path:
        """NumPy's headers."""
        inside = "numpy/_core/include"
        return (
            self.site / inside
            if not self.numpy
            else self.root / "usr/lib/python3/dist-packages" / inside
        )

    def unpack(self) -> None:
        """Fetch Python with what it needs, and NumPy if Debian has it."""
        packages = (
            f"python{self.python}",
            f"libpython{self.python}-dev",
            "libstdc++6",
            *self.numpy,
        )
        Release(self.release, self.debian, self.work / "apt").unpack(packages, self.root)
        for library in (
            "blas/libblas.so.3",
            "lapack/liblapack.so.3",
        ):  # an installed Debian links them
            found = self.root / "usr/lib" / self.triple / library
            if found.exists():
                shutil.copy(found, found.parents[1])
        if not self.emulated:
            own_library(self.program, self.root / "usr/lib" / self.triple, self.loader)

    def fetch(self) -> None:
        """Fetch what the tests need."""
        platforms = [f"--platform={name}" for name in (*self.platforms, "any")]
        run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
            "--only-binary=:all:", f"--python-version={self.python}", "--implementation=cp", *platforms,
            "--target", self.site, *WHEELS, *self.wheels,
        )  # fmt: skip
        if self.numpy:
            shutil.rmtree(self.site / "numpy", ignore_errors=True)

    def compile(self) -> None:
        """Copy the package, and compile its kernels from the C that Cython wrote for this machine."""
        shutil.rmtree(self.package, ignore_errors=True)
        source = ROOT / "src/agx"
        ignored = shutil.ignore_patterns("*.pyx", "*.pxd", "*.pxi", "*.h", "__pycache__")
        shutil.copytree(source, self.package / "agx", ignore=ignored)
        installed = Path(sysconfig.get_path("purelib"))
        for found in (*installed.glob("agx-*.dist-info"), installed / "agx/_version.py"):
            to = self.package / found.relative_to(installed)
            shutil.copytree(found, to) if found.is_dir() else shutil.copy(found, to)
        python, headers = f"python{self.python}", self.work / "include"
        shutil.copytree(
            self.root / "usr/include" / self.triple / python,
            headers / self.triple / python,
            dirs_exist_ok=True,
        )
        include = (self.root / "usr/include" / python, headers, self.includes, source / "_kernels")
        c = next(ROOT.glob("build/cp*/src/agx/_kernels/compiled.c"))
        tag = f"cpython-{self.python.replace('.', '')}-{self.triple}"
        out = self.package / f"agx/_kernels/compiled.{tag}.so"
        target = self.triple.replace("i386", "x86") + f".{self.glibc}"
        run(sys.executable, "-m", "ziglang", "cc", "-w", "-target", target, *FLAGS,
            *(f"-I{path}" for path in include), "-o", out, c, source / "_kernels/tables.c")  # fmt: skip

    def run(self, *arguments: object) -> None:
        """Run Python in the processor."""
        emulator = (f"qemu-{self.name}-static", "-L", self.root) if self.emulated else ()
        path = f"{self.package}:{self.site}"
        run(*emulator, self.program, *arguments,
            PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", **self.environment)  # fmt: skip


PROCESSORS = (
    # The kernels that OpenBLAS chooses by itself compute wrong products in the emulator.
    Processor(
        "aarch64", "arm64", "aarch64-linux-gnu", "bookworm", "3.11",
        numpy=(), wheels=("numpy", "scipy"), glibc="2.31", environment={"QEMU_CPU": "cortex-a72"},
        platforms=("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64"),
    ),
    Processor("s390x", "s390x", "s390x-linux-gnu", "forky", "3.14"),
    Processor("i386", "i386", "i386-linux-gnu", emulated=False, loader="ld-linux.so.2"),
)  # fmt: skip


def main(name: str, tests: list[str]) -> None:
    """Fetch what is not there, compile, and test."""
    processor = next(p for p in PROCESSORS if p.name == name)
    if processor.emulated and not shutil.which(f"qemu-{name}-static"):
        sys.exit(f"make {name} needs an emulator: apt install qemu-user-static")
    if not processor.program.exists():
        processor.unpack()
    if not (processor.site / "pytest").exists():
        processor.fetch()
    processor.compile()
    deselected = [f"--deselect={test}" for test in DESELECTED] if processor.emulated else []
    processor.run("-c", ABOUT)
    processor.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", *deselected, *(tests or ["tests/kernels"])
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
