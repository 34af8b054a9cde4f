"""The feeds and the calendar, as programs that read such things see them."""

import datetime
import json
import pathlib
import re
import subprocess
import time

import feedparser
import icalendar
import pytest

from mg.daemons import Bare, Statusd
from mg.wait import until

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "data/atom.rng"
LONG = "Wörter, die lang sind; " * 12


def rfc3339(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def statusd(place):
    s = Statusd(place, systems={
        "NC036": {"role": "Mail server"}, "NC037": {"role": "Relay"},
        "NC043": {"role": "Backup", "visibility": Bare("internal")}}).start()
    s.ctl("open", "--system", "NC036", "--title", "Mail <is> delayed",
          input="Some **mail** waits.\n\n<script>alert(1)</script>")
    number = str(s.incidents()[0]["id"])
    s.ctl("update", number, input="Less waits & falls.")
    s.ctl("resolve", number, input="None waits: back to normal.")
    s.ctl("post", "--system", "NC037", "--title", "Hello", input="World")
    s.ctl("maintenance", "add", "--system", "NC037", "--from", "2031-01-02T03:04:05Z",
          "--until", "2031-01-02T05:00:00Z", "--title", "New disks; two, in a row",
          input=LONG + "\n\nSecond \\ part.")
    until(lambda: "New disks" in s.get("/feed/"), 5, "the feed has it all")
    return s


def xml_is_valid(text, *schema):
    done = subprocess.run(["xmllint", "--nonet", "--noout", *schema, "-"], input=text,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def parsed(statusd, path, kind):
    status, headers, body = statusd.fetch(path)
    assert status == 200
    assert headers["ETag"]
    assert headers["Last-Modified"]
    xml_is_valid(body)
    feed = feedparser.parse(body)
    assert not feed.bozo, feed.bozo_exception
    assert feed.version == kind
    assert "NC043" not in body.decode()
    assert [l.href for l in feed.feed.links if l.rel == "self"] == [statusd.url + path]
    return feed


def test_posts(statusd):
    rss = parsed(statusd, "/feed/", "rss20")
    atom = parsed(statusd, "/feed/atom/", "atom10")
    titles = [e.title for e in rss.entries]
    assert len(titles) == 5
    assert titles == [e.title for e in atom.entries]
    assert [e.id for e in rss.entries] == [e.id for e in atom.entries]
    assert len({e.id for e in rss.entries}) == 5
    opening = rss.entries[4]
    assert opening.title == "NC036: Mail <is> delayed"
    assert "<strong>mail</strong>" in opening.content[0].value
    assert "<script" not in opening.content[0].value
    assert "**" not in opening.summary
    assert opening.link.startswith(statusd.url)
    assert statusd.fetch(opening.link[len(statusd.url):])[0] == 200
    assert atom.entries[4].content[0].value == opening.content[0].value
    for path in ("/feed/atom/", "/history.atom"):
        xml_is_valid(statusd.fetch(path)[2], "--relaxng", str(SCHEMA))


def test_atom_schema_can_fail(statusd):
    atom = statusd.fetch("/feed/atom/")[2]
    for wrong in (re.sub(rb"<id>[^<]*</id>", b"", atom, count=2),
                  atom.replace(b'rel="self"', b'rel="me"'),
                  re.sub(rb"<updated>[^<]*", b"<updated>yesterday", atom, count=1)):
        assert wrong != atom
        with pytest.raises(AssertionError):
            xml_is_valid(wrong, "--relaxng", str(SCHEMA))


def test_one_system(statusd):
    feed = parsed(statusd, "/system/NC036/feed/", "rss20")
    assert len(feed.entries) == 3
    assert feed.feed.title.endswith(": NC036")
    assert len(parsed(statusd, "/system/NC037/feed/", "rss20").entries) == 2
    assert statusd.fetch("/system/NC043/feed/")[0] == 404


def test_json_feed(statusd):
    status, headers, body = statusd.fetch("/feed.json")
    assert status == 200
    assert headers["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == statusd.url + "/feed.json"
    assert len(feed["items"]) == 5
    rss = feedparser.parse(statusd.fetch("/feed/")[2])
    assert [i["id"] for i in feed["items"]] == [e.id for e in rss.entries]
    first = feed["items"][4]
    assert set(first) == {"id", "url", "title", "content_html", "content_text",
                          "date_published", "tags"}
    assert first["tags"][0] == "NC036"
    assert "<strong>mail</strong>" in first["content_html"]


def test_calendar(statusd):
    status, headers, body = statusd.fetch("/maintenance.ics")
    assert status == 200
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        line.decode()
    calendar = icalendar.Calendar.from_ical(body)
    events = list(calendar.walk("VEVENT"))
    assert len(events) == 1
    event = events[0]
    assert str(event["SUMMARY"]) == "NC037: New disks; two, in a row"
    assert event["DTSTART"].dt == datetime.datetime(2031, 1, 2, 3, 4, 5,
                                                    tzinfo=datetime.timezone.utc)
    assert event["DTEND"].dt.hour == 5
    assert LONG.strip() in str(event["DESCRIPTION"])
    assert str(event["DESCRIPTION"]).endswith("Second \\ part.")
    assert statusd.fetch(str(event["URL"])[len(statusd.url):])[0] == 200


def test_calendar_changes(statusd):
    def event():
        (e,) = icalendar.Calendar.from_ical(
            statusd.fetch("/maintenance.ics")[2]).walk("VEVENT")
        return e

    first = event()
    assert (first["SEQUENCE"], first["STATUS"]) == (0, "CONFIRMED")
    # With nothing changed nothing changes, also with time and a restart.
    time.sleep(1.1)
    statusd.restart()
    assert event().to_ical() == first.to_ical()
    number = str(max(i["id"] for i in statusd.incidents()))
    statusd.ctl("update", number, input="An hour later, perhaps.")
    until(lambda: event()["SEQUENCE"] == 1, 5, "an update counts on")
    second = event()
    assert second["UID"] == first["UID"]
    assert second["DTSTAMP"].dt > first["DTSTAMP"].dt
    assert second["LAST-MODIFIED"].dt == second["DTSTAMP"].dt
    assert "perhaps" in second["DESCRIPTION"]
    statusd.ctl("maintenance", "cancel", number)
    until(lambda: event()["STATUS"] == "CANCELLED", 5, "it does not take place")
    assert event()["SEQUENCE"] == 2
    assert event()["DTSTAMP"].dt >= second["DTSTAMP"].dt


def test_guids_and_times_outlive_changes(statusd):
    """A new post changes no other item, and only the feeds that hold it."""
    def items(path):
        return {e.id: (e.title, e.published, e.link)
                for e in feedparser.parse(statusd.fetch(path)[2]).entries}

    before = items("/feed/")
    other = statusd.fetch("/system/NC036/feed/")
    statusd.ctl("post", "--system", "NC037", "--title", "Later", input="News.")
    until(lambda: len(items("/feed/")) == len(before) + 1, 5, "the item is there")
    after = items("/feed/")
    assert {k: after[k] for k in before} == before
    now = statusd.fetch("/system/NC036/feed/")
    assert (now[2], now[1]["ETag"], now[1]["Last-Modified"]) == (
        other[2], other[1]["ETag"], other[1]["Last-Modified"])
    history = items("/history.atom")
    assert set(history).isdisjoint(after), "an incident's guid is none of a post's"
    statusd.restart()
    assert items("/feed/") == after and items("/history.atom") == history


def test_nothing_comes_from_the_clock(statusd):
    paths = ["/feed/", "/feed/atom/", "/feed.json", "/maintenance.ics", "/history.rss",
             "/history.atom", "/system/NC037/feed/"]
    before = {p: statusd.fetch(p) for p in paths}
    statusd.restart()
    for path in paths:
        status, headers, body = statusd.fetch(path)
        assert (status, body) == (200, before[path][2])
        for name in ("ETag", "Last-Modified"):
            assert headers[name] == before[path][1][name], path
        again = statusd.fetch(path, headers={"If-None-Match": headers["ETag"]})
        assert (again[0], again[2]) == (304, b"")
