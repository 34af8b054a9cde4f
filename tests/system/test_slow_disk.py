"""A disk that takes writes and flushes none of them holds nobody up: not the page,
not the reports, neither the one who sends them."""

import time

import pytest

from mg import page
from mg.daemons import Bare, Queuewatch, Statusd
from mg.preload import Flush
from mg.servers import Webhook
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
