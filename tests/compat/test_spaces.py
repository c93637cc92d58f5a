"""Vector spaces of arrays and nests, as programs for HIPS autograd use them."""

from collections import namedtuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import agx as ag
from agx.compat.autograd import grad
from agx.compat.autograd.builtins import DictVSpace, ListVSpace, TupleVSpace
from agx.compat.autograd.extend import SparseObject, VSpace, defvjp, primitive, vspace
from agx.compat.autograd.numpy.numpy_vjps import untake
from agx.compat.autograd.numpy.numpy_vspaces import ArrayVSpace, ComplexArrayVSpace

Pair = namedtuple("Pair", "left right")
NEST = {"a": np.ones((2, 3)), "b": [1.0, (np.zeros(2), 2j)], "c": Pair(0.5, np.ones(1))}


def test_of_arrays():
    space = vspace(np.ones((2, 3), np.float32))
    assert (space.shape, space.dtype, space.size, space.ndim) == ((2, 3), np.float32, 6, 2)
    assert not space.iscomplex and type(space) is ArrayVSpace
    assert space.zeros().dtype == np.float32 and space.ones().sum() == 6
    assert space.randn().shape == (2, 3) and space.randn().dtype == np.float32
    basis = list(space.standard_basis())
    assert_array_equal(np.reshape(basis, (6, 6)), np.eye(6))


def test_of_complex_arrays():
    space = vspace(np.array([1j, 2.0]))
    assert space.iscomplex and type(space) is ComplexArrayVSpace and space.size == 4
    assert_array_equal(space.ones(), [1 + 1j, 1 + 1j])
    assert_array_equal(list(space.standard_basis()), [[1, 0], [1j, 0], [0, 1], [0, 1j]])
    x, y = np.array([1 + 2j, 3.0]), np.array([1j, 1.0])
    assert space.inner_prod(x, y) == 5.0
    assert_array_equal(space.covector(x), [1 - 2j, 3])
    assert np.iscomplexobj(space.randn())


@pytest.mark.parametrize("x", [1.5, np.float32(1), np.array(2.0), ag.Tensor(1.0)])
def test_of_numbers(x):
    assert vspace(x).size == 1 and vspace(x).shape == () and vspace(x).ones() == 1.0


def test_of_nests():
    space = vspace(NEST)
    assert space.size == 6 + 1 + 2 + 2 + 1 + 1
    assert type(space) is DictVSpace and type(space.shape["b"]) is ListVSpace
    assert type(space.shape["b"].shape[1]) is TupleVSpace
    zeros = space.zeros()
    assert zeros["a"].shape == (2, 3) and type(zeros["b"][1]) is tuple and type(zeros["c"]) is Pair
    basis = list(space.standard_basis())
    assert len(basis) == space.size
    gram = [[space.inner_prod(u, v) for u in basis] for v in basis]
    assert_array_equal(gram, np.eye(space.size))
    total = zeros
    for vector in basis:
        total = space.add(total, vector)
    assert total["b"][1][1] == 1 + 1j and total["c"].right[0] == 1.0
    twice = space.scalar_mul(space.ones(), 2.0)
    assert twice["b"][1][1] == 2 + 2j
    assert space.covector(twice)["b"][1][1] == 2 - 2j
    assert space.randn()["a"].shape == (2, 3)


def test_adding_in_place():
    space, x = vspace(np.ones(2)), np.ones(2)
    assert space.mut_add(x, np.ones(2)) is x and x[0] == 2.0
    assert_array_equal(space.mut_add(None, x), x)
    assert vspace([1.0]).mut_add(None, [2.0]) == [2.0]


def test_spaces_are_compared_and_shown():
    assert vspace(np.ones(2)) == vspace(np.zeros(2)) and vspace(np.ones(2)) != vspace(np.ones(3))
    assert vspace([1.0]) == vspace([2.0]) and vspace([1.0]) != vspace((1.0,))
    assert repr(vspace(1.0)).startswith("ArrayVSpace({'shape': ()")


@pytest.mark.parametrize("x", [1, "text", None, {1.0}], ids=repr)
def test_what_has_no_space(x):
    with pytest.raises(
        TypeError, match=f"vspace: {type(x).__name__} .* belongs to no vector space"
    ):
        vspace(x)


def test_a_space_of_ones_own():
    class Angle:
        pass

    class AngleSpace(VSpace):
        pass

    AngleSpace.register(Angle)
    assert type(vspace(Angle())) is AngleSpace
    for method in ("zeros", "ones", "standard_basis", "randn"):
        with pytest.raises(NotImplementedError, match=f"AngleSpace: define {method}"):
            getattr(vspace(Angle()), method)()
    with pytest.raises(NotImplementedError, match="AngleSpace: define _inner_prod"):
        vspace(Angle()).inner_prod(1, 2)
    del VSpace.mappings[Angle]


def test_sparse_gradients():
    @primitive
    def take(x, i):
        return x[i]

    defvjp(take, lambda ans, x, i: lambda g: untake(g, i, vspace(x)))
    x = np.array([1.0, 2.0, 3.0])
    assert_array_equal(grad(lambda x: take(x, 1) ** 2 + take(x, 0))(x), [1.0, 4.0, 0.0])
    assert_array_equal(grad(lambda x: take(x, [0, 0]).sum())(x), [2.0, 0.0, 0.0])
    assert type(untake(1.0, 0, vspace(x))) is SparseObject
    assert vspace(untake(1.0, 0, vspace(x))) == vspace(x)
