"""Rows of the op table for Fourier transforms; see op_table.py."""

from points import normal

import agx as ag
from agx.ops.signal import fourier  # noqa: F401 - declares primitives


def power(y):
    return ag.abs(y) ** 2


rows = {
    "fftn": [
        (lambda x, y: power(ag.fft.fft(x + 1j * y)), normal(5), normal(5)),
        (lambda x: ag.imag(ag.fft.fft(x * x, 6, 0, "ortho")), normal(4, 3)),
        (lambda x: power(ag.fft.fft(x, 3, norm="forward")), normal(2, 5)),
        (lambda x, y: power(ag.fft.fft2(x + 1j * y, (2, -1), (-1, 0))), normal(4, 3), normal(4, 3)),
        (lambda x: ag.real(ag.fft.fftn(x * x, (3, 4, 2), (0, 1, 0))), normal(2, 3)),
    ],
    "ifftn": [
        (lambda x, y: power(ag.fft.ifft(x + 1j * y)), normal(5), normal(5)),
        (lambda x: ag.imag(ag.fft.ifft2(x * x, (3, 6), norm="ortho")), normal(4, 5)),
        (
            lambda x, y: power(ag.fft.ifftn(x + 1j * y, norm="forward")),
            normal(2, 1, 3),
            normal(2, 1, 3),
        ),
    ],
    "rfftn": [
        (lambda x: power(ag.fft.rfft(x)), normal(5)),
        (lambda x: ag.imag(ag.fft.rfft(x * x, 7, 0, "ortho")), normal(4, 2)),
        (lambda x: power(ag.fft.ihfft(x, norm="forward")), normal(2, 6)),
        (lambda x: power(ag.fft.rfft2(x, axes=(0, 1), norm="forward")), normal(3, 4)),
        (lambda x: power(ag.fft.rfftn(x, (3, 2, 5))), normal(2, 3, 4)),
        (lambda x: ag.imag(ag.fft.rfftn(x * x, axes=(0, 1, 0))), normal(3, 4)),
    ],
    "irfftn": [
        (lambda x, y: ag.fft.irfft(x + 1j * y) ** 2, normal(4), normal(4)),
        (lambda x, y: ag.fft.irfft(x + 1j * y, 5, 0, "ortho") ** 2, normal(4, 2), normal(4, 2)),
        (lambda x, y: ag.fft.hfft(x + 1j * y, 9, norm="forward") ** 2, normal(4), normal(4)),
        (lambda x: ag.fft.irfft2(x, (3, 5), norm="forward") ** 2, normal(3, 4)),
        (lambda x, y: ag.fft.irfftn(x + 1j * y) ** 2, normal(2, 3, 3), normal(2, 3, 3)),
        (lambda x, y: ag.fft.irfftn(x + 1j * y, axes=(1, 0, 1)) ** 2, normal(3, 4), normal(3, 4)),
    ],
}
