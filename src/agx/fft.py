"""Discrete Fourier transforms: ``numpy.fft`` for arrays and Tensors."""

from numpy.fft import fftfreq as fftfreq
from numpy.fft import rfftfreq as rfftfreq

from .ops.signal.fourier import *
