import numpy as np

from . import _fused

def fill_indices(out: np.ndarray, H: int, W: int, OW: int, geometry: tuple[int, ...]) -> None: ...
@_fused
def gather(
    x: np.ndarray,
    cols: np.ndarray,
    n0: int,
    c0: int,
    channels: int,
    OH: int,
    OW: int,
    geometry: tuple[int, ...],
) -> None: ...
@_fused
def scatter_add(
    cols: np.ndarray,
    x: np.ndarray,
    n0: int,
    c0: int,
    channels: int,
    OH: int,
    OW: int,
    geometry: tuple[int, ...],
) -> None: ...
@_fused
def index_add(out: np.ndarray, index: np.ndarray, values: np.ndarray) -> None: ...
@_fused
def max_pool(x: np.ndarray, out: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...
@_fused
def max_unpool(
    x: np.ndarray, g: np.ndarray, dx: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None: ...
@_fused
def max_pick(
    x: np.ndarray, u: np.ndarray, out: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None: ...
@_fused
def sum_pool(x: np.ndarray, out: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...
@_fused
def sum_unpool(g: np.ndarray, dx: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...
