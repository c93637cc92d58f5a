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


# --- as a person does it: with the mouse and the keys of the browser ------------------------------


def type_keys(browser, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def mouse(browser):
    from selenium.webdriver import ActionChains

    return ActionChains(browser, duration=0)


def of(browser, script):
    return browser.execute_script(f"return {script}")


def frames(browser):
    return of(browser, "[...document.querySelectorAll('.frame')].map(f => f.ariaLabel)")


def test_unfolded_modules_have_a_frame_that_folds_them(show):
    browser = show(net())
    assert frames(browser) == ["Net"]
    browser.execute_script("document.querySelector('.frame').focus()")
    type_keys(browser, "\ue007")  # Enter
    assert frames(browser) == []
    assert sorted(t[0] for t in texts(browser)) == ["<script>alert(1)</script>", "Net"]
    assert of(browser, "document.activeElement.dataset.name") == "g0"
    type_keys(browser, "\ue007")
    assert frames(browser) == ["Net"]


def test_boxes_are_inside_their_frame_and_edges_end_at_boxes(show):
    browser = show(net())
    press(browser, "u")
    assert len(frames(browser)) == 11
    script = """
        const at = e => e.getBoundingClientRect();
        const frame = at(document.querySelector('.frame[aria-label="Net.blocks"]'));
        const outside = [...document.querySelectorAll('.box[aria-label^="blocks."]')].filter(b => at(b).left < frame.left || at(b).right > frame.right || at(b).top < frame.top || at(b).bottom > frame.bottom);
        return [document.querySelectorAll('.box[aria-label^="blocks."]').length, outside.length]"""
    assert browser.execute_script(script) == [16, 0]


def test_edges_go_around_boxes(show):
    """One that reads what was computed long before does not hide behind what is between."""
    x = ag.Scalar(0.5, label="x")
    y = x
    for _ in range(6):
        y = ag.tanh(y)
    browser = show(y * x)
    script = """
        const boxes = [...document.querySelectorAll('.box')].map(b => b.getBoundingClientRect());
        return [...document.querySelectorAll('.edge')].filter(p => {
            const m = p.getScreenCTM(), n = p.getTotalLength();
            return [...Array(99).keys()].some(i => {
                const q = p.getPointAtLength((i + 1) / 100 * n).matrixTransform(m);
                return boxes.some(b => q.x > b.left + 2 && q.x < b.right - 2 && q.y > b.top + 2 && q.y < b.bottom - 2);
            });
        }).length"""
    assert of(browser, "document.querySelectorAll('.edge').length") == 8
    assert browser.execute_script(script) == 0


def test_a_number_in_a_formula_is_no_node(show):
    x = ag.Tensor(np.ones(5), label="x")
    browser = show(ag.sum((x * 2 - 1) ** 2 * 1))
    names = [text[0] for text in texts(browser)]
    assert names.count("x") == 1 and "sum" in names
    edges = len(
        {*of(browser, "[...document.querySelectorAll('.edge')].map(e => e.getAttribute('d'))")}
    )
    assert edges == len(names) - 1


def test_norms_are_not_added_up(show):
    x = ag.Tensor(np.arange(40.0), label="x")
    browser = show(ag.sum(x * x))
    slide(browser, 4)
    assert "\nx.grad: norm 143.3, norm 143.3 added: norm 286.6" in news(browser)


def test_an_input_that_is_read_twice_has_two_edges(show):
    x = ag.Scalar(3.0, label="x")
    browser = show(x * x)
    assert of(browser, "new Set([...document.querySelectorAll('.edge')].map(e => e.getAttribute('d'))).size") == 2  # fmt: skip


def test_contributions_are_told_where_they_arrive(show):
    browser = show(numbers())
    notes = "[...document.querySelectorAll('.notes text')].map(t => t.textContent.trim())"
    assert of(browser, notes) == []
    slide(browser, 3)
    assert of(browser, notes) == ["+ 1.0", "+ 1.0"]


def test_an_input_that_is_read_twice_is_told_both_contributions(show):
    x = ag.Scalar(3.0, label="x")
    browser = show((x * x) * 2.0 + 1.0)
    slide(browser, 5)
    assert news(browser).startswith("mul: incoming 1.0")
    slide(browser, 6)
    assert "x.grad: 0.0 + 6.0 = 6.0\nx.grad: 6.0 + 6.0 = 12.0" in news(browser)


def test_playing_goes_to_the_end_and_pauses(show):
    from selenium.webdriver.support.ui import WebDriverWait

    browser = show(numbers())
    button = "document.querySelector('button[title^=play]').textContent"
    browser.execute_script("document.querySelector('select').value = '40'")
    type_keys(browser, " ")
    WebDriverWait(browser, 20, poll_frequency=0.02).until(
        lambda b: (
            of(b, f"{button} === '\u25b6' && document.querySelector('#step').textContent")
            == "backward 2 of 2"
        )
    )
    type_keys(browser, " ", " ")  # from the start, and a pause at once
    assert of(browser, button) == "\u25b6"
    type_keys(browser, ">", ">", ">", "<")
    assert of(browser, "document.querySelector('select').value") == "200"


def test_a_value_that_is_not_computed_yet_is_not_told(show):
    browser = show(numbers())
    slide(browser, 0)
    assert ["add", "\u2026", "grad \u2013"] in texts(browser)
    assert ["a", "2", "grad \u2013"] in texts(browser)


def test_search_looks_inside(show):
    browser = show(net())
    type_keys(browser, "/", "blocks.3", "\ue007")
    assert of(browser, "document.querySelector('aside h1').textContent") == "Net.blocks"
    assert news(browser) == "1 of 1 found"
    browser.execute_script(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', shiftKey: true, bubbles: true}))"
    )
    assert of(browser, "document.querySelector('aside h1').textContent") == "Net.blocks.3"
    type_keys(browser, "\ue00c")  # Escape
    assert of(browser, "document.querySelectorAll('.hit').length") == 0


def test_search_by_shape_and_parameter(show):
    browser = show(net())
    press(browser, "u")
    for wanted, count in (("(4, 3)", 1), ("weight", 9), ("nothing of the kind", 0)):
        browser.execute_script(
            "const s = document.querySelector('input[type=search]'); s.value = arguments[0]; s.oninput()",
            wanted,
        )
        assert news(browser) == f"{count} found"


def test_everything_can_be_reached_by_key(show):
    browser = show(numbers())
    reached = set()
    for _ in range(16):
        type_keys(browser, "\ue004")  # Tab
        reached.add(of(browser, "document.activeElement.ariaLabel || document.activeElement.type"))
    wanted = {"zoom in (+)", "graph; arrow keys go along it", "play or pause (space)"}
    assert wanted | {"forward and backward pass", "speed", "dark or light (d)"} <= reached
    browser.execute_script("document.querySelector('main svg').focus()")
    heads = []
    for key in ("\ue013", "\ue013", "\ue013", "\ue014"):  # up, up, up, right
        type_keys(browser, key)
        heads.append(of(browser, "document.querySelector('aside h1').textContent"))
    assert heads == ["add", "mul", "a", "b"]
    type_keys(browser, "\ue00c")
    assert "Point at a box" in of(browser, "document.querySelector('aside').textContent")


def test_mouse_drags_zooms_and_points(show):
    browser = show(numbers())
    place = "document.querySelector('main svg > g').getAttribute('transform')"
    box = browser.find_element("css selector", ".box[aria-label^=mul]")
    mouse(browser).move_to_element(box).perform()
    assert of(browser, "document.querySelector('aside h1').textContent") == "mul"
    before = of(browser, place)
    mouse(browser).drag_and_drop_by_offset(box, 30, 20).perform()
    moved = of(browser, place)
    numbers_of = lambda text: [float(n) for n in re.findall(r"-?[\d.]+", text)]
    assert np.allclose(np.subtract(numbers_of(moved), numbers_of(before)), [30, 20, 0], atol=1)
    mouse(browser).scroll_by_amount(0, 0).perform()
    browser.execute_script(
        "document.querySelector('main svg').dispatchEvent(new WheelEvent('wheel', {deltaY: -100, clientX: 50, clientY: 90, cancelable: true}))"
    )
    assert numbers_of(of(browser, place))[2] > numbers_of(moved)[2]


def test_text_is_large_enough_at_first_and_the_result_is_seen(show):
    y = x = ag.Scalar(1.0)
    for i in range(1500):
        y = y * x if i % 2 else y + x
    browser = show(y)
    script = """
        const boxes = [...document.querySelectorAll('.box')], b = boxes.at(-1).getBoundingClientRect(), s = document.querySelector('main').getBoundingClientRect();
        return [new DOMMatrix(getComputedStyle(document.querySelector('main svg > g')).transform).a >= 0.6, b.top >= s.top && b.bottom <= s.bottom && b.left >= s.left && b.right <= s.right]"""
    assert browser.execute_script(script) == [True, True]


def test_nothing_moves_where_people_asked_for_calm(show):
    browser = show(numbers())
    slide(browser, 3)
    moving = "getComputedStyle(document.querySelector('.flow')).animationName"
    assert of(browser, moving) == "flow"
    calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": calm})
    assert of(browser, moving) == "none"


def test_colours_are_those_of_the_system_and_text_stands_out(show):
    browser = show(net())
    colours = (
        "(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])(document.body)"
    )
    for _ in range(2):
        ink, ground = (
            np.mean([int(n) for n in re.findall(r"\d+", c)][:3]) for c in of(browser, colours)
        )
        dark = of(browser, "document.documentElement.dataset.theme") == "dark"
        assert (ink > 220 and ground < 40) if dark else (ink < 60 and ground > 240)
        type_keys(browser, "d")


def test_page_takes_nothing_from_elsewhere_by_its_own_policy():
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"" in ag.explore(numbers()).html  # fmt: skip


def test_path_and_opening(tmp_path, monkeypatch):
    page = ag.explore(numbers(), tmp_path / "graph.html")
    assert (tmp_path / "graph.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(ValueError, match=r"ending in \.html, got 'graph\.txt'"):
        ag.explore(numbers(), tmp_path / "graph.txt")
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda url: shown.append(url) or True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert page.open() and shown[0].startswith("file:///") and shown[0].endswith("graph.html")


def test_constants_parameters_and_counts():
    found = data_of(ag.explore(ag.Scalar(2.0, label="x") * 3.0))
    assert [n["kind"] for n in found["nodes"]] == ["leaf", "constant", "operation"]
    paths = {g["path"]: g for g in data_of(ag.explore(net()))["groups"].values()}
    assert paths["Net.first"]["parameters"] == 16 and paths["Net"]["parameters"] == 16 + 8 * 20


def test_a_class_with_an_evil_name_stays_text(show):
    evil = type("<img src=x onerror=alert(1)>", (ag.nn.Linear,), {})
    browser = show(ag.sum(ag.nn.Sequential(evil(3, 3))(np.ones((1, 3), np.float32))))
    assert of(browser, "document.querySelectorAll('img').length") == 0
    shown = "[...document.querySelectorAll('svg text')].map(t => t.textContent).join()"
    assert "<img src=x onerror=alert(1)>(3, 3)" in of(browser, shown)
