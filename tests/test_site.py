"""The site of the documentation: what becomes of docstrings, and how its links are checked."""

import sys
from pathlib import Path

import pytest
from public import public

import agx as ag

FOLDER = Path(__file__).parents[1] / "docs" / "_site"
if not FOLDER.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)
pytest.importorskip("scipy")
pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def site():
    """The modules that build the site."""
    sys.path.insert(0, str(FOLDER))
    import api
    import check

    yield type("Site", (), {"api": api, "check": check})
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def pages(site):
    return site.api.pages()


def test_every_public_function_has_an_entry(site, pages):
    text = "\n".join(pages.values())
    for space, prefix in (
        (ag, "ag"),
        (ag.nn, "ag.nn"),
        (ag.data, "ag.data"),
        (ag.linalg, "ag.linalg"),
    ):
        for name in public(space):
            value = getattr(space, name)
            if callable(value) and not site.api.is_of_numpy(value, name):
                assert f"}} {prefix}.{name}(" in text, name


def test_every_page_has_a_title_and_an_entry(pages):
    for name, text in pages.items():
        assert text.startswith("# "), name
        assert name == "index" or ":{py:" in text, name


def test_a_signature_shows_arguments_and_defaults_and_no_types(site):
    assert site.api.signature(ag.nn.Linear) == (
        "(in_features, out_features, bias=True, *, rng=None, dtype=np.float32)"
    )
    assert site.api.signature(ag.sin) == "(x, /)"


def test_a_docstring_becomes_markdown(site):
    doc = """Compute x * y_i, see ``sin``.

    - ``x`` is an argument

    >>> ag.sin(0.0)
    0.0

    The end.
    """
    assert site.api.markdown(doc, {"sin": "ag.sin", "x": "ag.x"}, {"x"}).split("\n") == [
        r"Compute x \* y\_i, see {py:obj}`sin <ag.sin>`.",
        "",
        "- `x` is an argument",
        "",
        "```pycon",
        ">>> ag.sin(0.0)",
        "0.0",
        "```",
        "",
        "",
        "The end.",
    ]


def test_what_the_reference_says_stands_below_the_docstring(site, tmp_path, monkeypatch):
    (tmp_path / "elementwise.md").write_text(
        "# Elementwise\n\n## Errors of all functions here\n\n### One array\n\n"
        "For `ag.sin`, `ag.cos`.\n\nErrors: TypeError.\n\n## ag.sin\n\nMore about the sine.\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(site.api, "REFERENCE", tmp_path)
    page = site.api.pages()["elementwise"]
    entry = page.split(":{py:function} ag.sin(")[1].split(":{py:")[0]
    assert entry.index("The derivative is") < entry.index("More about the sine.")
    assert "[One array](#shared-elementwise-one-array)" in entry
    assert "(shared-elementwise-one-array)=\n### One array" in page


def test_a_page_of_the_reference_without_a_place_is_an_error(site, tmp_path, monkeypatch):
    (tmp_path / "unknown.md").write_text("# Unknown\n", encoding="utf-8")
    monkeypatch.setattr(site.api, "REFERENCE", tmp_path)
    with pytest.raises(LookupError, match="unknown"):
        site.api.pages()


def test_a_function_of_an_unknown_module_is_an_error(site):
    with pytest.raises(LookupError, match="has no page: add its module to PAGES"):
        site.api.page_of("ag.new", "agx.new")


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="b.html">', None),
        ('<a href="b.html#here">', None),
        ('<a href="https://example.org/">', None),
        ('<a href="#here">', "a.html: #here has no such anchor"),
        ('<a href="b.html#there">', "a.html: b.html#there has no such anchor"),
        ('<a href="c.html">', "a.html: c.html does not exist"),
        ('<img src="d.png">', "a.html: d.png does not exist"),
        ('<script src="https://x.org/y.js">', "a.html: loads https://x.org/y.js from the network"),
        ('<link href="//x.org/y.css">', "a.html: loads //x.org/y.css from the network"),
    ],
)
def test_links_are_checked_without_a_network(site, tmp_path, html, problem):
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="here">', encoding="utf-8")
    assert site.check.problems(tmp_path) == ([problem] if problem else [])


def test_style_sheets_load_nothing_from_a_network(site, tmp_path):
    (tmp_path / "a.css").write_text("@import 'https://x.org/font.css';", encoding="utf-8")
    assert site.check.problems(tmp_path) == ["a.css: loads https://x.org/font.css from the network"]
