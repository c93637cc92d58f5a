"""Print where the time of a LeNet-5 training step goes, operation by operation.

python -m benchmarks.profile 64 1     # batch size, threads
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import agx as ag

from .networks import CLASSES, images
from .timing import quiet_collector

Line = tuple[str, float, float]


def median(run: Callable[[], object], count: int) -> float:
    """Median seconds of ``count`` runs, after three that do not count."""
    times = []
    for k in range(count + 3):
        start = time.perf_counter()
        run()
        if k >= 3:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def operations(root: Any) -> list[Any]:
    """The results of operations below ``root``, in the order in which they were computed."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node.is_leaf or id(node) in seen:
            continue
        seen.add(id(node))
        order.append(node)
        stack += node.inputs
    return order[::-1]


def one(node: Any, count: int) -> Line:
    """The name of an operation, the seconds for its value, and for all its pull-backs together."""
    p, params = node.primitive, node.params
    values = [getattr(a, "value", a) for a in node.arguments]
    forward = median(lambda: p.function(*values, **params), count)
    backward = sum(
        median(lambda i=i: p.vjps[i](node.grad, node.value, *values, **params), count)
        for i, a in enumerate(node.arguments)
        if getattr(a, "requires_grad", False)
    )
    return p.name, forward, backward


def profile(batch: int, threads: int, count: int = 100) -> tuple[list[Line], dict[str, float]]:
    """Times of every operation, and of the whole step and its parts, in seconds."""
    ag.set_num_threads(threads)
    x, y = images(batch)
    model = ag.models.lenet5(3, CLASSES, rng=0)
    optimizer = ag.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    parts: dict[str, list[float]] = {"forward": [], "backward": [], "update": [], "step": []}
    with quiet_collector():
        for _ in range(count + 3):
            times = [time.perf_counter()]
            loss = ag.cross_entropy(model(x), y)
            times.append(time.perf_counter())
            loss.backward(free=True)
            times.append(time.perf_counter())
            optimizer.step()
            optimizer.zero_grad()
            times.append(time.perf_counter())
            for name, a, b in zip(parts, times, times[1:], strict=False):
                parts[name].append(b - a)
            parts["step"].append(times[-1] - times[0])
        loss = ag.cross_entropy(model(x), y)
        loss.backward()
        lines = [one(node, count) for node in operations(loss)]
    return lines, {name: statistics.median(found) for name, found in parts.items()}


def main(batch: int = 64, threads: int = 1) -> None:
    """Measure and print a table of microseconds."""
    lines, parts = profile(batch, threads)
    print(f"LeNet-5 step, batch {batch}, {threads} thread(s), microseconds")
    print("| operation | forward | backward |\n|---|---|---|")
    for name, forward, backward in lines:
        print(f"| {name} | {forward * 1e6:.0f} | {backward * 1e6:.0f} |")
    forward, backward = (sum(line[k] for line in lines) for k in (1, 2))
    print(f"| all operations, each alone | {forward * 1e6:.0f} | {backward * 1e6:.0f} |")
    print(f"| in the step | {parts['forward'] * 1e6:.0f} | {parts['backward'] * 1e6:.0f} |")
    print(f"\nupdate {parts['update'] * 1e6:.0f}, whole step {parts['step'] * 1e6:.0f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
