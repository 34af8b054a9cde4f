"""I1, 20 December 2024: an unusually large load.  The page says so by itself,
says that it falls, and says when it is over."""

import json
import re
import time

import pytest

from mg.loop import JAM, SYSTEM, Loop
from mg.servers import Webhook
from mg.wait import stays, until


@pytest.fixture
def hook():
    with Webhook() as receiver:
        yield receiver


def test_surge_opens_updates_and_resolves_an_incident(place, hook):
    loop = Loop(place, statusd={"alerts": {"hook": {"url": hook.url}},
                                "public_metrics": ["queue", "delay"]}).start()
    loop.wait_page(SYSTEM, "operational")
    assert loop.incidents() == []

    loop.jam(60)
    first = until(loop.incidents, 20, "an incident is open", 0.1)
    assert len(first) == 1 and first[0]["status"] != "resolved"
    assert first[0]["title"].startswith(SYSTEM + ": ")
    loop.wait_page(first[0]["title"], seconds=5)
    assert loop.seen(SYSTEM, "partial outage")

    # It leaves, a few a moment: the level falls, and that is an update,
    # numbered 1; how many are left and until when is told while it falls.
    def drains():
        loop.sink.accept(2)
        loop.postfix.flush()
        return loop.seen("Recovering:", "messages left, empty at about", "UTC")
    line = until(drains, 40, "the page says when it will be over", 0.3)
    left, at = re.search(r"Recovering: (\d+) messages? left, empty at about (\S+) UTC",
                         line).groups()
    assert 0 < int(left) < 60
    at = (int(at[:2]) * 60 + int(at[3:]) - int(time.time() / 60)) % 1440
    assert at <= 30 or at >= 1438, line

    def better():
        drains()
        return loop.seen("Update 1,")
    until(better, 40, "the update is on the page", 0.3)
    assert loop.incidents()[0]["status"] == "monitoring"
    assert not loop.seen("resolved")

    loop.sink.accept()
    loop.postfix.flush()
    until(lambda: loop.postfix.count() == 0, 20)
    until(lambda: loop.incidents()[0]["status"] == "resolved", 20,
          "the incident is resolved", 0.1)
    loop.wait_page("back to normal", seconds=5)
    loop.wait_page(SYSTEM, "operational", seconds=5)
    assert len(loop.incidents()) == 1, "one cause is one incident"
    stays(lambda: len(loop.incidents()) == 1, 2)
    assert 'class="recovering"' not in loop.page(), "nothing is left to recover"

    # What it was made of is kept for the operator: the cause, not its share.
    said = json.loads(loop.statusd.ctl("show", "--json",
                                       str(first[0]["id"])).stdout)
    assert JAM in json.dumps(said["evidence"])

    # The customers' page names no customer and no partner.
    path = "/" + first[0]["url"].split("/", 3)[3]
    for path in ("/", "/feed/", path, f"/system/{SYSTEM}/", "/history.rss",
                 "/api/v2/incidents.json"):
        text = loop.page(path)
        assert JAM not in text and "customer" not in text

    # The operator was told of each change once, and that it is over.
    told = hook.wait(2)
    assert all(SYSTEM in str(m["system"]) for m in told)
    texts = [(m["level"], m["title"]) for m in told]
    assert len(texts) == len(set(texts)), texts
    assert told[-1]["level"] == "ok" or "normal" in told[-1]["title"], told[-1]
