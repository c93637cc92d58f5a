"""What ``ag.info`` says of the machine."""

from importlib import metadata

import numpy as np
import pytest

import agx as ag
from agx import installation
from agx._kernels import machine
from agx._runtime import threads


def test_facts_by_name_print_as_a_table():
    found = ag.info()
    assert found["numpy"] == np.__version__ and "graph" in found["kernels"]
    assert {"agx", "python", "blas", "threads", "data", "agx[plot]", "agx[images]"} <= set(found)
    assert found["threads"].startswith(f"{ag.get_num_threads()} of ")
    rows = [line.split("  ", 1)[0] for line in repr(found).splitlines()]
    assert rows == list(found)


def test_every_extra_has_a_row():
    extras = metadata.metadata("agx").get_all("Provides-Extra")
    assert {*installation.EXTRAS, "all"} == set(extras)


def test_an_extra_that_is_missing(monkeypatch):
    monkeypatch.setitem(installation.EXTRAS, "plot", "no-such-package")
    assert ag.info()["agx[plot]"] == "no-such-package is not installed"


@pytest.mark.parametrize("library", [None, threads.Blas("cblas_sgemm", "", int, int)])
def test_who_multiplies(monkeypatch, library):
    monkeypatch.setattr(threads, "blas", lambda: library)
    patches = "patches and " + ("cblas_sgemm of NumPy's BLAS" if library else "numpy.matmul")
    before = machine.set_level(0)
    try:
        found = ag.info()
        assert found["instructions"] == "baseline"
        assert found["matrix products"] == "numpy.matmul" and found["convolution"] == patches
        machine.set_level(99)
        found = ag.info()
        if machine.has_tiles():
            name = found["instructions"]
            assert found["matrix products"].startswith(f"{name} tiles for float32")
            assert found["convolution"] == f"{name} tiles, for strides beyond 16 {patches}"
    finally:
        machine.set_level(before)
