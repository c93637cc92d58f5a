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
# # 1. Numbers that know their gradient
#
# You learn: what a computational graph is, how the chain rule runs through it, and how a small network is
# trained with nothing else. Needs: derivatives of functions of one variable.

# %%
import numpy as np

import agx as ag
from agx.testing import check_exercise

# %% [markdown]
# ## A graph
#
# `ag.Scalar` holds a `value`, and remembers the operation and the `inputs` that it came from. Here is
#
# $$f(x, y) = \log(1 + e^{-(x + y)}) \cdot (x + y).$$

# %%
x, y = ag.Scalar(0.7, label="x"), ag.Scalar(-1.9, label="y")
f = ag.log(1 + ag.exp(-(x + y))) * (x + y)
f.backward()
ag.draw(f)

# %% [markdown]
# Each box has a value and a gradient: the derivative of $f$ in that value. Going back, every operation
# multiplies the gradient that comes in by its own derivative, and adds the product to the gradient of its
# input.

# %%
f.explain()

# %%
ag.trace(f)

# %% [markdown]
# Compare with the difference quotient:

# %%
h = 1e-6


def plain(x, y):
    return np.log(1 + np.exp(-(x + y))) * (x + y)


print(x.grad, (plain(0.7 + h, -1.9) - plain(0.7 - h, -1.9)) / (2 * h))

# %% [markdown]
# ## Exercise 1, the model
#
# A network with one hidden layer and one input:
#
# $$f(x; w_1, b_1, w_2, b_2) = w_2^\top \mathrm{relu}(w_1 x + b_1) + b_2.$$
#
# Write `forward`: it takes a NumPy array of shape (n,) and returns a list of n Scalars. `ag.relu` works on
# Scalars.


# %%
class Model:
    def __init__(self, n_hidden, rng_seed=42):
        rng = np.random.default_rng(rng_seed)
        self.w1 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden)]
        self.b1 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden)]
        self.w2 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden) / n_hidden]
        self.b2 = [ag.Scalar(v) for v in rng.standard_normal(1)]
        self.parameters = self.w1 + self.b1 + self.w2 + self.b2

    def forward(self, x):
        # blank: w2 * relu(w1 * number + b1), summed, and b2
        outputs = []
        for number in x:
            output = self.b2[0]
            for w1, b1, w2 in zip(self.w1, self.b1, self.w2, strict=True):
                output = output + w2 * ag.relu(w1 * number + b1)
            outputs.append(output)
        return outputs
        # end


check_exercise("forward", Model)

# %% [markdown]
# ## Exercise 1, the loss
#
# The mean of the squares of the differences. `predictions` are n Scalars, `targets` n numbers.


# %%
def mse(predictions, targets):
    # blank: the mean of (prediction - target) ** 2
    loss = ag.Scalar(0.0)
    for prediction, target in zip(predictions, targets, strict=True):
        loss = loss + (prediction - target) ** 2
    return loss / len(predictions)
    # end


check_exercise("mse", mse)

# %% [markdown]
# ## Training
#
# Gradient descent takes a step against the gradient of each parameter, again and again.


# %%
class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = parameters, lr

    def zero_grad(self):
        for p in self.parameters:
            p.grad = 0.0

    def step(self):
        for p in self.parameters:
            p.value -= self.lr * p.grad


inputs = np.linspace(-1, 1, 30)
targets = np.sin(3 * inputs)
model = Model(n_hidden=15)
optimizer = Optimizer(model.parameters, lr=0.1)
losses = []
for epoch in range(200):
    optimizer.zero_grad()
    loss = mse(model.forward(inputs), targets)
    loss.backward()
    optimizer.step()
    losses.append(loss.value)
    if epoch % 40 == 0:
        print(f"epoch {epoch}, loss {loss.value:.4f}")

# %% [markdown]
# The loss falls. What happens without `zero_grad`? With `lr=5`? Try it.

# %%
assert losses[-1] < losses[0] / 5
