"""The README's Python runs as printed, and says what is true."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import agx as ag

README = Path(__file__).parents[1] / "README.md"
if not README.exists():
    pytest.skip("the README is not beside these tests", allow_module_level=True)
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the blocks define, run one after another in a folder of their own."""
    folder = tmp_path_factory.mktemp("readme")
    space = {"np": np, "ag": ag}
    ag.seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCKS:
            if not shutil.which("dot") or not find_spec("graphviz"):
                block = block.replace("graph.svg", "graph.dot")
            exec(block, space)
    return {**space, "folder": folder}


@pytest.mark.slow
def test_the_blocks_run(names):
    assert len(BLOCKS) >= 4
    assert list(names["folder"].glob("graph.*"))


@pytest.mark.slow
def test_the_loop_learns(names):
    found = ag.evaluate(names["model"], ag.data.Loader(names["test"], 500), ag.cross_entropy)
    assert found["accuracy"] > 0.95


def test_the_gradient_that_is_printed():
    x = ag.Tensor([1.0, 2.0, 3.0])
    np.sum(np.sin(x) ** 2).backward()
    printed = re.search(r"x\.grad\s+# (array\(.*\))", README.read_text(encoding="utf-8"))
    assert printed
    assert repr(x.grad) == printed[1]


def test_the_number_of_covered_functions():
    from agx._protocol import report

    rows = [r for r in report.rows() if r.kind == "differentiable"]
    works = sum(r.works for r in rows)
    assert f"{works} of the {len(rows)} that have a derivative" in README.read_text(
        encoding="utf-8"
    )


def test_the_number_of_corners():
    from corners import corners

    assert f"[{len(list(corners()))} cases](docs/corners.md)" in README.read_text(encoding="utf-8")
