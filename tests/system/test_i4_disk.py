"""I4, June 2025: the disk that holds the mail fills.  The warning comes before
the floor, and reaches the operator also when the status host is away."""

import pathlib

import pytest

from mg.loop import SYSTEM, Loop
from mg.servers import Webhook
from mg.wait import until

SIZE = 24 << 20


@pytest.fixture
def hook():
    with Webhook() as receiver:
        yield receiver


def degraded(loop):
    return loop.seen(SYSTEM, "degraded")


def test_warning_before_the_store_is_full(place):
    loop = Loop(place, disk_size=SIZE).start()
    loop.wait_page(SYSTEM, "operational")
    while loop.disk.used() < 0.7:
        loop.mail_megabytes(2)
        until(lambda: loop.postfix.count() == 0)
    until(lambda: degraded(loop), 10, "the row is degraded", 0.1)
    assert loop.disk.used() < 0.9 and "No space" not in loop.postfix.log()
    assert loop.incidents() == [], "a warning alone opens no incident"
    # What grows: by the log's bytes, beside what the disk says.
    f = until(lambda: (g := loop.queuewatch.finding("disk", loop.disk.path)) and
              "causes" in g["evidence"] and g, 20)
    cause, evidence = f["evidence"]["causes"][0], f["evidence"]
    assert (cause["by"], cause["name"]) == ("mailbox", "home.example")
    assert 0.99 < cause["share"] <= 1
    until(lambda: 0.8 < (e := loop.queuewatch.finding("disk", loop.disk.path)["evidence"])[
        "mail_bytes"] / e["grown_bytes"] < 1.2, 20, "mail is what it grew by")
    until(lambda: "MB of mail" in loop.queuewatch.finding(
        "disk", loop.disk.path)["summary"], 10)
    assert evidence["mail_bytes"] > 0 and "home.example" not in loop.statusd.get()

    loop.mail_megabytes(12)
    loop.postfix.wait_log("No space left on device", 20)
    until(loop.incidents, 15, "an incident is open", 0.1)
    title = loop.incidents()[0]["title"]
    loop.wait_page(title, seconds=5)

    for message in pathlib.Path(loop.disk.path).rglob("new/*"):
        message.unlink()
    loop.postfix.flush()
    until(lambda: loop.postfix.count() == 0, 20, "what waited is delivered")
    until(lambda: all(i["status"] == "resolved" for i in loop.incidents()), 20,
          "the incident is resolved", 0.1)
    loop.wait_page(SYSTEM, "operational", seconds=5)
    until(lambda: len(loop.postfix.mail_in()) > 0)


def test_the_operator_is_told_directly_when_statusd_is_down(place, hook):
    alert = {("alert", "hook"): {"url": hook.url}}
    loop = Loop(place, disk_size=SIZE, queuewatch=alert).start()
    loop.wait_page(SYSTEM, "operational")
    loop.statusd.stop()
    loop.disk.fill(0.75)
    told = hook.wait(1, 15)
    assert told[0]["level"] == "warning" and told[0]["system"] == SYSTEM, told
    loop.disk.fill(0.95)
    told = hook.wait(2, 15)
    assert told[1]["level"] == "critical", told

    # Back again: what was not sent is sent, and nobody is told twice.
    loop.statusd.start()
    until(loop.incidents, 20, "the incident is open", 0.1)
    pathlib.Path(loop.disk.path, "ballast").unlink()
    until(lambda: loop.incidents()[0]["status"] == "resolved", 20,
          "the incident is resolved", 0.1)
    levels = [m["level"] for m in hook.got]
    assert levels.count("warning") == 1 and levels.count("critical") == 1, hook.got


def test_statusd_tells_when_it_has_the_finding(place, hook):
    loop = Loop(place, disk_size=SIZE, statusd={"alerts": {"hook": {"url": hook.url}}},
                queuewatch={("alert", "own"): {"url": hook.url + "own"}}).start()
    loop.wait_page(SYSTEM, "operational")
    ballast = loop.disk.fill(0.95)
    told = hook.wait(1, 15)
    assert told[0]["level"] == "critical" and SYSTEM in told[0]["title"]
    pathlib.Path(ballast).unlink()
    until(lambda: loop.incidents()[0]["status"] == "resolved", 20)
    over = hook.wait(2, 10)[-1]
    assert over["level"] == "ok" or "normal" in over["title"] + over["text"], over
    assert len(hook.got) == 2, hook.got
