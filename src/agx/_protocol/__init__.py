"""NumPy's protocols: what becomes of its functions when they are given a Tensor."""
