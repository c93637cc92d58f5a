import re
import xml.etree.ElementTree as ElementTree
import zlib
from collections import Counter

import numpy as np
import pytest

import agx as ag
from agx.viz.outline import outline
from agx.viz.raster import _STROKES


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
    assert label(ag.draw(big), "v0") == r"leaf(big)\nvalue (8, 3) float32\ngrad of norm 4.899"
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


def test_dot_and_mermaid_are_text(tmp_path):
    drawing = ag.draw(ag.Scalar(1.0, label="ü"))
    path = drawing.save(tmp_path / "graph.dot")
    assert path.read_text(encoding="utf-8") == drawing.dot
    x = ag.Scalar(3.0, label='a "b"')
    chart = ag.draw(x * x)
    assert chart.save(tmp_path / "graph.mmd").read_text() == chart.mermaid
    assert chart.mermaid.splitlines() == [
        "flowchart LR",
        '  v0["leaf(a #quot;b#quot;)<br>value 3<br>grad 0"]',
        '  v1_op(["mul"])',
        "  v0 --> v1_op",
        "  v0 --> v1_op",
        '  v1["value 9<br>grad 0"]',
        "  v1_op --> v1",
    ]


def test_unknown_format(tmp_path):
    with pytest.raises(ValueError, match=r"in \.svg, \.png, \.pdf, .*, \.mmd, got 'graph\.bmp'"):
        ag.draw(ag.Scalar(1.0)).save(tmp_path / "graph.bmp")


def test_scale_is_positive(tmp_path):
    with pytest.raises(ValueError, match="scale must be a positive number of pixels, got 0"):
        ag.draw(ag.Scalar(1.0)).save(tmp_path / "graph.png", scale=0)


@pytest.mark.parametrize("fold", [True, -1, 1.5, "all"])
def test_depth_is_a_number(fold):
    with pytest.raises(ValueError, match="fold must be a depth of 0 or more, or False"):
        ag.draw(ag.Scalar(1.0), fold=fold)


def test_notebooks_see_the_drawing():
    drawing = ag.draw(first_slide()[1])
    assert drawing._repr_svg_() == drawing.svg
    assert repr(drawing).startswith("<Drawing of 10 values and 7 operations; ")


# --- files ---------------------------------------------------------------------------------------


def parse(svg):
    root = ElementTree.fromstring(svg)
    space = {"s": "http://www.w3.org/2000/svg"}
    return root, [t.text for t in root.findall(".//s:text", space)]


def test_svg_has_the_text_of_every_box_and_an_arrow_for_every_input():
    x, f = first_slide()
    root, texts = parse(ag.draw(f).svg)
    tags = Counter(element.tag.rpartition("}")[2] for element in root.iter())
    assert (tags["ellipse"], tags["rect"], tags["path"], tags["polygon"]) == (7, 11, 18, 18)
    assert f"grad {x.grad:.4g}" in texts and texts.count("add") == 3


def test_what_users_name_is_escaped(tmp_path):
    drawing = ag.draw(ag.Scalar(1.0, label="<script>&'\"") * 2.0)
    assert "<script>" not in drawing.save(tmp_path / "x.html").read_text()
    assert "leaf(<script>&'\")" in parse(drawing.svg)[1]


def chunks(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, found = 8, {}
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(
            data[at + 8 + length : at + 12 + length], "big"
        )
        found[kind] = body
        at += 12 + length
    return found


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_png_is_valid_and_has_the_colours_of_the_boxes(tmp_path, scale):
    drawing = ag.draw(first_slide()[1])
    found = chunks(drawing.save(tmp_path / "graph.png", scale=scale).read_bytes())
    width, height = (int.from_bytes(found[b"IHDR"][i : i + 4], "big") for i in (0, 4))
    assert width == round((drawing.scene.width + 20) * scale)
    rows = np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    pixels = rows[:, 1:].reshape(height, width, 3)
    for shape in drawing.scene.shapes:  # near the left edge there is no letter
        column = round((shape.x - shape.width / 2 + 13) * scale)
        found = pixels[round((shape.y + 10) * scale), column]
        wanted = {"leaf": "dbeafe", "value": "ffffff", "operation": "fef3c7"}[shape.kind]
        assert bytes(found).hex() == wanted


def test_every_printable_letter_can_be_drawn():
    assert {chr(i) for i in range(32, 127)} <= set(_STROKES)
    for strokes in _STROKES.values():
        assert all(len(stroke) % 2 == 0 and stroke.isdigit() for stroke in strokes.split())


def test_pdf_has_its_objects_where_its_table_says(tmp_path):
    drawing = ag.draw(ag.Scalar(1.0, label="a (b) \\ ü 八") * 2.0)
    data = drawing.save(tmp_path / "graph.pdf").read_bytes()
    start = int(data.split(b"startxref\n")[1].split()[0])
    assert data[start : start + 4] == b"xref"
    entries = re.findall(rb"(\d{10}) 00000 n", data[start:])
    assert len(entries) == 5
    for i, entry in enumerate(entries, 1):
        assert data[int(entry) :].startswith(b"%d 0 obj" % i)
    page = re.search(rb"stream\n(.*)\nendstream", data, re.DOTALL)
    length = re.search(rb"/Length (\d+)", data)
    assert int(length[1]) == len(page[1])
    assert rb"(leaf\(a \(b\) \\ \xfc ?\)) Tj".replace(b"\\xfc", b"\xfc") in zlib.decompress(page[1])


# --- folding -------------------------------------------------------------------------------------


class Block(ag.nn.Module):
    def __init__(self):
        self.fc = ag.nn.Linear(4, 4)

    def forward(self, x):
        return ag.relu(self.fc(x)) + x


class Net(ag.nn.Module):
    def __init__(self, blocks):
        self.first = ag.nn.Linear(3, 4)
        self.blocks = ag.nn.Sequential(*[Block() for _ in range(blocks)])

    def forward(self, x):
        return ag.sum(self.blocks(ag.tanh(self.first(x))))


def net(blocks=1):
    x = ag.Tensor(np.ones((2, 3), np.float32), requires_grad=False, label="x")
    return Net(blocks)(x)


def boxes(drawing, kind):
    return [v.lines for v in drawing._vertices if v.kind == kind]


def test_parameters_have_their_names():
    titles = {item.title for item in outline(net()) if not item.op}
    assert titles == {
        "leaf(x)",
        "first.weight",
        "first.bias",
        "blocks.0.fc.weight",
        "blocks.0.fc.bias",
    }


def test_small_net_is_drawn_whole_and_a_large_one_folded():
    assert ag.draw(net()).depth is None
    large = ag.draw(net(20))
    assert large.depth is not None and large.direction == "TB"
    assert len(large._vertices) <= 16


def test_model_is_one_box_at_depth_0():
    drawing = ag.draw(net(2), fold=0)
    (lines,) = boxes(drawing, "module")
    assert lines[:3] == ["Net", "Net", "56 parameters"] and lines[3].startswith("value ")
    assert boxes(drawing, "constant") == [["leaf(x)", "value [[1, 1, 1], [1, 1, 1]]"]]


def test_layers_are_boxes_at_depth_1_and_operations_between_them_are_ellipses():
    drawing = ag.draw(net(2), fold=1)
    assert [lines[:2] for lines in boxes(drawing, "module")] == [
        ["Net.first", "Linear(3, 4)"],
        ["Net.blocks", "Sequential"],
    ]
    assert [lines[0] for lines in boxes(drawing, "operation")] == ["tanh", "sum"]


def test_equal_blocks_in_a_row_are_one_with_a_count():
    drawing = ag.draw(net(5), fold=2)
    assert boxes(drawing, "module") == [
        ["Net.first", "Linear(3, 4)", "(2, 4)", "16 parameters"],
        ["Net.blocks.0 and 4 more", "Block x 5", "(2, 4)", "20 parameters"],
    ]


def test_module_that_is_called_twice_has_two_boxes():
    layer = ag.nn.Linear(4, 4)

    class Twice(ag.nn.Module):
        def __init__(self):
            self.layer = layer

        def forward(self, x):
            return ag.sum(self.layer(self.layer(x)) * x)

    drawing = ag.draw(Twice()(ag.Tensor(np.ones((1, 4), np.float32), label="x")), fold=1)
    assert (
        len(boxes(drawing, "module")) == 1 and boxes(drawing, "module")[0][1] == "Linear(4, 4) x 2"
    )


def test_lenet_with_its_loss_fits_a_notebook():
    model = ag.models.lenet5(in_channels=3, classes=2)
    loss = ag.cross_entropy(model(np.zeros((4, 3, 32, 32), np.float32)), np.zeros(4, int))
    drawing = ag.draw(loss)
    assert drawing.scene.width <= 900
    assert [lines[1].split("(")[0] for lines in boxes(drawing, "module")][:3] == [
        "Conv2d",
        "ReLU",
        "MaxPool2d",
    ]
    assert all(item.parameter in ("", *dict(model.named_parameters())) for item in outline(loss))
