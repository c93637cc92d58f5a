"""Times of operations, there and back, by a clock of the test's own."""

import itertools
import json
import threading

import numpy as np
import pytest

import agx as ag


class Scale(ag.nn.Module):
    """One number for each column."""

    def __init__(self):
        self.weight = ag.Tensor(np.ones(3, np.float32))

    def forward(self, x):
        return x * self.weight


class Net(ag.nn.Module):
    def __init__(self):
        self.first, self.second = Scale(), Scale()

    def forward(self, x):
        return self.second(np.tanh(self.first(x)))


def profiled():
    """A step of a small network, where each look at the clock is a second after the one before."""
    ticks = itertools.count()
    model = Net()
    with ag.profile(clock=lambda: float(next(ticks))) as p:
        loss = ag.sum(model(np.ones((2, 3), np.float32)))
        loss.backward()
    return p


def test_rows_by_operation_add_up_to_the_whole():
    p = profiled()
    rows = {row.name: row for row in p.rows("op")}
    assert set(rows) == {"mul", "tanh", "sum", "outside"}
    assert (rows["mul"].calls, rows["mul"].forward, rows["mul"].backward) == (2, 2.0, 2.0)
    assert rows["tanh"].total == 2.0
    assert sum(row.total for row in rows.values()) == p.wall == 17.0


def test_rows_by_module_and_by_line():
    p = profiled()
    modules = {row.name: (row.forward, row.backward) for row in p.rows("module")}
    assert modules["Net.first"] == (1.0, 1.0) and modules["Net"] == (1.0, 1.0)
    assert modules["(no module)"] == (1.0, 1.0)
    lines = [row.name for row in p.rows("line")]
    assert sum("test_profile.py:" in name for name in lines) == 3


def test_table_as_text_and_for_notebooks():
    p = profiled()
    lines = str(p).splitlines()
    assert lines[0].split() == ["op", "calls", "forward", "backward", "percent"]
    assert lines[-1] == "17000.000 ms in all" and repr(p) == str(p)
    assert "<td style='text-align:left'>mul</td>" in p._repr_html_()
    assert p.table("module").startswith("module ")


def test_trace_opens_in_chrome(tmp_path):
    p = profiled()
    trace = json.loads(p.save(tmp_path / "trace.json").read_text())
    events = trace["traceEvents"]
    assert all(
        e["ph"] == "X" and e["dur"] > 0 and {"ts", "pid", "tid", "name", "cat"} <= set(e)
        for e in events
    )
    names = [e["name"] for e in events]
    assert {"mul", "mul backward", "Net", "Net.first", "Net.second backward"} <= set(names)
    whole, inner = (next(e for e in events if e["name"] == n) for n in ("Net", "Net.first"))
    assert whole["ts"] <= inner["ts"] and inner["ts"] + inner["dur"] <= whole["ts"] + whole["dur"]


def test_nothing_is_timed_outside():
    p = profiled()
    count = len(p.events)
    ag.sum(ag.Tensor([1.0])).backward()
    assert len(p.events) == count


def test_compiled_functions_are_a_row():
    f = ag.compile(lambda x: ag.sum(ag.exp(x)))
    f(np.ones(3))
    ticks = itertools.count()
    with ag.profile(clock=lambda: float(next(ticks))) as p:
        f(np.ones(3))
        f(np.ones(3))
    rows = {row.name: (row.calls, row.total) for row in p.rows()}
    assert rows == {"compiled": (2, 2.0), "outside": (0, 3.0)}
    assert all("test_profile.py:" in event.where for event in p.events)


def test_each_thread_times_itself():
    both, found = threading.Barrier(2, timeout=60), {}

    def work(op):
        x = ag.Tensor([1.0])
        with ag.profile() as p:
            both.wait()
            op(x).backward()
            both.wait()
        found[op.name] = p

    threads = [threading.Thread(target=work, args=(op,)) for op in (ag.exp, ag.sin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, p in found.items():
        assert [(e.op, e.backward) for e in p.events] == [(name, False), (name, True)]


def test_profile_inside_another_takes_over():
    x = ag.Tensor([1.0])
    with ag.profile() as outer:
        ag.exp(x)
        with ag.profile() as inner:
            ag.sin(x)
        ag.cos(x)
    assert [e.op for e in inner.events] == ["sin"]
    assert [e.op for e in outer.events] == ["exp", "cos"]


def test_what_is_not_recorded_is_timed_too_and_errors_leave_no_trace():
    with ag.profile() as p, ag.no_grad():
        np.exp(ag.Tensor([1.0]))
        with pytest.raises(ValueError, match="do not broadcast"):
            ag.Tensor([1.0, 2.0]) + np.ones(3)
    assert [event.op for event in p.events] == ["exp"]


def test_profile_of_a_training():
    model = ag.nn.Linear(3, 2)
    data = ag.data.Loader((np.ones((4, 3), np.float32), np.zeros(4, int)), batch_size=2)
    with ag.profile() as p:
        ag.fit(
            model,
            data,
            ag.cross_entropy,
            ag.optim.SGD(model.parameters(), lr=0.1),
            1,
            progress=False,
        )
    rows = {row.name: row.calls for row in p.rows("op")}
    assert rows["linear"] == 2 and rows["softmax_nll"] == 2
    assert sum(row.total for row in p.rows()) == pytest.approx(p.wall)


def test_unknown_column():
    with pytest.raises(ValueError, match="by must be 'module', 'op' or 'line', got 'time'"):
        profiled().rows("time")
