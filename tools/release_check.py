"""Run all that can be run before a release is tagged, and list what fails.

    make release-check

First what takes seconds: version, changelog, links, the README's numbers, workflows, what is committed. Then
a source distribution from a clean clone, and both distributions built twice. Takes some minutes; needs the
registry that pip is set to, and no other network.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
WORK = ROOT / "build/release"
RECIPE = ROOT / "wheels/recipe/recipe.yaml"
BUILT = ROOT / "build/reproducible/a/dist"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
MAX_BYTES = 1_000_000


def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- texts ---------------------------------------------------------------------------------------


def version_problems(version: str, changelog: str) -> Iterator[str]:
    """What keeps a version from being what the changelog says of it."""
    sections = re.findall(r"^## (.*)", changelog, flags=re.M)
    wanted = rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d"
    if not sections or not re.fullmatch(wanted, sections[0]):
        first = sections[0] if sections else "nothing"
        yield (
            f"CHANGELOG.md: expected [{version}] - YYYY-MM-DD as its first section, got {first}; date it, "
            "or set version in pyproject.toml"
        )


def changelog_problems(changelog: str) -> Iterator[str]:
    """What is not as Keep a Changelog has it: sections, their order, kinds of changes, and entries."""
    versions, kinds = [], []
    for number, line in enumerate(changelog.splitlines(), 1):
        place = f"CHANGELOG.md, line {number}"
        if line.startswith("## "):
            found = re.fullmatch(r"## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", line)
            if not found and line != "## [Unreleased]":
                yield f"{place}: expected ## [Unreleased] or ## [1.2.3] - YYYY-MM-DD, got {line}"
            versions.append(tuple(map(int, found.groups())) if found else (sys.maxsize,))
            kinds = []
        elif line.startswith("### "):
            kind = line.removeprefix("### ")
            if kind not in KINDS or kind in kinds:
                yield f"{place}: expected each of {', '.join(KINDS)} at most once, got {kind}"
            kinds.append(kind)
        elif kinds and not re.match(r"- \S|  \S|$", line):
            yield f"{place}: expected an entry, '- Text', or what goes on with it, got {line:.40}"
    if any(later >= earlier for earlier, later in itertools.pairwise(versions)):
        yield "CHANGELOG.md: expected the newest version first, each once"


def anchor(title: str) -> str:
    """What a heading is called in links."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^( *)(```|~~~).*?^\1\2|`[^`\n]*`", "", text, flags=re.S | re.M)


def link_problems(pages: list[Path]) -> Iterator[str]:
    """Links between files that lead nowhere, and those that are not HTTPS; nothing is fetched."""
    texts = {path.resolve(): path.read_text(encoding="utf-8") for path in pages}
    for path, text in texts.items():
        for link in re.findall(r"\]\(([^()\s]+)\)", without_code(text)):
            name, _, fragment = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            if re.match(r"\w+:", link):
                if not link.startswith(("https://", "mailto:")):
                    yield f"{path.name}: {link} is not HTTPS"
            elif not target.exists():
                yield f"{path.name}: {link} does not exist"
            elif fragment and target in texts:
                titles = re.findall(r"^#+ (.*)", texts[target], flags=re.M)
                named = re.findall(r"^\((.+)\)=$", texts[target], flags=re.M)
                if fragment not in {*map(anchor, titles), *named}:
                    yield f"{path.name}: {link} has no such heading"


# --- numbers -------------------------------------------------------------------------------------

#: By the first words of a table's head, in the README: how many cells name a row, and where docs/measured.md
#: has the others, as the section and the cell.
COLUMNS = {
    "forward": (2, {2: (0, 2), 3: (0, 3), 4: (0, 4), 5: (1, 4)}),
    "gradient": (1, {1: (0, 1), 2: (0, 2), 3: (0, 4), 4: (0, 5)}),
    "fact": (1, {1: (0, 1)}),
}


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a page as rows of cells, without what is bold."""
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.M):
        lines = table.replace("**", "").splitlines()
        yield [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def agree(one: str, other: str) -> bool:
    """Whether two texts have the same numbers, as far as both write them, and the same words."""
    number = r"\d+(?:\.\d+)?"
    other = re.sub(r" ± \S+", "", other)
    if re.sub(number, "", one) != re.sub(number, "", other):
        return False
    for a, b in zip(re.findall(number, one), re.findall(number, other), strict=True):
        digits = min(len(text.partition(".")[2]) for text in (a, b))
        if abs(float(a) - float(b)) > 0.501 * 10**-digits:
            return False
    return True


def number_problems(readme: str, measured: str) -> Iterator[str]:
    """Numbers of the README's tables that docs/measured.md does not have."""
    sections = re.split(r"^## AVX2$", measured, flags=re.M)
    known = [[row for table in tables(text) for row in table] for text in sections]
    for head, _, *rows in tables(readme):
        if head[0].split()[0] not in COLUMNS:
            continue
        names, columns = COLUMNS[head[0].split()[0]]
        for row in rows:
            for at, (section, cell) in columns.items():
                found = [r[cell] for r in known[section] if r[:names] == row[:names]]
                if not any(agree(row[at], text) for text in found):
                    got = f"got {row[at]} ({head[at]})"
                    yield f"README.md, {row[0]}: expected {' or '.join(found) or 'no such row'}, {got}"


# --- what takes longer ---------------------------------------------------------------------------


def run(*command: object, cwd: Path = ROOT) -> Iterator[str]:
    """Run a command; its last line if it fails."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
        yield f"{Path(str(command[0])).name} ended with status {done.returncode}: {said[-1]}"


def name_problems(name: str, summary: str) -> Iterator[str]:
    """Whether the registry has another project of this name, which ``pip install`` would then get."""
    options = ("--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-")
    pip = [sys.executable, "-m", "pip", "install", *options, name]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode == 0:
        yield from other_project(json.loads(done.stdout)["install"][0]["metadata"], summary)
    elif "No matching distribution" not in done.stderr:
        yield f"pip could not ask for {name}: {done.stderr.strip().splitlines()[-1]}"


def other_project(found: dict[str, Any], summary: str) -> Iterator[str]:
    """What says that a project which is found is not this one."""
    if found["summary"] != summary:
        yield (
            f"the name {found['name']} is another project's on PyPI ({found['summary']:.60}); "
            "choose another for the distribution"
        )


def uncommitted(version: str) -> Iterator[str]:
    """What a tag of this version would not have, or would have twice."""
    changed = subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True)
    for line in changed.splitlines():
        yield f"{line[3:]} is not committed"
    if subprocess.check_output(["git", "tag", "--list", f"v{version}"], cwd=ROOT):
        yield f"the tag v{version} is there already; set version in pyproject.toml"


def workflow_problems() -> Iterator[str]:
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    schema = ("--builtin-schema", "vendor.github-workflows")
    yield from run(BIN / "check-jsonschema", *schema, *workflows)
    strict = ("--persona", "auditor", "--strict-collection", "--no-ignores")
    yield from run(BIN / "zizmor", "--offline", "--quiet", *strict, ".github")


def recipe_problems() -> Iterator[str]:
    """What cibuildwheel and conda's builder do not understand of how they are set up."""
    import cibuildwheel
    import jsonschema
    import rattler_build

    schema = Path(cibuildwheel.__file__).parent / "resources/cibuildwheel.schema.json"
    validator = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    for error in validator.iter_errors(project()["tool"]["cibuildwheel"]):
        yield f"pyproject.toml, cibuildwheel: {error.json_path}: {error.message}"
    for platform in ("linux", "macos", "windows", "pyodide"):
        listed = ("--print-build-identifiers", "--platform", platform)
        yield from run(BIN / "cibuildwheel", *listed, ROOT)
    try:
        # conda-forge chooses what these stand for.
        chosen = rattler_build.VariantConfig({"c_stdlib": ["sysroot"], "python": ["3.14.*"]})
        rattler_build.Stage0Recipe.from_file(str(RECIPE)).render(chosen)
    except rattler_build.RattlerBuildError as error:
        yield f"{RECIPE.name}: {error}"


def clone_problems() -> Iterator[str]:
    """Build a source distribution in a clean clone, install it in a clean environment, and test that."""
    shutil.rmtree(WORK, ignore_errors=True)
    clone, python = WORK / "clone", WORK / "venv/bin/python"
    sdist = WORK / f"dist/agx-{project()['project']['version']}.tar.gz"
    for command in (
        ("git", "clone", "--quiet", ROOT, clone),
        (sys.executable, "-m", "build", "--sdist", "--outdir", sdist.parent, clone),
        (sys.executable, "-m", "venv", WORK / "venv"),
        (python, "-m", "pip", "install", "--quiet", sdist),
        (python, clone / "wheels/test_wheel.py"),
    ):
        if found := list(run(*command, cwd=WORK.parent)):
            yield from found
            return


def wheel_problems(wheel: Path) -> Iterator[str]:
    """What a wheel should not be, or lacks."""
    if (size := wheel.stat().st_size) >= MAX_BYTES:
        yield f"{wheel.name}: expected less than {MAX_BYTES:,} bytes, got {size:,}"
    with zipfile.ZipFile(wheel) as contents:
        sboms = [name for name in contents.namelist() if ".dist-info/sboms/" in name]
        if not sboms:
            yield f"{wheel.name}: expected a list of what is in it, *.dist-info/sboms/agx.cdx.json, got none"
        for name in sboms:
            yield from sbom_problems(contents.read(name).decode())


def sbom_problems(text: str) -> Iterator[str]:
    """What is not as the schema of CycloneDX has it, or not filled in."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error:
        yield f"agx.cdx.json: {error.data.message}"
    elif not all(c.get("version", "1")[:1].isdigit() for c in json.loads(text)["components"]):
        yield "agx.cdx.json: expected a version of each component, got one without"


def distribution_problems() -> Iterator[str]:
    """Look at what the reproducible builds have left."""
    files = sorted(BUILT.glob("agx-*")) if BUILT.exists() else []
    if len(files) != 2:
        yield f"expected a wheel and a source distribution in {BUILT}, got {len(files)} files"
        return
    yield from run(sys.executable, "-m", "twine", "check", "--strict", *files)
    for wheel in BUILT.glob("*.whl"):
        yield from wheel_problems(wheel)


def steps() -> dict[str, Callable[[], Iterator[str]]]:
    """All steps by their names, in order."""

    def text(name: str) -> str:
        return (ROOT / name).read_text(encoding="utf-8")

    about = project()["project"]
    version = about["version"]
    listed = subprocess.check_output(["git", "ls-files", "*.md"], cwd=ROOT, text=True)
    # What is in docs/_site is for a site, whose build looks at its links.
    pages = [ROOT / name for name in listed.splitlines() if "_site" not in name]
    return {
        "version": lambda: version_problems(version, text("CHANGELOG.md")),
        "changelog": lambda: changelog_problems(text("CHANGELOG.md")),
        "links": lambda: link_problems(pages),
        "numbers": lambda: number_problems(text("README.md"), text("docs/measured.md")),
        "workflows": workflow_problems,
        "recipes": recipe_problems,
        "name": lambda: name_problems(about["name"], about["description"]),
        "committed": lambda: uncommitted(version),
        "clean clone": clone_problems,
        "reproducible": lambda: run(sys.executable, ROOT / "tools/reproducible.py"),
        "distributions": distribution_problems,
    }


def check(named: dict[str, Callable[[], Iterator[str]]]) -> list[str]:
    """Take each step and print a line for it; the steps that fail."""
    failed = []
    for name, step in named.items():
        problems = list(step())
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        print(f"{name:<14}{problems[0] + more if problems else 'ok'}", flush=True)
        if problems:
            failed.append(name)
    return failed


def main() -> None:
    """Take all steps; stop with status 1 if one fails."""
    if failed := check(steps()):
        sys.exit(f"not ready for a release: {', '.join(failed)}")
    print("ready for a release")


if __name__ == "__main__":
    main()
