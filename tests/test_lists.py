"""Lists of Tensors in the place of arrays: their gradients arrive, or a TypeError says what to do.

Every function, method and layer that takes arrays is called here, once with each of its arrays as a
Tensor and then with nested lists and tuples of Tensors, and of Tensors among numbers and arrays.
"""

import inspect
import re
import warnings

import numpy as np
import pytest
from public import kinds, public

import agx as ag
from agx._engine.graph import Node, Primitive
from agx._engine.trees import flatten

pytest.importorskip("scipy")
M = np.array([[0.7, 0.2], [0.3, 0.6]])
N = np.array([[0.55, 0.25], [0.35, 0.65]])
K = np.array([[0.75, 0.15], [0.4, 0.45]])
V, W = np.array([0.2, 0.5, 0.9]), np.array([0.7, 0.35, 0.15])
X = np.arange(1.0, 65.0).reshape(2, 2, 4, 4) / 100
F = np.arange(1.0, 37.0).reshape(2, 2, 3, 3) / 50
HOLE = np.array([0.2, np.nan, 0.9])
EYE = np.eye(2, dtype=bool)
PLACES = [0, 1, 1], [0, 0, 1]


def c(*args, **kwargs):
    return args, kwargs


#: Calls of the functions that do not take as many arrays as they need arguments, or take more of them.
rows = {
    "adaptive_avg_pool1d": [c(X[0], 2)],
    "adaptive_avg_pool2d": [c(X, 2)],
    "adaptive_max_pool1d": [c(X[0], 2)],
    "adaptive_max_pool2d": [c(X, 2)],
    "angle": [c(M)],
    "append": [c(M, N), c(M, N, 0)],
    "apply_along_axis": [c(lambda v: v * v, 0, M)],
    "apply_over_axes": [c(np.sum, M, [0])],
    "array_split": [c(V, 2)],
    "astype": [c(M, np.float64)],
    "average": [c(M), c(M, weights=N), c(M, 0, V[:2])],
    "avg_pool1d": [c(X[0], 2)],
    "avg_pool2d": [c(X, 2)],
    "bincount": [c([0, 1, 1], weights=V)],
    "block": [c(M), c([[np.array([[0.5]])]])],
    "broadcast_arrays": [c(M, V[:2])],
    "broadcast_to": [c(V, (2, 3))],
    "choose": [c([0, 1, 0], [V, W])],
    "clip": [c(V, 0.3, 0.6), c(V, W, None), c(V, max=W), c(V, W, W + 0.1)],
    "col2im": [c(np.ones((2, 4, 2, 3, 3)) * 0.3, (2, 2, 4, 4), 3)],
    "compress": [c([True, False, True], V)],
    "concat": [c([M, N]), c((M, N), None)],
    "concatenate": [c([M, N]), c((M, N), None), c([M, N], dtype=np.float64)],
    "conv1d": [c(X[0], F.reshape(3, 4, 3), V)],
    "conv2d": [c(X, F, V[:2])],
    "conv3d": [c(X[:, :, None], F[:, :, None], V[:2])],
    "conv_transpose1d": [c(X[0], F.reshape(4, 3, 3), V)],
    "conv_transpose2d": [c(X, F, V[:2])],
    "convolve": [c(V, W)],
    "correlate": [c(V, W)],
    "cosine_embedding_loss": [c(M, N, [1, -1])],
    "cov": [c(M, N), c(M, aweights=V[:2])],
    "cross": [c(V, W)],
    "cross_entropy": [c(M, [0, 1]), c(M, N), c(M, [0, 1], weight=[1.0, 2.0])],
    "cumulative_prod": [c(V)],
    "cumulative_sum": [c(V)],
    "delete": [c(V, 1)],
    "diff": [c(V), c(V, prepend=W, append=W)],
    "dsplit": [c(X[0], 2)],
    "ediff1d": [c(V, W, V)],
    "einsum": [c("ij,j->i", M, V[:2]), c(M, [0, 1], V[:2], [1])],
    "expand_dims": [c(V, 0)],
    "extract": [c([True, False, True], V)],
    "focal_loss": [c(M, [0, 1]), c(M, [0, 1], weight=[1.0, 2.0])],
    "full": [c((2, 3), V)],
    "full_like": [c(np.ones((2, 3)), V)],
    "geomspace": [c(V, W, 4)],
    "getitem": [c(V, 1)],
    "gradient": [c(V), c(V, W), c(M, axis=0)],
    "histogram": [c(V, 3, weights=W)],
    "histogram2d": [c(V, W, 3, weights=W)],
    "histogramdd": [c(M, 3, weights=V[:2])],
    "hinge_embedding_loss": [c(M, [[1, -1], [-1, 1]])],
    "hsplit": [c(M, 2)],
    "im2col": [c(X, 3)],
    "insert": [c(V, 1, W[:1])],
    "interpolate": [c(X, 3), c(X, None, 2.0), c(X, 3, mode="bilinear")],
    "interp": [c(np.array([0.3, 0.6]), V, W)],
    "ix_": [c(V, W)],
    "ldexp": [c(V, [1, 2, 3])],
    "linear": [c(M, N, V[:2])],
    "linspace": [c(V, W, 4)],
    "logspace": [c(V, W, 4), c(V, W, 4, base=V)],
    "logsumexp": [c(M)],
    "margin_ranking_loss": [c(M, N, [[1, -1], [1, -1]])],
    "max": [c(V)],
    "max_pool1d": [c(X[0], 2)],
    "max_pool2d": [c(X, 2)],
    "meshgrid": [c(V, W)],
    "moveaxis": [c(M, 0, 1)],
    "multi_margin_loss": [c(M, [0, 1])],
    "nanmax": [c(V)],
    "nanpercentile": [c(V, 30.0)],
    "nanquantile": [c(V, 0.3)],
    "nansum": [c(V), c(V, where=[True, False, True])],
    "nanvar": [c(V), c(V, mean=np.array([0.5]))],
    "nll_loss": [c(M, [0, 1]), c(M, [0, 1], weight=[1.0, 2.0])],
    "pad": [c(V, 1), c(V, 1, constant_values=V[:2]), c(V, 1, "linear_ramp", end_values=V[:2])],
    "partition": [c(V, 1)],
    "percentile": [c(V, 30.0)],
    "piecewise": [c(V, [V > 0.4], [lambda x: x * x, lambda x: x])],
    "polyadd": [c(V, W)],
    "polydiv": [c(V, W[:2])],
    "polyfit": [c(V, W, 1), c(V, W, 1, w=V)],
    "polyint": [c(V), c(V, 1, W[:1])],
    "polymul": [c(V, W)],
    "polysub": [c(V, W)],
    "polyval": [c(V, W)],
    "polyder": [c(V)],
    "prelu": [c(M, V[:2]), c(V, V[:1])],
    "prod": [c(V)],
    "put_along_axis": [c(V, np.array([1]), W[:1], 0)],
    "quantile": [c(V, 0.3)],
    "repeat": [c(V, 2)],
    "reshape": [c(M, 4), c(M, (4,))],
    "resize": [c(V, 5)],
    "roots": [c(np.array([1.0, -3.0, 2.0]))],
    "roll": [c(V, 1)],
    "rollaxis": [c(M, 1)],
    "scaled_dot_product_attention": [c(M, N, K), c(M, N, K, N), c(M, N, K, is_causal=True)],
    "select": [c([EYE, ~EYE], [M, N], K)],
    "sliding_window_view": [c(V, 2)],
    "soft_margin_loss": [c(M, [[1, -1], [1, 1]])],
    "split": [c(V, 3)],
    "std": [c(V), c(V, mean=np.array([0.5]))],
    "sum": [c(M), c(M, 0), c(V, where=[True, False, True])],
    "swapaxes": [c(M, 0, 1)],
    "take": [c(V, [0, 2])],
    "take_along_axis": [c(V, np.array([1]), 0)],
    "tensordot": [c(M, N), c(M, N, 1)],
    "tile": [c(V, 2)],
    "topk": [c(V, 2)],
    "trapezoid": [c(V, W)],
    "unstack": [c(M)],
    "vander": [c(V)],
    "var": [c(V), c(V, mean=np.array([0.5])), c(V, where=[True, True, False])],
    "vsplit": [c(M, 2)],
    "where": [c(EYE, M, N)],
    "linalg.cross": [c(V, W)],
    "linalg.lstsq": [c(M, V[:2]), c(M, N)],
    "linalg.matrix_power": [c(M, 2), c(M, -1)],
    "linalg.multi_dot": [c([M, N, K])],
    "linalg.outer": [c(V, W)],
    "linalg.solve": [c(M, V[:2]), c(M, N)],
    "linalg.symmetric_function": [c(M, np.sin)],
    "linalg.tensorinv": [c(np.eye(4).reshape(2, 2, 4) + 0.1)],
    "linalg.tensorsolve": [c(np.eye(4).reshape(2, 2, 4) + 0.1, M)],
    "linalg.solve_banded": [c((0, 1), M, V[:2])],
    "linalg.solve_toeplitz": [c(V, W), c((V, W), V)],
    "linalg.solve_triangular": [c(M, V[:2]), c(M, N)],
    "linalg.sparse_matmul": [c((V, PLACES), W[:2])],
    "linalg.spsolve": [c((V, PLACES), W[:2])],
    "special.hyp1f1": [c(1.0, 2.0, V)],
    "special.iv": [c(1, V)],
    "special.ive": [c(1, V)],
    "special.jn": [c(1, V)],
    "special.jv": [c(1, V)],
    "special.logsumexp": [c(M), c(M, b=N)],
    "special.polygamma": [c(1, V)],
    "special.yv": [c(1, V)],
}  # fmt: skip

#: What takes no arrays that it could differentiate, by the reason.
others = {
    "they differentiate functions, whose arguments may be lists of arrays": """
        checkpoint compile custom_vjp elementwise_grad grad grad_and_aux hessian hvp jacobian jvp primitive
        value_and_grad vjp
    """,
    "their arguments are models and data": "evaluate fit load predict save",
    "it takes arrays of other libraries, and no lists": "from_dlpack",
    "it says who multiplies, and computes nothing": "conv2d_plan",
    "of their arguments only the form matters": """
        empty empty_like eye identity ones ones_like zeros zeros_like
    """,
    "their arguments are settings, sizes or graphs": """
        blame debug draw explore get_num_threads info is_recording memory no_grad profile seed set_num_threads set_winograd set_workspace
        im2col_indices im2col_matrix_dense im2col_matrix_sparse fft.fftfreq fft.rfftfreq
    """,
}


def functions():
    """Every function that agx offers, by name, but NumPy's own."""
    left_out = " ".join(others.values()).split()
    numpys = {id(f) for m in (np, np.linalg, np.fft) for f in vars(m).values()}
    for home in ("", "linalg", "fft", "special"):
        module = getattr(ag, home) if home else ag
        for name in public(module):
            f = getattr(module, name)
            name = f"{home}.{name}" if home else name
            if (
                callable(f)
                and not inspect.isclass(f)
                and id(f) not in numpys
                and name not in left_out
            ):
                yield name, f


def test_every_row_is_of_a_function():
    assert rows.keys() <= {name for name, _ in functions()}


def needed(f):
    """How many arrays a function needs that has no row."""
    if isinstance(f, Primitive):
        return len(f.vjps)
    parameters = inspect.signature(f).parameters.values()
    return (
        sum(
            p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            for p in parameters
        )
        or 1
    )


def calls_of(name, f):
    return rows.get(name) or [c(*(M, N, K)[: needed(f)])]


def layers():
    sizes = 2, 1, 2, 0.0, "gelu", 0.5
    of_shape = {
        "AdaptiveAvgPool2d": (c(X), 2), "AvgPool2d": (c(X), 2), "BatchNorm1d": (c(M), 2),
        "BatchNorm2d": (c(X), 2), "Conv2d": (c(X), 2, 3, 3), "LayerNorm": (c(M), 2),
        "ConvTranspose2d": (c(X), 2, 3, 3), "GRU": (c(M), 2, 3), "LSTM": (c(M), 2, 3),
        "RNN": (c(M), 2, 3), "Linear": (c(M), 2, 3), "MaxPool2d": (c(X), 2), "Dropout": (c(M), 0.5),
        "CrossEntropyLoss": (c(M, N),), "NLLLoss": (c(M, [0, 1]),),
        "AdaptiveAvgPool1d": (c(X[0]), 2), "AdaptiveMaxPool1d": (c(X[0]), 2), "AvgPool1d": (c(X[0]), 2),
        "AdaptiveMaxPool2d": (c(X), 2), "MaxPool1d": (c(X[0]), 2), "BatchNorm3d": (c(X[:, :, None]), 2),
        "Conv1d": (c(X[0]), 4, 3, 3), "Conv3d": (c(X[:, :, None]), 2, 3, (1, 3, 3)),
        "ConvTranspose1d": (c(X[0]), 4, 3, 3), "GroupNorm": (c(M), 1, 2), "InstanceNorm1d": (c(X[0]), 4),
        "InstanceNorm2d": (c(X), 2), "RMSNorm": (c(M), 2), "ReflectionPad2d": (c(X), 1),
        "ReplicationPad2d": (c(X), 1), "ZeroPad2d": (c(X), 1), "Upsample": (c(X), 8),
        "Dropout1d": (c(X[0]), 0.5), "Dropout2d": (c(X), 0.5), "Unflatten": (c(M), 1, (1, 2)),
        "FocalLoss": (c(M, [0, 1]),),
        "MultiMarginLoss": (c(M, [0, 1]),), "SoftMarginLoss": (c(M, [[1, -1], [1, 1]]),),
        "HingeEmbeddingLoss": (c(M, [[1, -1], [-1, 1]]),), "GaussianNLLLoss": (c(M, N, K),),
        "CosineEmbeddingLoss": (c(M, N, [1, -1]),), "TripletMarginLoss": (c(M, N, K),),
        "MarginRankingLoss": (c(M, N, [[1, -1], [1, -1]]),), "MultiheadAttention": (c(M, N, K), 2, 1),
        "RNNCell": (c(M), 2, 3), "GRUCell": (c(M), 2, 3), "LSTMCell": (c(M), 2, 3),
        "TransformerDecoderLayer": (c(M, N), *sizes), "TransformerEncoderLayer": (c(M), *sizes),
        "TransformerDecoder": (c(M, N), ag.nn.TransformerDecoderLayer(*sizes), 1),
        "TransformerEncoder": (c(M), ag.nn.TransformerEncoderLayer(*sizes), 1),
    }  # fmt: skip
    for kind in kinds(ag.nn, ag.nn.Module):
        name = kind.__name__
        if name in (
            "Sequential",
            "ModuleDict",
            "ModuleList",
            "Identity",
            "Embedding",
            "EmbeddingBag",
        ):
            continue  # the last two take integers
        call, *sizes = of_shape.get(name, (c(M, N) if name.endswith("Loss") else c(M),))
        yield name, kind(*sizes), call


ARITHMETIC = [
    f"__{side}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "divmod")
    for side in ("", "r")
]
COMPARISONS = ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__"]

#: Calls of the methods and operators of a Tensor that take further arrays.
METHODS = {
    **dict.fromkeys(ARITHMETIC + COMPARISONS, c(M, N)),
    "dot": c(M, N), "clip": c(M, N), "searchsorted": c(V, W),
    "var": c(M, mean=M[:1]), "std": c(M, mean=M[:1]),
}  # fmt: skip

#: The other methods and operators, by the reason.
OTHER_METHODS = {
    "they take nothing but the Tensor": """
        __abs__ __bool__ __ceil__ __complex__ __copy__ __deepcopy__ __dir__ __float__ __floor__ __int__ __iter__
        __len__ __neg__ __pos__ __reduce__ __repr__ __reversed__ __trunc__ as_integer_ratio conj conjugate copy
        detach numpy sort tolist
    """,
    "their other arguments are axes, sizes, places, types, conditions and texts": """
        __format__ __getitem__ __round__ all any argmax argmin argpartition argsort astype compress
        cumprod cumsum diagonal flatten item mean nonzero partition ptp ravel repeat reshape round squeeze
        swapaxes take trace transpose max min sum prod
    """,
    "they assign, as tests of their own say": """
        __iadd__ __ifloordiv__ __imatmul__ __imod__ __imul__ __ipow__ __isub__ __itruediv__ __setitem__
        fill put
    """,
    "it makes a Tensor, not of others, as the last test says": "__init__",
    "NumPy calls them, and its functions are called below": """
        __array__ __array_function__ __array_ufunc__
    """,
    "PyTorch calls it, and is refused": "__torch_function__",
    "other libraries call them, for what holds no list": "__dlpack__ __dlpack_device__",
    "Python calls it for names that are not there": "__getattr__",
    "they start the backward pass or watch it": """
        backward explain register_hook register_post_accumulate_grad_hook
    """,
}


def test_every_method_is_called_or_has_a_reason_not_to_be():
    own = {n for n in dir(ag.Tensor) if getattr(object, n, None) is not getattr(ag.Tensor, n)}
    own = {n for n in own if callable(getattr(ag.Tensor, n)) and not re.match("_[^_]", n)}
    own -= {"__class__", "__new__", "__init_subclass__", "__subclasshook__"}  # Python's own
    left_out = " ".join(OTHER_METHODS.values()).split()
    assert len(left_out) == len(set(left_out))
    assert not METHODS.keys() & set(left_out)
    assert METHODS.keys() | set(left_out) == own


def calls():
    for name, f in functions():
        for k, call in enumerate(calls_of(name, f)):
            yield pytest.param(f"{name}-{k}", f, call, id=f"{name}-{k}")
    for name, layer, call in layers():
        yield pytest.param(f"nn.{name}", layer, call, id=f"nn.{name}")
    for name, call in METHODS.items():
        first, *rest = call[0]
        method = getattr(ag.Tensor(first), name)
        yield pytest.param(f"Tensor.{name}", method, c(*rest, **call[1]), id=f"Tensor.{name}")


CALLS = list(calls())

# --- what stands for an array ----------------------------------------------------------------------


def spread(made, kind=list):
    """An array of Tensors and numbers as nested lists or tuples."""
    return kind(spread(part, kind) for part in made) if isinstance(made, np.ndarray) else made


def elements(a, keep=lambda k: True):
    made = np.empty(a.shape, object)
    for k, index in enumerate(np.ndindex(a.shape)):
        made[index] = ag.Tensor(a[index]) if keep(k) else float(a[index])
    return made


def gradients(made):
    """Those of the Tensors in an array of them, NaN for the numbers."""
    found = [np.nan if not isinstance(t, Node) else t.grad.item() for t in made.flat]
    return np.reshape(found, made.shape)


def as_list(a):
    made = elements(a)
    return spread(made), lambda: gradients(made)


def as_tuple(a):
    made = elements(a)
    return spread(made, tuple), lambda: gradients(made)


def as_mixture(a):
    made = elements(a, lambda k: k % 2 or a.size == 1)
    return spread(made), lambda: gradients(made)


def as_rows(a):
    """A list of a Tensor and arrays."""
    first = ag.Tensor(a[0])
    others = np.full(a[1:].shape, np.nan)
    return [first, *a[1:]], lambda: np.concatenate([first.grad[None], others])


def is_array(x):
    return type(x) is np.ndarray and x.ndim > 0 and x.dtype == float


def arrays(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        return [a for part in tree for a in arrays(part)]
    return [tree] if is_array(tree) else []


def replaced(tree, new):
    """The arguments with the arrays that ``new`` returns in their order."""
    if isinstance(tree, dict):
        return {k: replaced(v, new) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(replaced(part, new) for part in tree)
    return new() if is_array(tree) else tree


def call_with(f, call, place, standin):
    """Call ``f`` with ``standin`` for the array at ``place``; what of the result has a gradient."""
    given = iter([standin if k == place else a for k, a in enumerate(arrays(call))])
    args, kwargs = replaced(call, lambda: next(given))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = f(*args, **kwargs)
    return [x for x in flatten(found)[0] if isinstance(x, Node) and x.requires_grad]


def backward(results):
    """Start at the sum of all results, each element with a weight of its own."""
    total = 0.0
    for x in results:
        weights = np.linspace(0.5, 1.5, x.size).reshape(x.shape)
        total = total + ag.sum(ag.real(x) * weights) + ag.sum(ag.imag(x) * (2 - weights))
    total.backward()


REFUSAL = (
    r"\w+: a list of Tensors would lose their gradients; join them with ag.stack or ag.array"
    r"|.*expected an array or a Tensor, got (list|tuple); join Tensors with ag.stack or ag.array"
)

#: What refuses lists besides the primitives, by the reason: all calls of a function, one of its calls,
#: such as "max-0", or one array of those, such as "max-1[1]". All others must let gradients arrive.
REFUSING = {
    "they hand the list to a primitive at once": """
        amax amin angle around astype broadcast_to clip[0] divmod dot elu expand_dims fix flip frexp gelu
        getitem i0 imag leaky_relu log_softmax logsumexp max mean min modf moveaxis
        outer permute_dims prod ptp ravel real reshape roll round select sinc softmax
        squeeze std-0 sum[0] swapaxes tile transpose unwrap var-0 where
        special.polygamma Tensor.dot
    """,
    "they are primitives, but for a bound or swapped argument": " ".join(
        f"Tensor.{name}" for name in ARITHMETIC
    ),
    "a layer is called with one batch, which is an array": """
        nn.BatchNorm1d nn.BatchNorm2d nn.Conv2d nn.ConvTranspose2d nn.Dropout nn.ELU nn.Flatten nn.GELU nn.GRU nn.LSTM nn.LayerNorm
        nn.BatchNorm3d nn.Conv1d nn.Conv3d nn.ConvTranspose1d nn.Dropout1d nn.Dropout2d nn.GroupNorm
        nn.InstanceNorm1d nn.InstanceNorm2d nn.RMSNorm nn.Unflatten
        nn.LeakyReLU nn.Linear nn.LogSoftmax nn.Mish nn.PReLU nn.RNN nn.ReLU nn.SiLU nn.Sigmoid nn.Softmax nn.Softplus nn.Softsign
        nn.GRUCell nn.LSTMCell nn.RNNCell nn.Tanh
    """,
}
#: What is constant in an array, by the reason.
CONSTANT = {
    "they count, compare or find places": "linalg.matrix_rank Tensor.searchsorted "
    + " ".join(f"Tensor.{name}" for name in COMPARISONS),
    "only its shape matters": "full_like[0]",
    "it says which elements of the other array stay": "intersect1d[1] setdiff1d[1]",
}


def is_listed(table, name, place):
    function = re.sub(r"-\d+$", "", name)
    wanted = {function, name, f"{function}[{place}]", f"{name}[{place}]"}
    return not wanted.isdisjoint(" ".join(table.values()).split())


def expected_of(f, call, place, a):
    """The gradient with respect to the array at ``place``; None if the result is constant."""
    x = ag.Tensor(a)
    found = call_with(f, call, place, x)
    if not found:
        return None
    backward(found)
    return x.grad


@pytest.mark.parametrize(("name", "f", "call"), CALLS)
@pytest.mark.parametrize("standin", [as_list, as_tuple, as_mixture, as_rows])
def test_gradients_arrive_at_the_tensors_of_a_list(name, f, call, standin):
    assert arrays(call), "no array among the arguments"
    for place, a in enumerate(arrays(call)):
        expected = expected_of(f, call, place, a)
        new, arrived = standin(a)
        if isinstance(f, Primitive) or is_listed(REFUSING, name, place):
            with pytest.raises(TypeError) as caught:
                call_with(f, call, place, new)
            assert re.match(REFUSAL, str(caught.value))
            continue
        found = call_with(f, call, place, new)
        constant = is_listed(CONSTANT, name, place)
        assert (expected is None) == constant == (not found), place
        if not constant:
            backward(found)
            known = ~np.isnan(arrived())
            assert known.any()
            np.testing.assert_allclose(arrived()[known], expected[known], rtol=1e-9)


def test_what_is_listed_is_called():
    called = {f"{p.id}[{k}]" for p in CALLS for k in range(len(arrays(p.values[2])))}
    called |= {re.sub(r"-\d+(?=\[)", "", name) for name in called}
    for table in (REFUSING, CONSTANT):
        for name in " ".join(table.values()).split():
            assert name in called or f"{name}[0]" in called, name


CONSTANTS = [
    (ag.quantile, c(V, 0.3, weights=W, method="inverted_cdf"), 1),
    (ag.percentile, c(V, 30.0, weights=W, method="inverted_cdf"), 1),
    (ag.nanquantile, c(V, 0.3, weights=W, method="inverted_cdf"), 1),
    (ag.nanpercentile, c(HOLE, 30.0, weights=W, method="inverted_cdf"), 1),
    (ag.quantile, c(V, V), 1),
    (ag.percentile, c(V, V), 1),
    (ag.nanquantile, c(V, V), 1),
    (ag.nanpercentile, c(V, V), 1),
    (ag.cross_entropy, c(M, [0, 1], weight=V[:2]), 1),
    (ag.nll_loss, c(M, [0, 1], weight=V[:2]), 1),
    (ag.binary_cross_entropy_with_logits, c(M, N, pos_weight=V[:2]), 2),
    (ag.binary_cross_entropy_with_logits, c(M, N, weight=V[:2]), 2),
    (ag.binary_cross_entropy, c(M, N, weight=V[:2]), 2),
    (ag.focal_loss, c(M, [0, 1], weight=V[:2]), 1),
    (ag.multi_margin_loss, c(M, [0, 1], weight=V[:2]), 1),
]


@pytest.mark.parametrize(("f", "call", "place"), CONSTANTS)
@pytest.mark.parametrize("standin", [lambda a: (ag.Tensor(a), None), as_list, as_mixture])
def test_arguments_without_a_gradient_are_refused_in_lists_too(f, call, place, standin):
    new, _ = standin(arrays(call)[place])
    with pytest.raises(TypeError, match=r"no gradient with respect to .*; pass a plain array"):
        call_with(f, call, place, new)


def numpy_calls():
    for name, f in functions():
        home, _, last = name.rpartition(".")
        theirs = getattr(getattr(np, home, None) if home else np, last, None)
        if theirs is not None:
            for k, call in enumerate(calls_of(name, f)):
                yield pytest.param(theirs, call, id=f"{name}-{k}")


#: What NumPy's functions say of a list of Tensors that are being differentiated, or of any list.
NUMPYS_REFUSALS = (
    "making a plain array would drop the gradient .* join Tensors with ag.stack or ag.array"
    r"|\w+: numpy makes plain numbers of a Tensor of shape .* (write |join Tensors|make the array)"
    r"|'list' object has no attribute '(ndim|shape)'$"
    r"|Input should be a NumPy array"
    r"|setting an array element with a sequence"
)


@pytest.mark.parametrize(("f", "call"), list(numpy_calls()))
def test_numpys_functions_lose_no_gradient_of_a_list_inside_a_transform(f, call):
    """NumPy asks no element of a list, but makes an array of it, and there a Tensor raises."""
    for place, a in enumerate(arrays(call)):
        made = elements(a)
        for t in made.flat:
            t.traced = True
        try:
            found = call_with(f, call, place, spread(made))
        except (AttributeError, TypeError, ValueError) as problem:
            if not re.match(NUMPYS_REFUSALS, str(problem)):
                raise
            continue
        expected = expected_of(f, call, place, a)
        assert bool(found) == (expected is not None)  # the rank of a matrix is constant
        if not found:
            continue
        backward(found)
        np.testing.assert_allclose(gradients(made), expected, rtol=1e-9)


def test_a_list_in_a_norm_beside_the_tensor():
    a = ag.Tensor(3.0)
    (a * a + ag.linalg.norm([a, 4.0])).backward()
    assert a.grad == pytest.approx(6.6)


@pytest.mark.parametrize(
    "nest", [lambda t: [t, 1.0], lambda t: [[t, 1.0]], lambda t: ((1.0,), [t])]
)
def test_a_tensor_is_not_made_of_others(nest):
    with pytest.raises(TypeError, match="got a list of Tensors; ag.stack keeps their gradients"):
        ag.Tensor(nest(ag.Tensor(2.0)))
