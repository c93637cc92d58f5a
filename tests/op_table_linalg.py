"""Rows of the op table for linear algebra; see op_table.py.

Complex matrices go in as their real and imaginary parts, and out as something real.
"""

import numpy as np
from points import normal, positive

import agx as ag
from agx import linalg as la
from agx._engine.graph import registry as ops


def definite(*batch, n=3):
    x = normal(*batch, n, n)
    return x @ np.swapaxes(x, -1, -2) + np.eye(n)


def spread(*batch, n=3):
    """Matrices whose eigenvalues lie apart: near 1, 2, 3, ..."""
    return np.diag(np.arange(1.0, n + 1)) + 0.2 * normal(*batch, n, n)


def rank(r, m, n):
    return normal(m, r) @ normal(r, n)


def parts(z):
    return ag.stack([ag.real(z), ag.imag(z)])


def phaseless(v):
    """The projectors onto vectors, which their phases do not change."""
    return parts(v[..., :, None, :] * ag.conj(v)[..., None, :, :])


def shrink(x):
    """Of rank 1, whatever ``x`` is, and smooth in it."""
    return x[:, :1] * x[:1, :]


rows = {
    "inv": [
        (la.inv, spread(2)),
        (lambda x, y: parts(la.inv(x + 1j * y)), spread(), normal(3, 3)),
        (lambda a: la.matrix_power(a, -3), spread()),
        (lambda a: la.tensorinv(a, 1), (2 * np.eye(4) + 0.3 * normal(4, 4)).reshape(4, 2, 2)),
    ],
    "solve": [
        (la.solve, spread(2), normal(3, 2)),
        (la.solve, spread(), normal(4, 3, 2)),
        (la.solve, spread(2), normal(3)),
        (lambda x, y, b: parts(la.solve(x + 1j * y, b)), spread(), normal(3, 3), normal(3)),
        (lambda a, b: la.tensorsolve(a, b, (0,)), normal(2, 4, 2), normal(4)),
    ],
    "det": [
        (la.det, normal(2, 3, 3)),
        (la.det, normal(1, 1)),
        (la.det, rank(2, 3, 3)),
        (la.det, rank(1, 3, 3)),
        (la.det, np.zeros((2, 2))),
        (la.det, np.stack([rank(2, 3, 3), normal(3, 3)])),
        (lambda x, y: parts(la.det(x + 1j * y)), normal(3, 3), normal(3, 3)),
        (lambda x, y: parts(la.det(x + 1j * y)), rank(1, 3, 3), np.zeros((3, 3))),
    ],
    "cofactor": [
        (ops["cofactor"], normal(2, 3, 3)),
        (lambda x, y: parts(ops["cofactor"](x + 1j * y)), normal(3, 3), normal(3, 3)),
    ],
    "slogdet": [
        (lambda a: la.slogdet(a)[0] * la.slogdet(a)[1], normal(2, 3, 3)),
        (lambda x, y: parts(ag.multiply(*la.slogdet(x + 1j * y))), normal(3, 3), normal(3, 3)),
    ],
    "cholesky": [
        (la.cholesky, definite(2)),
        (lambda a: la.cholesky(a, upper=True), definite()),
        (lambda x, y: parts(la.cholesky(x + 1j * y)), definite() + np.eye(3), 0.2 * normal(3, 3)),
    ],
    "eigh": [
        (lambda a: la.eigh(a)[0], spread(2)),
        (lambda a: la.eigh(a, "U")[1], spread(2)),
        (lambda x, y: la.eigh(x + 1j * y)[0], spread(), normal(3, 3)),
        (lambda x, y: phaseless(la.eigh(x + 1j * y, "U")[1]), spread(), normal(3, 3)),
        (la.eigvalsh, spread(2)),
        (lambda x, y: la.eigvalsh(x + 1j * y, "U"), spread(), normal(3, 3)),
        (lambda a: la.svd(a, hermitian=True)[2], spread()),
        (lambda a: la.svd(a, compute_uv=False, hermitian=True), spread() - 2.2 * np.eye(3)),
    ],
    "eig": [
        (lambda a: ag.real(la.eig(a)[0]), spread(2)),
        (lambda a: ag.abs(la.eig(a)[1]), spread(2)),
        (lambda x, y: phaseless(la.eig(x + 1j * y)[1]), spread(), 0.3 * normal(3, 3)),
        (lambda a: ag.abs(la.eigvals(a)), normal(4, 4)),
    ],
    "expm": [(la.expm, normal(3, 3)), (la.expm, normal(2, 2, 2))],
    "sqrtm": [(la.sqrtm, spread()), (la.sqrtm, np.eye(2))],
    "logm": [(la.logm, spread()), (la.logm, np.eye(2))],
    "symmetric_function": [
        (lambda a: la.symmetric_function(a, np.exp), spread(2)),
        (lambda a: la.symmetric_function(a, np.sin), np.zeros((2, 2))),
    ],
    "svd": [
        *[(lambda a, i=i: la.svd(a)[i], normal(2, 3, 3)) for i in range(3)],
        *[(lambda a, i=i: la.svd(a, full_matrices=False)[i], normal(4, 2)) for i in range(3)],
        *[(lambda a, i=i: la.svd(a, False)[i], normal(2, 4)) for i in range(3)],
        (lambda a: la.svd(a)[0][..., :2], normal(3, 2)),
        (lambda a: la.svd(a)[2][:2], normal(2, 3)),
        (lambda x, y: phaseless(la.svd(x + 1j * y, False)[0]), normal(4, 2), normal(4, 2)),
        (lambda x, y: phaseless(la.matrix_transpose(la.svd(x + 1j * y, False)[2])), normal(2, 3), normal(2, 3)),
        (lambda x, y: polar(x + 1j * y), normal(3, 2), normal(3, 2)),
        (la.svdvals, normal(2, 3, 4)),
        (lambda x, y: la.svd(x + 1j * y, compute_uv=False), normal(4, 2), normal(4, 2)),
        (lambda a: la.norm(a, 2), normal(3, 4)),
        (lambda a: la.norm(a, "nuc", axis=(0, 2)), normal(3, 2, 4)),
        (la.cond, normal(3, 3)),
    ],
    "qr": [
        *[(lambda a, i=i: la.qr(a)[i], normal(2, 3, 3)) for i in range(2)],
        *[(lambda a, i=i: la.qr(a)[i], normal(4, 2)) for i in range(2)],
        *[(lambda a, i=i: la.qr(a)[i], normal(2, 4)) for i in range(2)],
        (lambda a: la.qr(a, "r"), normal(3, 2)),
        (lambda a: la.qr(a, "complete")[0][:, :2], normal(3, 2)),
        (lambda a: la.qr(a, "complete")[1], normal(3, 2)),
        *[(lambda x, y, i=i: parts(la.qr(x + 1j * y)[i]), normal(3, 2), normal(3, 2)) for i in range(2)],
        *[(lambda x, y, i=i: parts(la.qr(x + 1j * y)[i]), normal(2, 3), normal(2, 3)) for i in range(2)],
    ],
    "pinv": [
        (la.pinv, normal(2, 4, 2)),
        (la.pinv, normal(2, 4)),
        (lambda a: la.pinv(a, rtol=None), spread(2)),
        (lambda a: la.pinv(shrink(a), 1e-4), positive(3, 4)),
        (lambda a: la.pinv(a, hermitian=True), spread()),
        (lambda x, y: parts(la.pinv(x + 1j * y)), normal(3, 2), normal(3, 2)),
    ],
    "lstsq": [
        (lambda a, b: la.lstsq(a, b)[0], normal(4, 2), normal(4)),
        (lambda a, b: la.lstsq(a, b)[0], normal(4, 2), normal(4, 3)),
        (lambda a, b: la.lstsq(a, b, -1)[0], normal(2, 4), normal(2, 3)),
        (lambda a, b: la.lstsq(shrink(a), b, 1e-4)[0], positive(4, 3), normal(4)),
        (lambda x, y, b: parts(la.lstsq(x + 1j * y, b)[0]), normal(3, 2), normal(3, 2), normal(3)),
    ],
    "norm": [
        (la.norm, normal(2, 3)),
        (lambda x: la.norm(x, 2, axis=1, keepdims=True), normal(2, 3)),
        (lambda x: la.norm(x, "fro", axis=(2, 0)), normal(2, 3, 2)),
        (lambda x, y: la.vector_norm(x + 1j * y, axis=(0, 1)), normal(2, 3), normal(2, 3)),
    ],
    "norm_p": [
        (lambda x: la.norm(x, 3, axis=0), normal(3, 2)),
        (lambda x: la.vector_norm(x, ord=-1.5, keepdims=True), positive(2, 3)),
        (lambda x, y: la.norm(x + 1j * y, 0.5), positive(3), positive(3)),
    ],
}  # fmt: skip


def polar(z):
    """The unitary factor of a polar decomposition: both sets of vectors, free of their phases."""
    u, _, vh = la.svd(z, full_matrices=False)
    return parts(u @ vh)
