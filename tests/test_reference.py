"""The reference: every public function and class has arguments, shapes, errors and an example.

What a docstring does not say stands below a heading of that name in ``docs/reference``. Each block
there runs, and each error that an entry names is raised by one of its blocks. The errors that many
functions share stand once, in a part with their names; its blocks call each of them as ``f``.
"""

import builtins
import doctest
import functools
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from public import public

import agx as ag

pytest.importorskip("scipy")
pytest.importorskip("sklearn")
PAGES = Path(__file__).parents[1] / "docs" / "reference"
if not PAGES.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def walk(module, name):
    """The functions and classes that a module offers, by their full names, and its modules'."""
    for key in public(module):
        value = getattr(module, key)
        if inspect.ismodule(value):
            yield from walk(value, f"{name}.{key}")
        elif callable(value) and not is_of_numpy(value, key):
            yield f"{name}.{key}", value


def is_of_numpy(value, key):
    return any(value is getattr(home, key, None) for home in (np, np.linalg, np.fft))


@functools.cache
def everything():
    return dict(walk(ag, "ag"))


@functools.cache
def names_of():
    """All names of a function, by each of them: ``ag.abs`` is ``ag.absolute``."""
    same = {}
    for name, value in everything().items():
        same.setdefault(id(value), []).append(name)
    return {name: same[id(value)] for name, value in everything().items()}


def sections(text, level):
    """The parts of a page below headings of a level, by heading."""
    parts = re.split(rf"^{'#' * level} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@functools.cache
def pages():
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))}


def headings():
    return [
        (page, name)
        for page, text in pages().items()
        for name in re.findall("^## (.+)", text, flags=re.MULTILINE)
    ]


@functools.cache
def entries():
    """What the pages say of one function, by its name."""
    found = {name: text for page in pages().values() for name, text in sections(page, 2).items()}
    return {name: text for name, text in found.items() if not name.startswith("Errors of all")}


@functools.cache
def groups():
    """What the pages say of many functions, and their names."""
    found = {}
    for page, text in pages().items():
        for part, inside in sections(sections(text, 2).get(SHARED, ""), 3).items():
            members = re.search(r"^For ((?:`ag[\w.]+`[,.]?\s*)+)", inside, flags=re.MULTILINE)
            assert members, f"{page}: {part} must begin with: For `ag.name`, `ag.name`."
            found[f"{page}: {part}"] = re.findall(r"`(ag[\w.]+)`", members[1]), inside
    return found


SHARED = "Errors of all functions here"


def own_text(name):
    """What the docstring, the entry and the parts for many say of a function."""
    names = names_of()[name]
    shared = [text for members, text in groups().values() if not set(names).isdisjoint(members)]
    mine = [entries().get(other, "") for other in names]
    return "\n".join([inspect.getdoc(everything()[name]) or "", *mine, *shared])


#: How one text sends a reader to another: "otherwise as ``lenet5``", "arguments are those of `ag.max`".
POINTER = (
    r"(?:[Ss]ee|[Aa]s(?: of| in)?|(?:those|inverse|one step) of|[Cc]ompute) "
    r"(`+(?:ag\.)?[\w.]+|ag\.[\w.]+|\w*[A-Z_]\w*)"
)


def text_of(name):
    """That, and what it refers to, directly or not."""
    seen, left = {}, [name]
    while left:
        at = left.pop()
        if at not in seen:
            seen[at] = own_text(at)
            home = at.rpartition(".")[0]
            for word in re.findall(POINTER, seen[at]):
                word = word.strip("`").rstrip(".")
                left += [w for w in (word, f"{home}.{word}", f"ag.{word}") if w in everything()]
    return "\n".join(seen.values())


#: Names of arguments that are words as well, and say something about them in quotes only.
WORDS = {
    *("a", "copy", "full", "initial", "kind", "left", "like", "mean", "order", "out", "range"),
    *("right", "shift", "value", "values", "where"),
}


def arguments(name):
    value = everything()[name]
    try:
        parameters = inspect.signature(value).parameters
    except ValueError:
        return []
    return [p for p in parameters if p != "self"]


def is_named(argument, text):
    if argument in WORDS:
        return re.search(rf"`[^`\n]*\b{argument}\b[^`\n]*`|\b{argument}=", text) is not None
    return re.search(rf"(?<![\w.]){re.escape(argument)}\b", text) is not None


#: What cannot fail, by the reason.
CANNOT_FAIL = {
    "they take nothing": "ag.get_num_threads ag.info ag.is_recording ag.data.data_home",
    "it takes anything and does nothing": "ag.nn.Identity",
    "it is there for isinstance": "ag.Node",
}

#: What takes no arrays whose shapes could matter, by the reason.
NO_SHAPES = {
    "they take numbers, names, files or nothing": """
        ag.get_num_threads ag.info ag.is_recording ag.no_grad ag.seed ag.set_num_threads ag.set_winograd
        ag.set_workspace ag.load ag.save
    """,
    "they take functions, whose arrays may have any shape": "ag.checkpoint ag.compile",
    "they hold modules": "ag.nn.Module ag.nn.ModuleDict ag.nn.ModuleList",
}

SHAPES = (
    r"shape|broadcast|elementwise|scalar|\bax[ei]s\b|vector|matri|\(N\b|\(N,|\(\.\.\.|length|images|"
    r"sequence"
)
TAKE_ARRAYS = ("ag.", "ag.linalg.", "ag.fft.", "ag.special.", "ag.nn.", "ag.nn.init.", "ag.models.")


def missing(name):
    """What nothing says of a function."""
    text = text_of(name)
    lacks = [f"argument {a}" for a in arguments(name) if not is_named(a, text)]
    home = name.rpartition(".")[0] + "."
    listed = " ".join(NO_SHAPES.values()).split()
    if home in TAKE_ARRAYS and name not in listed and not re.search(SHAPES, text):
        lacks.append("shapes")
    if name not in " ".join(CANNOT_FAIL.values()).split() and "Error" not in own_text(name):
        lacks.append("an error")
    if not has_example(name):
        lacks.append("an example")
    return lacks


def has_example(name):
    """Whether one runs: a line of the docstring that is not skipped, or an ``Example:``."""
    doc = inspect.getdoc(everything()[name]) or ""
    lines = re.findall("^>>> (?!import ).*", doc, flags=re.MULTILINE)
    if any("+SKIP" not in line for line in lines):
        return True
    return any("\nExample:\n" in entries().get(other, "") for other in names_of()[name])


@pytest.mark.parametrize("name", list(everything()))
def test_nothing_is_missing(name):
    assert missing(name) == []


class Runner(doctest.DocTestRunner):
    """Runs blocks and notes what they raise."""

    def __init__(self):
        super().__init__(optionflags=FLAGS, verbose=False)
        self.raised = set()

    def report_success(self, out, test, example, got):
        if example.exc_msg:
            name = example.exc_msg.split(":")[0].rpartition(".")[2].strip()
            kind = getattr(builtins, name, None)
            self.raised |= {k.__name__ for k in kind.__mro__} if kind else {name}


def run(text, name, **space):
    """Run the blocks of a text one after the other, and return the errors they raise."""
    runner, globs = Runner(), {"ag": ag, "np": np, **space}
    for block in re.findall(r"^```pycon\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        test = doctest.DocTestParser().get_doctest(block, globs, name, None, 0)
        runner.run(test, clear_globs=False)
        globs = test.globs
    assert runner.failures == 0
    return runner.raised


def promised(text):
    """The errors that the lines after ``Errors:`` name."""
    found = re.findall(r"^Errors: (.*?)(?:\n\n|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"\b(\w+Error)\b", " ".join(found)))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", list(entries()))
def test_blocks_run_and_raise_what_the_entry_says(name):
    need(name)
    assert promised(entries()[name]) <= run(entries()[name], name)


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, (names, _) in groups().items() for name in names]
)
def test_all_functions_of_a_part_raise_what_it_says(part, name):
    text = groups()[part][1]
    assert promised(text) or "```" not in text
    assert promised(text) <= run(text, name, f=everything()[name])


#: What a docstring may say is raised without an example of it here, by the reason.
NOT_TRIED = {"a package would have to be absent": "ImportError", "no network": "ConnectionError"}


@pytest.mark.parametrize("name", list(everything()))
def test_an_example_raises_each_error_that_the_docstring_names(name):
    named = set(re.findall(r"\b(\w+Error)\b", inspect.getdoc(everything()[name]) or ""))
    if left := named - set(NOT_TRIED.values()):
        need(name)
        for other in names_of()[name]:
            left -= run(entries().get(other, ""), name)
        for members, text in groups().values():
            if left and not set(members).isdisjoint(names_of()[name]):
                left -= run(text, name, f=everything()[name])
    assert left == set()


#: The packages that the examples of these need besides agx.
NEEDS = {
    "ag.onnx.": "onnx",
    "ag.viz.": "matplotlib",
    "ag.data.image_folder": "PIL",
    "ag.runs.load": "PIL",
}


def need(name):
    for begin, package in NEEDS.items():
        if name.startswith(begin):
            pytest.importorskip(package)


@pytest.mark.parametrize(("page", "heading"), headings())
def test_no_heading_is_stale(page, heading):
    assert heading in everything() or heading == SHARED


def test_names_stand_once():
    every = [heading for _, heading in headings() if heading != SHARED]
    assert sorted(every) == sorted(set(every))
    for part, (names, _) in groups().items():
        assert [n for n in names if n not in everything()] == [], part


def test_what_cannot_fail_or_has_no_shapes_is_public():
    listed = " ".join([*CANNOT_FAIL.values(), *NO_SHAPES.values()]).split()
    assert [name for name in listed if name not in everything()] == []


def test_what_an_entry_promises_is_read_from_its_errors():
    text = "No KeyError.\n\nErrors: ValueError for a,\nand TypeError for b.\n\nExample: OSError."
    assert promised(text) == {"ValueError", "TypeError"}


def test_a_wrong_block_is_noticed():
    with pytest.raises(AssertionError):
        run("```pycon\n>>> ag.sin(0.0)\n1.0\n```\n", "wrong")


def test_an_error_that_is_not_raised_is_noticed():
    assert run("```pycon\n>>> ag.sin(0.0)\nnp.float64(0.0)\n```\n", "none") == set()
