"""Mistakes that type checkers find: each line that ends in ``wrong`` has one, and no other line."""

import numpy as np
import numpy.typing as npt

import agx as ag
from agx import Scalar, Tensor, nn

v: npt.NDArray[np.float64] = np.ones(3)
x = Tensor([1.0, 2.0, 3.0])
s = Scalar(2.0)

print(x.no_such_attribute)  # wrong
x.fill()  # wrong
x.shape = (3,)  # wrong
x.sum(axes=0)  # wrong
x[0] + object()  # wrong
x.sort(None, "kind", axes=0)  # wrong
print(ag.no_such_name)  # wrong
print(ag.Comparison)  # wrong
ag.sin(x, x)  # wrong
ag.sin(s)  # wrong
ag.sin(object())  # wrong
ag.sum(x, axes=0)  # wrong
ag.sum(x, axis="rows")  # wrong
ag.sin(v).backward()  # wrong
ag.split(x, 3).backward()  # wrong
ag.cross_entropy(x, v, reduction=3)  # wrong
s + v  # wrong
x + "a"  # wrong
"a" * x  # wrong
print(x < "a")  # wrong
x.reshape("a")  # wrong
x.grad = "a"  # wrong
x.value = "a"  # wrong
x.data = "a"  # wrong
ag.relu(x, 3)  # wrong
ag.sigmoid(x, 3)  # wrong
ag.erf(x, 3)  # wrong
ag.matmul(x)  # wrong
ag.concatenate(3)  # wrong
ag.concatenate([object()])  # wrong
ag.stack([x, v], axes=0)  # wrong
ag.sum([s, v])  # wrong
ag.argmax(x, axes=0)  # wrong
ag.argmax(object())  # wrong
ag.argsort(x).backward()  # wrong
ag.greater(x)  # wrong
ag.isnan(x, x, x)  # wrong
ag.allclose(x)  # wrong
x[0] = object()  # wrong


def energy(q: Tensor, scale: float = 1.0) -> Tensor:
    return (q * q).sum() * scale


ag.grad(energy)(v, "two")  # wrong
ag.grad(energy)()  # wrong
ag.grad(energy)("text")  # wrong
ag.grad(energy)(v).backward()  # wrong
ag.value_and_grad(energy)(v)[2]  # wrong
ag.grad(energy, argnums=1)(v, v).backward()  # wrong
ag.jacobian(ag.matmul, argnums=(0, 1))(v, v).backward()  # wrong
ag.grad(energy, argnums="q")  # wrong
ag.grad(3.0)  # wrong


class Residual(nn.Module):
    """A module whose forward takes a Tensor."""

    def forward(self, x: Tensor) -> Tensor:
        return x


Residual()("text")  # wrong
Residual()(x, x)  # wrong
print(Residual()(x).no_such_attribute)  # wrong
nn.Linear(3, 2)("text")  # wrong
nn.Linear("three", 2)  # wrong
nn.ReLU()(3.0)  # wrong
number: int = ag.sin(x)  # wrong
