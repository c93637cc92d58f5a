"""Where the system gives no more memory there is a MemoryError, and agx works afterwards."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc of Linux")

PROGRAM = """
import random, resource, sys
import numpy as np
import agx as ag
import threadpoolctl

if sys.argv[1] == "two":
    ag.set_num_threads(2)
    threadpoolctl.threadpool_limits(1, user_api="blas")  # OpenBLAS's own threads end the program
rng = np.random.default_rng(0)
x = rng.standard_normal((64, 8, 40, 40)).astype("f")
w, y = rng.standard_normal((16, 8, 3, 3)).astype("f"), rng.standard_normal((400, 500))
compiled = ag.compile(lambda a: (ag.tanh(a) * a + ag.exp(a)).sum())
model = ag.nn.Sequential(ag.nn.Conv2d(8, 16, 3), ag.nn.BatchNorm2d(16), ag.nn.ReLU(), ag.nn.MaxPool2d(2),
                         ag.nn.Flatten(), ag.nn.Linear(16 * 19 * 19, 10))
targets = np.arange(64) % 10


def convolve():
    a, b = ag.Tensor(x), ag.Tensor(w)
    (ag.conv2d(a, b, padding=1) ** 2).sum().backward()
    return a.grad.sum(), b.grad.sum()


def train():
    model.zero_grad()
    loss = ag.cross_entropy(model(x), targets)
    loss.backward()
    return loss.value, *(p.grad.sum() for p in model.parameters())


CALLS = [
    convolve, train,
    lambda: (ag.grad(compiled)(y).sum(),),
    lambda: (ag.grad(lambda a: ag.logsumexp(a @ a.T))(y).sum(),),
    lambda: (np.sum(ag.im2col(x, 3)),),
    lambda: (ag.grad(lambda a: (ag.sort(a)[::2] * ag.cumsum(a, 0)[1::2]).sum())(y).sum(),),
    lambda: (ag.hessian(lambda a: (ag.sin(a) @ y[:60, :60] @ a))(y[0, :60]).sum(),),
]
wanted = [np.array(call(), float) for call in CALLS]


def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def same(found, call):
    return np.allclose(found, wanted[call], rtol=1e-4, atol=1e-4)


failed, before, random = 0, resource.getrlimit(resource.RLIMIT_AS), random.Random(int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    call = random.randrange(len(CALLS))
    resource.setrlimit(resource.RLIMIT_AS, (used() + random.randrange(30_000_000), before[1]))
    try:
        found = CALLS[call]()
    except MemoryError:
        failed += 1
        found = None
    resource.setrlimit(resource.RLIMIT_AS, before)
    assert found is None or same(found, call), call
    call = random.randrange(len(CALLS))
    assert same(CALLS[call](), call), call
print("failed", failed)
"""


@pytest.mark.parametrize("threads", ["one", "two"])
def test_too_little_memory(threads):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, threads, "1", "60"],
        capture_output=True, text=True, timeout=300,
        env={**os.environ, "AGX_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr[-3000:])
    assert int(done.stdout.split()[-1]) >= 10, done.stdout
