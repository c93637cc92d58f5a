"""The machine: threads, BLAS, memory that is used again, and random numbers."""
