"""Random points at which to differentiate."""

import numpy as np

rng = np.random.default_rng(8)


def restart(seed):
    """Draw the same points again, whichever table was imported before."""
    rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state


def normal(*shape):
    return rng.standard_normal(shape)


def positive(*shape):
    return rng.uniform(0.3, 2.0, shape)


def apart(*shape):
    """Numbers that differ by at least 0.1, so that no step of a difference reorders them."""
    size = int(np.prod(shape))
    return rng.permutation(np.arange(size) * 0.1 - size * 0.05 + 0.03).reshape(shape)


def unit(*shape):
    return rng.uniform(-0.8, 0.8, shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)
