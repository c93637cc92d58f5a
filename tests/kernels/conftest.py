"""Every set of vector instructions that this processor has, one after the other."""

import pytest

from agx._kernels import simd

CHOSEN = simd.set_level(99)
BEST = simd.level()
simd.set_level(CHOSEN)
NAMES = {0: "baseline", 1: "AVX2", 2: "AVX-512"}


def use(wanted):
    if wanted > BEST:
        pytest.skip(f"this processor has no {NAMES[wanted]}")
    before = simd.set_level(wanted)
    yield wanted
    simd.set_level(before)


@pytest.fixture(params=NAMES, ids=NAMES.get)
def level(request):
    """Each level, from the compiler's baseline on."""
    yield from use(request.param)


@pytest.fixture(params=list(NAMES)[1:], ids=NAMES.get)
def vector_level(request):
    """Each level for which there are kernels of its own."""
    yield from use(request.param)
