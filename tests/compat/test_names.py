"""Every name of HIPS autograd's modules is there, or says what to use instead."""

import importlib

import numpy
import pytest
from compat.names_of_autograd import NAMES

from agx.compat.autograd.absent import INSTEAD

pytest.importorskip("scipy")
ALL = [(module, name) for module, names in NAMES.items() for name in names.split()]


def module_of(name):
    return importlib.import_module(".".join(filter(None, ["agx.compat.autograd", name])))


@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_there_or_has_a_reason(module):
    ours = module_of(module)
    for name in NAMES[module].split():
        reason = None
        try:
            getattr(ours, name)
        except ImportError as error:
            reason = str(error)
        assert reason is None or reason.endswith(f"has no {name}: {INSTEAD[name]}")


def test_nothing_is_explained_that_nobody_asks_for():
    known = {name for _, name in ALL}
    private = {"translate_vjp", "translate_jvp", "identity_vjp", "identity_jvp"}
    assert set(INSTEAD) <= known | private


def test_most_names_are_there():
    absent = [name for module, name in ALL if name in INSTEAD]
    assert len(absent) < 0.3 * len(ALL)


def test_names_that_agx_does_without():
    with pytest.raises(ImportError, match="tracer has no new_box: a traced value is a Tensor"):
        from agx.compat.autograd.tracer import new_box  # noqa: F401
    with pytest.raises(ImportError, match="core has no primitive_vjps: .* give them with defvjp"):
        from agx.compat.autograd.core import primitive_vjps  # noqa: F401
    with pytest.raises(ImportError, match=r"numpy.linalg has no grad_eigh: .* use make_vjp"):
        from agx.compat.autograd.numpy.linalg import grad_eigh  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        from agx.compat.autograd.core import nonsense  # noqa: F401


def test_submodules_come_with_their_package():
    import agx.compat.autograd as autograd

    assert autograd.numpy.linalg.norm([3.0, 4.0]) == 5.0
    assert autograd.scipy.stats.norm.cdf(0.0) == 0.5
    assert autograd.scipy.special.expit(0.0) == 0.5
    assert {"integrate", "linalg", "signal", "special", "stats"} <= set(dir(autograd.scipy))
    assert callable(autograd.misc.flatten) and callable(autograd.extend.vspace)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        autograd.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        autograd.scipy.nonsense  # noqa: B018


def test_star_import_offers_numpys_names():
    space = {}
    exec("from agx.compat.autograd.numpy import *", space)
    assert space["where"](True, 1, 2) == 1 and space["pi"] == numpy.pi
    assert "_primitive" not in space
