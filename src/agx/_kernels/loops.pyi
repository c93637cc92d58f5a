from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

_Team = Callable[[], int]
_Pair = tuple[np.ndarray, np.ndarray]
_Geometry = Sequence[tuple[int, ...]]

def exp(x: object, team: _Team) -> np.ndarray | None: ...
def relu(x: object, team: _Team) -> np.ndarray | None: ...
def relu_gradient(
    g: object, x: object, team: _Team, overwrite: bool = False
) -> np.ndarray | None: ...

ACTIVATIONS: tuple[str, ...]

def activation(which: int, x: object, a: float, team: _Team) -> np.ndarray | None: ...
def activation_gradient(
    which: int, g: object, value: object, x: object, a: float, team: _Team, overwrite: bool = False
) -> np.ndarray | None: ...
def max_pool_2x2(x: object, team: _Team) -> np.ndarray | None: ...
def max_unpool_2x2(g: object, x: object, team: _Team) -> np.ndarray | None: ...
def channel_sums(g: object, team: _Team) -> np.ndarray | None: ...
def erf(x: object) -> np.ndarray | None: ...

UPDATES: tuple[str, ...]

def update(
    rule: int,
    options: tuple[float, ...],
    slots: int,
    parameters: list[Any],
    kept: list[dict[str, np.ndarray]],
    steps: list[int],
    start: int,
) -> tuple[bool, list[int]]: ...
def pick(x: object, index: object, team: _Team) -> np.ndarray | None: ...
def add_at(x: object, index: object, g: object, team: _Team, out: object = None) -> bool | None: ...
def sums(x: object, axis: int, team: _Team) -> np.ndarray | None: ...
def cumulate(
    x: object, axis: int, products: bool, backwards: bool, team: _Team
) -> np.ndarray | None: ...
def product_gradient(
    g: object, y: object, x: object, axis: int, team: _Team
) -> np.ndarray | None: ...
def share_extreme(
    g: object, best: object, x: object, axis: int, team: _Team
) -> np.ndarray | None: ...
def logsumexp(x: object, team: _Team) -> np.ndarray | None: ...
def logsumexp_gradient(g: object, x: object, team: _Team) -> np.ndarray | None: ...
def softmax(x: object, team: _Team) -> np.ndarray | None: ...
def log_softmax(x: object, team: _Team) -> np.ndarray | None: ...
def softmax_gradient(g: object, y: object, logarithm: bool, team: _Team) -> np.ndarray | None: ...
def are_classes(targets: object, classes: int, ignored: int) -> bool: ...
def nll(z: object, targets: object, mean: bool, team: _Team) -> np.ndarray | None: ...
def nll_gradient(
    g: object, z: object, targets: object, mean: bool, team: _Team
) -> np.ndarray | None: ...
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
def matmul(x: object, y: object, bias: object, team: Callable[[], int]) -> np.ndarray | None: ...

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
def window_sums(
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
def cut(
    x: np.ndarray,
    how: np.ndarray,
    height: int,
    width: int,
    team: _Team,
    tables: np.ndarray | None = None,
) -> np.ndarray: ...
def warp(x: np.ndarray, how: np.ndarray, smooth: bool, team: _Team) -> np.ndarray: ...
def mix_images(x: np.ndarray, how: np.ndarray, team: _Team) -> np.ndarray: ...
def ufunc_loop(ufunc: np.ufunc, kinds: tuple[int, ...]) -> tuple[int, int] | None: ...
def copy_loop(size: int) -> tuple[int, int]: ...
def choice_loop(size: int) -> tuple[int, int]: ...
def conversion_loop(kinds: str) -> tuple[int, int] | None: ...

@final
class Executor:
    def __init__(
        self,
        stream: Sequence[int],
        items: tuple[Any, ...],
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
        constants: tuple[np.ndarray, ...],
        bases: int,
        guards: tuple[Any, ...],
        frame_of: Callable[[], tuple[Any, ...]],
        scratch: int,
        longest: int,
        team: Callable[[], int],
    ) -> None: ...
    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...] | None: ...
