"""Rows of the op table for the rest of NumPy's ufuncs; see op_table.py."""

import numpy as np
from points import apart, normal, positive

import agx as ag
from agx._engine.graph import registry as ops

away = np.array([-2.6, -1.3, 0.4, 1.7, 3.2])
waves = np.array([0.3, 3.9, 9.5, 2.4])
holes = np.array([0.7, np.nan, -np.inf, 1.3, np.inf])

rows = {
    "one_minus_square": [(ops["one_minus_square"], normal(3))],
    "cosh_arcsinh": [(ops["cosh_arcsinh"], normal(3))],
    "sinh_arccosh": [(ops["sinh_arccosh"], 1 + positive(3))],
    "gelu_tanh": [(lambda x: ag.gelu(x, "tanh"), 3 * normal(4))],
    "hypot": [(ag.hypot, normal(2, 3), positive(3)), (lambda x: ag.hypot(x, 1.5), normal(3))],
    "fmax": [(lambda x, y: ag.fmax(x, y) * x, apart(2, 3), apart(3) + 0.1)],
    "fmin": [(lambda x, y: ag.fmin(x, y) * x, apart(2, 3), apart(3) + 0.1)],
    "cbrt": [(ag.cbrt, apart(4) * 10)],
    "logaddexp2": [(ag.logaddexp2, normal(2, 3), normal(3))],
    "deg2rad": [(lambda x: ag.deg2rad(x) * x, normal(3)), (lambda x: ag.radians(x) * x, normal(3))],
    "rad2deg": [(lambda x: ag.rad2deg(x) * x, normal(3)), (lambda x: ag.degrees(x) * x, normal(3))],
    "fmod": [(lambda x, y: ag.fmod(x, y) * x, away, np.array(0.9)), (lambda x: np.divmod(x, 0.9)[1] * x, away)],
    "modf": [(lambda x: ag.modf(x)[0] * x + ag.modf(x)[1], away)],
    "ldexp": [(lambda x: ag.ldexp(x * x, np.array([3, -1, 0])), normal(2, 3)), (lambda x: ag.ldexp(x * x, 2), normal(3))],
    "frexp": [(lambda x: ag.frexp(x)[0] * x, away)],
    "copysign": [(lambda x, y: ag.copysign(x, y) * x, apart(4), apart(4)), (lambda x: ag.copysign(x, -1.0) * x, apart(4))],
    "nextafter": [(lambda x, y: ag.nextafter(x, y) * y, apart(4), apart(4))],
    "spacing": [(lambda x: ag.spacing(x) * 0 + x * x, positive(3))],
    "heaviside": [(lambda x, y: ag.heaviside(x, y * y) * x + y, apart(4), normal(4))],
    "round": [(lambda x: ag.round(x, 1) * x, away), (lambda x: np.around(x) * x + ag.fix(x), away)],
    "unwrap": [(lambda x: ag.unwrap(x) * x, waves), (lambda x: ag.unwrap(x, period=4.0, axis=0) * x, normal(2, 3))],
    "nan_to_num": [(lambda x: ag.nan_to_num(x, nan=2.0, posinf=3.0, neginf=4.0) * 2.0 + ag.nan_to_num(x * x, posinf=0.0), holes)],
    "sinc": [(ag.sinc, normal(4)), (ag.sinc, np.array([0.0, 1.0, 1e-8, -2.5, 30.0]))],
    "spherical_bessel": [
        (lambda x, n=n: ops["spherical_bessel"](x, order=n), np.array([0.0, 1e-5, 0.4, -1.8, 3.3, -5.1, 20.0]))
        for n in range(4)
    ],
    "i0": [(ag.i0, np.array([0.0, 0.4, -1.8, 3.3, -6.1]))],
    "modified_bessel": [
        (lambda x, n=n: ops["modified_bessel"](x, order=n), np.array([0.0, 1e-5, 0.4, -1.8, 3.3, -5.1]))
        for n in range(4)
    ],
}  # fmt: skip
