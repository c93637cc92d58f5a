"""Who may import whom, read from the source.

A module may import what stands above it in LAYERS, and its equals, but in no circle, and no name that
another keeps for itself. Optional packages are imported where they are used, nothing reads or writes a
pickle, and nothing runs a text.
"""

import ast
import functools
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
    {"ops.signal", "ops.images", "ops.special", "ops.loss", "ops.functional", "ops.normal"},
    {"_protocol"},
    {"tensor", "scalar", "linalg", "fft", "special"},
    {"transforms", "custom"},
    {"compiled"},
    {"nn", "optim", "data", "models", "onnx"},
    {"inspection", "storage", "train", "viz", "testing"},
    {"runs", "compat", "installation", "sklearn"},
    {"commands"},
    {"cli"},
    {"__init__", "__main__", "ops"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
OPTIONAL = {
    "PIL",
    "IPython",
    "matplotlib",
    "onnx",
    "safetensors",
    "scipy",
    "tensorboardX",
    "torch",
}
FORBIDDEN = {"cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
RUNNING = {"eval", "exec", "__import__"}
SOURCES = Path(__file__).parents[1] / "src" / "agx" / "_kernels"
FILES = sorted(PACKAGE.rglob("*.py"))


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path):
    return path.relative_to(PACKAGE)


def layer(parts):
    """The entry of LAYERS that a module belongs to: a folder or a file, of ``ops`` one further down."""
    depth = 2 if parts[0] == "ops" and len(parts) > 1 and parts[1] != "__init__" else 1
    return ".".join(parts[:depth])


def from_neighbours(path, tree):
    """What is imported from agx: (node, alias, path of the module or of the module it comes from)."""
    home = relative(path).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = home[: len(home) - node.level + 1]
            parts = [*base, *(node.module.split(".") if node.module else ())]
            for alias in node.names:
                inner = PACKAGE.joinpath(*parts, alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield node, alias, [*parts, alias.name] if is_module else parts


def imports(path, tree):
    """Pairs (node, dotted name): inside the package the name is that of a top-level part."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node, node.module
    for node, _, parts in from_neighbours(path, tree):
        yield node, ".".join([".", *parts])


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
    return request.param, parsed(request.param)


def test_imports_point_down(module):
    path, tree = module
    for node, name in imports(path, tree):
        if name.startswith(".."):
            target = layer(name.lstrip(".").split("."))
            assert target in RANK, f"{target} is in no layer"
            own = layer(relative(path).with_suffix("").parts)
            assert RANK[target] <= RANK[own], f"line {node.lineno} imports {target}"


def without_circles(needed):
    """Take away what needs nothing that is left, until nothing is left."""
    while needed:
        free = {name for name, others in needed.items() if not others & (needed.keys() - {name})}
        assert free, f"these import one another: {sorted(needed)}"
        needed = {name: others for name, others in needed.items() if name not in free}


def test_modules_import_in_no_circle():
    """Every import counts, also one inside a function."""
    needed = {}
    for path in FILES:
        own = tuple(part for part in relative(path).with_suffix("").parts if part != "__init__")
        needed[own] = {tuple(parts) for _, _, parts in from_neighbours(path, parsed(path))} - {own}
    assert len(needed) > 100
    assert ("ops", "shape", "axes") in needed[("ops", "linalg", "matrices")]
    without_circles(needed)


@pytest.mark.skipif(not SOURCES.exists(), reason="a wheel carries no sources of kernels")
def test_no_header_hides_one_of_the_system():
    """The folder of the kernels is searched first, whoever asks: for ``windows.h``, say."""
    asked = re.compile(r"#include <(?:\S+/)?(\S+)>")
    files = (*SOURCES.glob("*.[ch]"), *SOURCES.glob("*.p[yx][xi]"))
    systems = {name for path in files for name in asked.findall(path.read_text("utf-8"))}
    assert "windows.h" in systems
    assert not systems & {path.name for path in SOURCES.glob("*.h")}


@pytest.mark.skipif(not SOURCES.exists(), reason="a wheel carries no sources of kernels")
def test_compiled_modules_import_in_no_circle():
    """Every import counts, also one inside a function, and none leads out of the folder."""
    needed = {}
    for path in SOURCES.glob("*.p[yx][xi]"):
        text = path.read_text(encoding="utf-8")
        lines = [
            line.split()
            for line in text.splitlines()
            if re.match(r"\s*(from|c?import) agx\b", line)
        ]
        modules = [words[1] for words in lines]
        assert all(re.fullmatch(r"agx\._kernels\.\w+", module) for module in modules), path.name
        needed[path.stem] = {module.split(".")[2] for module in modules}
    assert {"graph", "loops", "machine"} <= needed.keys()
    without_circles(needed)


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


def test_no_text_is_run_as_a_program(module):
    """Neither by its name nor by way of ``builtins``."""
    _, tree = module
    for node in ast.walk(tree):
        name = getattr(node, "id", None)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "builtins":
            name = node.attr
        assert name not in RUNNING, f"line {getattr(node, 'lineno', 0)}: {name}"


def test_files_are_written_as_a_whole(module):
    """By ``_runtime.files.replacing``; the log of a process that runs is the one exception."""
    path, tree = module
    if relative(path).as_posix() in ("_runtime/files.py", "commands/sweep.py"):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        assert name not in ("write_text", "write_bytes"), f"line {node.lineno}"
        inside = getattr(getattr(node.func, "value", None), "id", "")  # of a zip file
        if name == "open" and inside != "archive":
            assert not {"w", "wb", "x", "xb", "a", "ab", "r+b"}.intersection(texts), (
                f"line {node.lineno}"
            )


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def test_private_names_stay_where_they_are(module):
    """A folder may have an underscore; what a module keeps for itself is imported by no other."""
    path, tree = module
    neighbours = set()
    for node, alias, parts in from_neighbours(path, tree):
        if parts[-1:] == [alias.name]:
            neighbours.add(alias.asname or alias.name)
        else:
            assert not is_private(alias.name), f"line {node.lineno}: {alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in neighbours:
            assert not is_private(node.attr), f"line {node.lineno}: {node.value.id}.{node.attr}"
