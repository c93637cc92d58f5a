"""What fit, evaluate and predict take for batches, and what they say of the rest."""

import numpy as np
import pytest

import agx as ag

X = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
Y = np.arange(8) % 2


class Table:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array

    def to_numpy(self):
        return self.array


@pytest.fixture
def model():
    return ag.nn.Sequential(ag.nn.Linear(4, 8, rng=0), ag.relu, ag.nn.Linear(8, 2, rng=1))


def fit(model, loader):
    optimizer = ag.optim.SGD(model.parameters(), 0.1)
    return ag.fit(model, loader, ag.cross_entropy, optimizer, 1, progress=False)


def evaluate(model, loader):
    return ag.evaluate(model, loader, ag.cross_entropy)


def predict(model, loader):
    return ag.predict(model, loader)


each_front_door = pytest.mark.parametrize("use", [fit, evaluate])


@each_front_door
@pytest.mark.parametrize("x", [X, Table(X), X.astype(np.float16), X.astype(">f4")])
@pytest.mark.parametrize("y", [Y, Y.tolist(), Table(Y), Y.astype(np.uint8)])
def test_tables_and_lists_of_labels_are_taken(model, use, x, y):
    expected = use(model, [(X.astype(getattr(x, "dtype", X.dtype)), Y)])
    found = use(model, [(x, y)])
    assert len(found) == len(expected)
    row = found[-1] if use is fit else found
    assert 0 <= row["accuracy"] <= 1


@each_front_door
def test_a_table_gives_the_numbers_of_its_array(model, use):
    state = model.state_dict()
    first = use(model, [(X, Y)])
    model.load_state_dict(state)
    second = use(model, [(Table(X), Table(Y))])
    one, two = (first[-1], second[-1]) if use is fit else (first, second)
    assert (one["loss"], one["accuracy"]) == (two["loss"], two["accuracy"])


@pytest.mark.parametrize("use", [fit, evaluate, predict])
def test_float64_data_are_told_once_and_trained_in_float32(model, use):
    loader = ag.data.Loader((X.astype(np.float64), Y), 2)
    with pytest.warns(UserWarning, match="got float64 data, which are converted") as told:
        use(model, loader)
    use(model, loader)
    assert [w.filename for w in told] == [__file__]
    assert all(p.dtype == np.float32 for p in model.parameters())
    assert ag.predict(model, X).dtype == np.float32


@pytest.mark.parametrize("use", [fit, evaluate, predict])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_integer_pixels_are_refused_before_anything_is_learned(model, use, dtype):
    before = model.state_dict()
    with pytest.raises(TypeError, match=f"got {np.dtype(dtype)}; write x.astype"):
        use(model, ag.data.Loader((X.astype(dtype), Y), 4))
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


def test_the_loaders_transform_makes_pixels_trainable(model):
    pixels = np.round(255 * abs(X) / abs(X).max()).astype(np.uint8)
    loader = ag.data.Loader((pixels, Y), 4, transforms=[ag.data.ToFloat()])
    expected = ag.predict(model, pixels.astype(np.float32) / 255)
    np.testing.assert_allclose(ag.predict(model, loader), expected, rtol=1e-5)
    assert len(fit(model, loader)) == 1


@pytest.mark.parametrize(
    "x",
    [
        X, Table(X), ag.Tensor(X), [(X, Y)], [(X, None)], [(X,)], ag.data.Loader(X, 3),
        ag.data.Loader((X, Y), 3), ag.data.ArrayDataset(X, Y), np.ma.array(X),
        [[X, Y]], ((X[i : i + 2],) for i in range(0, 8, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_predict_takes_arrays_tables_and_batches(model, x):
    expected = model(X).value
    np.testing.assert_allclose(ag.predict(model, x), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X.tolist(), r"a list of float, float, float, ..., expected a tuple of arrays .*np.asarray\(x, np.float32\)"),
        ([X.tolist()], "a list of list, list, list, ..., expected a tuple of arrays"),
        (list(X), r"one array of shape \(4,\), expected a tuple of arrays .*; join .* with np.stack"),
        ((x for x in X), r"one array of shape \(4,\), expected"),
        ([{"x": X}], r"a dict, expected a tuple of arrays .*Loader\(\(x, y\), 64\)"),
        ({"x": X}, "got a dict, expected an array of inputs or a loader"),
        ("x", "got a str, expected an array of inputs"),
        (None, "got a NoneType, expected an array"),
        (3.0, "got a float, expected an array"),
        (np.float32(3), "got the single number 3.0, expected an array of inputs"),
        (X.astype(object), "expected float32 numbers, got object"),
        (X.astype(str), "expected float32 numbers, got <U"),
    ],
)  # fmt: skip
def test_what_predict_cannot_take_is_named(model, x, message):
    with pytest.raises(TypeError, match=message):
        ag.predict(model, x)


def test_predictions_of_shuffled_batches_belong_to_nobody(model):
    x = np.ones((6, 4), np.float32)
    with pytest.warns(
        UserWarning, match="predict: the loader shuffles, so that no output can be told"
    ):
        ag.predict(model, ag.data.Loader((x, np.arange(6)), 2, shuffle=True))
    ag.predict(model, ag.data.Loader((x, np.arange(6)), 2))


def test_predict_asks_for_the_batch_axis(model):
    with pytest.raises(ValueError, match=r"got an array of shape \(4,\).*write x\[None\]"):
        ag.predict(model, X[0])
    with pytest.raises(ValueError, match="masked"):
        ag.predict(model, np.ma.masked_less(X, 0))


def test_predict_takes_a_vector_of_words():
    model = ag.nn.Embedding(9, 2)
    assert ag.predict(model, np.arange(8)).shape == (8, 2)


@each_front_door
@pytest.mark.parametrize(
    ("loader", "error", "message"),
    [
        (ag.data.ArrayDataset(X, Y), TypeError, "got ArrayDataset; cut it into batches: ag.data.Loader"),
        (ag.data.Loader(X, 4), ValueError, "a batch has no targets, expected arrays"),
        ([(X[0], 1), (X[1], 0)], ValueError, r"the single target 1, .*Loader\(examples, 64\)"),
        ([X, X], TypeError, "got a list of arrays of shapes .* cut them into batches"),
        ([(1.0, 2.0)], TypeError, "a batch is a tuple of float, float, expected"),
        ([{"x": X}], TypeError, "a batch is a dict, expected"),
        ([(X, [[0], [1, 0]])], ValueError, "the targets: the rows have different lengths"),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_named(model, use, loader, error, message):
    with pytest.raises(error, match=f"^{use.__name__}: .*{message}"):
        use(model, loader)


def test_a_model_of_ones_own_gets_what_it_wants():
    """What is no array, of inputs or of targets, goes to the model and to the loss as it is."""
    layer = ag.nn.Linear(4, 2)

    class Own(ag.nn.Module):
        def __init__(self):
            self.layer = layer

        def forward(self, batch):
            return self.layer(batch["x"])

    loss = lambda outputs, targets: ag.cross_entropy(outputs, targets["y"])
    history = ag.fit(Own(), [({"x": X}, {"y": Y})], loss, ag.optim.SGD(layer.parameters(), 0.1), 1)
    assert np.isfinite(history[-1]["loss"])
