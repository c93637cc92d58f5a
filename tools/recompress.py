"""Make wheels smaller, by Zopfli's search for the shortest way to deflate a file: same contents, same names.

    python tools/recompress.py WHEEL... [--to FOLDER]

Without --to a wheel is replaced. Needs zopflipy; takes a quarter of a minute for each wheel.
"""

import argparse
import os
import zipfile
from pathlib import Path

import zopfli


def recompress(wheel, folder):
    """Write a wheel anew into a folder and return how long the file was and is, in bytes."""
    before, part = wheel.stat().st_size, folder / f"{wheel.name}.part"
    with zipfile.ZipFile(wheel) as old, zopfli.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, old.read(info))
    os.replace(part, folder / wheel.name)
    return before, (folder / wheel.name).stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    for wheel in options.wheels:
        before, after = recompress(wheel, options.to or wheel.parent)
        print(f"{wheel.name}: {before:,} bytes, now {after:,}")


if __name__ == "__main__":
    main()
