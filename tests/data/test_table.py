"""table: rows of CSV and npz files, frames and dicts as features and targets."""

import gzip
import json
import warnings

import numpy as np
import pytest

import agx as ag
from agx.data import Table, TableEncoder, table

PETS = {
    "age": [1, 2, 3, 8, 9, 10],
    "weight": [4.0, 5.0, 4.5, 20.0, 30.0, 25.0],
    "colour": ["grey", "red", "grey", "black", "red", "black"],
    "kind": ["cat", "cat", "cat", "dog", "dog", "dog"],
}
HOLES = {**PETS, "age": [1, None, 3, 8, 9, 10], "colour": ["grey", "red", "", "?", "red", "black"]}


def as_csv(columns, mark=","):
    rows = zip(*columns.values(), strict=True)
    return "\n".join(
        mark.join("" if value is None else str(value) for value in row) for row in [columns, *rows]
    )


@pytest.fixture
def pets(tmp_path):
    path = tmp_path / "pets.csv"
    path.write_text(as_csv(PETS))
    return path


def sources(tmp_path, columns):
    """The same table in every form that is read."""
    path = tmp_path / "pets.csv"
    text = "\ufeff" + as_csv(columns).replace("\n", "\r\n\r\n") + "\r\n"
    path.write_bytes(text.encode())
    yield path
    yield str(path)
    semicolons = tmp_path / "pets.txt"
    semicolons.write_text(as_csv(columns, " ; ").replace(".", ","))
    yield semicolons
    arrays = {name: np.array(values) for name, values in columns.items()}
    np.savez(tmp_path / "pets.npz", **arrays)
    yield tmp_path / "pets.npz"
    yield arrays
    yield columns
    yield np.rec.fromarrays(list(arrays.values()), names=",".join(arrays))


def test_every_form_of_a_table_gives_the_same(tmp_path):
    expected = table(PETS, "kind")
    x, y = expected.arrays
    assert x.dtype == np.float32 and x.shape == (6, 5) and y.dtype == np.int64
    assert expected.features == ("age", "weight", "colour=black", "colour=grey", "colour=red")
    assert expected.classes == ("cat", "dog") and y.tolist() == [0, 0, 0, 1, 1, 1]
    for source in sources(tmp_path, PETS):
        found = table(source, "kind")
        np.testing.assert_array_equal(found.arrays[0], x)
        np.testing.assert_array_equal(found.arrays[1], y)
        assert (found.features, found.classes) == (expected.features, expected.classes)


@pytest.mark.parametrize("nullable", [False, True])
def test_a_frame_of_pandas(nullable):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(HOLES)
    if nullable:
        frame = frame.convert_dtypes().astype({"colour": "category"})
    frame.index = [7] * 6  # which plays no part
    found = table(frame, "kind", missing="fill")
    expected = table(HOLES, "kind", missing="fill")
    np.testing.assert_array_equal(found.arrays[0], expected.arrays[0])
    assert found.encoder.columns == expected.encoder.columns


def test_categories_of_pandas_are_categories():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"zip": pandas.Categorical([7, 12, 7]), "y": [0, 1, 0]})
    assert table(frame, "y").features == ("zip=7", "zip=12")


def test_numbers_have_mean_0_and_deviation_1_and_categories_are_0_or_1():
    x = table(PETS, "kind").arrays[0]
    np.testing.assert_allclose(x[:, :2].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(x[:, :2].std(0), 1, rtol=1e-6)
    assert x[:, 2:].tolist() == [
        [0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0],
    ]  # fmt: skip


def test_numbers_as_they_are_and_categories_as_codes():
    found = table(PETS, "kind", standardize=False, categories="codes")
    assert found.features == ("age", "weight", "colour")
    assert found.arrays[0].T.tolist() == [PETS["age"], PETS["weight"], [1, 2, 1, 0, 2, 0]]


def test_columns_are_left_out_and_numbers_made_categories():
    found = table(PETS, "kind", drop=["weight", "colour"], categorical=["age"])
    assert found.features == tuple(f"age={n}" for n in (1, 2, 3, 8, 9, 10))  # by their size
    np.testing.assert_array_equal(found.arrays[0], np.eye(6))


def test_categories_have_one_name_in_every_form(tmp_path):
    (tmp_path / "x.csv").write_text("zip,y\n12,0\n7,1\n12,0\n")
    for source in (
        tmp_path / "x.csv",
        {"zip": [12, 7, 12], "y": [0, 1, 0]},
        {"zip": np.array([12.0, 7, 12]), "y": [0, 1, 0]},
    ):
        assert table(source, "y", categorical=("zip",)).features == ("zip=7", "zip=12")  # fmt: skip


def test_a_matrix_is_a_column_for_each_of_its_own():
    found = table({"x": np.arange(6.0).reshape(3, 2), "y": [0, 1, 0]}, "y")
    assert found.features == ("x[0]", "x[1]")


def test_without_a_target_there_are_features_only():
    found = table(PETS)
    assert len(found.arrays) == 1 and found.classes is None and found.target is None


# --- targets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "classes", "labels"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        ([10, 9, 10], ("9", "10"), [1, 0, 1]),
        (np.array([2.0, 1.0, 2.0]), ("1", "2"), [1, 0, 1]),
        (["10", "9", "10"], ("9", "10"), [1, 0, 1]),
        (np.array([True, False, True]), ("False", "True"), [1, 0, 1]),
        ([True, False, True], ("False", "True"), [1, 0, 1]),
        (np.array([True, False, True], object), ("False", "True"), [1, 0, 1]),
    ],
)
def test_few_whole_numbers_text_and_booleans_are_classes(goal, classes, labels):
    found = table({"x": [1, 2, 3], "y": goal}, "y")
    assert found.classes == classes and found.task == "classification"
    assert found.arrays[1].tolist() == labels and found.arrays[1].dtype == np.int64


def test_other_numbers_are_numbers():
    for goal, task in (([0.5, 1, 2], None), ([0, 1, 2], "regression"), (range(50), None)):
        found = table({"x": range(len(goal)), "y": list(goal)}, "y", task=task)
        assert found.task == "regression" and found.classes is None
        assert found.arrays[1].dtype == np.float32 and found.arrays[1].tolist() == list(goal)
    assert len(table({"x": range(50), "y": range(50)}, "y", task="classification").classes) == 50


# --- splits --------------------------------------------------------------------------------------


def rows(n=100):
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], [n // 2, n - n // 2 - 5, 5])
    return {"x": rng.normal(5, 3, n), "y": labels}


def test_a_share_of_each_class_is_for_testing():
    train, test = (table(rows(), "y", split, seed=1) for split in ("train", "test"))
    assert np.bincount(test.arrays[1]).tolist() == [10, 9, 1]
    assert sorted([*train.rows, *test.rows]) == list(range(100))
    assert table(rows(), "y", "test", seed=1).rows.tolist() == test.rows.tolist()
    assert table(rows(), "y", "test", seed=2).rows.tolist() != test.rows.tolist()
    assert len(table(rows(), "y", "test", test=0.5)) == 49


def test_numbers_are_divided_at_random():
    data = {"x": np.arange(50.0), "y": np.arange(50) / 7}
    assert len(table(data, "y", "train")) == 40


def test_what_is_learned_comes_from_the_training_rows():
    train, test = (table(rows(), "y", split) for split in ("train", "test"))
    assert train.encoder.columns == test.encoder.columns
    x = rows()["x"]
    assert train.encoder.columns[0]["mean"] == pytest.approx(x[train.rows].mean())
    np.testing.assert_allclose(train.arrays[0].std(), 1, rtol=1e-5)
    expected = (x[test.rows] - x[train.rows].mean()) / x[train.rows].std()
    np.testing.assert_allclose(test.arrays[0][:, 0], expected, rtol=1e-5)


def test_a_file_of_test_rows_is_read_like_the_other():
    train = table(PETS, "kind")
    test = table(
        {"kind": ["dog", "cat"], "colour": ["red", "red"], "age": [8, 1], "weight": [4, 5]},
        like=train,
    )
    assert (
        isinstance(test, Table) and test.encoder is train.encoder and test.classes == ("cat", "dog")
    )
    assert test.arrays[1].tolist() == [1, 0]
    np.testing.assert_array_equal(test.arrays[0][0, :1], train.arrays[0][3, :1])
    holes = {**PETS, "age": [None, 2, 3, 8, 9, 10]}
    assert table(holes, like=train, missing="drop").rows.tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="like decides what is read"):
        table(PETS, "kind", "train", like=train)
    with pytest.raises(
        ValueError, match=r"is 'fish' in row 0, expected one of the classes 'cat', 'd"
    ):
        table({**PETS, "kind": ["fish"] + ["cat"] * 5}, like=train)
    with pytest.raises(
        ValueError, match=r"no column 'kind', the target.*encode\(source\) does without"
    ):
        table({name: PETS[name] for name in ("age", "weight", "colour")}, like=train)


# --- missing values ------------------------------------------------------------------------------


def test_missing_values_are_refused_with_their_places(tmp_path):
    message = (
        r"missing in 2 columns: 'age' 1 \(row 1\), 'colour' 2 \(rows 2, 3\); leave these rows out"
    )
    for source in sources(
        tmp_path, {n: ["NA" if v is None else v for v in c] for n, c in HOLES.items()}
    ):
        with pytest.raises(ValueError, match=message):
            table(source, "kind")


def test_their_rows_are_left_out_on_request():
    found = table(HOLES, "kind", missing="drop")
    assert found.rows.tolist() == [0, 4, 5] and len(found) == 3
    assert found.notes == ("left out rows 1, 2, 3, where values are missing",)
    with pytest.raises(ValueError, match="every row has a missing value; fill them"):
        table({"x": [None, 1], "y": [0, None]}, "y", missing="drop")


def test_or_filled_with_the_median_and_the_most_frequent():
    found = table(HOLES, "kind", missing="fill", standardize=False, categories="codes")
    assert found.arrays[0][1, 0] == 8 and found.encoder.columns[2]["fill"] == "red"
    assert found.notes == ("filled 1 missing in 'age'", "filled 2 missing in 'colour'")
    assert found.encode({"age": [None], "weight": [1], "colour": ["NA"]}).tolist() == [[8, 1, 2]]


@pytest.mark.parametrize("missing", ["raise", "fill"])
def test_a_target_is_never_filled(missing):
    data = {"x": [1, 2, 3], "y": ["a", None, "b"]}
    with pytest.raises(ValueError, match=r"missing in 1 column: 'y' 1 \(row 1\)"):
        table(data, "y", missing=missing)
    assert table(data, "y", missing="drop").arrays[1].tolist() == [0, 1]


# --- what else may be in a table -----------------------------------------------------------------


def test_constant_columns_are_left_out_and_said():
    with pytest.warns(UserWarning, match="left out 'one', 'same', the same in all rows") as told:
        found = table({**PETS, "one": [1] * 6, "same": ["x"] * 6}, "kind")
    assert [w.filename for w in told] == [__file__]
    assert found.features == table(PETS, "kind").features and len(found.notes) == 1
    with (
        pytest.warns(UserWarning, match="left out 'one'"),
        pytest.raises(ValueError, match="no column is left to learn from"),
    ):
        table({"one": [1, 1], "y": [0, 1]}, "y")


def test_text_that_is_numbers_is_numbers():
    found = table(
        {"x": ["1", " 2.5", "-3e1", None], "y": [0, 1, 0, 1]},
        "y",
        missing="fill",
        standardize=False,
    )
    assert found.arrays[0][:, 0].tolist() == [1, 2.5, -30, 1]
    found = table({"x": np.array(["1", "2"]), "y": [0, 1]}, "y")
    assert found.notes == ("read the text of 'x' as numbers",)


def test_a_target_of_names_is_none():
    data = {"x": range(30), "name": [f"n{i}" for i in range(30)]}
    with pytest.raises(
        ValueError, match="the target has 30 different texts in 30 rows, expected cl"
    ):
        table(data, "name")
    assert len(table(data, "name", task="classification").classes) == 30


@pytest.mark.parametrize(
    "dates",
    [
        ["2024-01-31", "2024-02-01", "2024-03-01"],
        ["31.1.2024", "1.2.2024", "1.3.2024"],
        ["1/31/24 10:00", "2/1/24 11:30", "3/1/24 9:00"],
        np.array(["2024-01-31", "2024-02-01", "2024-03-01"], "M8[D]"),
    ],
)
def test_dates_are_told_to_become_numbers(dates):
    data = {"when": dates, "x": [1, 2, 3], "y": [0, 1, 0]}
    with pytest.raises(ValueError, match=r"column 'when' holds dates, such as .*drop=\('when',\)"):
        table(data, "y")
    assert table(data, "y", drop=("when",)).features == ("x",)


def test_text_that_differs_in_most_rows_is_no_category():
    data = {"name": [f"n{i}" for i in range(40)], "x": range(40), "y": [0, 1] * 20}
    with pytest.raises(
        ValueError, match=r"'name' has 40 different texts in 40 rows, such as 'n0'.*drop="
    ):
        table(data, "y")
    assert len(table(data, "y", categorical=("name",)).features) == 41


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (PETS, {"target": "kidn"}, ValueError, "no column 'kidn', expected one of .*; did you mean 'kind'"),
        (PETS, {"drop": ["x"]}, ValueError, "no column 'x', expected one of 'age', 'weight', 'colour', 'kind'$"),
        (PETS, {"drop": "age"}, TypeError, r"drop is the string 'age'.*write drop=\('age',\)"),
        (PETS, {"task": "cluster"}, ValueError, "task is 'cluster', expected None, 'classification', 'regr"),
        (PETS, {"split": "valid"}, ValueError, "split is 'valid', expected None, 'train', 'test'"),
        (PETS, {"missing": "mean"}, ValueError, "missing is 'mean', expected 'raise', 'drop', 'fill'"),
        (PETS, {"test": 1}, ValueError, "test is 1, expected a share between 0 and 1"),
        (PETS, {"categories": "hash"}, ValueError, "categories is 'hash', expected 'one-hot' or 'codes'"),
        (PETS, {"unknown": "x"}, ValueError, "unknown is 'x', expected 'raise'"),
        (PETS, {"target": "kind", "task": "regression"}, ValueError, "'kind' holds text, such as 'cat', expected numbers"),
        ({"x": [1, 2]}, {"target": "x"}, ValueError, "no column is left to learn from"),
        ({"x": [1, np.inf, 2], "y": [0, 1, 0]}, {"target": "y"}, ValueError, "'x' has infinite numbers in row 1"),
        ({"x": [0, 1, 2.0], "y": [0.5, 1e300, 0]}, {"target": "y"}, ValueError, r"the target 'y' has 1e\+300 in row 1"),
        ({"x": [0, 1, 1e300], "y": [0, 1, 0]}, {"target": "y", "standardize": False}, ValueError, r"'x' has 1e\+300 in row 2, expected finite"),
        ({"x": [1, 2], "y": [1]}, {}, ValueError, "different lengths, expected one: 'x' 2, 'y' 1"),
        ({"x": 5}, {}, TypeError, r"column 'x' is 5, expected one value for each row; write a list, such as \{'x': \["),
        ({"x": [[1], [2]]}, {}, TypeError, "column 'x' holds list, expected numbers or text"),
        ({"x": np.array([1j])}, {}, TypeError, "column 'x' is complex128, expected numbers or text"),
        ({}, {}, ValueError, "there are no rows"),
        ({"x": []}, {}, ValueError, "there are no rows"),
        (np.ones((2, 2)), {}, TypeError, r"got ndarray, expected the path .*name columns of an array: \{'a'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(data, options, error, message):
    with pytest.raises(error, match=f"table: .*{message}"):
        table(data, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, expected a line of names"),
        (b"a,b\n", "there are no rows"),
        (b"1,2\n3,4\n", r"the first line of .* holds numbers \(1, 2\), expected the names"),
        (b"a,a\n1,2\n", "has several columns named 'a'; rename them"),
        (b"a,b\n1,2\n1,2,3\n4\n", "has 2 columns, but row 1 has 3, 2 has 1; quote text"),
        (b"a,b\n1,\xff\n", r"is no text in UTF-8 \(byte 6 is 0xff\); .*save it as UTF-8"),
        (b'a,b\n1,"' + b"x" * 200000 + b'"\n', "cannot be read as CSV: field larger than"),
    ],
)
def test_files_that_are_no_tables(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        table(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,x\n2,y\n", "there is no column 'kind'"),
        ("a,kind\n1,x\n1,y\n", "no column is left to learn from"),
        ("a,kind\n1,x\ninf,y\n3,y\n", "has infinite numbers"),
        ("a,kind\n1,x\n,y\n3,y\n", "values are missing"),
    ],
)
@pytest.mark.filterwarnings("ignore:table. left out")
def test_errors_name_the_file(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"^table: .*x\.csv: .*{message}"):
        table(path, "kind")


def test_errors_in_a_file_of_new_rows_name_it(tmp_path):
    pets, path = table(PETS, "kind"), tmp_path / "x.csv"
    path.write_text("age\n1\n2\n")
    with pytest.raises(ValueError, match=r"^table: .*x\.csv: "):
        pets.encode(path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("agx.data.files.SMALL", 1 << 20)
    monkeypatch.setattr("agx.data.files.RATIO", 10)
    (tmp_path / "x.csv").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    with pytest.raises(
        ValueError, match=r"x\.csv: expected at most 1,048,576 bytes in it, got more"
    ):
        table(tmp_path / "x.csv")
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(1_000_000), b=np.zeros(1_000_000))
    with pytest.raises(ValueError, match=r"x\.npz is no npz .*unpacks to more than 1048576 bytes"):
        table(tmp_path / "x.npz")


def test_an_empty_array_of_many_columns_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros((0, 10**9)))
    with pytest.raises(ValueError, match=r"x\.npz: there are no rows"):
        table(tmp_path / "x.npz")


def test_other_files(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"expected a CSV or npz file, got .*no.csv, which does not"
    ):
        table(tmp_path / "no.csv")
    with pytest.raises(FileNotFoundError, match="which is no file"):
        table(tmp_path)
    (tmp_path / "x.npz").write_bytes(b"text")
    with pytest.raises(ValueError, match="x.npz is no npz file of plain arrays"):
        table(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", x=np.array(["a", None], object))
    with pytest.raises(
        ValueError, match=r"y.npz is no npz file of plain arrays .*write it by np.savez"
    ):
        table(tmp_path / "y.npz")


def test_quoted_text_may_hold_the_separator_and_lines(tmp_path):
    (tmp_path / "x.csv").write_bytes(b'"a, b",y\n"1,5",u\n"x\ny",v\n')
    found = table(tmp_path / "x.csv", "y")
    assert found.features == ("a, b=1,5", "a, b=x\ny")


# --- new rows ------------------------------------------------------------------------------------


def test_new_rows_are_encoded_in_the_same_way(pets):
    data = table(pets, "kind")
    np.testing.assert_array_equal(data.encode(pets), data.arrays[0])
    np.testing.assert_array_equal(data.encode(data.arrays[0]), data.arrays[0])
    shuffled = {"extra": [1], "colour": ["red"], "weight": ["5"], "age": [2]}
    np.testing.assert_array_equal(data.encode(shuffled), data.arrays[0][1:2])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"age": [1], "weight": [1]}, "learned from column 'colour', expected in new rows; there are 'age', 'weight'"),
        ({"age": [1], "weight": [1], "colour": ["blue"]}, "'colour' has 'blue' in row 0, expected one of 'black', 'grey', 'red', which"),
        ({"age": ["old"], "weight": [1], "colour": ["red"]}, "'age' holds text, 'old' in row 0, expected numbers"),
        ({"age": [None], "weight": [1], "colour": ["red"]}, r"missing in 1 column: 'age' 1 \(row 0\)"),
        ({"age": [np.inf], "weight": [1], "colour": ["red"]}, "'age' has inf in row 0, expected finite"),
        (np.ones((2, 3)), r"float64 of shape \(2, 3\), expected floats \(N, 5\), or a table with the columns 'age'"),
    ],
)  # fmt: skip
def test_new_rows_that_do_not_fit(rows, message):
    with pytest.raises(ValueError, match=f"table: .*{message}"):
        table(PETS, "kind").encode(rows)


def test_a_new_category_is_none_of_the_others_on_request():
    data = table(PETS, "kind", unknown="zeros")
    assert data.encode({"age": [1], "weight": [1], "colour": ["blue"]})[0, 2:].tolist() == [0, 0, 0]


def test_the_encoder_is_plain_and_can_be_made_again():
    data = table(HOLES, "kind", missing="fill", unknown="zeros")
    stored = json.loads(json.dumps(vars(data.encoder)))
    again = TableEncoder(**stored)
    np.testing.assert_array_equal(again(HOLES), data.arrays[0])
    assert repr(eval(repr(again), {"TableEncoder": TableEncoder})) == repr(data.encoder)
    assert not again.random


def test_its_repr_shows_what_is_in_it():
    assert repr(table(PETS, "kind")) == (
        "Table(float32 (6, 5), int64 (6,), classes=('cat', 'dog'), target='kind')"
    )


def test_a_network_learns_from_a_table(pets):
    data = table(pets, "kind")
    model = ag.nn.Linear(len(data.features), len(data.classes), rng=0)
    sgd = ag.optim.SGD(model.parameters(), 0.5)
    loader = ag.data.Loader(data, 3, shuffle=True, rng=0)
    ag.fit(model, loader, ag.cross_entropy, sgd, 20, progress=False)
    new = data.encode({"age": [1, 9], "weight": [4, 28], "colour": ["grey", "grey"]})
    assert [data.classes[i] for i in ag.predict(model, new).argmax(1)] == ["cat", "dog"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [len(p) for p in ag.data.random_split(data, [0.5, 0.5], rng=0, stratify=True)] == [
            3,
            3,
        ]
