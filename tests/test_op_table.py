"""Every primitive is right to third order, keeps float32, and has a row in the table."""

import numpy as np
import pytest
from op_table import rows

import agx as ag
from agx._engine.graph import registry

CASES = [
    pytest.param(row[0], row[1:], id=f"{name}-{k}")
    for name, group in rows.items()
    for k, row in enumerate(group)
]


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_derivatives_agree_with_finite_differences(function, arrays):
    ag.testing.check_grads(function, *arrays, order=2)
    ag.testing.check_grads(function, *arrays, order=3, rtol=1e-5, atol=1e-5)


def random_like(rng, a):
    found = rng.standard_normal(np.shape(a))
    return found + 1j * rng.standard_normal(np.shape(a)) if np.iscomplexobj(a) else found


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_forward_derivatives_agree_with_reverse_ones(function, arrays):
    rng = np.random.default_rng(0)
    v = tuple(random_like(rng, a) for a in arrays)
    value, pushed = ag.jvp(function, tuple(arrays), v)
    w = random_like(rng, value)
    pulled = ag.vjp(function, *arrays)[1](w)
    expected = sum(np.sum(p * d).real for p, d in zip(pulled, v, strict=True))
    np.testing.assert_allclose(np.sum(w * pushed).real, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_blocks_of_a_jacobian_equal_its_rows(function, arrays, monkeypatch):
    jacobian = ag.jacobian(function, tuple(range(len(arrays))))
    together = jacobian(*arrays)
    monkeypatch.setattr("agx.transforms.pull_block", lambda *_: None)
    for block, rows_ in zip(together, jacobian(*arrays), strict=True):
        np.testing.assert_allclose(block, rows_, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_float32_stays_float32(function, arrays):
    tensors = [ag.Tensor(a.astype(np.float32)) for a in arrays]
    out = function(*tensors)
    assert out.dtype == np.float32 or function in [row[0] for row in rows["astype"]]
    out.sum().backward()
    for t, a in zip(tensors, arrays, strict=True):
        assert t.grad.dtype == np.float32
        assert t.grad.shape == a.shape


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_plain_arrays_in_plain_arrays_out(function, arrays):
    plain = function(*arrays)
    assert not isinstance(plain, ag.Tensor)
    np.testing.assert_array_equal(plain, function(*map(ag.Tensor, arrays)).value)


def misaligned(a):
    """The same numbers one byte off, as they lie behind the header of a file."""
    found = np.ndarray(a.shape, a.dtype, bytearray(a.nbytes + 1), offset=1)
    found[...] = a
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_arrays_need_not_be_aligned(function, arrays, dtype):
    arrays = [np.asarray(a, dtype if np.isrealobj(a) else None) for a in arrays]
    plain, odd = [ag.Tensor(a) for a in arrays], [ag.Tensor(misaligned(a)) for a in arrays]
    results = [function(*plain), function(*odd)]
    for out in results:
        out.sum().backward()
    tolerance = {
        "rtol": 1e-5 if dtype == np.float32 else 1e-12,
        "atol": 1e-6 if dtype == np.float32 else 1e-12,
    }
    np.testing.assert_allclose(results[1].value, results[0].value, **tolerance)
    for t, o in zip(plain, odd, strict=True):
        np.testing.assert_allclose(o.grad, t.grad, **tolerance)


@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_arguments_are_not_changed(function, arrays):
    copies = [a.copy() for a in arrays]
    function(*map(ag.Tensor, arrays)).sum().backward()
    for a, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(a, copy)


def test_every_primitive_has_a_row():
    pytest.importorskip("scipy")  # without which some rows are left out
    assert set(registry) - set(rows) == set()


def test_every_row_is_a_primitive():
    assert set(rows) - set(registry) == set()
