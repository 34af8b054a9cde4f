"""What others' validators and readers make of it: the Nu HTML checker of every kind
of page, style and badge; jing of the Atom feeds; newsboat of RSS and Atom."""

import json
import pathlib
import re
import sqlite3
import subprocess

import pytest

from test_pages import KINDS, url  # noqa: F401

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "data/atom.rng"
BROKEN = b"<!doctype html><html lang=en><title>x</title><p><div id=a></div><i id=a></p></html>"


def test_the_html_checker_finds_nothing(story, url, modules, tmp_path):  # noqa: F811
    def keep(name, path):
        (tmp_path / name).write_bytes(story.statusd.fetch(path)[2])
    for kind in KINDS:
        keep(f"{kind}.html", url(kind)[len(story.statusd.url):])
    keep("style.css", re.search(r'href="(/style-[^"]+)"', story.statusd.get())[1])
    keep("badge.svg", "/badge.svg")
    keep("favicon.svg", "/favicon.svg")
    (tmp_path / "broken.html").write_bytes(BROKEN)
    done = subprocess.run(
        ["java", "-Xss2m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar",
         modules / "vnu-jar/build/dist/vnu.jar", "--format", "json", "--exit-zero-always",
         "--also-check-css", "--also-check-svg", *sorted(tmp_path.iterdir())],
        capture_output=True, timeout=240, check=True)
    found = {}
    for m in json.loads(done.stderr)["messages"]:
        found.setdefault(pathlib.Path(m["url"].removeprefix("file:")).name, []).append(
            f"{m['type']}, line {m.get('lastLine')}: {m['message']} {m.get('extract', '')[:200]}")
    assert found.pop("broken.html"), "it can find something"
    assert found == {}


def jing(*files):
    return subprocess.run(["jing", SCHEMA, *files], capture_output=True, text=True,
                          timeout=120, check=False)


def test_jing_finds_the_atom_feeds_valid(story, tmp_path):
    feeds = []
    for number, path in enumerate(("/feed/atom/", "/history.atom")):
        feeds.append(tmp_path / f"{number}.xml")
        feeds[-1].write_bytes(story.statusd.fetch(path)[2])
    done = jing(*feeds)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(feeds[0].read_bytes().replace(b"<updated>", b"<updated>on ", 1))
    assert "updated" in jing(wrong).stdout


@pytest.mark.parametrize("path", ["/feed/", "/feed/atom/", "/history.rss"])
def test_a_reader_of_feeds_reads_them(story, tmp_path, path):
    (tmp_path / "urls").write_text(story.statusd.url + path + "\n")
    (tmp_path / "config").write_text("")
    subprocess.run(["newsboat", "-u", tmp_path / "urls", "-c", tmp_path / "cache.db",
                    "-C", tmp_path / "config", "-x", "reload"], check=True, timeout=60,
                   capture_output=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
                                             "LANG": "C.UTF-8"})
    with sqlite3.connect(tmp_path / "cache.db") as db:
        items = db.execute("SELECT title, url, guid, content, pubDate FROM rss_item").fetchall()
        (title,) = db.execute("SELECT title FROM rss_feed").fetchone()
    db.close()
    assert title.startswith("Example Hosting")
    assert len(items) >= 4
    assert len({i[2] for i in items}) == len(items)
    for words, address, guid, content, at in items:
        assert words and guid and content and at > 1_000_000_000
        assert address.startswith(story.statusd.url)
        assert "<script" not in content
    assert any("NC037: Mail to one bank bounces" in i[0] for i in items)
