"""Borders: those of numpy.pad by PyTorch's names, as far as an image has elements for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from points import normal

import agx as ag
from agx.ops.images.border import MODES, bordered

NUMPYS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
def test_borders_are_numpys(mode, data):
    size = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    most = {"reflect": lambda n: n - 1, "circular": lambda n: n}.get(mode, lambda n: 3)
    widths = tuple(data.draw(st.tuples(*[st.integers(0, most(n))] * 2)) for n in size)
    x = normal(2, 3, *size)
    found = bordered("conv2d", x, widths, mode)
    np.testing.assert_array_equal(found, np.pad(x, ((0, 0), (0, 0), *widths), NUMPYS[mode]))


@pytest.mark.parametrize("mode", MODES)
def test_gradients_to_second_order(mode):
    ag.testing.check_grads(
        lambda x: bordered("conv2d", x * x, ((1, 2), (0, 1)), mode), normal(1, 2, 3, 3)
    )


@pytest.mark.parametrize(
    ("mode", "widths", "size"), [("reflect", (3, 0), 3), ("circular", (0, 4), 3), ("replicate", (1, 1), 0)]
)  # fmt: skip
def test_an_image_has_elements_enough(mode, widths, size):
    x = np.ones((1, 2, size, 3))
    with pytest.raises(
        ValueError, match=rf"f: padding .* by mode '{mode}' needs more than the {size}"
    ):
        bordered("f", x, (widths, (0, 0)), mode)
