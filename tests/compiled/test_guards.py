"""A plan is used only where it gives what the function gives now; else it is made again, or a warning says why."""

import collections
import dataclasses
import itertools
import random
import time
import types

import numpy as np
import pytest

import agx as ag

ONES, CHANCE = np.ones(3), np.random.default_rng(0)


def plans(compiled):
    return sum(len(entry.plans) for entry in compiled._entries.values())


def agree(compiled, function, *calls):
    for args in calls:
        np.testing.assert_array_equal(compiled(*args), function(*args))


# --- what steers Python -----------------------------------------------------------------------------


def test_a_branch_has_a_plan_for_each_way():
    function = lambda x: x * 2 if x.sum() > 0 else x * 3
    compiled = ag.compile(function)
    agree(compiled, function, [ONES], [-ONES], [2 * ONES], [-2 * ONES])
    assert plans(compiled) == 2


def test_a_branch_of_a_gradient():
    function = ag.grad(lambda x: ag.sum(x**2) if x[0] > 0 else ag.sum(x**3))
    agree(ag.compile(function), function, [ONES], [-ONES], [2 * ONES], [-2 * ONES])


@pytest.mark.parametrize(
    "steered",
    [
        lambda x: x[x > 0],
        lambda x: np.unique(x) * 2,
        lambda x: x[int(x[0])] * x,
        lambda x: x * len(np.nonzero(x > 0)[0]),
        lambda x: np.where(x > 0)[0] * 2.0,
        lambda x: sum(range(int(x.max()))) + x,
        lambda x: x * (0 if np.allclose(x, 1) else 1),
        lambda x: [v for v in x if v > 0][0] * 2,
        lambda x: x + np.array([x[0], 1.0, 2.0]),
        lambda x: x * float(f"{x[1]:.2f}"),
        lambda x: x * x.tolist()[0],
        lambda x: np.asarray(x)[:2] * 2,
    ],
)
def test_values_that_steer(steered):
    agree(
        ag.compile(steered), steered,
        [ONES], [np.array([1.0, -1.0, 2.0])], [ONES], [np.array([0.0, 1.0, 2.0])], [np.array([2.0, 1.0, 0.0])],
    )  # fmt: skip


def test_a_value_that_differs_each_time_ends_in_a_warning_that_says_where():
    function = lambda x: x * float(x[0])
    compiled = ag.compile(function)
    agree(compiled, function, *([k * ONES] for k in range(8)))
    with pytest.warns(UserWarning, match=r"8 plans holds: a number in test_guards\.py:\d+ differs"):
        agree(compiled, function, [8 * ONES])
    agree(compiled, function, [9 * ONES])


def test_many_branches_that_come_again_keep_plans():
    function = lambda x, k: x * int(k)
    compiled = ag.compile(function)
    for k in [*range(8)] * 3 + [8, 9]:
        agree(compiled, function, [ONES, np.float64(k)])


def test_shapes_and_dtypes_and_structures_have_plans_of_their_own():
    function = lambda tree, n=2: {"a": tree["w"] * n, "b": (tree["b"][0] + 1.5, "name")}
    compiled = ag.compile(function)
    for tree in ({"w": ONES, "b": [2.0]}, {"w": np.ones((2, 2), np.float32), "b": [np.float32(2)]}):
        for n in (2, 3):
            for _ in range(2):
                found, expected = compiled(tree, n=n), function(tree, n=n)
                np.testing.assert_array_equal(found["a"], expected["a"])
                assert found["a"].dtype == expected["a"].dtype
                assert found["b"] == expected["b"]
                assert type(found["b"][0]) is type(expected["b"][0])
    assert plans(compiled) == 4


def test_numbers_are_weak_as_they_are_in_numpy():
    compiled = ag.compile(lambda x, y: x * y)
    for _ in range(2):
        assert compiled(np.ones(2, np.float32), 2.0).dtype == np.float32
        assert type(compiled(2.0, 3.0)) is float
        assert type(compiled(np.float32(2), 3.0)) is np.float32


# --- what is read from outside -----------------------------------------------------------------------

factor = 2.0
table = np.arange(3.0)
settings = types.SimpleNamespace(scale=2.0, parts=[1.0, 2.0], arrays={"a": np.ones(3)})


class Slotted:
    __slots__ = ("k",)
    shift = 1.0

    def __init__(self):
        self.k = 2.0

    def __call__(self, x):
        return x * self.k + self.shift


def changes(function, change):
    compiled = ag.compile(function)
    before = compiled(ONES)
    np.testing.assert_array_equal(compiled(ONES), before)
    change()
    np.testing.assert_array_equal(compiled(ONES), function(ONES))
    assert not np.array_equal(compiled(ONES), before)


def test_a_global_number(monkeypatch):
    changes(lambda x: x * factor, lambda: monkeypatch.setitem(globals(), "factor", 3.0))


def test_a_global_array_that_is_another(monkeypatch):
    changes(lambda x: x * table, lambda: monkeypatch.setitem(globals(), "table", np.ones(3)))


@pytest.mark.parametrize(
    "use", [lambda x: x * table, lambda x: x * table.mean(), lambda x: x + table[1]]
)
def test_the_contents_of_an_array(use):
    changes(use, lambda: table.__setitem__(1, table[1] + 5))


def test_a_large_array():
    large = np.zeros((1000, 300))
    changes(lambda x: x + large.sum(), lambda: large.__setitem__((777, 77), 1.0))


def test_an_enclosing_variable():
    k = 2.0

    def change():
        nonlocal k
        k = 3.0

    changes(lambda x: x * k, change)


def test_attributes_and_what_they_hold():
    for use, change in [
        (lambda x: x * settings.scale, lambda: setattr(settings, "scale", settings.scale + 1)),
        (
            lambda x: x * settings.parts[1],
            lambda: settings.parts.__setitem__(1, settings.parts[1] + 1),
        ),
        (lambda x: x * len(settings.parts), lambda: settings.parts.append(1.0)),
        (
            lambda x: x * settings.arrays["a"],
            lambda: settings.arrays.__setitem__("a", np.full(3, 9.0)),
        ),
    ]:
        changes(use, change)


def test_slots_and_classes(monkeypatch):
    thing = Slotted()
    changes(thing, lambda: setattr(thing, "k", 5.0))
    changes(thing, lambda: monkeypatch.setattr(Slotted, "shift", 4.0))
    changes(lambda x: x * Slotted.shift, lambda: monkeypatch.setattr(Slotted, "shift", 5.0))


def test_a_function_that_is_called(monkeypatch):
    changes(lambda x: helper(x), lambda: monkeypatch.setitem(globals(), "helper", lambda x: x * 5))
    changes(lambda x: through(x), lambda: monkeypatch.setitem(globals(), "factor", 7.0))


def helper(x):
    return x * 4


def through(x):
    return x * factor


def test_defaults():
    array = np.ones(3)

    def function(x, y=array):
        return x * y

    changes(function, lambda: array.fill(4.0))


def test_a_tensor_from_outside_is_read_each_time():
    weight = ag.Tensor([1.0, 2.0, 3.0], requires_grad=False)
    compiled = ag.compile(lambda x: (x * weight).value)
    for scale in (1.0, 2.0):
        weight.value = weight.value * scale
        np.testing.assert_array_equal(compiled(ONES), weight.value)
    weight.value[0] = 9.0
    np.testing.assert_array_equal(compiled(ONES), weight.value)
    assert plans(compiled) == 1


# --- what has no plan --------------------------------------------------------------------------------


def runs_as_it_is(function, reason, *args):
    compiled = ag.compile(function)
    with pytest.warns(UserWarning, match=f"runs as it is, because {reason}"):
        compiled(*args)
    with pytest.raises(ValueError, match=reason):
        compiled.plan(*args)
    return compiled


def test_printing(capsys):
    compiled = runs_as_it_is(
        lambda x: (print("seen"), x)[1], r"it calls print\(\) in test_guards", ONES
    )
    capsys.readouterr()
    compiled(ONES)
    assert capsys.readouterr().out == "seen\n"


def test_the_time():
    runs_as_it_is(lambda x: x + time.perf_counter(), "it calls perf_counter", ONES)


def test_appending():
    seen = []
    compiled = runs_as_it_is(
        lambda x: (seen.append(1), x)[1], "it changes the length of a list", ONES
    )
    compiled(ONES)
    assert len(seen) == 3  # two of them above


def test_attributes_that_are_set():
    thing = types.SimpleNamespace(last=None)

    def function(x):
        thing.last = x * 2
        return x

    compiled = runs_as_it_is(function, "it changes 'last'", ONES)
    compiled(2 * ONES)
    np.testing.assert_array_equal(thing.last, 4 * ONES)


def test_what_is_set_at_first_holds_numbers():
    thing = types.SimpleNamespace(last=None)

    def function(x):
        thing.last = x * 2
        return x

    with pytest.warns(UserWarning, match="it changes"):
        ag.compile(function)(ONES)
    assert type(thing.last) is np.ndarray


@pytest.mark.parametrize(
    "draw",
    [
        lambda: np.random.rand(),  # noqa: NPY002
        lambda: CHANCE.random(),
        lambda: random.random(),
    ],
)
def test_random_numbers(draw):
    compiled = runs_as_it_is(
        lambda x: x + draw(), "it draws random numbers; pass them as an argument", ONES
    )
    assert not np.array_equal(compiled(ONES), compiled(ONES))


def test_iterators():
    count = itertools.count()
    compiled = runs_as_it_is(lambda x: x + next(count), "it may read from a count", ONES)
    assert compiled(ONES)[0] + 1 == compiled(ONES)[0]


def test_writing_into_an_argument():
    def function(x):
        x += 1
        return x

    given = np.ones(3)
    compiled = runs_as_it_is(function, "an array that others see is changed in place", given)
    compiled(given)
    np.testing.assert_array_equal(given, 4 * ONES)  # one of them for the plan


def test_writing_into_what_the_function_made():
    def function(x):
        y = x * 2
        y += 1
        y[0] = x[1]
        y[1:] *= x[1:]
        z = y
        z -= 1
        return y

    compiled = ag.compile(function)
    agree(compiled, function, [ONES], [2 * ONES], [-ONES])
    assert plans(compiled) == 1


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.add.accumulate(x),
        lambda x: np.add(x, 1, out=np.zeros(3)),
        lambda x: (lambda y: (np.copyto(y, x), y)[1])(np.zeros(3)),
        lambda x: (lambda y: (np.add.at(y, [0, 0], x[:2]), y)[1])(np.zeros(3)),
        lambda x: (lambda y: (y.__setitem__(0, x[0]), y)[1])(np.zeros(3)),
        lambda x: (lambda y: (y.__setitem__(slice(None), x), y)[1])(np.zeros(3)),
        lambda x: (lambda y: (y.sort(), y)[1])(x * 1),
        lambda x: (lambda y: (y.fill(x[0]), y)[1])(x * 1),
        lambda x: (lambda y: (y[1:].__setitem__(0, 5.0), y)[1])(x * 1),
    ],
)
def test_writing_elsewhere(function):
    agree(ag.compile(function), function, [ONES], [np.array([3.0, 1.0, 2.0])], [-ONES])


def test_errors_are_those_of_the_function():
    compiled = ag.compile(lambda x: x @ np.ones((2, 2)))
    for _ in range(2):
        with pytest.raises(ValueError, match="mismatch"):
            compiled(ONES)
    with pytest.raises(TypeError, match=r"write ag\.compile\(f\)\(x\), not ag\.compile\(f\(x\)\)"):
        ag.compile(ONES)


def test_a_nan_for_once_does_not_end_a_plan():
    function = ag.grad(lambda x: ag.sum(ag.where(x > 0, ag.sqrt(x), 0.0)))
    compiled = ag.compile(function)
    for x in (ONES, 0 * ONES, ONES, 0 * ONES, 2 * ONES):
        with np.errstate(divide="ignore"):
            np.testing.assert_array_equal(compiled(x), function(x))
    assert plans(compiled) == 1


def test_many_whole_numbers():
    function = lambda x, n: x * n
    compiled = ag.compile(function)
    with pytest.warns(UserWarning, match="it has plans for 64 signatures"):
        agree(compiled, function, *([ONES, n] for n in range(70)))
    agree(compiled, function, [2 * ONES, 3])
    assert plans(compiled) == 64


def test_scalars():
    scalar = ag.Scalar(2.0)
    runs_as_it_is(lambda x: x * scalar.value, "it reads a Scalar", ONES)


def test_flags_and_hooks_of_tensors():
    w, v = ag.Tensor([1.0, 2.0, 3.0]), ag.Tensor([1.0, 1.0, 1.0])

    @ag.compile
    def step(x):
        w.grad = v.grad = None
        (w * v * x).sum().backward()

    for _ in range(2):
        step(ONES)
        np.testing.assert_array_equal(v.grad, w.value)
    v.requires_grad = False
    step(ONES)
    assert v.grad_or_none is None
    v.requires_grad = True
    seen = []
    with w.register_hook(lambda g: seen.append(g) or g * 2):
        step(ONES)
    assert len(seen) == 1
    np.testing.assert_array_equal(w.grad, 2 * v.value)
    step(ONES)
    np.testing.assert_array_equal(w.grad, v.value)


def test_no_grad():
    w = ag.Tensor([1.0, 2.0, 3.0])
    compiled = ag.compile(lambda x: (w * x).sum().backward())
    compiled(ONES)
    with ag.no_grad(), pytest.raises(RuntimeError, match="does not depend on anything"):
        compiled(ONES)


def test_adding_to_an_array_that_the_function_made():
    def function(x):
        total = np.zeros(3)
        for k in range(3):
            total += x * k
        return total

    compiled = ag.compile(function)
    agree(compiled, function, [ONES], [2 * ONES])
    assert plans(compiled) == 1


@pytest.mark.filterwarnings("ignore:compile")
def test_adding_to_an_array_that_has_two_names():
    def function(x):
        total = also = np.zeros(3)
        total += x
        return total * 1, also * 2, np.sum(also)

    def explicit(x):
        total = np.zeros(3)
        np.add(total, x, out=total)
        return total * 2

    def add(total, x):
        total += x

    def elsewhere(x):
        total = np.zeros(3)
        add(total, x)
        return total * 2

    compiled = ag.compile(function)
    for x in (ONES, 2 * ONES, 3 * ONES):
        for a, b in zip(compiled(x), function(x), strict=True):
            np.testing.assert_array_equal(a, b)
    agree(ag.compile(elsewhere), elsewhere, [ONES], [2 * ONES])
    agree(ag.compile(explicit), explicit, [ONES], [2 * ONES])


@dataclasses.dataclass
class Pair:
    one: object
    two: object


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": ONES, "b": 2 * ONES}, {"b": ONES, "a": 2 * ONES}),
        (collections.OrderedDict(a=ONES, b=2 * ONES), collections.OrderedDict(b=ONES, a=2 * ONES)),
        (Pair([ONES], [ONES, ONES]), Pair([ONES, ONES], [ONES])),
        ([[ONES], ONES], [ONES, [ONES]]),
        ((ONES, ONES), [ONES, ONES]),
        ((ONES, 1), (ONES, True)),
        (Pair(ONES, None), Pair(None, ONES)),
    ],
)
def test_structures_are_told_apart(first, second):
    def function(tree):
        seen = list(tree) if not isinstance(tree, Pair) else [tree.one, tree.two]
        weight = len(str(type(tree))) + sum(len(x) if isinstance(x, list) else 0 for x in seen[:1])
        found = tree["a"] if isinstance(tree, dict) else ONES
        return found * weight + sum(type(x) is bool for x in seen) * 100.0 + (seen[0] is None)

    agree(ag.compile(function), function, [first], [second], [first], [second])


def test_results_that_are_no_arrays():
    def generator(x):
        yield x * 2

    compiled = ag.compile(generator)
    with pytest.warns(UserWarning, match="it returns a generator"):
        next(compiled(ONES))
    for _ in range(2):
        np.testing.assert_array_equal(next(compiled(2 * ONES)), 4 * ONES)


def test_a_buffer_that_is_used_twice():
    def function(x):
        buffer = np.ones(2)
        first = np.convolve(x, buffer)
        buffer[:] = 0.5
        return first + np.convolve(x, buffer)

    agree(ag.compile(function), function, [ONES], [2 * ONES])


@pytest.mark.parametrize(
    "draw", [lambda: np.random.default_rng().random(), lambda: random.Random().random()]
)
def test_generators_that_are_made_anew(draw):
    compiled = runs_as_it_is(lambda x: x + draw(), "it makes random numbers anew", ONES)
    assert not np.array_equal(compiled(ONES), compiled(ONES))


def test_a_generator_with_a_seed_gives_the_same_each_time():
    function = lambda x: x + np.random.default_rng(0).random()
    compiled = ag.compile(function)
    agree(compiled, function, [ONES], [2 * ONES])
    assert plans(compiled) == 1
