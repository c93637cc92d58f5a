"""Random points at which to differentiate, the same ones in every run.

In a table, and anywhere outside of tests, each line draws its own numbers, from its text, so that a
new row changes no other. Inside a test they come from one generator, which ``conftest.py`` restarts
before each test, so that they do not depend on the tests that ran before.
"""

import linecache
import sys
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

FOLDER = str(Path(__file__).parent)
in_tests = np.random.default_rng(0)


def restart():
    """Draw the same points again inside the next test."""
    in_tests.bit_generator.state = np.random.default_rng(0).bit_generator.state


def source():
    """The generator of the line of a table that asks; inside of tests the common one."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    if frame is None or not frame.f_code.co_filename.startswith(FOLDER):
        return in_tests
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    drawn = frame.f_globals.setdefault("_drawn", Counter())
    drawn[line] += 1
    return np.random.default_rng(zlib.crc32(f"{line} {drawn[line]}".encode()))


def normal(*shape):
    return source().standard_normal(shape)


def positive(*shape):
    return source().uniform(0.3, 2.0, shape)


def apart(*shape):
    """Numbers that differ by at least 0.1, so that no step of a difference reorders them."""
    size = int(np.prod(shape))
    return source().permutation(np.arange(size) * 0.1 - size * 0.05 + 0.03).reshape(shape)


def unit(*shape):
    return source().uniform(-0.8, 0.8, shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)
