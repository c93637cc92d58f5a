"""What users name stays text: every page, picture and table that agx makes has the same tags without it.

The names of parameters, modules, labels, classes, files, settings and columns are such as would run a script,
and then others of the same length; the tags and attributes of both results have to be the same.
"""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from run_folders import write

import agx as ag
from agx.runs import charts

EVIL = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "]]>--></style></title>&lt;")  # fmt: skip


class Skeleton(HTMLParser):
    """The tags of a page and the names of their attributes, and of pages inside attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, *(name for name, _ in attrs)))
        for name, value in attrs:
            if name == "srcdoc":
                self.found += Skeleton(value).found

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_comment(self, data):
        self.found.append("comment")


def scalar(name):
    a = ag.Scalar(2.0, label=name)
    return a * 3.0


def tensor(name):
    return ag.sum(ag.Tensor([1.0, 2.0], label=name) * 2.0)


class Net(ag.nn.Module):
    """Its layers, and so its parameters, have a name that users choose."""

    def __init__(self, name):
        self.layers = {name: ag.nn.Linear(3, 2, rng=0)}

    def forward(self, x):
        return next(iter(self.layers.values()))(x)


def loss(name):
    return ag.sum(Net(name)(np.ones((1, 3), np.float32)))


def profiled(name):
    with ag.profile() as found:
        loss(name).backward()
    return found._repr_html_()


def optimizer(name):
    group = {"params": ag.nn.Linear(3, 2).parameters(), "name": name}
    return ag.optim.SGD([group], lr=0.1)._repr_html_()


def loader(name):
    dataset = ag.data.ArrayDataset(np.ones((2, 3)), np.arange(2), classes=(name, "b"))
    return ag.data.Loader(dataset, 2)._repr_html_()


def blamed(name):
    with np.errstate(all="ignore"):
        return ag.blame(ag.sum(ag.log(ag.Tensor([0.0, -1.0], label=name))))._repr_html_()


def exercise(name):
    def answer(*_):
        raise ValueError(name)

    return ag.testing.check_exercise("mse", answer)._repr_html_()


def swept(name):
    found = ag.runs.sweep(lambda **given: {name: len(given)}, {name: [name, name[::-1]]})
    return found._repr_svg_()


def failed(name):
    def fail(**_):
        raise ValueError(name)

    return ag.runs.sweep(fail, {name: [name, name[::-1]]})._repr_svg_()


def drawn(name, folder, kind):
    path = ag.draw(loss(name)).save(folder / f"graph.{kind}")
    return path.read_text()


def reported(name, folder):
    """A run of which everything has that name that can have one."""
    place = write(folder / "run", classes=(name, "dog", "bird"), model=name, data=name, optimizer=name, note={name: [name]})  # fmt: skip
    with (place / "history.jsonl").open("a") as file:
        file.write(json.dumps({"epoch": 4, "loss": 0.1, name: 1.0, f"validation_{name}": 2}) + "\n")
        file.write("damaged\n")
    ag.storage.archive.write(place / "best.npz", {name: np.ones((2, 1, 3, 3), np.float32)})
    results = json.loads((place / "results.json").read_text())
    results["machine"] |= {name: name}
    results["layers"] = [{**row, "layer": name, "kind": name} for row in results["layers"]]
    (place / "results.json").write_text(json.dumps(results))
    return ag.runs.report(place).read_text()


PAGES = {
    "scalar": lambda name, _: scalar(name)._repr_html_() + ag.Scalar(1.0, label=name)._repr_html_(),
    "tensor": lambda name, _: ag.Tensor([1.0], label=name)._repr_html_(),
    "explain": lambda name, _: scalar(name).explain()._repr_html_() + tensor(name).explain()._repr_html_(),
    "trace": lambda name, _: ag.trace(scalar(name))._repr_html_(),
    "explore": lambda name, _: ag.explore(loss(name)).html + ag.explore(scalar(name))._repr_html_(),
    "draw": lambda name, _: ag.draw(scalar(name))._repr_svg_() + ag.draw(loss(name)).svg,
    "svg": lambda name, folder: drawn(name, folder, "svg"),
    "html": lambda name, folder: drawn(name, folder, "html"),
    "mermaid": lambda name, folder: drawn(name, folder, "mmd"),
    "module": lambda name, _: Net(name)._repr_html_(),
    "summary": lambda name, _: Net(name).summary(3)._repr_html_(),
    "optimizer": lambda name, _: optimizer(name),
    "history": lambda name, _: ag.train.History([{"epoch": 1, "loss": 0.5, name: name}])._repr_html_(),
    "loader": lambda name, _: loader(name),
    "blame": lambda name, _: blamed(name),
    "memory": lambda name, _: ag.memory(loss(name))._repr_html_(),
    "profile": lambda name, _: profiled(name),
    "exercise": lambda name, _: exercise(name),
    "sweep": lambda name, _: swept(name),
    "failed sweep": lambda name, _: failed(name),
    "lines": lambda name, _: charts.lines({name: [(1, 2.0), (2, 1.0)]}, name, name),
    "report": reported,
}  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("page", PAGES)
def test_names_stay_text(page, evil, tmp_path):
    make = PAGES[page]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = make(evil, tmp_path / "a")
    expected = Skeleton(make("".join(chr(97 + i % 26) for i in range(len(evil))), tmp_path / "b"))
    assert Skeleton(text).found == expected.found and len(expected.found) > 1


def test_a_name_that_is_not_escaped_would_be_seen():
    assert Skeleton(f"<b>{EVIL[0]}</b>").found != Skeleton("<b>name</b>").found
    assert Skeleton(f'<b title="{EVIL[1]}">').found != Skeleton('<b title="name">').found
