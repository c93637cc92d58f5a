"""The report of a run in a real browser: narrow and wide, light and dark, without an error."""

import numpy as np
import pytest
import run_folders

from agx import runs

EVIL = "<script>document.title = 'taken'; throw 1</script>"
#: The contrast that WCAG 2 (AA) asks for of text.
CONTRAST = 4.5


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page with long and evil names, of 12 classes."""
    classes = (EVIL, "a_name_without_a_place_to_break_the_line", *map(str, range(10)))
    return runs.report(
        run_folders.write(tmp_path_factory.mktemp("runs") / "run", classes=classes, data=EVIL)
    )


@pytest.fixture(params=[375, 1600], ids=["narrow", "wide"])
def width(request):
    return request.param


@pytest.fixture(params=["light", "dark"])
def shown(request, browser, report, width):
    """The browser with the page in it, and its errors forgotten."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    scheme = [{"name": "prefers-color-scheme", "value": request.param}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    browser.get_log("browser")
    browser.get(report.as_uri())
    return browser, request.param


def test_no_errors_and_nothing_from_elsewhere(shown):
    browser, _ = shown
    assert browser.get_log("browser") == []
    assert browser.title == f"small on {EVIL} - agx"  # no script has run
    assert browser.execute_script("return performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length") == 0  # fmt: skip


def test_the_page_is_as_wide_as_the_window(shown, width):
    browser, _ = shown
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    out = """
        const wide = e => e.getBoundingClientRect().right > innerWidth + 1;
        return [...document.querySelectorAll('h1,h2,p,figure,svg,img,.facts div')].filter(wide).length
    """
    assert browser.execute_script(out) == 0


def test_every_picture_is_shown(shown):
    browser, _ = shown
    loaded = (
        "return [...document.images].map(i => i.complete && i.naturalWidth > 0 && i.width > 20)"
    )
    found = browser.execute_script(loaded)
    assert len(found) == 2 + 6 and all(found)
    charts = (
        "return [...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().height)"
    )
    assert len(found := browser.execute_script(charts)) == 5 and min(found) > 150


def parts_of(colour):
    """Red, green, blue and opacity, of rgb(...) or rgba(...)."""
    *rgb, alpha = [*map(float, colour[colour.index("(") + 1 : -1].split(",")), 1.0][:4]
    return np.array(rgb), alpha


def luminance(rgb):
    share = rgb / 255
    linear = np.where(share <= 0.03928, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def test_text_stands_out_in_light_and_dark(shown):
    """Also in the cells of the confusion matrix, which are coloured the more the more they count."""
    browser, scheme = shown
    seen = """
        const of = (e, key) => getComputedStyle(e)[key], all = s => [...document.querySelectorAll(s)];
        const texts = all('h1,p,td,th,figcaption,.facts div,.facts span').map(e => [e, 'color']);
        return [[document.body, 'color'], ...texts, ...all('svg text').map(e => [e, 'fill'])].map(
            ([e, key]) => [e.tagName, of(e, key), of(e, 'backgroundColor')])
    """
    (_, _, page), *texts = browser.execute_script(seen)
    behind, _ = parts_of(page)
    assert (luminance(behind) > 0.5) == (scheme == "light") and len(texts) > 200
    for name, front, back in texts:
        colour, alpha = parts_of(back)
        dark, light = sorted(
            map(luminance, (parts_of(front)[0], alpha * colour + (1 - alpha) * behind))
        )
        assert (light + 0.05) / (dark + 0.05) >= CONTRAST, (name, front, back)
