"""What NumPy refuses, agx refuses: every function, on arguments of all sorts drawn by a seed.

Where both answer, the answers agree.
"""

import inspect
import random
import warnings

import numpy as np
import pytest
from numpy_table import NUMPY_2_2, NUMPY_2_4

import agx as ag
from agx._engine.graph import numpy_functions
from agx._protocol.table import ASSIGNING

ROUNDS = 60

#: Where agx takes what NumPy does not, on purpose.
MORE = {
    "put_along_axis": "a list of indices",
    "average": "NumPy divides by zero where nothing is averaged",
    "clip": "one bound will do, as in the method of arrays",
    "diff": "None is nothing to join on",
    "fftshift": "a number is shifted to itself",
    "ifftshift": "a number is shifted to itself",
    "polyder": "a number is a constant polynomial",
    "take_along_axis": "indices may be a list",
    "tensorinv": "a number is a tensor",
    "nanpercentile": "of nothing, a list of axes will do",
    "nanquantile": "of nothing, a list of axes will do",
    "percentile": "of nothing, no axes will do",
}

#: Where the answers differ, on purpose.
OTHER = {
    "unique_values": "in order, while NumPy's are in no order",
    "setdiff1d": "NumPy takes its word that elements are unique where they are not",
    "gradient": "coordinates that repeat",
    "interp": "points that do not increase",
    "polydiv": "division by zero",
    "logspace": "powers of a negative base at numbers that are nearly integers",
}

ARRAYS = {"array": "a", "arr": "a", "ary": "a", "m": "a", "filt": "a", "z": "a", "val": "a"}
AXES = [0, 1, -1, -2, 3, -4, None, (0,), (0, 1), (0, 0), (1, -1), (), 1.5, "a", True, [0]]
NUMBERS = [0, 1, -1, 2, 5, -3, 1.5, "a", (1,), [1, 2], np.int64(2)]
FLAGS = [True, False, 0, 1]
REALS = [0.0, 1.0, 0.5, -1.0, np.nan, "a", np.array([0.2, 0.8]), [0.1, 0.5], 1j]
PLACES = [0, -1, 5, [0, 1], [0, 0], [-1, 7], np.array([[0, 1], [1, 0]]), 1.5, slice(0, 2), "a"]
SHAPES = [(), (6,), (2, 3), -1, (-1, 2), (5, 5), (-1, -1), (2, 3, 4), 0, (0, -1), 1.5, "a", (3, 0)]
DTYPES = [None, float, "f4", complex, int, bool]
MASKS = [True, False, np.array([True, False, True]), np.ones((3, 3), bool), np.array([1, 0, 1])]

POOLS = {
    "axis": AXES, "axes": [*AXES, ([0], [0]), 2, (1, 0, 2), ([0, 1], [1, 0])], "axis1": NUMBERS,
    "axis2": NUMBERS, "axisa": NUMBERS, "axisb": NUMBERS, "axisc": NUMBERS, "source": AXES,
    "destination": AXES, "start": NUMBERS, "shift": [*NUMBERS, (1, 2)], "k": NUMBERS, "n": NUMBERS,
    "N": NUMBERS, "kth": NUMBERS, "offset": NUMBERS, "ddof": [0, 0.5], "decimals": NUMBERS,
    "reps": [*NUMBERS, (2, 2), (0,), (-1,)], "repeats": [*NUMBERS, [1, 2, 3], [1, -1, 0]],
    "num": NUMBERS, "ind": NUMBERS, "minlength": NUMBERS, "edge_order": [1, 2, 3, 0],
    "indices_or_sections": [1, 2, 3, 7, -1, [1, 2], (0, 5), [-1]], "deg": NUMBERS,
    "pad_width": [*NUMBERS, (1, 2), ((1, 2),), ((0,),), (1, 2, 3)], "keepdims": FLAGS,
    "rowvar": FLAGS, "bias": FLAGS, "endpoint": FLAGS, "increasing": FLAGS, "hermitian": FLAGS,
    "full_matrices": FLAGS, "compute_uv": FLAGS, "upper": FLAGS, "return_index": FLAGS,
    "return_inverse": FLAGS, "return_counts": FLAGS, "include_initial": FLAGS, "returned": FLAGS,
    "sparse": FLAGS, "assume_unique": FLAGS, "density": FLAGS, "correction": [0, 0.5],
    "indices": PLACES, "obj": PLACES, "shape": SHAPES, "new_shape": SHAPES, "window_shape": SHAPES,
    "q": [0.0, 0.5, 1.0, 2.0, 30, 101, -1, np.nan, np.array([0.2, 0.8])], "initial": REALS,
    "a_min": REALS, "a_max": REALS, "min": REALS, "max": REALS, "prepend": REALS, "append": REALS,
    "to_end": REALS, "to_begin": REALS, "nan": REALS, "posinf": REALS, "neginf": REALS,
    "period": REALS, "discont": REALS, "base": REALS, "dx": REALS, "rcond": [0.0, 1e-9, 0.5, 1.0],
    "fill_value": REALS, "tol": [1.0, 100.0], "order": ["C", "F", "A", "Z", 0],
    "dtype": DTYPES, "indexing": ["xy", "ij", "foo"], "UPLO": ["L", "U", "X"], "where": MASKS,
    "trim": ["fb", "f", "x", ""], "kind": [None, "quicksort", "foo"], "stable": [None, True],
    "method": ["linear", "lower", "foo", "hazen"], "ord": [None, 1, 2, -1, np.inf, 0, "fro", "foo"],
    "mode": ["constant", "edge", "reflect", "full", "same", "valid", "wrap", "clip", "foo", "r"],
    "bins": [3, 0, -1, [0, 1, 2], [2, 1], "foo"], "range": [(0, 1), (1, 0), (0, np.inf), (1,)],
    "fweights": [[1, 2, 3], [1, 1.5, 2], [-1, 1, 1], [1, 2]], "aweights": [[1.0, 2, 3], [-1.0, 1, 1]],
    "condition": [np.array([True, False, True]), [1, 0], np.ones((2, 3), bool), True, [True] * 9],
}  # fmt: skip
SKIPPED = (
    "out like subok device overwrite_input casting kwargs kw copy optimize correction_ w weights"
)
SHAPES_OF_ARRAYS = [
    (),
    (0,),
    (1,),
    (3,),
    (4,),
    (2, 2),
    (3, 3),
    (2, 3),
    (3, 0),
    (2, 3, 4),
    (2, 2, 2),
]
LISTS = {"arrays", "tup", "choices", "arys", "condlist", "choicelist"}
SPECIAL = "empty_like apply_along_axis apply_over_axes piecewise astype asarray array asanyarray require einsum"


def an_array(draw):
    values = np.random.default_rng(draw.randrange(1000)).normal(size=draw.choice(SHAPES_OF_ARRAYS))
    return np.asarray(np.abs(np.round(2 * values)) if draw.random() < 0.2 else values)


def known(f):
    """Whether the function tells its signature."""
    try:
        return bool(inspect.signature(f))
    except ValueError:
        return False


def arguments(draw, f):
    """Positional and keyword arguments for ``f``, some of them nonsense."""
    args, kwargs = [], {}
    for name, p in inspect.signature(f).parameters.items():
        required = p.default is p.empty
        if (
            name in SKIPPED.split()
            or p.kind is p.VAR_KEYWORD
            or (not required and draw.random() < 0.7)
        ):
            continue
        if p.kind is p.VAR_POSITIONAL:
            args += [an_array(draw) for _ in range(draw.choice([1, 2]))]
        elif name in LISTS:
            args.append([an_array(draw) for _ in range(draw.choice([0, 1, 2]))])
        elif required:
            args.append(draw.choice(POOLS[name]) if name in POOLS else an_array(draw))
        elif name in POOLS:
            kwargs[name] = draw.choice(POOLS[name])
    return args, kwargs


def as_tensors(x):
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return ag.Tensor(x)
    return list(map(as_tensors, x)) if isinstance(x, list) else x


def answer(f, args, kwargs):
    try:
        return f(*args, **kwargs), None
    except Exception as problem:
        return None, problem


def plain(x):
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return np.asarray(x.value if isinstance(x, ag.Tensor) else x)


def agree(a, b):
    if isinstance(a, list) or isinstance(b, list):
        return len(a) == len(b) and all(map(agree, a, b))
    return a.shape == b.shape and np.allclose(a, b, 1e-4, 1e-5, equal_nan=True)


def functions():
    for f in numpy_functions:
        whole = not isinstance(f, np.ufunc) and hasattr(f, "__name__")
        if whole and not isinstance(getattr(f, "__self__", None), np.ufunc):
            module = getattr(f, "__module__", None) or ""
            if module.startswith("numpy") and f.__name__ not in SPECIAL.split():
                yield f


#: What NumPy 2.2 has learned to answer, or answers otherwise.
LEARNED = "norm setxor1d trim_zeros"


@pytest.mark.parametrize("f", [*functions()], ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_what_numpy_refuses_is_refused_and_what_both_answer_agrees(f):
    if not NUMPY_2_2 and f.__name__ in LEARNED.split():
        pytest.skip("NumPy 2.2 and newer is compared")
    if not NUMPY_2_4 and not known(f):
        pytest.skip("NumPy 2.4 and newer tells its signature")
    draw = random.Random(f.__name__)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(ROUNDS):
            args, kwargs = arguments(draw, f)
            tensors = list(map(as_tensors, args))
            if f.__name__ in ASSIGNING.split() and isinstance(tensors[0], ag.Tensor):
                tensors[0] = ag.Tensor(args[0].copy(), requires_grad=False)
            if all(a is t for a, t in zip(args, tensors, strict=True)):
                continue
            theirs, refusal = answer(f, args, kwargs)
            ours, problem = answer(f, tensors, kwargs)
            if problem is not None:
                assert not isinstance(problem, (RecursionError, SystemError)), (args, kwargs)
            elif refusal is not None:
                assert f.__name__ in MORE, (args, kwargs, refusal, ours)
            else:
                if f.__name__ in ASSIGNING.split():
                    theirs, ours = args[0], tensors[0]
                same = agree(plain(theirs), plain(ours))
                assert same or f.__name__ in OTHER, (args, kwargs, theirs, ours)


x, cube = ag.Tensor([1.0, 2.0, 3.0]), ag.Tensor(np.ones((2, 2, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.cov(cube), ValueError, r"m of at most two axes, got shape \(2, 2, 2\)"),
        (lambda: ag.sum(x, where=np.array([1, 0, 1])), TypeError, "must be booleans.*got dtype int64"),
        (lambda: ag.sum(x, initial=[1.0, 2.0]), ValueError, r"one number, got shape \(2,\)"),
        (lambda: ag.max(x, initial=1j), TypeError, "initial= is complex and the array real"),
        (lambda: ag.var(x, mean=np.ones((3, 3))), ValueError, r"mean= of shape \(3, 3\) does not"),
        (lambda: ag.nanvar(x, mean=np.ones((3, 3))), ValueError, r"mean= of shape \(3, 3\) does not"),
        (lambda: ag.nanmean(x, dtype=int), TypeError, "dtype must be floating or complex, got int64"),
        (lambda: ag.cumsum(cube, True), TypeError, "axis must be an integer, got True"),
        (lambda: ag.ediff1d(x, to_end=1j), TypeError, "to_end of dtype complex128 does not go into"),
        (lambda: ag.compress(np.ones((1, 3)), x), ValueError, r"one axis, got shape \(1, 3\)"),
        (lambda: ag.copy(x, order="Z"), ValueError, "order must be .* got 'Z'"),
        (lambda: ag.correlate(x, 2.0), ValueError, "v of one axis, got a number"),
        (lambda: ag.polyadd(cube, x), ValueError, r"coefficients of one axis, got shape \(2, 2, 2\)"),
        (lambda: ag.polydiv(x, x[:0]), ValueError, "at least one coefficient"),
        (lambda: ag.polyfit(x, cube, 1), TypeError, r"y of one axis or two, got shape \(2, 2, 2\)"),
        (lambda: ag.vander(x, -1), ValueError, "N must not be negative, got -1"),
        (lambda: ag.histogramdd(cube), ValueError, r"for each point, got shape \(2, 2, 2\)"),
        (lambda: ag.bincount(x), TypeError, r"use x.value.astype\(int\)"),
        (lambda: ag.geomspace(x, 1.0, -1), ValueError, "geomspace: num must not be negative, got -1"),
        (lambda: ag.nan_to_num(x, "no"), ValueError, "copy must be True or False, got 'no'"),
        (lambda: ag.take_along_axis(x, np.ones((1, 1), int), None), ValueError, "of one axis"),
        (lambda: ag.linalg.vector_norm(x, axis=[0]), TypeError, r"tuple of integers, got \[0\]"),
        (lambda: ag.linalg.pinv(x, hermitian=True), np.linalg.LinAlgError, "square matrices"),
        (lambda: ag.linalg.svd(x, hermitian=True), np.linalg.LinAlgError, "square matrices"),
        (lambda: ag.reshape(x, 3, order="Z"), ValueError, "order must be 'C', 'F' or 'A', got 'Z'"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_numbers_counted_in_integers_are_numpys():
    a = np.array([[0.6, 1.7], [2.2, np.nan]])
    for f in (np.sum, np.prod, np.mean, np.std, np.cumsum):
        assert np.array_equal(f(ag.Tensor(a[0]), dtype=bool), f(a[0], dtype=bool)), f
    assert ag.mean(ag.Tensor(a[0]), dtype=int) == 0


def test_a_polynomial_fit_by_few_singular_values_uses_the_tolerance_that_lapack_uses():
    a = np.array([[3.0, 1.0], [1.0, 2.0]])
    x, _, rank, _ = ag.linalg.lstsq(ag.Tensor(a), np.ones(2), rcond=1.0)
    assert rank == np.linalg.lstsq(a, np.ones(2), rcond=1.0)[2] == 2
    slope = ag.jacobian(lambda b: ag.linalg.lstsq(ag.Tensor(a), b, rcond=1.0)[0])(np.ones(2))
    np.testing.assert_allclose(slope, np.linalg.inv(a))
