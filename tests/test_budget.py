"""Small enough to read: no file over 600 lines, no function over 60."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["src", "tests", "benchmarks", "examples", "wheels"]
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py*")
    if path.suffix in (".py", ".pyi", ".pyx", ".pxd", ".pxi")
)
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
MAX_FILE, MAX_FUNCTION = 600, 60


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


def cython_functions(text):
    """A function goes from its ``def`` to the last line that is indented deeper."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        found = re.match(r"( *)(?:def|cdef|cpdef)\b[^=]*?(\w+)\(", line)
        if not found:
            continue
        end, indent = start, len(found[1])
        for i in range(start + 1, len(lines)):
            if lines[i].strip():
                if len(lines[i]) - len(lines[i].lstrip()) <= indent:
                    break
                end = i
        yield found[2], end - start + 1


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_file_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE
    functions = cython_functions if path.suffix in (".pyx", ".pxd", ".pxi") else python_functions
    assert [(name, size) for name, size in functions(text) if size > MAX_FUNCTION] == []
