"""Make the lecture's notebooks of their solved texts, ``examples/lecture/solved/*.py``, by Jupytext.

    python tools/notebooks.py            # write what students get, and the notebooks of both
    python tools/notebooks.py --run      # and run the solved ones from top to bottom, pictures and all

What stands between ``# blank: hint`` and ``# end`` is left out of the students' copies. Needs jupytext; --run
needs nbclient and ipykernel.
"""

import argparse
import re
import time
from pathlib import Path

LECTURE = Path(__file__).parents[1] / "examples" / "lecture"
SOLVED = sorted((LECTURE / "solved").glob("*.py"))
BLANK = re.compile(r"^( *)# blank: (.*)\n(?:.*\n)*?\1# end\n", re.MULTILINE)


def blanked(text):
    """The text with its solutions left out: each raises its hint."""
    return BLANK.sub(lambda m: f'{m[1]}raise NotImplementedError("{m[2]}")\n', text)


def notebook(text):
    """The notebook of a text, the same each time."""
    import jupytext

    found = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(found.cells):
        cell["id"] = f"cell-{number}"
    found.metadata.pop("jupytext", None)
    return found


def write(text, path):
    """Write a text, and its notebook beside it."""
    import nbformat

    path.write_text(text, encoding="utf-8")
    nbformat.write(notebook(text), path.with_suffix(".ipynb"))


def run(path):
    """Run a notebook from top to bottom and return the seconds that it took; nothing is written."""
    import nbclient

    started = time.perf_counter()
    nbclient.NotebookClient(
        notebook(path.read_text(encoding="utf-8")),
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(LECTURE)}},
    ).execute()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true")
    options = parser.parse_args()
    for solved in SOLVED:
        text = solved.read_text(encoding="utf-8")
        write(text, solved)
        write(blanked(text), LECTURE / solved.name)
        print(solved.name, f"ran in {run(solved):.1f} s" if options.run else "written")


if __name__ == "__main__":
    main()
