"""L-BFGS against PyTorch's path through two valleys, its state, and its errors."""

import numpy as np
import pytest
from oracles import tables

import agx as ag

PATHS = tables.answers("searches")
each_row = pytest.mark.parametrize("row", tables.SEARCHES, ids=lambda row: row.text)


def make(row, parameters):
    return eval(row.call.replace("[p]", "p"), {**vars(ag.optim), "p": parameters})


def search(row, p, parameters=None):
    """The optimiser, its closure, and the heights that it asks for, in a list that grows."""
    optimiser = make(row, parameters or [p])
    heights = []

    def closure():
        optimiser.zero_grad()
        height = tables.valley(row, p)
        height.backward()
        heights.append(height.item() if isinstance(height, ag.Tensor) else height.value)
        return height

    return optimiser, closure, heights


@each_row
def test_steps_are_pytorchs(row):
    p = ag.Tensor(row.draw("start", 4))
    optimiser, closure, heights = search(row, p)
    for k, expected in enumerate(PATHS[row.text]["path"]):
        before = len(heights)
        assert optimiser.step(closure).item() == heights[before]
        np.testing.assert_allclose(p.value, expected, rtol=1e-6, err_msg=f"step {k}")
    np.testing.assert_allclose(heights, PATHS[row.text]["heights"], rtol=1e-5, atol=1e-12)
    assert optimiser.evaluations == len(heights)
