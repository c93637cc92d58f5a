"""What is left out of a wheel: nothing that runs, nothing that a user reads, and no line moves."""

import ast
import importlib.util
import inspect
import zipfile
from pathlib import Path

import pytest

import agx as ag

TOOL = Path(__file__).parents[1] / "tools" / "shrink.py"
if not TOOL.exists():
    pytest.skip("the tool is not beside these tests", allow_module_level=True)
SOURCES = sorted(Path(ag.__file__).parent.rglob("*.py"))


@pytest.fixture(scope="module")
def shrink():
    spec = importlib.util.spec_from_file_location("shrink", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAM = '''\
"""A module."""  # with a comment


class Public:
    """A class."""

    def _hidden(self):
        """Nobody reads
        this."""
        return "# no comment"  # but this

    @property
    def _kept(self):
        """Decorated."""

    def method(self):
        """Read."""

        def inner():
            """Not read."""
            return 1

        return inner
'''
SHORT = '''\
"""A module."""


class Public:
    """A class."""

    def _hidden(self):


        return "# no comment"

    @property
    def _kept(self):
        """Decorated."""

    def method(self):
        """Read."""

        def inner():

            return 1

        return inner
'''


def test_comments_and_private_docstrings_become_blank_lines(shrink):
    assert shrink.shortened(PROGRAM) == SHORT


def without_docstrings(tree):
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and isinstance(body[0], ast.Expr):
            node.body = body[1:] if isinstance(body[0].value, ast.Constant) else body
    return ast.dump(tree, include_attributes=True)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_all_that_runs_stays_in_its_line(shrink, path):
    text = path.read_text(encoding="utf-8")
    short = shrink.shortened(text)
    assert without_docstrings(ast.parse(short)) == without_docstrings(ast.parse(text))


def test_private_package_keeps_what_others_pass_on(shrink):
    program = '''\
def offered():
    """Read."""
    return 1


def kept():
    """Not read."""
    return 2
'''
    short = shrink.shortened(program, {"offered"})
    assert '"""Read."""' in short and "Not read" not in short
    assert short.count("\n") == program.count("\n")


def test_what_users_read_stays(shrink):
    short = shrink.shortened(Path(inspect.getsourcefile(ag.Tensor)).read_text(encoding="utf-8"))
    (cls,) = [
        n for n in ast.parse(short).body if isinstance(n, ast.ClassDef) and n.name == "Tensor"
    ]
    assert ast.get_docstring(cls) == inspect.getdoc(ag.Tensor)


def test_script_loses_comments_and_indentation(shrink):
    script = 'function f() {  // adds\n  // one\n  return "a//b" + 1;\n}\n'
    assert shrink.shortened_script(script) == 'function f() {\n\nreturn "a//b" + 1;\n}\n'


def test_short_script_shows_the_same_page(shrink, browser, tmp_path):
    script = (Path(ag.__file__).parent / "viz" / "explore.js").read_text(encoding="utf-8")
    short = shrink.shortened_script(script)
    page = ag.explore(ag.Scalar(2.0) * 3.0).html
    assert page.count(script) == 1 and len(short) < 0.95 * len(script) and "  //" not in short
    seen = []
    for name, text in (("long", page), ("short", page.replace(script, short))):
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        browser.get_log("browser")
        browser.get(path.as_uri())
        assert browser.get_log("browser") == []
        seen.append(browser.execute_script("return document.querySelector('main').innerHTML"))
    assert seen[0] == seen[1] and "mul" in seen[0]


def packed(path, names, year):
    with zipfile.ZipFile(path, "w") as wheel:
        for name in names:
            wheel.writestr(
                zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), "" if name[-1] == "/" else "x"
            )
    return path


def test_the_order_and_time_of_packing_do_not_matter(shrink, tmp_path, monkeypatch):
    pytest.importorskip("zopfli")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    names = ["agx/b.txt", "agx/a.txt", "agx-1.dist-info/METADATA", "agx-1.dist-info/RECORD"]
    one = packed(tmp_path / "one.whl", names, 2001)
    other = packed(tmp_path / "other.whl", [*reversed(names), "agx/"], 2002)
    for wheel in (one, other):
        shrink.shrink(wheel, tmp_path)
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as wheel:
        assert wheel.namelist() == ["agx/a.txt", "agx/b.txt", *names[2:]]
        assert {info.date_time for info in wheel.infolist()} == {(2001, 9, 9, 1, 46, 40)}
