"""im2col: a matrix of zeros and ones picks the patches out of flattened images, dense or sparse."""

import numpy as np

import agx as ag


def main():
    C, H, W = 2, 4, 5
    K, N = 2, 2  # kernel size, batch size
    P = (H - K + 1) * (W - K + 1)  # patches per image
    X = np.arange(N * C * H * W).reshape(N, C, H, W)
    X_flat = X.reshape(N, -1)
    print("X[0] =", X[0], "X_flat[0] =", X_flat[0], sep="\n")

    dense = ag.im2col_matrix_dense(X, K)
    X_patches_flat = np.matmul(X_flat, dense)
    X_patches = X_patches_flat.reshape(N, P, C, K, K)
    print("\nX_patches_flat[0, :16] =", X_patches_flat[0, :16], sep="\n")
    print("X_patches[0, 0] =", X_patches[0, 0], sep="\n")

    sparse = ag.im2col_matrix_sparse(X, K)
    assert np.array_equal(X_flat @ sparse, X_patches_flat)
    assert np.array_equal(ag.im2col(X, K), X_patches)
    stored = sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes
    print(f"\nThe matrix is {dense.shape[0]} x {dense.shape[1]} and has {sparse.nnz} ones:")
    print(f"dense {dense.nbytes:,} bytes, sparse {stored:,} bytes; ag.im2col needs no matrix.")
    return X_patches


if __name__ == "__main__":
    main()
