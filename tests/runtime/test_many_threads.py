"""Threads of a program that train, share a model and change settings at the same time."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import agx as ag

THREADS, ROUNDS = 4, 12
#: How much more is done where threads really run at the same time.
MORE = 1 if getattr(sys, "_is_gil_enabled", lambda: True)() else 20


def at_once(work, count=THREADS):
    """Call ``work(i)`` in threads that start together; their results in order."""
    barrier = threading.Barrier(count)

    def start(i):
        barrier.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def network(seed):
    rng = np.random.default_rng(seed)
    return ag.nn.Sequential(
        ag.nn.Conv2d(2, 6, 3, rng=rng), ag.nn.ReLU(), ag.nn.MaxPool2d(2), ag.nn.Flatten(),
        ag.nn.Linear(6 * 9 * 9, 10, rng=rng),
    )  # fmt: skip


def batch(seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((32, 2, 20, 20)).astype("f"), rng.integers(0, 10, 32)


def trained(seed):
    """The weights after some steps of a model that nobody else knows."""
    model, (x, y) = network(seed), batch(seed)
    optimizer = ag.optim.Adam(model.parameters())
    for _ in range(ROUNDS):
        optimizer.zero_grad()
        ag.cross_entropy(model(x), y).backward()
        optimizer.step()
    return [p.value.copy() for p in model.parameters()]


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_each_trains_a_model_of_its_own():
    wanted = [trained(i) for i in range(THREADS)]
    for found, alone in zip(at_once(trained), wanted, strict=True):
        same(found, alone)


def test_all_add_to_the_gradients_of_one_model():
    model = network(0)

    def sweep(i):
        x, y = batch(i)
        for _ in range(ROUNDS):
            ag.cross_entropy(model(x), y).backward()

    for i in range(THREADS):
        sweep(i)
    wanted = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    at_once(sweep)
    same([p.grad for p in model.parameters()], wanted)


@pytest.mark.parametrize("size", [3, 300, 30_000])
def test_no_share_of_a_leaf_is_lost(size):
    w = ag.Tensor(np.ones(size))
    times = 100 * MORE
    at_once(lambda i: [(w * (i + 1.0)).sum().backward() for _ in range(times)])
    assert (w.grad == times * sum(range(1, THREADS + 1))).all()


def test_no_share_is_lost_to_another_hand_written_backward():
    w = ag.Tensor(np.ones(2000))

    def double(x):
        out = ag.Tensor(x.value * 2, inputs=(x,), op="double")

        def _backward():
            x.grad += out.grad
            x.grad += out.grad

        out._backward = _backward
        return out

    times = 50 * MORE
    at_once(lambda i: [(double(w) * (i + 1.0)).sum().backward() for _ in range(times)])
    assert (w.grad == 2 * times * sum(range(1, THREADS + 1))).all()


def test_transforms_and_compiled_functions():
    compiled = ag.compile(lambda x: (ag.tanh(x) * x).sum())
    x = np.random.default_rng(0).standard_normal((60, 60))
    calls = (
        lambda: ag.grad(compiled)(x),
        lambda: ag.grad(lambda a: ag.logsumexp(a @ a.T))(x),
        lambda: ag.jvp(ag.sin, (x,), (x,))[1],
        lambda: ag.hessian(lambda a: (a**3).sum())(x[0, :9]),
    )
    wanted = [call() for call in calls]
    found = at_once(lambda i: [calls[(i + k) % 4]() for k in range(24 * MORE)], 4)
    for i, results in enumerate(found):
        for k, result in enumerate(results):
            np.testing.assert_allclose(result, wanted[(i + k) % 4], rtol=1e-10, atol=1e-10)


def test_settings_change_while_others_train():
    wanted, threads, done = trained(0), ag.get_num_threads(), threading.Event()

    def change():
        k = 0
        while not done.is_set():
            k += 1
            ag.set_num_threads(1 + k % 3)
            ag.set_winograd(bool(k % 2))
            with ag.no_grad(), ag.debug():
                assert not (ag.Tensor(np.ones(2)) * 2).requires_grad

    def work(i):
        if not i:
            return change()
        try:
            return [trained(0) for _ in range(3)]
        finally:
            finished.append(i)
            if len(finished) == THREADS - 1:
                done.set()

    finished, winograd = [], ag.set_winograd(True)
    try:
        found = at_once(work)
    finally:
        ag.set_num_threads(threads)
        ag.set_winograd(winograd)
    for results in found[1:]:
        for result in results:
            same(result, wanted)


def test_memory_that_is_used_again_belongs_to_one():
    def fill(i):
        for k in range(200 * MORE):
            x = ag.Tensor(np.full(20_000 + 500 * (k % 3), float(i)))
            out = x * 2 + 1
            kept.append(out) if k % 50 == 0 else None
            assert (out.value == 2 * i + 1).all()

    kept = []
    at_once(fill)
    assert all((out.value == out.value[0]).all() for out in kept)
