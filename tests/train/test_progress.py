"""Progress in a notebook; test_loop.py has that of terminals and of files."""

import sys
import types

import numpy as np
import pytest

import agx as ag

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
BATCHES = [(X[i : i + 2], X[i : i + 2, :1]) for i in range(0, 12, 2)]


@pytest.fixture
def notebook(monkeypatch):
    """A kernel of Jupyter that notes what is displayed."""
    shown = []

    class Handle:
        def update(self, thing):
            shown.append(("update", thing._repr_html_()))

    def display(thing, display_id):
        shown.append(("display", thing._repr_html_()))
        return Handle()

    shell = types.SimpleNamespace(kernel=object(), config={})
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return shown, shell


def fit(epochs=3, **options):
    model = ag.nn.Linear(3, 1, rng=0)
    sgd = ag.optim.SGD(model.parameters(), 0.01)
    return ag.fit(model, BATCHES, ag.mse, sgd, epochs, **options)


def test_a_notebook_has_one_table_and_one_bar(notebook, capsys):
    shown, _ = notebook
    history = fit()
    out, err = capsys.readouterr()
    assert not out and "epoch 3/3" in err and "images/s" in err
    assert [how for how, _ in shown] == ["display", "update"]
    assert shown[0][1].count("<tr>") == 2 and shown[-1][1] == history._repr_html_()


def test_a_bar_without_a_length(notebook, capsys):
    stream = type("Stream", (), {"__iter__": lambda self: iter(BATCHES)})()
    model = ag.nn.Linear(3, 1)
    ag.fit(model, stream, ag.mse, ag.optim.SGD(model.parameters(), 0.01), 2)
    assert "epoch 2/2" in capsys.readouterr().err


def test_nothing_is_shown_unasked(notebook, capsys):
    shown, shell = notebook
    fit(progress=False)
    assert not shown and capsys.readouterr() == ("", "")
    fit(callbacks=[ag.train.print_epoch])
    assert not shown and len(capsys.readouterr().out.splitlines()) == 4
    del shell.kernel  # IPython in a terminal
    fit()
    assert not shown and len(capsys.readouterr().err.splitlines()) == 4


def test_a_history_in_html():
    history = ag.train.History([{"epoch": 1, "loss": 0.5, "a<b": 2.0}, {"epoch": 2, "lr": [1, 2]}])
    assert history._repr_html_() == (
        "<table><tr><th>epoch</th><th>loss</th><th>a&lt;b</th><th>lr</th></tr>"
        "<tr><td>1</td><td>0.5000</td><td>2.000</td><td>-</td></tr>"
        "<tr><td>2</td><td>-</td><td>-</td><td>1/2</td></tr></table>"
    )
