"""What is special about single losses: limits, other arguments, and gradients in all of them."""

import numpy as np
import pytest

import agx as ag

Z = np.array([[0.5, -1.0, 2.0], [0.1, 0.2, 0.3]])
OF_PAIRS = ["cosine_embedding_loss", "margin_ranking_loss"]


def test_focal_losses_without_focus_are_the_cross_entropies():
    w, t = [0.5, 2.0, 1.0], np.array([2, -100])
    np.testing.assert_allclose(
        ag.focal_loss(Z, t, weight=w, gamma=0), ag.cross_entropy(Z, t, weight=w)
    )
    bits = (Z > 0).astype(float)
    np.testing.assert_allclose(
        ag.sigmoid_focal_loss(Z, bits, alpha=-1, gamma=0),
        ag.binary_cross_entropy_with_logits(Z, bits),
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_focal_losses_at_certainty_stay_finite(gamma, dtype):
    z = ag.Tensor(np.array([[900.0, -900.0], [-900.0, 900.0]], dtype))
    ag.focal_loss(z, np.array([0, 0]), gamma=gamma).backward()
    assert np.isfinite(z.grad).all() and not z.grad[0].any()
    np.testing.assert_allclose(z.grad[1], [-0.5, 0.5])
    ones = ag.Tensor(np.array([900.0, np.inf, -900.0], dtype))
    loss = ag.sigmoid_focal_loss(ones, np.ones(3), alpha=-1, gamma=gamma, reduction="none")
    loss.sum().backward()
    np.testing.assert_array_equal(loss.value, [0, 0, 900])
    np.testing.assert_array_equal(ones.grad, [0, 0, -1])


def test_the_divergence_of_equal_distributions_is_zero_and_its_mean_goes_over_the_batch():
    p = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    assert ag.kl_div(log_p, p, reduction="batchmean") == 0
    assert ag.kl_div(log_p, log_p, log_target=True) == 0
    q = np.log(np.full((2, 3), 1 / 3))
    total = ag.kl_div(q, p, reduction="sum")
    np.testing.assert_allclose(ag.kl_div(q, p, reduction="batchmean"), total / 2)
    np.testing.assert_allclose(ag.nn.KLDivLoss(reduction="batchmean")(q, p), total / 2)
    np.testing.assert_allclose(ag.kl_div(q, p), total / 6)


@pytest.mark.parametrize("log_target", [False, True])
def test_the_divergence_is_differentiable_in_both(log_target):
    ag.testing.check_grads(
        lambda x, t: ag.kl_div(x, t, log_target=log_target), Z, np.abs(Z[::-1]) + 0.5
    )


def test_the_variance_learns_below_its_floor_too():
    var = ag.Tensor(np.array([1e-9, 2.0]))
    ag.gaussian_nll_loss(
        np.zeros(2), np.array([0.0, 1.0]), var, eps=0.5, reduction="sum"
    ).backward()
    np.testing.assert_allclose(var.grad, [1.0, 0.5 * (1 / 2 - 1 / 4)])


@pytest.mark.parametrize("shape", [(2, 3), (2,), (2, 1), (1, 3), ()])
def test_variances_may_be_shared(shape):
    var = np.full(shape, 0.5)
    expected = ag.gaussian_nll_loss(Z, Z + 1, np.full((2, 3), 0.5))
    np.testing.assert_allclose(ag.gaussian_nll_loss(Z, Z + 1, var), expected)
    ag.testing.check_grads(lambda x, t, v: ag.gaussian_nll_loss(x, t, v), Z, Z + 1, var)


def test_pairs_and_triples_are_differentiable_in_each():
    a, b, c = Z, Z[:, ::-1] + 0.37, Z[::-1] * 2
    signs = np.array([1, -1])
    ag.testing.check_grads(lambda x, y: ag.cosine_embedding_loss(x, y, signs), a, b)
    ag.testing.check_grads(lambda x, y: ag.margin_ranking_loss(x, y, np.sign(c), margin=0.3), a, b)
    for swap in (False, True):
        ag.testing.check_grads(
            lambda x, y, z, swap=swap: ag.triplet_margin_loss(x, y, z, margin=5, swap=swap), a, b, c
        )


def test_equal_vectors_have_a_gradient():
    x = ag.Tensor(np.ones((1, 3)))
    ag.triplet_margin_loss(x, np.ones((1, 3)), np.zeros((1, 3)), margin=3.0).backward()
    assert np.isfinite(x.grad).all()
    zero = ag.Tensor(np.zeros((1, 3)))
    ag.cosine_embedding_loss(zero, np.ones((1, 3)), np.ones(1)).backward()
    assert np.isfinite(zero.grad).all()


@pytest.mark.parametrize("name", [*OF_PAIRS, "hinge_embedding_loss", "soft_margin_loss"])
def test_compiled_losses_take_new_targets(name):
    loss = getattr(ag, name)
    f = lambda x, t: loss(x, Z, t) if name in OF_PAIRS else loss(x, t)
    compiled = ag.compile(ag.value_and_grad(f))
    shape = (2,) if name == "cosine_embedding_loss" else Z.shape
    for signs in (np.ones(shape), -np.ones(shape), np.resize([1.0, -1.0], shape)):
        value, gradient = compiled(Z + 0.1, signs)
        expected = ag.value_and_grad(f)(Z + 0.1, signs)
        np.testing.assert_allclose(value, expected[0])
        np.testing.assert_allclose(gradient, expected[1])
    with pytest.raises(ValueError, match="targets must be 1 or -1, got 0"):
        compiled(Z, np.zeros(shape))
