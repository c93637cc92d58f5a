"""Every benchmark runs; how long it takes is nobody's business here."""

import pytest

from benchmarks.cases import CASES
from benchmarks.timing import compare


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_case_runs_without_any_peer(case):
    _, counts, build = case
    assert min(counts) >= 1
    build({})["agx"]()


def test_contenders_are_compared_in_pairs():
    calls = []
    found = compare({"agx": lambda: calls.append("a"), "peer": lambda: calls.append("p")}, 3, 1e-6)
    assert set(found.seconds) == {"agx", "peer"}
    assert set(found.ratios) == {"peer"}
    assert calls.count("a") >= 5
