"""Solvers written with loops and assignments, as NumPy users write them, against closed forms.

Each pair is a function of one vector of numbers: ``loops`` assigns into arrays, ``closed`` does not.
"""

import itertools

import numpy as np
import pytest

import agx as ag

PAIRS = {}


def pair(n, positive=False):
    """Enter a function that returns both ways to compute something of ``n`` numbers."""

    def enter(both):
        x = np.random.default_rng(n).normal(size=n)
        PAIRS[both.__name__] = (*both(), np.abs(x) + 0.5 if positive else x)
        return both

    return enter


def spd(x, n):
    """A symmetric positive definite matrix of n * n numbers."""
    root = x[: n * n].reshape(n, n)
    return root @ root.T + n * np.eye(n)


# --- linear algebra ------------------------------------------------------------------------------


@pair(20)
def conjugate_gradients():
    def loops(x):
        A, b = spd(x, 4), x[16:]
        u, r, p = np.zeros_like(b), b.copy(), b.copy()
        for _ in range(4):
            Ap, rr = A @ p, r @ r
            step = rr / (p @ Ap)
            u += step * p
            r -= step * Ap
            p *= (r @ r) / rr
            p += r
        return u

    return loops, lambda x: np.linalg.solve(spd(x, 4), x[16:])


@pair(16)
def cholesky():
    def loops(x):
        A = spd(x, 4)
        L = np.zeros_like(A)
        for i in range(4):
            for j in range(i + 1):
                total = A[i, j]
                for k in range(j):
                    total = total - L[i, k] * L[j, k]
                L[i, j] = np.sqrt(total) if i == j else total / L[j, j]
        return L

    return loops, lambda x: np.linalg.cholesky(spd(x, 4))


@pair(20)
def lu_and_triangular_solves():
    def loops(x):
        A, b = x[:16].reshape(4, 4) + 6 * np.eye(4), x[16:].copy()
        n = len(b)
        for k in range(n):
            A[k + 1 :, k] /= A[k, k]
            A[k + 1 :, k + 1 :] -= np.outer(A[k + 1 :, k], A[k, k + 1 :])
        for i in range(1, n):
            b[i] -= A[i, :i] @ b[:i]
        for i in reversed(range(n)):
            b[i] = (b[i] - A[i, i + 1 :] @ b[i + 1 :]) / A[i, i]
        return b

    return loops, lambda x: np.linalg.solve(x[:16].reshape(4, 4) + 6 * np.eye(4), x[16:])


@pair(12)
def elimination_with_swapped_rows():
    def loops(x):
        A = x.reshape(3, 4).copy()
        for k in range(3):
            best = k + int(np.argmax(np.abs(A[k:, k])))
            A[[k, best]] = A[[best, k]]
            A[k] /= A[k, k]
            for i in range(3):
                if i != k:
                    A[i] -= A[i, k] * A[k]
        return A[:, -1]

    return loops, lambda x: np.linalg.solve(x.reshape(3, 4)[:, :3], x.reshape(3, 4)[:, 3])


@pair(18)
def thomas_algorithm():
    def loops(x):
        lower, diagonal, upper, b = x[:4], x[4:9] + 6, x[9:13], x[13:]
        c, d = ag.zeros(4), ag.zeros(5)
        d[0] = b[0] / diagonal[0]
        c[0] = upper[0] / diagonal[0]
        for i in range(1, 5):
            m = diagonal[i] - lower[i - 1] * c[i - 1]
            d[i] = (b[i] - lower[i - 1] * d[i - 1]) / m
            if i < 4:
                c[i] = upper[i] / m
        for i in range(3, -1, -1):
            d[i] -= c[i] * d[i + 1]
        return d

    def closed(x):
        A = np.diag(x[4:9] + 6) + np.diag(x[:4], -1) + np.diag(x[9:13], 1)
        return np.linalg.solve(A, x[13:])

    return loops, closed


@pair(12)
def gram_schmidt():
    def loops(x):
        Q = x.reshape(4, 3).copy()
        for j in range(3):
            column = Q[:, j]
            for i in range(j):
                column -= (Q[:, i] @ column) * Q[:, i]
            column /= np.sqrt(column @ column)
        return Q

    def closed(x):
        Q, R = np.linalg.qr(x.reshape(4, 3))
        return Q * np.sign(np.diagonal(R))

    return loops, closed


# --- differential equations ---------------------------------------------------------------------------


@pair(7)
def crank_nicolson():
    n, steps, r = 6, 5, 0.3
    laplace = np.diag(-2 * np.ones(n)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)

    def loops(x):
        u, half = ag.zeros((steps + 1, n)), 0.5 * r * np.exp(x[0])
        u[0] = x[1:]
        for k in range(steps):
            rhs = u[k] * (1 - 2 * half)
            rhs[1:] += half * u[k, :-1]
            rhs[:-1] += half * u[k, 1:]
            c, d = np.empty_like(rhs), rhs.copy()
            c[0] = -half / (1 + 2 * half)
            d[0] /= 1 + 2 * half
            for i in range(1, n):
                m = 1 + 2 * half + half * c[i - 1]
                c[i] = -half / m
                d[i] = (d[i] + half * d[i - 1]) / m
            for i in range(n - 2, -1, -1):
                d[i] -= c[i] * d[i + 1]
            u[k + 1] = d
        return u[-1]

    def closed(x):
        half, eye = 0.5 * r * np.exp(x[0]), np.eye(n)
        step = np.linalg.solve(eye - half * laplace, eye + half * laplace)
        return np.linalg.matrix_power(step, steps) @ x[1:]

    return loops, closed


def rotation(angle):
    return np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)]).reshape(2, 2)


@pair(3)
def euler_in_rows():
    def loops(x):
        path = ag.zeros((21, 2))
        path[0] = x[1:]
        for k in range(20):
            path[k + 1, 0] = path[k, 0] + 0.1 * path[k, 1]
            path[k + 1, 1] = path[k, 1] - 0.1 * x[0] ** 2 * path[k, 0]
        return path[-1]

    def closed(x):
        step = np.eye(2) + np.array([[0, 0.1], [0, 0]]) - np.array([[0, 0], [0.1, 0]]) * x[0] ** 2
        return np.linalg.matrix_power(step, 20) @ x[1:]

    return loops, closed


@pair(3)
def runge_kutta_in_rows():
    def loops(x):
        h, path, slope = 0.05, ag.zeros((21, 2)), ag.zeros((4, 2))
        path[0] = x[1:]
        for k in range(20):
            for s, (share, before) in enumerate([(0, 0), (0.5, 0), (0.5, 1), (1, 2)]):
                y = path[k] + h * share * slope[before]
                slope[s, 0] = y[1]
                slope[s, 1] = -(x[0] ** 2) * y[0]
            path[k + 1] = path[k] + h / 6 * (np.array([1, 2, 2, 1]) @ slope)
        return path[-1]

    def closed(x):
        A = np.array([[0.0, 1], [0, 0]]) - np.array([[0.0, 0], [1, 0]]) * x[0] ** 2
        hA, eye = 0.05 * A, np.eye(2)
        step = eye + hA @ (eye + hA @ (eye + hA @ (eye + hA / 4) / 3) / 2)
        return np.linalg.matrix_power(step, 20) @ x[1:]

    return loops, closed


@pair(12)
def kalman_filter():
    F, H = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])

    def noise(x):
        return np.exp(x[0]) * np.eye(2), np.exp(x[1])

    def loops(x):
        (Q, R), y, n = noise(x), x[2:], 10
        m, P, likelihood = ag.zeros((n + 1, 2)), ag.zeros((n + 1, 2, 2)), ag.zeros(n)
        P[0] = np.eye(2)
        for k in range(n):
            mean, cov = F @ m[k], F @ P[k] @ F.T + Q
            S = cov[0, 0] + R
            gain, error = cov[:, 0] / S, y[k] - mean[0]
            likelihood[k] = -0.5 * (np.log(2 * np.pi * S) + error**2 / S)
            m[k + 1] = mean + gain * error
            P[k + 1] = cov - np.outer(gain, cov[0])
        return likelihood.sum()

    def closed(x):
        """The density of all observations at once."""
        (Q, R), y, n = noise(x), x[2:], 10
        cov, states = np.eye(2), []
        for _ in range(n):
            cov = F @ cov @ F.T + Q
            states.append(cov)
        rows = [
            [
                (H @ np.linalg.matrix_power(F, max(i - j, 0)) @ states[min(i, j)]
                 @ np.linalg.matrix_power(F, max(j - i, 0)).T @ H.T)[0, 0]
                for j in range(n)
            ]
            for i in range(n)
        ]  # fmt: skip
        S = ag.stack([ag.stack(row) for row in rows]) + R * np.eye(n)
        return -0.5 * (y @ np.linalg.solve(S, y) + np.linalg.slogdet(S)[1] + n * np.log(2 * np.pi))

    return loops, closed


# --- dynamic programming --------------------------------------------------------------------------------


def smallest(*costs):
    return -np.log(sum(np.exp(-c) for c in costs))


@pair(9)
def soft_edit_distance():
    def loops(x):
        cost, D = x.reshape(3, 3), ag.full((4, 4), 50.0)
        D[0, 0] = 0.0
        for i in range(3):
            for j in range(3):
                D[i + 1, j + 1] = cost[i, j] + smallest(D[i, j], D[i, j + 1], D[i + 1, j])
        return D[3, 3]

    def paths(i, j):
        if (i, j) == (2, 2):
            yield [(2, 2)]
        for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if a < 3 and b < 3:
                yield from ([(i, j), *rest] for rest in paths(a, b))

    def closed(x):
        cost = x.reshape(3, 3)
        return smallest(*(sum(cost[i, j] for i, j in path) for path in paths(0, 0)))

    return loops, closed


@pair(21)
def forward_algorithm():
    def loops(x):
        emit, move = x[:12].reshape(4, 3), x[12:].reshape(3, 3)
        alpha = ag.zeros((4, 3))
        alpha[0] = emit[0]
        for t in range(1, 4):
            for s in range(3):
                alpha[t, s] = emit[t, s] + np.log(np.exp(alpha[t - 1] + move[:, s]).sum())
        return np.log(np.exp(alpha[-1]).sum())

    def closed(x):
        emit, move = x[:12].reshape(4, 3), x[12:].reshape(3, 3)
        ways = itertools.product(range(3), repeat=4)
        totals = (
            sum(emit[t, s] for t, s in enumerate(way))
            + sum(move[a, b] for a, b in itertools.pairwise(way))
            for way in ways
        )
        return np.log(sum(np.exp(total) for total in totals))

    return loops, closed


@pair(5)
def soft_knapsack():
    weights, room = (1, 2, 3, 2, 1), 5

    def loops(x):
        best = ag.zeros(room + 1)
        for i, w in enumerate(weights):
            for r in range(room, w - 1, -1):
                best[r] = np.logaddexp(best[r], x[i] + best[r - w])
        return best[room]

    def closed(x):
        chosen = itertools.product((0, 1), repeat=5)
        return np.log(sum(np.exp(np.dot(c, x)) for c in chosen if np.dot(c, weights) <= room))

    return loops, closed


@pair(16, positive=True)
def floyd_warshall():
    def loops(x):
        D = x.reshape(4, 4).copy()
        np.fill_diagonal(D, 0.0)
        for k in range(4):
            for i in range(4):
                for j in range(4):
                    if D[i, k] + D[k, j] < D[i, j]:
                        D[i, j] = D[i, k] + D[k, j]
        return D

    def shortest(x, i, j):
        others = [k for k in range(4) if k not in (i, j)]
        ways = [(i, *mid, j) for n in range(3) for mid in itertools.permutations(others, n)]
        return np.min(ag.stack([sum(x[a, b] for a, b in itertools.pairwise(way)) for way in ways]))

    def closed(x):
        x = x.reshape(4, 4)
        return ag.stack(
            [shortest(x, i, j) if i != j else 0.0 * x[0, 0] for i in range(4) for j in range(4)]
        )

    return loops, closed


# --- running through arrays ----------------------------------------------------------------------------


@pair(6)
def running_sums_and_products():
    def loops(x):
        sums, products = x.copy(), np.ones_like(x)
        for k in range(1, 6):
            sums[k] += sums[k - 1]
        products[0] = x[0]
        for k in range(1, 6):
            products[k] = products[k - 1] * x[k]
        return ag.concatenate([sums, products])

    return loops, lambda x: ag.concatenate([np.cumsum(x), np.cumprod(x)])


@pair(9)
def moving_average():
    def loops(x):
        mean, a = np.empty_like(x[1:]), 1 / (1 + np.exp(-x[0]))
        mean[0] = x[1]
        for k in range(1, 8):
            mean[k] = a * x[k + 1] + (1 - a) * mean[k - 1]
        return mean

    def closed(x):
        a, k = 1 / (1 + np.exp(-x[0])), np.arange(8)
        weights = np.tril(a * (1 - a) ** np.maximum(k[:, None] - k, 0))
        return weights[:, 1:] @ x[2:] + (1 - a) ** k * x[1]

    return loops, closed


@pair(12)
def histogram():
    bins = np.array([0, 2, 1, 1, 0, 2, 2, 2, 0, 3, 3, 1])

    def loops(x):
        total = ag.zeros(4)
        np.add.at(total, bins, x**2)
        return total

    return loops, lambda x: np.eye(4)[bins].T @ x**2


@pair(14)
def convolution():
    def loops(x):
        signal, kernel, out = x[:10], x[10:], ag.zeros(13)
        for i in range(10):
            for j in range(4):
                out[i + j] += signal[i] * kernel[j]
        return out

    return loops, lambda x: np.convolve(x[:10], x[10:])


@pair(20)
def cells_of_an_automaton():
    def loops(x):
        grid = x.reshape(4, 5).copy()
        for _ in range(3):
            new = np.zeros_like(grid)
            for i in range(4):
                for j in range(5):
                    for di, dj in itertools.product((-1, 0, 1), repeat=2):
                        new[i, j] += grid[(i + di) % 4, (j + dj) % 5]
            grid[...] = np.tanh(new)
        return grid

    def closed(x):
        grid = x.reshape(4, 5)
        for _ in range(3):
            near = itertools.product((-1, 0, 1), repeat=2)
            grid = np.tanh(sum(np.roll(grid, shift, (0, 1)) for shift in near))
        return grid

    return loops, closed


@pytest.mark.parametrize("name", PAIRS)
def test_a_solver_with_loops_is_its_closed_form(name):
    loops, closed, x = PAIRS[name]
    weights = np.cos(np.arange(np.size(loops(ag.Tensor(x)).value)))

    def total(f):
        return lambda x: (np.sin(np.ravel(f(x))) * weights).sum()

    v = np.random.default_rng(1).normal(size=x.size)
    assert np.allclose(loops(ag.Tensor(x)).value.ravel(), np.ravel(closed(x)), rtol=1e-9)
    assert np.allclose(ag.grad(total(loops))(x), ag.grad(total(closed))(x), rtol=1e-8, atol=1e-10)
    assert np.allclose(
        ag.hvp(total(loops))(x, v), ag.hvp(total(closed))(x, v), rtol=1e-7, atol=1e-9
    )
    leaf = ag.Tensor(x)
    total(loops)(leaf).backward()
    assert np.allclose(leaf.grad, ag.grad(total(closed))(x), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["thomas_algorithm", "running_sums_and_products", "soft_knapsack"])
def test_the_hessian_of_a_solver_is_that_of_its_closed_form(name):
    loops, closed, x = PAIRS[name]
    found = ag.hessian(lambda x: (loops(x) ** 2).sum())(x)
    assert np.allclose(found, ag.hessian(lambda x: (closed(x) ** 2).sum())(x), rtol=1e-7, atol=1e-9)
