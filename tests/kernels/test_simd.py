"""Which vector instructions are used, and switching between them."""

from agx._kernels import simd


def test_a_level_that_does_not_exist_is_cut():
    best = simd.level()
    before = simd.set_level(99)
    assert simd.level() == best
    simd.set_level(-1)
    assert simd.level() == 0
    simd.set_level(before)
