import re
import shutil
import sys
import warnings

import numpy as np
import pytest

import agx as ag

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="Graphviz's dot is not installed"
)


def edges(drawing):
    return re.findall(r"(\w+) -> (\w+);", drawing.dot)


def label(drawing, name):
    return re.search(rf'{name} \[label="((?:[^"\\]|\\.)*)"', drawing.dot).group(1)


def first_slide():
    x, y = ag.Scalar(0.7, label="x"), ag.Scalar(-1.9, label="y")
    f = ag.log(1 + ag.exp(-(x + y))) * (x + y)
    f.backward()
    return x, f


def test_first_slide_has_every_value_operation_and_gradient():
    x, f = first_slide()
    drawing = ag.draw(f)
    assert drawing.values == 10 and drawing.operations == 7
    ops = [re.search(r'label="(\w+)", shape=ellipse', line) for line in drawing.dot.splitlines()]
    assert sorted(m.group(1) for m in ops if m) == ["add", "add", "add", "exp", "log", "mul", "neg"]
    assert rf"leaf(x)\nvalue 0.7\ngrad {x.grad:.4g}" in drawing.dot
    assert str(drawing) == drawing.dot and drawing.dot.startswith("digraph agx {\n  rankdir=LR;")


def test_drawing_is_deterministic_and_a_snapshot():
    x, f = first_slide()
    drawing = ag.draw(f)
    before = str(drawing)
    assert ag.draw(f).dot == before
    x.value = 5.0
    assert drawing.dot == before and ag.draw(f).dot != before


def test_repeated_input_has_two_edges():
    x = ag.Scalar(3.0, label="x")
    assert edges(ag.draw(x * x)) == [("v0", "v1_op"), ("v0", "v1_op"), ("v1_op", "v1")]


@pytest.mark.parametrize("kind", [ag.Scalar, ag.Tensor])
@pytest.mark.parametrize("op", ["__sub__", "__truediv__", "__pow__"])
def test_inputs_keep_left_and_right(kind, op):
    a, b = kind(2.0, label="a"), kind(3.0, label="b")
    drawing = ag.draw(getattr(b, op)(a))
    (left, target), (right, _), _ = edges(drawing)
    assert label(drawing, left).startswith("leaf(b)") and label(drawing, right).startswith(
        "leaf(a)"
    )
    assert f"{target} [" in drawing.dot and "ordering=in" in drawing.dot


def test_constants_are_light_boxes_in_their_place():
    t = ag.Tensor(np.ones((2, 4)), label="t")
    drawing = ag.draw((2.5 - t) * np.zeros(4))
    assert label(drawing, "v1_c0") == "2.5" and label(drawing, "v2_c1") == "[0, 0, 0, 0]"
    assert edges(drawing)[:2] == [("v1_c0", "v1_op"), ("v0", "v1_op")]


def test_values_are_numbers_when_few_and_shapes_when_many():
    small = ag.Tensor([[1.0, -2.0], [0.25, 4.0]])
    assert label(ag.draw(small), "v0") == r"leaf\nvalue [[1, -2], [0.25, 4]]\ngrad none"
    assert label(ag.draw(ag.Tensor(1.23456789)), "v0") == r"leaf\nvalue 1.235\ngrad none"
    big = ag.Tensor(np.zeros((8, 3), np.float32), label="big")
    big.grad = 1.0
    assert label(ag.draw(big), "v0") == r"leaf(big)\nvalue (8, 3) float32\ngrad (8, 3) float32"
    assert label(ag.draw(ag.Tensor(np.zeros((0, 2)))), "v0").startswith(r"leaf\nvalue (0, 2)")


def test_gradient_none_until_it_arrives_and_absent_where_not_wanted():
    x = ag.Tensor([1.0, 2.0], label="x")
    data = ag.Tensor([3.0, 4.0], label="data", requires_grad=False)
    y = (x * data).sum()
    assert "grad none" in label(ag.draw(y), "v0")
    assert x.grad_or_none is None
    y.backward()
    drawing = ag.draw(y)
    assert label(drawing, "v0") == r"leaf(x)\nvalue [1, 2]\ngrad [3, 4]"
    assert label(drawing, "v1") == r"leaf(data)\nvalue [3, 4]"


def test_labels_are_escaped():
    x = ag.Scalar(1.0, label='say "\\N"\nline')
    text = label(ag.draw(x), "v0")
    assert text.startswith(r"leaf(say \"\\N\"\nline)")


def test_own_operation_and_labelled_result():
    x = ag.Scalar(2.0, label="x")
    out = ag.Scalar(8.0, inputs=[x], op="cube", label="y")
    drawing = ag.draw(out)
    assert label(drawing, "v1_op") == "cube" and label(drawing, "v1").startswith(r"y\nvalue 8")


def assigned():
    x, u = ag.Tensor([3.0, 2.0], label="x"), ag.zeros(3)
    u.label = "u"
    u[0] = x[0]
    u[1] = x[1] * u[0]
    return ag.draw(ag.sum(u))


def operands(drawing, name):
    """The texts of what goes into the operations of a name, in order."""
    ops = re.findall(rf'(\w+) \[label="{name}", shape=ellipse', drawing.dot)
    return [[label(drawing, a) for a, b in edges(drawing) if b == op] for op in ops]


def test_versions_of_an_assigned_array_show_numbers_only_if_they_still_have_them():
    (first, zeros), (second, version) = operands(assigned(), "assign")
    assert first.startswith("value 3") and zeros == "[0, 0, 0]"
    assert second.startswith("value 6") and version == "(3,), changed since"
    assert operands(assigned(), "read") == [[version], [r"value [3, 6, 0]\ngrad none"]]


def test_what_was_read_of_an_assigned_array_has_its_label():
    assert operands(assigned(), "sum") == [[r"u\nvalue [3, 6, 0]\ngrad none"]]


def test_long_chain_does_not_recurse():
    x = y = ag.Scalar(1.0)
    for _ in range(5_000):
        y = -y
    drawing = ag.draw(y, max_nodes=None)
    assert drawing.values == 5_001 and len(edges(drawing)) == 10_000
    del x


def test_shared_subgraphs_are_drawn_once():
    x = ag.Scalar(1.0)
    for _ in range(60):
        x = x + x
    assert ag.draw(x).values == 61


def test_direction():
    assert "rankdir=TB;" in ag.draw(ag.Scalar(1.0), direction="TB").dot
    with pytest.raises(ValueError, match="direction must be 'LR' .* or 'TB' .*, got 'up'"):
        ag.draw(ag.Scalar(1.0), direction="up")


def test_too_many_nodes():
    y = ag.Scalar(1.0)
    for _ in range(20):
        y = -y
    with pytest.raises(ValueError, match="more than 10 values.*pass max_nodes=None"):
        ag.draw(y, max_nodes=10)
    assert ag.draw(y, max_nodes=21).values == 21


def test_only_nodes_can_be_drawn():
    with pytest.raises(TypeError, match="expected a Scalar or a Tensor, got ndarray"):
        ag.draw(np.ones(2))


def test_dot_file_needs_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = ag.draw(ag.Scalar(1.0, label="ü"))
    path = drawing.save(tmp_path / "graph.dot")
    assert path.read_text(encoding="utf-8") == drawing.dot


def test_unknown_format(tmp_path):
    with pytest.raises(ValueError, match=r"ending in \.svg, \.png, \.pdf, \.dot, got 'graph\.bmp'"):
        ag.draw(ag.Scalar(1.0)).save(tmp_path / "graph.bmp")


def test_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = ag.draw(ag.Scalar(1.0))
    with pytest.raises(ImportError, match=r'pip install "agx\[graph\]"'):
        drawing.save(tmp_path / "graph.svg")
    assert drawing._repr_svg_() is None
    assert 'pip install "agx[graph]"' in repr(drawing)


def test_missing_program_is_named(tmp_path, monkeypatch):
    pytest.importorskip("graphviz")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    drawing = ag.draw(ag.Scalar(1.0))
    with pytest.raises(RuntimeError, match="dot program.*apt install graphviz"):
        drawing.save(tmp_path / "graph.svg")
    assert drawing._repr_svg_() is None and "dot program" in repr(drawing)


@needs_dot
def test_pictures(tmp_path):
    pytest.importorskip("graphviz")
    _, f = first_slide()
    drawing = ag.draw(f)
    starts = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix, start in starts.items():
            assert drawing.save(tmp_path / f"graph{suffix}").read_bytes().startswith(start)
    assert "</svg>" in drawing._repr_svg_()
    assert repr(drawing).startswith("<Drawing of 10 values and 7 operations; ")
