import numpy as np

from . import _fused

@_fused
def erf(x: np.ndarray, out: np.ndarray) -> None: ...
