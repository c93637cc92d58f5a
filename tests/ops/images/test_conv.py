"""Convolution: any geometry, bounded memory, threads, errors."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

import agx as ag
from agx._kernels import machine
from agx._runtime import buffers, threads
from agx.ops.images import conv
from agx.ops.images.im2col import Geometry

rng = np.random.default_rng(0)


@pytest.fixture
def small_workspace():
    before = ag.set_workspace(0.001)
    yield
    ag.set_workspace(before)


@pytest.fixture
def without_tiles():
    before = machine.set_level(0)
    yield
    machine.set_level(before)


@pytest.fixture(params=["blas", "numpy"])
def engine(request, monkeypatch, without_tiles):
    """Run with the BLAS that NumPy has loaded, and with numpy.matmul."""
    if request.param == "numpy":
        monkeypatch.setattr("agx.ops.images.conv.blas", lambda: None)
    elif threads.blas() is None:
        pytest.skip("NumPy's BLAS has no symbols to call")


@st.composite
def problems(draw):
    pairs = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))
    geo = Geometry(draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(0, 2)), draw(pairs(1, 2)))
    groups, per, out = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    n, h, w = draw(st.integers(0, 3)), draw(st.integers(1, 8)), draw(st.integers(1, 8))
    assume(min(geo.output(h, w)) > 0)
    return geo, groups, (n, per * groups, h, w), (out * groups, per, *geo.kernel)


def gradients_by_reference(x, w, seed, geo, groups):
    """Gradients of <seed, conv(x, w)> from its matrix: one column for each element."""

    def slope(a, rebuild):
        out = np.empty(a.size)
        for k in range(a.size):
            unit = np.zeros(a.size)
            unit[k] = 1
            out[k] = np.vdot(
                seed, reference.conv2d(*rebuild(unit.reshape(a.shape)), None, geo, groups)
            )
        return out.reshape(a.shape)

    return slope(x, lambda u: (u, w)), slope(w, lambda u: (x, u))


@given(problem=problems())
def test_any_geometry(problem):
    geo, groups, x_shape, w_shape = problem
    x, w, b = (
        rng.standard_normal(x_shape),
        rng.standard_normal(w_shape),
        rng.standard_normal(w_shape[0]),
    )
    tx, tw, tb = map(ag.Tensor, (x, w, b))
    out = ag.conv2d(tx, tw, tb, geo.stride, geo.padding, geo.dilation, groups)
    expected = reference.conv2d(x, w, b, geo, groups)
    np.testing.assert_allclose(out.value.reshape(expected.shape), expected, atol=1e-12)
    seed = rng.standard_normal(out.shape)
    out.backward(seed)
    gx, gw = gradients_by_reference(x, w, seed.reshape(expected.shape), geo, groups)
    np.testing.assert_allclose(tx.grad, gx, atol=1e-11)
    np.testing.assert_allclose(tw.grad, gw, atol=1e-11)
    np.testing.assert_allclose(tb.grad, seed.sum(axis=(0, 2, 3)), atol=1e-11)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((3, 2, 9, 8), (4, 2, 3, 3), {}),
        ((2, 4, 9, 7), (6, 2, 3, 2), {"stride": (2, 1), "padding": 2, "dilation": (1, 2), "groups": 2}),
        ((2, 3, 6, 6), (5, 3, 1, 1), {}),
        ((2, 3, 6, 6), (3, 1, 3, 3), {"padding": 1, "groups": 3}),
        ((1, 1, 40, 3), (1, 1, 5, 1), {"stride": (3, 1)}),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("engine", "small_workspace")
def test_pieces_smaller_than_an_image(x_shape, w_shape, options):
    f = lambda x, w, b: ag.conv2d(x, w, b, **options)
    arrays = (
        rng.standard_normal(x_shape),
        rng.standard_normal(w_shape),
        rng.standard_normal(w_shape[0]),
    )
    ag.testing.check_grads(f, *arrays)


def lenet_like(dtype):
    r = np.random.default_rng(1)
    shapes = (32, 3, 32, 32), (6, 3, 5, 5), (6,), (32, 6, 28, 28)
    x, w, b, seed = (r.standard_normal(s).astype(dtype) for s in shapes)
    tensors = [ag.Tensor(a) for a in (x, w, b)]
    out = ag.conv2d(*tensors)
    out.backward(seed)
    return [out.value, *(t.grad for t in tensors)]


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_both_engines_and_any_number_of_threads_agree(dtype, rtol, monkeypatch):
    before, level = ag.get_num_threads(), machine.level()
    results = []
    try:
        for best, n in [(level, 1), (level, 2), (level, 3), (0, 1), (0, 2)]:
            machine.set_level(best)
            ag.set_num_threads(n)
            first, second = lenet_like(dtype), lenet_like(dtype)
            for a, b in zip(first, second, strict=True):
                np.testing.assert_array_equal(a, b)
            results.append(first)
        monkeypatch.setattr("agx.ops.images.conv.blas", lambda: None)
        results.append(lenet_like(dtype))
    finally:
        ag.set_num_threads(before)
        machine.set_level(level)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * abs(a).max())


@pytest.mark.parametrize("change", ["strided", "read-only", "integers", "mixed"])
def test_input_of_any_kind(change):
    x, w = rng.integers(0, 9, (2, 4, 6, 5)).astype(float), rng.standard_normal((3, 2, 2, 2))
    given_x = {
        "strided": np.repeat(x, 2, axis=3)[:, ::2, :, ::2],
        "read-only": np.broadcast_to(x[:, :2], (2, 2, 6, 5)),
        "integers": x[:, ::2].astype(np.uint8),
        "mixed": x[:, ::2].astype(np.float32),
    }[change]
    expected = ag.conv2d(np.ascontiguousarray(given_x, float), w)
    out = ag.conv2d(given_x, ag.Tensor(w))
    np.testing.assert_allclose(out.value, expected, rtol=1e-6)
    out.sum().backward()


def test_memory_does_not_grow_with_the_batch():
    """Beyond its output, a convolution takes no more for 64 images than for 8."""
    w = rng.standard_normal((8, 8, 5, 5)).astype(np.float32)
    extra = []
    for n in (8, 64):
        x = rng.standard_normal((n, 8, 40, 40)).astype(np.float32)
        buffers.release()
        tracemalloc.start()
        out = ag.conv2d(x, w)
        extra.append(tracemalloc.get_traced_memory()[1] - out.nbytes)
        tracemalloc.stop()
    assert extra[1] < extra[0] + 100_000
    assert max(extra) < 3 * (1 << 20)


def test_workspace_can_be_set():
    before = ag.set_workspace(2.5)
    assert ag.set_workspace(before) == 2.5
    with pytest.raises(
        ValueError, match="set_workspace: expected a positive number of megabytes, got 0"
    ):
        ag.set_workspace(0)


def test_conv1d_is_conv2d_of_height_one():
    x, w, b = rng.standard_normal((2, 4, 9)), rng.standard_normal((6, 2, 3)), rng.standard_normal(6)
    out = ag.conv1d(x, w, b, stride=2, padding=1, dilation=2, groups=2)
    wide = ag.conv2d(x[:, :, None], w[:, :, None], b, (1, 2), (0, 1), (1, 2), 2)
    np.testing.assert_array_equal(out, wide[:, :, 0])


def test_a_convolution_in_many_user_threads():
    from concurrent.futures import ThreadPoolExecutor

    x, w = rng.standard_normal((16, 3, 32, 32)), rng.standard_normal((6, 3, 5, 5))
    expected = ag.conv2d(x, w)
    with ThreadPoolExecutor(4) as pool:
        for out in pool.map(lambda _: ag.conv2d(x, w), range(16)):
            np.testing.assert_array_equal(out, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own():
    code = (
        "import os, numpy as np, agx as ag\n"
        "ag.set_num_threads(2)\n"
        "x, w = np.ones((16, 3, 32, 32)), np.ones((6, 3, 5, 5))\n"
        "ag.conv2d(x, w)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os._exit(0 if ag.conv2d(x, w)[0, 0, 0, 0] == 75 else 1)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# --- plans ----------------------------------------------------------------------------------------


@pytest.fixture
def two_threads(use_threads):
    use_threads(2)


def f4(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.skipif(not machine.has_tiles(), reason="these instructions have no tiles")
def test_a_plan_says_that_tiles_multiply():
    plan = ag.conv2d_plan(f4(64, 3, 32, 32), f4(6, 3, 5, 5), f4(6))
    way = f"{threads.instructions()} tiles, {'2 threads' if machine.has_threads() else '1 thread'}"
    assert repr(plan) == f"conv2d float32 (64, 3, 32, 32) * (6, 3, 5, 5): {way}"
    assert plan.x_gradient == plan.w_gradient == way
    layer = ag.nn.Conv2d(3, 6, 5)
    assert layer.plan(ag.Tensor(f4(64, 3, 32, 32))) == plan
    assert layer.plan(f4(1, 3, 32, 32)).forward.endswith("tiles, 1 thread")
    double = ag.conv2d_plan(np.ones((64, 3, 32, 32)), np.ones((6, 3, 5, 5)), stride=2)
    assert set(double[3:]) == {way}
    far = ag.conv2d_plan(f4(1, 1, 20, 20), f4(1, 1, 2, 2), stride=17)
    assert "tiles" in far.forward and far.x_gradient.startswith("patches")
    assert repr(far).endswith(f"; gradient of x: {far.x_gradient}")


@pytest.mark.usefixtures("two_threads", "engine")
@pytest.mark.parametrize(
    ("dtype", "stride", "symbol"), [("f4", 2, "sgemm"), ("f8", 1, "dgemm"), ("i4", 1, "dgemm")]
)
def test_a_plan_says_who_multiplies_patches(dtype, stride, symbol):
    x, w = np.ones((64, 3, 32, 32), dtype), np.ones((6, 3, 5, 5), dtype)
    plan = ag.conv2d_plan(x, w, stride=stride)
    library = conv.blas()
    expected = "patches, numpy.matmul"
    if library:
        expected = f"patches, {library.symbol.replace('sgemm', symbol)}, 2 threads"
    assert set(plan[3:]) == {expected}
    assert repr(plan).startswith(
        f"conv2d float{'32' if symbol == 'sgemm' else '64'} (64, 3, 32, 32)"
    )


@pytest.mark.parametrize("stride", [1, 2, 17])
def test_what_a_plan_says_is_what_is_done(stride, monkeypatch):
    x, w = ag.Tensor(f4(2, 3, 20, 20)), ag.Tensor(f4(4, 3, 3, 3))
    plan, seen = ag.conv2d_plan(x, w, stride=stride), []
    for kind in (conv._Forward, conv._InputGradient, conv._WeightGradient):
        run = lambda self, run=kind.run: [seen.append(type(self)), run(self)][1]
        monkeypatch.setattr(kind, "run", run)
    ag.conv2d(x, w, stride=stride).sum().backward()
    assert len(seen) == sum("patches" in way for way in plan[3:])


def test_a_plan_of_sizes_that_do_not_fit_is_refused():
    with pytest.raises(ValueError, match="conv2d: x has 3 channels, w expects 2"):
        ag.conv2d_plan(f4(1, 3, 4, 4), f4(4, 2, 3, 3))
    with pytest.raises(
        ValueError, match=r"expected images of shape \(N, 3, H, W\).*check in_channels"
    ):
        ag.nn.Conv2d(3, 4, 3).plan(f4(1, 2, 4, 4))


# --- errors --------------------------------------------------------------------------------------

X, W = np.ones((2, 3, 6, 5)), np.ones((4, 3, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.conv2d(X[0], W), r"expected x of shape \(N, C, H, W\), got \(3, 6, 5\); add .*x\[None\]"),
        (lambda: ag.conv2d(X, W[0]), r"expected w of shape \(O, C, KH, KW\), got \(3, 3, 3\)"),
        (
            lambda: ag.conv2d(X, np.ones((16, 4, 3, 3))),
            r"conv2d: x has 3 channels, w expects 4 \(w.shape == \(16, 4, 3, 3\).*check in_channels",
        ),
        (lambda: ag.conv2d(X, W, groups=2), "groups=2 must divide the 3 channels of x and the 4 filters of w"),
        (lambda: ag.conv2d(X, W, np.ones(3)), r"expected b of shape \(4,\), got \(3,\)"),
        (lambda: ag.conv2d(X, np.ones((4, 3, 7, 2))), r"a kernel reaching over \(7, 2\) does not fit images of \(6, 5\)"),
        (lambda: ag.conv2d(X, W, stride=0), "conv2d: stride must be an integer of at least 1 or a pair"),
        (lambda: ag.conv2d(X, W, padding=(1, -1)), r"padding must be an integer of at least 0 .* got \(1, -1\)"),
        (lambda: ag.conv2d(X, W, dilation=(1, 2, 3)), "dilation must be"),
        (lambda: ag.conv1d(X, W), r"conv1d: expected x of shape \(N, C, L\)"),
        (lambda: ag.conv1d(X[0], np.ones((4, 2, 2))), "conv1d: x has 6 channels, w expects 2"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
