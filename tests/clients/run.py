"""Run other packages' suites on HIPS autograd and on agx, and write the comparison to docs/clients.md.

    python tests/clients/run.py [NAME ...]

``make clients`` installs what is needed into build/clients first. With names, only those packages are run
and the page is left alone. A run that gives other results than autograd's ends with status 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLACE = ROOT / "build" / "clients"  # packages are in site/, their sources in sources/
CLIENTS = tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))
VERSIONS = dict(
    line.split("==")
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if "==" in line
)


def package_of(name: str) -> str:
    """What the package is called on the registry."""
    return CLIENTS[name].get("package", "legume-gme" if name == "legume" else name)


def source(package: str) -> Path:
    """The unpacked source distribution of a package, with its tests."""
    version, folder = VERSIONS[package], PLACE / "sources"
    stem = package.replace("-", "_") if package == "legume-gme" else package
    archive, unpacked = folder / f"{stem}-{version}.tar.gz", folder / f"{stem}-{version}"
    if not archive.exists():
        download = [
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            package,
            "--dest",
            str(folder),
        ]
        command = [sys.executable, "-m", "pip", *download, f"{package}=={version}"]
        subprocess.run(command, check=True)
    if not unpacked.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return unpacked


def run(name: str, who: str) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    """The outcome of every test of a package on agx or autograd, and the numbers that were recorded."""
    client, out = CLIENTS[name], PLACE / "results"
    out.mkdir(parents=True, exist_ok=True)
    report, numbers = out / f"{name}.{who}.xml", out / f"{name}.{who}.json"
    examples = HERE / "examples" / f"of_{name.replace('-', '_')}.py"
    where = source(package_of(name)) if "suite" in client else examples.parent
    what = client.get("suite", [str(examples), "--import-mode=importlib"])
    own = where / "pyproject.toml"  # rather than agx's
    alone = [
        "-c",
        str(own if own.exists() else os.devnull),
        f"--rootdir={where}",
        f"--confcutdir={where}",
    ]
    env = {
        **os.environ,
        **client.get("env", {}),
        "AGX_CLIENT": who,
        "AGX_CLIENT_NUMBERS": str(numbers),
        "MPLBACKEND": "Agg",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(PLACE / "site"), str(HERE)]),
    }
    options = [
        "-q",
        "-p",
        "plugin",
        "-p",
        "no:cacheprovider",
        "--timeout=300",
        f"--junitxml={report}",
    ]
    command = [sys.executable, "-m", "pytest", *options, *alone, *client.get("options", []), *what]
    with (out / f"{name}.{who}.log").open("w") as log:
        subprocess.run(command, cwd=where, env=env, stdout=log, stderr=log, check=False)
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {part.tag for part in case} & {"failure", "error", "skipped"}
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = min(kinds, default="passed")
    return outcomes, json.loads(numbers.read_text(encoding="utf-8"))


def close(ours: list[list[float]], theirs: list[list[float]]) -> bool:
    """Whether two tests recorded the same numbers, to six digits or so."""
    import numpy as np

    same = [len(a) == len(b) for a, b in zip(ours, theirs, strict=False)]
    return (
        len(ours) == len(theirs)
        and all(same)
        and all(
            np.allclose(a, b, rtol=1e-6, atol=1e-8, equal_nan=True)
            for a, b in zip(ours, theirs, strict=True)
        )
    )


def differences(name: str, ours: tuple, theirs: tuple) -> list[str]:
    """The tests that do not give on agx what they give on autograd."""
    names = sorted({*ours[0], *theirs[0]})
    found = [test for test in names if ours[0].get(test) != theirs[0].get(test)]
    return found + [test for test in theirs[1] if not close(ours[1].get(test, []), theirs[1][test])]


def counted(outcomes: dict[str, str]) -> str:
    """Numbers of tests by outcome, as text."""
    words = {"passed": "pass", "failure": "fail", "error": "stop", "skipped": "skip"}
    counts = Counter(outcomes.values())
    return ", ".join(f"{counts[k]} {word}" for k, word in words.items() if counts[k])


def compare(name: str) -> tuple[str, list[str]]:
    """The row of the table for a package, and the tests that differ without a reason."""
    theirs, ours = run(name, "autograd"), run(name, "agx")
    known = CLIENTS[name].get("differ", {})
    found = differences(name, ours, theirs)
    unexplained = [test for test in found if not any(k in test for k in known)]
    notes = [CLIENTS[name].get("note", ""), *(f"`{k}` differs: {why}" for k, why in known.items())]
    package = package_of(name)
    cells = [
        f"{name} {VERSIONS[package]}",
        "its suite" if "suite" in CLIENTS[name] else "examples",
        counted(theirs[0]),
        counted(ours[0]),
        str(len(found)),
        "; ".join(filter(None, notes)),
    ]
    return f"| {' | '.join(cells)} |", unexplained


def main(names: list[str]) -> int:
    """Run the packages, print the table, and write the page if all were run."""
    rows, bad = [], []
    for name in names or CLIENTS:
        row, found = compare(name)
        rows.append(row)
        bad += found
        print(row, *(f"  differs: {test}" for test in found), sep="\n", flush=True)
    if not names:
        page = ROOT / "docs" / "clients.md"
        head = page.read_text(encoding="utf-8").partition("| package |")[0]
        title = "| package | what runs | autograd | agx | differ | |\n|---|---|---|---|---|---|\n"
        page.write_text(head + title + "\n".join(rows) + "\n", encoding="utf-8")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
