"""The parts of SciPy that agx can differentiate."""
