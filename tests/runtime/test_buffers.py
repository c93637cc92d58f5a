"""Memory is used again when nobody holds it, and never before."""

import sys
import threading

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import Primitive
from agx._kernels import graph
from agx._runtime import buffers

SHAPE = (100, 300)


@pytest.fixture(autouse=True)
def nothing_kept():
    buffers.release()
    yield
    buffers.release()


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_of_a_dead_array_is_used_again():
    a = buffers.empty(SHAPE, np.float32)
    place = address(a)
    del a
    assert address(buffers.empty(SHAPE, np.float32)) == place
    assert address(buffers.empty((300, 100), np.float32)) == place


def test_memory_that_is_used_again_is_an_arrays_own():
    a = buffers.empty(SHAPE, np.float32)
    assert buffers.is_own(a) and buffers.is_own(np.ones(3))
    assert not buffers.is_own(a[1:]) and not buffers.is_own(np.frombuffer(b"12345678"))
    assert not buffers.is_own(np.from_dlpack(np.ones(3)))


def test_memory_begins_on_a_cache_line():
    held = [buffers.empty((100 + k, 301), np.float32) for k in range(5)]
    assert [address(a) % 64 for a in held] == [0] * 5


@pytest.mark.parametrize("hold", [lambda a: a, lambda a: a[3:, ::2], lambda a: a.T, memoryview])
def test_memory_that_is_held_is_not(hold):
    a = buffers.empty(SHAPE, np.float32)
    place, held = address(a), hold(a)
    del a
    assert address(buffers.empty(SHAPE, np.float32)) != place
    del held
    assert address(buffers.empty(SHAPE, np.float32)) == place


def test_zeros_are_zeros_again():
    a = buffers.zeros(SHAPE, np.float64)
    a += 1
    del a
    assert not buffers.zeros(SHAPE, np.float64).any()


def test_what_is_kept_is_limited():
    before = graph.limit_idle(1_000_000)
    try:
        held = [buffers.empty((100, 1000 + k), np.float64) for k in range(3)]
        assert graph.count_idle() == 0
        del held
        assert 800_000 <= graph.count_idle() <= 1_000_000
    finally:
        assert graph.limit_idle(before) == 1_000_000


def test_blocks_of_many_sizes_make_room_for_newer_ones():
    for k in range(300):
        buffers.empty((100, 1000 + 6 * k), np.float32)
    a = buffers.empty((100, 1000 + 6 * 299), np.float32)
    place = address(a)
    del a
    assert address(buffers.empty((100, 1000 + 6 * 299), np.float32)) == place


def test_release_keeps_what_is_held():
    a, b = buffers.empty(SHAPE, np.float32), buffers.empty(SHAPE, np.float32)
    a[...] = 1
    del b
    buffers.release()
    assert graph.count_idle() == 0
    assert (a == 1).all()


def test_what_a_thread_holds_no_other_thread_gets():
    a, places = buffers.empty(SHAPE, np.float32), []

    def work():
        for _ in range(100):
            held = [buffers.empty(SHAPE, np.float32) for _ in range(3)]
            places.extend(map(address, held))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert address(a) not in places


def test_a_function_of_single_elements_makes_its_own_memory():
    half = Primitive("half", np.frompyfunc(lambda v: v / 2, 1, 1), [lambda g, out, x: g / 2])
    with pytest.raises(TypeError, match="object"):
        half(ag.Tensor(np.ones(SHAPE)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x * y + y / x,
        lambda x, y: x**2 - y[:, :1] * 3,
        lambda x, y: np.exp(x) - np.sqrt(y) * x,
        lambda x, y: 2.0 / x - y[:, 1:2] + (x - x) * y,
    ],
)
def test_large_results_are_those_of_small_parts(dtype, f):
    """Each half of the rows alone is too small for such memory, and gradients are written over there."""
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(1, 2, (120, 200)).astype(dtype) for _ in range(2))
    loss = lambda x, y: np.sum(f(x, y) * x)
    whole = ag.grad(loss, (0, 1))(x, y)
    small = [ag.grad(loss, (0, 1))(x[i : i + 20], y[i : i + 20]) for i in range(0, 120, 20)]
    np.testing.assert_array_equal(whole[0], np.concatenate([p[0] for p in small]))
    assert f(ag.Tensor(x), y).value.tobytes() == f(x, y).tobytes()
    assert whole[1].dtype == dtype


def test_results_of_a_network_stay_what_they_were():
    x = np.random.default_rng(0).standard_normal((16, 3, 32, 32)).astype(np.float32)
    w = ag.Tensor(np.random.default_rng(1).standard_normal((6, 3, 5, 5)).astype(np.float32))
    layers = lambda: ag.max_pool2d(ag.relu(ag.conv2d(x, w)), 2)
    first = layers()
    copy = first.value.copy()
    for _ in range(3):
        layers().sum().backward(free=True)
    np.testing.assert_array_equal(first.value, copy)


def test_a_gradient_in_such_memory_is_not_copied():
    """The sweep may keep an array that nobody else holds, and must copy one that is a view."""
    x = ag.Tensor(np.ones(SHAPE, np.float32))
    ag.relu(x).backward(x.value)
    assert "agx.buffer" in repr(x.grad.base)
    y = ag.Tensor(np.ones(SHAPE, np.float32))
    flat = y.reshape(-1)
    ag.relu(flat).backward(x.value.reshape(-1))
    assert not np.shares_memory(y.grad, flat.grad)


def test_what_was_needed_once_is_kept_and_no_more():
    """Three blocks beyond what is kept at any time, then three of another size in their place."""
    buffers.release()
    before = graph.limit_idle(1 << 32)
    try:
        for columns in 1000, 1001:
            held = [buffers.empty((30_000, columns), np.float32) for _ in range(3)]
            used = sum(a.nbytes for a in held)
            assert graph.count_idle() <= 3 * 30_000 * 4000
            del held
            assert used <= graph.count_idle() <= used + 3 * 8192
    finally:
        graph.limit_idle(before)
        buffers.release()


def test_more_memory_than_a_process_can_count_is_as_much_as_it_can(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: sys.maxsize // 2, raising=False)
    assert buffers.memory_of_the_machine() == sys.maxsize
