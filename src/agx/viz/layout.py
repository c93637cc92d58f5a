"""Where the boxes of a drawing stand: in layers, with few crossings, each near to its neighbours.

The way is that of Sugiyama, Tagawa and Toda (1981): ranks by longest paths, an order within ranks by the
medians of neighbours, then coordinates. Packages that do it (igraph, fast-sugiyama, grandalf) are under the
GPL, compiled for fewer machines than agx is, or no longer kept; a drawing is to need nothing but agx.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

#: Arrows over more ranks go straight, so that a weight that each of 1,000 steps reads costs no more.
_FAR = 24
_SWEEPS = 6
_GAP, _RANK_GAP = 14.0, 24.0


class Placed(NamedTuple):
    """The centres of boxes, by name, the points of each arrow, and the size of all."""

    centres: dict[str, tuple[float, float]]
    arrows: list[list[tuple[float, float]]]
    width: float
    height: float


def place(
    sizes: dict[str, tuple[float, float]], edges: list[tuple[str, str]], across: bool
) -> Placed:
    """Lay boxes of some sizes out, from top to bottom, or from left to right if ``across``.

    Arrows point from earlier to later ranks and come in the order of ``edges``; those between the same two
    boxes are told apart.
    """
    names = list(sizes)
    number = {name: i for i, name in enumerate(names)}
    lengths = [sizes[n][1 if across else 0] for n in names]  # along a rank
    depths = [sizes[n][0 if across else 1] for n in names]  # across it
    pairs = [(number[a], number[b]) for a, b in edges]
    ranks = _ranks(len(names), pairs)
    paths = []
    for a, b in pairs:
        path = [a]
        if ranks[b] - ranks[a] <= _FAR:
            for rank in range(ranks[a] + 1, ranks[b]):
                path.append(len(ranks))
                ranks.append(rank)
                lengths.append(2.0)
        paths.append([*path, b])
    layers, below, above = _ordered(ranks, paths)
    x = _coordinates(layers, below, above, lengths)
    edge, tops = 0.0, []
    for layer in layers:
        deep = max((depths[v] for v in layer if v < len(names)), default=0.0)
        tops.append((edge, deep))
        edge += deep + _RANK_GAP
    y = [tops[rank][0] + tops[rank][1] / 2 for rank in ranks]
    arrows = _arrows(paths, pairs, x, y, depths, lengths, tops, ranks)
    left = min(x[v] - lengths[v] / 2 for v in range(len(x)))
    width = max(x[v] + lengths[v] / 2 for v in range(len(x))) - left

    def turn(p: float, q: float) -> tuple[float, float]:
        return (q, p - left) if across else (p - left, q)

    size = (edge - _RANK_GAP, width) if across else (width, edge - _RANK_GAP)
    centres = {name: turn(x[i], y[i]) for i, name in enumerate(names)}
    return Placed(centres, [[turn(*p) for p in arrow] for arrow in arrows], *size)


def _ranks(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Longest paths from the sources; what has no inputs stands one above the first who reads it."""
    after: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for a, b in pairs:
        after[a].append(b)
        missing[b] += 1
    sources = [v for v in range(count) if not missing[v]]
    ranks, order = [0] * count, list(sources)
    for v in order:
        for w in after[v]:
            ranks[w] = max(ranks[w], ranks[v] + 1)
            missing[w] -= 1
            if not missing[w]:
                order.append(w)
    for v in sources:
        if after[v]:
            ranks[v] = min(ranks[w] for w in after[v]) - 1
    return ranks


Neighbours = list[list[int]]


def _ordered(
    ranks: list[int], paths: list[list[int]]
) -> tuple[list[list[int]], Neighbours, Neighbours]:
    """The vertices of each rank, ordered with few crossings, and the neighbours of each below and above."""
    below: Neighbours = [[] for _ in ranks]
    above: Neighbours = [[] for _ in ranks]
    for path in paths:
        for a, b in pairwise(path):
            below[a].append(b)
            above[b].append(a)
    layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    seen = [False] * len(ranks)
    for start in sorted(range(len(ranks)), key=lambda v: -ranks[v]):
        stack = [start]
        while (
            stack
        ):  # Depth first from the results: inputs stand next to each other, in their order.
            v = stack.pop()
            if not seen[v]:
                seen[v] = True
                layers[ranks[v]].append(v)
                stack += above[v][::-1]
    place = [0.0] * len(ranks)

    def number(layer: list[int]) -> None:
        for i, v in enumerate(layer):
            place[v] = float(i)

    for layer in layers:
        number(layer)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below, place, ranks)
    for sweep in range(_SWEEPS if fewest else 0):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            near = above if sweep % 2 == 0 else below
            middle = {v: _median([place[w] for w in near[v]], place[v]) for v in layer}
            layer.sort(key=middle.__getitem__)
            number(layer)
        if (crossings := _crossings(layers, below, place, ranks)) < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best, below, above


def _median(places: list[float], otherwise: float) -> float:
    if not places:
        return otherwise
    places = sorted(places)
    half = len(places) // 2
    return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2


def _crossings(
    layers: list[list[int]], below: Neighbours, place: list[float], ranks: list[int]
) -> int:
    """How many pairs of arrows between neighbouring ranks cross: inversions, counted in a tree of sums."""
    found = 0
    for layer, after in pairwise(layers):
        tree, ends = [0] * (len(after) + 1), 0
        for v in layer:
            targets = sorted(int(place[w]) for w in below[v] if ranks[w] == ranks[v] + 1)
            for t in targets:  # those so far that end further on
                i, before = t + 1, 0
                while i:
                    before += tree[i]
                    i -= i & -i
                found += ends - before
            for t in targets:
                ends += 1
                i = t + 1
                while i <= len(after):
                    tree[i] += 1
                    i += i & -i
    return found


def _coordinates(
    layers: list[list[int]], below: Neighbours, above: Neighbours, lengths: list[float]
) -> list[float]:
    """Centres along the ranks: each near the mean of its neighbours, none closer than a gap to the next.

    What was computed counts for more than leaves do, so that the way of a network is straight.
    """
    x = [0.0] * len(lengths)
    weights = [1.0 if inputs else 0.04 for inputs in above]
    for layer in layers:
        _settle(layer, [0.0] * len(layer), weights, lengths, x)
    both = [a + b for a, b in zip(above, below, strict=True)]
    for sweep in range(3 * _SWEEPS):
        near = both if sweep >= 2 * _SWEEPS else above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for v in layer:
                total = sum(weights[w] for w in near[v])
                wanted.append(sum(weights[w] * x[w] for w in near[v]) / total if total else x[v])
            _settle(layer, wanted, weights, lengths, x)
    return x


def _settle(
    layer: list[int],
    wanted: list[float],
    weights: list[float],
    lengths: list[float],
    x: list[float],
) -> None:
    """The places nearest to those wanted, by least squares, that keep order and gaps.

    Without the gaps it is isotonic regression: neighbours that are out of order share their mean.
    """
    offsets, offset = [], 0.0
    for i, v in enumerate(layer):
        if i:
            offset += (lengths[layer[i - 1]] + lengths[v]) / 2 + _GAP
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # weighted sums, weights and counts
    for v, want, offset in zip(layer, wanted, offsets, strict=True):
        weight, count = weights[v], 1
        total = weight * (want - offset)
        while blocks and blocks[-1][0] * weight >= total * blocks[-1][1]:
            before = blocks.pop()
            total, weight, count = total + before[0], weight + before[1], count + before[2]
        blocks.append((total, weight, count))
    i = 0
    for total, weight, count in blocks:
        for _ in range(count):
            x[layer[i]] = total / weight + offsets[i]
            i += 1


def _arrows(
    paths: list[list[int]],
    pairs: list[tuple[int, int]],
    x: list[float],
    y: list[float],
    depths: list[float],
    lengths: list[float],
    tops: list[tuple[float, float]],
    ranks: list[int],
) -> list[list[tuple[float, float]]]:
    """The points of each arrow, from the edge of one box to that of the other; they arrive side by side."""
    arriving: dict[int, list[int]] = {}
    for i, (_, b) in enumerate(pairs):
        arriving.setdefault(b, []).append(i)
    ends = {}
    for b, numbers in arriving.items():
        numbers.sort(key=lambda i: (x[paths[i][-2]], i))
        room = min(lengths[b] * 0.6, 12.0 * (len(numbers) - 1))
        for k, i in enumerate(numbers):
            ends[i] = x[b] + (room * (k / (len(numbers) - 1) - 0.5) if len(numbers) > 1 else 0.0)
    found = []
    for i, path in enumerate(paths):
        a, b = path[0], path[-1]
        points = [(x[a], y[a] + depths[a] / 2)]
        for v in path[1:-1]:  # along the whole depth of a rank, so that no box of it is touched
            top, deep = tops[ranks[v]]
            points += [(x[v], top), (x[v], top + deep)]
        found.append([*points, (ends[i], y[b] - depths[b] / 2)])
    return found
