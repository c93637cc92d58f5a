import numpy as np

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
def max_pick(
    x: np.ndarray,
    u: np.ndarray,
    out: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    dilation: tuple[int, int] = (1, 1),
    empty: float = 0,
) -> None: ...
def max_pool(
    x: np.ndarray,
    out: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    dilation: tuple[int, int] = (1, 1),
) -> None: ...
def max_unpool(
    x: np.ndarray,
    g: np.ndarray,
    dx: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    dilation: tuple[int, int] = (1, 1),
) -> None: ...
def sum_pool(x: np.ndarray, out: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...
def sum_unpool(g: np.ndarray, dx: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...
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
