from collections.abc import Callable

import numpy as np

_Team = Callable[[], int]

def pick(x: object, index: object, team: _Team) -> np.ndarray | None: ...
def add_at(out: object, index: object, g: object, team: _Team) -> bool | None: ...
def accumulate(
    x: object, axis: int, products: bool, backwards: bool, team: _Team
) -> np.ndarray | None: ...
def product_gradient(
    g: object, y: object, x: object, axis: int, team: _Team
) -> np.ndarray | None: ...
def share_extreme(
    g: object, best: object, x: object, axis: int, team: _Team
) -> np.ndarray | None: ...
