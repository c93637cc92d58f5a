"""Sizes that nobody means: every function that takes some refuses them in words, or gives the right answer."""

import sys

import numpy as np
import pytest

import agx as ag

if sys.platform != "linux":
    pytest.skip("only Linux lets a test have little memory", allow_module_level=True)

import resource

X = np.arange(64, dtype="f4").reshape(1, 1, 8, 8)
W, SEQUENCE = np.ones((1, 1, 5, 5), "f4"), np.ones((1, 1, 3), "f4")
V = np.arange(4.0)
HUGE = [2**32, 2**40, 2**62 - 1, 2**62, 2**63 - 1000, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**64 + 3]
HUGE += [np.int64(2**62), np.uint64(2**64 - 1)]
BEYOND_31 = [2**31, 2**31 + 1, 2**32 - 1, *HUGE]
NEGATIVE = [-1, -(2**31), -(2**32), -(2**62), -(2**63), -(2**64)]
NO_SIZE = [
    True,
    1.5,
    2.0,
    np.nan,
    np.inf,
    "2",
    2j,
    None,
    (2, 2, 2),
    [],
    np.array(2),
    np.array([2.0, 2.0]),
]


@pytest.fixture(autouse=True)
def _little_memory():
    """A machine with much memory would make arrays of a hundred gigabytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**32, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def tensor():
    return ag.Tensor(V.copy())


def spread(value, *shape):
    """An array that has any shape and no memory."""
    return np.broadcast_to(np.float32(value), shape)


def windows(f, **fixed):
    """A function of one setting after another."""
    return {f"{f.__name__} {k}": (lambda n, k=k: f(**fixed, **{k: n})) for k in STEPS[f.__name__]}


STEPS = {
    "conv2d": ("stride", "padding", "dilation", "groups"),
    "conv1d": ("stride", "padding", "dilation", "groups"),
    "conv2d_plan": ("stride", "padding", "dilation", "groups"),
    "conv_transpose2d": ("stride", "padding", "dilation", "output_padding", "groups"),
    "im2col": ("kernel_size", "stride", "padding", "dilation"),
    "im2col_indices": ("kernel_size", "stride", "padding", "dilation"),
    "im2col_matrix_dense": ("kernel_size", "stride", "padding", "dilation"),
    "max_pool2d": ("kernel_size", "stride", "padding", "dilation"),
    "avg_pool2d": ("kernel_size", "stride", "padding"),
}


def all_windows():
    found = {"adaptive_avg_pool2d output_size": lambda n: ag.adaptive_avg_pool2d(X, n)}
    for dtype in "f4", "f8":
        x, w = X.astype(dtype), W.astype(dtype)
        for f in ag.conv2d, ag.conv2d_plan, ag.conv_transpose2d:
            found |= {f"{k} {dtype}": g for k, g in windows(f, x=x, w=w).items()}
    found |= windows(ag.conv1d, x=X[:, :, 0], w=SEQUENCE)
    for f in ag.im2col, ag.im2col_indices, ag.im2col_matrix_dense, ag.max_pool2d, ag.avg_pool2d:
        for s in STEPS[f.__name__]:
            found[f"{f.__name__} {s}"] = lambda n, f=f, s=s: f(X, **({"kernel_size": 2} | {s: n}))
    patches = np.ones((1, 49, 1, 2, 2))
    for s in STEPS["im2col"]:
        found[f"col2im {s}"] = lambda n, s=s: ag.col2im(
            patches, X.shape, **({"kernel_size": 2} | {s: n})
        )
    found["Conv2d kernel_size"] = lambda n: ag.nn.Conv2d(1, 1, n)
    found["MaxPool2d kernel_size"] = lambda n: ag.nn.MaxPool2d(n)(X)
    return found


WINDOWS = all_windows()


@pytest.mark.parametrize("call", WINDOWS.values(), ids=WINDOWS)
def test_windows_of_no_size_are_refused(call, request):
    op, setting = request.node.callspec.id.split()[:2]
    for n in [*BEYOND_31, *NEGATIVE, *NO_SIZE]:
        if n is None and setting == "stride" and "pool" in op:
            continue  # which means that windows touch
        if n is None and setting == "output_size":
            continue  # which means the size of the input
        with pytest.raises(
            ValueError, match=f"{op.removesuffix('_plan')}: {setting} must be an integer"
        ):
            call(n)


@pytest.mark.parametrize("f", [ag.conv2d, ag.conv_transpose2d, ag.im2col])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_result_for_which_there_is_no_room(f, dtype):
    second = 5 if f is ag.im2col else W.astype(dtype)
    far = {"dilation": 2**31 - 1} if f is ag.conv_transpose2d else {"padding": 2**31 - 1}
    with pytest.raises(MemoryError, match=r"(no room|Unable to allocate|too big|takes)"):
        f(X.astype(dtype), second, **far)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_long_steps_and_wide_padding_of_small_results(dtype):
    x, w, far = X.astype(dtype), W.astype(dtype), 2**31 - 1
    np.testing.assert_array_equal(ag.conv2d(x, w, stride=far), ag.conv2d(x, w, stride=9))
    np.testing.assert_array_equal(ag.max_pool2d(x, 2, far), x[:, :, 1:2, 1:2])
    np.testing.assert_array_equal(ag.avg_pool2d(x, 2, far), ag.avg_pool2d(x[:, :, :2, :2], 2))
    np.testing.assert_array_equal(ag.max_pool2d(x, far, 1, far // 2), np.full_like(x, 63))
    np.testing.assert_array_equal(ag.max_pool2d(x, far, far, ceil_mode=True), [[[[63]]]])
    np.testing.assert_array_equal(ag.max_pool2d(x, (1, 2), far, 0, (far, 7)), [[[[7]]]])
    np.testing.assert_array_equal(ag.max_pool2d(x, 2, far, 0, far, ceil_mode=True), [[[[0]]]])
    np.testing.assert_array_equal(ag.avg_pool2d(x, far, far, ceil_mode=True), [[[[31.5]]]])
    np.testing.assert_array_equal(
        ag.avg_pool2d(x, 8, far, divisor_override=far) * far, [[[[2016]]]]
    )
    wide, corners = 2**20, w[:, :, ::4, ::4]
    out = ag.conv2d(x, w, padding=wide, dilation=wide // 2)
    np.testing.assert_array_equal(out, x * w[0, 0, 2, 2])
    far_apart = ag.conv2d(x, corners, padding=wide, dilation=2 * wide)
    np.testing.assert_array_equal(far_apart, np.zeros_like(far_apart))


ARRAYS = {
    "conv2d": lambda n: ag.conv2d(spread(1, n, 1, 4, 4), W[:, :, :3, :3]),
    "conv2d filters": lambda n: ag.conv2d(spread(1, 2**20, 1, 4, 4), spread(1, n, 1, 3, 3)),
    "conv2d height": lambda n: ag.conv2d(spread(1, 1, 1, n, 4), W[:, :, :3, :3]),
    "conv2d steps": lambda n: ag.conv2d(spread(1, 1, 1, n, 4), W[:, :, :3, :3], stride=2**31 - 1),
    "max_pool2d": lambda n: ag.max_pool2d(spread(1, n, 1, 4, 4), 2),
    "adaptive_avg_pool2d": lambda n: ag.adaptive_avg_pool2d(spread(1, 1, 1, n, 4), 2),
    "matmul": lambda n: ag.matmul(spread(1, n, 2), spread(1, 2, n)),
    "tensordot": lambda n: ag.tensordot(spread(1, n, 2), spread(1, 2, n), 1),
    "softmax": lambda n: ag.softmax(spread(1, n, 2)),
    "logsumexp": lambda n: ag.logsumexp(spread(1, 2, n)),
    "relu": lambda n: ag.relu(spread(1, n)),
    "add": lambda n: ag.add(spread(1, n, 1), spread(1, 1, n)),
    "outer": lambda n: ag.outer(spread(1, n), spread(1, n)),
}


@pytest.mark.parametrize("call", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("n", [2**33, 2**40, 2**55])
def test_products_of_shapes_that_do_not_fit(call, n):
    with pytest.raises((MemoryError, ValueError), match="."):
        call(n)


COUNTS = {
    "repeat": lambda n: ag.repeat(tensor(), n),
    "repeat each": lambda n: ag.repeat(tensor(), [1, n, 1, 1]),
    "tile": lambda n: ag.tile(tensor(), n),
    "tile twice": lambda n: ag.tile(tensor(), (2, n)),
    "pad": lambda n: ag.pad(tensor(), n),
    "pad after": lambda n: ag.pad(tensor(), (0, n)),
    **{
        f"pad {mode}": (lambda n, mode=mode: ag.pad(tensor(), n, mode=mode))
        for mode in ("edge", "linear_ramp", "mean", "reflect", "symmetric", "wrap")
    },
    "pad odd": lambda n: ag.pad(tensor(), n, mode="reflect", reflect_type="odd"),
    "linspace": lambda n: ag.linspace(*tensor()[:2], n),
    "logspace": lambda n: ag.logspace(*tensor()[:2], n),
    "geomspace": lambda n: ag.geomspace(*tensor()[1:3], n),
    "bincount": lambda n: ag.bincount(np.arange(4), tensor(), n),
    "vander": lambda n: ag.vander(tensor(), n),
    "polyfit": lambda n: ag.polyfit(tensor(), tensor(), n),
}


@pytest.mark.parametrize("call", COUNTS.values(), ids=COUNTS)
def test_more_elements_than_there_is_room_for(call):
    for n in HUGE:
        with pytest.raises((MemoryError, ValueError, TypeError), match=r"^\w+: "):
            call(n)


@pytest.mark.parametrize("call", COUNTS.values(), ids=COUNTS)
def test_numbers_of_elements_that_are_none(call):
    for n in [*NEGATIVE[:2], *NEGATIVE[4:5], 1.5, 2.0, "2", 2j, np.nan]:
        with pytest.raises((ValueError, TypeError), match=r"^\w+: "):
            call(n)


@pytest.mark.parametrize("n", [*BEYOND_31, *(-n for n in BEYOND_31[:-1])])
def test_diagonals_far_from_the_matrix_are_empty(n):
    m = ag.Tensor(np.ones((2, 3)))
    assert ag.diagonal(m, n).shape == ag.diag(m, n).shape == (0,)
    assert ag.trace(m, n).value == 0
    assert ag.diagonal(m.value, n).shape == (0,)


@pytest.mark.parametrize("n", BEYOND_31)
def test_so_many_differences_leave_nothing(n):
    assert ag.diff(tensor(), n).shape == ag.polyder(tensor(), n).shape == (0,)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "u8"])
def test_short_integers_name_elements_of_long_arrays(dtype):
    gradient = ag.grad(lambda x: x[np.array([0, 2, 2], dtype)].sum())(np.ones(300))
    np.testing.assert_array_equal(gradient[:4], [1, 0, 2, 0])
    assert gradient.sum() == 3


def test_labels_of_any_integer_type_are_counted():
    for dtype in "u1", "i1", "u8":
        found = ag.bincount(np.array([0, 2, 2], dtype), tensor()[1:], 300)
        assert found.shape == (300,) and found.value[2] == 5
    assert ag.bincount(np.array([], int), tensor()[:0], 2).shape == (2,)


def test_lengths_of_statistics_are_counted():
    for n in (0, -1, 1.5, "2"):
        with pytest.raises((ValueError, TypeError), match="pad: stat_length must be"):
            ag.pad(tensor(), 1, mode="mean", stat_length=n)


def test_axes_that_are_not_there_are_not_summed_over():
    with pytest.raises(
        ValueError, match=r"tensordot: axes=2 is more than shapes \(4,\) and \(4,\)"
    ):
        ag.tensordot(V, V, np.int64(2))


def test_steps_that_are_no_integers():
    with pytest.raises(TypeError, match=r"roll: shift must be an integer, got 1\.5"):
        ag.roll(tensor(), 1.5)
    with pytest.raises(
        TypeError, match="split: an index to cut before must be an integer, got '2'"
    ):
        ag.split(tensor(), "2")


def test_workspaces_of_no_size():
    for n in (0, -1, np.nan, np.inf, 1e30, 2**64, None, "2"):
        with pytest.raises(ValueError, match="set_workspace: expected a positive number"):
            ag.set_workspace(n)
    before = ag.set_workspace(2**31 - 1)
    try:
        assert ag.conv2d(X, W).shape == ag.conv2d(X, W, stride=2, padding=2).shape == (1, 1, 4, 4)
    finally:
        ag.set_workspace(before)


@pytest.mark.parametrize(
    "shape", [(2**62, 1, 8, 8), (-1, 1, 8, 8), (1.0, 1, 8, 8), 8, None, (1, 1, 8)]
)
def test_col2im_needs_a_shape(shape):
    with pytest.raises(ValueError, match="col2im: "):
        ag.col2im(np.ones((1, 49, 1, 2, 2)), shape, 2)


@pytest.mark.parametrize("shape", [(2, 3, 0, 5), (2, 3, 6, 0)])
def test_images_without_pixels_become_no_larger_ones(shape):
    with pytest.raises(ValueError, match="conv_transpose2d: expected images with pixels, got x of"):
        ag.conv_transpose2d(np.ones(shape), np.ones((3, 2, 2, 2)))


def test_images_without_pixels_have_no_largest():
    for pool in ag.max_pool2d, ag.avg_pool2d:
        with pytest.raises(
            ValueError, match=r"pool2d: expected images with pixels, .* \(1, 1, 0, 4\)"
        ):
            pool(np.ones((1, 1, 0, 4)), 2, 2, 1)
    with pytest.raises(ValueError, match="adaptive_avg_pool2d: expected images with pixels"):
        ag.adaptive_avg_pool2d(np.ones((1, 1, 4, 0)), 1)
