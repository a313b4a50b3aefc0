"""Check a built site: links within it, loads from elsewhere, formulas and pictures.

``make docs`` runs ``python docs/check_site.py docs/_build/html`` after the build.
"""

import inspect
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sktopo

LOADS = {  # attributes by which a page loads what it cannot do without
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("object", "data"),
}
RAW_FORMULA = re.compile(r"\\\(|\\\[|\$\$|:math:|\\frac|\\sum")
CSS_LOAD = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)")


class Page(HTMLParser):
    """The links, resources, text and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loads, self.faults = {""}, [], [], []
        self.description = ""
        self._code = 0  # depth within code, where unrendered formulas are allowed
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Record the anchors, links and resources of a tag."""
        attrs = {name: value or "" for name, value in attrs}
        self.anchors |= {attrs[key] for key in ("id", "name") if key in attrs}
        if tag in ("a", "area", "link") and "href" in attrs:
            load = tag == "link" and attrs.get("rel") in ("stylesheet", "icon")
            (self.loads if load else self.links).append(attrs["href"])
        self.loads += [attrs[key] for key in attrs if (tag, key) in LOADS]
        self.loads += [
            part.split()[0] for part in attrs.get("srcset", "").split(",") if part
        ]
        if tag == "img" and "alt" not in attrs:
            self.faults.append(f"picture without alt text: {attrs.get('src')}")
        if tag == "meta" and attrs.get("name") == "description":
            self.description = attrs.get("content", "")
        self._code += tag in ("pre", "code", "script", "style")

    def handle_endtag(self, tag):
        """Leave code."""
        self._code -= tag in ("pre", "code", "script", "style")

    def handle_data(self, data):
        """Look for formulas that were not rendered."""
        if self.lasttag == "style":
            self.loads += CSS_LOAD.findall(data)
        if not self._code and RAW_FORMULA.search(data):
            self.faults.append(f"formula as source: {data.strip()[:60]}")


def is_elsewhere(address):
    """Return whether an address leads away from the site."""
    parts = urlsplit(address)
    return bool(parts.netloc or parts.scheme in ("http", "https", "mailto"))


def faults_of(site):
    """Yield what is wrong with the site in a folder, a sentence each."""
    site = Path(site).resolve()
    paths = sorted(site.rglob("*.html"))
    pages = {path: Page(path) for path in paths if "_static" not in path.parts}
    for path, page in pages.items():
        name = path.relative_to(site)
        for fault in page.faults:
            yield f"{name}: {fault}"
        for address in page.loads:
            if is_elsewhere(address):
                yield f"{name}: loads {address} from elsewhere"
        for address in page.links + page.loads:
            parts = urlsplit(address)
            if is_elsewhere(address) or parts.scheme:  # data:, javascript:
                continue
            target = (
                (path.parent / unquote(parts.path)).resolve() if parts.path else path
            )
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{name}: {address} leads nowhere"
            elif (
                target in pages and unquote(parts.fragment) not in pages[target].anchors
            ):
                yield f"{name}: {address} has no such place on its page"
    for path in sorted(site.rglob("*.css")):
        for address in CSS_LOAD.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)}: loads {address} from elsewhere"


def descriptions_missing(site):
    """Yield pages without a description in their head."""
    for path in sorted(Path(site).rglob("*.html")):
        name = path.relative_to(site)
        if "_static" not in name.parts and len(Page(path).description) < 20:
            yield f"{name}: no description"


def names_missing(site):
    """Yield public names, methods among them, without a place on the site."""
    pages = "".join(p.read_text("utf-8") for p in Path(site, "api").rglob("*.html"))
    places = set(re.findall(r'id="(sktopo\.[\w.]+)"', pages))
    modules = [getattr(sktopo, name) for name in sktopo.__all__]
    for module in [sktopo, *filter(inspect.ismodule, modules)]:
        for name in module.__all__:
            member = getattr(module, name)
            # Estimators are listed once, under their shortest name.
            shorter = module is not sktopo and name in sktopo.__all__
            if shorter or inspect.ismodule(member):
                continue
            full = f"{module.__name__}.{name}"
            methods = inspect.getmembers(member, callable)
            methods = methods if inspect.isclass(member) else []
            for place in [full, *(f"{full}.{m}" for m, _ in methods if m[0] != "_")]:
                if place not in places:
                    yield f"{place} is missing from the API reference"


def main(site):
    """Print what is wrong, and return how many things are."""
    faults = [*faults_of(site), *descriptions_missing(site), *names_missing(site)]
    print(*faults, sep="\n", end="\n" if faults else "")
    return len(faults)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1])))
