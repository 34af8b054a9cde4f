"""I10: updates were numbered, then not; the last known state was hours old; the
page was written by a man who was busy repairing.  Real reports, real posts."""

import json
import os
import re
import time

from mg.daemons import Bare
from mg.loop import SYSTEM, Loop
from mg.wait import until


def entries(loop, number):
    return json.loads(loop.statusd.ctl("show", "--json", number).stdout)["entries"]


def verified(loop):
    """What the row says of when it was last verified."""
    line = loop.seen(SYSTEM, "Amsterdam") or ""
    at = re.search(r"\d\d:\d\d:\d\d UTC|never", line)
    return at[0] if at else None


def test_i10_the_page_is_right_without_him(place):
    loop = Loop(place, statusd={"late_after": Bare("3s"), "public_metrics": ["queue"]})
    index = os.path.join(loop.statusd.site, "index.html")
    loop.start()
    loop.wait_page(SYSTEM, "operational")
    before = verified(loop)
    until(lambda: verified(loop) not in (before, None), 10, "it is verified anew")

    loop.jam(60)
    incident = until(loop.incidents, 20, "an incident is open", 0.05)[0]
    number = str(incident["id"])
    # From the finding to the page: the file was written within a moment.
    until(lambda: incident["title"] in open(index, encoding="utf-8").read(), 5)
    opened = entries(loop, number)[0]["at"]
    opened = time.mktime(time.strptime(opened, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert os.stat(index).st_mtime - opened < 3  # both whole seconds: under 2

    # He adds a word by phone; statusd is killed; the queue falls meanwhile.
    loop.statusd.ctl("update", number, input="A disk is slow; we replace it.")
    loop.statusd.kill()
    loop.statusd.ctl("update", number, input="The new one is in.")
    loop.sink.accept(35)
    loop.postfix.flush()
    until(lambda: loop.postfix.count() <= 25, 20)
    loop.statusd.start()
    until(lambda: [e for e in entries(loop, number) if e["kind"] == "update"
                   and "falling" in e["body"]], 20, "the report's own update")
    loop.statusd.ctl("note", number, input="It was under warranty.")
    loop.sink.accept()
    loop.postfix.flush()
    until(lambda: loop.incidents()[0]["status"] == "resolved", 30)

    told = entries(loop, number)
    updates = [e for e in told if e["kind"] == "update"]
    assert [e["number"] for e in updates] == list(range(1, len(updates) + 1))
    assert len(updates) >= 3
    until(lambda: "back to normal" in loop.page(), 5)
    text = loop.page("/" + incident["url"].split("/", 3)[3])
    at = [text.index(f"Update {n},") for n in range(1, len(updates) + 1)]
    assert at == sorted(at), "in the order of their numbers"
    # A note stands in its post, dated, and takes no number.
    note = re.search(r"Note, <time datetime=\"([^\"]+)\"", text)
    assert note and note[1] == [e["at"] for e in told if e["kind"] == "note"][0]

    # Nobody reports any more: it is not green, and says since when.
    loop.queuewatch.stop()
    until(lambda: loop.seen(SYSTEM, "unknown"), 15, "stale is shown as stale")
    assert "has not reported since" in loop.page(f"/system/{SYSTEM}/")
    assert verified(loop) != "never"
