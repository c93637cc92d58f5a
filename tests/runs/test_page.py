"""The report of a run: what is in the page, and that names cannot break out of their place."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
import run_folders

from agx import runs
from agx.runs import markup

EVIL = "<script>alert('&\"')</script>"


class Page(html.parser.HTMLParser):
    """The elements of a page, with attributes, and its text."""

    EMPTY = ("meta", "link", "img")

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(self.texts)


def page_of(folder):
    path = runs.report(folder)
    assert path == folder / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_has_what_a_run_tells(tmp_path):
    page = page_of(run_folders.write(tmp_path / "first"))
    for what in (
        "small on pets", "first", "Curves", "Confusion matrix", "precision", "recall", "F1", "Filters",
        "Most confident mistakes", "6 mistakes", "taken for", "Layers", "1x2x6x6", "batch_size", "processor",
        "numpy", "75.00 %", "90.00 %",
    ):  # fmt: skip
        assert what in page.text, what
    titles = [chart["aria-label"] for chart in page.all("svg")]
    assert titles == [
        f"{y} by epoch"
        for y in (
            "loss",
            "accuracy (%)",
            "learning rate",
            "time per epoch (s)",
            "images per second",
        )
    ]
    filters = [image for image in page.all("img") if image["alt"].startswith("filter")]
    assert len(filters) == 2 and len(page.all("img")) == 2 + 6


def test_the_page_needs_nothing_else(tmp_path):
    """No script, no other file, no address of a server."""
    folder = run_folders.write(tmp_path / "run")
    page = page_of(folder)
    assert page.all("script") == [] and page.all("iframe") == []
    for _, attributes in page.elements:
        for key in ("src", "href"):
            assert attributes.get(key, "data:").startswith("data:")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "http" not in text and "url(" not in text and "@import" not in text


def test_the_page_can_be_read_aloud(tmp_path):
    page = page_of(run_folders.write(tmp_path / "run"))
    assert page.all("html") == [{"lang": "en"}] and page.all("meta")[0] == {"charset": "utf-8"}
    assert all(image["alt"] for image in page.all("img"))
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in page.all("svg"))
    assert all(head["scope"] in ("row", "col") for head in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) > 4


def test_names_are_escaped(tmp_path):
    """Of classes, models, data, settings and files; none becomes an element."""
    folder = run_folders.write(
        tmp_path / "run", classes=(EVIL, "b\"'><img src=x onerror=alert(1)>", "c"), model=EVIL, data=EVIL,
        note=EVIL, **{EVIL: 1},
    )  # fmt: skip
    with open(folder / "history.jsonl", "a") as file:
        file.write('{"epoch": 4, "loss": 0.1, "<script>": 1.0, "validation_<b>": 2}\n')
    page = page_of(folder)
    assert page.all("script") == [] and page.all("b") != []
    assert {image["src"][:15] for image in page.all("img")} == {"data:image/png;"}
    assert page.text.count(EVIL) > 5


@pytest.mark.parametrize("classes", [("cat", "dog"), tuple(map(str, range(100)))])
def test_few_and_many_classes(tmp_path, classes):
    page = page_of(run_folders.write(tmp_path / "run", classes=classes))
    scopes = [head["scope"] for head in page.all("th")]
    assert scopes.count("col") >= len(classes) + 1


def test_colours(tmp_path):
    page = page_of(run_folders.write(tmp_path / "run", channels=3))
    assert "in red, green and blue" in page.text
    pictured = {image["alt"].split()[0]: image["src"] for image in page.all("img")}
    for source in pictured.values():
        assert png_of(source).ndim == 3


def test_a_run_that_did_not_end_has_what_there_is(tmp_path):
    page = page_of(run_folders.write(tmp_path / "run", finished=False))
    assert "results.npz is missing" in page.text and "Curves" in page.text
    assert "Confusion" not in page.text and "Filters" in page.text
    assert "0.weight" in page.text and "2x1x3x3" in page.text  # the layers are not known yet


def test_a_run_without_an_epoch(tmp_path):
    folder = run_folders.write(tmp_path / "run", finished=False)
    (folder / "history.jsonl").unlink()
    (folder / "best.npz").unlink()
    page = page_of(folder)
    assert "No epoch came to its end." in page.text and page.all("svg") == []


def test_damaged_files_are_named_on_the_page(tmp_path):
    folder = run_folders.write(tmp_path / "run")
    (folder / "best.npz").write_bytes(b"torn")
    (folder / "results.npz").write_bytes(b"torn")
    page = page_of(folder)
    assert page.text.count("expected a whole .npz file") == 2 and "Curves" in page.text


def test_no_mistakes(tmp_path):
    folder = run_folders.write(tmp_path / "run", finished=False)
    images, _, labels = run_folders.outcome()
    runs.record(
        folder, run_folders.model_of(), images, np.eye(3)[labels], labels, run_folders.CLASSES
    )
    assert "No mistakes on the test set." in page_of(folder).text


def test_another_path(tmp_path):
    folder = run_folders.write(tmp_path / "run")
    assert runs.report(folder, tmp_path / "page.html") == tmp_path / "page.html"
    assert not (folder / "report.html").exists() and (tmp_path / "page.html").exists()


# --- markup --------------------------------------------------------------------------------------


def test_text_is_escaped_and_markup_is_not():
    inner = markup.tag("b", "1 < 2 & 3")
    assert markup.tag("p", inner, " > ", 4) == "<p><b>1 &lt; 2 &amp; 3</b> &gt; 4</p>"
    assert markup.tag("a", class_='"x"', aria_label=None, tabindex=0) == '<a class="&quot;x&quot;" tabindex="0"></a>'  # fmt: skip
    assert markup.tag("img", alt="") == '<img alt="">'


def png_of(source):
    image = pytest.importorskip("PIL.Image")
    kind, data = source.split(",")
    assert kind == "data:image/png;base64"
    with image.open(io.BytesIO(base64.b64decode(data))) as opened:
        opened.load()
        return np.asarray(opened)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1), (300, 2, 3)])
def test_a_picture_is_a_png_file(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(png_of(markup.address(pixels)), pixels)


def test_a_charts_marks_are_round_and_inside(tmp_path):
    folder = run_folders.write(tmp_path / "run", epochs=100)
    chart = re.search(r"<svg viewBox.*?</svg>", runs.report(folder).read_text(encoding="utf-8"))[0]
    marks = re.findall(r'text-anchor="middle">(\d+)</text>', chart)
    assert marks == ["20", "40", "60", "80", "100"]
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', chart)]
    assert min(places) == 70 and max(places) == 406


def test_lines_of_many_epochs_stay_small(tmp_path):
    folder = run_folders.write(tmp_path / "run", epochs=5000)
    path = runs.report(folder)
    assert path.stat().st_size < 700_000 and "<circle" not in path.read_text(encoding="utf-8")
