"""Build the site in build/docs: gather its pages, write those of the API, run Sphinx, check links."""

import re
import shutil
import sys
from pathlib import Path

import api
import check
from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE, SITE, CACHE = (ROOT / "build" / name for name in ("site", "docs", "site-cache"))


def put(path: Path, text: str) -> Path:
    """Write a file, but leave it alone if it says that already: Sphinx reads only what changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def copied(path: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)
    return target


def inside(text: str) -> str:
    """The text of a page, with links for the site: files of the repository stand below it there."""
    text = text.replace("](../CONTRIBUTING.md", "](contributing.md")
    text = text.replace("](../CHANGELOG.md", "](changelog.md")
    return text.replace("](../examples/", "](examples/")


def gather() -> set[Path]:
    """All sources of the site in one folder."""
    kept = {
        put(SOURCE / f"{page.name}", inside(page.read_text("utf-8"))) for page in DOCS.glob("*.md")
    }
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](", text).replace("](SECURITY.md)", "](security.md)")
        text = re.sub(r"\[([^\]]*)\]\(wheels/[^)]*\)", r"\1", text)  # which is no page
        kept.add(put(SOURCE / name.lower(), text))
    kept.add(put(SOURCE / "index.md", (DOCS / "_site" / "index.md").read_text(encoding="utf-8")))
    for path in [*DOCS.glob("*.svg"), *DOCS.glob("pictures/*")]:
        kept.add(copied(path, SOURCE / path.relative_to(DOCS)))
    for path in [*(DOCS / "_site").glob("static/*")]:
        kept.add(copied(path, SOURCE / "_static" / path.name))
    for path in (ROOT / "examples" / "lecture").rglob("*"):
        if path.suffix in (".py", ".ipynb") and "out" not in path.parts:
            kept.add(copied(path, SOURCE / path.relative_to(ROOT)))
    for name, text in api.pages().items():
        kept.add(put(SOURCE / "api" / f"{name}.md", text))
    return kept


def main() -> int:
    kept = gather()
    for path in SOURCE.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    options = [
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-c",
        str(DOCS / "_site"),
        "-d",
        str(CACHE),
    ]
    status = sphinx([*options, str(SOURCE), str(SITE)])
    found = check.problems(SITE)
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    if not status and not found:
        print(f"the site is in {SITE.relative_to(ROOT)}: open index.html")
    return int(bool(status or found))


if __name__ == "__main__":
    sys.exit(main())
