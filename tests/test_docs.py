"""Every example in a docstring runs, and every public name has a docstring."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import Primitive

MODULES = [
    info.name
    for info in pkgutil.walk_packages(ag.__path__, "agx.")
    if not info.name.endswith("__main__")
]


#: What the examples of these modules need besides agx.
NEEDS = {
    "agx.viz.plots": "matplotlib",
    "agx.sklearn": "sklearn",
    "agx.ops.images.im2col": "scipy",
    "agx.ops.linalg.sparse": "scipy",
    "agx.ops.linalg.structured": "scipy",
    "agx.ops.special": "scipy",
    "agx.special": "scipy",
    **{name: "scipy" for name in MODULES if name.startswith("agx.compat.autograd.scipy")},
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    tests = list(finder.find(module, name, globs={"ag": ag, "np": np}))
    tests += [
        doctest.DocTestParser().get_doctest(value.__doc__, {"ag": ag, "np": np}, key, name, 0)
        for key, value in vars(module).items()
        if ">>>" in (value.__doc__ or "")
        and (isinstance(value, Primitive) or (isinstance(value, type) and value.__module__ == name))
    ]
    for test in tests:
        runner.run(test)
    assert runner.failures == 0


def public_functions():
    for name in dir(ag):
        ours = getattr(ag, name) is not getattr(np, name, None)
        if not name.startswith("_") and ours and callable(getattr(ag, name)):
            yield name


@pytest.mark.parametrize("name", list(public_functions()))
def test_public_names_are_documented(name):
    doc = getattr(ag, name).__doc__
    assert doc
    assert doc != Primitive.__doc__
    assert doc.strip().split("\n")[0].endswith((".", "):", ")"))
