"""The pages of the documentation: their Python runs, and what is generated is up to date."""

import re
from pathlib import Path

import pytest

from agx import cli
from agx._protocol import report

DOCS = Path(__file__).parents[1] / "docs"
if not DOCS.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def python_of(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", ["operations.md", "derivatives.md"])
def test_the_python_runs(page):
    space = {}
    blocks = python_of(page)
    assert blocks
    for block in blocks:
        exec(block, space)


def test_the_table_of_what_is_covered_is_up_to_date():
    page = (DOCS / "coverage.md").read_text(encoding="utf-8")
    assert page == report.report(markdown=True), "run: agx coverage --markdown > docs/coverage.md"


def test_the_command_prints_the_table(capsys):
    assert cli.main(["coverage"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^linalg\.inv +differentiable$", printed, flags=re.MULTILINE)
    assert "differentiable functions of NumPy work" in printed.splitlines()[-1]
    assert cli.main(["coverage", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# What agx covers of NumPy")
