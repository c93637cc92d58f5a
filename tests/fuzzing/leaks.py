"""Graphs, failing calls and trainings by the million, after which there is no more memory in use than before."""

import gc
import itertools
import os
import sys
import time
import warnings

import numpy as np

import agx as ag

X = np.linspace(0.1, 1, 12).reshape(3, 4)
IMAGES = np.ones((2, 1, 8, 8), np.float32)
TARGETS = np.array([0, 1])


def small_net():
    return ag.nn.Sequential(
        ag.nn.Conv2d(1, 2, 3),
        ag.nn.ReLU(),
        ag.nn.MaxPool2d(2),
        ag.nn.Flatten(),
        ag.nn.Linear(18, 2),
    )


NET = small_net()
STEP = ag.compile(lambda x: (ag.tanh(x) * x).sum())


def scalars():
    a, b = ag.Scalar(2.0), ag.Scalar(3.0)
    for _ in range(5):
        a = a * b + a.tanh()
    a.backward()


def never_swept():
    x = ag.Tensor(X)
    return (x @ x.T).sum() * 2


def kept_and_dropped():
    x = ag.Tensor(X)
    loss = (ag.exp(x) / x).sum()
    loss.backward(retain_graph=True)
    loss.backward()


def twice():
    x = ag.Tensor(X)
    ag.sin(x).sum().backward(create_graph=True)
    x.grad.sum().backward()


def in_place():
    x = ag.Tensor(X) * 1
    x[0] = x[1] * 2
    x += 1
    x.sum().backward()


def own_backward():
    x = ag.Tensor(X)
    out = ag.Tensor(x.value * 2, inputs=(x,), op="double")

    def _backward():
        x.grad = x.grad + 2 * out.grad

    out._backward = _backward
    out.sum().backward()


class Itself:
    """A cycle of which a graph is a part."""

    def __init__(self):
        self.loss = ag.Tensor(X.sum(), inputs=(ag.Tensor(X),))
        self.loss._backward = self.sweep

    def sweep(self):
        pass


def of_a_model():
    loss = ag.cross_entropy(NET(IMAGES), TARGETS)
    loss.backward()
    NET.zero_grad()


GRAPHS = (
    scalars, scalars, never_swept, kept_and_dropped, twice, in_place, own_backward, Itself, of_a_model,
    lambda: ag.grad(lambda x: (x * x).sum())(X),
    lambda: ag.jvp(ag.tanh, (X,), (X,)),
    lambda: ag.checkpoint(lambda x: ag.exp(x).sum())(ag.Tensor(X)).backward(),
    lambda: ag.hessian(lambda x: (x**3).sum())(X[0]),
    lambda: STEP(X),
    lambda: ag.grad(STEP)(X),
    lambda: (ag.Tensor(X)[[0, 0, 2]] ** 2).mean().explain(),
)  # fmt: skip


def shape_in_a_model():
    NET(np.ones((2, 1, 19, 9), np.float32))


def not_finite():
    with ag.debug():
        ag.log(ag.Tensor(np.zeros(2))).sum().backward()


def inside_compiled():
    ag.compile(lambda x: x.sum() @ x)(X)


def inside_backward():
    x = ag.Tensor(X)
    out = ag.Tensor(x.value, inputs=(x,))
    out._backward = lambda: 1 / 0
    out.sum().backward()


def changed_before_backward():
    a = np.ones(3)
    loss = (ag.Tensor(np.ones(3)) * a).sum()
    a[0] = 5
    loss.backward()


def swept_twice():
    loss = ag.Tensor(np.ones(2000)).sum() * 2
    loss.backward()
    loss.backward(np.ones(3))


FAILING = (
    shape_in_a_model, not_finite, inside_compiled, inside_backward, changed_before_backward, swept_twice,
    lambda: ag.Tensor(X) @ ag.Tensor(X),
    lambda: ag.Tensor(X) + np.ones(7),
    lambda: ag.conv2d(IMAGES, np.ones((1, 2, 3, 3), np.float32)),
    lambda: ag.max_pool2d(ag.Tensor(IMAGES), 20),
    lambda: ag.cross_entropy(ag.Tensor(X), np.array([0, 9, 1])),
    lambda: ag.Tensor(X).backward(),
    lambda: ag.Tensor(X).sum(axis=5),
    lambda: ag.reshape(ag.Tensor(X), (5, 5)),
    lambda: ag.Tensor(X)[9],
    lambda: ag.Tensor(["a"]),
    lambda: ag.einsum("ij,jk", ag.Tensor(X), X),
    lambda: ag.grad(lambda x: x)(X),
    lambda: ag.grad(lambda x: float(x.sum()))(X),
    lambda: ag.nn.Linear(0, 3),
    lambda: ag.optim.SGD([], lr=0.1),
    lambda: ag.optim.Adam(NET.parameters(), lr=-1),
    lambda: NET.load_state_dict({}),
    lambda: ag.Scalar("a"),
    lambda: ag.concatenate([ag.Tensor(X), np.ones((2, 2))]),
    lambda: ag.linalg.inv(ag.Tensor(np.zeros((2, 2)))),
    lambda: ag.testing.check_grads(lambda x: ag.custom_vjp(lambda a: a * 2, lambda g, out, a: g)(x).sum(), X),
)  # fmt: skip


def train():
    model = small_net()
    data = ag.data.Loader(ag.data.ArrayDataset(IMAGES, TARGETS), 1)
    optimizer = ag.optim.Adam(model.parameters())
    ag.fit(model, data, ag.cross_entropy, optimizer, epochs=1, progress=False)


def fail(call):
    """Make a call that must fail."""
    try:
        call()
    except Exception:  # whichever error it is
        return
    raise AssertionError(f"{call} did not fail")


def in_use():
    """Python's blocks, and bytes of the process."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return sys.getallocatedblocks(), int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(call, things, times):
    """How much more memory is in use after calling each thing in turn, so many times in all, than before."""
    before = in_use()
    for thing in itertools.islice(itertools.cycle(things), times):
        call(thing)
    return tuple(b - a for a, b in zip(before, in_use(), strict=True))


#: What is done, and how often in a whole campaign.
KINDS = {
    "graphs": (lambda make: make(), GRAPHS, 1_000_000),
    "failing calls": (fail, FAILING, 100_000),
    "trainings": (lambda make: make(), (train,), 1_000),
}


def campaign(share, told):
    """Do the given share of a whole campaign; what grew by more than the little that caches hold."""
    found = []
    for name, (call, things, whole) in KINDS.items():
        times, began = max(len(things), round(whole * share)), time.perf_counter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            growth(call, things, max(3 * len(things), times // 5))  # caches fill up
            for _ in range(
                3
            ):  # What a cache took, or is freed later as without the GIL, does not grow.
                blocks, size = growth(call, things, times)
                if small := blocks <= 200 + times / 100 and size <= 4e6:
                    break
        seconds = time.perf_counter() - began
        told(f"{times:,} {name}: {blocks:+,} blocks, {size / 1e6:+.1f} MB, {seconds:.0f} s")
        if not small:
            found.append(f"{name} leave {blocks} blocks and {size:,} bytes behind")
    return found
