"""The pages of the API: every public name of agx, its signature, its docstring, and docs/reference."""

import functools
import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from contents import PAGES, SECTIONS

import agx as ag

REFERENCE = Path(__file__).parents[1] / "reference"
SHARED = "Errors of all functions here"

#: Signatures that a compiled class does not tell; `_kernels/graph.pyi` has them.
WRITTEN = {ag.Scalar: "(value, op='', _backward=None, inputs=(), label='')"}
#: In docstrings these are attributes of Tensors and modules, and no functions.
ATTRIBUTES = {"grad", "data", "train"}
#: Settings, wherever they are defined.
SETTINGS = {"set_workspace", "set_winograd"}


@dataclass
class Entry:
    """A public object: its names, the best first, and the modules that it belongs to."""

    value: object
    names: list[str]
    module: str
    page: str
    supplement: list[str] = field(default_factory=list)


def homes() -> dict[int, str]:
    """The module that defines each primitive, for primitives do not know it."""
    found = {}
    for info in pkgutil.walk_packages(ag.__path__, "agx."):
        if info.name.startswith("agx.ops.") or info.name.startswith("agx.nn."):
            module = importlib.import_module(info.name)
            for name in getattr(module, "__all__", ()):
                found.setdefault(id(getattr(module, name)), info.name)
    return found


def page_of(name: str, module: str) -> str:
    """The page for a name of ``ag`` itself, or of one of its namespaces."""
    space = name.split(".")[1:-1]
    if space:
        losses = space == ["nn"] and ".losses" in module
        return "losses" if losses else space[-1]
    if name.removeprefix("ag.") in SETTINGS:
        return "settings"
    inner = module.removeprefix("agx.") + "."
    for page, (_, homes) in PAGES.items():
        if any(inner.startswith(home + ".") for home in homes.split()):
            return page
    raise LookupError(f"{name}, defined in {module}, has no page: add its module to PAGES")


def walk(space: object, name: str):
    """Every public function and class below a namespace, under its full name."""
    for key in dir(space):
        value = getattr(space, key)
        if key.startswith("_") or is_of_numpy(value, key):
            continue
        if inspect.ismodule(value):
            yield from walk(value, f"{name}.{key}")
        elif callable(value):
            yield f"{name}.{key}", value


def is_of_numpy(value: object, key: str) -> bool:
    return any(value is getattr(home, key, None) for home in (np, np.linalg, np.fft))


def entries() -> list[Entry]:
    """What there is, in the order of the modules."""
    defined, found = homes(), {}
    for name, value in walk(ag, "ag"):
        if id(value) in found:
            found[id(value)].names.append(name)
            continue
        module = defined.get(id(value)) or getattr(value, "__module__", None) or "agx"
        found[id(value)] = Entry(value, [name], module, "")
    for entry in found.values():
        own = getattr(entry.value, "__name__", "")
        entry.names.sort(key=lambda name: (name.count("."), not name.endswith("." + own), name))
        entry.page = page_of(entry.names[0], entry.module)
        entry.supplement = [supplements()[n] for n in entry.names if n in supplements()]
    return list(found.values())


def sections(text: str, level: int) -> dict[str, str]:
    """The parts of a page below headings of a level, by heading."""
    parts = re.split(rf"^{'#' * level} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def reference() -> dict[str, str]:
    """The pages of docs/reference by name."""
    pages = sorted(REFERENCE.glob("*.md")) if REFERENCE.exists() else []
    return {page.stem: page.read_text(encoding="utf-8") for page in pages}


def supplements() -> dict[str, str]:
    """What docs/reference says of one function, by its name."""
    found = {}
    for text in reference().values():
        found |= {name.strip("` "): inside.strip() for name, inside in sections(text, 2).items()}
    return found


def shared() -> dict[str, list[tuple[str, str]]]:
    """The parts of docs/reference about many functions, (page, heading), by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for page, text in reference().items():
        for heading, inside in sections(sections(text, 2).get(SHARED, ""), 3).items():
            members = re.search(r"^For ((?:`ag[\w.]+`[,.]?\s*)+)", inside, flags=re.MULTILINE)
            for name in re.findall(r"`(ag[\w.]+)`", members[1] if members else ""):
                found.setdefault(name, []).append((page, heading))
    return found


def signature(value: object) -> str:
    """The arguments as they are written, without the types that say nothing."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):  # a class that is compiled
        return WRITTEN.get(value, "(...)")
    parameters = [plain(parameter) for parameter in found.parameters.values()]
    return str(found.replace(parameters=parameters, return_annotation=found.empty))


class Shown:
    """A default value as people write it."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        if isinstance(self.value, type):
            name = self.value.__name__
            return f"np.{name}" if self.value.__module__ == "numpy" else name
        text = getattr(self.value, "__name__", None) or repr(self.value)
        return "..." if "<" in text else text


def plain(parameter: inspect.Parameter) -> inspect.Parameter:
    if parameter.default is not parameter.empty:
        parameter = parameter.replace(default=Shown(parameter.default))
    return parameter.replace(annotation=parameter.empty)


def markdown(doc: str, names: dict[str, str], hidden: set[str]) -> str:
    """A docstring as Markdown: examples as code, and ``name`` of a public object as a link."""
    lines, result, fence = inspect.cleandoc(doc).split("\n"), [], ""
    for line in lines:
        example, indented = line.startswith(">>> "), line.startswith("    ")
        if fence and (not line if fence == "pycon" else line and not indented):
            result, fence = [*result, "```", ""], ""
        if not fence and (example or (indented and (not result or not result[-1]))):
            fence = "pycon" if example else "text"
            result.append(f"```{fence}")
        if fence:
            result.append(line.replace("# doctest: +SKIP", "").rstrip())
        else:
            result.append(escaped(line, names, hidden))
    return "\n".join([*result, "```"] if fence else result)


def escaped(line: str, names: dict[str, str], hidden: set[str]) -> str:
    """Text in which nothing but code between backticks and a leading dash means anything."""

    def code(match: re.Match) -> str:
        text = match[1].strip("`")
        name = names.get(text.removesuffix("()"), "")
        linked = name and text not in hidden | ATTRIBUTES
        return f"{{py:obj}}`{text} <{name}>`" if linked else f"`{text}`"

    parts = re.split(r"(`+[^`]+`+)", line)
    for i, part in enumerate(parts):
        if part.startswith("`"):
            parts[i] = re.sub(r"^(`+.+`+)$", code, part)
        else:
            parts[i] = re.sub(r"([\\*_<>\[\]#$~|{}])", r"\\\1", part)
    return "".join(parts)


def own_words(value: object) -> set[str]:
    """Names that in its docstring mean its own arguments and members."""
    found = set(dir(value)) if isinstance(value, type) else set()
    try:
        return found | set(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return found


def directive(kind: str, head: str, body: list[str], colons: int) -> list[str]:
    return [f"{':' * colons}{{py:{kind}}} {head}", "", *body, ":" * colons, ""]


def members(entry: Entry, names: dict[str, str]) -> list[str]:
    """The methods and properties that a class defines and describes."""
    result, same = [], []
    bases = [base for base in entry.value.__mro__[1:] if base.__module__.startswith("agx.")]
    for key, value in vars(entry.value).items():
        if key.startswith("_") or any(key in vars(base) for base in bases):
            continue  # what a base class has it describes for all
        inner = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        doc, kind = inspect.getdoc(inner), "method"
        if isinstance(value, property):
            kind, head = "property", f"{entry.names[0]}.{key}"
        elif callable(inner):
            head = f"{entry.names[0]}.{key}{without_self(inner)}"
        else:
            continue
        if doc:
            hidden = own_words(entry.value) | own_words(inner)
            text = markdown(doc, names, hidden).split("\n")
            result += directive(kind, head, text, 3)
        elif f"ag.{key}" in names.values():
            same.append(f"{{py:obj}}`{key} <ag.{key}>`")
    if same:
        result = [
            "Methods that are functions of the same name: " + ", ".join(same) + ".",
            "",
            *result,
        ]
    return result


def kind_of(value: type, names: dict[str, str]) -> list[str]:
    """The public class that a class is a kind of, where its methods are described."""
    public = {id(ag_value(name)): name for name in names.values()}
    for base in value.__mro__[1:]:
        if id(base) in public and base is not ag.nn.Module:
            return [f"A kind of `{public[id(base)]}`, with its methods.", ""]
    return []


@functools.cache
def ag_value(name: str) -> object:
    """What stands under a full name."""
    return functools.reduce(getattr, name.split(".")[1:], ag)


def without_self(value: object) -> str:
    text = signature(value)
    return re.sub(r"^\((self|cls)(, )?", "(", text)


def described(entry: Entry, names: dict[str, str], groups: dict) -> list[str]:
    """One entry of a page."""
    first, others = entry.names[0], entry.names[1:]
    space = first.rpartition(".")[0]
    local = {n.removeprefix(space + "."): n for n in names.values() if n.startswith(space + ".")}
    is_class = isinstance(entry.value, type)
    body = markdown(inspect.getdoc(entry.value) or "", local | names, own_words(entry.value))
    body = [body, ""]
    if others:
        body += ["Other names: " + ", ".join(f"`{name}`" for name in others) + ".", ""]
    for text in entry.supplement:
        body += [text, ""]
    found = dict.fromkeys(part for name in entry.names for part in groups.get(name, ()))
    if found:
        links = (f"[{heading}](#{anchor(page, heading)})" for page, heading in found)
        body += ["Shared by several functions: " + ", ".join(links) + ".", ""]
    if is_class:
        body += kind_of(entry.value, names)
        body += [] if entry.page == "losses" else members(entry, names)
    kind = "class" if is_class else "function"
    result = []
    for name in others:  # found by links and by the search, and not shown
        result += [f":::{{py:{kind}}} {name}()", ":no-typesetting:", ":::", ""]
    return [*result, *directive(kind, first + signature(entry.value), body, 4)]


def anchor(page: str, heading: str) -> str:
    return "shared-" + page + "-" + re.sub(r"\W+", "-", heading.lower()).strip("-")


def divided(page: str, mine: list[Entry]):
    """The sections of a page, with their entries."""
    left = list(mine)
    for heading, modules in SECTIONS.get(page, {}).items():
        order = {f"agx.{module}": place for place, module in enumerate(modules.split())}
        inside = [entry for entry in left if entry.module in order]
        left = [entry for entry in left if entry.module not in order]
        if inside:
            yield heading, sorted(inside, key=lambda entry: order[entry.module])
    if left:
        yield "More" if page in SECTIONS else "", left


def written(page: str, mine: list[Entry], names: dict[str, str], groups: dict) -> str:
    """A page: a section for each module, then what many functions share."""
    result = [f"# {PAGES[page][0]}", ""]
    for heading, inside in divided(page, mine):
        result += [f"## {heading}", ""] if heading else []
        for entry in inside:
            result += described(entry, names, groups)
    parts = sections(sections(reference().get(page, ""), 2).get(SHARED, ""), 3)
    if parts:
        result += ["## What several functions share", "", "`f` stands for each of them.", ""]
    for heading, inside in parts.items():
        result += [f"({anchor(page, heading)})=", f"### {heading}", "", inside.strip(), ""]
    return "\n".join(result)


def numpys() -> list[str]:
    """What ag offers as NumPy has it."""
    return [
        key for key in dir(ag) if not key.startswith("_") and is_of_numpy(getattr(ag, key), key)
    ]


def pages() -> dict[str, str]:
    """All pages of the API by name, an index among them."""
    everything = sorted(entries(), key=lambda entry: (entry.module, entry.names[0].lower()))
    names = {
        name.removeprefix("ag."): entry.names[0] for entry in everything for name in entry.names
    }
    names |= {f"ag.{name}": first for name, first in names.items()}
    groups = shared()
    result, lines = {}, []
    for page, (title, _) in PAGES.items():
        mine = [entry for entry in everything if entry.page == page]
        if not mine:
            continue
        result[page] = written(page, mine, names, groups)
        shown = ", ".join(
            f"{{py:obj}}`{e.names[0].removeprefix('ag.')} <{e.names[0]}>`" for e in mine
        )
        lines += [f"**[{title}]({page}.md)**: {shown}", ""]
    stray = set(reference()) - set(result)
    if stray:
        raise LookupError(f"docs/reference has pages without a place: {sorted(stray)}")
    result["index"] = index(list(result), lines)
    return result


def index(order: list[str], lines: list[str]) -> str:
    own = ", ".join(f"`{name}`" for name in numpys())
    return "\n".join(
        [
            "# API",
            "",
            "Every public name, under `import agx as ag`. `np` is NumPy. The text is that of the",
            "docstrings, so `help(ag.sin)` shows it too; the examples run in the tests.",
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *order,
            "```",
            "",
            *lines,
            "**NumPy's own**, for plain arrays: " + own,
            "",
        ]
    )
