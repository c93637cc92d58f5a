"""ONNX files: they compute what the model does, for batches of any size, by another program."""

import os
import sys

import numpy as np
import pytest

import agx as ag
from agx import nn

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

DRAW = np.random.default_rng(0)
IMAGES = DRAW.normal(size=(2, 4, 6, 6)).astype(np.float32)
ROWS = DRAW.normal(size=(2, 6)).astype(np.float32)
STEPS = DRAW.normal(size=(2, 5, 3)).astype(np.float32)


def answer(path, x):
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def same(model, x, path, tolerance=1e-5):
    ag.onnx.export(model, path, x)
    longer = np.concatenate([x, 0.5 * x, x[:1]])
    if isinstance(model, nn.Module):
        model.eval()
    expected = model(ag.Tensor(longer)).value
    np.testing.assert_allclose(answer(path, longer), expected, tolerance, tolerance)


class Last(nn.Module):
    """Ask a recurrent layer for its last output."""

    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


MODELS = [
    (ag.models.lenet5(in_channels=1, classes=10), DRAW.random((2, 1, 32, 32), np.float32)),
    (ag.models.mlp(6, classes=3), ROWS),
    (nn.Linear(6, 3), IMAGES),
    (nn.Linear(6, 3, bias=False), IMAGES),
    (nn.Conv2d(4, 6, (2, 3), (1, 2), (0, 2), (2, 1), groups=2), IMAGES),
    (nn.ConvTranspose2d(4, 2, 3, 2, 1, 1), IMAGES),
    (nn.BatchNorm1d(6), ROWS),
    (nn.BatchNorm2d(4), IMAGES),
    (nn.LayerNorm((6, 6)), IMAGES),
    (nn.MaxPool2d(3, 2, 1), IMAGES),
    (nn.MaxPool2d(2, 3), IMAGES),
    (nn.AvgPool2d(3, 2, 1), IMAGES),
    (nn.AdaptiveAvgPool2d(2), IMAGES),
    (nn.GELU(), IMAGES),
    (nn.GELU("tanh"), IMAGES),
    (nn.SiLU(), IMAGES),
    (nn.LeakyReLU(0.2), IMAGES),
    (nn.ELU(), IMAGES),
    (nn.SELU(), IMAGES),
    (nn.CELU(0.5), IMAGES),
    (nn.PReLU(), IMAGES),
    (nn.PReLU(4), IMAGES),
    (nn.ReLU6(), IMAGES),
    (nn.Hardtanh(-0.5, 1.5), IMAGES),
    (nn.Hardsigmoid(), IMAGES),
    (nn.Hardswish(), IMAGES),
    (nn.Mish(), IMAGES),
    (nn.Softsign(), IMAGES),
    (nn.LogSigmoid(), IMAGES),
    (nn.Tanhshrink(), IMAGES),
    (nn.GLU(1), IMAGES),
    (nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), IMAGES[:, 0]),
    (nn.TransformerEncoderLayer(3, 1, 4, 0.0, "gelu", batch_first=True, norm_first=True), STEPS),
    (nn.Softplus(), IMAGES),
    (nn.Softmax(1), IMAGES),
    (nn.LogSoftmax(-1), IMAGES),
    (nn.Sequential(nn.Dropout(), nn.Flatten(), nn.Tanh()), IMAGES),
    (Last(nn.RNN(3, 4, batch_first=True)), STEPS),
    (Last(nn.GRU(3, 4, 2, batch_first=True)), STEPS),
    (Last(nn.LSTM(3, 4, batch_first=True, bidirectional=True)), STEPS),
]


@pytest.mark.parametrize(("model", "x"), MODELS, ids=lambda v: str(v).partition("(")[0][:20])
def test_models(model, x, tmp_path):
    same(model, x, tmp_path / "model.onnx")


FUNCTIONS = {
    "slices": lambda x: x[:, 0, ::2][..., None, 1:],
    "slices backwards": lambda x: x[:, ::-1, -2:0:-1],
    "reductions": lambda x: x.mean((2, 3)) + x.sum(1)[:, :4, 0] - x.max(axis=(2, 3)) * x.min(),
    "all": lambda x: x - x.sum() / 100 + ag.prod(x[:, :1, :1, :2], 3, keepdims=True),
    "variances": lambda x: ag.std(x, axis=(2, 3)) + ag.var(x, axis=3, ddof=1)[:, :, 0],
    "clip": lambda x: ag.clip(x, -1.0, 1.0) ** 2 @ np.ones((6, 2), np.float32),
    "axes": lambda x: x.transpose(0, 2, 3, 1).reshape(-1, 4),
    "one side": lambda x: ag.clip(x, None, 0.5) + ag.maximum(x, 0.0),
    "joined": lambda x: ag.concatenate([x, ag.square(x)], 1)[:, -1],
    "padded": lambda x: ag.pad(x, ((0, 0), (0, 0), (1, 0), (2, 1))),
    "expanded": lambda x: ag.broadcast_to(x[:, :1], (len(x), 3, 6, 6)) * np.float32(2),
    "powers": lambda x: ag.exp2(x) + ag.exp(-x) / (1 + ag.abs(x)),
    "float64": lambda x: ag.sin(ag.astype(x, np.float64)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, tmp_path):
    x = IMAGES.astype(np.float64) if name == "float64" else IMAGES
    same(FUNCTIONS[name], x, tmp_path / "model.onnx")


def test_every_operator_of_the_same_name_computes_the_same(tmp_path):
    special = {
        "arccosh": 3 + abs(ROWS),
        "arctanh": ROWS / 9,
        "arccos": ROWS / 9,
        "arcsin": ROWS / 9,
    }
    skipped = {"add", "sub", "mul", "div", "pow", "matmul", "maximum", "minimum"}
    positive = {"log", "sqrt", "reciprocal"}
    for name in sorted(ag.onnx.SAME.keys() - skipped):
        x = special.get(name, abs(ROWS) + np.float32(0.1) if name in positive else ROWS)
        function = getattr(ag, {"neg": "negative", "pos": "positive"}.get(name, name))
        if name in ("fabs",):
            function = ag.abs
        same(lambda x, f=function: f(x) + 0.0 * x, x, tmp_path / "model.onnx", 1e-4)


CEIL = {"ceil_mode": 1}
POOLS = {
    "MaxPool2d(3, 2, 1, ceil_mode=True)": {**CEIL, "pads": [1, 1, 1, 1]},
    "MaxPool2d(2, 2, ceil_mode=True)": {"pads": [0, 0, 0, 0]},
    "MaxPool2d((3, 2), 1, 1, (2, 3))": {"dilations": [2, 3]},
    "MaxPool2d((1, 3), (4, 2), 0, (1, 2), ceil_mode=True)": {
        "dilations": [1, 2],
        "pads": [0, 0, 0, 0],
    },
    "AvgPool2d(2, 2)": {"count_include_pad": 1, "pads": [0, 0, 0, 0]},
    "AvgPool2d(3, 2, 1, True)": {**CEIL, "count_include_pad": 1},
    "AvgPool2d(3, 2, 1, True, False)": {**CEIL, "count_include_pad": 0},
    "AvgPool2d((1, 3), (4, 2), 0, True)": {"count_include_pad": 0, "pads": [0, 0, 0, 1]},
    "AvgPool2d((3, 2), 2, 1, True, True, 5)": {**CEIL, "count_include_pad": 0},
    "AdaptiveAvgPool2d((3, 2))": {"kernel_shape": [2, 3], "strides": [2, 3]},
}


@pytest.mark.parametrize("call", POOLS)
def test_pooling_is_written_in_the_words_of_the_format(call, tmp_path):
    """In ceil mode one window more along one axis and none along the other is a matter of padding."""
    same(eval(call, vars(nn)), IMAGES, tmp_path / "m.onnx")
    nodes = {n.op_type: n for n in onnx.load(tmp_path / "m.onnx").graph.node}
    (pool,) = (n for op, n in nodes.items() if "Pool" in op)
    found = {a.name: onnx.helper.get_attribute_value(a) for a in pool.attribute}
    assert POOLS[call].items() <= found.items()
    assert ("ceil_mode" in found) == ("ceil_mode" in POOLS[call])
    assert ("dilations" in found) == ("dilations" in POOLS[call])
    assert ("Mul" in nodes) == call.endswith("5)")


def test_names_sizes_and_parameters_can_be_read_in_the_file(tmp_path):
    ag.onnx.export(nn.Linear(6, 3), tmp_path / "m.onnx", ROWS, input="rows", output="scores")
    graph = onnx.load(tmp_path / "m.onnx").graph
    assert [v.name for v in (*graph.input, *graph.output)] == ["rows", "scores"]
    sizes = [d.dim_param or d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    assert sizes == ["N", 6]
    assert {c.name for c in graph.initializer} == {"weight", "bias"}


def test_the_model_keeps_its_mode_and_a_failure_keeps_the_file(tmp_path):
    path, model = tmp_path / "m.onnx", nn.Sequential(nn.Linear(6, 3), ag.sort)
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="'sort' of shape"):
        ag.onnx.export(model, path, ROWS)
    assert path.read_bytes() == b"before"
    assert model.training
    assert os.listdir(tmp_path) == ["m.onnx"]


@pytest.mark.parametrize(
    ("model", "x", "error", "message"),
    [
        (lambda x: ag.where(x.value > 0, x, 0.0), ROWS, ValueError, "'where' of shape .* condition is an array"),
        (lambda x: x[[1, 0]], ROWS, ValueError, "'getitem' .* it is indexed by an array"),
        (lambda x: x * np.arange(6.0 * len(x)).reshape(x.shape), ROWS, ValueError, "depends on the batch"),
        (nn.AdaptiveAvgPool2d(4), IMAGES, ValueError, "'avg_pool2d' .* not of one size and step"),
        (nn.MaxPool2d(2, 1, 1, 2), IMAGES[:, :, :1], ValueError, "'max_pool2d' .* a window lies in the padding alone"),
        (lambda x: (x, x), ROWS, TypeError, "returned a tuple, expected one Tensor"),
        (lambda x: ag.Tensor(x.value), ROWS, ValueError, "does not depend on the input"),
        (lambda x: x if len(x) == 2 else -x, ROWS, ValueError, "does not depend on the input"),
        (lambda x: x * 2 if len(x) == 2 else x + 2, ROWS, ValueError, "something else for another batch"),
        (lambda x: x * 2, ROWS.astype(int), TypeError, "float32 or float64 .* got dtype int64"),
        (lambda x: x * 2, ROWS[:0], TypeError, r"at least one row, got dtype float32 and shape \(0, 6\)"),
    ],
)  # fmt: skip
def test_messages(model, x, error, message, tmp_path):
    with pytest.raises(error, match=message):
        ag.onnx.export(model, tmp_path / "m.onnx", x)


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install onnx"):
        ag.onnx.export(nn.Linear(6, 3), tmp_path / "m.onnx", ROWS)
