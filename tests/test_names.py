"""Tab completion shows what a module has for its users, and nothing else."""

import ast
import importlib
from pathlib import Path

import pytest
from public import public

import agx as ag


def offered(module):
    """What a module's source defines or passes on (``import x as x``), by the rules for typed packages."""
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name == alias.asname)


def namespaces(module):
    """The modules that a module passes on, and theirs; a type checker sees those loaded late too."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level and not node.module:
            for alias in node.names:
                found = importlib.import_module(f"{module.__name__}.{alias.name}")
                yield found
                if hasattr(found, "__path__"):
                    yield from namespaces(found)


NAMESPACES = [*namespaces(ag), ag.viz]


@pytest.mark.parametrize("module", NAMESPACES, ids=lambda module: module.__name__)
def test_completion_shows_what_is_offered(module):
    assert public(module) == sorted(offered(module))


def test_the_namespaces_are_found():
    names = {module.__name__.removeprefix("agx.") for module in NAMESPACES}
    assert {
        "data",
        "fft",
        "linalg",
        "models",
        "nn",
        "nn.init",
        "optim",
        "special",
        "testing",
    } <= names
