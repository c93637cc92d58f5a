# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. Arrays that know their gradient
#
# You learn: how operations on arrays pass gradients back, what un-broadcasting is, and why a loss
# overflows. Needs: notebook 1.

# %%
import numpy as np

import agx as ag
from agx.testing import check_exercise

# %% [markdown]
# An `ag.Tensor` holds an array, and a gradient of the same shape. An operation computes its value, names
# its `inputs`, and says in `_backward` what it adds to their gradients. Three things are easily forgotten:
# `inputs=[...]`, the line `output._backward = _backward`, and that gradients are *added* (`+=`), for an
# input may be used twice.
#
# ## The logarithm
#
# With $g$ the gradient of the output, the input gets $g / x$.


# %%
def log(input):
    output = ag.Tensor(np.log(input.value), inputs=[input], op="log")

    def _backward():
        # blank: add output.grad / input.value to input.grad
        input.grad += output.grad / input.value
        # end

    output._backward = _backward
    return output


check_exercise("log", log)

# %% [markdown]
# ## Products, and un-broadcasting
#
# NumPy repeats the smaller factor: (2, 3) times (3,) is (2, 3). Each number of the small one is then used
# in every row, so its gradient is the *sum* over the rows. `mul(a, b)` is called with shapes (2, 3) and
# (3,).


# %%
def mul(a, b):
    output = ag.Tensor(a.value * b.value, inputs=[a, b], op="mul")

    def _backward():
        # blank: output.grad times the other factor; sum that of b
        a.grad += output.grad * b.value
        b.grad += (output.grad * a.value).sum(axis=0)
        # end

    output._backward = _backward
    return output


check_exercise("mul", mul)

# %% [markdown]
# ## Sums along an axis
#
# `sum(input, axis)`: all numbers of a row, or of a column, get the gradient of their sum.


# %%
def sum(input, axis):
    output = ag.Tensor(np.sum(input.value, axis=axis), inputs=[input], op="sum")

    def _backward():
        # blank: put the axis back with np.expand_dims
        input.grad += np.expand_dims(output.grad, axis)
        # end

    output._backward = _backward
    return output


check_exercise("sum", sum)

# %% [markdown]
# ## Exercise 2.1, reshape


# %%
def reshape(input, newshape):
    output = ag.Tensor(np.reshape(input.value, newshape), inputs=[input], op="reshape")

    def _backward():
        # blank: what shape must the gradient of the input have?
        input.grad += np.reshape(output.grad, input.shape)
        # end

    output._backward = _backward
    return output


check_exercise("reshape", reshape)

# %% [markdown]
# ## Exercise 2.2, indexing
#
# `take(input, index)` picks elements, some of them twice. `total[index] += g` adds only once to each
# place: look up `np.add.at`.


# %%
def take(input, index):
    output = ag.Tensor(input.value[index], inputs=[input], op="getitem")

    def _backward():
        # blank: add output.grad to input.grad at index
        np.add.at(input.grad, index, output.grad)
        # end

    output._backward = _backward
    return output


check_exercise("indexing", take)

# %% [markdown]
# ## Cross entropy, and how it overflows
#
# The cross entropy of scores $z$ for class $k$ is $-\log(e^{z_k} / \sum_j e^{z_j})$. Written like that it
# is useless for large scores: $e^{1000}$ is more than a computer holds.

# %%
z = ag.Tensor([1000.0, 0.0, -3.0], label="z")
with np.errstate(all="ignore"):
    expz = ag.exp(z)
    loss = -ag.log(expz[1] / ag.sum(expz))
ag.blame(loss)

# %% [markdown]
# The way out: $\log \sum_j e^{z_j} = m + \log \sum_j e^{z_j - m}$ with $m$ the largest score.

# %%
loss = ag.logsumexp(z) - z[1]
loss.backward()
print(loss, z.grad)
assert loss.item() == 1000.0

# %% [markdown]
# ## Exercise 2.3, binary cross entropy
#
# For two classes, one score $z$ and $p = 1 / (1 + e^{-z})$, the loss of targets $y$ (0 or 1) is the mean
# of $-y \log p - (1 - y) \log(1 - p)$. Write it so that nothing overflows for $z = \pm 1000$.
# `ag.softplus(z)` is $\log(1 + e^z)$.


# %%
def bce(z, y):
    # blank: both logarithms can be written with softplus
    return ag.mean(ag.softplus(z) - y * z)
    # end


check_exercise("bce", bce)
