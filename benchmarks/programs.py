"""NumPy programs and their gradients: what a gradient costs beside the function itself, and beside JAX.

Each program is written for any module that has NumPy's names: NumPy, HIPS autograd's, JAX's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import agx as ag

from .agreement import check_agreement
from .machine import Peers
from .networks import Contenders
from .timing import compare

#: A function of one array, written with the module's functions.
Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Program:
    """A program, where its gradient is taken, and how many times the function's time that may take."""

    name: str
    write: Callable[[Any], Function]
    start: np.ndarray
    most: float

    def contenders(self, peers: Peers) -> Contenders:
        """The plain function, its gradient by agx, by agx compiled, and by those peers that are there."""
        x, ours = self.start, self.write(np)
        gradient, compiled = ag.grad(ours), ag.compile(ag.grad(ours))
        found: Contenders = {
            "agx": lambda: gradient(x),
            "compiled": lambda: compiled(x),
            "function": lambda: ours(x),
        }
        if "autograd" in peers:
            theirs = peers["autograd"].grad(self.write(peers["autograd"].numpy))
            found["autograd"] = lambda: theirs(x)
        if "jax" in peers:
            jax = peers["jax"]
            fast, there = jax.jit(jax.grad(self.write(jax.numpy))), jax.numpy.asarray(x)
            found["jax"] = lambda: fast(there).block_until_ready()
        return found

    def measure(self, peers: Peers, rounds: int) -> dict[str, Any]:
        """One line of the table."""
        contenders = self.contenders(peers)
        function = contenders.pop("function")
        check_agreement(self.name, contenders)
        result = compare({**contenders, "function": function}, rounds, target=0.02)

        def over(name: str, other: str) -> float | None:
            seconds = result.seconds
            return seconds[name] / seconds[other] if name in seconds and other in seconds else None

        return {
            "program": self.name,
            **vars(result),
            "gradient": over("agx", "function"),
            "most": self.most,
            "hips": over("autograd", "function"),
            "compiled": over("compiled", "jax"),
            "most_compiled": 2.0,
        }


_rng = np.random.default_rng(0)


def rosenbrock(np: Any) -> Function:
    """The banana valley."""

    def f(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


FEATURES = _rng.standard_normal((500, 20))
SIGNS = np.where(FEATURES @ _rng.standard_normal(20) > 0, 1.0, -1.0)


def logistic(np: Any) -> Function:
    """The negative log-likelihood of a logistic regression with a ridge."""

    def f(w: Any) -> Any:
        return np.mean(np.log1p(np.exp(-SIGNS * (FEATURES @ w)))) + 0.01 * np.sum(w**2)

    return f


def heat(np: Any) -> Function:
    """Ten explicit steps of the heat equation on a ring, and the energy that is left."""

    def f(u: Any) -> Any:
        for _ in range(10):
            u = u + 0.1 * (np.roll(u, 1) - 2.0 * u + np.roll(u, -1))
        return np.sum(u**2)

    return f


BODIES = 30
UPPER = np.triu_indices(BODIES, 1)


def bodies(np: Any) -> Function:
    """The gravitational potential of bodies in space."""

    def f(x: Any) -> Any:
        d = x[:, None, :] - x[None, :, :]
        r = np.sqrt(np.sum(d**2, axis=-1) + 1e-3)
        return -np.sum(1.0 / r[UPPER])

    return f


def chain(np: Any) -> Function:
    """Elementwise functions one after another."""

    def f(x: Any) -> Any:
        return np.sum(np.exp(-0.5 * np.sin(x) ** 2) * np.tanh(x) + np.log(1.0 + x**2))

    return f


def pendulum(np: Any) -> Function:
    """Ten steps of Runge and Kutta's method for a pendulum."""

    def slope(s: Any) -> Any:
        return np.stack([s[1], -9.81 * np.sin(s[0])])

    def f(s: Any) -> Any:
        h = 0.05
        for _ in range(10):
            a = slope(s)
            b = slope(s + 0.5 * h * a)
            c = slope(s + 0.5 * h * b)
            d = slope(s + h * c)
            s = s + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        return np.sum(s**2)

    return f


SEEN = np.cumsum(_rng.standard_normal(60)) + _rng.standard_normal(60)


def kalman(np: Any) -> Function:
    """The negative log-likelihood of a local level by Kalman's filter, number by number."""

    def f(p: Any) -> Any:
        q, r = np.exp(p[0]), np.exp(p[1])
        mean, var, total = 0.0, 10.0, 0.0
        for y in SEEN:
            var = var + q
            s = var + r
            error = y - mean
            total = total + 0.5 * (np.log(s) + error * error / s)
            gain = var / s
            mean = mean + gain * error
            var = (1.0 - gain) * var
        return total

    return f


PLACES = np.sort(_rng.uniform(0, 10, 100))
DISTANCES = (PLACES[:, None] - PLACES[None, :]) ** 2
HEIGHTS = np.sin(PLACES) + 0.1 * _rng.standard_normal(100)
EYE = np.eye(100)


def gaussian_process(np: Any) -> Function:
    """The negative log marginal likelihood of a Gaussian process (Rasmussen and Williams, 2006, 2.30)."""

    def f(p: Any) -> Any:
        k = np.exp(p[0]) * np.exp(-0.5 * DISTANCES / np.exp(p[1])) + np.exp(p[2]) * EYE
        L = np.linalg.cholesky(k)
        a = np.linalg.solve(L.T, np.linalg.solve(L, HEIGHTS))
        return 0.5 * np.dot(HEIGHTS, a) + np.sum(np.log(np.diag(L)))

    return f


PROGRAMS = [
    Program("Rosenbrock, 10", rosenbrock, _rng.standard_normal(10), 8),
    Program("Rosenbrock, 100,000", rosenbrock, _rng.standard_normal(100_000), 4),
    Program("logistic regression, 500 x 20", logistic, 0.1 * _rng.standard_normal(20), 4),
    Program("heat equation, 1000 points, 10 steps", heat, _rng.standard_normal(1000), 8),
    Program("n-body potential, 30 bodies", bodies, _rng.standard_normal((BODIES, 3)), 8),
    Program("elementwise chain, 1,000,000", chain, _rng.standard_normal(1_000_000), 4),
    Program("elementwise chain, 10,000", chain, _rng.standard_normal(10_000), 4),
    Program("Runge-Kutta, 10 steps of 2 numbers", pendulum, np.array([0.5, 0.0]), 8),
    Program("Kalman filter, 60 steps of numbers", kalman, np.array([-0.5, 0.1]), 8),
    Program("Gaussian process, 100 points", gaussian_process, np.array([0.0, 0.5, -4.0]), 8),
]
