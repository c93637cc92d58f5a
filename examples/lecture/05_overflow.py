"""Overflow in the cross entropy, and the function that does not overflow."""

import numpy as np

import agx as ag


def naive_cross_entropy(z, y):
    """-log(exp(z_y) / sum exp(z)), as the formula says."""
    expz = ag.exp(z)
    return -ag.log(expz[np.arange(len(y)), y] / ag.sum(expz, axis=1)).mean()


def main(scales=(1, 10, 100, 1000)):
    print("logits        naive   gradient   ag.cross_entropy   gradient")
    rows = []
    for scale in scales:
        row = []
        for loss_fn in (naive_cross_entropy, ag.cross_entropy):
            z = ag.Tensor(scale * np.array([[1.0, -1.0, 0.5]]))
            with np.errstate(all="ignore"):
                loss = loss_fn(z, np.array([1]))
                loss.backward()
            row += [loss.item(), z.grad[0, 0]]
        print(f"x {scale:<5} {row[0]:12.4f} {row[1]:10.4f} {row[2]:18.4f} {row[3]:10.4f}")
        rows.append(row)
    print("\nexp(1000) is inf and inf / inf is nan. ag.cross_entropy subtracts the largest logit")
    print("before it exponentiates: log sum exp(z) = m + log sum exp(z - m), whatever m is.")
    return rows


if __name__ == "__main__":
    main()
