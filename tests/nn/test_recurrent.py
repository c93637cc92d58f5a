"""Recurrent layers: what a step computes, states, batches and messages. PyTorch's numbers are oracles."""

from types import SimpleNamespace

import numpy as np
import pytest

import agx as ag
from agx import nn

X = np.linspace(-1, 1, 30).reshape(5, 2, 3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def make(kind, *args, **kwargs):
    return kind(3, 4, *args, dtype=np.float64, rng=0, **kwargs)


def test_an_lstm_does_what_its_equations_say():
    layer = make(nn.LSTM)
    w_x, w_h, b_x, b_h = layer.state_dict().values()
    h = c = np.zeros((2, 4))
    for x in X:
        i, f, g, o = np.split(x @ w_x.T + b_x + h @ w_h.T + b_h, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    out, (last, memory) = layer(X)
    np.testing.assert_allclose(out.value[-1], h)
    np.testing.assert_allclose(last.value[0], h)
    np.testing.assert_allclose(memory.value[0], c)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_states_go_on_where_they_ended(kind):
    layer = make(kind, 2)
    whole, last = layer(X)
    first, state = layer(X[:3])
    second, end = layer(X[3:], state)
    np.testing.assert_allclose(np.concatenate([first.value, second.value]), whole.value)
    ends = zip(end, last, strict=True) if kind is nn.LSTM else [(end, last)]
    for a, b in ends:
        np.testing.assert_allclose(a.value, b.value)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_the_last_states_of_both_directions_are_the_ends_of_the_output(kind):
    out, last = make(kind, bidirectional=True)(X)
    h = last[0] if kind is nn.LSTM else last
    np.testing.assert_array_equal(h.value[0], out.value[-1, :, :4])
    np.testing.assert_array_equal(h.value[1], out.value[0, :, 4:])


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_sequence_alone_is_a_batch_of_one(kind):
    layer = make(kind, batch_first=True)
    out, last = layer(X[:, 0])
    batch, _ = layer(X[None, :, 0])
    np.testing.assert_allclose(out.value, batch.value[0])
    h = last[0] if kind is nn.LSTM else last
    assert out.shape == (5, 4)
    assert h.shape == (1, 4)


CELLS = {nn.RNN: nn.RNNCell, nn.GRU: nn.GRUCell, nn.LSTM: nn.LSTMCell}


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_takes_the_steps_of_its_layer(kind):
    layer, cell = make(kind), make(CELLS[kind])
    own = layer.state_dict().items()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in own})
    state, alone = None, None
    for x, expected in zip(X, layer(X)[0].value, strict=True):
        state, alone = cell(x, state), cell(x[1], alone)
        h, single = (state[0], alone[0]) if kind is nn.LSTM else (state, alone)
        np.testing.assert_allclose(h.value, expected)
        np.testing.assert_allclose(single.value, expected[1])


def test_dropout_lies_between_the_layers():
    layer = make(nn.GRU, 2, dropout=0.5)
    assert not np.array_equal(layer(X)[0].value, layer(X)[0].value)
    layer.eval()
    np.testing.assert_array_equal(layer(X)[0].value, layer(X)[0].value)


def test_gradients_reach_the_first_state_and_every_weight():
    layer, first = make(nn.GRU), ag.Tensor(np.full((1, 2, 4), 0.1))
    layer(X, first)[0].sum().backward()
    assert all(np.any(p.grad) for p in [*layer.parameters(), first])


def test_a_small_network_learns_to_add_up():
    ag.seed(0)
    x = np.random.default_rng(0).choice([-1.0, 1.0], (64, 6, 1)).astype(np.float32)
    y = x.sum(1) / 6
    layer, head = nn.GRU(1, 12, batch_first=True), nn.Linear(12, 1)
    adam = ag.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    for _ in range(60):
        adam.zero_grad()
        loss = ag.mse(head(layer(x)[0][:, -1]), y)
        loss.backward()
        adam.step()
    assert loss.item() < 0.01


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 2), np.float32)), ValueError, r"LSTM\(3, 4\): expected sequences of shape \(L, N, 3\) or \(L, 3\), got \(5, 2, 2\)"),
        (lambda: nn.GRU(3, 4, batch_first=True)(np.ones(3, np.float32)), ValueError, r"of shape \(N, L, 3\) or \(L, 3\), got \(3,\)"),
        (lambda: nn.RNN(3, 4)(np.ones((0, 2, 3), np.float32)), ValueError, "expected at least one step"),
        (lambda: nn.RNN(3, 4)(np.ones((5, 2, 3), np.float32), np.ones((1, 4))), ValueError, r"expected hx of shape \(1, 2, 4\), got \(1, 4\)"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3), np.float32), np.ones((1, 2, 4))), TypeError, r"hx to be a pair \(h, c\), got ndarray"),
        (lambda: nn.LSTM(3, 4)(SimpleNamespace(data=1, batch_sizes=[2])), TypeError, "packed sequences are not taken; pad them to one length"),
        (lambda: nn.Sequential(nn.LSTM(3, 4), nn.Linear(4, 2))(np.ones((5, 2, 3), np.float32)), TypeError, r"Linear\(4, 2\): .* got tuple; .*, or take one of them, as in output, state = lstm\(x\)"),
        (lambda: nn.RNN(3, 4)(np.ones((5, 2, 3), np.float32), np.ones((1, 2, 4), int)), TypeError, "expected float32 numbers, got int64"),
        (lambda: nn.LSTM(3, 0), ValueError, "LSTM: hidden_size must be a positive integer, got 0"),
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), ValueError, "must be 'tanh' or 'relu', got 'sin'"),
        (lambda: nn.RNNCell(3, 4, nonlinearity="sin"), ValueError, "RNNCell: nonlinearity must be 'tanh' or 'relu', got 'sin'"),
        (lambda: nn.GRUCell(0, 4), ValueError, "GRUCell: input_size must be a positive integer, got 0"),
        (lambda: nn.GRUCell(3, 4)(np.ones((2, 4), np.float32)), ValueError, r"GRUCell\(3, 4\): expected x of shape \(N, 3\) or \(3,\), got \(2, 4\)"),
        (lambda: nn.GRUCell(3, 4)(np.ones((2, 3), np.float32), np.ones(4)), ValueError, r"expected hx of shape \(2, 4\), got \(4,\)"),
        (lambda: nn.LSTMCell(3, 4)(np.ones((2, 3), np.float32), np.ones((2, 4))), TypeError, r"hx to be a pair \(h, c\), got ndarray"),
        (lambda: nn.GRU(3, 4, dropout=1.5), ValueError, r"p must lie in \[0, 1\), got 1.5"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_states_in_float64_stay_in_the_dtype_of_the_layer(kind):
    layer, zeros = kind(3, 4), np.zeros((1, 2, 4))
    state = (zeros, zeros) if kind is nn.LSTM else zeros
    x = np.ones((5, 2, 3), np.float32)
    with pytest.warns(UserWarning, match="float32 parameters and got float64 data"):
        out = layer(x, state)[0]
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, layer(x)[0])


def carried(detach):
    """Train on three batches through which one hidden state goes."""
    layer, h = nn.GRU(3, 64, rng=0), None
    sgd = ag.optim.SGD(layer.parameters(), 0.1)
    for _ in range(3):
        out, h = layer(np.ones((20, 16, 3), np.float32), h)
        h = h.detach() if detach else h
        sgd.zero_grad()
        (out**2).mean().backward()
        sgd.step()


def test_a_hidden_state_is_detached_between_batches():
    carried(detach=True)
    with pytest.raises(
        RuntimeError, match=r"or detach\(\) what an earlier batch left, such as a hidden"
    ):
        carried(detach=False)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_dropout_of_a_single_layer_does_nothing_and_that_is_told(kind):
    with pytest.warns(UserWarning, match=f"{kind.__name__}: dropout=0.5 acts between layers"):
        kind(3, 4, dropout=0.5)
