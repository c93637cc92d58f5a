"""Single operations, forward and backward, with the same numbers for every library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import agx as ag

from .machine import Peers
from .networks import Build, Contenders


def both_ways(
    ours: Callable[..., Any],
    theirs: Callable[[Any], Callable[..., Any]],
    shapes: tuple[tuple[int, ...], ...],
    dtype: Any = np.float32,
    draw: Callable[..., np.ndarray] = np.random.Generator.standard_normal,
) -> Build:
    """Forward and backward, with the gradients of all arguments, of the given ``shapes``."""

    def build(peers: Peers) -> Contenders:
        rng = np.random.default_rng(0)
        arrays = [draw(rng, shape).astype(dtype) for shape in shapes]
        seed = rng.standard_normal(ours(*map(ag.Tensor, arrays)).shape).astype(dtype)

        def agx() -> list[Any]:
            leaves = [ag.Tensor(a) for a in arrays]
            ours(*leaves).backward(seed)
            return [t.grad for t in leaves]

        found: Contenders = {"agx": agx}
        if "torch" in peers:
            torch = peers["torch"]
            function, ts = theirs(torch), torch.from_numpy(seed)

            def with_torch() -> list[Any]:
                leaves = [torch.from_numpy(a).requires_grad_() for a in arrays]
                function(*leaves).backward(ts)
                return [t.grad for t in leaves]

            found["torch"] = with_torch
        return found

    return build


#: Operations in the chain below.
CHAIN = 400


#: Elements of the array that is filled below.
FILLED = 2000


def recurrence(peers: Peers) -> Contenders:
    """u[k + 1] = x * u[k], assigned element by element: forward and backward.

    PyTorch wants ``u[k]`` copied, for what is read from an array that is written into later is lost there.
    """

    def fill(u: Any, x: Any, read: Callable[[Any], Any] = lambda element: element) -> Any:
        u[0] = x
        for k in range(FILLED - 1):
            u[k + 1] = x * read(u[k])
        return u.sum()

    def agx() -> Any:
        x = ag.Tensor(0.99)
        fill(ag.zeros(FILLED), x).backward()
        return x.grad

    found: Contenders = {"agx": agx}
    if "torch" in peers:
        torch = peers["torch"]

        def with_torch() -> Any:
            x = torch.tensor(0.99, dtype=torch.float64, requires_grad=True)
            fill(torch.zeros(FILLED, dtype=torch.float64), x.clone(), torch.clone).backward()
            return x.grad

        found["torch"] = with_torch
    return found


def tiny_chain(peers: Peers) -> Contenders:
    """y = y * x + x, over and over, on 3 numbers: forward and backward."""
    start = np.full(3, 0.5, np.float32)

    def chain(x: Any) -> Any:
        y = x
        for _ in range(CHAIN // 2):
            y = y * x + x
        return y

    def agx() -> Any:
        x = ag.Tensor(start)
        chain(x).sum().backward()
        return x.grad

    found: Contenders = {"agx": agx}
    if "torch" in peers:
        torch = peers["torch"]

        def with_torch() -> Any:
            x = torch.tensor(start, requires_grad=True)
            chain(x).sum().backward()
            return x.grad

        found["torch"] = with_torch
    if "mygrad" in peers:
        mygrad = peers["mygrad"]

        def with_mygrad() -> Any:
            x = mygrad.tensor(start)
            chain(x).sum().backward()
            return x.grad

        found["mygrad"] = with_mygrad
    if "autograd" in peers:
        gradient = peers["autograd"].grad(lambda x: chain(x).sum())
        found["autograd"] = lambda: gradient(start)
    return found


def scalar_network(peers: Peers) -> Contenders:
    """The lecture's network of 20 hidden units on 40 samples, number by number."""
    rng = np.random.default_rng(0)
    w1, b1, w2 = rng.standard_normal((3, 20)).tolist()
    xs = np.linspace(-1, 1, 40).tolist()

    def gradients(scalar: Any, relu: Any) -> list[float]:
        hidden = [(scalar(a), scalar(b), scalar(c)) for a, b, c in zip(w1, b1, w2, strict=True)]
        total = scalar(0.0)
        for x in xs:
            out = scalar(0.1)
            for a, b, c in hidden:
                out = out + c * relu(a * x + b)
            total = total + (out - x**2) ** 2
        total.backward()
        return [p.grad for unit in hidden for p in unit]

    found: Contenders = {"agx": lambda: gradients(ag.Scalar, ag.Scalar.relu)}
    if "micrograd" in peers:
        value = peers["micrograd"].engine.Value
        found["micrograd"] = lambda: gradients(value, value.relu)
    return found
