"""Discrete Fourier transforms: ``numpy.fft`` for arrays and Tensors."""

from numpy.fft import fftfreq as fftfreq
from numpy.fft import rfftfreq as rfftfreq

from .ops.signal.fourier import fft as fft
from .ops.signal.fourier import fft2 as fft2
from .ops.signal.fourier import fftn as fftn
from .ops.signal.fourier import fftshift as fftshift
from .ops.signal.fourier import hfft as hfft
from .ops.signal.fourier import ifft as ifft
from .ops.signal.fourier import ifft2 as ifft2
from .ops.signal.fourier import ifftn as ifftn
from .ops.signal.fourier import ifftshift as ifftshift
from .ops.signal.fourier import ihfft as ihfft
from .ops.signal.fourier import irfft as irfft
from .ops.signal.fourier import irfft2 as irfft2
from .ops.signal.fourier import irfftn as irfftn
from .ops.signal.fourier import rfft as rfft
from .ops.signal.fourier import rfft2 as rfft2
from .ops.signal.fourier import rfftn as rfftn
