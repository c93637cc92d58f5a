"""A short campaign: graphs, errors and trainings leave no memory behind."""

import os

import pytest

from fuzzing import leaks

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")


def test_nothing_is_left_behind():
    lines = []
    assert leaks.campaign(0.005, lines.append) == []
    assert len(lines) == len(leaks.KINDS)


def test_what_is_left_behind_is_found(monkeypatch):
    kept = []
    monkeypatch.setitem(
        leaks.KINDS, "graphs", (lambda make: kept.append(make()), (leaks.never_swept,), 100_000)
    )
    assert "graphs leave" in leaks.campaign(0.01, lambda line: None)[0]


@pytest.mark.parametrize("call", leaks.FAILING, ids=range(len(leaks.FAILING)))
def test_what_must_fail_fails(call):
    leaks.fail(call)
