"""Memory is used again when nobody holds it, and never before."""

import threading

import numpy as np
import pytest

import agx as ag
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


def test_what_is_kept_is_limited(monkeypatch):
    monkeypatch.setattr(buffers, "MOST", 1_000_000)
    held = [buffers.empty((100, 1000 + k), np.float64) for k in range(3)]
    assert buffers._kept.total <= 1_000_000
    del held
    buffers.empty((100, 1100), np.float64)
    assert buffers._kept.total <= 1_000_000


def test_release_keeps_what_is_held():
    a, b = buffers.empty(SHAPE, np.float32), buffers.empty(SHAPE, np.float32)
    a[...] = 1
    del b
    buffers.release()
    assert buffers._kept.total == a.nbytes
    assert (a == 1).all()


def test_threads_do_not_share():
    places = []
    a = buffers.empty(SHAPE, np.float32)
    place = address(a)
    del a
    thread = threading.Thread(
        target=lambda: places.append(address(buffers.empty(SHAPE, np.float32)))
    )
    thread.start()
    thread.join()
    assert places != [place]


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
    assert type(x.grad.base) is buffers.Buffer
    y = ag.Tensor(np.ones(SHAPE, np.float32))
    flat = y.reshape(-1)
    ag.relu(flat).backward(x.value.reshape(-1))
    assert not np.shares_memory(y.grad, flat.grad)
