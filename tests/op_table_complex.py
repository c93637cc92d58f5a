"""Rows of the op table for complex numbers; see op_table.py."""

from points import apart, normal

import agx as ag

rows = {
    "real": [(lambda x, y: ag.real((x + 1j * y) ** 2), normal(3), normal(3))],
    "imag": [(lambda x, y: ag.imag((x + 1j * y) ** 2), normal(3), normal(3))],
    "conj": [(lambda x, y: ag.imag(ag.conj(x + 1j * y) * (x + 2j) * y), normal(3), normal(3))],
    "angle": [(lambda x, y: ag.angle(x + 1j * y, deg=True), apart(4), normal(4))],
    "fabs": [(lambda x: ag.fabs(x) * x, apart(4))],
}
