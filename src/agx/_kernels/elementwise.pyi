import numpy as np

from . import _fused

@_fused
def erf(x: np.ndarray, out: np.ndarray) -> None: ...
@_fused
def relu_gradient(g: np.ndarray, x: np.ndarray, out: np.ndarray) -> None: ...
