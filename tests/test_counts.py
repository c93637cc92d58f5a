"""Chosen programs take no more instructions than when they were last counted (benchmarks/counts.json)."""

import os
import shutil

import pytest

from benchmarks import counts


def test_what_has_grown_is_named():
    assert counts.grown({"a": 109, "b": 111, "c": 5}, {"a": 100, "b": 100, "c": 100}) == {"b": 1.11}


def test_every_task_is_recorded():
    assert list(counts.recorded()["instructions"]) == list(counts.tasks())


def test_the_table_and_the_record(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(counts, "count", lambda: {"a": 1200})
    monkeypatch.setattr(counts, "RECORD", tmp_path / "counts.json")
    counts.main(["--record"])
    monkeypatch.setattr(counts, "count", lambda: {"a": 1500})
    counts.main([])
    assert "| a | 1,500 | 1.250 |" in capsys.readouterr().out
    assert counts.recorded() == {"setting": counts.setting(), "instructions": {"a": 1200}}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not there")
@pytest.mark.skipif("AGX_INSTRUCTIONS" in os.environ, reason="instructions were chosen")
@pytest.mark.skipif(
    counts.setting() != counts.recorded()["setting"],
    reason=f"recorded with {counts.recorded()['setting']}",
)
def test_programs_take_no_more_instructions_than_before():
    grown = counts.grown(counts.count(), counts.recorded()["instructions"])
    assert not grown, "say why in the commit, and run python -m benchmarks.counts --record"
