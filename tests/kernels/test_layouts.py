"""Arrays however they lie in memory are what their plain copies are, as arguments and as cotangents."""

import numpy as np
import pytest

import agx as ag

rng = np.random.default_rng(0)
TARGETS = np.array([0, 3, 1])
IMAGES, SIGNALS = (2, 3, 6, 5), (2, 3, 6)


def misaligned(a):
    out = np.ndarray(a.shape, a.dtype, buffer=bytearray(a.nbytes + 1), offset=1)
    out[...] = a
    return out


def backwards(a):
    turn = (slice(None, None, -1),) * a.ndim
    return a[turn].copy()[turn]


def read_only(a):
    out = a.copy()
    out.flags.writeable = False
    return out


LAYOUTS = {
    "misaligned": misaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "negative strides": backwards,
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "transposed": lambda a: a.T.copy().T,
    "read-only": read_only,
}
CALLS = {
    "softmax": (ag.softmax, (3, 4)),
    "softmax down": (lambda x: ag.softmax(x, 0), (3, 4)),
    "log_softmax": (ag.log_softmax, (3, 4)),
    "logsumexp": (lambda x: ag.logsumexp(x, axis=-1), (3, 4)),
    "logsumexp of all": (ag.logsumexp, (3, 4)),
    "cross_entropy": (lambda x: ag.cross_entropy(x, TARGETS), (3, 4)),
    "relu": (ag.relu, (3, 4)),
    "erf": (ag.erf, (3, 4)),
    "max_pool2d by tiles": (lambda x: ag.max_pool2d(x, 2), IMAGES),
    "max_pool2d": (lambda x: ag.max_pool2d(x, 3, 2, 1), IMAGES),
    "max_pool2d with gaps": (lambda x: ag.max_pool2d(x, 2, 3, 1, 2, True), IMAGES),
    "avg_pool2d": (lambda x: ag.avg_pool2d(x, 2), IMAGES),
    "avg_pool2d of the inside": (lambda x: ag.avg_pool2d(x, 3, 2, 1, True, False), IMAGES),
    "adaptive_avg_pool2d": (lambda x: ag.adaptive_avg_pool2d(x, 2), IMAGES),
    "im2col": (lambda x: ag.im2col(x, 2), IMAGES),
    "col2im": (lambda x: ag.col2im(x, (1, 2, 3, 3), 2), (1, 4, 2, 2, 2)),
    "getitem": (lambda x: x[[0, 0, 2]], (3, 4)),
    "take": (lambda x: ag.take(x, [0, 0, 2]), (12,)),
    "small arithmetic": (lambda x: x * x + 1 / x, (3, 4)),
    "conv2d by tiles": (ag.conv2d, IMAGES, (4, 3, 3, 2), (4,)),
    "conv2d": (lambda x, w, b: ag.conv2d(x, w, b, 2, 1), IMAGES, (4, 3, 3, 2), (4,)),
    "conv2d of one pixel": (ag.conv2d, IMAGES, (4, 3, 1, 1), (4,)),
    "conv1d": (ag.conv1d, SIGNALS, (4, 3, 3), (4,)),
    "conv_transpose2d": (lambda x, w: ag.conv_transpose2d(x, w, None, 2), IMAGES, (3, 4, 3, 2)),
    "matmul": (ag.matmul, (5, 7), (7, 3)),
    "matmul across": (lambda x, w: x @ w.T, (5, 7), (3, 7)),
}


def results(f, arrays, cotangent=lambda g: g):
    tensors = [ag.Tensor(a) for a in arrays]
    out = f(*tensors)
    g = (
        np.random.default_rng(1)
        .standard_normal(out.shape)
        .astype(arrays[0].dtype.newbyteorder("="))
    )
    out.backward(cotangent(np.asarray(g)))
    return [out.value, *(t.grad for t in tensors)]


def close(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("lay", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_however_an_array_lies(call, lay, dtype):
    f, *shapes = call
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    wanted = results(f, arrays)
    close(results(f, [lay(a) for a in arrays]), wanted)
    close(results(f, arrays, lay), wanted)
    close([np.asarray(f(*map(lay, arrays)), dtype)], wanted[:1])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_one_number_everywhere(call, dtype):
    f, *shapes = call
    spread = [np.broadcast_to(np.array(0.5 + i, dtype), shape) for i, shape in enumerate(shapes)]
    close(results(f, spread), results(f, [a.copy() for a in spread]))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "relu", "erf", "small arithmetic"])
@pytest.mark.parametrize("shape", [(), (0,), (0, 4), (3, 0), (2, 0, 4)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nothing_and_a_single_number(name, shape, dtype):
    f = CALLS[name][0]
    x = np.full(shape, 0.5, dtype)
    if not shape and "softmax" in name:
        with pytest.raises(np.exceptions.AxisError, match="axis -1 is out of bounds"):
            f(ag.Tensor(x))
        return
    value, gradient = results(f, [x])
    assert value.shape == gradient.shape == shape
    assert value.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">f8", ">c8"])
def test_the_order_of_bytes_does_not_change_a_dtype(dtype):
    native = np.dtype(dtype).newbyteorder("=")
    t = ag.Tensor(np.ones(2, dtype))
    assert t.dtype == native
    assert ag.add(ag.Tensor(np.ones(2, native)), np.ones(2, dtype)).dtype == native
    t.value = np.zeros(2, dtype)
    assert t.dtype == native
    assert t.value.dtype.isnative
