"""I7, 14 November 2025: the content filter does not keep up.  That is said, and
greylisting is told to press harder, as long as it lasts."""

import os
import time

import pytest

from mg import page, smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.postfix import Postfix
from mg.ports import free_port
from mg.sink import Sink
from mg.wait import until


@pytest.fixture
def filtered(place):
    """A Postfix whose mail passes a filter, which can be stopped."""
    scan = Sink(place)
    postfix = Postfix(place, settings={"content_filter": f"smtp:[127.0.0.1]:{scan.port}"})
    return postfix.start(), scan


def pressure(place):
    try:
        with open(place / "pressure", encoding="ascii") as f:
            level, expires = f.read().split()
        return level if int(expires) > time.time() else "ok"
    except OSError:
        return "ok"


def watch(place, postfix, statusd=None):
    return Queuewatch(place, postfix, statusd, sections={
        "queue": {"warning": 15, "critical": 30},
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()


def test_jammed_filter_makes_pressure(place, filtered):
    postfix, scan = filtered
    statusd = Statusd(place).start()
    daemon = watch(place, postfix, statusd)
    smtp.burst(postfix.port, 5, "a@x.example", "user@home.example")
    until(lambda: scan.count == 5, 20)
    until(lambda: daemon.finding("log", "filter")["level"] == "ok", 10)
    assert pressure(place) == "ok"

    scan.refuse("451 4.3.2 overloaded")
    smtp.burst(postfix.port, 20, "a@x.example", "user@home.example")
    f = until(lambda: (g := daemon.finding("log", "filter"))["level"] == "warning" and g, 20)
    assert str(scan.port) in f["summary"] and "overloaded" in f["summary"]
    until(lambda: pressure(place) == "high", 2, "within two intervals")
    smtp.burst(postfix.port, 20, "a@x.example", "user@home.example")
    until(lambda: pressure(place) == "critical", 15)
    until(statusd.incidents, 10, "an incident is open")
    until(lambda: page.find(statusd.get(), "NC036", "Mail is delayed"), 10, "on the page")
    cause = until(lambda: (daemon.finding("queue", "")["evidence"] or {}).get("causes"), 10)[0]
    assert cause["by"] == "filter"

    scan.accept()
    postfix.flush()
    until(lambda: postfix.count() == 0, 30)
    until(lambda: daemon.finding("log", "filter")["level"] == "ok", 20)
    until(lambda: pressure(place) == "ok", 3)
    until(lambda: statusd.incidents()[0]["status"] == "resolved", 20)


def test_filter_that_hangs_and_a_killed_watch(place):
    """It takes the connection and says nothing; queuewatch dies meanwhile."""
    import socket
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        port = silent.getsockname()[1]
        postfix = Postfix(place, settings={"content_filter": f"smtp:[127.0.0.1]:{port}"})
        postfix.start()
        daemon = watch(place, postfix)
        until(lambda: daemon.finding("log", "filter"), 10)
        smtp.burst(postfix.port, 20, "a@x.example", "user@home.example")
        until(lambda: pressure(place) == "high", 40)
        assert "has taken none" in daemon.finding("log", "filter")["summary"]
        daemon.kill()
        until(lambda: pressure(place) == "ok", 8, "it expires by itself")
        assert os.path.exists(place / "pressure")
        daemon.end_session(9)


def test_filter_of_a_service_in_master_cf(place):
    port = free_port()
    postfix = Postfix(place, settings={})
    path = os.path.join(postfix.config, "master.cf")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("- smtpd\n", f"- smtpd\n  -o content_filter=smtp:[127.0.0.1]:{port}\n",
                             1))
    os.utime(path, (time.time() - 60,) * 2)
    postfix.start()
    daemon = watch(place, postfix)
    until(lambda: daemon.finding("log", "filter"), 10)
    smtp.burst(postfix.port, 20, "a@x.example", "user@home.example")
    f = until(lambda: (g := daemon.finding("log", "filter"))["level"] == "warning" and g, 30)
    assert f"127.0.0.1:{port}" in f["summary"] and "refused" in f["summary"]
