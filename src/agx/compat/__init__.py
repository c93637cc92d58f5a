"""Packages that let programs written for other libraries run on agx after a change of imports."""
