"""The lecture's notebooks: made of their solved texts, which run and whose answers are right."""

import contextlib
import importlib.util
import io
import json
import os
import re
from pathlib import Path

import pytest

import agx as ag

ROOT = Path(__file__).parents[1]
LECTURE = ROOT / "examples" / "lecture"
TOOL = ROOT / "tools" / "notebooks.py"
if not TOOL.exists():
    pytest.skip("the tool is not beside these tests", allow_module_level=True)
SOLVED = sorted((LECTURE / "solved").glob("*.py"))


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("notebooks", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(text):
    """The sources of the cells of a text in the percent format."""
    parts = re.split(r"^# %%(?: \[markdown\])?\n", text, flags=re.MULTILINE)[1:]
    kinds = re.findall(r"^# %%( \[markdown\])?$", text, flags=re.MULTILINE)
    return [
        re.sub(r"^# ?", "", part.strip(), flags=re.MULTILINE) if kind else part.strip()
        for part, kind in zip(parts, kinds, strict=True)
    ]


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_copies_are_those_that_the_tool_writes(tool, path):
    text = path.read_text(encoding="utf-8")
    copy = LECTURE / path.name
    assert copy.read_text(encoding="utf-8") == tool.blanked(text)
    for source in (path, copy):
        found = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
        sources = ["".join(cell["source"]).strip() for cell in found["cells"]]
        assert sources == cells(source.read_text(encoding="utf-8"))
        assert not any(cell.get("outputs") for cell in found["cells"])


def run(text, folder):
    """What a text prints as the script that it is."""
    out, before = io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(text, "notebook", "exec"), {"__name__": "notebook"})
    finally:
        os.chdir(before)
    return out.getvalue()


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_solved_texts_run_and_their_answers_are_right(path):
    text = path.read_text(encoding="utf-8")
    shown = re.sub(r"^(check_exercise\(.*\))$", r"print(\1)", text, flags=re.MULTILINE)
    if "ag.viz" in text:
        pytest.importorskip("matplotlib")
    found = run(shown, LECTURE)
    assert found.count(": right\n") == text.count("\ncheck_exercise(") == text.count("# blank: ")


def test_all_exercises_are_asked():
    asked = re.findall(
        r'^check_exercise\("(\w+)"', "".join(p.read_text() for p in SOLVED), re.MULTILINE
    )
    with pytest.raises(ValueError, match="expected one of") as caught:
        ag.testing.check_exercise("", print)
    assert asked == re.search("one of (.*), got", str(caught.value))[1].split(", ")


@pytest.mark.parametrize("path", SOLVED[:3], ids=lambda path: path.stem)
def test_students_get_a_hint_and_no_solution(tool, path):
    text = tool.blanked(path.read_text(encoding="utf-8"))
    assert "# blank" not in text and text.count("raise NotImplementedError") == text.count(
        "\ncheck_exercise("
    )
    first = text[: text.index("\n", text.index("\ncheck_exercise(") + 1)]
    shown = re.sub(r"^(check_exercise\(.*\))$", r"print(\1)", first, flags=re.MULTILINE)
    assert "not yet\n  - it raises NotImplementedError: " in run(shown, LECTURE)
