from collections.abc import Callable, Sequence
from typing import final

import numpy as np

_Team = Callable[[], int]
_Geometry = Sequence[tuple[int, int]]

@final
class Plan:
    @property
    def way(self) -> str: ...
    @property
    def threads(self) -> int: ...
    def run(self) -> np.ndarray: ...

def plan_forward(
    x: object,
    w: object,
    bias: object,
    geo: _Geometry,
    groups: int,
    workspace: int,
    team: _Team,
    winograd: bool = True,
) -> Plan | None: ...
def plan_input_gradient(
    g: object,
    w: object,
    shape: tuple[int, ...],
    geo: _Geometry,
    groups: int,
    workspace: int,
    team: _Team,
    winograd: bool = True,
) -> Plan | None: ...
def plan_weight_gradient(
    x: object,
    g: object,
    shape: tuple[int, ...],
    geo: _Geometry,
    groups: int,
    workspace: int,
    team: _Team,
    winograd: bool = True,
) -> Plan | None: ...
