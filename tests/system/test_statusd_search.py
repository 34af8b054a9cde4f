"""The search, whatever is typed into it."""

import os
import re
import urllib.parse

import pytest

from mg.daemons import Statusd
from mg.wait import until

STRANGE = ["\"", "'", "*", "\"\"", "a\"b", "NEAR(a b)", "title:mail", "-mail", "mail OR",
           "AND", "NOT mail", "^mail", "mail*", "(((", ")", "{a b}:", "%", "_", "\\", ";",
           "--", "a+b", "<script>alert(1)</script>", "\x01mail\x02", "\u202e", "ß",
           "😀", "é" * 100, "a" * 5000, " ".join("w%d" % i for i in range(500)), "  ",
           "mail\nqueue", "'; DROP TABLE doc; --"]


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


def post(statusd, title, text):
    statusd.ctl("post", "--system", "NC036", "--title", title, input=text)


def ask(statusd, query):
    status, _, body = statusd.fetch("/search/?q=" + urllib.parse.quote(query))
    assert status == 200, query
    return body.decode()


def found(statusd, query):
    results = ask(statusd, query).partition('role="status"')[2].partition("</main>")[0]
    return re.findall(r'<a href="[^"]*">(.*?)</a>', results)


def test_words_are_found_and_marked(statusd):
    post(statusd, "Störung in Zürich", "The *memory* module was **replaced** & tested.")
    post(statusd, "Another one", "Memories of a queue. " + "Filler. " * 200 + "Tail.")
    until(lambda: len(found(statusd, "memor")) == 2, 5, "both are found")
    assert "Another" in found(statusd, "memor")[0], "the newest comes first"
    assert "<mark>memory</mark>" in ask(statusd, "MEMORY MODULE")
    assert "<mark>replaced</mark> &amp; tested" in ask(statusd, "replaced")
    assert found(statusd, "stor zuri") == [
        "NC036: <mark>Störung</mark> in <mark>Zürich</mark>"]
    assert len(found(statusd, "tail queue")) == 1
    assert "No post has all" in ask(statusd, "memory zebra")
    statusd.ctl("note", "1", input="A giraffe, later.")
    until(lambda: found(statusd, "giraffe"), 5, "a note is found, too")


def test_no_query_is_a_fault(statusd):
    post(statusd, "Mail", "Queue.")
    until(lambda: found(statusd, "queue"), 5, "it is found")
    for query in STRANGE:
        page = ask(statusd, query)
        assert "<script>" not in page
        assert "\x01" not in page
    status, _, _ = statusd.fetch("/search/?q=%ff%fe%c3")
    assert status == 200
    assert statusd.running()


def test_a_lost_or_damaged_index_is_made_anew(statusd):
    post(statusd, "Mail", "Queue.")
    until(lambda: found(statusd, "queue"), 5, "it is found")
    path = os.path.join(os.path.dirname(statusd.site), "status-search.db")
    assert os.path.exists(path)
    for damage in (b"", b"no database at all" * 500):
        statusd.stop()
        with open(path, "wb") as f:
            f.write(damage)
        statusd.start()
        until(lambda: found(statusd, "queue"), 5, "it is found again")
