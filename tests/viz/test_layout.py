"""The layout: ranks grow along arrows, boxes keep apart, and no text is wider than its box."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agx as ag
from agx.viz.layout import place
from agx.viz.scene import size_of, width_of


@st.composite
def graphs(draw):
    """Boxes of some sizes, and arrows from earlier to later ones, some of them more than once."""
    count = draw(st.integers(1, 25))
    sizes = {f"n{i}": (draw(st.floats(5, 200)), draw(st.floats(5, 60))) for i in range(count)}
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [
        (f"n{min(p)}", f"n{max(p)}") for p in draw(st.lists(pairs, max_size=50)) if p[0] != p[1]
    ]
    return sizes, edges


@given(graphs(), st.booleans())
def test_boxes_keep_apart_and_arrows_point_on(graph, across):
    sizes, edges = graph
    placed = place(sizes, edges, across)
    for a, b in itertools.combinations(sizes, 2):
        apart = [
            abs(placed.centres[a][k] - placed.centres[b][k]) - (sizes[a][k] + sizes[b][k]) / 2
            for k in (0, 1)
        ]
        assert max(apart) > 5
    along = 0 if across else 1
    for (a, b), arrow in zip(edges, placed.arrows, strict=True):
        ends = [p[along] for p in arrow]
        assert ends == sorted(ends)
        assert ends[0] == pytest.approx(placed.centres[a][along] + sizes[a][along] / 2)
        assert ends[-1] == pytest.approx(placed.centres[b][along] - sizes[b][along] / 2)
    for name, (x, y) in placed.centres.items():
        w, h = sizes[name]
        assert x - w / 2 >= -1e-6 and x + w / 2 <= placed.width + 1e-6
        assert y - h / 2 >= -1e-6 and y + h / 2 <= placed.height + 1e-6


@given(graphs())
def test_layout_is_deterministic(graph):
    assert place(*graph, False) == place(*graph, False)


def test_arrows_between_the_same_boxes_arrive_apart():
    sizes = {"a": (50.0, 20.0), "b": (50.0, 20.0)}
    arrows = place(sizes, [("a", "b"), ("a", "b")], False).arrows
    assert arrows[0][-1] != arrows[1][-1]


def test_crossed_arrows_are_uncrossed():
    sizes = dict.fromkeys("abcd", (30.0, 20.0))
    centres = place(sizes, [("a", "d"), ("b", "c")], False).centres
    assert (centres["a"][0] < centres["b"][0]) == (centres["d"][0] < centres["c"][0])


def test_arrow_passes_the_boxes_of_ranks_between():
    sizes = dict.fromkeys("abc", (60.0, 20.0))
    placed = place(sizes, [("a", "b"), ("b", "c"), ("a", "c")], False)
    x, y = placed.centres["b"]
    beside = [px for px, py in placed.arrows[2] if abs(py - y) <= 10.1]
    assert beside and all(abs(px - x) > 30 for px in beside)


def test_way_of_a_network_is_straight():
    """Leaves stand beside what reads them, and do not push it aside."""
    sizes, edges = {"x0": (40.0, 20.0)}, []
    for i in range(6):
        sizes |= {f"w{i}": (60.0, 20.0), f"x{i + 1}": (40.0, 20.0)}
        edges += [(f"x{i}", f"x{i + 1}"), (f"w{i}", f"x{i + 1}")]
    centres = place(sizes, edges, False).centres
    assert np.ptp([centres[f"x{i}"][0] for i in range(1, 7)]) < 15


def test_thousands_of_boxes_do_not_recurse():
    y = ag.Scalar(1.0)
    for _ in range(3_000):
        y = -y
    assert ag.draw(y).svg.count("<ellipse") == 3_000


@pytest.mark.parametrize("kind", ["leaf", "constant", "value", "operation", "module"])
@pytest.mark.parametrize("text", ["WWWWWWWW", "i", "value -1.234e-05", "(64, 16, 10, 10) float32"])
def test_text_fits_its_box(kind, text):
    width, height = size_of(kind, [text, text])
    assert width_of(text) < width - 6 and height > 22
    if kind == "operation":  # the corners of the lines are inside the ellipse
        assert (width_of(text) / width) ** 2 < 1
