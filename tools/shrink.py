"""Make wheels smaller, and leave what they do and say as it is.

    python tools/shrink.py WHEEL... [--to FOLDER]

Lines that only those who change agx read are left blank: comments, and docstrings of functions whose names
are private, that stand in other functions, or that packages of such names keep for agx. Blank lines keep
the numbers of the rest. The scripts of pages also lose their indentation. Then Zopfli looks for the
shortest way to deflate each file. The same files give the same bytes, dated by SOURCE_DATE_EPOCH if that is
set. Without --to a wheel is replaced. Needs zopflipy; takes a quarter of a minute for each.
"""

import argparse
import ast
import base64
import csv
import hashlib
import io
import os
import re
import time
import tokenize
import zipfile
from pathlib import Path

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def private_docstrings(tree, offered=None, inside=False):
    """Yield the docstrings of functions and classes that nobody outside a module sees.

    Of a private package that is all but what others pass on: ``offered`` has these names.
    """
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, FUNCTIONS | ast.ClassDef):
            yield from private_docstrings(node, offered, inside)
            continue
        private = inside or (node.name.startswith("_") and not node.name.endswith("__"))
        private = private or (offered is not None and node.name not in offered)
        first = node.body[0]
        decorated = node.decorator_list  # and so perhaps registered, docstring and all
        if private and not decorated and len(node.body) > 1 and ast.get_docstring(node) is not None:
            yield first
        inner = None if offered is not None and node.name in offered else offered
        yield from private_docstrings(node, inner, private or isinstance(node, FUNCTIONS))


def shortened(text, offered=None):
    """The program without comments and private docstrings, its lines where they were."""
    lines = text.splitlines(keepends=True)
    for docstring in private_docstrings(ast.parse(text), offered):
        for i in range(docstring.lineno - 1, docstring.end_lineno):
            lines[i] = "\n"
    for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            lines[line - 1] = lines[line - 1][:column].rstrip() + "\n"
    return "".join(lines)


def shortened_script(text):
    """JavaScript without indentation, and without comments, which start a line or follow two spaces."""
    return re.sub(r"(^|  )// .*", "", re.sub(r"^ +", "", text, flags=re.M), flags=re.M)


def shrink(wheel, folder):
    """Write a wheel anew into a folder and return how long the file was and is, in bytes."""
    import zopfli

    before, part = wheel.stat().st_size, folder / f"{wheel.name}.part"
    # The kernels want more blocks than fifteen; 0 is as many as help.
    writing = zopfli.ZipFile(part, "w", zipfile.ZIP_DEFLATED, block_splitting_max=0)
    with zipfile.ZipFile(wheel) as old, writing as new:
        changed, offered = {}, names_passed_on(old)
        for info in members(old):
            data = old.read(info)
            shorten = SHORTEN.get(Path(info.filename).suffix)
            if shorten is not None:
                private = PRIVATE.search(info.filename)
                given = (data.decode(), offered) if private else (data.decode(),)
                data = shorten(*given).encode()
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                changed[info.filename] = f"sha256={digest.decode()}", str(len(data))
            elif info.filename.endswith(RECORD):  # the last
                rows = csv.reader(io.StringIO(data.decode()))
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows(
                    [name, *changed.get(name, found)] for name, *found in rows
                )
                data = text.getvalue().encode()
            new.writestr(info, data)
    os.replace(part, folder / wheel.name)
    return before, (folder / wheel.name).stat().st_size


def members(wheel):
    """The files of a wheel in one order, whoever packed it, and of one time if the environment has it."""
    infos = [info for info in wheel.infolist() if not info.is_dir()]
    if moment := os.environ.get("SOURCE_DATE_EPOCH"):
        for info in infos:
            info.date_time = max(time.gmtime(int(moment))[:6], (1980, 1, 1, 0, 0, 0))
    return sorted(
        infos, key=lambda i: (".dist-info/" in i.filename, i.filename.endswith(RECORD), i.filename)
    )


def names_passed_on(wheel):
    """What modules import from others under the same name, for those who use agx."""
    programs = [n for n in wheel.namelist() if n.endswith(".py")]
    return {
        n for p in programs for n in re.findall(r"import (\w+) as \1\b", wheel.read(p).decode())
    }


#: Packages for agx alone; ``plain`` has functions that ``ag`` offers all together.
PRIVATE = re.compile(r"/_(?:engine|protocol|runtime)/(?!plain\.)\w+\.py$")
RECORD = ".dist-info/RECORD"
SHORTEN = {".py": shortened, ".js": shortened_script}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    for wheel in options.wheels:
        before, after = shrink(wheel, options.to or wheel.parent)
        print(f"{wheel.name}: {before:,} bytes, now {after:,}")


if __name__ == "__main__":
    main()
