"""Importing agx: what it loads, and what it says when it is not compiled."""

import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import agx as ag

PACKAGE = Path(ag.__file__).parent
LAZY = [
    "PIL",
    "argparse",
    "difflib",
    "hypothesis",
    "matplotlib",
    "pathlib",
    "safetensors",
    "scipy",
    "shutil",
    "torch",
    "tqdm",
    "urllib.parse",
    "urllib.request",
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_import_loads_nothing_that_training_does_not_need():
    code = (
        "import sys, numpy; before = set(sys.modules); import agx\n"
        f"print([m for m in {LAZY} if m in sys.modules and m not in before])"
    )
    assert run("-c", code).stdout.strip() == "[]"


def test_import_opens_no_connection_and_starts_no_program():
    code = (
        "import sys; seen = []; sys.addaudithook(lambda event, _: seen.append(event)); import agx\n"
        "print([e for e in seen if e.startswith(('socket.', 'subprocess.', 'os.system', 'urllib.'))])"
    )
    assert run("-c", code).stdout.strip() == "[]"


def test_import_is_silent_when_warnings_are_errors():
    done = run("-W", "error", "-c", "import agx")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_import_does_without_what_the_oldest_numpy_lacks():
    lacking = ["cumulative_prod", "cumulative_sum", "matvec", "unstack", "vecmat"]
    code = (
        f"import numpy as np; [delattr(np, n) for n in {lacking} if hasattr(np, n)]\n"
        "import agx as ag; print(len(ag.unstack(ag.Tensor([1.0, 2.0]))), ag.vecmat(np.ones(1), np.eye(1)))"
    )
    assert run("-c", code).stdout.strip() == "2 [1.]"


def test_version_is_that_of_the_installed_distribution():
    assert ag.__version__ == metadata.version("agx")


def test_a_package_without_kernels_says_how_to_compile_it(tmp_path):
    shutil.copytree(
        PACKAGE, tmp_path / "agx", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    paths = [str(tmp_path), str(Path(np.__file__).parents[1])]
    # -S leaves out the import hook of an editable install, which would find the compiled kernels.
    done = run("-S", "-c", f"import sys; sys.path[:0] = {paths}; import agx")
    assert done.returncode == 1
    assert "ImportError: agx is not compiled" in done.stderr
    assert "pip install ." in done.stderr


def test_a_missing_dependency_is_named_as_it_is(tmp_path):
    if any(PACKAGE.glob("_kernels/*.so")) or any(PACKAGE.glob("_kernels/*.pyd")):
        shutil.copytree(PACKAGE, tmp_path / "agx")
        done = run("-S", "-c", f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import agx")
        assert "No module named 'numpy'" in done.stderr
        assert "not compiled" not in done.stderr


def test_tab_completion_shows_what_a_user_wants_before_anything_is_used():
    code = "import agx as ag; print(*dir(ag))"
    names = set(run("-c", code).stdout.split())
    assert {
        "Tensor",
        "Scalar",
        "sin",
        "grad",
        "nn",
        "pi",
        "fft",
        "testing",
        "runs",
    } <= names
    private = {n for n in names if n.startswith("_")}
    assert private == {"__doc__", "__name__", "__version__"}
    rooms = {path.stem for path in PACKAGE.iterdir()} - private
    namespaces = {
        "data",
        "fft",
        "linalg",
        "models",
        "nn",
        "onnx",
        "optim",
        "runs",
        "storage",
        "testing",
        "train",
        "viz",
    }
    needs = {"sklearn": "sklearn", "special": "scipy"}
    optional = {name for name, package in needs.items() if find_spec(package)}
    assert names & rooms == namespaces | optional


def test_every_name_that_is_shown_can_be_used():
    for name in dir(ag):
        getattr(ag, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'agx' has no attribute 'sine'"):
        ag.sine  # noqa: B018
