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
# # 4. LeNet-5: automobile or bird?
#
# You learn: how a convolutional network is put together and trained, and how to look at what it learned.
# Needs: notebook 3.
#
# The pictures here are drawn by `pictures.py`, 32 x 32 with three channels like those of CIFAR-10, so that
# nothing has to be fetched. With the real ones, `ag.data.cifar10("train", root=folder,
# classes=["automobile", "bird"], download=True)` gives the same kind of data set.

# %%
import sys
from pathlib import Path

import numpy as np

import agx as ag

here = Path.cwd()
sys.path[:0] = [str(folder) for folder in (here, here.parent, here / "examples" / "lecture")]
from pictures import automobiles_and_birds  # noqa: E402

# %%
train, test = automobiles_and_birds(800, seed=0), automobiles_and_birds(200, seed=1)
images, labels = train[:4]
print(images.shape, images.dtype, [train.classes[k] for k in labels])

# %% [markdown]
# ## The network
#
# Two convolutions, each followed by ReLU and a maximum over 2 x 2, then three dense layers.

# %%
ag.seed(0)
model = ag.nn.Sequential(
    ag.nn.Conv2d(3, 6, 5),
    ag.nn.ReLU(),
    ag.nn.MaxPool2d(2),
    ag.nn.Conv2d(6, 16, 5),
    ag.nn.ReLU(),
    ag.nn.MaxPool2d(2),
    ag.nn.Flatten(),
    ag.nn.Linear(400, 120),
    ag.nn.ReLU(),
    ag.nn.Linear(120, 84),
    ag.nn.ReLU(),
    ag.nn.Linear(84, 2),
)
model.summary((3, 32, 32))

# %% [markdown]
# What if the first dense layer is made for another size? The error names the layer, and what to set.

# %%
wrong = ag.nn.Sequential(ag.nn.Conv2d(3, 6, 5), ag.nn.Flatten(), ag.nn.Linear(400, 2))
try:
    wrong(images)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Training
#
# The same loop as for Scalars, with batches: forward, loss, backward, step.

# %%
loader = ag.data.Loader(train, batch_size=32, shuffle=True)
optimizer = ag.optim.Adam(model.parameters(), lr=0.002)
for epoch in range(6):
    for x, y in loader:
        optimizer.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    found = ag.evaluate(model, ag.data.Loader(test, 100), ag.cross_entropy)
    print(f"epoch {epoch}, loss {found['loss']:.3f}, accuracy {found['accuracy']:.3f}")
assert found["accuracy"] > 0.9

# %% [markdown]
# ## Looking inside
#
# The graph of one step, a box for each layer, and the filters of the first one.

# %%
loss = ag.cross_entropy(model(images), labels)
ag.draw(loss, fold=1)

# %%
ag.viz.filters(model[0].weight)

# %% [markdown]
# Which picture is it least sure of?

# %%
scores = ag.predict(model, ag.data.Loader(test, 100))
sure = ag.softmax(scores).max(axis=1)
print(int(np.argmin(sure)), f"{sure.min():.2f}")
