"""The pages of the documentation: their Python runs, and what is generated is up to date."""

import re
import shlex
import textwrap
from pathlib import Path

import pytest

import agx as ag
from agx import cli
from agx._protocol import report

DOCS = Path(__file__).parents[1] / "docs"
if not DOCS.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def python_of(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks]


@pytest.mark.parametrize(
    "page",
    [
        "start.md",
        "lecture.md",
        "operations.md",
        "derivatives.md",
        "in-place.md",
        "compile.md",
        "see.md",
        "debug.md",
        "coming-from.md",
        "how-agx-works.md",
    ],
)
def test_the_python_runs(page, tmp_path, monkeypatch):
    if page == "see.md":
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    space = {}
    blocks = python_of(page)
    assert blocks
    for block in blocks:
        exec(block, space)


def test_the_pictures_are_what_the_page_saves(tmp_path, monkeypatch):
    """All of their words, that is: numbers may differ in the last digit."""
    monkeypatch.chdir(tmp_path)
    space = {}
    for block in python_of("see.md"):
        if "import agx" in block or ".save(" in block:
            exec(block, space)
    for name in ("graph.svg", "lenet5.svg"):
        saved, kept = (
            re.findall(r">([^<\d]*[a-zA-Z][^<\d]*)", path.read_text(encoding="utf-8"))
            for path in (tmp_path / name, DOCS / "pictures" / name)
        )
        assert saved
        assert saved == kept, f"save docs/pictures/{name} anew, as docs/see.md does"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "packages"), [("own-data.md", ["PIL"]), ("train.md", ["sklearn"])]
)
def test_a_page_runs_from_top_to_bottom(page, packages, tmp_path, monkeypatch, capsys):
    """Its Python and its commands, in the order in which a reader meets them."""
    for package in packages:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    text, space = (DOCS / page).read_text(encoding="utf-8"), {}
    blocks = re.findall(r"^```(python|console)\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE)
    assert {kind for kind, _ in blocks} == {"python", "console"}
    for kind, block in blocks:
        if kind == "python":
            exec(block, space)
            continue
        for line in block.splitlines():
            assert line.startswith("$ agx ")
            assert cli.main(shlex.split(line)[2:]) == 0, (line, capsys.readouterr().err)


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


PACKAGE = Path(ag.__file__).parent
ROOMS = {
    p.stem + ("/" if p.is_dir() else ".py") for p in PACKAGE.iterdir() if p.suffix in ("", ".py")
}
MINOR = {"__pycache__/", "__init__.py", "__main__.py", "_version.py", "_names.py"}


@pytest.mark.parametrize("page", ["docs/how-agx-works.md", "CONTRIBUTING.md"])
def test_a_map_shows_every_room(page):
    text = (DOCS.parent / page).read_text(encoding="utf-8")
    assert [room for room in sorted(ROOMS - MINOR) if f"`{room}" not in text] == []


def test_the_tour_says_what_each_kernel_is_for():
    text = (DOCS / "how-agx-works.md").read_text(encoding="utf-8")
    kernels = {path.stem for path in (PACKAGE / "_kernels").glob("*.pyi")}
    assert kernels == set(re.findall(r"^\| `(\w+)` \| ", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", ["docs/how-agx-works.md", "CONTRIBUTING.md"])
def test_paths_that_are_named_exist(page):
    text = (DOCS.parent / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|pyx|pxi|pxd|pyi|h))`", text))
    source = DOCS.parent / "src" / "agx"
    homes = [source, source / "_kernels", DOCS.parent, DOCS.parent / "tests"]
    assert [name for name in sorted(named) if not any((h / name).exists() for h in homes)] == []
