"""Derivatives that are wrong on purpose, each inside a computation that is otherwise right.

``BROKEN`` is a list of (op, function, arrays, order): check_grads must blame ``op`` at derivative
``order``. The primitives are not in agx's registry, which another test compares with the op table.
"""

import numpy as np
from points import normal

import agx as ag
from agx._engine.graph import Primitive, no_gradient

BROKEN = []


def broken(op, function, rules, arrays, order=1, around=None, elementwise=False, **params):
    """Add a row: exp, then the broken op, then a sum of squares, unless ``around`` says otherwise."""
    op = f"broken_{op}"
    p = Primitive(op, function, rules, elementwise)

    def f(*xs):
        if around is not None:
            return around(p, *xs)
        return ag.sum(p(*(ag.exp(x * 0.3) for x in xs), **params) ** 2)

    BROKEN.append((op, f, arrays, order))


X, A, B = normal(4), normal(2, 3), normal(3, 4)

# --- elementwise ---------------------------------------------------------------------------------

broken("sign", np.sin, [lambda g, out, x: -g * ag.cos(x)], [X])
broken("factor", np.square, [lambda g, out, x: g * x], [X])
broken("tiny_factor", np.square, [lambda g, out, x: g * x * 2.0001], [X])
broken("chain", lambda x: np.sin(3 * x), [lambda g, out, x: g * ag.cos(3 * x)], [X])
broken("outer_gradient", np.exp, [lambda g, out, x: out], [X])
broken("no_gradient", np.tanh, [no_gradient], [X])
broken("constant", np.exp, [lambda g, out, x: g], [X])
broken("out_for_x", np.log, [lambda g, out, x: g / out], [X + 3])
broken("x_for_out", np.exp, [lambda g, out, x: g * x], [X])
broken("exponent", lambda x: x**3, [lambda g, out, x: 3 * g * x], [X])
broken(
    "quotient_sign",
    np.divide,
    [lambda g, out, x, y: g / y, lambda g, out, x, y: g * out / y],
    [X, X + 1],
)
broken(
    "quotient_power",
    np.divide,
    [lambda g, out, x, y: g / y, lambda g, out, x, y: -g * x / y],
    [X, X + 1],
)
broken("swapped", np.multiply, [lambda g, out, x, y: g * x, lambda g, out, x, y: g * y], [X, X + 1])
broken("dropped_second", np.multiply, [lambda g, out, x, y: g * y, no_gradient], [X, X + 1])
broken("one_branch", lambda x: np.where(x > 1, x * x, x), [lambda g, out, x: 2 * g * x], [X])
broken(
    "degrees",
    lambda x: np.sin(np.radians(x)),
    [lambda g, out, x: g * ag.cos(x * (np.pi / 180))],
    [X],
)


def _one_element_wrong(g, out, x):
    right = np.ones(4)
    right[2] = 1.5
    return g * ag.cos(x) * right


broken("one_element", np.sin, [_one_element_wrong], [X], elementwise=True)
broken("saturated", np.tanh, [lambda g, out, x: g * ag.where(x > 0.5, 0.0, 1 - out * out)], [X])

# --- shapes and axes -----------------------------------------------------------------------------

broken(
    "missing_transpose",
    np.matmul,
    [lambda g, out, x, y: g @ y, lambda g, out, x, y: x.T @ g],
    [normal(3, 3), normal(3, 3)],
)
broken(
    "matmul_order",
    np.matmul,
    [lambda g, out, x, y: g @ y.T, lambda g, out, x, y: g.T @ x],
    [normal(3, 3), normal(3, 3)],
)
broken("transpose_kept", lambda x: x.T, [lambda g, out, x: g], [normal(3, 3)])
broken(
    "unbroadcast_axis",
    lambda x, y: x * y[:, None],
    [lambda g, out, x, y: g * y[:, None], lambda g, out, x, y: ag.sum(g * x, axis=0)],
    [normal(3, 3), normal(3)],
)
broken(
    "mean_without_count",
    lambda x: x.mean(axis=1),
    [lambda g, out, x: ag.broadcast_to(g[:, None], x.shape)],
    [A],
)
broken(
    "keepdims",
    lambda x: x.sum(axis=1),
    [lambda g, out, x: ag.broadcast_to(g, x.shape)],
    [normal(3, 3)],
)
broken("reversed_axis", lambda x: x[::-1], [lambda g, out, x: g], [X])
broken("off_by_one", lambda x: np.roll(x, 1), [lambda g, out, x: ag.roll(g, -2)], [X])
broken("reshape_order", lambda x: x.reshape(3, 2), [lambda g, out, x: g.T], [A])
broken(
    "concatenate_offset",
    lambda x, y: np.concatenate([x, y]),
    [lambda g, out, x, y: g[:4], lambda g, out, x, y: g[3:7]],
    [X, X + 1],
)
broken(
    "diagonal",
    lambda x: np.einsum("ii->i", x),
    [lambda g, out, x: ag.broadcast_to(g, x.shape)],
    [normal(3, 3)],
)


def _third_of_batch(g, out, x, y):
    return ag.stack([g[i] @ y.T if i != 2 else g[i] @ y.T * 0.5 for i in range(4)])


broken(
    "third_of_batch",
    np.matmul,
    [_third_of_batch, lambda g, out, x, y: ag.einsum("bij,bik->jk", x, g)],
    [normal(4, 2, 3), B],
)
broken(
    "softmax_diagonal_only",
    lambda x: np.exp(x) / np.exp(x).sum(),
    [lambda g, out, x: g * out * (1 - out)],
    [X],
)
broken("cumsum_forwards", np.cumsum, [lambda g, out, x: ag.cumsum(g)], [X])
broken("prod_with_itself", np.prod, [lambda g, out, x: g * out * np.ones(4)], [X])


def _last_write_wins(g, out, x):
    found = np.zeros(4)
    found[[0, 2, 2]] = np.asarray(g)
    return found


broken("repeated_indices", lambda x: x[[0, 2, 2]], [_last_write_wins], [X])
broken("every_tie", np.max, [lambda g, out, x: g * (x == out)], [np.array([1.0, 3.0, 3.0])])
broken(
    "variadic_index",
    lambda *xs: sum(k * x for k, x in enumerate(xs)),
    lambda i, g, out, *xs: g * (i + 1),
    [X, X + 1],
)
broken(
    "parameter",
    lambda x, *, scale: x * scale**2,
    [lambda g, out, x, *, scale: g * scale],
    [X],
    scale=3.0,
)

# --- precision and complex numbers ---------------------------------------------------------------

broken(
    "float32_only",
    np.sin,
    [lambda g, out, x: g * ag.cos(x) * (1.0 if x.dtype == np.float64 else 1.1)],
    [X],
    around=lambda p, x: p(ag.astype(x * 1.5, np.float32)) ** 2,
)
broken(
    "conjugate",
    np.multiply,
    [lambda g, out, x, y: g * ag.conj(y), lambda g, out, x, y: g * x],
    [X + 1j, X - 2j],
)
broken("imaginary_sign", np.imag, [lambda g, out, x: g * 1j], [X + 0.5j])
broken("complex_abs", np.abs, [lambda g, out, x: g * ag.sign(x)], [X + 0.5j])

# --- backward() against the differentiable pass ----------------------------------------------------

broken(
    "arrays_only",
    np.sin,
    [lambda g, out, x: g * ag.cos(x) * (1.0 if isinstance(x, ag.Tensor) else 2.0)],
    [X],
)
broken(
    "tensors_only",
    np.sin,
    [lambda g, out, x: g * ag.cos(x) * (2.0 if isinstance(x, ag.Tensor) else 1.0)],
    [X],
)


def _overwriting(p, x):
    p.overwrite = lambda g, out, x: np.multiply(g, 2 * np.cos(x), g)
    return ag.sum(p(ag.exp(x)) ** 2)


broken("overwrite", np.sin, [lambda g, out, x: g * ag.cos(x)], [X], around=_overwriting)

# --- right to first order only -------------------------------------------------------------------

frozen = np.asarray
inner = Primitive("broken_inner", np.cos, [lambda g, out, x: g * ag.sin(x)])
broken("frozen_x", np.exp, [lambda g, out, x: g * np.exp(frozen(x))], [X], 2)
broken("frozen_out", np.exp, [lambda g, out, x: g * frozen(out)], [X], 2)
broken("frozen_g", np.sin, [lambda g, out, x: frozen(g) * ag.cos(x)], [X], 2)
broken("frozen_all", np.square, [lambda g, out, x: frozen(g) * frozen(x) * 2], [X], 2)
broken(
    "frozen_matrix",
    np.matmul,
    [lambda g, out, x, y: g @ frozen(y).T, lambda g, out, x, y: x.T @ g],
    [A, B],
    2,
)
sine = Primitive("sine", np.sin, [lambda g, out, x: g * inner(x)])
BROKEN.append(("broken_inner", lambda x: ag.sum(sine(ag.exp(x)) ** 2), [X], 2))
cubed = Primitive("broken_third", lambda x: x**4, [lambda g, out, x: 4 * g * second(x)])
second = Primitive("second", lambda x: x**3, [lambda g, out, x: g * 3 * frozen(x) ** 2])
BROKEN.append(("second", lambda x: ag.sum(cubed(ag.exp(x * 0.3))), [X], 3))
