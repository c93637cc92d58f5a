from collections.abc import Callable, Sequence

import numpy as np

_Team = Callable[[], int]
_Geometry = Sequence[tuple[int, int]]

def forward(
    x: object, w: object, bias: object, geo: _Geometry, groups: int, workspace: int, team: _Team
) -> np.ndarray | None: ...
def input_gradient(
    g: object,
    w: object,
    shape: tuple[int, ...],
    geo: _Geometry,
    groups: int,
    workspace: int,
    team: _Team,
) -> np.ndarray | None: ...
def weight_gradient(
    x: object,
    g: object,
    shape: tuple[int, ...],
    geo: _Geometry,
    groups: int,
    workspace: int,
    team: _Team,
) -> np.ndarray | None: ...
