"""Containers of other classes than Python's own: what is made of the leaves is the container that was given."""

import collections
import dataclasses
import functools
import types

import numpy as np
import pytest

import agx as ag

X = np.array([1.0, 2.0])


class Attributes(dict):
    """A dict whose attributes are its items."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__ = self


class Both(dict):
    """A dict that repeats its items as attributes."""

    def __init__(self, **items):
        super().__init__(items)
        self.__dict__.update(items, name="both")


@pytest.mark.parametrize("kind", [Attributes, Both])
def test_an_item_and_the_attribute_of_its_name_are_one_variable(kind):
    p = kind(w=X)
    assert ag.grad(lambda p: np.sum(p.w**2))(p)["w"] == pytest.approx(2 * X)
    assert ag.grad(lambda p: np.sum(p.w * p["w"]))(p)["w"] == pytest.approx(2 * X)
    assert p.w is X and p["w"] is X


def test_a_counter_holds_the_variable_and_not_twice_it():
    assert ag.grad(lambda p: p["a"] ** 2)(collections.Counter(a=2.0))["a"] == 4.0


@dataclasses.dataclass
class Layer:
    w: object
    steps: int = dataclasses.field(init=False, default=0)

    def __post_init__(self):
        self.double = 2 * self.w
        self.scale = 1.0


def test_a_dataclass_keeps_what_it_was_given_later_and_computes_what_depends_on_its_fields():
    layer = Layer(X)
    layer.steps, layer.scale, layer.extra = 3, 5.0, 7
    made = ag.grad(lambda p: np.sum(p.double) * p.steps * p.scale * p.extra)(layer)
    assert made.w == pytest.approx([210.0, 210.0])


def test_a_dict_computes_its_cached_properties_again():
    class Params(dict):
        @functools.cached_property
        def square(self):
            return self["w"] ** 2

    p = Params(w=X)
    assert p.square is p.square
    assert ag.grad(lambda p: np.sum(p.square))(p)["w"] == pytest.approx(2 * X)


@dataclasses.dataclass
class Lazy:
    w: object

    def __post_init__(self):
        self.kept = None

    @functools.cached_property
    def square(self):
        return self.w**2

    def cube(self):
        if self.kept is None:
            self.kept = self.w**3
        return self.kept

    def fourth(self):
        if not hasattr(self, "later"):
            self.later = self.w**4
        return self.later


@pytest.mark.parametrize("read", [lambda p: p.square, lambda p: p.cube(), lambda p: p.fourth()])
def test_a_dataclass_computes_again_what_it_kept_of_its_fields(read):
    lazy = Lazy(X)
    expected = ag.grad(lambda p: np.sum(read(p)))(Lazy(X)).w
    read(lazy)
    assert ag.grad(lambda p: np.sum(read(p)))(lazy).w == pytest.approx(expected)
    assert (expected > 0).all()


@dataclasses.dataclass
class Scaled:
    w: object
    by: dataclasses.InitVar[float] = 1.0

    def __post_init__(self, by):
        self.scaled = self.w * by


@dataclasses.dataclass(init=False)
class Made:
    w: object

    def __init__(self, w, name):
        self.w, self.name = w, name


@pytest.mark.parametrize(
    ("p", "why"), [(Scaled(X, 3.0), "'by' is an InitVar"), (Made(X, "a"), "argument: 'name'")]
)
def test_a_dataclass_that_its_fields_do_not_make_is_refused(p, why):
    with pytest.raises(
        TypeError, match=f"cannot be made again from its fields: .*{why}.*pass a dict"
    ):
        ag.grad(lambda p: np.sum(p.w))(p)


@pytest.mark.parametrize(
    "held",
    [
        collections.deque([X]),
        collections.UserDict(w=X),
        collections.ChainMap({"w": X}),
        types.MappingProxyType({"w": X}),
        frozenset([1.0]),
    ],
)
def test_containers_that_would_be_constants_with_variables_inside_are_refused(held):
    name = type(held).__name__
    with pytest.raises(
        TypeError, match=f"cannot differentiate in a {name}; pass a dict, list, tuple"
    ):
        ag.grad(lambda p: 2.0 * p[1])([held, 1.0])


@pytest.mark.parametrize("result", [lambda x: types.SimpleNamespace(x=x), iter, lambda x: {1: {x}}])
def test_a_checkpoint_returns_what_has_a_gradient(result):
    with pytest.raises(TypeError, match="checkpoint: the function returned a .*return arrays, or"):
        ag.checkpoint(result)(ag.Tensor(X))
