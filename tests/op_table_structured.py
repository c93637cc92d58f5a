"""Rows of the op table for banded, triangular, Toeplitz and sparse matrices; see op_table.py."""

import numpy as np
from op_table_linalg import parts
from points import normal

from agx import linalg as la
from agx._engine.graph import registry as ops

above = np.array([[0.0], [4.0], [0.0], [0.0]])
large, first = 3 * np.eye(4), 4 * np.eye(4)[0]
places = np.array([2, 0, 3, 1, 0, 3]), np.array([2, 0, 3, 1, 2, 3])
wide = np.array([1, 0, 2]), np.array([0, 3, 1])
heavy = np.array([3.0, 3.0, 3.0, 3.0, 0.0, 1.0])

rows = {
    "solve_banded": [
        (lambda ab, b: la.solve_banded((2, 1), ab, b), above + normal(4, 5), normal(5)),
        (lambda ab, b: la.solve_banded((0, 3), ab, b), above[[2, 3, 0, 1]] + normal(4, 4), normal(4, 2)),
        (lambda x, y, b: parts(la.solve_banded((2, 1), x + 1j * y, b)), above + normal(4, 4), normal(4, 4), normal(4)),
    ],
    "solve_triangular": [
        (la.solve_triangular, large + normal(4, 4), normal(4)),
        (lambda a, b: la.solve_triangular(a, b, "T", lower=True), large + normal(4, 4), normal(4, 2)),
        (lambda a, b: la.solve_triangular(a, b, unit_diagonal=True), normal(4, 4), normal(4)),
        (lambda x, y, b: parts(la.solve_triangular(x + 1j * y, b, 2)), large + normal(4, 4), normal(4, 4), normal(4)),
    ],
    "solve_toeplitz": [
        (la.solve_toeplitz, first + 0.5 * normal(4), normal(4)),
        (lambda c, r, b: la.solve_toeplitz((c, r), b), first + 0.5 * normal(4), normal(4), normal(4, 2)),
        (lambda x, y, b: parts(la.solve_toeplitz(x + 1j * y, b)), first + 0.5 * normal(4), normal(4), normal(4)),
    ],
    "toeplitz_lags": [(ops["toeplitz_lags"], normal(4, 2), normal(4, 2)), (ops["toeplitz_lags"], normal(3), normal(3))],
    "toeplitz_delayed": [(ops["toeplitz_delayed"], normal(4), normal(4, 2))],
    "toeplitz_ahead": [(ops["toeplitz_ahead"], normal(4), normal(4, 2))],
    "sparse_matmul": [
        (lambda e, x: la.sparse_matmul((e, places), x), normal(6), normal(4)),
        (lambda e, x: la.sparse_matmul((e, wide), x, rows=3), normal(3), normal(4, 2)),
        (lambda u, v, x: parts(la.sparse_matmul((u + 1j * v, places), x)), normal(6), normal(6), normal(4)),
    ],
    "spsolve": [
        (lambda e, b: la.spsolve((e, places), b), heavy + 0.3 * normal(6), normal(4)),
        (lambda e, b: la.spsolve((e, places), b), heavy + 0.3 * normal(6), normal(4, 2)),
        (lambda u, v, b: parts(la.spsolve((u + 1j * v, places), b)), heavy + 0.3 * normal(6), normal(6), normal(4)),
    ],
}  # fmt: skip
