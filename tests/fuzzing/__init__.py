"""Strange arguments by the million: kernels against NumPy, and files that are damaged.

`make fuzz` runs the campaigns; a short form of each is among the tests.
"""
