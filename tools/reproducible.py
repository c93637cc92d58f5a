"""Build source distribution and wheel twice, and compare their bytes.

    make reproducible

The second build is made in another folder, with another time zone, other permissions, other times of files
and another order of sets; both take the time of the last commit (SOURCE_DATE_EPOCH). Compiler, Cython and
NumPy are the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/reproducible"
#: Folder, permissions that new files lack, and the environment of each build.
BUILDS = (
    ("a", 0o022, {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"}),
    ("another/much longer place", 0o077, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"}),
)  # fmt: skip
SHOWN = 5
LONG_AGO = 1_000_000_000


def git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], cwd=ROOT, text=True)


def epoch() -> str:
    """When the last commit was made, in seconds, unless the environment says something else."""
    return os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").strip()


def copy(folder: Path, old: bool) -> None:
    """Copy the files that git knows, as they are now; if ``old`` with times of long ago."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in git("ls-files", "-z").split("\0"):
        if (source := ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(source.stat().st_mode & 0o700 | (0 if old else 0o044))
            if old:
                os.utime(target, (LONG_AGO, LONG_AGO))


def build(folder: Path, umask: int, environment: dict[str, str]) -> Path:
    """Build both distributions, the wheel from the source distribution; the folder that has them."""
    scratch = WORK / "tmp" / folder.name
    scratch.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "TMPDIR": str(scratch), **environment}

    def run(*command: object) -> None:
        subprocess.run(
            [sys.executable, *map(str, command)], cwd=folder, env=env, umask=umask, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    run("-m", "build", "--no-isolation", ".")
    run(ROOT / "tools/shrink.py", *(folder / "dist").glob("*.whl"))
    return folder / "dist"


def contents(path: Path) -> Iterator[tuple[str, object]]:
    """The members of a distribution: their names, and all that is said of them."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for info in wheel.infolist():
                yield info.filename, (wheel.read(info), info.date_time, info.external_attr)
    else:
        with tarfile.open(path) as sdist:
            for member in sdist:
                file = sdist.extractfile(member)
                yield member.name, (file and file.read(), member.get_info())


def differences(one: Path, other: Path) -> list[str]:
    """One line for each file that two folders of distributions do not have in common to the byte."""
    found = []
    for name in sorted({p.name for p in (*one.iterdir(), *other.iterdir())}):
        a, b = one / name, other / name
        if not (a.exists() and b.exists()):
            found.append(f"{name}: made by one build only")
        elif a.read_bytes() != b.read_bytes():
            first, second = dict(contents(a)), dict(contents(b))
            names = sorted(n for n in {*first, *second} if first.get(n) != second.get(n))
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            said = ", ".join(names[:SHOWN]) or "the order or the packing of members"
            found.append(f"{name}: {said}{more} differ")
    return found


def main() -> None:
    """Build, compare, and stop with status 1 where something differs."""
    os.environ["SOURCE_DATE_EPOCH"] = epoch()
    for number, (name, _, _) in enumerate(BUILDS):
        copy(WORK / name, old=bool(number))
    folders = [build(WORK / name, umask, environment) for name, umask, environment in BUILDS]
    for path in sorted(folders[0].iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    if found := differences(*folders):
        sys.exit("not reproducible: " + "; ".join(found))
    print("reproducible: both builds have the same bytes")


if __name__ == "__main__":
    main()
