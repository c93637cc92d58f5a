"""Batches made ahead in a thread: the same ones, and nothing is left of the thread."""

import signal
import threading
import time
import traceback

import numpy as np
import pytest

import agx as ag
from agx.data.prefetch import ahead


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "agx-prefetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    until(lambda: not workers())


def until(condition):
    """Wait for what another thread brings about."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited for 10 s")


def numbers(log, stop=100):
    for i in range(stop):
        log.append(i)
        yield i


@pytest.mark.parametrize("count", [1, 2, 50])
def test_everything_comes_in_order(count):
    assert list(ahead(numbers([], 20), count)) == list(range(20))


def test_it_is_made_ahead_but_not_far():
    log = []
    batches = ahead(numbers(log), 2)
    assert next(batches) == 0
    until(lambda: len(log) == 3)
    time.sleep(0.02)
    assert len(log) == 3
    batches.close()


def test_where_no_thread_can_be_started_everything_comes_all_the_same(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(ahead(numbers([], 20), 2)) == list(range(20))


@pytest.mark.parametrize("how", ["close", "forget", "break"])
def test_an_abandoned_iterator_ends_its_thread(how):
    log = []
    batches = ahead(numbers(log), 2)
    next(batches)
    assert len(workers()) == 1
    if how == "close":
        batches.close()
    elif how == "break":
        for _ in batches:
            break
    del batches
    until(lambda: not workers())
    assert len(log) < 10


def test_an_error_comes_after_what_was_made_before_it_with_its_traceback():
    def failing():
        yield 0
        raise KeyError("row 7")

    batches = ahead(failing(), 5)
    assert next(batches) == 0
    with pytest.raises(KeyError, match="row 7") as error:
        next(batches)
    assert "failing" in [frame.name for frame in traceback.extract_tb(error.value.__traceback__)]
    assert list(batches) == []


def add_noise(x, rng):
    return x + rng.random(x.shape)


@pytest.mark.parametrize("kind", ["arrays", "examples", "stream"])
def test_a_loader_gives_the_same_batches_and_draws_the_same_numbers(kind):
    x = np.arange(24.0).reshape(12, 2)
    data = {"arrays": (x,), "examples": [(row,) for row in x], "stream": lambda: iter(x)}[kind]
    found = []
    for prefetch in (0, 2):
        source = np.random.default_rng(0)
        loader = ag.data.Loader(
            data, 5, kind != "stream", transforms=[add_noise], rng=source, prefetch=prefetch
        )
        epochs = [[batch.tolist() for (batch,) in loader] for _ in range(2)]
        found.append((epochs, source.bit_generator.state))
    assert found[0] == found[1]


def test_the_state_counts_what_was_taken_and_not_what_was_made():
    read = []

    class Data(ag.data.Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, i):
            read.append(i)
            return i, i

    loader = ag.data.Loader(Data(), 2, prefetch=4)
    batches = iter(loader)
    next(batches)
    until(lambda: len(read) >= 10)
    assert loader.state_dict()["batches"] == 1
    batches.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are sent to a thread")
def test_ctrl_c_reaches_a_program_that_waits():
    free = threading.Event()

    def stuck():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        free.wait()
        yield 0

    # A suite in the background of a shell is started with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(ahead(stuck(), 1))
    finally:
        signal.signal(signal.SIGINT, before)
        free.set()


def test_training_learns_from_it():
    model = ag.nn.Linear(64, 10)
    loader = ag.data.Loader(ag.data.digits("train"), 64, shuffle=True, prefetch=2)
    flat = ag.nn.Sequential(ag.nn.Flatten(), model)
    sgd = ag.optim.SGD(model.parameters(), 0.5)
    history = ag.fit(flat, loader, ag.cross_entropy, sgd, 2, progress=False)
    assert history[-1]["accuracy"] > 0.8
