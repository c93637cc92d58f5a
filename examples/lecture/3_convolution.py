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
# # 3. Convolution as a product of matrices
#
# You learn: how patches are picked out of images (im2col), and that a convolution is a product with them.
# Needs: notebook 2.

# %%
import numpy as np

import agx as ag
from agx.testing import check_exercise

# %% [markdown]
# ## Patches
#
# Images have shape (N, C, H, W): examples, channels, rows, columns. `ag.im2col` gives every K x K patch,
# an array of shape (N, P, C, K, K) with P patches for each image.

# %%
N, C, H, W, K = 2, 2, 4, 5, 2
X = np.arange(N * C * H * W, dtype=float).reshape(N, C, H, W)
patches = ag.im2col(X, K)
print(X[0, 0], patches.shape, patches[0, 0], sep="\n\n")

# %% [markdown]
# Picking is linear, so a matrix of zeros and ones does it. Most of it is zero: that is why a sparse
# matrix, or an index, is better.

# %%
matrix = ag.im2col_matrix_dense(X[:1], K)
print(matrix.shape, int(matrix.sum()), "ones")
assert np.array_equal(X[0].ravel() @ matrix, patches[0].ravel())

# %% [markdown]
# ## Exercise 3
#
# Of each 2 x 2 patch: twice the lower left minus the upper right of the first channel; ignore the second.
# The result has shape (N, H - 1, W - 1). Use `ag.conv2d(X, kernels)` with kernels of shape (1, C, K, K),
# or the patches.


# %%
def convolution(X):
    raise NotImplementedError("kernels of shape (1, 2, 2, 2), and one channel out")


check_exercise("convolution", convolution)

# %% [markdown]
# ## The gradient
#
# Each number of the image is in up to four patches, and gets the gradients of all of them added up
# (`ag.col2im`).

# %%
image = ag.Tensor(X[:1], label="image")
kernels = ag.Tensor(np.ones((1, C, K, K)), label="kernels")
total = ag.sum(ag.conv2d(image, kernels))
total.backward()
print(image.grad[0, 0])

# %% [markdown]
# The corners are in one patch, the edges in two, the inside in four.

# %%
ag.draw(total)
