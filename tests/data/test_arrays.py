"""What other libraries hold becomes an array, or an error that says what to write."""

import numpy as np
import pytest

import agx as ag
from agx.data.arrays import as_array

X = np.arange(6.0).reshape(3, 2)


class Table:
    """As much of a DataFrame as is asked for."""

    columns = ("a", "b")

    def __init__(self, array):
        self.array = array

    def to_numpy(self):
        return self.array


class Foreign:
    """A tensor of another library."""

    def __array__(self, dtype=None, copy=None):
        return X


class Picture:
    """A picture as Pillow shows it to NumPy."""

    __array_interface__ = X.__array_interface__


class Sparse:
    nnz = 0

    def toarray(self):
        return X


@pytest.mark.parametrize(
    "value",
    [X, X.tolist(), list(X), ag.Tensor(X), Table(X), Foreign(), Picture(), np.ma.array(X)],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_numbers_becomes_their_array(value):
    found = as_array("f", value)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, X)


def test_an_array_stays_itself_also_a_mapped_one(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert as_array("f", X) is X and as_array("f", mapped) is mapped
    assert np.shares_memory(ag.data.Loader(mapped, 2)._arrays[0], mapped)


def test_columns_of_several_kinds_of_numbers_become_float64():
    found = as_array("f", Table(np.array([[1, True], [0.5, False]], object)))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, 1], [0.5, 0]])


def test_labels_in_text_stay_as_they_are():
    assert as_array("f", Table(np.array(["a", "b"], object))).tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (Table(np.array([[1, "x"], [2, "y"]], object)), TypeError, "columns with text or missing values: 'b'; encode"),
        (Table(np.array([[1, None], [2, 3]], object)), TypeError, "columns with text or missing values: 'b'"),
        (np.ma.masked_less(X, 1), ValueError, r"has masked numbers.*write x.filled\(0\)"),
        (Sparse(), TypeError, r"a sparse matrix \(Sparse\), expected an array; write x.toarray\(\)"),
        ([[1, 2], [3]], ValueError, "rows have different lengths, expected arrays of one shape"),
        ("text", TypeError, "got str 'text', expected an array of numbers"),
        ({"x": 1}, TypeError, "got dict, expected"),
        ({1, 2}, TypeError, "got set, expected"),
        (iter([1, 2]), TypeError, "got list_iterator, expected"),
        (object(), TypeError, "got object, expected"),
        (None, TypeError, "got NoneType, expected"),
    ],
)  # fmt: skip
def test_what_is_no_array_is_refused(value, error, message):
    with pytest.raises(error, match=f"^f: .*{message}"):
        as_array("f", value)


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    np.testing.assert_array_equal(as_array("f", frame), [[1, 1, 0.5], [2, 0, 1.5]])
    assert as_array("f", frame["a"]).dtype == np.int64
    with pytest.raises(TypeError, match="missing values: 'd'"):
        as_array("f", frame.assign(d=["x", "y"]))
