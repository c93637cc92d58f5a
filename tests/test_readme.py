"""The README's Python runs as printed, and says what is true."""

import re
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


def test_all_that_has_a_derivative_is_covered():
    from agx._protocol import report

    rows = [row for row in report.rows() if row.kind == "differentiable"]
    assert rows and all(row.works for row in rows)


@pytest.mark.parametrize(
    "page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/operations.md"]
)
def test_what_grows_is_not_counted_by_hand(page):
    """A page that is generated may count; `docs/performance.md` counts what was measured on one day."""
    path = README.parent / page
    if not path.exists():
        pytest.skip(f"{page} is not beside these tests")
    things = "cases|corners|functions|operations|primitives|layers|losses|optimisers|ways|tests"
    counts = r"(?i)\b(\d+|two|three|four|five|six|seven|eight|nine|ten) (" + things + r")\b"
    assert not re.search(counts, path.read_text(encoding="utf-8"))
