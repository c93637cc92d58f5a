import numpy as np

def forward(
    x: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray | None,
    out: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    workspace: int,
    parts: int,
) -> None: ...
def input_gradient(
    g: np.ndarray,
    w: np.ndarray,
    x: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    workspace: int,
    parts: int,
) -> None: ...
def weight_gradient(
    x: np.ndarray,
    g: np.ndarray,
    shares: np.ndarray,
    sizes: tuple[int, ...],
    geometry: tuple[int, ...],
    workspace: int,
    parts: int,
) -> None: ...
