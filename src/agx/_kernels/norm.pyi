from collections.abc import Callable

import numpy as np

_Team = Callable[[], int]
_Pair = tuple[np.ndarray, np.ndarray]

def moments(x: object, team: _Team) -> _Pair | None: ...
def normalise(
    x: object, w: object, b: object, mean: np.ndarray, scale: np.ndarray, team: _Team
) -> np.ndarray | None: ...
def gradient_sums(g: object, x: object, mean: np.ndarray, team: _Team) -> _Pair | None: ...
def normalise_gradient(
    g: object,
    x: object,
    w: object,
    mean: np.ndarray,
    scale: np.ndarray,
    sums: np.ndarray,
    products: np.ndarray,
    team: _Team,
) -> np.ndarray | None: ...
def normalise_rows(
    x: object, w: object, b: object, eps: float, team: _Team
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None: ...
def normalise_rows_gradient(
    g: object, x: object, w: object, mean: np.ndarray, scale: np.ndarray, team: _Team
) -> _Pair | None: ...
