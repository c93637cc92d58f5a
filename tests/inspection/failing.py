"""Programs whose loss or gradient is not finite, as they are asked about in forums: the line and the advice.

Each builds a loss; the line that is at fault ends in ``# <- here``.
"""

import numpy as np

import agx as ag

PROGRAMS = {}


def failing(advice):
    """Register a program, and what the advice on it has to name."""

    def register(function):
        PROGRAMS[function.__name__] = (function, advice)
        return function

    return register


def scores():
    return ag.Tensor([[1000.0, 0.0, -3.0], [0.5, 1.0, 2.0]], label="z")


@failing("ag.log_softmax")
def log_of_softmax():
    p = ag.softmax(scores())
    return -ag.mean(np.log(p)[:, 1])  # <- here


@failing("ag.log_softmax")
def log_of_picked_softmax():
    p = ag.softmax(scores())
    q = p[np.arange(2), [1, 0]]
    return -ag.sum(np.log(q))  # <- here


@failing("ag.softmax")
def softmax_by_hand():
    e = np.exp(scores())  # <- here
    p = e / e.sum(axis=1, keepdims=True)
    return ag.mean(p**2)


@failing("ag.log_softmax")
def log_of_exp_over_sum():
    z = scores() - 1000.0
    e = np.exp(z)
    p = e[:1] / np.sum(e[:1])
    return -np.sum(np.log(p))  # <- here


@failing("ag.logsigmoid")
def log_of_sigmoid():
    z = ag.Tensor([-800.0, 2.0])
    return -np.sum(np.log(ag.sigmoid(z)))  # <- here


@failing("tanh")
def tanh_by_hand():
    x = ag.Tensor([800.0, 2.0])
    up, down = np.exp(x), np.exp(-x)  # <- here
    return np.sum((up - down) / (up + down))


@failing("ag.logsigmoid")
def binary_cross_entropy_by_hand():
    z, y = ag.Tensor([50.0, -1.0]), np.array([1.0, 0.0])
    p = ag.sigmoid(z)
    near, far = y * np.log(p), np.log(1 - p)  # <- here
    return -np.mean(near + (1 - y) * far)


@failing("log1p")
def log_of_complement():
    p = ag.Tensor([0.2, 1.0])
    return np.sum(np.log(1 - p))  # <- here


@failing("ag.logsumexp")
def log_of_sum_of_exponentials():
    z = ag.Tensor([800.0, 1.0])
    e = np.exp(z)  # <- here
    return np.log(np.sum(e))


@failing("ag.logsumexp")
def log_of_sum_that_vanishes():
    z = ag.Tensor([-800.0, -900.0])
    return np.log(np.sum(np.exp(z)))  # <- here


@failing("ag.softplus")
def softplus_by_hand():
    z = ag.Tensor([3.0, 1000.0])
    return np.mean(np.log(1 + np.exp(z)))  # <- here


@failing("ag.softplus")
def softplus_by_log1p():
    z = ag.Tensor([3.0, 1000.0])
    return np.mean(np.log1p(np.exp(z)))  # <- here


@failing("ag.logaddexp")
def log_of_two_exponentials():
    a, b = ag.Tensor(-900.0), ag.Tensor(-800.0)
    return np.log(np.exp(a) + np.exp(b))  # <- here


@failing("beyond what the dtype holds")
def rate_of_poisson():
    eta = ag.Tensor(np.array([1.0, 120.0], np.float32))
    rate = np.exp(eta)  # <- here
    return np.mean(rate - eta * 3.0)


@failing("expm1")
def decay():
    t = ag.Tensor([1.0, 1000.0])
    return np.sum(1 - np.exp(t))  # <- here


@failing("-np.expm1(z) for 1 - exp(z)")
def mean_decay_at_zero():
    t = ag.Tensor([0.0, 2.0])
    return np.sum((1 - np.exp(-t)) / t)  # <- here


@failing("np.expm1(z) for exp(z) - 1")
def relative_growth_at_zero():
    t = ag.Tensor([0.0, 2.0])
    return np.sum((np.exp(t) - 1) / t)  # <- here


@failing("ag.where(y == 0, 1, y)")
def bernoulli_function_at_zero():
    x = ag.Tensor([0.0, 2.0])
    return np.sum(x / (1 - np.exp(x)))  # <- here


@failing("np.expm1(z) for exp(z) - 1")
def bose_occupation_of_zero():
    x = ag.Tensor([0.0, 2.0])
    return np.sum(1 / (-1 + np.exp(x)))  # <- here


@failing("write log(-np.expm1(z)) for log(1 - exp(z))")
def log_of_one_minus_exponential():
    x = ag.Tensor([1e-20, 2.0])
    return np.sum(np.log(1 - np.exp(-x)))  # <- here


@failing("np.maximum(norm, eps)")
def direction_of_zero():
    v = ag.Tensor([0.0, 0.0])
    u = v / ag.linalg.norm(v)  # <- here
    return np.sum(u)


@failing("np.maximum(norm, eps)")
def cosine_similarity():
    a, b = ag.Tensor([0.0, 0.0]), np.array([1.0, 2.0])
    lengths = ag.linalg.norm(a) * ag.linalg.norm(b)
    return a @ b / ag.linalg.norm(a) + 0 * lengths  # <- here


@failing("ag.linalg.norm")
def distance_to_itself():
    a = ag.Tensor([1.0, 2.0])
    return np.sqrt(np.sum((a - np.array([1.0, 2.0])) ** 2))  # <- here


@failing("sqrt(x + eps)")
def root_at_zero():
    x = ag.Tensor([0.0, 4.0])
    return np.sum(np.sqrt(x))  # <- here


@failing("np.maximum(x, 0)")
def root_of_negative():
    x = ag.Tensor([-1e-9, 4.0])
    return np.sum(np.sqrt(x))  # <- here


@failing("std + eps")
def standardised_constant():
    x = ag.Tensor([3.0, 3.0, 3.0])
    z = (x - np.mean(x)) / np.std(x)  # <- here
    return np.sum(z)


@failing("sqrt(var + eps)")
def batch_norm_by_hand():
    x = ag.Tensor(np.ones((4, 2)))
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    y = (x - mean) / np.sqrt(var)  # <- here
    return y.sum()


@failing("range + eps")
def scaled_to_its_range():
    x = ag.Tensor([2.0, 2.0])
    y = (x - np.min(x)) / (np.max(x) - np.min(x))  # <- here
    return y.sum()


@failing("np.maximum(sum, 1)")
def mean_of_a_mask():
    x, mask = ag.Tensor([1.0, 2.0]), np.zeros(2)
    return np.sum(x * mask) / np.sum(ag.Tensor(mask) * 1.0)  # <- here


@failing("average")
def mean_of_nothing():
    x = ag.Tensor([1.0, 2.0])
    chosen = x[np.zeros(2, bool)]
    return ag.mean(chosen)  # <- here


@failing("ddof=0")
def spread_of_one():
    x = ag.Tensor([1.0])
    return ag.var(x, ddof=1)  # <- here


@failing("log1p")
def log_of_one_plus():
    x = ag.Tensor([-1.0, 0.5])
    return np.sum(np.log(1 + x))  # <- here


@failing("above -1")
def log1p_at_its_end():
    x = ag.Tensor([-1.0, 0.5])
    return np.sum(np.log1p(x))  # <- here


@failing("not real")
def log_of_negative():
    x = ag.Tensor([-0.1, 0.5])
    return np.sum(np.log(x))  # <- here


@failing("its slope 1 / x overflows")
def log_of_a_denormal_number():
    x = ag.Tensor([1e-320, 0.5])
    return np.sum(np.log(x))  # <- here


@failing("its slope is infinite there: for a gradient, clip x too, x = np.maximum(x, eps)")
def entropy():
    p = ag.Tensor([0.0, 0.5, 0.5])
    return -np.sum(p * np.log(p))  # <- here


@failing("np.maximum(y, eps)")
def entropy_by_xlogy():
    p = ag.Tensor([0.0, 0.5, 0.5])
    return -np.sum(ag.special.xlogy(p, p))  # <- here


@failing("log(x + eps)")
def log_likelihood_of_zero():
    p = ag.Tensor([0.0, 0.5])
    return -np.mean(np.log(p))  # <- here


@failing("infinite slope for p below 1")
def fractional_power_at_zero():
    x = ag.Tensor([0.0, 1.0])
    return np.sum(x**0.3)  # <- here


@failing("negative power")
def inverse_square():
    r = ag.Tensor([0.0, 1.0])
    return np.sum(r**-2.0)  # <- here


@failing("fractional power")
def root_of_negative_by_power():
    x = ag.Tensor([-8.0])
    return np.sum(x ** (1 / 3))  # <- here


@failing("np.clip(x, -1, 1)")
def angle_by_rounding():
    c = ag.Tensor(1.0 + 1e-12)
    return np.arccos(c)  # <- here


@failing("np.clip(x, -1 + eps, 1 - eps)")
def angle_of_parallels():
    c = ag.Tensor(1.0)
    return np.arccos(c)  # <- here


@failing("np.clip(x, -1 + eps, 1 - eps)")
def fisher_transform():
    r = ag.Tensor([1.0 - 1e-30, 0.5])
    return np.sum(np.arctanh(r)[1:] * 2) + np.sum(np.arcsin(r))  # <- here


@failing("np.where")
def quotient_of_zeros():
    a, b = ag.Tensor([0.0, 1.0]), ag.Tensor([0.0, 2.0])
    return np.sum(a / b)  # <- here


@failing("np.where")
def chosen_after_the_division():
    x = ag.Tensor([0.0, 2.0])
    inverse = 1 / x  # <- here
    return np.sum(inverse * (x.value != 0))


@failing("np.hypot")
def length_that_overflows():
    a = ag.Tensor(np.array([1e25, 2.0], np.float32))
    return np.sqrt(np.sum(a * a))  # <- here


@failing("learning rate")
def weights_that_exploded():
    w, x = ag.Tensor(np.full((2, 2), 1e38, np.float32)), np.full((1, 2), 10.0, np.float32)
    return ag.sum(x @ w)  # <- here


@failing("use a smaller learning rate or clip the gradients")
def descent_that_diverges():
    w, a = ag.Tensor(np.ones(3)), np.arange(1.0, 4.0)
    opt = ag.optim.SGD([w], lr=10.0)
    while True:
        loss = np.sum((w * a - 1) ** 2)  # <- here
        if not np.isfinite(loss.item()):
            return loss
        opt.zero_grad()
        loss.backward()
        opt.step()


@failing("scale the data")
def running_total_that_overflows():
    x = ag.Tensor([1e308, 1e308])
    return np.cumsum(x)[1]  # <- here


@failing("an argument of 'mul' holds infinity at (0,)")
def infinite_constant():
    x = ag.Tensor([1.0, 1.0])
    return np.sum(x * np.array([np.inf, 1.0]))  # <- here


@failing("'x' holds infinity at (1,)")
def difference_of_infinite_data():
    x = ag.Tensor([1.0, np.inf], label="x")
    return np.sum(x - x)


@failing("logarithms")
def likelihood_as_product():
    p = ag.Tensor(np.full(400, 10.0))
    return ag.prod(p)  # <- here


@failing("sum of the logarithms")
def log_of_a_product():
    p = ag.Tensor(np.full(400, 0.1))
    return np.log(ag.prod(p))  # <- here


@failing("logaddexp")
def log_cosh():
    x = ag.Tensor([800.0])
    return np.sum(np.log(np.cosh(x)))  # <- here


@failing("hides a whole row")
def attention_of_a_masked_row():
    s, mask = ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[True, False], [False, False]])
    hidden = np.where(mask, s, -np.inf)
    shifted = hidden - np.max(hidden, axis=1, keepdims=True)  # <- here
    e = np.exp(shifted)
    return ag.sum(e / e.sum(axis=1, keepdims=True))


@failing("gammaln")
def factorial():
    n = ag.Tensor([200.0])
    return np.sum(ag.special.gamma(n))  # <- here


@failing("float32")
def cast_that_overflows():
    x = ag.Tensor([1e39])
    return ag.sum(x.astype(np.float32))  # <- here


@failing("row 1, column 0")
def missing_value_in_data():
    x = np.array([[1.0, 2.0], [np.nan, 3.0]])
    w = ag.Tensor([1.0, 1.0])
    return ag.sum(x @ w)  # <- here


@failing("lower the learning rate")
def weight_that_is_infinite():
    layer = ag.nn.Linear(2, 1)
    layer.weight.value[0, 1] = np.inf
    return ag.sum(layer(np.ones((1, 2), np.float32)))


@failing("np.log|logarithm of 0")
def number_by_number():
    x = ag.Scalar(0.0, label="x")
    return x.log() + 2.0  # <- here


@failing("sqrt(x + eps)")
def number_with_an_infinite_slope():
    x = ag.Scalar(0.0, label="x")
    return x.sqrt() + 1.0  # <- here
