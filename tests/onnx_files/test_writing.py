"""ONNX files: they compute what the model does, for batches of any size, by another program."""

import inspect
import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import tables

import agx as ag
from agx import nn
from agx._engine.graph import registry
from agx.onnx.forms import FORMS, SAYINGS, WITHOUT
from agx.ops.images.pool import Windows

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

DRAW = np.random.default_rng(0)
IMAGES = DRAW.normal(size=(2, 4, 6, 6)).astype(np.float32)
ROWS = DRAW.normal(size=(2, 6)).astype(np.float32)
STEPS = DRAW.normal(size=(2, 5, 3)).astype(np.float32)


def answer(path, *inputs):
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def same(model, x, path, tolerance=1e-5):
    ag.onnx.export(model, path, x)
    longer = np.concatenate([x, 0.5 * x, x[:1]])
    if isinstance(model, nn.Module):
        model.eval()
    expected = model(ag.Tensor(longer)).value
    np.testing.assert_allclose(answer(path, longer), expected, tolerance, tolerance)
    again = ag.onnx.load(path)(ag.Tensor(longer)).value
    np.testing.assert_allclose(again, expected, tolerance, tolerance)
    assert again.dtype == expected.dtype


class Last(nn.Module):
    """Ask a recurrent layer for its last output."""

    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


class First(Last):
    """Ask a recurrent layer for all its outputs."""

    def forward(self, x):
        return self.layer(x)[0]


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


STEPPED = ("RNN", "GRU", "LSTM", "Transformer", "MultiheadAttention")


@pytest.mark.parametrize("row", tables.LAYERS, ids=lambda row: row.text)
def test_every_layer(row, tmp_path):
    layer, x = eval(row.call, vars(nn)).eval(), np.asarray(tables.layer_input(row))
    stepped = row.name.startswith(STEPPED) and "Cell" not in row.name
    if row.how not in ("", tables.TWICE, tables.EVALUATED) or x.ndim < (3 if stepped else 2):
        pytest.skip("it is called with more than a batch, or with less")
    x = x.astype(np.float32) if x.dtype.kind == "f" else x
    axis = 1 if stepped and "batch_first" not in row.call else 0
    needed = [
        p for p in inspect.signature(layer.forward).parameters.values() if p.default is p.empty
    ]
    several = len(needed) if needed[0].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD else 1
    first = lambda *given: found[0] if isinstance(found := layer(*given), tuple) else found
    export = lambda: ag.onnx.export(
        first, tmp_path / "m.onnx", (x,) * several if several > 1 else x, batch_axis=axis
    )
    if row.text in WITHOUT_FORM:
        with pytest.raises(ValueError, match=WITHOUT_FORM[row.text]):
            export()
        return
    export()
    longer = [np.concatenate([x, x], axis)] * several
    expected = first(*longer if x.dtype.kind == "i" else map(ag.Tensor, longer)).value
    for found in (answer(tmp_path / "m.onnx", *longer), ag.onnx.load(tmp_path / "m.onnx")(*longer)):
        np.testing.assert_allclose(getattr(found, "value", found), expected, 1e-5, 1e-5)


#: Rows that have no form in ONNX, and why.
WITHOUT_FORM = {
    "EmbeddingBag(5, 3, padding_idx=4) [[0, 4, 4], [4, 4, 4]]": "its condition depends on the input",
}


SPREAD = registry["sum_unpool2d"]


def side_by_side(*sizes):
    """Six windows along each axis."""
    edges = [np.linspace(0, n, 7).astype(int) for n in sizes]
    return Windows(*(np.stack([e[:-1], e[1:]], 1) for e in edges), False)


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
    "chosen": lambda x: (
        ag.where(np.arange(6) > 2, x, -x)[:, [2, 0]] + x[:, np.array([False, True, True, False])]
    ),
    "moved": lambda x: (
        ag.roll(x, (1, -2), (2, 3)) + ag.flip(x, (1, 2)) + ag.tile(x[:, :, :3], (1, 1, 2, 1))
    ),
    "sorted": lambda x: ag.sort(x, axis=2) + ag.cumsum(x, axis=1) + x,
    "norms": lambda x: (
        ag.linalg.norm(x, axis=3) + ag.linalg.norm(x, 3, axis=2) + ag.logsumexp(x, 3)
    ),
    "products": lambda x: (
        ag.einsum("nchw,dw->nd", x, np.ones((3, 6), np.float32)) + ag.linalg.det(x)[:, :3]
    ),
    "rounded": lambda x: ag.round(x, 1) + ag.copy(x),
    "centred": lambda x: x - x.mean(0) / 2 + ag.Tensor(np.ones(6, np.float32)),
    "spread": lambda x: SPREAD(x, shape=(len(x), 4, 9, 12), windows=side_by_side(9, 12)),
    "choices that are alike": lambda x: ag.where(x.value > 0, np.abs(x.value), ag.abs(x)),
    "nothing": lambda x: x,
    "float64": lambda x: ag.sin(ag.astype(x, np.float64)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, tmp_path):
    x = IMAGES.astype(np.float64) if name == "float64" else IMAGES
    same(FUNCTIONS[name], x, tmp_path / "model.onnx")


def parts(size):
    """What may stand in an index for an axis of this size."""
    edge = st.none() | st.integers(-size - 2, size + 2)
    cut = st.builds(slice, edge, edge, st.sampled_from([None, 1, 2, -1, -2, 3]))
    return st.lists(st.none(), max_size=1).flatmap(
        lambda made: (cut | st.integers(-size, size - 1)).map(lambda part: [*made, part])
    )


@given(chosen=st.tuples(parts(4), parts(6), parts(6)), whole=st.booleans())
@settings(max_examples=40, deadline=None)
def test_indices_mean_what_they_do_in_numpy(chosen, whole, tmp_path_factory):
    index = (slice(None), *(part for made in chosen for part in made), *[...] * whole)
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    ag.onnx.export(lambda x: x[index], path, IMAGES)
    for found in (answer(path, IMAGES), ag.onnx.load(path)(IMAGES)):
        np.testing.assert_array_equal(found, IMAGES[index], strict=True)


#: Arguments of primitives that are written as elementwise operators, where other numbers will not do.
UNIT, POSITIVE = ROWS / 9, abs(ROWS) + np.float32(0.1)
ARGUMENTS = {
    "arccos": UNIT, "arcsin": UNIT, "arctanh": UNIT, "arccosh": POSITIVE + 3, "log": POSITIVE, "log2": POSITIVE,
    "log10": POSITIVE, "log1p": POSITIVE, "sqrt": POSITIVE, "root_mean_square": POSITIVE, "reciprocal": POSITIVE,
    "pow": POSITIVE, "entr": POSITIVE, "xlogy": POSITIVE, "xlog1py": POSITIVE, "logit": POSITIVE / 9,
    "floor_divide": POSITIVE, "mod": POSITIVE, "fmod": POSITIVE, "tan": UNIT,
}  # fmt: skip


@pytest.mark.parametrize("name", SAYINGS.keys() - {"matmul", "det", "astype", "copy"})
def test_elementwise_primitives(name, tmp_path):
    pytest.importorskip("scipy")
    ag.special  # noqa: B018  its primitives are in the table from now on
    x, function = ARGUMENTS.get(name, ROWS), registry[name]
    two = len(function.vjps) == 2
    same(lambda x: function(x, 0.8 * x + 0.1) if two else function(x), x, tmp_path / "m.onnx")


SPECIAL = np.array([[-2.5, 0.0, np.nan, np.inf, -np.inf, 3.0]], np.float32)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ag.arctan2(x, np.array([-1.0, 0.0, 1, -1, -1, 0], np.float32)),
        lambda x: ag.fmax(x, np.float32(1)) + ag.fmin(np.float32(1), x),
        lambda x: ag.heaviside(x, np.float32(0.25)),
        lambda x: ag.nan_to_num(x, nan=1.0, posinf=9.0),
        lambda x: ag.copysign(np.float32(2), x),
        lambda x: ag.sinc(x) + ag.trunc(x),
        lambda x: x % np.float32(2) + x // np.float32(2),
    ],
)
def test_edges(function, tmp_path):
    path = tmp_path / "m.onnx"
    with np.errstate(invalid="ignore", divide="ignore"):
        ag.onnx.export(function, path, SPECIAL)
        expected, read = function(ag.Tensor(SPECIAL)).value, ag.onnx.load(path)(SPECIAL)
    np.testing.assert_allclose(answer(path, SPECIAL), expected, 1e-5, 1e-6)
    np.testing.assert_allclose(read, expected, 1e-5, 1e-6)


def test_every_primitive_has_a_form_or_a_reason():
    pytest.importorskip("scipy")
    ag.special, ag.fft, ag.linalg  # noqa: B018
    assert not FORMS.keys() & WITHOUT.keys()
    assert FORMS.keys() | WITHOUT.keys() == set(registry)


class Words(nn.Module):
    """Look words up and add up what they mean."""

    def __init__(self):
        self.embedding, self.out = nn.Embedding(9, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.out(self.embedding(x).mean(1))


class Pair(nn.Module):
    """Weigh rows by what words mean."""

    def __init__(self):
        self.words = nn.Embedding(5, 6)

    def forward(self, rows, word):
        return rows * self.words(word)


@pytest.mark.parametrize("names", ["x", ("rows", "word")])
def test_several_inputs(names, tmp_path):
    model, words = Pair(), np.array([4, 1])
    ag.onnx.export(model, tmp_path / "m.onnx", (ROWS, words), input=names)
    more = {"rows": np.concatenate([ROWS, ROWS]), "word": np.array([0, 1, 2, 3])}
    given = dict(zip(["x0", "x1"] if names == "x" else names, more.values(), strict=True))
    session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    expected = model(*more.values()).value
    np.testing.assert_allclose(session.run(None, given)[0], expected, 1e-5, 1e-6)
    again = ag.onnx.load(tmp_path / "m.onnx")(*more.values())
    np.testing.assert_allclose(again.value, expected, 1e-5, 1e-6)
    with pytest.raises(ValueError, match="does not depend on the input x1"):
        ag.onnx.export(lambda x, word: 2 * x, tmp_path / "m.onnx", (ROWS, words))


def test_the_batch_may_be_another_axis(tmp_path):
    model, x = First(nn.LSTM(3, 4)), STEPS
    ag.onnx.export(model, tmp_path / "m.onnx", x, batch_axis=1)
    longer = np.concatenate([x, -x, x], axis=1)
    expected = model(longer).value
    for found in (
        answer(tmp_path / "m.onnx", longer),
        ag.onnx.load(tmp_path / "m.onnx")(longer).value,
    ):
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6)
    sizes = [
        d.dim_param or d.dim_value
        for d in onnx.load(tmp_path / "m.onnx").graph.input[0].type.tensor_type.shape.dim
    ]
    assert sizes == [2, "N", 3]


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_integers_are_looked_up(dtype, tmp_path):
    words, model = DRAW.integers(0, 9, (3, 4)).astype(dtype), Words()
    ag.onnx.export(model, tmp_path / "m.onnx", words)
    longer = np.concatenate([words, words[::-1]]).astype(np.int64)
    np.testing.assert_allclose(answer(tmp_path / "m.onnx", longer), model(longer).value, 1e-5, 1e-6)
    named = {c.name for c in onnx.load(tmp_path / "m.onnx").graph.initializer}
    assert named == {"embedding.weight", "out.weight", "out.bias"}


def test_a_parameter_called_as_the_input(tmp_path):
    model = Last(nn.Linear(2, 2))
    model.x, model.forward = ag.Tensor(np.ones(6, np.float32)), lambda x: x * model.x
    with pytest.raises(
        ValueError, match="a parameter is called 'x', as an input or the output; choose other"
    ):
        ag.onnx.export(model, tmp_path / "m.onnx", ROWS)
    ag.onnx.export(model, tmp_path / "m.onnx", ROWS, input="rows")


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
    path, model = tmp_path / "m.onnx", nn.Sequential(nn.Linear(6, 3), ag.cumprod)
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="'cumprod' of shape"):
        ag.onnx.export(model, path, ROWS)
    assert path.read_bytes() == b"before"
    assert model.training
    assert os.listdir(tmp_path) == ["m.onnx"]


@pytest.mark.parametrize(
    ("model", "x", "error", "message"),
    [
        (lambda x: ag.where(x.value > 0, x, 0.0), ROWS, ValueError, "'where' of shape .* condition depends on the input"),
        (lambda x: x[:, x.value[0] > 0], ROWS, ValueError, "'getitem' .* it is indexed by an array that depends"),
        (lambda x: x[[1, 0], [1, 0]], ROWS, ValueError, "'getitem' .* or by several"),
        (lambda x: x[:, None, [1, 0]], ROWS, ValueError, "'getitem' .* by an array and by more"),
        (lambda x: x * x.value, ROWS, ValueError, "depends on the batch or on the numbers in it"),
        (lambda x: x * ag.Tensor(x.value[0]), ROWS, ValueError, "depends on the batch or on the numbers in it"),
        (lambda x: ag.sort(x, axis=0), ROWS, ValueError, "sorts along the batch"),
        (lambda x: ag.roll(x, 1, 0), ROWS, ValueError, "rolls along the batch"),
        (lambda x: ag.cumprod(x, 1), ROWS, ValueError, "'cumprod' .* ONNX has no such operator"),
        (lambda x: ag.primitive("exp", np.exp, [lambda g, out, x: g * out])(x), ROWS, ValueError, "of your own"),
        (lambda x: x * np.arange(6.0 * len(x)).reshape(x.shape), ROWS, ValueError, "depends on the batch"),
        (nn.AdaptiveAvgPool2d(4), IMAGES, ValueError, "'avg_pool2d' .* not of one size and step"),
        (nn.MaxPool2d(2, 1, 1, 2), IMAGES[:, :, :1], ValueError, "'max_pool2d' .* a window lies in the padding alone"),
        (lambda x: (x, x), ROWS, TypeError, "returned a tuple, expected one Tensor"),
        (lambda x: ag.Tensor(x.value), ROWS, ValueError, "does not depend on the input x "),
        (lambda x: x if len(x) == 2 else -x, ROWS, ValueError, "something else where axis 0 is longer"),
        (lambda x: SPREAD(x, shape=(len(x), 4, 7, 6), windows=side_by_side(6, 6)), IMAGES, ValueError, "do not lie side by side"),
        (First(nn.RNN(3, 3)), STEPS, ValueError, "axis 0 is longer; name the axis of the batch with batch_axis"),
        (lambda x: x * 2 if len(x) == 2 else x + 2, ROWS, ValueError, "something else where axis 0 is longer"),
        (lambda x: x * 2, ROWS.astype(int), TypeError, "returned a ndarray, expected one Tensor"),
        (lambda x: x * 2, ROWS[:0], TypeError, r"at least one row, got dtype float32 and shape \(0, 6\)"),
    ],
)  # fmt: skip
def test_messages(model, x, error, message, tmp_path):
    with pytest.raises(error, match=message):
        ag.onnx.export(model, tmp_path / "m.onnx", x)


def test_frozen_parameters_keep_their_names(tmp_path):
    model = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).requires_grad_(False)
    same(model, ROWS, tmp_path / "m.onnx")
    names = {c.name for c in onnx.load(tmp_path / "m.onnx").graph.initializer}
    assert names == {"0.weight", "0.bias", "1.weight", "1.bias"}


def test_nothing_is_recorded_without_gradients(tmp_path):
    with ag.no_grad(), pytest.raises(ValueError, match=r"inside ag.no_grad\(\); call it outside"):
        ag.onnx.export(nn.Linear(6, 3), tmp_path / "m.onnx", ROWS)


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install \"agx\[onnx\]\""):
        ag.onnx.export(nn.Linear(6, 3), tmp_path / "m.onnx", ROWS)
