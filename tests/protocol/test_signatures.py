"""Functions and methods that stand for NumPy's call their arguments what NumPy calls them."""

import inspect

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import Primitive, numpy_functions
from agx._protocol import report

NUMPY_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
#: Where a signature is not NumPy's, by the name in NumPy, and why.
EXCEPTIONS = {
    "_core.umath.clip": "the ufunc behind numpy.clip, which calls it by position",
    "load": "it is PyTorch's, of models",
    "save": "it is PyTorch's, of models",
    "reshape": "the shape may be several integers, as that of the method may",
    "transpose": "the axes may be several integers, as those of the method may",
    "where": "x and y go by position, both or neither",
}
#: Parameters that NumPy took after 2.0.
LATER = {"astype": "device", "trim_zeros": "axis", "unique": "sorted"}
METHODS = {
    "put": "it is np.put, whose names those of the method are not",
    "clip": "it is ag.clip, which takes its bounds as min= and max= too",
    "dot": "it is ag.dot; in NumPy the other array goes by position",
    "reshape": "it is ag.reshape; in NumPy the shape goes by position",
    "transpose": "it is ag.transpose; in NumPy the axes go by position",
}


def signature(function):
    """None where there is none, as of functions in C before NumPy 2.4 and methods that are gone."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def parameters(function):
    return list(signature(function).parameters.values())


def pairs():
    """NumPy's function and agx's, by name; not what is NumPy's own here, nor primitives."""
    report.rows()  # loads what is loaded on demand
    found = {f: ours for f, ours in numpy_functions.items() if not method_of_ufunc(f)}
    for there, here in ((np, ag), (np.linalg, ag.linalg), (np.fft, ag.fft)):
        for name in dir(there):
            ours = getattr(here, name, None)
            if not name.startswith("_") and inspect.isfunction(ours):
                found.setdefault(getattr(there, name), ours)
    return {
        name_of(theirs): (theirs, ours)
        for theirs, ours in found.items()
        if ours is not theirs and not isinstance(ours, Primitive) and signature(theirs)
    }


def method_of_ufunc(function):
    return isinstance(getattr(function, "__self__", None), np.ufunc)


def name_of(function):
    if function is np._core.umath.clip:
        return "_core.umath.clip"
    home = getattr(function, "__module__", None) or "numpy"
    return f"{home}.{function.__name__}".replace("numpy._core", "numpy").removeprefix("numpy.")


def differences(theirs, ours, also=()):
    """The parameters of ours that NumPy does not have in their place, or not by that name."""
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [p.name for p in theirs if p.kind in named]
    names = {p.name for p in (*theirs, *also)}
    stars = {(p.kind, p.name) for p in theirs if p.kind not in named}
    anything = any(p.kind == p.VAR_KEYWORD for p in theirs)
    for k, p in enumerate(ours):
        if p.kind in named and k < len(places):
            fits = p.name == places[k]
        elif p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            fits = (p.kind, p.name) in stars
        else:
            fits = p.name in names or anything
        if not fits:
            yield p.name


PAIRS = pairs()


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_arguments_have_numpys_names(name):
    found = [p for p in differences(*map(parameters, PAIRS[name])) if p != LATER.get(name)]
    assert bool(found) == (name in EXCEPTIONS), found


def test_the_walk_finds_them_all():
    assert len(PAIRS) > 200
    assert {"sum", "linalg.solve", "fft.rfft", "full", "put_along_axis"} <= PAIRS.keys()


def methods():
    for name in dir(np.ndarray):
        theirs, ours = getattr(np.ndarray, name), getattr(ag.Tensor, name, None)
        if name.startswith("_") or not inspect.isfunction(ours) or not signature(theirs):
            continue
        kinds = [p.kind for p in parameters(ours)]
        if inspect.Parameter.VAR_KEYWORD not in kinds:  # these hand everything on
            yield name


@pytest.mark.parametrize("name", list(methods()))
def test_methods_have_numpys_names(name):
    _, *theirs = parameters(getattr(np.ndarray, name))
    _, *ours = parameters(getattr(ag.Tensor, name))
    also = parameters(getattr(np, name)) if hasattr(np, name) else ()
    found = list(differences(theirs, ours, also))
    assert bool(found) == (name in METHODS), found


@pytest.mark.parametrize("xp", [np, ag])
def test_arrays_may_be_passed_by_name(xp):
    t = ag.Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert xp.sum(a=t).item() == 10.0
    if xp is ag or NUMPY_2_1:  # it was newshape= before
        assert xp.reshape(t, shape=(4,)).shape == (4,)
    assert xp.transpose(a=t, axes=(1, 0)).value.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert xp.linalg.det(a=t).item() == pytest.approx(-2.0)
    assert xp.linalg.inv(a=t).shape == (2, 2)
    assert xp.split(ary=t, indices_or_sections=2)[1].shape == (1, 2)
    assert xp.clip(t, a_min=2.0, a_max=3.0).value.tolist() == [[2.0, 2.0], [3.0, 3.0]]
    assert xp.tensordot(a=t, b=t, axes=2).item() == 30.0


@pytest.mark.parametrize(
    "shape", [lambda f, t: f(t, (3, 2), "F"), lambda f, t: f(t, (3, 2), order="F")]
)
def test_the_order_of_a_shape_goes_by_place_too(shape):
    x = np.arange(6.0).reshape(2, 3)
    expected = np.reshape(x, (3, 2), order="F")
    for f in (np.reshape, ag.reshape, ag.Tensor.reshape):
        assert shape(f, ag.Tensor(x)).value.tolist() == expected.tolist()
    assert ag.Tensor(x).reshape(3, 2, order="F").value.tolist() == expected.tolist()


def test_an_unknown_name_is_refused_with_the_signature():
    message = r"numpy.pad of a Tensor: .*'colour'; agx supports ag.pad\(array.*stat_length"
    with pytest.raises(TypeError, match=message):
        np.pad(ag.Tensor([1.0]), 1, colour="red")
