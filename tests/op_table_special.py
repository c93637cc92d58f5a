"""Rows of the op table for special functions; see op_table.py."""

import numpy as np
from points import apart, normal, positive, unit

import agx as ag
from agx import special

rows = {
    "erfc": [(special.erfc, normal(4))],
    "erfcx": [(special.erfcx, normal(4)), (special.erfcx, np.array([0.98, 5.0, 200.0]))],
    "erfinv": [(special.erfinv, unit(4))],
    "erfcinv": [(special.erfcinv, 1 + unit(4))],
    "ndtr": [(special.ndtr, normal(4))],
    "ndtri": [(special.ndtri, 0.5 + 0.5 * unit(4))],
    "log_ndtr": [(special.log_ndtr, normal(4)), (special.log_ndtr, np.array([-30.0, -8.0, 9.0]))],
    "polygamma": [
        (lambda x: special.polygamma(2, x), positive(3)),
        (lambda x: special.polygamma(np.array([[0], [1]]), x), positive(3)),
    ],
    "gammaln": [(special.gammaln, positive(3)), (special.gammaln, np.array([-0.6, -2.3]))],
    "gamma": [(special.gamma, positive(3)), (special.gamma, np.array([-0.6, -2.3]))],
    "digamma": [(special.digamma, positive(3))],
    "betaln": [(special.betaln, positive(2, 3), positive(3))],
    "beta": [(special.beta, positive(2, 3), positive(3))],
    "expit": [(special.expit, normal(4))],
    "logit": [(special.logit, 0.5 + 0.5 * unit(4))],
    "log_expit": [(special.log_expit, 10 * normal(4))],
    "xlogy": [
        (special.xlogy, normal(2, 3), positive(3)),
        (special.xlogy, np.array([0.0, 0.0]), np.array([0.5, 2.0])),
    ],
    "xlog1py": [(special.xlog1py, normal(2, 3), positive(3))],
    "entr": [(special.entr, positive(3))],
    "rel_entr": [(special.rel_entr, positive(2, 3), positive(3))],
    "kl_div": [(special.kl_div, positive(2, 3), positive(3))],
    "bessel_j": [
        (lambda x: special.jn(3, x), normal(4)),
        (lambda x: special.jv(0.5, x), positive(4)),
    ],
    "bessel_y": [(lambda x: special.yv(1.5, x), positive(4))],
    "bessel_iv": [(lambda x: special.iv(2, x), normal(4))],
    "bessel_ie": [(lambda x: special.ive(2, x), apart(4))],
    "bessel_j0": [(special.j0, normal(4)), (special.j0, np.zeros(1))],
    "bessel_j1": [(special.j1, normal(4)), (special.j1, np.zeros(1))],
    "bessel_y0": [(special.y0, positive(4))],
    "bessel_y1": [(special.y1, positive(4))],
    "bessel_i0": [(special.i0, normal(4)), (special.i0, np.zeros(1))],
    "bessel_i1": [(special.i1, normal(4)), (special.i1, np.zeros(1))],
    "bessel_i0e": [(special.i0e, apart(4))],
    "bessel_i1e": [(special.i1e, apart(4))],
    "hyp1f1": [(lambda x: special.hyp1f1(1.5, 2.0, x), normal(4))],
    "exprel": [(special.exprel, normal(4)), (special.exprel, np.zeros(1))],
    "logsumexp_weighted": [
        (lambda a, b: special.logsumexp(a, b=b), normal(2, 3), positive(3)),
        (lambda a, b: special.logsumexp(a, 1, b, keepdims=True), normal(2, 3), positive(2, 1)),
        (lambda a: special.logsumexp(a, (0, 2), [1, 0]), normal(2, 3, 2)),
        (lambda a: special.softmax(special.log_softmax(a, 0)) * ag.sin(a), normal(2, 3)),
    ],
}
