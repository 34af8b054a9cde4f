"""Lists, reports, badges, the frame, old addresses: what stands around posts."""

import csv
import io
import os
import re
import sqlite3
import subprocess
import xml.etree.ElementTree as ET

import pytest

from mg.daemons import Bare, Statusd
from mg.wait import until


@pytest.fixture
def statusd(place):
    return Statusd(place, systems={
        "NC036": {"role": "Mail server"},
        "NC043": {"role": "Backup", "visibility": Bare("internal")}},
        **{}).start()


def post(statusd, title, *options):
    statusd.ctl("post", "--system", "NC036", "--title", title, *options, input="Text.")


def test_every_post_is_on_one_page_of_its_lists(statusd):
    for n in range(65):
        post(statusd, f"News {n}", "--category", "Mail & more", "--tag", "Größe")
    until(lambda: "News 64" in statusd.get("/category/mail-more/"), 5, "it is listed")
    for first in ("/posts/", "/category/mail-more/", "/system/NC036/posts/"):
        seen, path = [], first
        while path:
            text = statusd.get(path)
            seen += re.findall(r">NC036: News (\d+)<", text)
            older = re.search(r'<a href="([^"]*)">← Older', text)
            path = older[1] if older else None
        assert seen == [str(n) for n in range(64, -1, -1)], first
    assert "News 64" in statusd.get("/category/mail-more/feed/")
    page = statusd.get("/posts/page/1/")
    post(statusd, "One more")
    until(lambda: "One more" in statusd.get("/posts/"), 5, "it is listed")
    assert statusd.get("/posts/page/1/") == page, "a full page stays as it is"


def test_reports(statusd):
    status, headers, body = statusd.fetch("/reports/uptime.csv")
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert {r["system"] for r in rows} <= {"NC036"}
    assert "NC043" not in statusd.get("/reports/")


def test_figures_that_are_not_public_are_nowhere(place):
    statusd = Statusd(place, public_metrics=["delay"]).start()
    rows = list(csv.DictReader(io.StringIO(statusd.get("/reports/uptime.csv"))))
    assert rows == []
    assert "not published" in statusd.get("/reports/")


def test_badges_and_frame(statusd):
    for path in ("/badge.svg", "/system/NC036/badge.svg", "/favicon.svg"):
        status, headers, body = statusd.fetch(path)
        assert status == 200
        assert headers["Content-Type"] == "image/svg+xml"
        assert ET.fromstring(body).tag.endswith("svg")
    assert b"NC036: unknown" in statusd.fetch("/system/NC036/badge.svg")[2]
    assert statusd.fetch("/system/NC043/badge.svg")[0] == 404
    _, headers, body = statusd.fetch("/glance/")
    assert "frame-ancestors *" in headers["Content-Security-Policy"]
    assert "unsafe-" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] is None
    assert b"NC043" not in body
    _, headers, _ = statusd.fetch("/")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert 'rel="status"' in headers["Link"]


def test_map_and_contact(place):
    statusd = Statusd(place, **{"site_directory": ""}).start()
    post(statusd, "Hello")
    until(lambda: b"hello" in statusd.fetch("/sitemap.xml")[2], 5, "it is on the map")
    places = [e.text for e in ET.fromstring(statusd.fetch("/sitemap.xml")[2]).iter()
              if e.tag.endswith("loc")]
    for url in places:
        assert url.startswith(statusd.url)
        assert statusd.fetch(url[len(statusd.url):])[0] == 200, url
    assert statusd.fetch("/.well-known/security.txt")[0] == 404
    with open(statusd.conf_path, "a", encoding="utf-8") as f:
        f.write('link "Support" { url = "https://example.net/help" }\n')
    statusd.restart()
    text = statusd.get("/.well-known/security.txt")
    assert "Contact: https://example.net/help\n" in text
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT", text, re.M)


def test_old_addresses(statusd):
    post(statusd, "Hello")
    until(lambda: "Hello" in statusd.get(), 5, "it is there")
    path = re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+)">[^<]*Hello', statusd.get())[1]
    db = sqlite3.connect(os.path.join(os.path.dirname(statusd.site), "status.db"))
    with db:
        db.execute("UPDATE thread SET old_id = 4711")
    db.close()

    def where(asked):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w",
                               "%{http_code} %{redirect_url}", statusd.url + asked],
                              capture_output=True, text=True, check=True)
        return done.stdout.split(" ")

    until(lambda: where("/?p=4711")[0] == "301", 5, "the old number is known")
    assert where("/?p=4711") == ["301", statusd.url + path]
    assert where("/?p=4712") == ["200", ""]
    assert where("/?p=abc") == ["200", ""]
    assert where(path[:-1]) == ["301", statusd.url + path]
    assert where(path[:12]) == ["301", statusd.url + path[:9]]
    assert where("/1999/01/01/")[0] == "404"
