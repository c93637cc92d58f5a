"""Which vector instructions are used, and switching between them."""

from agx._kernels import simd


def test_a_level_that_does_not_exist_is_cut():
    before = simd.set_level(99)
    assert before <= simd.level() <= 2
    simd.set_level(-1)
    assert simd.level() == 0
    simd.set_level(before)
