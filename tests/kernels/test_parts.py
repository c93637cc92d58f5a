"""The one extension has the names of its parts, and each part's stub says what it has."""

import ast
import importlib
from pathlib import Path

import pytest

from agx import _kernels
from agx._kernels import compiled

STUBS = Path(_kernels.__file__).parent


def told(part):
    """What the stub of a part says that there is."""
    body = ast.parse((STUBS / f"{part}.pyi").read_text(encoding="utf-8")).body
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id


@pytest.mark.parametrize("part", _kernels.PARTS)
def test_a_part_is_the_extension(part):
    assert getattr(_kernels, part) is importlib.import_module(f"agx._kernels.{part}") is compiled


def test_each_name_is_in_the_stub_of_one_part():
    names = [name for part in _kernels.PARTS for name in set(told(part)) if name[0] != "_"]
    assert len(names) == len(set(names))
    there = {
        name for name, value in vars(compiled).items()
        if name[0] != "_" and getattr(value, "__module__", compiled.__name__) in (compiled.__name__, None)
        and (callable(value) or name.isupper())
    }  # fmt: skip
    assert set(names) == there
