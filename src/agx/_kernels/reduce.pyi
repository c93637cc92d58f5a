import numpy as np

from . import _fused

@_fused
def logsumexp_rows(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None: ...
@_fused
def softmax_rows(x: np.ndarray, out: np.ndarray) -> None: ...
@_fused
def log_softmax_rows(x: np.ndarray, out: np.ndarray) -> None: ...
