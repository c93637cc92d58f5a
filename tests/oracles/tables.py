"""What is compared with PyTorch: each row is a call, and what it is called with.

The text of a row is its name, and every input is drawn from it, so that a new row changes no other.
`record.py` writes PyTorch's answers, a line for each row, into the file that has the name of the table.
"""

import json
import math
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent


class Row(NamedTuple):
    """A call, the shape or the kind of its input, and how often or in which mode it is made."""

    call: str
    data: Any = ""
    how: str = ""

    @property
    def name(self):
        """The class or function that is called."""
        return self.call.partition("(")[0]

    @property
    def text(self):
        return " ".join(str(part) for part in self if part != "")

    def draw(self, what, *shape):
        """Numbers from -2 to 2 with three decimals, the same ones wherever and whenever."""
        rng = random.Random(f"{self.text}: {what}")
        numbers = [round(4 * rng.random() - 2, 3) for _ in range(math.prod(shape))]
        return np.array(numbers).reshape(shape)


def answers(table):
    """What is recorded of a table: for each row's text PyTorch's answers."""
    lines = (HERE / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()
    return {answer["row"]: answer for answer in map(json.loads, lines)}


# --- losses: x and t, u a third array, w a weight for each class; recorded for every reduction -----

LOSSES = [
    Row("cross_entropy(x, t)", "classes"),
    Row("cross_entropy(x, t, weight=w)", "classes"),
    Row("cross_entropy(x, t, label_smoothing=0.3)", "classes"),
    Row("cross_entropy(x, t, ignore_index=2)", "classes"),
    Row("cross_entropy(x, t, weight=w, label_smoothing=0.1)", "ignored"),
    Row("cross_entropy(x, t)", "shares"),
    Row("cross_entropy(x, t, weight=w, label_smoothing=0.2)", "shares"),
    Row("cross_entropy(x, t)", "pixels"),
    Row("cross_entropy(x, t, weight=w)", "pixels"),
    Row("cross_entropy(x, t)", "one class"),
    Row("nll_loss(x, t, weight=w)", "ignored"),
    Row("nll_loss(x, t)", "pixels"),
    Row("mse(x, t)", "numbers"),
    Row("l1(x, t)", "numbers"),
    Row("huber(x, t)", "numbers"),
    Row("huber(x, t, delta=0.3)", "numbers"),
    Row("binary_cross_entropy(x, t)", "probabilities"),
    Row("binary_cross_entropy_with_logits(x, t, pos_weight=w)", "bits"),
    Row("binary_cross_entropy_with_logits(x, t)", "large"),
    Row("binary_cross_entropy(x, t, weight=w)", "probabilities"),
    Row("binary_cross_entropy_with_logits(x, t, weight=w, pos_weight=w)", "bits"),
    Row("sigmoid_focal_loss(x, t)", "bits"),
    Row("sigmoid_focal_loss(x, t, alpha=-1.0, gamma=0.5)", "bits"),
    Row("focal_loss(x, t)", "classes"),
    Row("focal_loss(x, t, weight=w, gamma=1.5)", "ignored"),
    Row("focal_loss(x, t, gamma=0.5)", "pixels"),
    Row("multi_margin_loss(x, t)", "classes"),
    Row("multi_margin_loss(x, t, p=2, margin=0.5, weight=w)", "classes"),
    Row("multi_margin_loss(x, t, margin=2.0)", "one class"),
    Row("kl_div(x, t)", "shares"),
    Row("kl_div(x, t, log_target=True)", "numbers"),
    Row("smooth_l1_loss(x, t)", "numbers"),
    Row("smooth_l1_loss(x, t, beta=0.3)", "numbers"),
    Row("smooth_l1_loss(x, t, beta=0)", "numbers"),
    Row("poisson_nll_loss(x, t)", "counts"),
    Row("poisson_nll_loss(x, t, full=True)", "counts"),
    Row("poisson_nll_loss(x * x, t, log_input=False, eps=0.1)", "counts"),
    Row("gaussian_nll_loss(x, t, u * u)", "numbers"),
    Row("gaussian_nll_loss(x, t, u[:, 0] * x[:, 0], full=True, eps=0.3)", "alike"),
    Row("gaussian_nll_loss(x, t, x[:1] * x[:1])", "numbers"),
    Row("soft_margin_loss(x, t)", "signs"),
    Row("hinge_embedding_loss(x, t)", "signs"),
    Row("hinge_embedding_loss(x, t, margin=0.3)", "signs"),
    Row("cosine_embedding_loss(x, u, t)", "pairs"),
    Row("cosine_embedding_loss(x, u, t, margin=0.4)", "pairs"),
    Row("cosine_embedding_loss(x[0], u[0], t[0])", "pairs"),
    Row("margin_ranking_loss(x, u, t)", "signs"),
    Row("margin_ranking_loss(x, u, t, margin=0.5)", "signs"),
    Row("triplet_margin_loss(x, t, u)", "numbers"),
    Row("triplet_margin_loss(x, t, u, margin=3.0, p=1, swap=True)", "numbers"),
    Row("triplet_margin_loss(x[0], t[0], u[0], margin=9.0, p=3, eps=0.01)", "numbers"),
]
REDUCTIONS = ("mean", "sum", "none")
WEIGHT = [0.5, 2.0, 1.5]
SHARES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.6, 0.4], [0.1, 0.1, 0.8]]


def third(row):
    """The third array of a loss."""
    u = row.draw("u", 4, 3)
    return np.abs(u) if row.data == "alike" else u


def loss_data(row):
    """Predictions and targets."""
    bits = row.draw("t", 4, 3) > 0
    return {
        "classes": lambda x: (x, np.array([0, 2, 1, 2])),
        "ignored": lambda x: (x, np.array([0, -100, 1, 2])),
        "one class": lambda x: (x[0], np.array(1)),
        "pixels": lambda x: (
            row.draw("x", 2, 3, 2, 2), np.array([[[0, 1], [2, 2]], [[1, 0], [2, 1]]]),
        ),
        "shares": lambda x: (x, np.array(SHARES)),
        "large": lambda x: (30 * x, np.array(SHARES)),
        "numbers": lambda x: (x, row.draw("t", 4, 3)),
        "bits": lambda x: (x, bits.astype(float)),
        "probabilities": lambda x: ((x + 2.5) / 5, bits.astype(float)),
        "counts": lambda x: (x, np.array([[0.0, 1, 2], [3, 0, 1], [5, 4, 0], [1, 1, 2]])),
        "signs": lambda x: (x, 2.0 * bits - 1),
        "pairs": lambda x: (x, 2 * bits[:, 0] - 1),
        "alike": lambda x: (np.abs(x), row.draw("t", 4, 3)),
    }[row.data](row.draw("x", 4, 3))  # fmt: skip


# --- layers: the input's shape, or the input itself if it holds integers -------------------------

TWICE, EVALUATED, MASKED, ADDED = "twice", "twice, then evaluated", "masked", "with added masks"
STATE = "its last state"
BLIND = [[False, True, False], [False, False, False], [True, False, False]]  # may not look there
PADDING = [[False, False, True], [False, False, False]]
BIASES = [[0.5, -1.0, 0.0], [-np.inf, 0.25, 1.0], [0.0, 0.0, -2.0]]
PENALTIES = [[0.0, -0.5, 0.25], [1.0, -np.inf, 0.0]]
#: Further arguments of a layer, by its name and the kind of call.
OPTIONS = {
    ("MultiheadAttention", MASKED): {"attn_mask": BLIND, "key_padding_mask": PADDING},
    ("MultiheadAttention", ADDED): {"attn_mask": BIASES, "key_padding_mask": PENALTIES},
    ("TransformerEncoderLayer", MASKED): {"src_mask": BLIND, "src_key_padding_mask": PADDING},
    ("TransformerEncoder", ADDED): {"mask": BIASES, "src_key_padding_mask": PENALTIES},
    ("TransformerDecoderLayer", MASKED): {"tgt_mask": BLIND, "memory_key_padding_mask": PADDING},
    ("EmbeddingBag", "with offsets"): {"offsets": [0, 2, 2]},
    ("EmbeddingBag", "with an end"): {"offsets": [0, 1, 4]},
    ("EmbeddingBag", "weighed"): {"per_sample_weights": [[0.5, 2.0, -1.0], [1.0, 0.0, 3.0]]},
    ("TransformerDecoder", ADDED): {"memory_mask": BIASES, "tgt_key_padding_mask": PENALTIES},
}
#: How often a layer takes its input, if not once.
INPUTS = {"MultiheadAttention": 3, "TransformerDecoder": 2, "TransformerDecoderLayer": 2}

LAYERS = [
    Row("Linear(3, 2)", (4, 3)),
    Row("Linear(3, 2, bias=False)", (2, 2, 3)),
    Row("Conv2d(4, 6, 3, stride=2, padding=1)", (2, 4, 5, 6)),
    Row("Conv2d(4, 6, (2, 3), (1, 2), (0, 2), (2, 1), groups=2)", (2, 4, 5, 6)),
    Row("ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1)", (2, 4, 3, 4)),
    Row("ConvTranspose2d(4, 6, (2, 3), (1, 2), (0, 1), groups=2, dilation=(2, 1))", (2, 4, 3, 4)),
    Row("RNN(3, 4)", (5, 2, 3)),
    Row("RNN(3, 4, 2, nonlinearity='relu', batch_first=True)", (2, 5, 3)),
    Row("GRU(3, 4, num_layers=2, bidirectional=True)", (4, 2, 3)),
    Row("GRU(3, 4, bias=False)", (4, 3)),
    Row("LSTM(3, 4)", (5, 2, 3)),
    Row("LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True)", (2, 4, 3)),
    Row("BatchNorm1d(3)", (5, 3), TWICE),
    Row("BatchNorm1d(3, momentum=0.3, eps=0.01)", (4, 3, 2)),
    Row("BatchNorm1d(3, momentum=None)", (4, 3), TWICE),
    Row("BatchNorm2d(4)", (2, 4, 3, 2), TWICE),
    Row("BatchNorm2d(4)", (2, 4, 3, 2), EVALUATED),
    Row("BatchNorm2d(2, affine=False)", (2, 2, 3, 2)),
    Row("LayerNorm(6)", (2, 3, 6)),
    Row("LayerNorm((3, 4), eps=0.1)", (2, 3, 4)),
    Row("LayerNorm(4, bias=False)", (2, 4)),
    Row("LayerNorm(4, elementwise_affine=False)", (2, 4)),
    Row("Embedding(5, 3)", [[0, 4, 4], [2, 0, 4]]),
    Row("MaxPool2d(2)", (2, 3, 4, 5)),
    Row("MaxPool2d(3, 2, 1)", (2, 3, 5, 4)),
    Row("MaxPool2d(3, 2, 1, ceil_mode=True)", (2, 2, 6, 5)),
    Row("MaxPool2d((2, 3), (3, 1), (1, 0), (2, 1))", (2, 2, 5, 4)),
    Row("MaxPool2d(2, 5, 0, 3, ceil_mode=True)", (1, 2, 9, 7)),
    Row("AvgPool2d(2)", (2, 3, 4, 5)),
    Row("AvgPool2d((2, 3), 1, 1)", (2, 3, 3, 4)),
    Row("AvgPool2d(3, 2, 1, ceil_mode=True)", (2, 2, 6, 5)),
    Row("AvgPool2d(3, 2, 1, count_include_pad=False)", (2, 2, 6, 5)),
    Row("AvgPool2d((4, 3), (3, 4), (2, 1), True, False)", (1, 2, 5, 8)),
    Row("AvgPool2d(2, 3, 1, True, divisor_override=3)", (1, 2, 5, 4)),
    Row("AdaptiveAvgPool2d((2, 3))", (2, 3, 5, 4)),
    Row("Flatten()", (2, 3, 2, 2)),
    Row("Flatten(1, 2)", (2, 3, 2, 2)),
    Row("Conv1d(4, 6, 3, stride=2, padding=1)", (2, 4, 7)),
    Row("Conv1d(4, 6, 4, padding='same', dilation=2, groups=2)", (2, 4, 7)),
    Row("Conv1d(2, 3, 3, padding=2, padding_mode='circular')", (2, 2, 4)),
    Row("Conv2d(2, 3, (3, 4), padding='same', dilation=(2, 1))", (2, 2, 4, 5)),
    Row("Conv2d(2, 3, 3, padding='valid', bias=False)", (2, 2, 4, 5)),
    Row("Conv2d(2, 3, 3, padding=1, padding_mode='reflect')", (2, 2, 4, 5)),
    Row("Conv2d(2, 3, 3, 2, (2, 1), padding_mode='replicate')", (2, 2, 4, 5)),
    Row("Conv2d(2, 3, (2, 4), padding='same', padding_mode='circular')", (2, 2, 4, 5)),
    Row("Conv3d(2, 4, (2, 3, 2), stride=(2, 1, 1), padding=(1, 0, 1), groups=2)", (2, 2, 4, 3, 3)),
    Row("Conv3d(2, 3, (3, 2, 3), padding='same', dilation=(1, 1, 2))", (1, 2, 3, 3, 4)),
    Row("Conv3d(1, 2, 3, padding=1, padding_mode='reflect', bias=False)", (1, 1, 3, 3, 3)),
    Row("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)", (2, 4, 5)),
    Row("BatchNorm3d(2)", (2, 2, 2, 3, 2), TWICE),
    Row("BatchNorm3d(2)", (2, 2, 2, 3, 2), EVALUATED),
    Row("InstanceNorm1d(3)", (2, 3, 4)),
    Row("InstanceNorm1d(3, affine=True, track_running_stats=True)", (2, 3, 4), TWICE),
    Row("InstanceNorm2d(3, eps=0.01, affine=True)", (2, 3, 3, 2)),
    Row("InstanceNorm2d(3, momentum=0.3, track_running_stats=True)", (2, 3, 3, 2), EVALUATED),
    Row("GroupNorm(2, 4)", (2, 4, 3, 2)),
    Row("GroupNorm(3, 6, affine=False)", (2, 6)),
    Row("GroupNorm(1, 2, eps=0.1)", (2, 2, 4)),
    Row("RMSNorm(6)", (2, 3, 6)),
    Row("RMSNorm((3, 4), eps=0.1)", (2, 3, 4)),
    Row("RMSNorm(4, elementwise_affine=False)", (2, 4)),
    Row("MaxPool1d(2)", (2, 3, 7)),
    Row("MaxPool1d(3, 2, 1, 2, ceil_mode=True)", (2, 3, 8)),
    Row("AvgPool1d(2)", (2, 3, 7)),
    Row("AvgPool1d(3, 2, 1, ceil_mode=True, count_include_pad=False)", (2, 3, 8)),
    Row("AdaptiveAvgPool1d(3)", (2, 3, 7)),
    Row("AdaptiveAvgPool2d((None, 2))", (2, 3, 3, 5)),
    Row("AdaptiveMaxPool1d(3)", (2, 3, 7)),
    Row("AdaptiveMaxPool2d((2, 3))", (2, 3, 5, 4)),
    Row("Unflatten(1, (2, 3))", (2, 6, 2)),
    Row("Unflatten(-1, (-1, 2))", (2, 3, 4)),
    Row("Identity()", (3, 4)),
    Row("ZeroPad2d((1, 2, 0, 3))", (2, 2, 3, 2)),
    Row("ReflectionPad2d((1, 2, 1, 0))", (2, 2, 3, 3)),
    Row("ReplicationPad2d(2)", (2, 2, 3, 2)),
    Row("Upsample(scale_factor=2)", (2, 2, 3, 2)),
    Row("Upsample(size=(5, 7))", (2, 2, 3, 4)),
    Row("Upsample(scale_factor=(1.7, 0.6))", (2, 2, 4, 5)),
    Row("Upsample(scale_factor=2, mode='bilinear')", (2, 2, 3, 4)),
    Row("Upsample(scale_factor=(1.7, 0.6), mode='bilinear')", (2, 2, 4, 5)),
    Row("Upsample((5, 7), mode='bilinear', align_corners=True)", (2, 2, 3, 4)),
    Row("Upsample((1, 2), mode='bilinear', align_corners=True)", (2, 2, 3, 4)),
    Row("Upsample(7, mode='linear')", (2, 2, 4)),
    Row("Upsample(scale_factor=1.5, mode='trilinear')", (1, 2, 2, 3, 4)),
    Row("ReLU()", (3, 4)),
    Row("ELU()", (3, 4)),
    Row("ELU(0.5)", (3, 4)),
    Row("LeakyReLU()", (3, 4)),
    Row("LeakyReLU(0.2)", (3, 4)),
    Row("GELU()", (3, 4)),
    Row("GELU(approximate='tanh')", (3, 4)),
    Row("SiLU()", (3, 4)),
    Row("Sigmoid()", (3, 4)),
    Row("Softplus()", (3, 4)),
    Row("Tanh()", (3, 4)),
    Row("Softmax(-1)", (3, 4)),
    Row("Softmax(1)", (2, 3, 2)),
    Row("LogSoftmax(-1)", (3, 4)),
    Row("CELU()", (3, 4)),
    Row("CELU(0.5)", (3, 4)),
    Row("GLU()", (3, 4)),
    Row("GLU(1)", (2, 4, 2)),
    Row("Hardswish()", (3, 4)),
    Row("Hardtanh()", (2, 4)),
    Row("Hardtanh(-0.5, 1.5)", (3, 4)),
    Row("LogSigmoid()", (3, 4)),
    Row("Mish()", (3, 4)),
    Row("PReLU()", (3, 4)),
    Row("PReLU(3)", (2, 3, 2)),
    Row("ReLU6()", (3, 4)),
    Row("SELU()", (3, 4)),
    Row("Softsign()", (3, 4)),
    Row("Tanhshrink()", (3, 4)),
    Row("RNN(3, 4, nonlinearity='relu')", (3, 2, 3), STATE),
    Row("GRU(3, 4, num_layers=2, batch_first=True)", (2, 3, 3), STATE),
    Row("LSTM(3, 4, num_layers=2, bidirectional=True)", (3, 2, 3), STATE),
    Row("RNNCell(3, 4)", (2, 3)),
    Row("RNNCell(3, 4, nonlinearity='relu', bias=False)", (3,)),
    Row("GRUCell(3, 4)", (2, 3)),
    Row("LSTMCell(3, 4)", (2, 3)),
    Row("LSTMCell(3, 4, bias=False)", (3,)),
    Row("Embedding(5, 3, padding_idx=-1)", [[0, 4, 4], [2, 0, 4]]),
    Row("EmbeddingBag(5, 3)", [[0, 4, 4], [2, 0, 4]]),
    Row("EmbeddingBag(5, 3)", [0, 4, 4, 1, 0], "with offsets"),
    Row("EmbeddingBag(5, 3, mode='max', padding_idx=4)", [0, 1, 4, 4, 0], "with offsets"),
    Row("EmbeddingBag(5, 3, mode='max')", [[0, 4, 1], [2, 0, 3]]),
    Row("EmbeddingBag(5, 3, padding_idx=4)", [[0, 4, 4], [4, 4, 4]]),
    Row("EmbeddingBag(5, 3, mode='sum', include_last_offset=True)", [0, 4, 1, 1], "with an end"),
    Row("EmbeddingBag(5, 3, mode='sum')", [[0, 4, 1], [2, 2, 3]], "weighed"),
    Row("EmbeddingBag(5, 3, mode='sum', padding_idx=1)", [[0, 4, 1], [2, 2, 3]], "weighed"),
    Row("MultiheadAttention(4, 2)", (3, 2, 4)),
    Row("MultiheadAttention(4, 1, bias=False)", (3, 4)),
    Row("MultiheadAttention(4, 2, batch_first=True)", (2, 3, 4), MASKED),
    Row("MultiheadAttention(4, 4)", (3, 2, 4), ADDED),
    Row("TransformerEncoderLayer(4, 2, 3, dropout=0.0)", (3, 2, 4), MASKED),
    Row(
        "TransformerEncoderLayer(4, 2, 3, 0.0, 'gelu', 0.01, batch_first=True, norm_first=True, bias=False)",
        (2, 3, 4),
    ),
    Row("TransformerEncoder(TransformerEncoderLayer(4, 2, 3, 0.0, 'gelu'), 2)", (3, 2, 4), ADDED),
    Row("TransformerEncoder(TransformerEncoderLayer(4, 2, 3, 0.0), 1, norm=LayerNorm(4))", (3, 4)),
    Row("TransformerDecoderLayer(4, 2, 3, dropout=0.0, activation='gelu')", (3, 2, 4), MASKED),
    Row("TransformerDecoderLayer(4, 1, 3, 0.0, norm_first=True)", (3, 4)),
    Row("TransformerDecoder(TransformerDecoderLayer(4, 2, 3, 0.0, 'gelu'), 2)", (3, 2, 4), ADDED),
]


def layer_input(row):
    return row.draw("x", *row.data) if isinstance(row.data, tuple) else np.array(row.data)


def call_layer(row, layer, x, array=np.array):
    """Call a layer as often and in the modes that the row says; the last output counts."""
    options = OPTIONS.get((row.name, row.how), {})
    options = {name: array(value) for name, value in options.items()}
    for _ in range(2 if row.how in (TWICE, EVALUATED) else 1):
        out = layer(*[x] * INPUTS.get(row.name, 1), **options)
        if isinstance(out, tuple):  # the output and the last states, a pair of an LSTM
            out = out[row.how == STATE]
            out = out[1] if isinstance(out, tuple) else out
    return layer.eval()(x) if row.how == EVALUATED else out


# --- optimisers: five steps of the parameter p, or twelve ------------------------------------------

OPTIMISERS = [
    Row("SGD([p], lr=0.1)"),
    Row("SGD([p], lr=0.1, momentum=0.9)"),
    Row("SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)"),
    Row("SGD([p], lr=0.1, weight_decay=0.05)"),
    Row("Adam([p], lr=0.1)"),
    Row("Adam([p], lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)"),
    Row("AdamW([p], lr=0.1)"),
    Row("AdamW([p], lr=0.1, weight_decay=0.3)"),
    Row("RMSprop([p], lr=0.05)"),
    Row("RMSprop([p], lr=0.05, alpha=0.9, eps=1e-3, momentum=0.8, weight_decay=0.1)"),
    Row("SGD([p], 0.1, 0.9, 0.3, 0.05)"),
    Row("SGD([p], lr=0.1, weight_decay=0.05, maximize=True)"),
    Row("Adam([p], lr=0.1, betas=(0.8, 0.5), weight_decay=0.1, amsgrad=True, maximize=True)"),
    Row("AdamW([p], 0.1, (0.8, 0.5), 1e-3, 0.3, True)"),
    Row("RMSprop([p], 0.05, 0.9, 1e-3, 0.1, 0.0, True)"),
    Row("RMSprop([p], lr=0.05, momentum=0.8, centered=True, maximize=True)"),
    Row("Adagrad([p])"),
    Row("Adagrad([p], 0.1, 0.2, 0.1, 0.5, 1e-3, maximize=True)"),
    Row("Adadelta([p])"),
    Row("Adadelta([p], 0.5, 0.8, 1e-3, 0.1, maximize=True)"),
    Row("Adamax([p])"),
    Row("Adamax([p], 0.1, (0.8, 0.6), 1e-3, 0.1, maximize=True)"),
    Row("NAdam([p])"),
    Row("NAdam([p], 0.1, (0.8, 0.95), 1e-3, 0.1, 0.5, maximize=True)"),
    Row("NAdam([p], 0.1, (0.8, 0.95), 1e-3, 0.1, 0.5, True)"),
    Row("RAdam([p])"),
    Row("RAdam([p], 0.1, (0.8, 0.9), 1e-3, 0.1, maximize=True)", how="twelve steps"),
    Row("RAdam([p], 0.1, (0.8, 0.9), 1e-3, 0.1, True)", how="twelve steps"),
    Row("Rprop([p])"),
    Row("Rprop([p], 0.1, (0.4, 1.5), (0.05, 0.2), maximize=True)", how="twelve steps"),
]


def start_and_gradients(row):
    return row.draw("start", 3), row.draw("gradients", 12 if row.how else 5, 3)


# --- searches: two steps, each of several iterations, from a start to the lowest place of a valley ------

SEARCHES = [
    Row("LBFGS([p])", "Rosenbrock"),
    Row("LBFGS([p], 0.1, 5, 4)", "Rosenbrock"),
    Row("LBFGS([p], 0.5, 12, history_size=2)", "Powell"),
    Row("LBFGS([p], tolerance_grad=1.0)", "Powell"),
    Row("LBFGS([p], tolerance_change=1e-2, line_search_fn='strong_wolfe')", "Powell"),
    Row("LBFGS([p], line_search_fn='strong_wolfe')", "Rosenbrock"),
    Row("LBFGS([p], 2.0, 4, history_size=3, line_search_fn='strong_wolfe')", "Powell"),
    Row("LBFGS([p], 1e-3, 8, 30, line_search_fn='strong_wolfe')", "Rosenbrock"),
    Row("LBFGS([p], 50.0, 8, 9, line_search_fn='strong_wolfe')", "Powell"),
]


def valley(row, p):
    """The height at four numbers."""
    a, b, c, d = (p[k] for k in range(4))
    if row.data == "Rosenbrock":
        return (1 - a) ** 2 + 100 * (b - a * a) ** 2 + (1 - c) ** 2 + 100 * (d - c * c) ** 2
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


# --- groups: five steps of the parameters p, q and r, which differ in their options ----------------

GROUPS = [
    Row("SGD([{'params': [p, q], 'momentum': 0.9}, {'params': [r], 'lr': 0.01}], lr=0.1)"),
    Row("SGD([{'params': [p], 'momentum': 0.9, 'nesterov': True}, {'params': [q, r]}], weight_decay=0.1)"),
    Row("Adam([{'params': [p], 'betas': (0.8, 0.95)}, {'params': [q, r], 'weight_decay': 0.1}], lr=0.1)"),
    Row("AdamW([{'params': [p, q], 'weight_decay': 0.1}, {'params': [r], 'lr': 0.01}], lr=0.1)"),
    Row("RMSprop([{'params': [p], 'alpha': 0.9}, {'params': [q], 'momentum': 0.8}, {'params': [r]}], lr=0.05)"),
    Row("Adam([{'params': [p, q], 'amsgrad': True}, {'params': [r], 'maximize': True}], lr=0.1, betas=(0.8, 0.5))"),
    Row("RMSprop([{'params': [p], 'centered': True}, {'params': [q, r]}], lr=0.05)"),
    Row("Adagrad([{'params': [p], 'lr_decay': 0.5}, {'params': [q, r], 'weight_decay': 0.1}], lr=0.1)"),
    Row("Adadelta([{'params': [p], 'rho': 0.5}, {'params': [q, r], 'lr': 0.1}])"),
    Row("Adamax([{'params': [p], 'betas': (0.8, 0.6)}, {'params': [q, r], 'eps': 0.1}])"),
    Row("NAdam([{'params': [p], 'momentum_decay': 0.5}, {'params': [q, r], 'weight_decay': 0.1}])"),
    Row("RAdam([{'params': [p], 'betas': (0.8, 0.5)}, {'params': [q, r], 'weight_decay': 0.1}])"),
    Row("Rprop([{'params': [p], 'etas': (0.2, 2.0)}, {'params': [q, r], 'step_sizes': (0.01, 0.02)}])"),
]  # fmt: skip


def groups_start_and_gradients(row):
    """The start of each parameter, and for each step the gradient of each."""
    return row.draw("start", 3, 2), row.draw("gradients", 5, 3, 2)


# --- averages: of a parameter after each of six updates -------------------------------------------

AVERAGES = [
    Row("ExponentialMovingAverage([p])"),
    Row("ExponentialMovingAverage([p], 0.9)"),
    Row("ExponentialMovingAverage([p], decay=0.3)"),
]

# --- schedules: of the optimiser sgd, whose learning rate is 0.2, or 0.2 and 0.05 of two groups ----

SCHEDULES = [
    Row("StepLR(sgd, step_size=3, gamma=0.5)"),
    Row("CosineAnnealingLR(sgd, T_max=8, eta_min=0.01)"),
    Row("OneCycleLR(sgd, max_lr=0.5, total_steps=12)"),
    Row("OneCycleLR(sgd, 1.0, 12, pct_start=0.5, div_factor=10.0, final_div_factor=100.0)"),
    Row("ReduceLROnPlateau(sgd, factor=0.5, patience=1, min_lr=0.03)"),
    Row("ReduceLROnPlateau(sgd, mode='max', factor=0.1, patience=0, threshold=0.1)"),
    Row(
        "ReduceLROnPlateau(sgd, factor=0.5, patience=0, threshold=0.15, threshold_mode='abs', cooldown=2)"
    ),
    Row("StepLR(sgd, step_size=3, gamma=0.5)", "groups"),
    Row("CosineAnnealingLR(sgd, T_max=8, eta_min=0.01)", "groups"),
    Row("OneCycleLR(sgd, max_lr=[0.5, 0.1], total_steps=12)", "groups"),
    Row("OneCycleLR(sgd, max_lr=0.5, total_steps=12)", "groups"),
    Row("ReduceLROnPlateau(sgd, factor=0.5, patience=1, min_lr=[0.03, 0.02])", "groups"),
    Row("MultiStepLR(sgd, [3, 7, 7], gamma=0.5)", "groups"),
    Row("ExponentialLR(sgd, 0.8)", "groups"),
    Row("ConstantLR(sgd)"),
    Row("ConstantLR(sgd, factor=0.1, total_iters=3)", "groups"),
    Row("LinearLR(sgd)"),
    Row("LinearLR(sgd, 0.5, 0.1, 7)", "groups"),
    Row("PolynomialLR(sgd)"),
    Row("PolynomialLR(sgd, 8, power=0.9)", "groups"),
    Row("LambdaLR(sgd, lambda n: 0.9**n)"),
    Row("LambdaLR(sgd, [lambda n: 0.9**n, lambda n: 1 / (1 + n)])", "groups"),
    Row("CosineAnnealingWarmRestarts(sgd, 3)"),
    Row("CosineAnnealingWarmRestarts(sgd, T_0=2, T_mult=2, eta_min=0.01)", "groups"),
    Row("CyclicLR(sgd, 0.1, 0.4, 3)"),
    Row("CyclicLR(sgd, [0.1, 0.2], [0.4, 0.3], 2, 3, mode='triangular2')", "groups"),
    Row(
        "CyclicLR(sgd, base_lr=0.1, max_lr=0.4, step_size_up=2, mode='exp_range', gamma=0.9)",
        "groups",
    ),
    Row(
        "SequentialLR(sgd, [LinearLR(sgd, 0.1, total_iters=3), CosineAnnealingLR(sgd, 8)], [3])",
        "groups",
    ),
    Row(
        "SequentialLR(sgd, [ConstantLR(sgd, 0.1, 2), StepLR(sgd, 2), ExponentialLR(sgd, 0.5)], milestones=[4, 8])"
    ),
    Row("ChainedScheduler([ConstantLR(sgd, 0.1, 4), ExponentialLR(sgd, 0.9)])", "groups"),
    Row(
        "ChainedScheduler([LinearLR(sgd, 0.25), CosineAnnealingLR(sgd, 12), MultiStepLR(sgd, [6])])"
    ),
]
RATES = {"": [0.2], "groups": [0.2, 0.05]}
METRICS = [1.0, 0.8, 0.9, 0.85, 0.7, 0.7, 0.7, 0.71, 0.72, 0.9, 0.6]

TABLES = {
    "losses": LOSSES, "layers": LAYERS, "optimisers": OPTIMISERS, "groups": GROUPS,
    "searches": SEARCHES, "averages": AVERAGES, "schedules": SCHEDULES,
}  # fmt: skip

#: What has no row, and why.
WITHOUT = {
    "losses": {},
    "layers": {
        "Sequential": "it computes what its steps do",
        "Dropout": "it draws at random",
        "Dropout1d": "it draws at random",
        "Dropout2d": "it draws at random",
        "ModuleDict": "it is not called",
        "ModuleList": "it is not called",
        "Hardsigmoid": "PyTorch's gradient has a sixth in float32",
    },
    "optimisers": {"LBFGS": "it takes a function, as the searches say"},
    "groups": {"LBFGS": "it takes one group"},
    "searches": {},
    "averages": {},
    "schedules": {},
}
