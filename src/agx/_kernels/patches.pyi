from collections.abc import Callable

import numpy as np

_Team = Callable[[], int]

def fill_indices(out: np.ndarray, H: int, W: int, OW: int, geometry: tuple[int, ...]) -> None: ...
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
def index_add(out: np.ndarray, index: np.ndarray, values: np.ndarray) -> None: ...
def largest(
    x: np.ndarray,
    out: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    geometry: tuple[int, ...],
    team: _Team,
    back: bool = False,
    u: np.ndarray | None = None,
) -> None: ...
def sums(
    x: np.ndarray,
    out: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    geometry: tuple[int, ...],
    team: _Team,
    back: bool = False,
) -> None: ...
def use_blas(sgemm: int | None, dgemm: int | None, ilp64: bool) -> None: ...
def forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    out: np.ndarray,
    work: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    start: int,
    stop: int,
) -> None: ...
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
