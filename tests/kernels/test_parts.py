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


def members(node):
    """The names that the body of a class in a stub has."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name
        elif isinstance(item, ast.AnnAssign):
            yield item.target.id
        elif isinstance(item, ast.Assign):
            yield from (target.id for target in item.targets)


#: What Cython and Python give every class.
GIVEN = {
    "__dict__",
    "__doc__",
    "__module__",
    "__new__",
    "__pyx_vtable__",
    "__reduce__",
    "__reduce_cython__",
    "__repr__",
    "__setstate__",
    "__setstate_cython__",
    "__test__",
    "__weakref__",
}


@pytest.mark.parametrize("part", _kernels.PARTS)
def test_the_stub_of_a_class_has_all_its_members(part):
    body = ast.parse((STUBS / f"{part}.pyi").read_text(encoding="utf-8")).body
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name[0] != "_":
            there = {n for n in vars(getattr(compiled, node.name)) if n[0] != "_" or n[:2] == "__"}
            assert there - GIVEN - set(members(node)) == set(), node.name
