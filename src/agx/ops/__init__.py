"""Calculus: every differentiable operation, one file for each family."""
