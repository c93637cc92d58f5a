"""Every set of vector instructions that this processor has, one after the other."""

import pytest

from agx._kernels import machine

NAMES = dict(enumerate(machine.names()))


def use(wanted, tiles=False):
    before = machine.set_level(wanted)
    try:
        if machine.level() != wanted:
            pytest.skip(f"this processor has no {NAMES[wanted]}")
        if tiles and not machine.has_tiles():
            pytest.skip(f"{NAMES[wanted]} has no tiles")
        yield wanted
    finally:
        machine.set_level(before)


@pytest.fixture(params=NAMES, ids=NAMES.get)
def level(request):
    """Each level, from the compiler's baseline on."""
    yield from use(request.param)


@pytest.fixture(params=list(NAMES)[1:], ids=NAMES.get)
def vector_level(request):
    """Each level that multiplies by tiles."""
    yield from use(request.param, tiles=True)
