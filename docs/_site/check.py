"""Check a built site without a network: every link and anchor leads somewhere, nothing is fetched."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a browser loads by itself.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}

#: What a style sheet loads from a network.
FETCHED = r"(?:url\(|@import )['\"]?((?:https?:)?//[^'\")]+)"


class Page(HTMLParser):
    """The links, anchors and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[key] for key in ("id", "name") if key in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if found.get(LOADED.get(tag, "")) and found.get("rel") not in ("canonical", "author"):
            self.loaded.append(found[LOADED[tag]])


def problems(folder: Path) -> list[str]:
    """One line for each link that leads nowhere and each file that a network would be asked for."""
    files = {
        path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))
    }
    found = []
    for path, page in files.items():
        place = path.relative_to(folder)
        fetched = [address for address in page.loaded if urlsplit(address).netloc]
        found += [f"{place}: loads {address} from the network" for address in fetched]
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{place}: {address} does not exist")
            elif target in files and unquote(parts.fragment) not in files[target].anchors:
                found.append(f"{place}: {address} has no such anchor")
    for path in folder.rglob("*.css"):
        fetched = re.findall(FETCHED, path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(folder)}: loads {address} from the network" for address in fetched
        ]
    return found
