import numpy as np

from . import _fused

def use_blas(sgemm: int | None, dgemm: int | None, ilp64: bool) -> None: ...
@_fused
def forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
    work: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    start: int,
    stop: int,
) -> None: ...
@_fused
def input_gradient(
    g: np.ndarray,
    w: np.ndarray,
    x: np.ndarray,
    work: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    start: int,
    stop: int,
) -> None: ...
@_fused
def weight_gradient(
    x: np.ndarray,
    g: np.ndarray,
    w: np.ndarray,
    work: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    start: int,
    stop: int,
) -> None: ...
