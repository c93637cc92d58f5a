"""Who may import whom, read from the source.

A module may import what stands above it in LAYERS, and its equals. Optional packages are imported
where they are used, and nothing reads or writes a pickle.
"""

import ast
from pathlib import Path

import pytest

import agx as ag

PACKAGE = Path(ag.__file__).parent
LAYERS = [
    {"_kernels", "_version"},
    {"rng", "threads", "buffers", "errors", "graph", "formulas", "blocks", "trees"},
    {"ops", "coverage"},
    {"tensor", "scalar", "linalg"},
    {"transforms", "custom", "fft", "special"},
    {"nn", "optim", "data", "models"},
    {"train", "viz", "testing", "diagnosis", "differences", "runs", "installation"},
    {"cli", "compat"},
    {"__init__", "__main__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
OPTIONAL = {"graphviz", "matplotlib", "safetensors", "scipy", "torch"}
FORBIDDEN = {"cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
FILES = sorted(PACKAGE.rglob("*.py"))


def relative(path):
    return path.relative_to(PACKAGE)


def layer(path):
    part = relative(path).parts[0]
    return part.removesuffix(".py")


def imports(path, tree):
    """Pairs (node, dotted name): inside the package the name is that of a top-level part."""
    home = relative(path).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node, node.module
        elif isinstance(node, ast.ImportFrom):
            base = home[: len(home) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node, ".".join([".", *base, name])) for name in names)


def run_on_import(tree):
    """The statements that run when the module is imported: everything outside functions."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        waiting.extend(c for c in ast.iter_child_nodes(node) if not isinstance(c, functions))


@pytest.fixture(params=FILES, ids=[str(relative(path)) for path in FILES])
def module(request):
    return request.param, ast.parse(request.param.read_text(encoding="utf-8"))


def test_imports_point_down(module):
    path, tree = module
    at_import = set(run_on_import(tree))
    for node, name in imports(path, tree):
        if name.startswith("..") and node in at_import:
            target = name.lstrip(".").split(".")[0]
            assert target in RANK, f"{target} is in no layer"
            assert RANK[target] <= RANK[layer(path)], f"line {node.lineno} imports {target}"


def test_imports_inside_the_package_are_relative(module):
    path, tree = module
    for node, name in imports(path, tree):
        assert name.split(".")[0] != "agx", f"line {node.lineno}"


def test_optional_packages_are_imported_where_they_are_used(module):
    path, tree = module
    at_import = set(run_on_import(tree))
    for node, name in imports(path, tree):
        if node in at_import:
            assert name.split(".")[0] not in OPTIONAL, f"line {node.lineno}"


def test_nothing_is_pickled(module):
    path, tree = module
    for node, name in imports(path, tree):
        assert name.split(".")[0] not in FORBIDDEN, f"line {node.lineno}"
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), f"line {node.lineno}"
            assert node.value.value is False, f"line {node.lineno}"
