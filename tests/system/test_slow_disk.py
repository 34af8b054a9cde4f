"""A disk that takes writes and flushes none of them, or stands still, holds nobody
up: not the page, not the reports, neither the one who sends them."""

import time

import pytest

from mg import page
from mg.daemons import Bare, Queuewatch, Statusd
from mg.maillog import Log
from mg.preload import Flush, Stand
from mg.servers import Status, Webhook
from mg.spool import Spool
from mg.wait import stays, until
from test_statusd import Reporter, finding

PAGE_S = 2
INTERVAL_S = 1


@pytest.fixture
def flush(place):
    return Flush(place)


def test_the_page_and_the_reports_go_on(place, flush):
    with Webhook() as hook:
        statusd = Statusd(place, alerts={"me": {"url": hook.url}})
        statusd.env = flush.env
        statusd.start()
        r = Reporter(statusd)
        r.send(finding(level="ok"))
        until(lambda: page.find(statusd.get(), "NC036", "operational"), 5)
        with flush.held():
            r.send(finding())
            until(lambda: page.find(statusd.get(), "NC036: Mail is delayed"), PAGE_S)
            number = str(statusd.incidents()[0]["id"])
            for n in range(1, 4):
                # Over the moments when the copy of the database is made.
                statusd.ctl("update", number, input=f"We know more, {n}.")
                until(lambda: page.find(statusd.get(), f"We know more, {n}."), PAGE_S)
                begun = time.monotonic()
                r.send(finding(value=900 + n))
                assert time.monotonic() - begun < PAGE_S
                stays(lambda: page.find(statusd.get(), f"We know more, {n}."), 0.7)
            assert not hook.got, "it leaves when it is safe that it leaves once"
        hook.wait(1)
        r.send(finding(level="ok"))
        hook.wait(2)
        assert len(hook.got) == 2


def test_queuewatch_sees_and_reports(place, flush):
    """From the fault to the page in the time that it always has."""
    statusd = Statusd(place).start()
    spool = Spool(place)
    daemon = Queuewatch(place, spool, statusd, hold_samples=1, clear_samples=1, sections={
        "queue": {"warning": 10, "critical": 20},
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}})
    daemon.env = flush.env
    daemon.start()
    until(lambda: page.find(statusd.get(), "NC036", "operational"), 10)
    with flush.held():
        for _ in range(2):
            spool.put("deferred", 30)
            until(lambda: not page.find(statusd.get(), "NC036", "operational"),
                  2 * INTERVAL_S + PAGE_S)
            spool.clear("deferred")
            until(lambda: page.find(statusd.get(), "NC036", "operational"), 10)
    assert daemon.stop() == 0


@pytest.fixture
def standing(place):
    """(what holds its data_directory, status host, its spool, queuewatch)."""
    spool = Spool(place)
    place.write("mail.log", "")
    with Status() as status:
        daemon = Queuewatch(
            place, spool, status_url=status.url, token=status.token,
            maillog=place / "mail.log", hold_samples=1, clear_samples=1, sections={
                "queue": {"warning": 10, "critical": 20},
                ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}})
        stand = Stand(place, daemon.options["data_directory"])
        daemon.env = stand.env
        daemon.start()
        until(lambda: told(status, "queue")["level"] == "ok" and
              told(status, "self")["level"] == "ok", 20)
        yield stand, status, spool, daemon


def told(status, check):
    for f in status.got[-1]["findings"] if status.got else ():
        if (f["check"], f["subject"]) == (check, ""):
            return f
    return {"level": None, "summary": ""}


def received(status):
    return {s["name"]: s["value"] for s in status.got[-1]["samples"]}["log.received"]


def test_what_is_kept_stands_still(place, standing):
    """What is found leaves all the same, the disk's fault with it; afterwards
    nothing is missing, and nothing came twice."""
    stand, status, spool, daemon = standing
    with stand.held():
        until(lambda: "does not answer: " + daemon.options["data_directory"] in
              told(status, "self")["summary"], 20)
        assert told(status, "self")["level"] == "warning"
        spool.put("deferred", 30)
        until(lambda: told(status, "queue")["level"] == "critical", 20)
        with open(place / "mail.log", "a", encoding="utf-8") as f:
            f.write(Log(start=time.time() - 10).lines(20))
        until(lambda: received(status) > 0, 20)
        spool.clear("deferred")
        until(lambda: told(status, "queue")["level"] == "ok", 20)
    until(lambda: told(status, "self")["level"] == "ok", 20)
    assert daemon.finding("self")["level"] == "ok", "its state is written again"
    assert daemon.stop() == 0
    daemon.start()
    status.wait(len(status.got) + 2, 20)
    seqs = [r["seq"] for r in status.got]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_it_ends_while_that_stands_still(standing):
    stand, status, _, daemon = standing
    with stand.held():
        until(lambda: told(status, "self")["level"] == "warning", 20)
        begun = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - begun < 8
    last = status.got[-1]["seq"]
    daemon.start()
    status.wait(1, 20, lambda r: r["seq"] > last)
