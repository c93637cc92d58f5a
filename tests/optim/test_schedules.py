"""Schedules against PyTorch's rates, saved and loaded, and their errors."""

import itertools
import json

import numpy as np
import pytest
from oracles import tables
from public import kinds

import agx as ag

RATES = tables.answers("schedules")
KINDS = kinds(ag.optim, ag.optim.Schedule)
#: How those are made that say not by themselves what suits a number of epochs.
MADE = {
    "LambdaLR": lambda sgd: ag.optim.LambdaLR(sgd, lambda n: 0.9**n),
    "ChainedScheduler": lambda sgd: ag.optim.ChainedScheduler([ag.optim.StepLR(sgd, 2)]),
}
W = ag.Tensor([1.0])
each_row = pytest.mark.parametrize("row", tables.SCHEDULES, ids=lambda row: row.text)


def make(row):
    groups = [{"params": [ag.Tensor([0.0])], "lr": rate} for rate in tables.RATES[row.data]]
    sgd = ag.optim.SGD(groups)
    return sgd, eval(row.call, {**vars(ag.optim), "sgd": sgd})


def suiting(kind, sgd, epochs=6):
    made = MADE.get(kind.__name__)
    return made(sgd) if made else kind.over(sgd, epochs)


def rates(sgd):
    return [group["lr"] for group in sgd.param_groups]


def go(sgd, schedule, metrics):
    """The rates after each step."""
    for metric in metrics:
        schedule.step(metric) if schedule.needs_metric else schedule.step()
        yield rates(sgd)


@each_row
def test_learning_rates_are_pytorchs(row):
    sgd, schedule = make(row)
    found = [rates(sgd), *go(sgd, schedule, tables.METRICS)]
    np.testing.assert_allclose(found, RATES[row.text]["rates"], rtol=1e-12)


# --- saved and loaded ----------------------------------------------------------------------------


def as_it_is(state, path):
    return state


def as_json(state, path):
    return json.loads(json.dumps(state))


def as_npz(state, path):
    np.savez(path / "schedule.npz", **state)
    with np.load(path / "schedule.npz", allow_pickle=False) as loaded:
        return dict(loaded)


@each_row
@pytest.mark.parametrize("way", [as_it_is, as_json, as_npz])
@pytest.mark.parametrize("schedule_first", [True, False])
@pytest.mark.parametrize("done", [0, 5])
def test_a_resumed_schedule_gives_the_same_rates(row, way, schedule_first, done, tmp_path):
    sgd, schedule = make(row)
    list(go(sgd, schedule, tables.METRICS[:done]))
    state, schedule_state = sgd.state_dict(), way(schedule.state_dict(), tmp_path)
    other, resumed = make(row)
    if schedule_first:
        resumed.load_state_dict(schedule_state)
    other.load_state_dict(state)
    if not schedule_first:
        resumed.load_state_dict(schedule_state)
    assert rates(other) == rates(sgd)
    rest = tables.METRICS[done:]
    assert list(go(other, resumed, rest)) == list(go(sgd, schedule, rest))


@each_row
def test_a_schedule_made_of_a_loaded_optimiser_can_be_resumed(row):
    sgd, schedule = make(row)
    list(go(sgd, schedule, tables.METRICS[:5]))
    other = ag.optim.SGD([{"params": [ag.Tensor([0.0])]} for _ in sgd.param_groups])
    other.load_state_dict(sgd.state_dict())
    resumed = eval(row.call, {**vars(ag.optim), "sgd": other})
    resumed.load_state_dict(schedule.state_dict())
    rest = tables.METRICS[5:]
    assert list(go(other, resumed, rest)) == list(go(sgd, schedule, rest))


def test_a_schedule_of_ones_own_is_saved_too():
    class Inverse(ag.optim.Schedule):
        def __init__(self, optimizer, power):
            self.power, self.log = power, print
            super().__init__(optimizer)

        def rate(self, count, base):
            return base / (1 + count) ** self.power

    sgd = ag.optim.SGD([W], lr=1.0)
    schedule = Inverse(sgd, 2)
    schedule.step()
    assert schedule.state_dict() == {"power": 2, "base_lrs": [1.0], "count": 1, "lrs": [0.25]}
    other = Inverse(ag.optim.SGD([W], lr=3.0), 1)
    other.load_state_dict(schedule.state_dict())
    other.step()
    assert other.optimizer.lr == 1 / 9


@pytest.mark.parametrize(("a", "b"), list(itertools.permutations(KINDS, 2)))
def test_a_state_of_another_kind_is_refused(a, b):
    schedule = suiting(b, ag.optim.SGD([W]))
    before = schedule.state_dict()
    with pytest.raises(
        ValueError, match=f"{b.__name__}: the state does not fit; nothing was loaded"
    ):
        schedule.load_state_dict(suiting(a, ag.optim.SGD([W])).state_dict())
    assert schedule.state_dict() == before


def test_a_state_of_other_groups_is_refused():
    two = ag.optim.SGD([{"params": [W]}, {"params": [ag.Tensor([1.0])]}])
    state = ag.optim.StepLR(two, 2).state_dict()
    schedule = ag.optim.StepLR(ag.optim.SGD([W]), 2)
    with pytest.raises(
        ValueError, match="lrs has 2 elements, expected 1; has the optimiser the same"
    ):
        schedule.load_state_dict(state)
    with pytest.raises(ValueError, match="gamma is 'a', expected something like 0.1"):
        schedule.load_state_dict({**schedule.state_dict(), "gamma": "a"})


@pytest.mark.parametrize(
    "call",
    [
        "StepLR(sgd, 2, 0.5)",
        "CosineAnnealingLR(sgd, 6, 0.1)",
        "ReduceLROnPlateau(sgd, patience=0)",
        "LambdaLR(sgd, [lambda n: 0.9**n])",
        "CyclicLR(sgd, 1.0, 2.0, 4)",
        "SequentialLR(sgd, [LinearLR(sgd, 0.5, total_iters=3), ExponentialLR(sgd, 0.5)], [3])",
        "SequentialLR(sgd, [ExponentialLR(sgd, 0.5), CyclicLR(sgd, 1.0, 2.0, 4)], [1])",
        "ChainedScheduler([LinearLR(sgd, 0.5, total_iters=3), ExponentialLR(sgd, 0.5)])",
    ],
)
def test_a_group_that_joins_later_keeps_its_rate_and_follows(call):
    sgd = ag.optim.SGD([W], lr=1.0)
    schedule = eval(call, {**vars(ag.optim), "sgd": sgd})
    list(go(sgd, schedule, [1.0] * 2))
    sgd.add_param_group({"params": [ag.Tensor([1.0])], "lr": sgd.lr})
    for first, second in go(sgd, schedule, [1.0] * 4):
        assert second == pytest.approx(first, rel=1e-12)


# --- made of others ------------------------------------------------------------------------------


def run(sgd, schedule, steps):
    return [sgd.lr, *(lr for (lr,) in go(sgd, schedule, [None] * steps))]


def test_parts_may_be_made_in_any_order_and_be_made_of_others():
    sgd = ag.optim.SGD([W], lr=1.0)
    tail = ag.optim.ConstantLR(sgd, 0.1, 9)
    first = ag.optim.LinearLR(sgd, 0.5, total_iters=2)
    head = ag.optim.SequentialLR(sgd, [first, ag.optim.ExponentialLR(sgd, 0.5)], [2])
    whole = ag.optim.SequentialLR(sgd, [head, tail], [5])
    assert run(sgd, whole, 6) == [0.5, 0.75, 1.0, 0.5, 0.25, 0.1, 0.1]
    assert (head.count, tail.count, first.count) == (4, 1, 1)
    json.dumps(whole.state_dict())


def test_a_warm_up_before_one_cycle_leads_to_its_own_rates():
    sgd = ag.optim.SGD([W], lr=0.5)
    parts = [ag.optim.LinearLR(sgd, 0.5, total_iters=2), ag.optim.OneCycleLR(sgd, 1.0, 5)]
    found = run(sgd, ag.optim.SequentialLR(sgd, parts, [2]), 6)
    alone = ag.optim.SGD([W])
    assert found == [0.25, 0.375, *run(alone, ag.optim.OneCycleLR(alone, 1.0, 5), 4)]


def test_a_rate_set_by_hand_stays_beyond_a_milestone():
    sgd = ag.optim.SGD([W], lr=1.0)
    parts = [ag.optim.ConstantLR(sgd, 0.5, 9), ag.optim.ExponentialLR(sgd, 0.5)]
    schedule = ag.optim.SequentialLR(sgd, parts, [2])
    sgd.lr = 0.25
    assert run(sgd, schedule, 3) == [0.25, 0.25, 0.5, 0.25]


@pytest.mark.parametrize("kind", [k for k in KINDS if k.command], ids=lambda k: k.command)
@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_what_suits_a_number_of_epochs_lasts_that_long(kind, epochs):
    sgd = ag.optim.SGD([{"params": [W], "lr": 0.5}, {"params": [ag.Tensor([0.0])], "lr": 0.1}])
    schedule = kind.over(sgd, epochs)
    path = [rates(sgd), *go(sgd, schedule, [1.0] * (epochs - 1))]
    assert 0.4 <= max(first for first, _ in path) <= 0.5 or epochs < 30
    assert all(0 < second <= 0.1 and 0 < first <= 0.5 for first, second in path)
    if epochs == 30:
        assert len({first for first, _ in path}) > 1


# --- plateaus ------------------------------------------------------------------------------------


def lowered(metrics, **options):
    """Whether the rate falls in the end."""
    sgd = ag.optim.SGD([W], lr=1.0)
    schedule = ag.optim.ReduceLROnPlateau(sgd, factor=0.1, patience=1, **options)
    return list(go(sgd, schedule, metrics))[-1] < [1.0]


FLAT, DOWN, UP = [0.0] * 8, [-0.1 * k for k in range(8)], [0.1 * k for k in range(8)]


@pytest.mark.parametrize("level", [1e3, 1.0, 0.0, -1.0, -1e3])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_a_plateau_is_one_at_any_level(level, threshold_mode):
    options = {"threshold": 1e-6, "threshold_mode": threshold_mode}
    for mode, better, worse in (("min", DOWN, UP), ("max", UP, DOWN)):
        for course, expected in ((FLAT, True), (better, False), (worse, True)):
            metrics = [level + x for x in course]
            assert lowered(metrics, mode=mode, **options) == expected, (mode, metrics)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_improvement_is_relative_to_the_size_of_the_best(sign):
    level = sign * 100.0
    assert lowered([level - 0.9 * k for k in range(2)] * 4, threshold=0.01)
    assert not lowered([level - 1.1 * k for k in range(2)], threshold=0.01)
    assert lowered([level - 0.05 * k for k in range(8)], threshold=0.1)


def test_quantities_that_are_no_numbers_never_improve():
    assert lowered([np.nan] * 4) and lowered([np.inf] * 4) and not lowered([np.inf, 3.0, 2.0, 1.0])


# --- errors --------------------------------------------------------------------------------------


class Given(ag.optim.Schedule):
    def __init__(self, optimizer, given):
        self.given = given
        super().__init__(optimizer)

    def rate(self, count, base):
        return self.given


class Forgetful(ag.optim.Schedule):
    def __init__(self):
        """Call nothing."""


def sequential(milestones, *parts):
    sgd = ag.optim.SGD([W])
    parts = parts or [ag.optim.StepLR(sgd, 2)]
    return ag.optim.SequentialLR(sgd, [ag.optim.StepLR(sgd, 2), *parts], milestones)


def stepped_before():
    schedule = ag.optim.StepLR(ag.optim.SGD([W]), 2)
    schedule.step()
    ag.optim.ChainedScheduler([schedule])


def load(**changed):
    schedule = ag.optim.StepLR(ag.optim.SGD([W]), 2)
    schedule.load_state_dict({**schedule.state_dict(), **changed})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 0), ValueError, "step_size must be a positive integer"),
        (lambda: ag.optim.CosineAnnealingLR(ag.optim.SGD([W]), 0), ValueError, "T_max must be a positive"),
        (lambda: ag.optim.OneCycleLR(ag.optim.SGD([W]), 1.0, 0), ValueError, "total_steps must be a positive integer"),
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 2.5), TypeError, "StepLR: step_size must be a positive integer, got 2.5"),
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 2, -1), ValueError, "StepLR: gamma must not be negative, got -1"),
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 2, "x"), TypeError, "StepLR: gamma must be a number, got 'x'"),
        (lambda: ag.optim.CosineAnnealingLR(ag.optim.SGD([W]), "5"), TypeError, "T_max must be a positive integer, got '5'"),
        (lambda: ag.optim.CosineAnnealingLR(ag.optim.SGD([W]), 5, -1), ValueError, "eta_min must not be negative"),
        (lambda: ag.optim.OneCycleLR(ag.optim.SGD([W]), -1.0, 3), ValueError, "OneCycleLR: max_lr must not be negative, got -1"),
        (lambda: ag.optim.OneCycleLR(ag.optim.SGD([W]), 1.0, 3, div_factor=0), ValueError, "the factors be positive, got .* div_factor=0"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), patience=-1), ValueError, "patience must not be negative, got -1"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), patience=1.5), TypeError, "patience must be an integer of at least 0"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), min_lr=-1), ValueError, "min_lr must not be negative"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W])).step("x"), TypeError, r"step\(metric\) takes one number, .* got 'x'"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W])).step(np.ones(2)), TypeError, "takes one number"),
        (lambda: ag.optim.Schedule(ag.optim.SGD([W])), NotImplementedError, r"Schedule: write rate\(self, count, base\)"),
        (lambda: Given(ag.optim.SGD([W]), -1.0), ValueError, "Given: rate must not be negative, got -1"),
        (lambda: Given(ag.optim.SGD([W]), None), TypeError, "Given: rate must be a number, got None"),
        (lambda: Forgetful().step(), TypeError, r"Forgetful: __init__ did not make a schedule; call super\(\).__init__\(optimizer\)"),
        (lambda: ag.optim.StepLR(ag.optim.SGD([W]), 2).load_state_dict(None), TypeError, "expected what state_dict.. returned, got NoneType"),
        (lambda: load(gamma=None), ValueError, "gamma is None, expected something like 0.1"),
        (lambda: load(lrs=["x"]), ValueError, r"lrs is \['x'\], expected something like"),
        (lambda: load(lrs=[-1.0]), ValueError, "StepLR: the state: lr must not be negative"),
        (lambda: ag.optim.OneCycleLR(ag.optim.SGD([W]), [1.0, 2.0], 3), ValueError, "max_lr has 2 entries, the optimiser 1 groups"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), "up"), ValueError, "mode must be 'min' or 'max'"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), factor=2), ValueError, "factor must lie between"),
        (lambda: ag.optim.ReduceLROnPlateau(ag.optim.SGD([W]), threshold_mode="x"), ValueError, "threshold_mode must be 'rel' or 'abs', got 'x'"),
        (lambda: ag.optim.StepLR(ag.optim.SGD, 2), TypeError, "StepLR: expected an optimiser, such as .*, got SGD"),
        (lambda: ag.optim.ReduceLROnPlateau([W]), TypeError, "ReduceLROnPlateau: expected an optimiser, .* got list"),
        (lambda: ag.optim.MultiStepLR(ag.optim.SGD([W]), 3), TypeError, "MultiStepLR: milestones must be a list of integers, got 3"),
        (lambda: ag.optim.MultiStepLR(ag.optim.SGD([W]), [3, 4.5]), TypeError, r"milestones\[1\] must be an integer of at least 0, got 4.5"),
        (lambda: ag.optim.ExponentialLR(ag.optim.SGD([W]), -1), ValueError, "ExponentialLR: gamma must not be negative, got -1"),
        (lambda: ag.optim.ConstantLR(ag.optim.SGD([W]), 2), ValueError, r"ConstantLR: factor must lie in \[0, 1\], got 2"),
        (lambda: ag.optim.ConstantLR(ag.optim.SGD([W]), 0.5, -1), ValueError, "ConstantLR: total_iters must be an integer of at least 0"),
        (lambda: ag.optim.LinearLR(ag.optim.SGD([W]), 0.5, 1.5), ValueError, r"LinearLR: end_factor must lie in \[0, 1\], got 1.5"),
        (lambda: ag.optim.LinearLR(ag.optim.SGD([W]), total_iters=0), ValueError, "LinearLR: total_iters must be a positive integer"),
        (lambda: ag.optim.PolynomialLR(ag.optim.SGD([W]), 0), ValueError, "PolynomialLR: total_iters must be a positive integer"),
        (lambda: ag.optim.PolynomialLR(ag.optim.SGD([W]), 5, -1), ValueError, "PolynomialLR: power must not be negative"),
        (lambda: ag.optim.LambdaLR(ag.optim.SGD([W]), 0.9), TypeError, "lr_lambda must be a function of the number of steps, .*, got 0.9"),
        (lambda: ag.optim.LambdaLR(ag.optim.SGD([W]), [abs, abs]), ValueError, "lr_lambda has 2 entries, the optimiser 1 groups"),
        (lambda: ag.optim.LambdaLR(ag.optim.SGD([W]), lambda n: -1.0), ValueError, "LambdaLR: rate must not be negative"),
        (lambda: ag.optim.CosineAnnealingWarmRestarts(ag.optim.SGD([W]), 0), ValueError, "T_0 must be a positive integer, got 0"),
        (lambda: ag.optim.CosineAnnealingWarmRestarts(ag.optim.SGD([W]), 2, 1.5), TypeError, "T_mult must be a positive integer, got 1.5"),
        (lambda: ag.optim.CyclicLR(ag.optim.SGD([W]), 0.1, 0.4, mode="saw"), ValueError, "CyclicLR: mode must be 'triangular', .*, got 'saw'"),
        (lambda: ag.optim.CyclicLR(ag.optim.SGD([W]), 0.1, -0.4), ValueError, "CyclicLR: max_lr must not be negative, got -0.4"),
        (lambda: ag.optim.CyclicLR(ag.optim.SGD([W]), 0.1, 0.4, 0), ValueError, "CyclicLR: step_size_up must be a positive integer"),
        (lambda: sequential([]), ValueError, "SequentialLR: 2 schedules need 1 milestones between them, got 0"),
        (lambda: sequential([3], None), TypeError, r"schedule 1 must be one that steps without a quantity, .*, got NoneType"),
        (lambda: sequential([3], ag.optim.ReduceLROnPlateau), TypeError, r"schedule 1 must be .* got ReduceLROnPlateau"),
        (lambda: sequential([3], ag.optim.StepLR(ag.optim.SGD([W]), 2)), ValueError, "schedule 1 is one of another optimiser"),
        (lambda: sequential([3, 2], *[None] * 2), ValueError, r"SequentialLR: milestones must ascend, got \[3, 2\]"),
        (lambda: stepped_before(), ValueError, "ChainedScheduler: schedule 0 has taken 1 steps already; make a new one"),
        (lambda: ag.optim.ChainedScheduler([]), ValueError, "ChainedScheduler: got no schedules; give a list"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("total", [1, 2, 10])
def test_one_cycle_stays_between_its_ends(share, total):
    sgd = ag.optim.SGD([W])
    schedule = ag.optim.OneCycleLR(sgd, 1.0, total, pct_start=share)
    rates = [sgd.lr, *((schedule.step(), sgd.lr)[1] for _ in range(total))]
    assert all(0 < rate <= 1 for rate in rates)


def test_one_cycle_ends():
    schedule = ag.optim.OneCycleLR(ag.optim.SGD([W]), 1.0, 3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="OneCycleLR: step 4 of 3; raise total_steps"):
        schedule.step()


# --- rates that somebody else sets ---------------------------------------------------------------


def test_a_rate_set_by_hand_is_gone_on_from():
    sgd = ag.optim.SGD([W], lr=1.0)
    schedule = ag.optim.StepLR(sgd, step_size=2, gamma=0.5)
    schedule.step()
    sgd.lr = 0.1
    schedule.step()
    assert sgd.lr == pytest.approx(0.05)


def test_schedules_of_one_optimiser_multiply():
    sgd = ag.optim.SGD([W], lr=1.0)
    steps, cosine = ag.optim.StepLR(sgd, 2, 0.5), ag.optim.CosineAnnealingLR(sgd, 5)
    for n in range(1, 5):
        steps.step()
        cosine.step()
        assert sgd.lr == pytest.approx(0.5 ** (n // 2) * (1 + np.cos(np.pi * n / 5)) / 2)
