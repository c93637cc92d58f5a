"""ONNX files of other programs: they compute what onnxruntime does, and learn."""

import os

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import agx as ag
from agx import nn
from agx.onnx.operators import OPERATORS

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
helper, FLOAT, INT = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64

DRAW = np.random.default_rng(1)


def draw(*shape):
    return DRAW.normal(size=shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def written(nodes, inputs, weights=(), outputs="y", opset=17):
    """A model of some operators; ``inputs`` are arrays by name, ``weights`` those that the file holds."""
    ends = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for name, a in inputs.items()
    ]
    kept = [onnx.numpy_helper.from_array(a, name) for name, a in dict(weights).items()]
    results = [onnx.ValueInfoProto(name=name) for name in outputs.split()]
    graph = helper.make_graph(nodes, "made by hand", ends, results, kept)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    for value in model.graph.output:
        if not value.type.HasField("tensor_type"):
            value.CopyFrom(helper.make_tensor_value_info(value.name, FLOAT, [None]))
    return model


def answers(model, inputs):
    data = model.SerializeToString()
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def read(model, path):
    path.write_bytes(model.SerializeToString())
    return ag.onnx.load(path)


X, Y = draw(2, 4, 6, 5), draw(2, 4, 6, 5)
SEQUENCES = draw(5, 2, 4)
TRUE = np.array([[True, False, True]])

#: Operators, with their inputs: those after None are kept in the file. Then attributes and the version.
CASES = {
    "And": ([TRUE, ~TRUE[:, ::-1]], {}),
    "Or": ([TRUE, ~TRUE[:, ::-1]], {}),
    "Xor": ([TRUE, ~TRUE[:, ::-1]], {}),
    "Not": ([TRUE], {}),
    "Equal": ([np.round(X), np.round(Y)], {}),
    "Greater": ([X, Y], {}),
    "GreaterOrEqual": ([X, X[:, ::-1]], {}),
    "Less": ([X, Y], {}),
    "LessOrEqual": ([X, X[:, ::-1]], {}),
    "IsNaN": ([np.array([np.nan, 1], np.float32)], {}),
    "IsInf": ([np.array([np.nan, np.inf], np.float32)], {}),
    "Where": ([X > 0, X, Y], {}),
    "ArgMax": ([np.round(X)], {"axis": 1, "keepdims": 0}),
    "ArgMax last": ([np.round(X)], {"axis": 1, "select_last_index": 1}),
    "ArgMin": ([X], {}),
    "AveragePool": ([X], {"kernel_shape": [2, 3], "pads": [0, 1, 1, 0]}),
    "AveragePool included": ([X], {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [0, 1, 1, 0], "count_include_pad": 1}),
    "AveragePool even": ([X], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    "AveragePool same": ([X], {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    "AveragePool signal": ([X[:, 0]], {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    "BatchNormalization": ([X, None, draw(4), draw(4), draw(4), abs(draw(4)) + 1], {"epsilon": 0.1}),
    "Cast": ([X], {"to": INT}),
    "Cast floats": ([X], {"to": onnx.TensorProto.DOUBLE}),
    "Clip": ([X, None, np.float32(-0.5), np.float32(0.5)], {}),
    "Clip one side": ([X, None, np.float32(-0.5)], {}),
    "Concat": ([X, Y], {"axis": -1}),
    "ConstantOfShape": ([None, ints(2, 3)], {"value": onnx.numpy_helper.from_array(np.array([7.0], np.float32))}),
    "ConstantOfShape zeros": ([None, ints(2, 3)], {}),
    "Conv": ([X, None, draw(6, 2, 3, 2), draw(6)], {"group": 2, "strides": [1, 2], "pads": [1, 0, 0, 1], "dilations": [2, 1]}),
    "Conv same": ([X, None, draw(3, 4, 3, 2)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "Conv signal": ([X[:, 0], None, draw(3, 6, 3), draw(3)], {"pads": [1, 1], "kernel_shape": [3]}),
    "ConvTranspose": ([X, None, draw(4, 3, 3, 2), draw(3)], {"strides": [2, 1], "pads": [1, 1, 1, 1], "output_padding": [1, 0]}),
    "ConvTranspose uneven": ([X, None, draw(4, 3, 3, 2)], {"pads": [1, 0, 0, 1]}),
    "ConvTranspose signal": ([X[:, 0], None, draw(6, 2, 3)], {"strides": [2], "output_padding": [1]}),
    "CumSum": ([X, None, np.array(2)], {"reverse": 1}),
    "CumSum exclusive": ([X, None, np.array(-1)], {"exclusive": 1}),
    "Div": ([ints(7, -7, 6), ints(2, 2, 3)], {}),
    "Dropout": ([X], {}),
    "Einsum": ([X, Y], {"equation": "nchw,ndhw->ncd"}),
    "Elu": ([X], {}),
    "Expand": ([X[:, :1], None, ints(1, 4, 1, 1)], {}),
    "Flatten": ([X], {"axis": -2}),
    "Gather": ([X, None, ints(-1, 0, 2).reshape(3, 1)], {"axis": 1}),
    "Gelu": ([X], {}, 20),
    "Gelu tanh": ([X], {"approximate": "tanh"}, 20),
    "Gemm": ([X[0, 0], None, draw(5, 3), draw(3)], {}),
    "Gemm turned": ([X[0, 0], None, draw(3, 6), draw(5, 3)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    "GlobalAveragePool": ([X], {}),
    "GlobalMaxPool": ([X], {}),
    "HardSigmoid": ([4 * X], {"alpha": 0.3}),
    "HardSwish": ([4 * X], {}),
    "InstanceNormalization": ([X, None, draw(4), draw(4)], {"epsilon": 0.1}),
    "LayerNormalization": ([X, None, draw(6, 5), draw(6, 5)], {"axis": 2}),
    "LayerNormalization without bias": ([X, None, draw(5)], {}),
    "LeakyRelu": ([X], {}),
    "LogSoftmax": ([X], {"axis": 1}),
    "Max": ([X, Y, -X], {}),
    "MaxPool": ([X], {"kernel_shape": [2, 3], "pads": [0, 1, 1, 0]}),
    "MaxPool ceil": ([X], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    "MaxPool signal": ([X[:, 0]], {"kernel_shape": [2], "strides": [2], "dilations": [2]}),
    "Mean": ([X, Y, -X], {}),
    "Min": ([X], {}),
    "Mod": ([X, Y], {"fmod": 1}),
    "Mod integers": ([ints(7, -7, 6), ints(2, 2, -4)], {}),
    "PRelu": ([X, None, draw(4, 1, 1)], {}),
    "Pad": ([X, None, ints(0, 0, 1, -1, 0, 0, 0, 2), np.float32(3)], {}),
    "Pad reflected": ([X, None, ints(0, 0, 1, 2, 0, 0, 3, 0)], {"mode": "reflect"}),
    "Pad by the edge": ([X, None, ints(0, 0, 1, 2, 0, 0, 3, 0)], {"mode": "edge"}),
    "Pad some axes": ([X, None, ints(1, 2), np.float32(0), ints(-1)], {}, 18),
    "Pow": ([abs(X), None, ints(2)], {}),
    "Reshape": ([X, None, ints(0, -1, 5)], {}),
    "Celu": ([X], {"alpha": 0.7}),
    "DepthToSpace": ([X], {"blocksize": 2}),
    "DepthToSpace by columns": ([X], {"blocksize": 2, "mode": "CRD"}),
    "Softsign": ([X], {}),
    "Conv volume": ([draw(2, 2, 4, 3, 5), None, draw(4, 1, 2, 2, 3), draw(4)], {"group": 2, "pads": [1, 0, 0, 0, 1, 2], "strides": [1, 2, 1]}),
    "GRU": ([SEQUENCES, None, draw(1, 9, 4), draw(1, 9, 3), draw(1, 18)], {"hidden_size": 3, "linear_before_reset": 1}),
    "GRU both ways": ([SEQUENCES, None, draw(2, 9, 4), draw(2, 9, 3)], {"hidden_size": 3, "linear_before_reset": 1, "direction": "bidirectional"}),
    "LSTM": ([SEQUENCES, None, draw(2, 12, 4), draw(2, 12, 3), draw(2, 24)], {"hidden_size": 3, "direction": "bidirectional"}),
    "LSTM backwards": ([SEQUENCES, None, draw(1, 12, 4), draw(1, 12, 3)], {"hidden_size": 3, "direction": "reverse"}),
    "RNN": ([SEQUENCES, None, draw(1, 3, 4), draw(1, 3, 3), draw(1, 6)], {"hidden_size": 3}),
    "RNN of lines": ([SEQUENCES, None, draw(1, 3, 4), draw(1, 3, 3)], {"hidden_size": 3, "activations": ["Relu"]}),
    "Resize": ([X, None, np.float32(0)[None][:0], np.array([1, 1, 2, 1.6], np.float32)], {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    "Resize by halves": ([X, None, np.float32(0)[None][:0], np.array([1, 1, 0.5, 3], np.float32)], {}),
    "Resize on lines": ([X, None, np.float32(0)[None][:0], np.array([1, 1, 2, 1.6], np.float32)], {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}),
    "Resize by corners": ([X, None, np.float32(0)[None][:0], np.float32(0)[None][:0], ints(2, 4, 9, 3)], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    "ReduceL1": ([X], {"axes": [1, 2]}),
    "ReduceL2": ([X], {"keepdims": 0}),
    "ReduceMax": ([X, None, ints(1, -1)], {"keepdims": 0}, 18),
    "ReduceMean": ([X], {"axes": [-1]}),
    "ReduceSum": ([X, None, ints(2)], {}),
    "ReduceSum none": ([X], {"noop_with_empty_axes": 1}),
    "ReduceSumSquare": ([X], {"axes": [0]}),
    "Selu": ([X], {}),
    "Shape": ([X], {"start": 1, "end": -1}),
    "Size": ([X], {}),
    "Slice": ([X, None, ints(1, -1), ints(100, -100), ints(2, 3), ints(2, -2)], {}),
    "Slice first axes": ([X, None, ints(0, 1), ints(1, -1)], {}),
    "Softmax": ([X], {}),
    "Softplus": ([X], {}),
    "Split": ([X, None, ints(1, 3)], {"axis": 1}),
    "Split evenly": ([X], {"axis": 2}),
    "Split unevenly": ([X], {"axis": -1, "num_outputs": 2}, 18),
    "Squeeze": ([X[:1, :, :1], None, ints(-2)], {}),
    "Squeeze all": ([X[:1, :, :1]], {}),
    "Sum": ([X, Y, X], {}),
    "Tile": ([X, None, ints(1, 2, 1, 3)], {}),
    "TopK": ([X, None, ints(3)], {"axis": 2}),
    "Transpose": ([X], {}),
    "Transpose two": ([X], {"perm": [1, 0, 3, 2]}),
    "Unsqueeze": ([X, None, ints(0, -1)], {}),
}  # fmt: skip


@st.composite
def windows(draw):
    """An operator of images with windows, its attributes, and the weights that it has."""
    op = draw(st.sampled_from(["Conv", "ConvTranspose", "MaxPool", "AveragePool"]))
    pair = lambda low, high: [draw(st.integers(low, high)) for _ in range(2)]
    kernel, strides = pair(1, 3), pair(1, 3)
    how = {"kernel_shape": kernel, "strides": strides}
    how["pads"] = [draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4)]
    if op != "AveragePool":
        how["dilations"] = pair(1, 2)
    if "Pool" in op:
        return op, {**how, "ceil_mode": draw(st.integers(0, 1))}, {}
    return op, {**how, "group": 2}, {"w": np.ones((4, 2, *kernel), np.float32)}


@given(windows=windows())
@settings(max_examples=60, deadline=None)
def test_windows_lie_where_onnxruntime_puts_them(windows, tmp_path_factory):
    op, how, weights = windows
    node = helper.make_node(op, ["x", *weights], ["y"], **how)
    model = written([node], {"x": X}, weights)
    try:
        expected = answers(model, {"x": X})[0]
    except Exception:
        assume(False)  # it refuses windows that fit nowhere
    found = read(model, tmp_path_factory.mktemp("onnx") / "m.onnx")(X)
    np.testing.assert_allclose(getattr(found, "value", found), expected, 1e-5, 1e-5)


RESULTS = {"Split": "y z", "TopK": "y z", "GRU": "y h", "LSTM": "y h c", "RNN": "y h"}


def case(name):
    """The model of a case, and what it is called with."""
    op, (given, attributes, *opset) = name.split()[0], CASES[name]
    cut = next((i for i, a in enumerate(given) if a is None), len(given))
    names = [f"x{i}" for i in range(len(given)) if i != cut]
    inputs = dict(zip(names, given[:cut], strict=False))
    weights = dict(zip(names[cut:], given[cut + 1 :], strict=True))
    outputs = RESULTS.get(op, "y")
    node = helper.make_node(op, names, outputs.split(), **attributes)
    return written([node], inputs, weights, outputs, *opset), inputs


@pytest.mark.parametrize("name", CASES)
def test_operators_compute_what_onnxruntime_does(name, tmp_path):
    model, inputs = case(name)
    found = read(model, tmp_path / "m.onnx")(*inputs.values())
    found = found if isinstance(found, tuple) else (found,)
    for ours, theirs in zip(found, answers(model, inputs), strict=True):
        ours = getattr(ours, "value", ours)
        np.testing.assert_allclose(ours, theirs, 1e-5, 1e-6)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)


def test_every_operator_is_compared():
    """Here, or as what ``export`` writes."""
    from agx.onnx import forms

    here = {name.split()[0] for name in CASES} | set(forms.SAME.values())
    elsewhere = {"ReduceLogSumExp", "ReduceMin", "ReduceProd"}
    assert OPERATORS.keys() == (here | elsewhere) & OPERATORS.keys()


# --- models --------------------------------------------------------------------------------------


def test_a_model_goes_out_and_comes_back_and_learns(tmp_path):
    ag.seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 10)
    )
    images, labels = draw(6, 1, 8, 8), np.arange(6)
    ag.onnx.export(net, tmp_path / "m.onnx", images)
    again = ag.onnx.load(tmp_path / "m.onnx")
    assert [n for n, _ in again.named_parameters()] == [n for n, _ in net.named_parameters()]
    net.load_state_dict(again.state_dict(), strict=False)
    sgd = ag.optim.SGD(again.parameters(), 0.1)
    history = ag.fit(again, [(images, labels)], ag.cross_entropy, sgd, 30, progress=False)
    assert history[-1]["loss"] < 0.1 < history[0]["loss"]
    ag.save(tmp_path / "m.npz", again)
    other = ag.load(tmp_path / "m.npz", model=ag.onnx.load(tmp_path / "m.onnx"))
    np.testing.assert_array_equal(other.predict(images), ag.predict(again, images))


def test_gradients_are_those_of_the_model(tmp_path):
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = draw(5, 3)
    ag.onnx.export(net, tmp_path / "m.onnx", x)
    again = ag.onnx.load(tmp_path / "m.onnx")
    for model in (net, again):
        (model(x) ** 2).sum().backward()
    for ours, theirs in zip(again.parameters(), net.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad, theirs.grad, 1e-5, 1e-6)


def test_shapes_are_computed_as_pytorch_writes_them(tmp_path):
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Constant", [], ["zero"], value=onnx.numpy_helper.from_array(np.array(0))),
        helper.make_node("Gather", ["shape", "zero"], ["n"], axis=0),
        helper.make_node("Constant", [], ["axes"], value_ints=[0]),
        helper.make_node("Unsqueeze", ["n", "axes"], ["first"]),
        helper.make_node("Constant", [], ["rest"], value_ints=[-1]),
        helper.make_node("Concat", ["first", "rest"], ["sizes"], axis=0),
        helper.make_node("Reshape", ["x", "sizes"], ["y"]),
    ]
    found = read(written(nodes, {"x": X}), tmp_path / "m.onnx")
    np.testing.assert_array_equal(found(X), X.reshape(2, -1))
    np.testing.assert_array_equal(found(ag.Tensor(X[:1])).value, X[:1].reshape(1, -1))
    assert repr(found) == "Graph(x: float32 (2, 4, 6, 5), 5 operators)"


def test_several_inputs_and_results(tmp_path):
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Sub", ["a", "b"], ["rest"]),
    ]
    found = read(written(nodes, {"a": X, "b": Y}, outputs="sum rest"), tmp_path / "m.onnx")
    total, rest = found(X, ag.Tensor(Y))
    np.testing.assert_array_equal(total.value, X + Y)
    np.testing.assert_array_equal(rest.value, X - Y)
    with pytest.raises(TypeError, match="expected the inputs a, b, got 1"):
        found(X)


def test_statistics_and_numbers_do_not_learn(tmp_path):
    model, _ = case("BatchNormalization")
    found = read(model, tmp_path / "m.onnx")
    assert [name for name, _ in found.named_parameters()] == ["x2", "x3"]
    model, _ = case("Clip")
    assert read(model, tmp_path / "m.onnx").parameters() == []


# --- inputs and files that do not fit ------------------------------------------------------------

RELU = [helper.make_node("Relu", ["x"], ["y"])]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[:, :2], ValueError, r"input 'x' has shape \(2, 2, 6, 5\), expected \(N, 4, 6, 5\)"),
        (X[0], ValueError, r"has shape \(4, 6, 5\), expected \(N, 4, 6, 5\)"),
        (X.astype(np.uint8), TypeError, "input 'x' is uint8, expected float32; .*bytes of pixels by 255"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(x, error, message, tmp_path):
    found = read(written(RELU, {"x": X}), tmp_path / "m.onnx")
    with pytest.raises(error, match=message):
        found(x)
    np.testing.assert_array_equal(found(X.astype(np.float64)), np.maximum(X, 0))


def test_an_error_says_in_which_operator(tmp_path):
    nodes = [helper.make_node("Gather", ["x", "i"], ["y"])]
    found = read(written(nodes, {"x": X, "i": ints(0)}), tmp_path / "m.onnx")
    with pytest.raises(IndexError, match="index 5 is out of range for 2 rows") as caught:
        found(X, ints(5))
    assert caught.value.__notes__ == ["in the ONNX operator Gather that makes 'y'"]


def no_opset(number):
    return lambda: written(RELU, {"x": X}, opset=number)


UNKNOWN = [
    helper.make_node("NonZero", ["x"], ["a"]),
    helper.make_node("Hardmax", ["x"], ["y"]),
]
FOREIGN = [helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft")]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: b"\x80\x04", "expected a whole ONNX file, got 2 bytes"),
        (lambda: b"", "expected a whole ONNX file, got 0 bytes"),
        (lambda: written(RELU, {"x": X}).SerializeToString()[:40], "expected a whole ONNX file"),
        (no_opset(9), r"version 9 of ONNX's operators, expected 13 to 25; convert it with onnx.version_converter"),
        (lambda: written(UNKNOWN, {"x": X}), "does not read the ONNX operators Hardmax, NonZero; write the model with others"),
        (lambda: written([helper.make_node("ConvTranspose", ["x", "w"], ["y"], output_shape=[9, 9])], {"x": X, "w": draw(4, 2, 2, 2)}), "ConvTranspose with these attributes: .*output_shape"),
    ],
)  # fmt: skip
def test_files_that_are_not_read(model, message, tmp_path):
    found, path = model(), tmp_path / "m.onnx"
    path.write_bytes(found if isinstance(found, bytes) else found.SerializeToString())
    with pytest.raises(ValueError, match=f"m.onnx: .*{message}"):
        ag.onnx.load(path)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("AveragePool", [X], {"kernel_shape": [2, 2], "dilations": [2, 2]}, "AveragePool with dilations is not read"),
        ("GRU", [SEQUENCES, draw(1, 9, 4), draw(1, 9, 3)], {"hidden_size": 3}, "GRU is read with .* linear_before_reset=1"),
        ("RNN", [SEQUENCES, draw(1, 3, 4), draw(1, 3, 3)], {"hidden_size": 3, "activations": ["Affine"]}, "RNN is read with usual activations"),
        ("Resize", [X, X[:0, 0, 0, 0], np.ones(4, np.float32)], {"mode": "cubic"}, "Resize is not read with mode 'cubic'"),
        ("Resize", [X, X[:0, 0, 0, 0], 2 * np.ones(4, np.float32)], {"coordinate_transformation_mode": "half_pixel_symmetric"}, "coordinates half_pixel_symmetric"),
        ("Conv", [draw(1, 2, 3, 3, 3), draw(2, 2, 2, 2, 2)], {"auto_pad": "SAME_UPPER"}, "Conv of volumes is not read with auto_pad"),
        ("MaxPool", [draw(1, 2, 3, 3, 3)], {"kernel_shape": [2, 2, 2]}, r"expected images \(N, C, H, W\) or signals"),
    ],
)  # fmt: skip
def test_settings_that_are_not_read_are_named(op, inputs, attributes, message, tmp_path):
    names = [f"x{i}" for i in range(len(inputs))]
    weights = dict(zip(names[1:], inputs[1:], strict=True))
    node = helper.make_node(op, names, ["y"], **attributes)
    found = read(written([node], {"x0": inputs[0]}, weights, opset=19), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match=message):
        found(inputs[0])


def test_operators_of_other_programs_are_named(tmp_path):
    model = written(FOREIGN, {"x": X})
    with pytest.raises(
        ValueError, match="does not read the ONNX operators com.microsoft.FusedConv"
    ):
        read(model, tmp_path / "m.onnx")


# --- arrays in files beside the model's ----------------------------------------------------------


def outside(tmp_path, location):
    """A model whose weight is kept in another file."""
    weight = draw(3, 5)
    model = written(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": draw(2, 3)}, {"w": weight}
    )
    tensor = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, location, 8, weight.nbytes)
    tensor.ClearField("raw_data")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    return weight


def test_arrays_beside_the_file_are_read(tmp_path):
    weight = outside(tmp_path, "weights.bin")
    (tmp_path / "weights.bin").write_bytes(b"\0" * 8 + weight.tobytes() + b"\0")
    np.testing.assert_array_equal(ag.onnx.load(tmp_path / "m.onnx").state_dict()["w"], weight)


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "link"])
def test_no_array_comes_from_outside_the_folder(location, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 100)
    os.symlink(tmp_path / "secret", tmp_path / "in" / "link")
    outside(tmp_path / "in", location)
    with pytest.raises(ValueError, match="outside the model's folder"):
        ag.onnx.load(tmp_path / "in" / "m.onnx")


def test_a_short_file_beside_it_is_refused(tmp_path):
    outside(tmp_path, "weights.bin")
    (tmp_path / "weights.bin").write_bytes(b"\0" * 20)
    with pytest.raises(ValueError, match="m.onnx: "):
        ag.onnx.load(tmp_path / "m.onnx")


@pytest.mark.parametrize("opset", [13, 15, 18, 21, 23])
def test_versions(opset, tmp_path):
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Softmax", ["r"], ["y"], axis=1),
    ]
    inputs = {"x": draw(2, 3)}
    model = written(nodes, inputs, {"w": draw(3, 4), "b": draw(4)}, opset=opset)
    found = read(model, tmp_path / "m.onnx")(inputs["x"]).value
    np.testing.assert_allclose(found, answers(model, inputs)[0], 1e-5, 1e-6)
