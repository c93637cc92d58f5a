"""Arrays of other libraries in the same memory, both ways, by DLPack."""

import numpy as np
import pytest

import agx as ag


class Foreign:
    """An array of another library, which speaks DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_a_foreign_array_becomes_a_leaf_in_the_same_memory(dtype):
    array = np.arange(6, dtype=dtype).reshape(2, 3)[:, ::2]
    t = ag.from_dlpack(Foreign(array))
    assert isinstance(t, ag.Tensor) and t.requires_grad and t.is_leaf and t.shared
    assert t.dtype == dtype and np.shares_memory(t.value, array)
    np.testing.assert_array_equal(t.value, array)


def test_its_gradient_is_that_of_any_leaf():
    t = ag.from_dlpack(Foreign(np.array([1.0, 2.0])))
    ag.sum(t**2).backward()
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])


def test_integers_stay_a_plain_array():
    found = ag.from_dlpack(Foreign(np.arange(3)))
    assert type(found) is np.ndarray and found.dtype == np.arange(3).dtype


def test_a_copy_is_made_when_asked_for():
    array = np.ones(3)
    if np.lib.NumpyVersion(np.__version__) < "2.1.0":
        pytest.skip("np.from_dlpack has no copy= yet")
    assert not np.shares_memory(ag.from_dlpack(Foreign(array), copy=True).value, array)


def test_another_library_takes_a_tensor_in_the_same_memory():
    t = ag.Tensor(np.arange(4.0).reshape(2, 2))
    found = np.from_dlpack(t)
    assert type(found) is np.ndarray and np.shares_memory(found, t.value)
    assert t.__dlpack_device__() == np.ones(1).__dlpack_device__()


def test_a_result_can_be_handed_on():
    np.testing.assert_array_equal(np.from_dlpack(ag.Tensor([1.0, 2.0]) * 2), [2.0, 4.0])


def test_a_gradient_is_not_lost_on_the_way():
    with pytest.raises(
        TypeError, match=r"__dlpack__\(\) would drop the gradient of a Tensor of shape \(2,\)"
    ):
        ag.grad(lambda x: ag.sum(np.from_dlpack(x)))(np.ones(2))


def test_a_tensor_stays_what_it_is():
    t = ag.Tensor([1.0]) * 2
    assert ag.from_dlpack(t) is t


def test_what_is_no_array_of_another_library():
    with pytest.raises(
        TypeError,
        match=r"from_dlpack: expected an array .* got list; make a Tensor with ag\.Tensor",
    ):
        ag.from_dlpack([1.0])
