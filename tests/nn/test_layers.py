"""Layers against PyTorch's numbers, and their errors."""

import copy
import functools
import inspect
import re

import numpy as np
import pytest
from oracles import tables

import agx as ag
from agx import nn

ANSWERS = tables.answers("layers")
each_row = pytest.mark.parametrize("row", tables.LAYERS, ids=lambda row: row.text)


def build(row, dtype=np.float64):
    """The layer that a row makes, with the state that is drawn for it."""
    given = {
        name: functools.partial(kind, dtype=dtype)
        for name, kind in vars(nn).items()
        if isinstance(kind, type) and "dtype" in inspect.signature(kind).parameters
    }
    layer = eval(row.call, {**vars(nn), **given})
    parameters = dict(layer.named_parameters())
    drawn = {name: row.draw(name, *p.shape) for name, p in parameters.items()}
    layer.load_state_dict(drawn, strict=False)
    return layer


@each_row
def test_output_gradients_and_state_are_pytorchs(row):
    layer, expected = build(row), ANSWERS[row.text]
    x = tables.layer_input(row)
    x = x if expected["input_gradient"] is None else ag.Tensor(x)
    out = tables.call_layer(row, layer, x)
    np.testing.assert_allclose(out.value, expected["output"], rtol=1e-10, atol=1e-13)
    (out * row.draw("seed", *out.shape)).sum().backward()
    if expected["input_gradient"] is not None:
        np.testing.assert_allclose(x.grad, expected["input_gradient"], rtol=1e-9, atol=1e-12)
    assert [name for name, _ in layer.named_parameters()] == list(expected["gradients"])
    for name, p in layer.named_parameters():
        np.testing.assert_allclose(p.grad, expected["gradients"][name], rtol=1e-9, atol=1e-12)
    assert list(layer.state_dict()) == list(expected["state"])
    for name, value in layer.state_dict().items():
        np.testing.assert_allclose(value, expected["state"][name], rtol=1e-10, atol=1e-13)


@each_row
def test_layers_are_differentiable_twice(row):
    layer, x = build(row), tables.layer_input(row)
    if x.dtype.kind == "f":
        how = "" if row.how in (tables.TWICE, tables.EVALUATED) else row.how
        output = lambda x: tables.call_layer(row._replace(how=how), layer, x)
        ag.testing.check_grads(output, x, step=1e-4)  # pixels lie 0.001 apart


@each_row
def test_layers_keep_float32(row):
    layer, x = build(row, np.float32), tables.layer_input(row)
    out = tables.call_layer(row, layer, x.astype(np.float32) if x.dtype.kind == "f" else x)
    floats = [out, *(v for v in layer.state_dict().values() if v.dtype.kind == "f")]
    assert {v.dtype for v in floats} == {np.dtype(np.float32)}


@each_row
def test_repr_says_how_to_make_the_layer(row):
    layer = build(row)
    assert repr(eval(repr(layer), vars(nn))) == repr(layer)


def test_layers_are_float32_by_default_and_keep_it():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5), nn.Flatten()
    )
    out = net(np.ones((2, 1, 6, 6), np.float32))
    assert out.dtype == np.float32
    assert {v.dtype for k, v in net.state_dict().items() if "num" not in k} == {
        np.dtype(np.float32)
    }


def test_initial_values_follow_the_fan_in():
    w = nn.Linear(400, 30, rng=0)
    for p in w.parameters():
        assert 0.04 < abs(p.value).max() <= 0.05


def test_seed_repeats_a_layer():
    ag.seed(3)
    first = nn.Conv2d(2, 3, 3).state_dict()
    ag.seed(3)
    second = nn.Conv2d(2, 3, 3).state_dict()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_dropout_scales_what_it_keeps_and_rests_in_evaluation():
    layer, x = nn.Dropout(0.25, rng=0), np.ones((100, 100), np.float32)
    out = layer(x)
    assert set(np.unique(out)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert abs(out.mean() - 1) < 0.02
    np.testing.assert_array_equal(layer.eval()(x), x)
    t = ag.Tensor(x)
    np.testing.assert_array_equal(nn.Dropout(0.25, rng=0)(t).value, nn.Dropout(0.25, rng=0)(x))


@pytest.mark.parametrize(("kind", "size"), [(nn.Dropout1d, (9,)), (nn.Dropout2d, (3, 3))])
def test_whole_channels_are_dropped(kind, size):
    layer, x = kind(0.25, rng=0), np.ones((40, 30, *size), np.float32)
    out = layer(x).reshape(1200, 9)
    assert set(np.unique(out)) == {np.float32(0.0), np.float32(1 / 0.75)}
    np.testing.assert_array_equal(out.min(1), out.max(1))
    assert abs(out.mean() - 1) < 0.1
    assert layer.eval()(x) is x


def test_identity_takes_whatever_it_is_made_and_called_with():
    x = object()
    assert nn.Identity(54, unused=True)(x) is x


def test_hardsigmoid_is_its_formula():
    x = ag.Tensor(np.linspace(-5.0, 5.0, 12))
    out = nn.Hardsigmoid()(x)
    out.sum().backward()
    np.testing.assert_allclose(out.value, np.clip(x.value + 3, 0, 6) / 6)
    np.testing.assert_allclose(x.grad, (abs(x.value) < 3) / 6)


def test_pooling_layers():
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    np.testing.assert_array_equal(nn.MaxPool2d(3, 2, 1)(x), ag.max_pool2d(x, 3, 2, 1))
    np.testing.assert_array_equal(
        nn.MaxPool2d(3, 2, 1, 2, ceil_mode=True)(x), ag.max_pool2d(x, 3, 2, 1, 2, True)
    )
    np.testing.assert_array_equal(nn.AvgPool2d(2)(x), ag.avg_pool2d(x, 2))
    np.testing.assert_array_equal(
        nn.AvgPool2d(2, 3, 1, True, False, 5)(x), ag.avg_pool2d(x, 2, 3, 1, True, False, 5)
    )
    np.testing.assert_array_equal(
        nn.AdaptiveAvgPool2d((2, 1))(x), ag.adaptive_avg_pool2d(x, (2, 1))
    )


def test_without_momentum_the_running_statistics_average_all_batches():
    layer = nn.BatchNorm1d(3, momentum=None, dtype=np.float64)
    batches = np.random.default_rng(0).standard_normal((4, 5, 3))
    for x in batches:
        layer(x)
    np.testing.assert_allclose(layer.running_mean, batches.mean((0, 1)))
    np.testing.assert_allclose(layer.running_var, batches.var(1, ddof=1).mean(0))


@pytest.mark.parametrize(
    ("start", "end", "shape"),
    [(1, -1, (2, 60)), (0, -1, (120,)), (2, -1, (2, 3, 20)), (1, 2, (2, 12, 5)), (1, 1, (2, 3, 4, 5))],
)  # fmt: skip
def test_flatten_takes_pytorchs_axes(start, end, shape):
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(nn.Flatten(start, end)(x), x.reshape(shape))


def test_layer_norm_without_bias():
    layer = nn.LayerNorm(np.int64(4), bias=False)
    assert list(layer.state_dict()) == ["weight"]
    out = layer(np.arange(8.0, dtype=np.float32).reshape(2, 4))
    np.testing.assert_allclose(out.value.mean(1), 0, atol=1e-6)


def test_flatten_of_an_empty_batch():
    assert nn.Flatten()(np.ones((0, 2, 3))).shape == (0, 6)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(3, 2, bias=False), "Linear(3, 2, bias=False)"),
        (nn.Conv2d(3, 6, 5), "Conv2d(3, 6, kernel_size=(5, 5))"),
        (nn.Conv2d(4, 6, 3, 2, 1, groups=2), "Conv2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=2)"),
        (nn.MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2, padding=0)"),
        (nn.MaxPool2d(2, 3, 1, (2, 1), ceil_mode=True), "MaxPool2d(kernel_size=2, stride=3, padding=1, dilation=(2, 1), ceil_mode=True)"),
        (nn.AvgPool2d(2, divisor_override=3), "AvgPool2d(kernel_size=2, stride=2, padding=0, divisor_override=3)"),
        (nn.AdaptiveAvgPool2d(1), "AdaptiveAvgPool2d(1)"),
        (nn.Conv1d(3, 6, 5, padding="same", padding_mode="reflect"), "Conv1d(3, 6, kernel_size=(5,), padding='same', padding_mode='reflect')"),
        (nn.Conv3d(3, 6, 5, padding=(0, 1, 2)), "Conv3d(3, 6, kernel_size=(5, 5, 5), padding=(0, 1, 2))"),
        (nn.ConvTranspose1d(3, 6, 5, 2, output_padding=1), "ConvTranspose1d(3, 6, kernel_size=(5,), stride=(2,), output_padding=(1,))"),
        (nn.MaxPool1d(2), "MaxPool1d(kernel_size=2, stride=2, padding=0)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"),
        (nn.InstanceNorm2d(4), "InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)"),
        (nn.RMSNorm(4), "RMSNorm((4,), eps=None)"),
        (nn.ZeroPad2d(2), "ZeroPad2d((2, 2, 2, 2))"),
        (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2, mode='nearest')"),
        (nn.Unflatten(1, (2, -1)), "Unflatten(dim=1, unflattened_size=(2, -1))"),
        (nn.Identity(3), "Identity()"),
        (nn.Dropout(0.1), "Dropout(p=0.1)"),
        (nn.Embedding(5, 2), "Embedding(5, 2)"),
        (nn.LayerNorm(4), "LayerNorm((4,), eps=1e-05)"),
        (nn.BatchNorm2d(4), "BatchNorm2d(4, eps=1e-05, momentum=0.1)"),
        (nn.LeakyReLU(0.2), "LeakyReLU(0.2)"),
        (nn.ELU(0.5), "ELU(0.5)"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.GLU(1), "GLU(dim=1)"),
        (nn.CELU(0.5), "CELU(0.5)"),
        (nn.Hardtanh(0, 2), "Hardtanh(min_val=0, max_val=2)"),
        (nn.PReLU(3), "PReLU(num_parameters=3)"),
        (nn.Mish(), "Mish()"),
        (nn.HuberLoss(delta=2.0), "HuberLoss(delta=2.0)"),
    ],
)  # fmt: skip
def test_repr(layer, text):
    assert repr(layer) == text


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Linear(4, 2)(np.ones((3, 5))), ValueError, r"Linear\(4, 2\): expected 4 features.*\(3, 5\); make the layer Linear\(5, 2\)"),
        (lambda: nn.Linear(0, 2), ValueError, "Linear: in_features must be a positive integer, got 0"),
        (lambda: nn.Conv2d(3, 4, 3)(np.ones((1, 2, 5, 5))), ValueError, r"expected images of shape \(N, 3, H, W\), got \(1, 2, 5, 5\)"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "groups=2 must divide in_channels=3"),
        (lambda: nn.Conv2d(3, 4, 0), ValueError, "Conv2d: kernel_size must be an integer of at least 1"),
        (lambda: nn.MaxPool2d(2, 0), ValueError, "MaxPool2d: stride must be an integer of at least 1"),
        (lambda: nn.MaxPool2d(2, 2, 0, 0), ValueError, "MaxPool2d: dilation must be an integer of at least 1"),
        (lambda: nn.MaxPool2d(2, ceil_mode=1), ValueError, "MaxPool2d: ceil_mode must be True or False, got 1"),
        (lambda: nn.AvgPool2d(2, ceil_mode="yes"), ValueError, "AvgPool2d: ceil_mode must be True or False, got 'yes'"),
        (lambda: nn.AvgPool2d(2, count_include_pad=None), ValueError, "AvgPool2d: count_include_pad must be True or False, got None"),
        (lambda: nn.AvgPool2d(2, divisor_override=0), ValueError, "AvgPool2d: divisor_override must be an integer other than 0"),
        (lambda: nn.BatchNorm1d(0), ValueError, "BatchNorm1d: num_features must be a positive integer, got 0"),
        (lambda: nn.LayerNorm((3, 2.5)), ValueError, "LayerNorm: normalized_shape must be a positive integer, got 2.5"),
        (lambda: nn.Flatten(2, 1)(np.ones((2, 3, 4))), ValueError, r"Flatten\(start_dim=2, end_dim=1\): there are no axes 2 to 1 in x of shape \(2, 3, 4\)"),
        (lambda: nn.Flatten()(np.ones(3)), ValueError, r"Flatten\(\): there are no axes 1 to -1 in x of shape \(3,\)"),
        (lambda: nn.MaxPool2d(0), ValueError, "MaxPool2d: kernel_size must be"),
        (lambda: nn.Conv2d(1, 2, 3, padding_mode="wrap"), ValueError, "Conv2d: padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', got 'wrap'"),
        (lambda: nn.Conv1d(1, 2, 3, padding="full"), ValueError, "Conv1d: padding must be an integer, a tuple of them, 'same' or 'valid', got 'full'"),
        (lambda: nn.Conv3d(1, 2, 3, 2, "same"), ValueError, r"Conv3d: padding='same' needs stride 1, got \(2, 2, 2\)"),
        (lambda: nn.Conv3d(1, 2, (3, 3)), ValueError, "Conv3d: kernel_size must be an integer of at least 1 or 3 of them"),
        (lambda: nn.Conv2d(1, 2, 5, padding=2, padding_mode="reflect")(f4(1, 1, 2, 9)), ValueError, r"Conv2d: padding \(2, 2\) by mode 'reflect' needs more than the 2 elements of axis 2 of x"),
        (lambda: nn.ReflectionPad2d(3)(f4(1, 1, 3, 9)), ValueError, "ReflectionPad2d: padding .* needs more than the 3 elements"),
        (lambda: nn.ZeroPad2d((1, 2)), ValueError, r"ZeroPad2d: padding must be an integer of at least 0 or 4 of them, got \(1, 2\)"),
        (lambda: nn.ZeroPad2d(-1), ValueError, "ZeroPad2d: padding must be"),
        (lambda: nn.ZeroPad2d(1)(f4(3, 3)), ValueError, r"ZeroPad2d: expected x of shape \(N, C, H, W\)"),
        (lambda: nn.MaxPool1d((2, 2)), ValueError, "MaxPool1d: kernel_size must be an integer of at least 1, got"),
        (lambda: nn.AvgPool1d(2, count_include_pad=1), ValueError, "AvgPool1d: count_include_pad must be True or False"),
        (lambda: nn.AdaptiveMaxPool1d(0)(f4(1, 1, 3)), ValueError, "adaptive_max_pool1d: output_size must be"),
        (lambda: nn.GroupNorm(2, 3), ValueError, "GroupNorm: num_groups=2 must divide num_channels=3"),
        (lambda: nn.GroupNorm(1, 3)(f4(2, 4)), ValueError, r"expected 3 channels in the second axis, got x of shape \(2, 4\); check num_channels"),
        (lambda: nn.InstanceNorm1d(3)(f4(2, 3)), ValueError, r"expected 3 axes with 3 channels in the second, got x of shape \(2, 3\); check num_features"),
        (lambda: nn.InstanceNorm2d(3)(f4(2, 3, 1, 1)), ValueError, "has one value per channel, which has no variance; use larger images"),
        (lambda: nn.RMSNorm(4)(f4(2, 3)), ValueError, r"RMSNorm\(\(4,\), eps=None\): expected the last axes to have shape \(4,\)"),
        (lambda: nn.RMSNorm(0), ValueError, "RMSNorm: normalized_shape must be a positive integer, got 0"),
        (lambda: nn.Dropout2d(0.5)(f4(2, 3)), ValueError, r"Dropout2d\(p=0.5\): expected x of shape \(N, C, H, W\), got \(2, 3\)"),
        (lambda: nn.Dropout1d(1.5), ValueError, r"Dropout1d: p must lie in \[0, 1\), got 1.5"),
        (lambda: nn.Unflatten(1, (2, 3))(f4(2, 5)), ValueError, r"there are no such sizes in axis 1 of x of shape \(2, 5\); check dim and unflattened_size"),
        (lambda: nn.Unflatten(2, (2, -1))(f4(2, 4)), ValueError, "there are no such sizes in axis 2"),
        (lambda: nn.Unflatten(1, (-1, -1)), ValueError, r"unflattened_size must be positive integers, of which one may be -1, got \(-1, -1\)"),
        (lambda: nn.Unflatten("1", (2, 3)), TypeError, "Unflatten: dim must be an integer, got '1'"),
        (lambda: nn.BatchNorm2d(3)(np.ones((2, 3))), ValueError, r"BatchNorm2d\(3, .*expected 4 axes with 3 channels"),
        (lambda: nn.BatchNorm1d(3)(np.ones((1, 3), "f4")), ValueError, r"a batch of shape \(1, 3\) has one value per channel, which has no variance; .* drop_last=True"),
        (lambda: nn.LayerNorm(4)(np.ones((2, 3))), ValueError, r"last axes to have shape \(4,\), got x of shape \(2, 3\)"),
        (lambda: nn.Dropout(1.0), ValueError, r"Dropout: p must lie in \[0, 1\), got 1.0"),
        (lambda: nn.Embedding(5, 2)(np.array([1.0])), TypeError, "expected integer indices, got dtype float64"),
        (lambda: nn.Embedding(5, 2)(np.array([1, 5])), IndexError, "index 5 is out of range for 5 rows; give indices from 0 to 4, or a larger num_embeddings"),
        (lambda: nn.Dropout("3"), ValueError, r"Dropout: p must lie in \[0, 1\), got '3'"),
        (lambda: nn.Conv2d(1, 2, 2.5), ValueError, "Conv2d: kernel_size must be an integer .* got 2.5"),
        (lambda: nn.Conv2d(1, 2, 3, stride=None), ValueError, "Conv2d: stride must be an integer .* got None"),
        (lambda: nn.Linear(2, 3, dtype=int), TypeError, "a parameter has dtype float32 or float64, got int64"),
        (lambda: nn.Linear(2, 3)([[1.0, 2.0]]), TypeError, r"Linear\(2, 3\): expected an array or a Tensor, got list; join Tensors"),
        (lambda: nn.Flatten()(None), TypeError, r"Flatten\(\): expected an array or a Tensor, got NoneType"),
        (lambda: nn.CELU(0), ValueError, "CELU: alpha must be positive, got 0"),
        (lambda: ag.celu(np.ones(2), -1), ValueError, "celu: alpha must be positive, got -1"),
        (lambda: nn.Hardtanh(1, 1), ValueError, "Hardtanh: min_val must be less than max_val, got 1 and 1"),
        (lambda: ag.hardtanh(np.ones(2), 2, 1), ValueError, "hardtanh: min_val must be less than max_val, got 2 and 1"),
        (lambda: nn.GLU()(np.ones((2, 3))), ValueError, r"glu: axis 1 must have an even length to be halved, got x of shape \(2, 3\)"),
        (lambda: nn.PReLU(0), ValueError, "PReLU: num_parameters must be a positive integer, got 0"),
        (lambda: nn.PReLU(3)(np.ones((2, 4), "f4")), ValueError, r"PReLU\(num_parameters=3\): expected 3 channels in axis 1, got x of shape \(2, 4\); make the layer PReLU\(\) or PReLU\(4\)"),
        (lambda: ag.prelu(np.ones((2, 4)), np.ones(2)), ValueError, r"prelu: expected weight of shape \(1,\) or \(4,\) for x of shape \(2, 4\), got \(2,\)"),
        (lambda: nn.Sequential(3), TypeError, "step 0 is no module or function, got 3"),
        (lambda: nn.Dropout(0.5, rng="x"), TypeError, "rng: expected a numpy.random.Generator"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_checkpointed_batch_norm_counts_each_batch_once():
    x = ag.Tensor(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32))
    plain, kept = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    for layer, f in ((plain, plain), (kept, ag.checkpoint(lambda x: kept(x)))):
        (f(x) ** 2).sum().backward()
        assert layer.num_batches_tracked == 1
    np.testing.assert_array_equal(kept.running_mean, plain.running_mean)
    np.testing.assert_array_equal(kept.weight.grad, plain.weight.grad)


# --- kinds of input ------------------------------------------------------------------------------

#: Layers that take floating-point numbers, and the shape of an input.
FLOATING = {
    "Linear": (nn.Linear(4, 2), (3, 4)),
    "Conv2d": (nn.Conv2d(1, 2, 3), (2, 1, 5, 5)),
    "BatchNorm1d": (nn.BatchNorm1d(4), (3, 4)),
    "BatchNorm2d": (nn.BatchNorm2d(3, affine=False), (2, 3, 4, 4)),
    "LayerNorm": (nn.LayerNorm(4), (3, 4)),
    "bare LayerNorm": (nn.LayerNorm(4, elementwise_affine=False), (3, 4)),
    "Dropout": (nn.Dropout(0.5), (3, 4)),
    "MaxPool2d": (nn.MaxPool2d(2), (1, 1, 4, 4)),
    "AvgPool2d": (nn.AvgPool2d(2), (1, 1, 4, 4)),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d(1), (1, 1, 4, 4)),
    "Conv1d": (nn.Conv1d(1, 2, 3), (2, 1, 5)),
    "Conv3d": (nn.Conv3d(1, 2, 2), (2, 1, 3, 3, 3)),
    "ConvTranspose1d": (nn.ConvTranspose1d(1, 2, 3), (2, 1, 5)),
    "ConvTranspose2d": (nn.ConvTranspose2d(1, 2, 3), (2, 1, 5, 5)),
    "BatchNorm3d": (nn.BatchNorm3d(2), (2, 2, 2, 2, 2)),
    "GroupNorm": (nn.GroupNorm(1, 2), (2, 2, 3)),
    "InstanceNorm1d": (nn.InstanceNorm1d(2, affine=True), (2, 2, 3)),
    "bare InstanceNorm2d": (nn.InstanceNorm2d(2), (2, 2, 3, 3)),
    "RMSNorm": (nn.RMSNorm(4), (3, 4)),
    "Dropout1d": (nn.Dropout1d(0.5), (3, 4, 2)),
    "Dropout2d": (nn.Dropout2d(0.5), (3, 4, 2, 2)),
    "MaxPool1d": (nn.MaxPool1d(2), (1, 1, 4)),
    "AvgPool1d": (nn.AvgPool1d(2), (1, 1, 4)),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(1), (1, 1, 4)),
    "AdaptiveMaxPool2d": (nn.AdaptiveMaxPool2d(1), (1, 1, 4, 4)),
    "Upsample": (nn.Upsample(8), (1, 1, 4, 4)),
}
ACTIVATIONS = (
    nn.CELU,
    nn.ELU,
    nn.GELU,
    nn.GLU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.LogSoftmax,
    nn.Mish,
    nn.ReLU6,
    nn.SELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softmax,
    nn.Softplus,
    nn.Softsign,
    nn.Tanh,
    nn.Tanhshrink,
)
FLOATING["PReLU"] = nn.PReLU(4), (3, 4)
FLOATING |= {kind.__name__: (kind(), (3, 4)) for kind in ACTIVATIONS}
#: Those with parameters.
PARAMETRIC = [
    "Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "BatchNorm1d",
    "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm", "InstanceNorm1d", "RMSNorm",
    "PReLU",
]  # fmt: skip
CONVERTED = "float32 parameters and got float64 data, which are converted"


def fresh(name):
    """A copy of a layer of FLOATING, and its input in float64."""
    layer, shape = FLOATING[name]
    return copy.deepcopy(layer), np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("name", FLOATING)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_integers_and_booleans_are_refused_with_the_fix(name, dtype):
    layer, x = fresh(name)
    with pytest.raises(
        TypeError, match=rf"expected .*float.*, got {np.dtype(dtype)}; write x.astype\(np.float32\)"
    ):
        layer(x.astype(dtype))


def test_pixels_are_told_their_scale():
    with pytest.raises(TypeError, match=r"/ 255 for pixels.*ag.data.ToFloat\(\)"):
        nn.Linear(4, 2)(np.ones((3, 4), np.uint8))


@pytest.mark.parametrize("dtype", [object, str, "M8[s]"])
@pytest.mark.parametrize("name", PARAMETRIC)
def test_what_is_no_number_is_refused(name, dtype):
    layer, x = fresh(name)
    x = x.astype(int).astype(dtype)
    with pytest.raises(TypeError):
        layer(x)


@pytest.mark.parametrize("name", PARAMETRIC)
def test_float64_becomes_float32_with_one_notice(name):
    layer, x = fresh(name)
    expected = copy.deepcopy(layer)(x.astype(np.float32))
    with pytest.warns(UserWarning, match=CONVERTED) as told:
        out = layer(x)
    assert [w.filename for w in told] == [__file__]
    layer(x)  # quietly now
    np.testing.assert_array_equal(out, expected)
    assert out.dtype == np.float32


@pytest.mark.parametrize("name", PARAMETRIC)
@pytest.mark.parametrize("dtype", [np.float16, ">f4", "<f4"])
def test_what_fits_float32_is_taken_quietly(name, dtype):
    layer, x = fresh(name)
    x = x.astype(dtype)
    expected = copy.deepcopy(layer)(x.astype(np.float32))
    np.testing.assert_array_equal(layer(x), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_in_float64_take_floats_of_either_kind(dtype):
    assert nn.Linear(3, 2, dtype=np.float64)(np.ones((2, 3), dtype)).dtype == np.float64


class Residual(nn.Module):
    """Two layers that both see data in float64."""

    def __init__(self):
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.second(x + self.first(x))


def test_a_model_says_once_that_it_converts():
    model = nn.Sequential(Residual(), Residual())
    with pytest.warns(UserWarning, match=CONVERTED) as told:
        model(np.ones((2, 3)))
    model(np.ones((2, 3)))
    assert len(told) == 1


def test_gradients_pass_the_conversion_in_the_dtype_of_the_data():
    layer, x = nn.Linear(3, 1, rng=0), ag.Tensor(np.ones((2, 3)))
    with pytest.warns(UserWarning, match=CONVERTED):
        layer(x).sum().backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad, np.tile(layer.weight.value, (2, 1)))


def test_parameters_that_a_transform_replaces_decide():
    layer = nn.Linear(3, 1, bias=False)

    def loss(weight):
        layer.weight = weight
        return layer(np.ones((2, 3))).sum()

    np.testing.assert_array_equal(ag.grad(loss)(np.ones((1, 3))), [[2.0, 2.0, 2.0]])


def test_other_libraries_objects_are_told_to_become_arrays():
    class Series:
        shape, dtype = (3, 4), "float32"

    with pytest.raises(TypeError, match="expected an array or a Tensor, got Series; convert"):
        nn.Linear(4, 2)(Series())


def f4(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("layer", "shape", "fix"),
    [
        (nn.Conv2d(3, 4, 3), (2, 8, 8, 3), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(7, 4, 3), (2, 8, 8, 7), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(1, 4, 3), (2, 8, 8, 1), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(3, 4, 3), (3, 8, 8), "add the batch axis with x[None]"),
        (nn.Conv2d(1, 4, 3), (1, 8, 8), "add the batch axis with x[None]"),
        (nn.Conv2d(3, 4, 3), (8, 8, 3), "x.transpose(2, 0, 1)[None]"),
        (nn.Conv2d(1, 4, 3), (5, 8, 8), "add the channel axis with x[:, None]"),
        (nn.Conv2d(1, 4, 3), (8, 8), "x[None, None] for one grey image"),
        (nn.Conv2d(3, 4, 3), (5, 192), "x.reshape(-1, 3, H, W) for rows of pixels"),
        (nn.Conv2d(1, 4, 3), (2, 3, 8, 8), "colour images for a grey model: write x.mean(1, keepdims=True)"),
        (nn.Conv2d(1, 4, 3), (2, 8, 8, 3), "write x.transpose(0, 3, 1, 2).mean(1, keepdims=True)"),
        (nn.Conv2d(3, 4, 3), (2, 1, 8, 8), "grey images for a colour model: write x.repeat(3, 1)"),
        (nn.Conv2d(3, 4, 3), (2, 4, 8, 8), "an alpha channel: write x[:, :3]"),
        (nn.Conv2d(3, 4, 3), (2, 5, 8, 8), "check in_channels: x has 5 channels"),
        (nn.Conv2d(3, 4, 3), (8,), "reshape x"),
        (nn.MaxPool2d(2), (3, 8, 8), "add the batch axis with x[None]"),
        (nn.AvgPool2d(2), (8, 8, 3), "x.transpose(2, 0, 1)[None]"),
        (nn.AdaptiveAvgPool2d(2), (8, 8), "x[None, None] for one grey image"),
        (nn.MaxPool2d(2), (8,), "reshape it"),
        (nn.BatchNorm2d(3), (2, 8, 8, 3), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.BatchNorm2d(3), (3, 8, 8), "add the batch axis with x[None]"),
        (nn.Conv1d(3, 2, 3), (3, 8), "add the batch axis with x[None]"),
        (nn.Conv1d(1, 2, 3), (5, 8), "add the channel axis with x[:, None]"),
        (nn.Conv1d(3, 2, 3), (2, 8, 3), "the channels come last: write x.transpose(0, 2, 1)"),
        (nn.Conv1d(3, 2, 3), (2, 4, 8), "check in_channels"),
        (nn.Conv1d(3, 2, 3), (8,), "reshape x"),
        (nn.Conv3d(3, 2, 3), (2, 8, 8, 8, 3), "the channels come last: write x.transpose(0, 4, 1, 2, 3)"),
        (nn.Conv3d(1, 2, 3), (5, 8, 8, 8), "add the channel axis with x[:, None]"),
        (nn.ConvTranspose1d(3, 2, 3), (3, 8), "add the batch axis with x[None]"),
        (nn.GroupNorm(1, 3), (2, 8, 8, 3), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.InstanceNorm2d(3), (2, 8, 8, 3), "the channels come last: write x.transpose(0, 3, 1, 2)"),
        (nn.BatchNorm3d(3), (2, 3, 8, 8), "use BatchNorm2d"),
        (nn.BatchNorm3d(3), (2, 4, 8, 8, 8), "check num_features"),
        (nn.BatchNorm2d(3), (2, 3, 8, 8, 8), "use BatchNorm3d"),
        (nn.BatchNorm2d(3), (2, 3), "use BatchNorm1d"),
        (nn.BatchNorm1d(3), (2, 3, 8, 8), "use BatchNorm2d"),
        (nn.BatchNorm1d(3), (2, 8, 3), "the channels come last: write x.transpose(0, 2, 1)"),
        (nn.BatchNorm1d(3), (3,), "add the batch axis with x[None]"),
        (nn.BatchNorm1d(3), (2, 4), "check num_features"),
        (nn.Linear(12, 2), (5, 3, 2, 2), "flatten x with ag.nn.Flatten()"),
        (nn.Linear(99, 2), (5, 3, 2, 2), "flatten x with ag.nn.Flatten(), and make the layer Linear(12, 2)"),
        (nn.Linear(4, 2), (5, 3, 2), "make the layer Linear(2, 2)"),
        (nn.Linear(4, 2), (), "it is a single number: write x[None]"),
        (nn.Linear(4, 2), (4, 9), "the features stand in the first axis: write x.T"),
        (nn.Linear(1, 2), (9,), "write x[:, None] for one feature of each sample"),
        (nn.Linear(400, 2), (2, 256), "it has 256 features (after Flatten they follow from the size of the images"),
        (ag.models.lenet5(), (2, 1, 28, 28), "expected images of 32 x 32 pixels, got 28 x 28; resize them, or build it with image_size=28"),
        (ag.models.lenet5(image_size=28), (2, 1, 32, 32), "expected images of 28 x 28 pixels, got 32 x 32; resize them, or build it with image_size=32"),
        (ag.models.lenet5(), (2, 1, 8, 8), "got 8 x 8; resize them"),
        (ag.models.lenet5(3), (2, 32, 32, 3), "x.transpose(0, 3, 1, 2)"),
        (ag.models.mlp(64), (2, 1, 32, 32), "expected 64 features in the last axis, got x of shape (2, 1024)"),
    ],
)  # fmt: skip
def test_another_layout_is_told_its_fix(layer, shape, fix):
    with pytest.raises(ValueError, match=re.escape(fix)):
        layer(f4(*shape))


@pytest.mark.parametrize(
    ("channels", "shape"), [(3, (2, 8, 8, 3)), (1, (2, 8, 8, 3)), (3, (2, 1, 8, 8)), (3, (2, 4, 8, 8)), (3, (3, 8, 8)), (1, (5, 8, 8)), (3, (8, 8, 3))]
)  # fmt: skip
def test_the_fix_for_a_layout_works(channels, shape):
    layer, x = nn.Conv2d(channels, 2, 3), f4(*shape)
    with pytest.raises(ValueError, match="expected images") as found:
        layer(x)
    fix = re.search(r"x[.\[].*$", str(found.value))
    assert layer(eval(fix[0], {"x": x})).ndim == 4


def test_lenet5_takes_what_fits_its_last_layers():
    assert ag.models.lenet5(image_size=32)(f4(1, 1, 33, 35)).shape == (1, 10)
    assert repr(ag.models.lenet5()).startswith("LeNet5(\n  (0): Conv2d(")
