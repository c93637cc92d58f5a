"""The page of ag.explore: what it holds, and how it behaves in a real browser, from a file."""

import json
import re

import numpy as np
import pytest

import agx as ag


def numbers():
    a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
    return a * b + a


class Net(ag.nn.Module):
    def __init__(self):
        self.first = ag.nn.Linear(3, 4)
        self.blocks = ag.nn.Sequential(*[ag.nn.Linear(4, 4) for _ in range(8)])

    def forward(self, x):
        return ag.sum(self.blocks(ag.tanh(self.first(x))))


def net():
    x = ag.Tensor(
        np.ones((2, 3), np.float32), requires_grad=False, label="<script>alert(1)</script>"
    )
    return Net()(x)


def data_of(page):
    text = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.html, re.DOTALL
    )
    return json.loads(text[1])


def test_data_have_every_node_and_step():
    found = data_of(ag.explore(numbers()))
    assert [n["title"] for n in found["nodes"]] == ["a", "b", "mul", "add"]
    assert [n["inputs"] for n in found["nodes"]] == [[], [], [0, 1], [2, 0]]
    assert found["forward"] == [2, 3]
    assert found["backward"] == [
        {"node": 3, "incoming": "1.0", "to": [[2, "1.0", "0.0", "1.0"], [0, "1.0", "0.0", "1.0"]]},
        {
            "node": 2,
            "incoming": "1.0",
            "to": [[0, "-3.0", "1.0", "-2.0"], [1, "2.0", "0.0", "2.0"]],
        },
    ]
    assert found["nodes"][2]["rules"] == ["d/dx = y", "d/dy = x"]
    assert "test_explore.py:" in found["nodes"][2]["where"] and not found["folded"]


def test_large_values_are_told_by_statistics():
    x = ag.Tensor(np.arange(12.0), label="x")
    node = data_of(ag.explore(ag.sum(x)))["nodes"][0]
    assert node["about"] == "0 to 11, mean 5.5, std 3.452, 1 zeros" and node["shape"] == "(12,)"
    x.value[0] = np.nan
    assert data_of(ag.explore(ag.sum(x)))["nodes"][0]["about"].endswith("1 not finite")


def test_modules_are_groups():
    found = data_of(ag.explore(net()))
    paths = {g["path"]: g for g in found["groups"].values()}
    assert {"Net", "Net.first", "Net.blocks", "Net.blocks.3"} <= set(paths) and found["folded"]
    assert paths["Net"]["above"] is None
    assert found["groups"][str(paths["Net.blocks.3"]["above"])]["path"] == "Net.blocks"


def test_page_stands_alone_and_escapes_what_users_name():
    page = ag.explore(net())
    assert not re.search(r"(?:src|href)=|https?://(?!www\.w3\.org/2000/svg)", page.html)
    assert "<script>alert" not in page.html and "<script>alert" not in page._repr_html_()
    assert page._repr_html_().startswith("<iframe") and "Explorer of" in repr(page)


def test_files_and_errors(tmp_path):
    page = ag.explore(numbers())
    assert page.save(tmp_path / "graph.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(ValueError, match=r"ending in \.html, got 'graph\.svg'"):
        page.save(tmp_path / "graph.svg")
    with pytest.raises(TypeError, match="explore: expected a Scalar or a Tensor, got int"):
        ag.explore(3)
    loss = ag.sum(ag.Tensor([1.0]) * 2.0)
    loss.backward(free=True)
    with pytest.raises(RuntimeError, match="explore: the graph was let go"):
        ag.explore(loss)


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture(params=[(400, "dark"), (1280, "light")], ids=["narrow", "wide"])
def show(request, browser, tmp_path):
    """A function that opens the page of a graph; at the end the console must have been silent."""
    width, scheme = request.param
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get_log("browser")

    def opened(root):
        browser.get(ag.explore(root).save(tmp_path / "graph.html").as_uri())
        return browser

    yield opened
    assert browser.get_log("browser") == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def texts(browser):
    script = "return [...document.querySelectorAll('.box')].map(b => [...b.querySelectorAll('text')].map(t => t.textContent))"
    return browser.execute_script(script)


def news(browser):
    return browser.execute_script("return document.getElementById('news').textContent")


def press(browser, *keys):
    for key in keys:
        browser.execute_script(
            "(document.activeElement || document.body).dispatchEvent(new KeyboardEvent('keydown', "
            "{key: arguments[0], bubbles: true, cancelable: true}))",
            key,
        )


def slide(browser, time):
    browser.execute_script(
        "const s = document.querySelector('input[type=range]'); s.value = arguments[0]; "
        "s.dispatchEvent(new Event('input'))",
        time,
    )


def test_slider_plays_forward_and_backward(show):
    browser = show(numbers())
    assert ["a", "2", "grad -2.0"] in texts(browser) and ["b", "-3", "grad 2.0"] in texts(browser)
    slide(browser, 1)
    assert browser.execute_script("return document.querySelectorAll('.later').length") == 1
    assert news(browser) == "mul = -6" and ["a", "2", "grad \u2013"] in texts(browser)
    slide(browser, 3)
    assert news(browser) == "add: incoming 1.0\nmul.grad: 0.0 + 1.0 = 1.0\na.grad: 0.0 + 1.0 = 1.0"
    assert browser.execute_script("return document.querySelectorAll('.flow').length") == 2
    assert ["a", "2", "grad 1.0"] in texts(browser)
    press(browser, "]")
    assert "a.grad: 1.0 + -3.0 = -2.0" in news(browser)
    press(browser, "[", "[")
    assert (
        browser.execute_script("return document.querySelector('#step').textContent")
        == "forward 2 of 2"
    )


def test_folding_by_mouse_and_by_key(show):
    browser = show(net())
    titles = [t[0] for t in texts(browser)]
    assert "Net.blocks" in titles and "Net.blocks.3" not in titles
    box = "document.querySelector('.box[aria-label^=\"Net.blocks,\"]')"
    browser.execute_script(f"{box}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    titles = [t[0] for t in texts(browser)]
    assert "Net.blocks.3" in titles and "Net.blocks" not in titles
    press(browser, "u")
    assert "blocks.3.weight" in [t[0] for t in texts(browser)]
    press(browser, "f")
    assert "Net.blocks" in [t[0] for t in texts(browser)]
    browser.execute_script(f"{box}.focus()")
    press(browser, "Enter")
    assert "Net.blocks.3" in [t[0] for t in texts(browser)]


def test_search_finds_and_goes_on(show):
    browser = show(net())
    press(browser, "/")
    assert browser.execute_script("return document.activeElement.type") == "search"
    browser.execute_script(
        "const s = document.activeElement; s.value = 'linear'; s.dispatchEvent(new Event('input'))"
    )
    assert news(browser) == "2 found"
    press(browser, "Enter")
    assert (
        browser.execute_script("return document.querySelector('aside h1').textContent")
        == "Net.first"
    )
    assert browser.execute_script("return document.querySelectorAll('.hit').length") == 2


def test_node_tells_what_is_known_of_it(show):
    browser = show(numbers())
    browser.execute_script("document.querySelector('.box[aria-label^=mul]').focus()")
    told = browser.execute_script("return document.querySelector('aside dl').textContent")
    assert (
        "operationmul" in told and "ruled/dx = y; d/dy = x" in told and "test_explore.py:" in told
    )
    press(browser, "ArrowUp")
    assert browser.execute_script("return document.querySelector('aside h1').textContent") == "a"
    press(browser, "ArrowDown")
    assert browser.execute_script("return document.activeElement.dataset.name") in ("n2", "n3")


def test_moving_zooming_and_themes(show):
    browser = show(numbers())

    def place():
        return browser.execute_script(
            "return document.querySelector('main svg > g').getAttribute('transform')"
        )

    start = place()
    press(browser, "+", "ArrowLeft")
    assert place() != start
    press(browser, "0")
    assert place() == start
    before = browser.execute_script("return document.documentElement.dataset.theme")
    press(browser, "d")
    assert browser.execute_script("return document.documentElement.dataset.theme") != before
    press(browser, "?")
    assert browser.execute_script("return document.querySelector('dialog').open") is True


def test_boxes_hold_their_text_and_keep_apart(show):
    browser = show(net())
    press(browser, "u")
    script = """
        const boxes = [...document.querySelectorAll('.box')].map(b => ({r: b.querySelector('rect').getBBox(), t: [...b.querySelectorAll('text')].map(t => t.getBBox())}));
        return boxes.filter(b => b.t.some(t => t.width > b.r.width)).length"""
    assert browser.execute_script(script) == 0
    script = """
        const rs = [...document.querySelectorAll('.box rect')].map(r => r.getBoundingClientRect());
        return rs.flatMap((a, i) => rs.slice(i + 1).filter(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length"""
    assert browser.execute_script(script) == 0


def test_thousands_of_nodes(show):
    y = x = ag.Scalar(1.0)
    for i in range(1500):
        y = y * x if i % 2 else y + x
    browser = show(y)
    assert browser.execute_script("return document.querySelectorAll('.box').length") == 1501
