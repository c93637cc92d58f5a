"""Attention and transformers: masks, shapes, modes and messages. PyTorch's numbers are oracles."""

import numpy as np
import pytest

import agx as ag
from agx import nn

DRAW = np.random.default_rng(0)
Q, K, V = (DRAW.standard_normal(shape) for shape in ((2, 3, 4), (2, 5, 4), (2, 5, 3)))
ATTEND = ag.scaled_dot_product_attention


def attention(*args, **kwargs):
    return nn.MultiheadAttention(*args, rng=0, dtype=np.float64, **kwargs)


def by_hand(q, k, v, added=0.0):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) + added
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


# --- the function --------------------------------------------------------------------------------


def test_attention_is_its_formula():
    np.testing.assert_allclose(ATTEND(Q, K, V), by_hand(Q, K, V))
    np.testing.assert_allclose(ATTEND(Q, K, V, scale=1.0), by_hand(Q * 2, K, V))
    added = DRAW.standard_normal((3, 5))
    np.testing.assert_allclose(ATTEND(Q, K, V, added), by_hand(Q, K, V, added))
    seen = DRAW.random((2, 3, 5)) < 0.5
    seen[..., 0] = True
    expected = by_hand(Q, K, V, np.where(seen, 0, -np.inf))
    np.testing.assert_allclose(ATTEND(Q, K, V, seen), expected)
    causal = by_hand(Q, K, V, np.where(np.tri(3, 5) > 0, 0, -np.inf))
    np.testing.assert_allclose(ATTEND(Q, K, V, is_causal=True), causal)


def test_every_argument_has_a_gradient_a_mask_that_is_added_too():
    mask = DRAW.standard_normal((3, 5))
    ag.testing.check_grads(lambda q, k, v, m: ATTEND(q, k, v, m, is_causal=True), Q, K, V, mask)


@pytest.mark.parametrize("mask", [np.zeros((3, 5), bool), np.full((3, 5), -np.inf)])
def test_who_may_look_at_nothing_gets_zeros_and_no_gradient(mask):
    mask[0] = 1
    leaves = [ag.Tensor(x) for x in (Q, K, V)]
    out = ATTEND(*leaves, mask)
    out.sum().backward()
    assert not out.value[:, 1:].any() and out.value[:, 0].any()
    assert all(np.isfinite(leaf.grad).all() for leaf in leaves)
    assert not leaves[0].grad[:, 1:].any()


def test_large_scores_do_not_overflow():
    out = ATTEND(Q * 1e4, K * 1e4, V)
    np.testing.assert_allclose(out, V[np.arange(2)[:, None], (Q @ K.swapaxes(1, 2)).argmax(-1)])


def test_float32_stays_float32_whatever_the_mask():
    q, k, v = (x.astype(np.float32) for x in (Q, K, V))
    for mask in (None, np.zeros((3, 5)), np.tri(3, 5, -1, dtype=bool)):
        assert ATTEND(q, k, v, mask).dtype == np.float32


def test_dropout_drops_weights_and_scales_the_others():
    eyes = np.eye(4)
    out = ATTEND(np.zeros((4, 4)), np.zeros((4, 4)), eyes, dropout_p=0.5, rng=0)
    assert set(np.unique(out)) == {0.0, 0.5}
    np.testing.assert_array_equal(
        out, ATTEND(np.zeros((4, 4)), np.zeros((4, 4)), eyes, dropout_p=0.5, rng=0)
    )


def test_compiled_attention_takes_new_masks():
    f = lambda q, mask: ATTEND(q, K, V, mask).sum()
    compiled = ag.compile(ag.grad(f))
    for draw in (0.5, 0.1, 0.9):
        mask = DRAW.random((3, 5)) < draw
        np.testing.assert_allclose(compiled(Q, mask), ag.grad(f)(Q, mask), atol=1e-14)


# --- several heads -------------------------------------------------------------------------------


def test_one_head_of_identities_is_the_function():
    layer = attention(4, 1, batch_first=True)
    eye = np.eye(4)
    layer.load_state_dict(
        {
            "in_proj_weight": np.concatenate([eye] * 3),
            "in_proj_bias": np.zeros(12),
            "out_proj.weight": eye,
            "out_proj.bias": np.zeros(4),
        }
    )
    out, weights = layer(Q, K, K)
    np.testing.assert_allclose(out.value, by_hand(Q, K, K))
    np.testing.assert_allclose(weights.value.sum(-1), 1)
    assert weights.shape == (2, 3, 5)


@pytest.mark.parametrize("sizes", [{}, {"kdim": 6, "vdim": 3}])
def test_layouts_agree(sizes):
    layer = attention(4, 2, batch_first=True, **sizes)
    rows = attention(4, 2, **sizes)
    k, v = (DRAW.standard_normal((2, 5, sizes.get(n, 4))) for n in ("kdim", "vdim"))
    out, weights = layer(Q, k, v, average_attn_weights=False)
    turned, means = rows(Q.swapaxes(0, 1), k.swapaxes(0, 1), v.swapaxes(0, 1))
    np.testing.assert_allclose(turned.value.swapaxes(0, 1), out.value)
    np.testing.assert_allclose(means.value, weights.value.mean(1))
    alone, seen = layer(Q[1], k[1], v[1])
    np.testing.assert_allclose(alone.value, out.value[1])
    np.testing.assert_allclose(seen.value, weights.value[1].mean(0))
    assert layer(Q, k, v, need_weights=False)[1] is None


def test_other_widths_have_weights_of_their_own():
    own = ["q_proj_weight", "k_proj_weight", "v_proj_weight"]
    state = attention(4, 2, kdim=6).state_dict()
    assert list(state) == [*own, "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    assert [state[name].shape for name in own] == [(4, 4), (4, 6), (4, 4)]
    assert list(attention(4, 2, bias=False).state_dict()) == ["in_proj_weight", "out_proj.weight"]


def test_a_mask_for_each_head():
    layer = attention(4, 2, batch_first=True)
    hidden = DRAW.random((4, 3, 5)) < 0.4
    weights = layer(Q, K, K, attn_mask=hidden, average_attn_weights=False)[1]
    assert not weights.value.reshape(4, 3, 5)[hidden].any()
    assert weights.value.reshape(4, 3, 5)[~hidden].all()


def test_padding_has_no_influence():
    layer, padded = attention(4, 2, batch_first=True), K.copy()
    padded[0, 3:] = 1e3
    hidden = np.zeros((2, 5), bool)
    hidden[0, 3:] = True
    found = layer(Q, padded, padded, hidden)[0].value
    np.testing.assert_allclose(found[0], layer(Q[0], K[0, :3], K[0, :3])[0].value)
    np.testing.assert_allclose(found[1], layer(Q[1], K[1], K[1])[0].value)


def test_what_comes_later_has_no_influence():
    layer = attention(4, 2, batch_first=True)
    other = K.copy()
    other[:, 3:] += 1
    now, then = (layer(x, x, x, is_causal=True)[0].value for x in (K, other))
    np.testing.assert_allclose(now[:, :3], then[:, :3])
    assert not np.allclose(now[:, 3:], then[:, 3:])


def test_dropout_rests_in_evaluation():
    layer = attention(4, 2, 0.5)
    assert not np.array_equal(layer(Q, Q, Q)[0].value, layer(Q, Q, Q)[0].value)
    layer.eval()
    np.testing.assert_array_equal(layer(Q, Q, Q)[0].value, layer(Q, Q, Q)[0].value)


# --- transformers --------------------------------------------------------------------------------


def test_a_stack_starts_with_copies_that_drop_and_learn_apart():
    layer = nn.TransformerEncoderLayer(4, 2, 8, rng=0, dtype=np.float64)
    stack = nn.TransformerEncoder(layer, 2)
    first, second = stack.layers
    np.testing.assert_array_equal(first.linear1.weight.value, second.linear1.weight.value)
    assert first.linear1.weight is not second.linear1.weight is not layer.linear1.weight
    assert first.dropout.rng is second.dropout.rng  # or both would drop the same
    stack(Q).sum().backward()
    assert all(p.grad is not None for p in stack.parameters())


def test_a_decoder_that_sees_no_later_step_can_be_asked_step_by_step():
    layer = nn.TransformerDecoderLayer(4, 2, 8, batch_first=True, rng=0, dtype=np.float64)
    model = nn.TransformerDecoder(layer, 2, nn.LayerNorm(4, dtype=np.float64)).eval()
    whole = model(Q, K, tgt_is_causal=True).value
    for k in range(1, 4):
        part = model(Q[:, :k], K, tgt_is_causal=True).value
        np.testing.assert_allclose(part, whole[:, :k])


def test_compiled_transformers_are_the_same():
    model = nn.TransformerEncoderLayer(4, 2, 8, 0.0, rng=0, dtype=np.float64)
    model.requires_grad_(False)
    f = lambda x: (model(x, is_causal=True) ** 2).sum()
    compiled = ag.compile(ag.grad(f))
    for x in (Q, Q + 1):
        np.testing.assert_allclose(compiled(x), ag.grad(f)(x), rtol=1e-10, atol=1e-12)


def test_a_small_transformer_learns_what_all_steps_have_in_common():
    ag.seed(0)
    x = np.random.default_rng(0).choice([-1.0, 1.0], (64, 6, 1)).astype(np.float32)
    y = np.broadcast_to(x.mean(1, keepdims=True), x.shape)
    layer = nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True)
    model = nn.Sequential(nn.Linear(1, 16), layer, nn.Linear(16, 1))
    adam = ag.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        adam.zero_grad()
        loss = ag.mse(model(x), y)
        loss.backward()
        adam.step()
    assert loss.item() < 0.01


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ATTEND(Q, V, V), ValueError, r"expected query \(..., L, E\), .* got shapes \(2, 3, 4\), \(2, 5, 3\)"),
        (lambda: ATTEND(Q, K, V[:, :4]), ValueError, r"and value \(..., S, V\), got shapes .* and \(2, 4, 3\)"),
        (lambda: ATTEND(Q[0, 0], K, V), ValueError, r"got shapes \(4,\)"),
        (lambda: ATTEND(Q, K, V, np.ones((5, 3), bool)), ValueError, r"attn_mask of a shape that broadcasts to \(2, 3, 5\), got \(5, 3\)"),
        (lambda: ATTEND(Q, K, V, np.ones((3, 5), int)), TypeError, r"attn_mask must be of truth values or .* got int64; write mask.astype\(bool\)"),
        (lambda: ATTEND(Q, K, V, dropout_p=1.0), ValueError, r"p must lie in \[0, 1\), got 1.0"),
        (lambda: attention(4, 3), ValueError, "num_heads=3 must divide embed_dim=4"),
        (lambda: attention(0, 1), ValueError, "MultiheadAttention: embed_dim must be a positive integer, got 0"),
        (lambda: attention(4, 2)(Q, K[0], K[0]), ValueError, r"MultiheadAttention\(4, 2\): expected query, key and value of shapes \(L, N, 4\), \(S, N, 4\), \(S, N, 4\), or all without N, got \(2, 3, 4\), \(5, 4\)"),
        (lambda: attention(4, 2, batch_first=True)(Q, K, K[:1]), ValueError, r"of shapes \(N, L, 4\), .* \(1, 5, 4\)"),
        (lambda: attention(4, 2)(Q, Q, V), ValueError, r"or all without N, got .*\(2, 5, 3\)"),
        (lambda: attention(4, 2)(Q, Q, Q, np.ones((2, 3), bool)), ValueError, r"key_padding_mask of shape \(3, 2\), got \(2, 3\)"),
        (lambda: attention(4, 2)(Q, Q, Q, attn_mask=np.ones((3, 2, 2), bool)), ValueError, r"attn_mask of shape \(2, 2\) or \(6, 2, 2\), got \(3, 2, 2\)"),
        (lambda: attention(4, 2)(Q, Q, Q, attn_mask=np.ones((2, 2), int)), TypeError, "attn_mask must be of truth values"),
        (lambda: attention(4, 2)(Q.astype(int), Q, Q), TypeError, "expected float64 numbers, got int64"),
        (lambda: nn.TransformerEncoderLayer(4, 2, activation="tanh"), ValueError, "activation must be 'relu', 'gelu' or a function, got 'tanh'"),
        (lambda: nn.TransformerEncoderLayer(4, 2, 0), ValueError, "dim_feedforward must be a positive integer, got 0"),
        (lambda: nn.TransformerEncoder(nn.Linear(4, 4), 2), TypeError, r"TransformerEncoder: expected a layer, as TransformerEncoderLayer\(d_model, nhead\), got Linear"),
        (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 0), ValueError, "num_layers must be a positive integer, got 0"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
