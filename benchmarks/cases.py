"""What is timed. Each case builds one function for each library that is installed.

A case is a function of the libraries found; it returns {library: function to time}. agx is always
among them. All see the same numbers and, where they have threads, the same number of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import agx as ag

Contenders = dict[str, Callable[[], object]]
CLASSES = 10


def _images(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 3, 32, 32)).astype(np.float32), rng.integers(0, CLASSES, n)


def _training_step(model: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    optimizer = ag.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step() -> float:
        optimizer.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward(free=True)
        optimizer.step()
        return loss.item()

    return step


def _torch_step(torch: Any, model: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(tx), ty)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def _torch_lenet(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, CLASSES),
    )  # fmt: skip


def _jax_lenet_step(jax: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """The same network and update as one compiled function."""
    jnp, lax = jax.numpy, jax.lax
    start = [jnp.asarray(p.value) for p in ag.models.lenet5(3, CLASSES, rng=0).parameters()]

    def pool(h: Any) -> Any:
        return lax.reduce_window(h, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(p: Any) -> Any:
        h = x
        for w, b in ((p[0], p[1]), (p[2], p[3])):
            h = lax.conv_general_dilated(h, w, (1, 1), "VALID") + b[:, None, None]
            h = pool(jax.nn.relu(h))
        h = h.reshape(len(x), -1)
        h = jax.nn.relu(h @ p[4].T + p[5])
        h = jax.nn.relu(h @ p[6].T + p[7])
        z = jax.nn.log_softmax(h @ p[8].T + p[9])
        return -z[jnp.arange(len(y)), y].mean()

    @jax.jit
    def update(p: Any, v: Any) -> Any:
        value, g = jax.value_and_grad(loss)(p)
        v = [0.9 * a + b for a, b in zip(v, g, strict=True)]
        return value, [a - 0.01 * b for a, b in zip(p, v, strict=True)], v

    state = [start, [jnp.zeros_like(a) for a in start]]

    def step() -> float:
        value, state[0], state[1] = update(*state)
        return float(value)

    return step


def lenet_step(batch: int) -> Callable[[dict[str, Any]], Contenders]:
    """A LeNet-5 training step on 3x32x32: forward, cross entropy, backward, SGD with momentum."""

    def build(peers: dict[str, Any]) -> Contenders:
        x, y = _images(batch)
        found = {"agx": _training_step(ag.models.lenet5(3, CLASSES, rng=0), x, y)}
        if "torch" in peers:
            torch = peers["torch"]
            found["torch"] = _torch_step(torch, _torch_lenet(torch.nn), x, y)
        if "jax" in peers:
            found["jax"] = _jax_lenet_step(peers["jax"], x, y)
        return found

    return build


def lenet_inference(batch: int) -> Callable[[dict[str, Any]], Contenders]:
    """LeNet-5 forward without a graph."""

    def build(peers: dict[str, Any]) -> Contenders:
        x, _ = _images(batch)
        model = ag.models.lenet5(3, CLASSES, rng=0)
        found: Contenders = {"agx": ag.no_grad(lambda: model(x))}
        if "torch" in peers:
            torch = peers["torch"]
            net, tx = _torch_lenet(torch.nn), torch.from_numpy(x)
            found["torch"] = torch.no_grad()(lambda: net(tx))
        return found

    return build


def mlp_step(peers: dict[str, Any]) -> Contenders:
    """A training step of an MLP 784-256-128-10 at batch 64."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 784)).astype(np.float32), rng.integers(0, CLASSES, 64)
    sizes = (784, 256, 128, CLASSES)

    def layers(nn: Any) -> list[Any]:
        steps = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()]
        return [*steps, nn.Linear(128, sizes[-1])]

    found = {"agx": _training_step(ag.nn.Sequential(*layers(ag.nn)), x, y)}
    if "torch" in peers:
        torch = peers["torch"]
        found["torch"] = _torch_step(torch, torch.nn.Sequential(*layers(torch.nn)), x, y)
    return found


def tiny_chain(peers: dict[str, Any]) -> Contenders:
    """y = y * x + x, 200 times, on 3 numbers: forward and backward."""
    start = np.full(3, 0.5)

    def chain(x: Any) -> Any:
        y = x
        for _ in range(200):
            y = y * x + x
        return y

    def agx() -> None:
        chain(ag.Tensor(start)).sum().backward()

    found: Contenders = {"agx": agx}
    if "torch" in peers:
        torch = peers["torch"]

        def with_torch() -> None:
            chain(torch.tensor(start, requires_grad=True)).sum().backward()

        found["torch"] = with_torch
    if "mygrad" in peers:
        mygrad = peers["mygrad"]

        def with_mygrad() -> None:
            chain(mygrad.tensor(start)).sum().backward()

        found["mygrad"] = with_mygrad
    if "autograd" in peers:
        gradient = peers["autograd"].grad(lambda x: chain(x).sum())
        found["autograd"] = lambda: gradient(start)
    return found


def scalar_network(peers: dict[str, Any]) -> Contenders:
    """The lecture's network of 20 hidden units on 40 samples, number by number."""
    rng = np.random.default_rng(0)
    w1, b1, w2 = rng.standard_normal((3, 20))
    xs = np.linspace(-1, 1, 40)

    def loss(scalar: Any, relu: Any) -> Any:
        hidden = [(scalar(a), scalar(b), scalar(c)) for a, b, c in zip(w1, b1, w2, strict=True)]
        total = scalar(0.0)
        for x in xs:
            out = scalar(0.1)
            for a, b, c in hidden:
                out = out + c * relu(a * float(x) + b)
            total = total + (out - float(x) ** 2) ** 2
        return total

    found: Contenders = {"agx": lambda: loss(ag.Scalar, ag.Scalar.relu).backward()}
    if "micrograd" in peers:
        value = peers["micrograd"].engine.Value
        found["micrograd"] = lambda: loss(value, value.relu).backward()
    return found


def convolution(
    shape: tuple[int, ...], filters: int, kernel: int, padding: int
) -> Callable[[dict[str, Any]], Contenders]:
    """conv2d forward and backward, with the gradients of images and weight."""

    def build(peers: dict[str, Any]) -> Contenders:
        rng = np.random.default_rng(0)
        x = rng.standard_normal(shape).astype(np.float32)
        w = rng.standard_normal((filters, shape[1], kernel, kernel)).astype(np.float32)
        seed = np.ones_like(ag.conv2d(x, w, padding=padding))

        def agx() -> None:
            ag.conv2d(ag.Tensor(x), ag.Tensor(w), padding=padding).backward(seed)

        found: Contenders = {"agx": agx}
        if "torch" in peers:
            torch = peers["torch"]
            tx, tw, ts = (torch.from_numpy(a) for a in (x, w, seed))

            def with_torch() -> None:
                leaves = tx.detach().requires_grad_(), tw.detach().requires_grad_()
                torch.nn.functional.conv2d(*leaves, padding=padding).backward(ts)

            found["torch"] = with_torch
        return found

    return build


def logits(peers: dict[str, Any]) -> Contenders:
    """cross entropy of (64, 1000), forward and backward."""
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((64, 1000)).astype(np.float32), rng.integers(0, 1000, 64)
    found: Contenders = {"agx": lambda: ag.cross_entropy(ag.Tensor(z), y).backward()}
    if "torch" in peers:
        torch = peers["torch"]
        tz, ty = torch.from_numpy(z), torch.from_numpy(y)
        cross_entropy = torch.nn.functional.cross_entropy
        found["torch"] = lambda: cross_entropy(tz.detach().requires_grad_(), ty).backward()
    return found


def pooling(peers: dict[str, Any]) -> Contenders:
    """max_pool2d 2x2 of (64, 16, 32, 32), forward and backward."""
    x = np.random.default_rng(0).standard_normal((64, 16, 32, 32)).astype(np.float32)
    seed = np.ones((64, 16, 16, 16), np.float32)
    found: Contenders = {"agx": lambda: ag.max_pool2d(ag.Tensor(x), 2).backward(seed)}
    if "torch" in peers:
        torch = peers["torch"]
        tx, ts = torch.from_numpy(x), torch.from_numpy(seed)
        pool = torch.nn.functional.max_pool2d
        found["torch"] = lambda: pool(tx.detach().requires_grad_(), 2).backward(ts)
    return found


def epoch_by_fit(peers: dict[str, Any]) -> Contenders:
    """An epoch of the bundled digits through ag.fit, against the same loop written by hand."""
    loader = ag.data.Loader(ag.data.digits("train", size=32), batch_size=32, shuffle=True, rng=0)
    model = ag.models.lenet5(1, CLASSES, rng=0)
    optimizer = ag.optim.SGD(model.parameters(), lr=0.01)

    def by_hand() -> None:
        for x, y in loader:
            optimizer.zero_grad()
            loss = ag.cross_entropy(model(x), y)
            loss.backward(free=True)
            optimizer.step()

    def by_fit() -> None:
        ag.fit(model, loader, ag.cross_entropy, optimizer, 1, progress=False)

    return {"agx": by_fit, "a loop by hand": by_hand}


#: Name, thread counts, and what to build.
CASES: list[tuple[str, tuple[int, ...], Callable[[dict[str, Any]], Contenders]]] = [
    ("LeNet-5 training step, batch 64", (1, 2), lenet_step(64)),
    ("LeNet-5 training step, batch 256", (1, 2), lenet_step(256)),
    ("LeNet-5 training step, batch 16", (1, 2), lenet_step(16)),
    ("LeNet-5 training step, batch 1", (1,), lenet_step(1)),
    ("LeNet-5 inference, batch 64", (1, 2), lenet_inference(64)),
    ("epoch of digits through ag.fit", (1, 2), epoch_by_fit),
    ("MLP 784-256-128-10 training step, batch 64", (1, 2), mlp_step),
    ("tiny-op chain, 400 operations", (1,), tiny_chain),
    ("Scalar network, 20 hidden, 40 samples", (1,), scalar_network),
    ("conv2d 3->6 k5, (64, 3, 32, 32)", (1,), convolution((64, 3, 32, 32), 6, 5, 0)),
    ("conv2d 6->16 k5, (64, 6, 14, 14)", (1,), convolution((64, 6, 14, 14), 16, 5, 0)),
    ("conv2d 64->64 k3, (8, 64, 32, 32)", (1,), convolution((8, 64, 32, 32), 64, 3, 1)),
    ("max_pool2d 2x2, (64, 16, 32, 32)", (1,), pooling),
    ("cross entropy, (64, 1000)", (1,), logits),
]
