"""What PyTorch has too is compared with it: each kind of thing has rows, and each row its answers."""

import pytest
from oracles import tables
from public import kinds

import agx as ag

MODULES = kinds(ag.nn, ag.nn.Module)
THINGS = {
    "losses": {kind.function.__name__ for kind in MODULES if hasattr(kind, "function")},
    "layers": {kind.__name__ for kind in MODULES if not hasattr(kind, "function")},
    "optimisers": {kind.__name__ for kind in kinds(ag.optim, ag.optim.Optimizer)},
    "groups": {kind.__name__ for kind in kinds(ag.optim, ag.optim.Optimizer)},
    "searches": {k.__name__ for k in kinds(ag.optim, ag.optim.Optimizer) if k.needs_closure},
    "averages": {"ExponentialMovingAverage"},
    "schedules": {kind.__name__ for kind in kinds(ag.optim, ag.optim.Schedule)},
}


@pytest.mark.parametrize("table", tables.TABLES)
def test_everything_has_a_row_or_a_reason(table):
    names, without = THINGS[table], set(tables.WITHOUT[table])
    assert names and without <= names
    assert {row.name for row in tables.TABLES[table]} == names - without


@pytest.mark.parametrize("table", tables.TABLES)
def test_every_row_is_recorded_once_and_nothing_else(table):
    wanted = [row.text for row in tables.TABLES[table]]
    assert len(set(wanted)) == len(wanted)
    assert list(tables.answers(table)) == wanted, "run: python tests/oracles/record.py"


def below(kind):
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


@pytest.mark.parametrize(
    ("module", "base"),
    [(ag.nn, ag.nn.Module), (ag.optim, ag.optim.Optimizer), (ag.optim, ag.optim.Schedule)],
)
def test_every_kind_is_offered(module, base):
    found = {c for c in below(base) if c.__module__.startswith("agx.") and c.__name__[0] != "_"}
    found -= {c for c in found if issubclass(c, ag.nn.Module) and c.forward is base.forward}
    found -= {ag.onnx.Graph}  # which ag.onnx.load makes, and nobody else
    assert found == set(kinds(module, base))


def test_every_loss_is_a_function_and_a_module():
    home = "agx.nn.losses."
    functions = [f for f in vars(ag).values() if getattr(f, "__module__", "").startswith(home)]
    assert {f.__name__ for f in functions} == THINGS["losses"]


def test_inputs_follow_from_the_row_alone():
    row, other = tables.Row("f(x)"), tables.Row("f(x)", "y")
    first = row.draw("x", 4).tolist()
    assert first == [1.672, 0.855, -1.42, 1.485]  # what is recorded rests on these
    assert other.draw("x", 4).tolist() != first != row.draw("y", 4).tolist()
    assert row.draw("x", 2, 2).ravel().tolist() == first
