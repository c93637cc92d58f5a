from collections.abc import Callable, Sequence

import numpy as np

Team = Callable[[], int]
Geometry = Sequence[tuple[int, int]]

def forward(
    x: object, w: object, bias: object, geo: Geometry, groups: int, workspace: int, team: Team
) -> np.ndarray | None: ...
def input_gradient(
    g: object,
    w: object,
    shape: tuple[int, ...],
    geo: Geometry,
    groups: int,
    workspace: int,
    team: Team,
) -> np.ndarray | None: ...
def weight_gradient(
    x: object,
    g: object,
    shape: tuple[int, ...],
    geo: Geometry,
    groups: int,
    workspace: int,
    team: Team,
) -> np.ndarray | None: ...
