"""Who may import whom, read from the source.

A module may import what stands above it in LAYERS, and its equals; compiled modules import in no circle. Optional packages are imported
where they are used, and nothing reads or writes a pickle.
"""

import ast
import re
from pathlib import Path

import pytest

import agx as ag

PACKAGE = Path(ag.__file__).parent
LAYERS = [
    {"_kernels", "_names", "_version"},
    {"_runtime", "_engine"},
    {"ops.complex"},
    {"ops.shape"},
    {"ops.elementwise"},
    {"ops.reduce"},
    {"ops.linalg"},
    {"ops.signal", "ops.images", "ops.special", "ops.loss", "ops.functional"},
    {"_protocol"},
    {"tensor", "scalar", "linalg", "fft", "special"},
    {"transforms", "custom"},
    {"nn", "optim", "data", "models"},
    {"train", "viz", "testing"},
    {"runs", "compat"},
    {"cli"},
    {"__init__", "__main__", "ops"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
OPTIONAL = {"graphviz", "matplotlib", "safetensors", "scipy", "torch"}
FORBIDDEN = {"cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
SOURCES = Path(__file__).parents[1] / "src" / "agx" / "_kernels"
FILES = sorted(PACKAGE.rglob("*.py"))


def relative(path):
    return path.relative_to(PACKAGE)


def layer(parts):
    """The entry of LAYERS that a module belongs to: a folder or a file, of ``ops`` one further down."""
    depth = 2 if parts[0] == "ops" and len(parts) > 1 and parts[1] != "__init__" else 1
    return ".".join(parts[:depth])


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
            parts = [*base, *(node.module.split(".") if node.module else ())]
            for alias in node.names:
                inner = PACKAGE.joinpath(*parts, alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield node, ".".join([".", *parts, *([alias.name] if is_module else [])])


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
            target = layer(name.lstrip(".").split("."))
            assert target in RANK, f"{target} is in no layer"
            own = layer(relative(path).with_suffix("").parts)
            assert RANK[target] <= RANK[own], f"line {node.lineno} imports {target}"


@pytest.mark.skipif(not SOURCES.exists(), reason="a wheel carries no sources of kernels")
def test_compiled_modules_import_in_no_circle():
    """Of .pyx every import counts, also one inside a function."""
    needed = {
        path.stem: set(re.findall(r"from agx\._kernels\.(\w+) c?import", path.read_text("utf-8")))
        for path in SOURCES.glob("*.pyx")
    }
    assert len(needed) > 5
    while needed:
        free = {name for name, others in needed.items() if not others & (needed.keys() - {name})}
        assert free, f"these import one another: {sorted(needed)}"
        needed = {name: others for name, others in needed.items() if name not in free}


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
