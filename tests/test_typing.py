"""What type checkers and editors learn of agx, by mypy and pyright on small programs of users.

The programs in ``typing`` say in comments what both tools must find. They run in ``make lint`` for
sure, and elsewhere where they are installed.
"""

import hashlib
import importlib.util
import inspect
import json
import pydoc
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import agx as ag
from agx._engine.graph import Primitive

PROGRAMS = Path(__file__).parent / "typing"
INSTALLED = [tool for tool in ("mypy", "pyright") if importlib.util.find_spec(tool)]
TOOLS = [
    pytest.param(
        tool, marks=pytest.mark.skipif(tool not in INSTALLED, reason=f"{tool} is not installed")
    )
    for tool in ("mypy", "pyright")
]


HOMES = ("linalg", "fft", "special", "nn", "optim", "data", "models", "testing", "train", "viz")


def public_names():
    """Every function and class that a user sees, as text."""
    for prefix, home in {"ag": ag, **{f"ag.{n}": getattr(ag, n) for n in HOMES}}.items():
        for name in dir(home):
            if not name.startswith("_") and callable(getattr(home, name)):
                yield f"{prefix}.{name}"


def scalar_calls():
    """A call of every operation that Scalars have."""
    for name, operation in vars(ag).items():
        if isinstance(operation, Primitive) and operation.scalar:
            yield f"ag.{name}({', '.join(['ag.Scalar(2.0)'] * len(operation.vjps))})"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A program that asks for the type of every public function, and of Scalars' operations."""
    path = tmp_path_factory.mktemp("typing") / "everything.py"
    lines = [f"reveal_type({what})" for what in (*public_names(), *scalar_calls())]
    path.write_text("\n".join(["import agx as ag", *lines]))
    return path


def short(found):
    """A type as the programs write it."""
    found = re.sub(r"\b(?:\w+\.)+(?=\w)", "", found).replace("_AnyShape", "tuple[Any, ...]")
    found = re.sub(
        r"ndarray\[tuple\[(?:Any|int)(?:, \.\.\.)?\], dtype\[\w+(?:\[.*?\])?\]\]", "ndarray", found
    )
    return re.sub(r"^(\w+)\[\[.*|^(Giving)\[.*", r"\1\2", found)


COMMANDS = {
    "mypy": "--strict --config-file= --cache-dir=.mypy_cache/typing --show-absolute-path --no-pretty",
    "pyright": f"--outputjson --pythonpath {sys.executable}",
}


def of_mypy(said):
    """(file, line, whether it is a mistake, text) for each thing that mypy says."""
    for line in said.splitlines():
        found = re.match(r"(.+?):(\d+): (error|note): (.*)", line)
        if found and (found[3] == "error" or found[4].startswith("Revealed")):
            yield found[1], int(found[2]), found[3] == "error", found[4]


def of_pyright(said):
    """(file, line, whether it is a mistake, text) for each thing that pyright says."""
    for note in json.loads(said)["generalDiagnostics"]:
        line = note["range"]["start"]["line"] + 1
        yield note["file"], line, note["severity"] == "error", note["message"]


def fingerprint(files):
    """A text that changes with all that the tools read, and with how they are asked."""
    package = Path(ag.__file__).parent
    read = hashlib.sha256()
    for path in [
        *sorted(package.rglob("*.py")),
        *sorted(package.rglob("*.pyi")),
        *map(Path, files),
    ]:
        read.update(path.read_bytes())
    return f"{read.hexdigest()} {COMMANDS} {[version(tool) for tool in (*INSTALLED, 'numpy')]}"


@pytest.fixture(scope="module")
def said(everything, request):
    """What each tool says of each program, by its name and line; remembered while nothing changes."""
    files = [*sorted(map(str, PROGRAMS.glob("*.py"))), str(everything)]
    cache = getattr(request.config, "cache", None)
    now = fingerprint(files)
    known = cache.get("agx/typing", {}) if cache else {}
    if known.get("fingerprint") != now:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running = {
            tool: subprocess.Popen(
                [sys.executable, "-m", tool, *COMMANDS[tool].split(), *files], **pipes
            )
            for tool in INSTALLED
        }
        known = {"fingerprint": now}
        for tool, process in running.items():
            known[tool], errors = process.communicate()
            assert not errors, errors
        if cache:
            cache.set("agx/typing", known)
    found = {tool: {} for tool in INSTALLED}
    for tool, read in (("mypy", of_mypy), ("pyright", of_pyright)):
        for file, line, mistake, text in read(known[tool]) if tool in INSTALLED else ():
            lines = found[tool].setdefault(Path(file).name, {})
            lines.setdefault(line, []).append((mistake, text))
    return found


def revealed(texts):
    """The type in 'Revealed type is "..."' or 'Type of "..." is "..."'."""
    types = [re.search(r'is "(.*)"$', text, re.DOTALL)[1] for mistake, text in texts if not mistake]
    return [short(t) for t in types]


@pytest.mark.parametrize("tool", TOOLS)
def test_right_programs_pass_and_types_are_known(tool, said):
    found = said[tool]["right.py"]
    mistakes = {line: texts for line, texts in found.items() if any(m for m, _ in texts)}
    assert not mistakes
    wanted = {}
    for number, line in enumerate((PROGRAMS / "right.py").read_text().splitlines(), 1):
        if "reveal_type(" in line:
            wanted[number] = [line.split("  # ")[1]]
    assert len(wanted) > 100
    assert {line: revealed(texts) for line, texts in found.items()} == wanted


@pytest.mark.parametrize("tool", TOOLS)
def test_mistakes_are_found_and_nothing_else(tool, said):
    lines = enumerate((PROGRAMS / "wrong.py").read_text().splitlines(), 1)
    wanted = {number for number, line in lines if line.endswith("  # wrong")}
    found = said[tool]["wrong.py"]
    assert {line for line, texts in found.items() if any(m for m, _ in texts)} == wanted


@pytest.mark.parametrize("tool", TOOLS)
def test_no_public_function_is_of_unknown_type(tool, said, everything):
    names = everything.read_text().splitlines()
    found = said[tool]["everything.py"]
    assert len(found) == len(names) - 1 > 300
    unknown = [
        names[n - 1] for n, texts in found.items() if revealed(texts)[0] in ("Any", "Unknown")
    ]
    assert not unknown
    scalars = [n for n, line in enumerate(names, 1) if "Scalar(" in line]
    assert len(scalars) > 14
    assert {revealed(found[n])[0] for n in scalars} == {"Scalar"}


def test_help_shows_a_signature():
    for name, wanted in {
        "exp": "(x, /)",
        "add": "(x1, x2, /)",
        "relu": "(x, /)",
        "power": "(x1, x2, /)",
    }.items():
        operation = getattr(ag, name)
        assert isinstance(operation, Primitive)
        assert str(inspect.signature(operation)) == wanted
        assert f"{operation.__name__}{wanted}" in pydoc.plain(pydoc.render_doc(operation))
        assert (operation.__module__, operation.__qualname__) == ("agx", name)


def test_every_operation_has_a_signature():
    found = {f: inspect.signature(f) for f in vars(ag).values() if isinstance(f, Primitive)}
    assert len(found) > 50
    for operation, signature in found.items():
        assert signature.parameters, operation
        assert "VAR" not in str([p.kind.name for p in signature.parameters.values()]), operation
    own = ag.primitive("own", lambda x, *, times=2: x * times, [None])
    assert str(inspect.signature(own)) == "(x, *, times=2)"
    bound = inspect.signature(ag.Tensor([1.0]).__add__)
    assert list(bound.parameters) == ["x2"]
