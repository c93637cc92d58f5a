"""What is checked before a release: each check passes what is right, and finds what is not."""

import importlib.util
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
if not (ROOT / "tools").exists():
    pytest.skip("the tools are not beside these tests", allow_module_level=True)


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def release():
    return tool("release_check")


@pytest.fixture(scope="module")
def reproducible():
    return tool("reproducible")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_a_version_is_released_when_its_section_has_a_date(release):
    assert not list(release.version_problems("1.2.0", "# Changelog\n\n## [1.2.0] - 2026-11-28\n"))


@pytest.mark.parametrize("first", ["[Unreleased]", "[1.1.0] - 2026-11-28", "[1.2.0]"])
def test_a_version_without_a_dated_section_is_none(release, first):
    (found,) = release.version_problems("1.2.0", f"## {first}\n\n## [1.2.0] - 2026-11-28\n")
    assert found == (
        f"CHANGELOG.md: expected [1.2.0] - YYYY-MM-DD as its first section, got {first}; date it, or set version in "
        "pyproject.toml"
    )


def test_the_changelog_keeps_its_format(release):
    assert list(release.changelog_problems(text("CHANGELOG.md"))) == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("## 1.2.0", "line 1: expected ## [Unreleased] or ## [1.2.3] - YYYY-MM-DD, got ## 1.2.0"),
        ("## [Unreleased]\n### New", "line 2: expected each of Added, Changed, Deprecated, Removed, Fixed, Security at most once, got New"),
        ("## [Unreleased]\n### Fixed\n\n### Fixed", "line 4: expected each of Added,"),
        ("## [Unreleased]\n### Fixed\n* A bug", "line 3: expected an entry, '- Text', or what goes on with it, got * A bug"),
        ("## [1.0.0] - 2026-01-01\n## [1.1.0] - 2026-02-01", "expected the newest version first, each once"),
    ],
)  # fmt: skip
def test_what_the_changelog_should_not_hold_is_found(release, lines, problem):
    (found,) = release.changelog_problems(lines)
    assert problem in found


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("b.md", None),
        ("b.md#the-sub-title-of-agx", None),
        ("#here", None),
        ("https://example.org/", None),
        ("http://example.org/", "a.md: http://example.org/ is not HTTPS"),
        ("c.md", "a.md: c.md does not exist"),
        ("b.md#there", "a.md: b.md#there has no such heading"),
    ],
)
def test_links_lead_somewhere(release, tmp_path, link, problem):
    one, other = tmp_path / "a.md", tmp_path / "b.md"
    one.write_text(
        f"# Here\n\n[a link]({link}), `[code](d.md)`\n\n```\n[more](e.md)\n```\n", encoding="utf-8"
    )
    other.write_text("## The *sub-title* of `agx`!\n", encoding="utf-8")
    assert list(release.link_problems([one, other])) == ([problem] if problem else [])


def test_the_links_of_all_pages_lead_somewhere(release):
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/reference/*.md")]
    assert ROOT / "SECURITY.md" in pages
    assert list(release.link_problems(pages)) == []


def test_numbers_of_the_readme_were_measured(release):
    assert list(release.number_problems(text("README.md"), text("docs/measured.md"))) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("1.54 ms", "1.44 ms", "LeNet-5 training step, batch 64: expected 1.54 ms, got 1.44 ms (agx)"),
        ("| 5.5 | 8.5 |", "| 5.4 | 8.5 |", "Gaussian process, 100 points: expected 5.47, got 5.4 ("),
        ("22.7 ms", "22.7 us", "import agx, after import numpy: expected 22.7 ms, got 22.7 us (measured)"),
        ("| 2.39 | 2.0", "| 3.12 | 2.0", "LeNet-5 training step, batch 64: expected 2.39 ± "),
        ("sort, (1000, 1000)", "sort, (100, 100)", "sort, (100, 100): expected no such row"),
    ],
)  # fmt: skip
def test_a_number_that_was_not_measured_is_found(release, old, new, problem):
    assert old in text("README.md")
    changed = text("README.md").replace(old, new, 1)
    found = list(release.number_problems(changed, text("docs/measured.md")))
    assert found and problem in found[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("18.66 ms", "18.7 ms", True),
        ("2.6", "2.65", True),
        ("3.12", "3.12 ± 0.01", True),
        ("18.66 ms", "18.6 ms", False),
        ("2 ms", "2 us", False),
        ("1 of 2", "1", False),
    ],
)
def test_numbers_agree_as_far_as_both_are_written(release, one, other, same):
    assert release.agree(one, other) == same


def test_a_name_that_is_another_projects_is_found(release):
    summary = release.project()["project"]["description"]
    assert list(release.other_project({"name": "agx", "summary": summary}, summary)) == []
    (found,) = release.other_project({"name": "agx", "summary": "A drum machine."}, summary)
    assert found == (
        "the name agx is another project's on PyPI (A drum machine.); choose another for the distribution"
    )


def test_the_recipe_for_conda_is_of_this_project(release):
    recipe, project = text("wheels/recipe/recipe.yaml"), release.project()["project"]
    assert f"\n  version: {project['version']}\n" in recipe
    assert f"\n  license: {project['license']}\n" in recipe
    for wanted in (*project["dependencies"], *release.project()["build-system"]["requires"]):
        assert f"    - {wanted.replace('>=', ' >=')}\n" in recipe, wanted


def test_wheels_and_recipes_are_set_up_as_their_tools_want(release, monkeypatch):
    for module in ("cibuildwheel", "jsonschema", "rattler_build"):
        pytest.importorskip(module)
    asked = []
    monkeypatch.setattr(release, "run", lambda *command: asked.append(command[3]) or ())
    assert list(release.recipe_problems()) == []
    assert asked == ["linux", "macos", "windows", "pyodide"]
    changed = release.project()
    changed["tool"]["cibuildwheel"]["linux"]["repair"] = ""
    monkeypatch.setattr(release, "project", lambda: changed)
    (found,) = release.recipe_problems()
    assert found.startswith("pyproject.toml, cibuildwheel: $.linux") and "'repair'" in found


def test_steps_print_a_line_each_and_those_that_fail_are_listed(release, capsys):
    steps = {"good": list, "bad": lambda: ["first", "second"], "worse": lambda: ["third"]}
    assert release.check(steps) == ["bad", "worse"]
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in printed] == [
        ["good", "ok"], ["bad", "first (and 1 more)"], ["worse", "third"]
    ]  # fmt: skip


def test_a_command_that_fails_says_its_last_line(release):
    assert list(release.run("true")) == []
    (found,) = release.run("sh", "-c", "echo one; echo two; exit 3")
    assert found == "sh ended with status 3: two"


def wheel(path, sbom=None, padding=0):
    with zipfile.ZipFile(path, "w") as contents:
        contents.writestr("agx/data", bytes(padding))
        if sbom is not None:
            contents.writestr("agx-1.dist-info/sboms/agx.cdx.json", sbom)
    return path


def filled_in(**names):
    """The list of what is in a wheel, as CMake fills it in."""
    found = text("wheels/sbom.cdx.json.in")
    for name in ("SKBUILD_PROJECT_VERSION", "CYTHON_VERSION", "Python_NumPy_VERSION"):
        found = found.replace(f"@{name}@", names.get(name, "1.2.3"))
    assert "@CYTHON" not in found
    return found


def test_a_wheel_is_small_and_says_what_is_in_it(release, tmp_path):
    pytest.importorskip("cyclonedx")
    assert list(release.wheel_problems(wheel(tmp_path / "a.whl", filled_in()))) == []
    large, lacking = release.wheel_problems(wheel(tmp_path / "b.whl", padding=1_000_000))
    assert large.startswith("b.whl: expected less than 1,000,000 bytes, got 1,000,")
    assert (
        lacking
        == "b.whl: expected a list of what is in it, *.dist-info/sboms/agx.cdx.json, got none"
    )


def test_a_list_of_what_is_in_a_wheel_follows_its_schema(release):
    pytest.importorskip("cyclonedx")
    (found,) = release.sbom_problems(filled_in().replace('"data"', '"date"'))
    assert found.startswith("agx.cdx.json: 'date' is not one of")
    (found,) = release.sbom_problems(filled_in(CYTHON_VERSION=""))
    assert found == "agx.cdx.json: expected a version of each component, got one without"
    assert {c["name"] for c in json.loads(filled_in())["components"]} >= {"cython", "numpy"}


def test_distributions_of_the_same_bytes_do_not_differ(reproducible, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        wheel(tmp_path / folder / "x.whl")
    assert reproducible.differences(tmp_path / "a", tmp_path / "b") == []


def test_what_differs_between_distributions_is_named(reproducible, tmp_path):
    one, other = tmp_path / "a", tmp_path / "b"
    for folder, padding in ((one, 1), (other, 2)):
        folder.mkdir()
        wheel(folder / "x.whl", padding=padding)
        with tarfile.open(folder / "y.tar.gz", "w:gz") as sdist:
            sdist.add(folder / "x.whl", "y/x.whl")
    wheel(one / "z.whl")
    assert reproducible.differences(one, other) == [
        "x.whl: agx/data differ", "y.tar.gz: y/x.whl differ", "z.whl: made by one build only"
    ]  # fmt: skip
