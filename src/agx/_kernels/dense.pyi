from collections.abc import Callable

import numpy as np

def matmul(x: object, y: object, bias: object, team: Callable[[], int]) -> np.ndarray | None: ...
