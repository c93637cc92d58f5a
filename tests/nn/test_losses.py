"""Losses against PyTorch's numbers, at the edges, and their errors."""

import functools

import numpy as np
import pytest
from oracles import tables
from public import kinds

import agx as ag

ANSWERS = tables.answers("losses")
MODULES = {
    kind.function.__name__: kind for kind in kinds(ag.nn, ag.nn.Module) if hasattr(kind, "function")
}
#: Losses by what their targets are: class numbers, 1 or -1, or else numbers of the predictions' shape.
OF_CLASSES = ["cross_entropy", "focal_loss", "multi_margin_loss", "nll_loss"]
OF_SIGNS = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "soft_margin_loss",
]  # fmt: skip
OF_NUMBERS = [
    name for name in MODULES if name not in (*OF_CLASSES, *OF_SIGNS, "triplet_margin_loss")
]
each_row = pytest.mark.parametrize("row", tables.LOSSES, ids=lambda row: row.text)
each_reduction = pytest.mark.parametrize("reduction", tables.REDUCTIONS)
LABELS = np.array([0, 2])
Z = np.array([[0.5, -1.0, 2.0], [0.1, 0.2, 0.3]])


def call(name, predictions, targets):
    """A loss of predictions and targets, with variances where it wants them."""
    more = [np.ones(np.shape(predictions))] if name == "gaussian_nll_loss" else []
    return getattr(ag, name)(predictions, targets, *more)


def compute(row, x, t, reduction, as_module=False):
    """The loss that a row calls, as a function or as a module."""

    def module(*inputs, **options):
        return MODULES[row.name](**options)(*inputs)

    function = functools.partial(
        module if as_module else getattr(ag, row.name), reduction=reduction
    )
    third = np.asarray(tables.third(row), getattr(x, "dtype", None))
    return eval(row.call, {row.name: function, "x": x, "t": t, "u": third, "w": tables.WEIGHT})


@each_row
@each_reduction
def test_value_and_gradient_are_pytorchs(row, reduction):
    inputs, targets = tables.loss_data(row)
    x, expected = ag.Tensor(inputs), ANSWERS[row.text][reduction]
    value = compute(row, x, targets, reduction)
    np.testing.assert_allclose(value.value, expected["value"], rtol=1e-12, atol=1e-14)
    value.sum().backward()
    np.testing.assert_allclose(x.grad, expected["gradient"], rtol=1e-10, atol=1e-14)


@each_row
@each_reduction
def test_the_module_is_the_function(row, reduction):
    value = compute(row, *tables.loss_data(row), reduction, as_module=True)
    expected = ANSWERS[row.text][reduction]["value"]
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


@each_row
@each_reduction
def test_second_derivatives(row, reduction):
    inputs, targets = tables.loss_data(row)
    ag.testing.check_grads(lambda x: compute(row, x, targets, reduction), inputs)


@each_row
def test_one_plan_serves_all_targets(row):
    inputs, targets = tables.loss_data(row)
    f = ag.value_and_grad(lambda x, t: compute(row, x, t, "mean"))
    compiled = ag.compile(f)
    for x, t in (
        (inputs, targets),
        (inputs * 0.9, targets[::-1].copy() if targets.ndim else targets),
    ):
        for found, expected in zip(compiled(x, t), f(x, t), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert "1 plan" in repr(compiled)


@each_row
@each_reduction
def test_float32_stays_float32(row, reduction):
    inputs, targets = tables.loss_data(row)
    x = ag.Tensor(inputs, dtype=np.float32)
    assert compute(row, x, targets, reduction).dtype == np.float32


@pytest.mark.parametrize("kind", ["i1", "u1", "i4", "i8"])
def test_any_integer_type_will_do(kind):
    assert ag.cross_entropy(Z, LABELS.astype(kind)) == ag.cross_entropy(Z, LABELS)


def test_one_hot_rows_are_class_numbers():
    hot = np.eye(3, dtype=int)[LABELS]
    np.testing.assert_allclose(ag.cross_entropy(Z, hot), ag.cross_entropy(Z, LABELS))


def test_targets_that_are_tensors_get_a_gradient():
    q = ag.Tensor(np.full((2, 3), 1 / 3))
    ag.cross_entropy(Z, q).backward()
    np.testing.assert_allclose(q.grad, -ag.log_softmax(Z, axis=1) / 2)
    ag.testing.check_grads(
        lambda p, t: ag.binary_cross_entropy(p, t), np.full(3, 0.3), np.full(3, 0.6)
    )


def test_extreme_logits_neither_overflow_nor_warn():
    z = ag.Tensor(np.array([[1e5, -1e5, 0.0]], np.float32))
    loss = ag.cross_entropy(z, np.array([1]))
    loss.backward()
    assert loss.item() == 2e5
    np.testing.assert_allclose(z.grad, [[1.0, -1.0, 0.0]])


def test_a_small_loss_of_large_logits_keeps_its_digits():
    z = np.array([[1000.0, 990.0]], np.float32)
    np.testing.assert_allclose(ag.cross_entropy(z, [0]), np.log1p(np.exp(-10.0)), rtol=2e-3)
    z = np.array([[1000.0, 990.0]])
    np.testing.assert_allclose(ag.cross_entropy(z, [0]), np.log1p(np.exp(-10.0)), rtol=1e-11)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": [1.0, 2.0, 3.0]}])
def test_an_ignored_sample_costs_nothing_whatever_its_logits(options):
    ignored = np.array([-100, 1])
    z = ag.Tensor([[-np.inf, 0.0, 1.0], [0.0, 1.0, 2.0]])
    loss = ag.cross_entropy(z, ignored, **options)
    loss.backward()
    alone = ag.cross_entropy(z.value[1:], ignored[1:], **options)
    np.testing.assert_allclose(loss.value, alone)
    np.testing.assert_array_equal(z.grad[0], 0)
    assert np.isfinite(z.grad).all()


def test_an_ignored_sample_costs_nothing_whatever_its_probabilities():
    z = ag.Tensor([[-np.inf, 0.0, 1.0], [-1.0, -2.0, -3.0]])
    loss = ag.nll_loss(z, np.array([-100, 1]))
    loss.backward()
    assert loss.item() == 2.0
    np.testing.assert_array_equal(z.grad, [[0, 0, 0], [0, -1, 0]])


def test_integer_predictions_are_numbers_like_others():
    ones, halves = np.array([1, 2]), np.array([1.5, 2.5])
    assert ag.mse(ones, halves) == ag.mse(ones * 1.0, halves) == 0.25
    hot = np.array([[0.5, 0.5]])
    np.testing.assert_allclose(ag.cross_entropy(np.array([[1, 1]]), hot), np.log(2))
    np.testing.assert_allclose(ag.cross_entropy(np.array([[0, 0]]), [0]), np.log(2))
    np.testing.assert_allclose(ag.binary_cross_entropy_with_logits([0], [0.5]), np.log(2))


def test_huber_of_large_numbers_does_not_overflow():
    d = ag.Tensor(np.array([-1e30, 1e30], np.float32))
    loss = ag.huber(d, np.zeros(2), reduction="none")
    loss.sum().backward()
    np.testing.assert_allclose(loss.value, [1e30, 1e30])
    np.testing.assert_array_equal(d.grad, [-1, 1])


def test_a_masked_class_costs_nothing():
    z = ag.Tensor([[0.0, -np.inf, 1.0]])
    loss = ag.cross_entropy(z, np.array([[0.5, 0.0, 0.5]]))
    loss.backward()
    assert np.isfinite(loss.item())
    assert np.isfinite(z.grad).all()


def test_when_all_targets_are_ignored_the_mean_is_zero():
    z = ag.Tensor(Z)
    loss = ag.cross_entropy(z, np.array([-100, -100]))
    loss.backward()
    assert loss.item() == 0.0
    assert not z.grad.any()


def test_binary_cross_entropy_of_tiny_probabilities_keeps_its_gradient():
    z = ag.Tensor(np.array([-50.0]))
    ag.binary_cross_entropy(ag.sigmoid(z), np.array([1.0])).backward()
    np.testing.assert_allclose(z.grad, [-1.0])


def test_binary_cross_entropy_at_zero_and_one_is_finite():
    p = ag.Tensor([0.0, 1.0, 0.0, 1.0])
    loss = ag.binary_cross_entropy(p, np.array([0.0, 1.0, 1.0, 0.0]), reduction="none")
    np.testing.assert_array_equal(loss.value, [0.0, 0.0, 100.0, 100.0])
    loss.sum().backward()
    assert np.isfinite(p.grad).all()
    assert p.grad[2] < 0 < p.grad[3]
    t = ag.Tensor([0.5, 0.5])
    ag.binary_cross_entropy(np.array([0.0, 1.0]), t, reduction="sum").backward()
    np.testing.assert_array_equal(t.grad, [100.0, -100.0])


def test_infinite_logits_with_the_right_target_cost_nothing():
    z = ag.Tensor([-np.inf, np.inf])
    loss = ag.binary_cross_entropy_with_logits(z, np.array([0.0, 1.0]))
    loss.backward()
    assert loss.item() == 0.0
    assert not z.grad.any()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_shapes_never_broadcast(name):
    message = rf"{name}: predictions have shape \(4, 1\), targets \(4,\)"
    with pytest.raises(ValueError, match=message):
        call(name, ag.Tensor(np.full((4, 1), 0.5)), np.ones(4))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_targets_overwritten_before_backward_are_an_error(reduction):
    z, targets = ag.Tensor(Z), LABELS.astype(np.int64)
    loss = ag.cross_entropy(z, targets, reduction=reduction)
    targets[:] = 9
    with pytest.raises(
        RuntimeError, match="'softmax_nll' needs the array 'targets', which was changed"
    ):
        loss.backward()


@pytest.mark.parametrize("shape", [(4, 5, 2), (3, 5, 2, 2)])
def test_the_mean_over_pixels_is_one_operation(shape):
    z = ag.Tensor(np.random.default_rng(0).standard_normal(shape))
    targets = np.random.default_rng(1).integers(0, 5, (shape[0], *shape[2:]))
    loss, each = ag.cross_entropy(z, targets), ag.cross_entropy(z, targets, reduction="none")
    assert loss.op == "softmax_nll" and each.shape == targets.shape
    np.testing.assert_allclose(loss.value, each.value.mean())


@pytest.mark.parametrize(
    ("z", "targets", "message"),
    [
        (Z, LABELS[:, None], r"targets of shape \(2, 1\); use targets.squeeze\(1\)"),
        (
            Z,
            np.array([0, 1, 2]),
            r"need class numbers of shape \(2,\).*got targets of shape \(3,\)",
        ),
        (Z, np.array([0, 3]), "class numbers from 0 to 2, got 3 at position 1"),
        (
            np.zeros((2, 7, 5)),
            np.zeros((2, 7), int),
            r"got targets of shape \(2, 7\); the classes come second: write scores.swapaxes\(1, -1\)",
        ),
        (
            np.zeros((2, 3, 4, 4)),
            np.array([0, 1]),
            r"flatten the images before the last layer, with ag.nn.Fl",
        ),
        (np.zeros((2, 3, 2)), np.array([[0, 1], [2, 3]]), r"got 3 at position \(1, 1\)"),
        (
            Z,
            np.array([[0, 1, 1], [1, 0, 0]]),
            r"integer targets of the logits' shape, \(2, 3\), must be one-hot",
        ),
        (Z, np.array([[5, -4, 0], [1, 0, 0]]), "must be one-hot"),
        (Z, np.array([-1, 0]), "class numbers from 0 to 2, got -1 at position 0"),
        (Z, np.array([0.0, 1.0]), "targets of dtype float64 are probabilities and need the shape"),
        (np.array(1.0), np.array(0), r"expected logits of shape \(N, C\), got \(\)"),
    ],
)
def test_targets_that_do_not_fit(z, targets, message):
    with pytest.raises(ValueError, match=message):
        ag.cross_entropy(z, targets)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ag.cross_entropy(Z, LABELS, reduction="avg"),
            "cross_entropy: reduction must be .* got 'avg'",
        ),
        (
            lambda: ag.cross_entropy(Z, LABELS, label_smoothing=2),
            r"label_smoothing must lie in \[0, 1\], got 2",
        ),
        (
            lambda: ag.cross_entropy(Z, LABELS, weight=[1.0]),
            r"expected weight of shape \(3,\), got \(1,\)",
        ),
        (lambda: ag.nll_loss(Z, np.ones(2)), "nll_loss: expected log-probabilities.*dtype float64"),
        (lambda: ag.huber(Z, Z, delta=0), "huber: delta must be positive, got 0"),
        (lambda: ag.huber(Z, Z, delta="x"), "huber: delta must be positive, got 'x'"),
        (
            lambda: ag.cross_entropy(Z, LABELS, label_smoothing="x"),
            r"label_smoothing must lie in \[0, 1\], got 'x'",
        ),
        (
            lambda: ag.mse(Z, Z[:, 0]),
            "there must be a target for each prediction: check the number of outputs",
        ),
        (lambda: ag.mse(Z, LABELS), "class numbers are targets of ag.cross_entropy"),
        (lambda: ag.mse(Z[:, :1], Z[:, 0]), r"the same shape, for example with .reshape\(-1\)"),
        (
            lambda: ag.binary_cross_entropy(Z, Z),
            r"probabilities must lie in \[0, 1\], got values from -1 to 2; for logits use",
        ),
        (lambda: ag.smooth_l1_loss(Z, Z, beta=-1), "beta must be at least 0, got -1"),
        (lambda: ag.smooth_l1_loss(Z, Z, beta=None), "beta must be a number, got None"),
        (lambda: ag.focal_loss(Z, LABELS, gamma=-1), "gamma must be at least 0, got -1"),
        (
            lambda: ag.focal_loss(Z, Z),
            r"focal_loss: expected scores .* are targets.astype\(np.int64\)",
        ),
        (lambda: ag.focal_loss(Z, LABELS + 1), "class numbers from 0 to 2, got 3 at position 1"),
        (lambda: ag.sigmoid_focal_loss(Z, Z, gamma=True), "gamma must be a number, got True"),
        (lambda: ag.sigmoid_focal_loss(Z, Z, alpha=2), "alpha must be at most 1, got 2"),
        (
            lambda: ag.sigmoid_focal_loss(Z, 3 * Z),
            r"targets must lie in \[0, 1\], got values from -3",
        ),
        (lambda: ag.multi_margin_loss(Z, LABELS, p=3), "p must be 1 or 2, got 3"),
        (lambda: ag.multi_margin_loss(Z, -LABELS - 100), "class numbers from 0 to 2, got -100"),
        (
            lambda: ag.multi_margin_loss(np.zeros((2, 3, 2)), np.zeros((2, 2), int)),
            r"of shape \(N, C\) or \(C,\), got \(2, 3, 2\)",
        ),
        (
            lambda: ag.kl_div(Z, Z),
            "kl_div: targets must be probabilities, got values from -1; give log_target=True",
        ),
        (
            lambda: ag.kl_div(Z, Z**2, reduction="avg"),
            "must be 'batchmean', 'mean', 'sum' or 'none', got 'avg'",
        ),
        (
            lambda: ag.poisson_nll_loss(Z, Z),
            "targets are counts and not negative, got -1; use gaussian",
        ),
        (
            lambda: ag.gaussian_nll_loss(Z, Z, Z),
            "variances must not be negative, got -1; .* ag.exp",
        ),
        (
            lambda: ag.gaussian_nll_loss(Z, Z, Z[0]),
            r"predictions have shape \(2, 3\), var \(3,\); give one",
        ),
        (lambda: ag.gaussian_nll_loss(Z, Z, Z**2, eps=0), "eps must be positive, got 0"),
        (
            lambda: ag.soft_margin_loss(Z, 0 * Z),
            "targets must be 1 or -1, got 0.0; write 2 \\* targets - 1",
        ),
        (lambda: ag.soft_margin_loss(Z, LABELS), r"expected targets of shape \(2, 3\), got \(2,\)"),
        (lambda: ag.hinge_embedding_loss(Z, 2 + Z), "targets must be 1 or -1, got 2.5"),
        (lambda: ag.hinge_embedding_loss(Z, Z, margin="1"), "margin must be a number, got '1'"),
        (lambda: ag.margin_ranking_loss(Z, Z[0], Z), r"x1 has shape \(2, 3\), x2 \(3,\); give all"),
        (
            lambda: ag.cosine_embedding_loss(Z, Z, Z),
            r"expected targets of shape \(2,\), got \(2, 3\)",
        ),
        (
            lambda: ag.cosine_embedding_loss(Z[None], Z[None], 1),
            r"of shape \(N, D\) or \(D,\), got \(1, 2, 3\)",
        ),
        (
            lambda: ag.triplet_margin_loss(Z, Z, Z[:1]),
            r"anchor has shape \(2, 3\), negative \(1, 3\)",
        ),
        (lambda: ag.triplet_margin_loss(Z, Z, Z, margin=0), "margin must be positive, got 0"),
        (
            lambda: ag.triplet_margin_loss(1, 2, 3),
            "expected vectors of shape .* got single numbers",
        ),
        (
            lambda: ag.binary_cross_entropy(Z**2 / 4, Z**2 / 4, weight=np.ones(2)),
            r"weight of shape \(2,\) does not broadcast",
        ),
    ],
)
def test_options_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize(
    "targets",
    [["0", "1"], np.array([0, None], object), np.array([0, 1], "M8[s]"), None],
    ids=["text", "objects", "dates", "none"],
)
def test_targets_that_are_no_numbers_are_not_made_some(name, targets):
    with pytest.raises(TypeError, match=f"{name}: targets must be numbers, got dtype .*astype"):
        call(name, np.array([0.2, 0.3]), targets)


@pytest.mark.parametrize("name", MODULES)
def test_masked_targets_do_not_lose_their_mask(name):
    z = np.array([[0.2, 0.8], [0.3, 0.7]])
    of_three = name in ("cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss")
    loss = functools.partial(*(getattr(ag, name), z, z) if of_three else (call, name, z))
    if name in OF_CLASSES:
        targets = np.array([0, 1])
    elif name == "cosine_embedding_loss":
        targets = np.array([-1, 1])
    else:
        targets = np.sign(z) if name in OF_SIGNS else z
    plain = np.ma.masked_array(targets, False)
    assert loss(plain) == loss(targets)
    plain[1] = np.ma.masked
    with pytest.raises(TypeError, match="a loss takes no masked numbers, whose mask would be lost"):
        loss(plain)


@pytest.mark.parametrize("weight", [{0: 1.0, 1: 2.0}, "balanced"])
def test_weights_are_numbers(weight):
    with pytest.raises(
        TypeError, match=r"weight must be numbers, such as \[1.0, 2.0\] for two classes"
    ):
        ag.cross_entropy(Z, LABELS, weight=weight)


@pytest.mark.parametrize("loss", [ag.cross_entropy, ag.nll_loss])
@pytest.mark.parametrize("index", [None, 1.0, True])
def test_the_ignored_class_is_an_integer(loss, index):
    with pytest.raises(
        TypeError, match="ignore_index must be an integer, such as the default -100"
    ):
        loss(Z, LABELS, ignore_index=index)


def test_complex_logits_are_refused():
    with pytest.raises(TypeError, match="cross_entropy: expected real numbers, got complex128"):
        ag.cross_entropy(ag.Tensor(Z + 0j) * 1, LABELS)


def test_probabilities_that_are_no_numbers_give_none():
    p = np.array([0.5, np.nan])
    assert np.isnan(ag.binary_cross_entropy(p, np.ones(2)))
    with pytest.raises(ValueError, match="got values from 0.5 to 1.5; for logits"):
        ag.binary_cross_entropy(np.array([0.5, np.nan, 1.5]), np.ones(3))


@pytest.mark.parametrize("weight", [np.ones(3), np.ones((3, 1)), np.ones((1, 1, 4))])
def test_the_weight_of_the_positives_never_widens_the_loss(weight):
    with pytest.raises(ValueError, match=r"pos_weight of shape .* does not broadcast to .* \(4,\)"):
        ag.binary_cross_entropy_with_logits(np.zeros(4), np.zeros(4), pos_weight=weight)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_an_empty_batch_has_no_mean(name):
    empty = np.zeros((0, 2))
    with pytest.raises(ValueError, match=f"{name}: an empty batch has no mean"):
        call(name, empty, empty)
    more = [empty] if name == "gaussian_nll_loss" else []
    assert getattr(ag, name)(empty, empty, *more, reduction="sum") == 0


@pytest.mark.parametrize("name", OF_CLASSES)
def test_an_empty_batch_of_classes_has_no_mean(name):
    with pytest.raises(ValueError, match=f"{name}: an empty batch has no mean"):
        getattr(ag, name)(np.zeros((0, 3)), np.zeros(0, int))


def test_an_empty_batch_of_pairs_has_no_mean():
    none, empty = np.zeros(0), np.zeros((0, 2))
    for loss in (
        lambda: ag.soft_margin_loss(none, none),
        lambda: ag.hinge_embedding_loss(none, none),
        lambda: ag.margin_ranking_loss(none, none, none),
        lambda: ag.cosine_embedding_loss(empty, empty, none),
        lambda: ag.triplet_margin_loss(empty, empty, empty),
        lambda: ag.kl_div(empty, empty, reduction="batchmean"),
    ):
        with pytest.raises(ValueError, match="an empty batch has no mean"):
            loss()


@pytest.mark.parametrize("name", OF_SIGNS)
def test_targets_that_want_a_gradient_are_refused(name):
    of_pairs = name in ("cosine_embedding_loss", "margin_ranking_loss")
    with pytest.raises(TypeError, match=f"{name}: no gradient with respect to targets is defined"):
        getattr(ag, name)(*(Z,) * (1 + of_pairs), ag.Tensor(np.ones(Z.shape)))


def test_modules_check_their_options_when_they_are_made():
    with pytest.raises(TypeError, match="CrossEntropyLoss: no option 'wieght'; there are weight, "):
        ag.nn.CrossEntropyLoss(wieght=[1.0])
    with pytest.raises(TypeError, match="MSELoss: no option 'targets'; there are reduction"):
        ag.nn.MSELoss(targets=1)
    for reduction in ("avg", "batchmean"):
        with pytest.raises(ValueError, match=f"MSELoss: reduction must be .* got '{reduction}'"):
            ag.nn.MSELoss(reduction=reduction)
    with pytest.raises(ValueError, match="KLDivLoss: reduction must be 'batchmean', .* got 'avg'"):
        ag.nn.KLDivLoss(reduction="avg")


@pytest.mark.parametrize(
    ("targets", "fix"),
    [
        (np.array([1, 2, 3]), r"from 0 to 2, got 3 at position 2; write targets - 1 if they count from 1"),
        (np.array([0, 2, 3]), "got 3 at position 2; check the number of outputs"),
        (np.array([0, -1, 2]), "got -1 at position 1; check the number of outputs"),
        (np.array([0.0, 1.0, 2.0]), r"class numbers must be integers: targets.astype\(np.int64\)$"),
        (np.array([True, False, True]), r"class numbers must be integers: targets.astype\(np.int64\)$"),
        (np.array([[0.0], [1.0], [2.0]]), r"integers: targets.astype\(np.int64\).squeeze\(1\)$"),
        (np.array([[0], [1], [2]]), r"use targets.squeeze\(1\)$"),
        (np.array(["a", "b", "c"]), r"integers: classes, targets = np.unique\(targets, return_inverse=True\)"),
        (np.array(["a", "b", "c"], object), r"np.unique\(targets, return_inverse=True\)"),
    ],
)  # fmt: skip
def test_labels_that_are_no_class_numbers_are_told_how_to_become_some(targets, fix):
    with pytest.raises(ValueError, match=fix):
        ag.cross_entropy(np.zeros((3, 3), np.float32), targets)
