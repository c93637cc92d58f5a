"""Threads: how many, whose BLAS, and what goes wrong."""

import os
import subprocess
import sys

import numpy as np
import pytest

import agx as ag
from agx._runtime import threads


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2"])
def test_a_number_of_threads_is_a_positive_integer(n):
    with pytest.raises(ValueError, match="set_num_threads: expected a positive integer, got"):
        ag.set_num_threads(n)


def test_the_environment_sets_the_number():
    code = "import agx; print(agx.get_num_threads())"
    assert run(code, AGX_NUM_THREADS="3").stdout.strip() == "3"
    assert (
        "AGX_NUM_THREADS: expected a positive integer, got 'many'"
        in run(code, AGX_NUM_THREADS="many").stderr
    )


def test_the_environment_chooses_the_products():
    code = "import agx._runtime.threads; print(agx._runtime.threads.blas())"
    assert run(code, AGX_BLAS="numpy").stdout.strip() == "None"
    assert "AGX_BLAS: expected 'auto' or 'numpy', got 'fast'" in run(code, AGX_BLAS="fast").stderr


def test_the_environment_chooses_the_instructions():
    code = "import agx._runtime.threads; print(agx._runtime.threads.instructions())"
    assert run(code, AGX_INSTRUCTIONS="baseline").stdout.strip() == "baseline"
    wrong = run(code, AGX_INSTRUCTIONS="mmx").stderr
    assert f"AGX_INSTRUCTIONS: expected one of {threads.INSTRUCTIONS}, got 'mmx'" in wrong
    assert {"baseline", "avx2", "avx512"} <= set(threads.INSTRUCTIONS)


@pytest.mark.parametrize(("count", "parts"), [(10, 1), (10, 3), (2, 2), (7, 4)])
def test_pieces_cover_everything_once(count, parts):
    seen = []
    threads.split(lambda part, start, stop: seen.append((part, start, stop)), count, parts)
    covered = [i for _, start, stop in sorted(seen) for i in range(start, stop)]
    assert covered == list(range(count))


def test_an_error_in_a_thread_reaches_the_caller():
    def fail(part, start, stop):
        if part == 1:
            raise ZeroDivisionError("in the second piece")

    with pytest.raises(ZeroDivisionError, match="in the second piece"):
        threads.split(fail, 4, 2)


@pytest.mark.parametrize("shape", [(4, 5, 6), (64, 128, 64), (300, 700, 400)])
def test_products_are_numpys_and_leave_blas_as_it_was(shape):
    m, k, n = shape
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    library = threads.blas()
    before = library.get_threads() if library else None
    np.testing.assert_allclose(threads.matmul(x, y), x @ y, rtol=1e-12)
    np.testing.assert_allclose(threads.matmul(x, y[:, 0]), x @ y[:, 0], rtol=1e-12)
    with threads.single_threaded_blas():
        assert library is None or library.get_threads() == 1
    assert (library.get_threads() if library else None) == before


AT_THE_END = """
import builtins
import numpy as np, agx as ag

ag.set_num_threads(2)
class Late:
    def __del__(self):
        total = ag.conv2d(np.ones((16, 3, 30, 30)), np.ones((8, 3, 5, 5))).sum()
        print(total, ag.exp(np.zeros(1 << 21)).sum(), flush=True)
{}
builtins.kept = Late()
"""


@pytest.mark.parametrize(
    "before", ["", "ag.conv2d(np.ones((16, 3, 30, 30)), np.ones((8, 3, 5, 5)))"]
)
def test_what_is_computed_while_the_interpreter_ends_needs_no_threads(before):
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END.format(before)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    assert done.stdout.split() == ["6489600.0", "2097152.0"]


def test_one_thread_works_where_no_other_can_be_started():
    code = """
import threading
import numpy as np, agx as ag

def refuse(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
ag.set_num_threads(4)
print(ag.conv2d(np.ones((16, 3, 30, 30)), np.ones((8, 3, 5, 5))).sum())
"""
    assert (
        subprocess.check_output([sys.executable, "-c", code], timeout=120).strip() == b"6489600.0"
    )


@pytest.mark.parametrize("n", [2**15, 2**31, 2**40])
def test_number_of_threads_that_is_too_large_leaves_what_was(n):
    before = ag.get_num_threads()
    with pytest.raises(ValueError, match=f"at most 32767 threads, got {n}"):
        ag.set_num_threads(n)
    assert ag.get_num_threads() == before


def test_threads_set_while_blas_is_kept_to_one_are_what_it_has_afterwards():
    library = threads.blas()
    if library is None:
        pytest.skip("NumPy has no OpenBLAS here")
    before = ag.get_num_threads()
    try:
        ag.set_num_threads(2)
        with threads.single_threaded_blas():
            assert library.get_threads() == 1
            ag.set_num_threads(1)
            with threads.single_threaded_blas():
                ag.set_num_threads(2)
            assert library.get_threads() == 1
        assert library.get_threads() == min(2, os.cpu_count())
    finally:
        ag.set_num_threads(before)
