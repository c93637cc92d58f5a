"""Training and inference of whole networks, with the same numbers for every library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import agx as ag

from .machine import Peers

Contenders = dict[str, Callable[[], Any]]
Build = Callable[[Peers], Contenders]
CLASSES = 10


def images(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images (n, 3, 32, 32) and classes (n,)."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 3, 32, 32)).astype(np.float32), rng.integers(0, CLASSES, n)


def lenet(x: np.ndarray) -> Any:
    """LeNet-5 for images (n, channels, side, side), with the same weights every time."""
    return ag.models.lenet5(x.shape[1], CLASSES, image_size=x.shape[-1], rng=0)


def agx_step(model: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """A training step with SGD and momentum that returns the loss."""
    optimizer = ag.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step() -> float:
        optimizer.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward(free=True)
        optimizer.step()
        return loss.item()

    return step


def torch_step(torch: Any, model: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """The same step in PyTorch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(tx), ty)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def twin(torch: Any, model: Any) -> Any:
    """The network of ``ag.models.lenet5`` or a stack of linear layers in PyTorch, weights copied."""
    nn = torch.nn
    layers = []
    for layer in model:
        if isinstance(layer, ag.nn.Conv2d):
            size, step, padding, _ = layer.geometry
            layers.append(nn.Conv2d(layer.in_channels, layer.weight.shape[0], size, step, padding))
        elif isinstance(layer, ag.nn.Linear):
            layers.append(nn.Linear(layer.in_features, layer.out_features))
        else:
            arguments = (2,) if isinstance(layer, ag.nn.MaxPool2d) else ()
            layers.append(getattr(nn, type(layer).__name__)(*arguments))
    copy = nn.Sequential(*layers)
    with torch.no_grad():
        for p, q in zip(copy.parameters(), model.parameters(), strict=True):
            p.copy_(torch.from_numpy(q.value))
    return copy


def lenet_step(batch: int, dataset: Any = None) -> Build:
    """A LeNet-5 training step: forward, cross entropy, backward, SGD with momentum.

    On random images of 3x32x32, or on the first ones of a dataset.
    """

    def build(peers: Peers) -> Contenders:
        x, y = images(batch) if dataset is None else dataset[:batch]
        model = lenet(x)
        found: Contenders = {}
        if "torch" in peers:
            found["torch"] = torch_step(peers["torch"], twin(peers["torch"], model), x, y)
        if "jax" in peers:
            found["jax"] = jax_step(peers["jax"], model, x, y)
        return {"agx": agx_step(model, x, y), **found}

    return build


def jax_step(jax: Any, model: Any, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """The LeNet-5 step as one function compiled by JAX, from the weights of ``model``."""
    jnp, lax = jax.numpy, jax.lax
    start = [jnp.array(p.value) for p in model.parameters()]
    edge = (32 - x.shape[-1]) // 2
    x = np.pad(x, ((0, 0), (0, 0), (edge, edge), (edge, edge)))

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


def lenet_inference(batch: int) -> Build:
    """LeNet-5 forward without a graph."""

    def build(peers: Peers) -> Contenders:
        x, _ = images(batch)
        model = lenet(x)
        found: Contenders = {"agx": ag.no_grad(lambda: model(x))}
        if "torch" in peers:
            torch = peers["torch"]
            net, tx = twin(torch, model), torch.from_numpy(x)
            found["torch"] = torch.no_grad()(lambda: net(tx))
        return found

    return build


def mlp_step(peers: Peers) -> Contenders:
    """A training step of an MLP 784-256-128-10 at batch 64."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 784)).astype(np.float32), rng.integers(0, CLASSES, 64)
    nn = ag.nn
    model = nn.Sequential(
        nn.Linear(784, 256, rng=0), nn.ReLU(), nn.Linear(256, 128, rng=1), nn.ReLU(),
        nn.Linear(128, CLASSES, rng=2),
    )  # fmt: skip
    found: Contenders = {}
    if "torch" in peers:
        found["torch"] = torch_step(peers["torch"], twin(peers["torch"], model), x, y)
    return {"agx": agx_step(model, x, y), **found}


def epoch(dataset: Any) -> Build:
    """An epoch of LeNet-5 at batch 64, as a user writes it: ag.fit, and the usual loop in PyTorch."""

    def build(peers: Peers) -> Contenders:
        model = lenet(dataset[:][0])
        found: Contenders = {}
        if "torch" in peers:
            found["torch"] = torch_epoch(peers["torch"], twin(peers["torch"], model), dataset)
        loader = ag.data.Loader(dataset, batch_size=64, shuffle=True, rng=0)
        optimizer = ag.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

        def fit() -> None:
            ag.fit(model, loader, ag.cross_entropy, optimizer, epochs=1, progress=False)

        return {"agx": fit, **found}

    return build


def torch_epoch(torch: Any, model: Any, dataset: Any) -> Callable[[], None]:
    """The usual training loop over a DataLoader."""
    x, y = (torch.from_numpy(np.asarray(a)) for a in dataset[:])
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x, y.long()), batch_size=64, shuffle=True
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss = torch.nn.CrossEntropyLoss()

    def train() -> None:
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()

    return train
