"""The markup of every kind of page: as HTML's own rules for parsers have it."""

import collections
import xml.etree.ElementTree as ET

import html5lib
import pytest

from test_pages import KINDS, url  # noqa: F401

HTML = "{http://www.w3.org/1999/xhtml}"
# Where these may stand (HTML, section 4): child -> parents.
PARENTS = {"li": {"ul", "ol"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "tr": {"tbody", "thead"},
           "td": {"tr"}, "th": {"tr"}, "figcaption": {"figure"}, "summary": {"details"}}
PHRASING = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "span", "a", "time"}
BLOCKS = {"p", "div", "ul", "ol", "table", "section", "article", "h1", "h2", "h3", "h4",
          "h5", "h6", "pre", "blockquote", "figure", "details", "nav", "dl", "form"}


def source(story, address):
    status, _, body = story.statusd.fetch(address[len(story.statusd.url):])
    assert status in (200, 404)
    return body.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_markup(story, url, kind):  # noqa: F811
    text = source(story, url(kind))
    page = html5lib.HTMLParser(strict=True).parse(text)
    ids = collections.Counter(e.get("id") for e in page.iter() if e.get("id"))
    assert [i for i, n in ids.items() if n > 1] == [], "an id stands once"
    for parent in page.iter():
        name = str(parent.tag).replace(HTML, "")
        for child in parent:
            inner = str(child.tag).replace(HTML, "")
            if inner in PARENTS:
                assert name in PARENTS[inner], f"<{inner}> in <{name}>"
            if name in PHRASING:
                assert inner not in BLOCKS, f"<{inner}> in <{name}>"
    for attribute in ("aria-labelledby", "for"):
        for e in page.iter():
            assert e.get(attribute) is None or e.get(attribute) in ids
    for e in page.iter():
        href = e.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids, href
    heads = [str(e.tag)[-1] for e in page.iter()
             if str(e.tag).replace(HTML, "") in ("h1", "h2", "h3", "h4", "h5", "h6")]
    assert heads.count("1") == 1
    assert all(int(b) - int(a) <= 1 for a, b in zip(heads, heads[1:])), heads
    assert " style=" not in text


def test_no_link_is_dead(story):
    """Every address of the own host that a page names is there."""
    todo, seen = ["/"], set()
    while todo:
        path = todo.pop()
        if path in seen or len(seen) > 400:
            continue
        seen.add(path)
        status, headers, body = story.statusd.fetch(path)
        assert status == 200, path
        if not headers["Content-Type"].startswith("text/html"):
            if "svg" in headers["Content-Type"]:
                ET.fromstring(body)
            continue
        page = html5lib.parse(body.decode(), namespaceHTMLElements=False)
        for e in page.iter():
            for name in ("href", "src", "action"):
                to = (e.get(name) or "").split("#")[0]
                to = to.removeprefix(story.statusd.url)
                if to.startswith("/"):
                    todo.append(to)
    assert len(seen) > 40
