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
        elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield from importlib.import_module(
                "." * node.level + node.module, module.__spec__.parent
            ).__all__
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name == alias.asname)


def namespaces(module):
    """The modules of agx that a module shows, and theirs."""
    for name in public(module):
        found = getattr(module, name)
        if getattr(found, "__file__", "").startswith(str(Path(ag.__file__).parent)):
            yield found
            yield from namespaces(found)


NAMESPACES = list(namespaces(ag))


@pytest.mark.parametrize("module", NAMESPACES, ids=lambda module: module.__name__)
def test_completion_shows_what_is_offered(module):
    assert public(module) == sorted(offered(module))


def test_there_are_namespaces_to_look_at():
    assert {ag.nn, ag.nn.init, ag.optim, ag.data, ag.testing} <= set(NAMESPACES)


def test_completion_of_a_tensor_shows_no_engine():
    names = set(dir(ag.Tensor(1.0)))
    assert {"value", "grad", "op", "inputs", "sum", "backward", "register_hook"} <= names
    assert not names & {
        "array",
        "disposable",
        "kept",
        "past",
        "shared",
        "spent",
        "traced",
        "version",
        "writable",
    }
    assert "grad_or_none" not in names
