"""Arrays of any shape and content, as they may lie in memory."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

#: Lengths that vectors, tiles and blocks of them end at, and others.
LENGTHS = (0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17, 23, 31, 33, 63, 64, 65, 100)
SPECIAL = (
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-40,
    -1e-40,
    3e38,
    -3e38,
    1e-30,
    88.5,
    -88.5,
)


class Drawn:
    """Random numbers, and arrays made of them.

    ``finite`` leaves infinities and NaN out, and ``plain`` arrays that do not simply lie in order.
    """

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.integers = self.rng.integers

    def one_of(self, things):
        return things[int(self.rng.random() * len(things))]

    def chance(self, share):
        return self.rng.random() < share

    def number(self, low, high):
        """An integer from ``low`` to ``high``."""
        return low + int(self.rng.random() * (high - low + 1))

    def dtype(self):
        return self.one_of((np.dtype(np.float32), np.dtype(np.float64)))

    def shape(self, least=1, most=3, size=400):
        """A shape of no more than about ``size`` elements, now and then of enough for several threads."""
        if self.chance(0.003):
            size *= 200
        shape, left = [], size
        for _ in range(self.number(least, most)):
            n = min(
                self.one_of(LENGTHS) if size == 400 or shape else self.number(1, 300), max(left, 1)
            )
            shape.append(n)
            left //= max(n, 1)
        self.rng.shuffle(shape)
        return tuple(map(int, shape))

    def values(self, shape, dtype, finite=False):
        """Numbers of a like size, of very different sizes, few different ones, and strange ones."""
        kind = self.rng.random()
        x = np.asarray(self.rng.standard_normal(shape))
        if kind < 0.2:
            x = np.round(x)
        elif kind < 0.35:
            x *= 100
        elif kind < 0.45:
            x *= 10.0 ** self.rng.integers(-12, 12, shape)
        x = np.asarray(x).astype(dtype)
        if not finite and x.size and self.chance(0.25):
            flat = x.reshape(-1)
            for _ in range(self.number(1, 3)):
                flat[self.number(0, x.size - 1)] = self.one_of(SPECIAL)
        return x

    def array(self, shape, dtype, finite=False, plain=0.5):
        """Values that lie in order with a probability of ``plain``, and else somehow."""
        x = self.values(shape, dtype, finite)
        return x if self.chance(plain) or not x.ndim else self.one_of(LAYOUTS)(x)


def misaligned(x):
    out = np.ndarray(x.shape, x.dtype, buffer=bytearray(x.nbytes + 1), offset=1)
    out[...] = x
    return out


def byte_swapped(x):
    return x.astype(x.dtype.newbyteorder())


def backwards(x):
    return np.flip(np.flip(x).copy())


def every_third(x):
    wide = np.empty((*x.shape[:-1], 3 * x.shape[-1]) if x.ndim else (), x.dtype)
    out = wide[..., 1::3] if x.ndim else wide
    out[...] = x
    return out


def transposed(x):
    return x.T.copy().T


def field(x):
    records = np.zeros(x.shape, [("before", "u1"), ("x", x.dtype), ("after", "u2")])
    records["x"] = x
    return records["x"]


def read_only(x):
    x.flags.writeable = False
    return x


def one_number(x):
    return np.broadcast_to(
        x.reshape(-1)[:1].reshape(()) if x.size else np.zeros((), x.dtype), x.shape
    )


def overlapping(x):
    """Rows that begin one element after each other, in the same memory."""
    if not x.ndim or not x.size:
        return x
    memory = np.resize(x.reshape(-1), sum(x.shape))
    return as_strided(memory, x.shape, (x.itemsize,) * x.ndim, writeable=False)


def in_the_middle(x):
    """Between others in a row of memory, with NaN on both sides."""
    memory = np.full(x.size + 14, np.nan, x.dtype)
    out = memory[7 : 7 + x.size].reshape(x.shape)
    out[...] = x
    return out


def of_a_class(x):
    return x.view(Own)


class Own(np.ndarray):
    """A subclass, as users have them."""


LAYOUTS = (
    misaligned, byte_swapped, backwards, every_third, transposed, field, read_only, one_number, overlapping,
    in_the_middle, of_a_class,
)  # fmt: skip


class Guard:
    """An array to be written, between elements that must stay."""

    SIDE = 32

    def __init__(self, x):
        self.memory = np.full(x.size + 2 * self.SIDE, 7, x.dtype)
        self.array = self.memory[self.SIDE : self.SIDE + x.size].reshape(x.shape)
        self.array[...] = x

    def holds(self):
        side = self.SIDE
        return (self.memory[:side] == 7).all() and (self.memory[-side:] == 7).all()
