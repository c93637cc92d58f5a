"""A choice of instructions; a team of threads: every part once, whoever calls, also in a forked child."""

import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import agx as ag
from agx._kernels import machine
from agx._runtime import threads

needs_threads = pytest.mark.skipif(
    not machine.has_threads(), reason="agx was built without threads"
)


@pytest.fixture(autouse=True)
def three_threads():
    before = ag.get_num_threads()
    ag.set_num_threads(3)
    threads.team()
    yield
    ag.set_num_threads(before)


def test_a_level_that_does_not_exist_is_cut():
    before = machine.set_level(99)
    assert before <= machine.level() < len(machine.names())
    assert machine.set_level(-1) >= before
    assert machine.level() == 0 and machine.names()[0] == "baseline"
    assert not machine.has_tiles()
    machine.set_level(before)
    assert machine.level() == before


def test_threads_are_asked_for_where_work_pays():
    never = lambda: pytest.fail("asked for threads")
    assert machine.threads_for(1000, 50, never) == 1
    assert machine.threads_for(1 << 30, 1, never) == 1
    assert machine.threads_for(1 << 30, 50, lambda: 4) == 4
    assert machine.threads_for(1 << 30, 3, lambda: 4) == 3
    assert machine.threads_for(1 << 18, 50, lambda: 4) == 2


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 300])
def test_every_part_is_done_once(parts):
    for _ in range(20):
        seen = []
        machine.run(seen.append, parts)
        assert sorted(seen) == list(range(parts))


@needs_threads
def test_parts_run_in_different_threads():
    assert machine.workers() >= 2
    barrier = threading.Barrier(3)
    machine.run(lambda part: barrier.wait(20), 3)


def test_a_part_may_call_the_team_again():
    seen = []
    machine.run(lambda part: machine.run(lambda inner: seen.append((part, inner)), 3), 3)
    assert sorted(seen) == [(i, j) for i in range(3) for j in range(3)]


def test_the_first_error_is_raised_when_all_parts_have_ended():
    seen = []

    def fail(part):
        seen.append(part)
        raise ValueError("in a part")

    with pytest.raises(ValueError, match="in a part"):
        machine.run(fail, 3)
    assert sorted(seen) == [0, 1, 2]


def step(seed):
    """The gradient of a small network, which shares loops among threads."""
    rng = np.random.default_rng(seed)
    x, w = (rng.standard_normal(s).astype("f") for s in ((16, 3, 20, 20), (8, 3, 3, 3)))
    w = ag.Tensor(w)
    ag.max_pool2d(ag.relu(ag.conv2d(x, w)), 2).sum().backward()
    return w.grad


def test_threads_of_the_users_may_work_at_once():
    wanted = [step(seed) for seed in range(4)]
    found = [[] for _ in range(4)]

    def work(seed):
        for _ in range(30):
            found[seed].append(step(seed))

    users = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    for seed in range(4):
        assert len(found[seed]) == 30
        for gradient in found[seed]:
            np.testing.assert_array_equal(gradient, wanted[seed])


@needs_threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_starts_its_own_threads():
    wanted = step(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        same = (step(0) == wanted).all() and machine.workers() >= 2
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    np.testing.assert_array_equal(step(0), wanted)


def test_a_program_ends_while_workers_wait():
    code = (
        "import numpy as np, agx as ag; ag.set_num_threads(4); "
        "ag.conv2d(np.ones((8, 3, 40, 40), 'f'), np.ones((4, 3, 3, 3), 'f')); print('done')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.mark.skipif(machine.has_threads(), reason="agx was built with threads")
def test_built_without_threads_agx_starts_none_and_finds_no_blas():
    assert machine.workers() == 0 and machine.reserve() == -1
    assert threads.team() == 1 and threads.blas() is None
    seen = []
    machine.run(lambda part: seen.append((part, threading.get_ident())), 3)
    assert seen == [(part, threading.get_ident()) for part in range(3)]
    code = "import agx; print(agx.get_num_threads())"
    alone = {k: v for k, v in os.environ.items() if k != "AGX_NUM_THREADS"}
    assert subprocess.check_output([sys.executable, "-c", code], env=alone).split() == [b"1"]
