"""The engine: nodes, operations and the ways through a graph."""
