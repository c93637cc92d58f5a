"""Programs that type checkers accept. A comment after ``reveal_type`` says what both must find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, reveal_type

import numpy as np
import numpy.typing as npt

import agx as ag
from agx import Scalar, Tensor, nn, optim

v: npt.NDArray[np.float64] = np.ones(3)
x = Tensor([1.0, 2.0, 3.0])
s = Scalar(2.0)


def functions(bare: np.ndarray) -> None:
    reveal_type(ag.sin(x))  # Tensor
    reveal_type(ag.sin(v))  # ndarray
    reveal_type(ag.sin(bare))  # ndarray
    reveal_type(ag.sin(2.0))  # ndarray
    reveal_type(ag.sin([1.0, 2.0]))  # ndarray
    reveal_type(ag.sin([1.0, x]))  # Tensor
    reveal_type(ag.relu(x))  # Tensor
    reveal_type(ag.relu(bare))  # ndarray
    reveal_type(ag.add(v, x))  # Tensor
    reveal_type(ag.add(x, 2.0))  # Tensor
    reveal_type(ag.add(v, 2.0))  # ndarray
    reveal_type(ag.maximum(x, 0.0))  # Tensor
    reveal_type(ag.sum(x, axis=0, keepdims=True))  # Tensor
    reveal_type(ag.sum(bare, axis=0))  # ndarray
    reveal_type(ag.sum([x, 1.0]))  # Tensor
    reveal_type(ag.sum([]))  # ndarray
    reveal_type(ag.sum(a=x))  # Any
    reveal_type(ag.matmul(v, x))  # Tensor
    reveal_type(ag.dot(bare, bare))  # ndarray
    reveal_type(ag.einsum("i,i->", v, x))  # Tensor
    reveal_type(ag.einsum("i,i->", v, v))  # ndarray
    reveal_type(ag.concatenate([x, v]))  # Tensor
    reveal_type(ag.concatenate(x[:, None]))  # Tensor
    reveal_type(ag.concatenate([[x, x], [x, x]]))  # Tensor
    reveal_type(ag.concat(([1.0], (2.0, 3.0)), axis=0))  # ndarray
    reveal_type(ag.stack([v, v]))  # ndarray
    reveal_type(ag.vstack((x, v)))  # Tensor
    reveal_type(ag.hstack([bare, 2.0]))  # ndarray
    reveal_type(ag.block([[x, x], [x, x]]))  # Tensor
    reveal_type(ag.abs(x) + ag.concat([x, 1.0]))  # Tensor
    reveal_type(ag.where(v > 0, x, 0.0))  # Tensor
    reveal_type(ag.where(v > 0, v, 0.0))  # ndarray
    reveal_type(ag.where(v > 0))  # tuple[ndarray, ...]
    reveal_type(ag.split(x, 3))  # list[Tensor]
    reveal_type(ag.split(v, 3))  # list[ndarray]
    reveal_type(ag.hsplit(x, 3))  # list[Tensor]
    reveal_type(ag.diag(x, 1))  # Tensor
    reveal_type(ag.modf(x))  # tuple[Tensor, ...]
    reveal_type(ag.topk(x, 2))  # tuple[Tensor, ndarray]
    reveal_type(ag.unique_counts(x).values)  # Tensor
    reveal_type(ag.unique(x))  # Tensor | Any
    reveal_type(ag.atleast_2d(x))  # Tensor
    reveal_type(ag.linalg.eigh(x).eigenvalues)  # Tensor
    reveal_type(ag.linalg.norm(x))  # Tensor
    reveal_type(ag.linalg.norm(v))  # ndarray
    reveal_type(ag.linalg.lstsq(x, v)[2])  # int
    reveal_type(ag.fft.fft(x))  # Tensor
    reveal_type(ag.special.gammaln(x))  # Tensor
    reveal_type(ag.conv2d(v, x, None, stride=2))  # Tensor
    reveal_type(ag.linear(v, x))  # Tensor
    reveal_type(ag.cross_entropy(x, v))  # Tensor
    reveal_type(ag.cross_entropy(v, v))  # ndarray
    reveal_type(ag.kl_div(x, v, reduction="batchmean"))  # Tensor
    reveal_type(ag.triplet_margin_loss(v, v, v))  # ndarray
    reveal_type(ag.scaled_dot_product_attention(x, v, v, is_causal=True))  # Tensor
    reveal_type(ag.mish(x))  # Tensor
    reveal_type(ag.selu(v))  # ndarray
    reveal_type(np.sin(x))  # Any


def facts(bare: np.ndarray) -> None:
    """NumPy's functions of plain arrays, which take Tensors and give no gradient."""
    best: np.intp = ag.argmax(x)
    every: np.bool = ag.all(x > 0)
    count: np.intp = ag.count_nonzero([x, v])
    reveal_type(["a", "b", "c"][ag.argmax(x)])  # str
    reveal_type(ag.argmin(x, axis=0))  # ndarray
    reveal_type(ag.nanargmax(bare, axis=0))  # ndarray
    reveal_type(ag.argsort(x))  # ndarray
    reveal_type(ag.argpartition(x, 1))  # ndarray
    reveal_type(ag.lexsort([x, v]))  # ndarray
    reveal_type(ag.searchsorted(v, x))  # ndarray
    reveal_type(ag.digitize(x, [0.0, 1.0]))  # ndarray
    reveal_type(ag.argwhere(x))  # ndarray
    reveal_type(ag.flatnonzero(x > 0))  # ndarray
    reveal_type(ag.nonzero(x))  # tuple[ndarray, ...]
    reveal_type(ag.count_nonzero(x, axis=0))  # ndarray
    reveal_type(ag.all(x, axis=0))  # ndarray
    reveal_type(ag.any([x, v], axis=(0, 1)))  # ndarray
    reveal_type(ag.isclose(x, v))  # ndarray
    reveal_type(ag.allclose(x, 1.0, atol=1e-3))  # bool
    reveal_type(ag.array_equal(v, x))  # bool
    reveal_type(ag.array_equiv(x, x))  # bool
    reveal_type(ag.isin(x, [1.0, 2.0]))  # ndarray
    reveal_type(ag.isnan(x))  # ndarray
    reveal_type(ag.isfinite(bare))  # ndarray
    reveal_type(ag.isposinf(x))  # ndarray
    reveal_type(ag.signbit(x))  # ndarray
    reveal_type(ag.logical_not(x > 0))  # ndarray
    reveal_type(ag.logical_and(x > 0, v > 0))  # ndarray
    reveal_type(ag.logical_and.nin)  # int
    reveal_type(ag.greater(x, 0.0))  # ndarray
    reveal_type(ag.equal(v, x, where=v > 0))  # ndarray
    reveal_type(ag.isreal(x))  # ndarray
    reveal_type(ag.ones_like(x))  # Tensor | Any
    reveal_type(ag.zeros_like(v, dtype=np.float32))  # ndarray | Any
    reveal_type(ag.ndim(x))  # int
    reveal_type(ag.size(x, 0))  # int
    reveal_type(ag.shape([x, x]))  # tuple[int, ...]
    reveal_type(ag.result_type(x, np.float32))  # dtype[Any]
    reveal_type(ag.shares_memory(x, v))  # bool
    reveal_type(ag.triu_indices_from(x))  # tuple[ndarray, ndarray]
    reveal_type(ag.zeros(3))  # Tensor | Any
    made = x.copy()
    made[0] = 1.0
    made[1:] = v[1:]
    made += v
    if ag.any(x > 0) and not every and best < count:
        reveal_type(v[ag.argsort(x)])  # ndarray


def tensors() -> None:
    reveal_type(x * x)  # Tensor
    reveal_type(2.0 * x)  # Tensor
    reveal_type(v * x)  # Tensor
    reveal_type(v @ x)  # Tensor
    reveal_type(x @ v)  # Tensor
    reveal_type(-x / 2 + x**2 - abs(x))  # Tensor
    reveal_type(sum([x, x]))  # Tensor | Literal[0]
    reveal_type(max(x, x))  # Tensor
    reveal_type(divmod(x, 2.0))  # tuple[Tensor, Tensor]
    reveal_type(x + [1.0, 2.0, 3.0])  # Tensor
    reveal_type([[1.0], [2.0]] + x)  # Tensor
    reveal_type(x - (v, v))  # Tensor
    reveal_type(x / np.float32(2.0))  # Tensor
    reveal_type(x == x)  # ndarray
    reveal_type(x < 2.0)  # ndarray
    reveal_type(x[0])  # Tensor
    reveal_type(x[:, None])  # Tensor
    reveal_type(x.T)  # Tensor
    reveal_type(x.sum())  # Tensor
    reveal_type(x.mean(axis=0, keepdims=True))  # Tensor
    reveal_type(x.reshape(3, 1))  # Tensor
    reveal_type(x.reshape((3, 1)))  # Tensor
    reveal_type(x.reshape(np.shape(v)))  # Tensor
    reveal_type(x.reshape(x.size, -1, order="F"))  # Tensor
    reveal_type(x.detach())  # Tensor
    reveal_type(x.argmax())  # ndarray
    reveal_type(x.shape)  # tuple[int, ...]
    reveal_type(x.value)  # ndarray
    reveal_type(x.grad)  # ndarray
    reveal_type(x.item())  # float
    reveal_type(x.requires_grad)  # bool
    reveal_type(x.backward())  # None
    reveal_type(ag.reshape)  # Giving
    x.value = [1.0, 2.0, 3.0]
    x.value -= 0.1 * x.grad
    x.grad = None
    x.grad = x * x
    for row in x:
        reveal_type(row)  # Tensor


def either(a: Tensor | np.ndarray) -> None:
    reveal_type(ag.sin(a))  # Tensor | ndarray
    reveal_type(ag.sum(a, axis=0))  # Tensor | ndarray
    if isinstance(a, Tensor):
        reveal_type(a)  # Tensor


def scalars() -> None:
    reveal_type(s * 2.0 + s)  # Scalar
    reveal_type(2.0 * s**2)  # Scalar
    reveal_type(s.tanh())  # Scalar
    reveal_type(ag.exp(s))  # Scalar
    reveal_type(ag.relu(s))  # Scalar
    reveal_type(ag.add(2.0, s))  # Scalar
    reveal_type(ag.maximum(s, 0.0))  # Scalar
    reveal_type(ag.max(s, 0.0))  # Scalar
    reveal_type(ag.max([s, s]))  # Scalar
    reveal_type(ag.sum([s, s]))  # Scalar
    reveal_type(ag.mean([s, s * 2.0]))  # Scalar
    reveal_type(ag.prod((s, s)))  # Scalar
    reveal_type(ag.sigmoid(s))  # Scalar
    reveal_type(ag.max(v, axis=0))  # ndarray
    reveal_type(x.max())  # Tensor
    reveal_type(s.grad)  # float


@dataclass
class Line:
    """Parameters as a record."""

    slope: np.ndarray
    offset: np.ndarray


def height(line: Line, data: np.ndarray) -> Any:
    return ag.sum(data * line.slope + line.offset)


def energy(q: Tensor, scale: float = 1.0) -> Tensor:
    return (q * q).sum() * scale


def distance(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> Any:
    return np.sum((a - b) ** 2)


def misfit(weights: dict[str, np.ndarray], data: np.ndarray) -> Any:
    return ag.sum((weights["slope"] * data) ** 2)


@ag.grad
def slope(q: Tensor) -> Tensor:
    return (q**3).sum()


def transforms(bare: np.ndarray, weights: dict[str, np.ndarray]) -> None:
    reveal_type(ag.grad(energy)(v))  # ndarray
    reveal_type(ag.grad(energy)(v, scale=2.0))  # ndarray
    reveal_type(ag.grad(energy)(x))  # Tensor
    reveal_type(ag.grad(ag.grad(energy))(2.0))  # ndarray
    reveal_type(ag.grad(distance)(v, v))  # ndarray
    reveal_type(ag.grad(misfit)(weights, bare))  # dict[str, ndarray]
    reveal_type(ag.grad(lambda q: ag.sum(q**2))(bare))  # ndarray
    reveal_type(ag.grad(lambda w, q: ag.sum(w * q))(v, v))  # ndarray
    reveal_type(ag.grad(np.sin)(2.0))  # ndarray
    reveal_type(ag.grad(ag.tanh)(2.0))  # ndarray
    reveal_type(ag.grad(distance, argnums=(0, 1))(v, v))  # tuple[ndarray, ...]
    reveal_type(ag.grad(distance, argnums=1)(v, v))  # ndarray
    reveal_type(ag.grad(distance, argnums=1)(x, x))  # Tensor
    reveal_type(ag.grad(misfit, argnums=1)(weights, bare))  # Any
    reveal_type(ag.grad(misfit, argnums=(0, 1))(weights, bare))  # tuple[Any, ...]
    reveal_type(ag.value_and_grad(distance, argnums=1)(v, 2.0))  # tuple[ndarray, ndarray]
    reveal_type(ag.value_and_grad(distance, (0, 1))(v, v)[1])  # tuple[ndarray, ...]
    reveal_type(ag.jacobian(ag.matmul, argnums=1)(v, v))  # ndarray
    reveal_type(ag.jacobian(ag.matmul, argnums=(0, 1))(v, v))  # tuple[ndarray, ...]
    reveal_type(ag.hessian(distance, argnums=1)(v, v))  # ndarray
    reveal_type(ag.hessian(distance, argnums=(0, 1))(v, v)[0])  # tuple[ndarray, ...]
    reveal_type(ag.hvp(distance, argnums=1)(v, v, v))  # ndarray
    reveal_type(ag.elementwise_grad(np.hypot, argnums=1)(v, v))  # ndarray
    reveal_type(slope(v))  # ndarray
    reveal_type(ag.grad(height)(Line(v, v), v))  # Line
    reveal_type(ag.value_and_grad(energy)(v))  # tuple[ndarray, ndarray]
    reveal_type(ag.value_and_grad(energy)(x))  # tuple[Tensor, Tensor]
    reveal_type(ag.value_and_grad(misfit)(weights, bare))  # tuple[ndarray, dict[str, ndarray]]
    reveal_type(ag.value_and_grad(lambda q: (ag.sum(q), 1), has_aux=True)(v)[1])  # ndarray
    reveal_type(ag.elementwise_grad(np.sin)(v))  # ndarray
    reveal_type(ag.jacobian(lambda q: q * 2)(v))  # ndarray
    reveal_type(ag.hessian(energy)(v))  # ndarray
    reveal_type(ag.hvp(energy)(v, v))  # ndarray
    reveal_type(ag.vjp(ag.matmul, v, v)[0])  # ndarray
    reveal_type(ag.jvp(np.sin, (v,), (v,)))  # tuple[ndarray, ndarray]


@ag.custom_vjp
def clipped(q: Tensor, bound: float) -> Tensor:
    return q


clipped.defvjp(lambda q, bound: (q, bound), lambda bound, g: (g, None))
cube = ag.primitive("cube", lambda q: q**3, [lambda g, out, q: 3 * g * q**2])


@ag.checkpoint
def inside(q: Tensor, times: int) -> Tensor:
    return q * times


@ag.no_grad
def quietly(q: Tensor) -> float:
    return q.item()


def functions_of_your_own() -> None:
    reveal_type(clipped(x, 1.0))  # Tensor
    reveal_type(cube(x))  # Tensor
    reveal_type(cube(v))  # ndarray
    reveal_type(inside(x, 2))  # Tensor
    reveal_type(quietly(x))  # float
    with ag.no_grad():
        reveal_type(x * 2)  # Tensor


class Residual(nn.Module):
    """A module whose forward takes and gives Tensors only."""

    def __init__(self, width: int) -> None:
        self.inner = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.scale = Tensor(np.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x) * self.scale


class Pair(nn.Module):
    """A module with several inputs and outputs, and an option."""

    def __init__(self) -> None:
        self.left = Residual(3)

    def forward(self, a: Tensor, b: Tensor, *, swap: bool = False) -> tuple[Tensor, Tensor]:
        return (b, self.left(a)) if swap else (self.left(a), b)


class Scaled(Residual):
    """A module that extends the forward of another."""

    def forward(self, x: Tensor, by: float = 2.0) -> Tensor:
        return super().forward(x) * by


def modules() -> None:
    reveal_type(Residual(3)(x))  # Tensor
    reveal_type(Pair()(x, x, swap=True))  # tuple[Tensor, Tensor]
    reveal_type(Scaled(3)(x, 3.0))  # Tensor
    reveal_type(nn.Linear(3, 2)(x))  # Tensor
    reveal_type(nn.Linear(3, 2)(v))  # Tensor
    reveal_type(nn.BatchNorm1d(3)(v))  # Tensor
    reveal_type(nn.ReLU()(x))  # Tensor
    reveal_type(nn.ReLU()(v))  # ndarray
    reveal_type(nn.Flatten()(x))  # Tensor
    reveal_type(nn.Sequential(nn.Linear(3, 2), ag.relu)(v))  # Tensor
    reveal_type(nn.Conv1d(3, 2, 3, padding="same")(v))  # Tensor
    reveal_type(nn.GroupNorm(1, 2)(v))  # Tensor
    reveal_type(nn.MaxPool1d(2)(x))  # Tensor
    reveal_type(nn.Upsample(scale_factor=2)(v))  # ndarray
    reveal_type(ag.interpolate(x, 3))  # Tensor
    reveal_type(ag.max_pool1d(v, 2))  # ndarray
    reveal_type(nn.ModuleDict({"a": nn.ReLU()}).update({"b": nn.ReLU()}))  # ModuleDict
    reveal_type(nn.Linear(3, 2).summary(3).multiply_adds)  # int
    reveal_type(nn.MSELoss()(x, v))  # Tensor
    reveal_type(nn.TripletMarginLoss(margin=2.0)(x, v, v))  # Tensor
    reveal_type(nn.Mish()(v))  # ndarray
    reveal_type(nn.PReLU()(v))  # Tensor
    reveal_type(nn.EmbeddingBag(5, 2)([[1, 2]]))  # Tensor
    reveal_type(nn.MultiheadAttention(4, 2)(v, v, v)[0])  # Tensor
    reveal_type(nn.TransformerEncoderLayer(4, 2)(v, is_causal=True))  # Tensor
    reveal_type(Residual(3).eval())  # Residual
    reveal_type(Residual(3).parameters())  # list[Tensor]
    reveal_type(ag.models.lenet5()(v))  # Tensor


def training(model: nn.Module, loss: nn.CrossEntropyLoss) -> Mapping[str, float]:
    loader = ag.data.Loader(ag.data.digits("train"), batch_size=64, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    net = nn.Linear(64, 10)
    for images, labels in loader:
        reveal_type(images)  # ndarray
        optimizer.zero_grad()
        found = loss(net(images), labels)
        reveal_type(found)  # Tensor
        found.backward()
        optimizer.step()
    reveal_type(ag.fit(model, loader, ag.cross_entropy, optimizer, 1))  # History
    for part in ag.data.random_split(ag.data.digits("train"), [0.9, 0.1], stratify=True):
        reveal_type(part)  # Subset
        reveal_type(part.arrays[1])  # ndarray
    reveal_type(ag.data.table("pets.csv", "kind").encode({"age": [3]}))  # ndarray
    reveal_type(loader.state_dict())  # dict[str, Any]
    warm_up, rest = optim.LinearLR(optimizer), optim.ExponentialLR(optimizer, gamma=0.9)
    optim.SequentialLR(optimizer, [warm_up, rest], milestones=[5]).step()
    average = optim.ExponentialMovingAverage(model, decay=0.99)
    average.update()
    with average.average_parameters():
        reveal_type(average.averages)  # dict[str, ndarray]
    reveal_type(ag.load("runs/first"))  # Trained
    reveal_type(ag.load("runs/first").classify(ag.data.digits("test").arrays[0]))  # ndarray
    reveal_type(ag.onnx.load("net.onnx"))  # Graph
    return ag.evaluate(model, loader, ag.cross_entropy)
