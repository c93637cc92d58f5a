"""Tensor: construction, the array it is, operators, and NumPy's protocols."""

import copy
import pickle
from importlib.util import find_spec

import numpy as np
import pytest

import agx as ag

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


# --- construction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (3, np.float64),
        (2.5, np.float64),
        (True, np.float64),
        ([1, 2], np.float64),
        (np.arange(3), np.float64),
        (np.ones(2, np.float32), np.float32),
        (np.ones(2, np.float16), np.float32),
        (np.float32(1), np.float32),
        (np.ones(2, bool), np.float64),
    ],
)
def test_dtype_of_a_value(value, dtype):
    assert ag.Tensor(value).dtype == dtype


def test_dtype_on_request():
    assert ag.Tensor([1.0], dtype=np.float32).dtype == np.float32


def test_memory_of_a_float_array_is_shared():
    array = np.ones(2)
    assert ag.Tensor(array).value is array


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["a"], "expected numbers, got list of dtype <U1"),
        (None, "expected numbers, got NoneType of dtype object"),
        (
            np.array(["2020-01-01"], "M8[D]"),
            "expected numbers, got ndarray of dtype datetime64",
        ),
        (ag.Tensor(1.0), r"expected numbers, got a Tensor; use .detach\(\)"),
        ([ag.Tensor(1.0)], "got a list of Tensors; ag.stack keeps their gradients"),
    ],
)
def test_what_a_tensor_cannot_hold(value, message):
    with pytest.raises(TypeError, match=message):
        ag.Tensor(value)


def test_inputs_are_a_list():
    x = ag.Tensor([1.0, 2.0])
    with pytest.raises(
        TypeError, match=r"expected a list of Tensors, got a Tensor; write inputs=\[x\]"
    ):
        ag.Tensor(np.log(x.value), inputs=x, op="log")


def test_integers_of_a_tensor_are_constant():
    def f(x):
        k = np.floor(x).astype(int)
        assert type(k) is np.ndarray and k.dtype == int
        return (x[k] * k).sum() + np.astype(x > 1, float).sum()

    assert ag.grad(f)(np.array([1.5, 0.5])).tolist() == [0.0, 1.0]
    assert ag.Tensor([0.0, 2.0]).astype(bool).tolist() == [False, True]


def test_dtypes_that_a_tensor_cannot_have():
    with pytest.raises(
        TypeError, match="dtype must be float32, float64, complex64 or complex128, got int64"
    ):
        ag.Tensor([1], dtype=np.int64)
    with pytest.raises(TypeError, match="a Tensor holds floating or complex numbers, not float16"):
        ag.Tensor([1.0]).astype(np.float16)
    with pytest.raises(TypeError, match=r"float32 cannot hold complex numbers; pass value.real"):
        ag.Tensor([1j], dtype=np.float32)
    with pytest.raises(TypeError, match="float64 would drop the imaginary part; use ag.real"):
        ag.Tensor([1j]).astype(np.float64)


# --- the array it is -----------------------------------------------------------------------------


def test_array_attributes():
    t = ag.Tensor(A)
    assert (t.shape, t.ndim, t.size, len(t), t.dtype) == ((2, 3), 2, 6, 2, np.float64)
    assert t.data is t.value is t.numpy()
    assert np.asarray(t) is t.value
    assert np.array(t) is not t.value
    assert t.tolist() == A.tolist()
    assert t.argmax() == 5
    assert t.argmin(axis=1).tolist() == [0, 0]
    assert t.T.shape == (3, 2)
    assert ag.Tensor(np.ones((2, 3, 4))).mT.shape == (2, 4, 3)


def test_numbers_out_of_one_element():
    t = ag.Tensor([2.5])
    assert (t.item(), float(t), int(t), bool(t)) == (2.5, 2.5, 2, True)
    assert f"{ag.Tensor(2.5):.2f}" == "2.50"


METHODS = {
    "all": lambda x: x.all(axis=1), "any": lambda x: x.any(0), "argsort": lambda x: x.argsort(axis=0),
    "argmax": lambda x: x.argmax(1, keepdims=True), "argmin": lambda x: x.argmin(axis=-1),
    "argpartition": lambda x: x.argpartition(1), "searchsorted": lambda x: x[0].searchsorted(x[0, 1]),
    "nonzero": lambda x: x.nonzero()[1], "nbytes": lambda x: x.nbytes, "itemsize": lambda x: x.itemsize,
    "contains": lambda x: (2.0 in x, 7 in x), "item": lambda x: x.item(2), "item, at": lambda x: x.item(1, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_that_return_plain_values(name):
    found, expected = METHODS[name](ag.Tensor(A)), METHODS[name](A)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


DIFFERENTIABLE_METHODS = {
    "flatten": lambda x: x.flatten("F"), "flat": lambda x: x.flat[2:4] * 1,
    "round": lambda x: x.round(1) * x, "compress": lambda x: x.compress([True, False, True], axis=1),
    "divmod": lambda x: divmod(x, 0.7)[1], "divmod, reflected": lambda x: divmod(9.1, x)[1],
    "round()": lambda x: round(x[0, 0], 1) * x, "copy": lambda x: copy.copy(x) * 2,
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENTIABLE_METHODS)
def test_methods_that_are_differentiated(name):
    f, x = DIFFERENTIABLE_METHODS[name], A + np.arange(6).reshape(2, 3) * 0.013
    expected = x.flat[2:4] if name == "flat" else f(x)
    np.testing.assert_array_equal(f(ag.Tensor(x)).value, expected)
    ag.testing.check_grads(f, x)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda t: t.byteswap(), AttributeError, r"byteswap: .* in place.*t.copy\(\)"),
        (lambda t: t.resize(3), AttributeError, r"resize: .* in place.*ag.resize\(t, ...\)"),
        (lambda t: t.tobytes(), AttributeError, "no attribute 'tobytes'; use t.value.tobytes"),
        (lambda t: t.view, AttributeError, r"no attribute 'view'; write t.reshape\(...\), or t"),
        (lambda t: t.unsqueeze, AttributeError, r"write np.expand_dims\(t, axis\)$"),
        (lambda t: t.sigmoid, AttributeError, r"write ag.sigmoid\(t\)$"),
        (lambda t: t.mul, AttributeError, r"write a \* b$"),
        (lambda t: t.cuda, AttributeError, "leave it out: agx computes on the CPU$"),
        (
            lambda t: t.add_,
            AttributeError,
            r"write t\[...\] = new to change it in place, for a leaf under ag.no_grad\(\)",
        ),
        (lambda t: t.zero_, AttributeError, "to change it in place"),
        (lambda t: t.requires_grad_, AttributeError, "write t.requires_grad = True$"),
        (lambda t: t.no_such_, AttributeError, "a Tensor has no attribute 'no_such_'$"),
        (lambda t: t.no_such, AttributeError, "a Tensor has no attribute 'no_such'$"),
    ],
)
def test_what_arrays_have_and_tensors_do_not(call, kind, message):
    with pytest.raises(kind, match=message):
        call(ag.Tensor(A))
    assert not hasattr(ag.Tensor(A), "resize")


def test_a_deep_copy_is_a_leaf_of_its_own():
    t = ag.Tensor(A, label="w", requires_grad=False)
    new = copy.deepcopy([t, t])
    assert new[0] is new[1] is not t
    assert (new[0].label, new[0].requires_grad) == ("w", False)
    assert new[0].value is not A
    np.testing.assert_array_equal(new[0].value, A)
    with pytest.raises(TypeError, match=r"the result of op 'mul' belongs to a graph; copy .detach"):
        copy.deepcopy(ag.Tensor(A) * 2)


def test_a_model_can_be_copied():
    model = ag.nn.Linear(3, 2)
    best = copy.deepcopy(model)
    model.weight.value[...] = 0
    assert best.weight.value.any()
    assert len(list(best.parameters())) == 2


def test_a_tensor_cannot_be_pickled():
    with pytest.raises(TypeError, match=r"cannot be pickled.*t.value, or a model's state_dict\(\)"):
        pickle.dumps(ag.Tensor([1.0]))


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.array([t[0], t[1]]).sum(),
        lambda t: np.sum([t[0], t[1]]),
        lambda t: np.asarray(t).sum(),
        lambda t: float(t[0]),
        lambda t: t[0].item(),
        lambda t: t.tolist()[0],
        lambda t: np.zeros(2).__setitem__(Ellipsis, t),
        lambda t: np.full(2, t[0]).sum(),
        lambda t: np.arange(t[0], 3.0, like=t).sum(),
        lambda t: ag.sum([t[0], t[1]]),
        lambda t: (t * [t[0], 1.0]).sum(),
    ],
)
def test_no_gradient_is_dropped_inside_a_differentiated_function(f):
    with pytest.raises(TypeError, match="gradient"):
        ag.grad(f)(np.array([1.0, 2.0]))


@pytest.mark.parametrize("f", [lambda t: ag.exp([t[0]]), lambda t: t * [[t[0], t[1]]]])
def test_operations_drop_no_gradient_of_a_list(f):
    t = ag.Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r": a list of Tensors would lose .*ag.stack or ag.array"):
        f(t)
    with ag.no_grad():
        f(t)


def test_iteration_gives_rows_of_the_graph():
    t = ag.Tensor(A)
    first, second = t
    (first * second).sum().backward()
    np.testing.assert_array_equal(t.grad, A[::-1])
    with pytest.raises(TypeError, match=r"len\(\) of a Tensor without axes"):
        len(ag.Tensor(1.0))


def test_value_can_be_replaced_and_updated():
    t = ag.Tensor([1.0, 2.0])
    t.value -= 0.5
    np.testing.assert_array_equal(t.value, [0.5, 1.5])
    t.data = [3, 4, 5]
    assert t.dtype == np.float64
    assert t.grad.shape == (3,)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (ag.Tensor([1.0, 2.0]), "Tensor([1., 2.])"),
        (ag.Tensor([1.0], label="w"), "Tensor([1.], label='w')"),
        (ag.Tensor([1.0]) * 2, "Tensor([2.], op='mul')"),
        (ag.Tensor(1.0, dtype=np.float32), "Tensor(1., dtype=float32)"),
        (ag.Tensor([1.0], requires_grad=False), "Tensor([1.], requires_grad=False)"),
        (ag.Tensor(np.zeros((0, 2))), "Tensor([], shape=(0, 2))"),
    ],
)
def test_repr(tensor, text):
    assert repr(tensor) == text


def test_repr_of_a_large_tensor_names_its_shape():
    assert "shape=(300, 300)" in repr(ag.Tensor(np.zeros((300, 300))))


def test_assignment_to_a_leaf_that_requires_a_gradient_is_refused():
    with pytest.raises(TypeError, match=r"a leaf that .*t.copy\(\).*ag.no_grad\(\)"):
        ag.Tensor(A)[0, 0] = 1.0


def test_augmented_assignment_rebinds_a_leaf_that_requires_a_gradient():
    x = ag.Tensor([1.0, 2.0])
    y = x
    y += 1
    assert y is not x
    np.testing.assert_array_equal(x.value, [1.0, 2.0])


# --- operators -----------------------------------------------------------------------------------

BINARY = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "**": lambda a, b: a**b, "//": lambda a, b: a // b, "%": lambda a, b: a % b,
}  # fmt: skip


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize("other", [2, 2.5, np.float64(3), A[0], [1.0, 2.0, 3.0], np.array(2.0)])
def test_operators_with_plain_operands_on_either_side(sign, other):
    f, t = BINARY[sign], ag.Tensor(A)
    for result, expected in ((f(t, other), f(A, other)), (f(other, t), f(other, A))):
        assert isinstance(result, ag.Tensor)
        np.testing.assert_array_equal(result.value, expected)


def test_matmul_on_either_side():
    t = ag.Tensor(A)
    for result, expected in ((t @ A.T, A @ A.T), (A.T @ t, A.T @ A), (t @ A[0], A @ A[0])):
        assert isinstance(result, ag.Tensor)
        np.testing.assert_array_equal(result.value, expected)


@pytest.mark.parametrize("number", [2.0, 2, np.float32(2), np.int64(3)])
def test_float32_survives_a_number(number):
    t = ag.Tensor(np.ones(3, np.float32))
    for result in (
        t * number,
        number * t,
        t + number,
        t**number,
        number / t,
        ag.maximum(t, number),
    ):
        if isinstance(number, np.int64):
            # NumPy's own rule for its integers; NumPy 2.0 squares in float32, hence the 3.
            assert result.dtype == np.float64
        else:
            assert result.dtype == np.float32


def test_comparisons_give_plain_booleans():
    t, u = ag.Tensor([1.0, 2.0]), ag.Tensor([2.0, 2.0])
    for result, expected in (
        (t < u, [True, False]), (t <= u, [True, True]), (t > 1.5, [False, True]),
        (t >= u, [False, True]), (t == u, [False, True]), (t != [1.0, 3.0], [False, True]),
    ):  # fmt: skip
        assert type(result) is np.ndarray
        assert result.tolist() == expected
    assert len({t, u}) == 2


# --- NumPy's protocols ---------------------------------------------------------------------------

THROUGH_NUMPY = {
    "exp": np.exp, "log1p": np.log1p, "sqrt": np.sqrt, "tanh": np.tanh, "abs": np.abs, "square": np.square,
    "sum": np.sum, "mean": lambda x: np.mean(x, axis=0), "var": lambda x: np.var(x, axis=1, ddof=1),
    "std": np.std, "prod": np.prod, "max": lambda x: np.max(x, axis=1, keepdims=True), "min": np.min,
    "cumsum": lambda x: np.cumsum(x, axis=1), "clip": lambda x: np.clip(x, 1.5, 4.5),
    "where": lambda x: np.where(x > 2, x, 0.0), "maximum": lambda x: np.maximum(x, 2.5),
    "reshape": lambda x: np.reshape(x, (3, 2)), "ravel": np.ravel, "transpose": np.transpose,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1), "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "expand_dims": lambda x: np.expand_dims(x, 1), "squeeze": lambda x: np.squeeze(x[:, :1], 1),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "concatenate": lambda x: np.concatenate([x, A]), "stack": lambda x: np.stack([A, x], axis=1),
    "split": lambda x: np.split(x, 3, axis=1)[1], "pad": lambda x: np.pad(x, 1),
    "flip": np.flip, "roll": lambda x: np.roll(x, 1, 0), "repeat": lambda x: np.repeat(x, 2, axis=0),
    "tile": lambda x: np.tile(x, 2), "take": lambda x: np.take(x, [0, 0], axis=1),
    "matmul": lambda x: np.matmul(x, A.T), "dot": lambda x: np.dot(A.T, x),
    "outer": lambda x: np.outer(x, A[0]), "tensordot": lambda x: np.tensordot(x, A, 2),
    "einsum": lambda x: np.einsum("ij,ij->i", x, A), "power": lambda x: np.power(x, 1.5),
    "logaddexp": lambda x: np.logaddexp(x, A), "linear mix": lambda x: A * x + np.ones(3),
}  # fmt: skip


@pytest.mark.parametrize("name", THROUGH_NUMPY)
def test_numpys_own_functions_are_differentiated(name):
    f, t = THROUGH_NUMPY[name], ag.Tensor(A)
    result = f(t)
    assert isinstance(result, ag.Tensor)
    np.testing.assert_allclose(result.value, f(A), rtol=1e-14)
    ag.testing.check_grads(f, A + np.arange(6).reshape(2, 3) * 0.01)


def test_functions_without_a_gradient_return_plain_arrays():
    t = ag.Tensor(A)
    assert type(np.isnan(t)) is np.ndarray
    assert np.argmax(t) == 5
    assert np.shape(t) == (2, 3)
    assert np.allclose(t, A)
    assert type(np.argsort(t)) is np.ndarray


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t: np.packbits(t),
            "numpy.packbits does not take Tensors: its arguments are integers",
        ),
        (lambda t: np.add(A, t, out=np.empty_like(A)), "would lose its gradient"),
        (
            lambda t: np.add(A, A, out=(t,)),
            "a leaf that requires a gradient cannot be assigned into",
        ),
        (lambda t: np.reshape(t, (3, 2), order="Z"), "order must be 'C', 'F' or 'A', got 'Z'"),
        (lambda t: np.sum(t, nothing=1), r"nothing"),
    ],
)
def test_what_is_not_supported_says_so(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(ag.Tensor(A))


def test_in_place_addition_to_a_plain_array_is_refused():
    total = np.zeros((2, 3))
    with pytest.raises(TypeError, match=r"write x = x \+ t instead of x \+= t"):
        total += ag.Tensor(A)


def test_an_index_is_no_tensor():
    with pytest.raises(IndexError, match=r"an index must be integers.*got a Tensor"):
        ag.Tensor(A)[ag.Tensor([0.0])]


def test_every_numpy_function_that_works_is_an_ag_function():
    from agx._engine.graph import numpy_functions
    from agx._protocol import table as coverage

    modules = [ag, ag.linalg, ag.fft, *([ag.special] if find_spec("scipy") else [])]

    def offered(name):
        return any(hasattr(module, name) for module in modules)

    private = {
        "logn",
        "reduce",
        "accumulate",
        *coverage.ASSIGNING.split(),
        "asanyarray",
        "ascontiguousarray",
        "asfortranarray",
        "require",
        "polyval2d",
        "polyvalnd",
        "polygrid2d",
    }
    missing = {f.__name__ for f in list(numpy_functions) if not offered(f.__name__)}
    assert missing <= private


def test_constant_functions_are_numpys():
    from agx._protocol import table as coverage

    elsewhere = {
        "_ones_like", "array2string", "array_repr", "array_str", "frombuffer", "fromfile", "fromiter",
        "fromstring", "full", "genfromtxt", "loadtxt", "save", "savetxt", "savez", "savez_compressed",
        "spacing", "in1d",
    }  # fmt: skip
    made = {
        "empty",
        "empty_like",
        "eye",
        "full",
        "identity",
        "ones",
        "ones_like",
        "zeros",
        "zeros_like",
    }
    names = {*coverage.CONSTANT[""].split(), *coverage.CREATION.split()} - elsewhere - made
    assert {name for name in names if getattr(ag, name, None) is not getattr(np, name)} == set()
    assert ag.argsort(ag.Tensor([2.0, 1.0])).tolist() == [1, 0]
    assert all(getattr(ag, name).__name__ == name for name in made)
