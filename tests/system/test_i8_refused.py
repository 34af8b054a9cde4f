"""I8, November 2025: a relay refuses mail with a reply nobody has seen, for
days.  I9, March 2026: inside works, outside does not."""

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.wait import until


@pytest.fixture
def watch(place):
    def make(postfix):
        return Queuewatch(place, postfix, sections={
            ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()
    return make


def level(daemon, subject):
    return daemon.finding("log", subject)["level"]


def test_new_reply_and_failing_destination_are_seen(place, sink, make_postfix, watch):
    postfix = make_postfix(relay={"bank.example": ("127.0.0.1", sink.port),
                                  "other.example": ("127.0.0.1", sink.port)})
    daemon = watch(postfix)
    until(lambda: level(daemon, "reply") == "ok", 10)
    smtp.burst(postfix.port, 10, "a@home.example", "b{i}@bank.example")
    until(lambda: sink.count == 10, 20)

    sink.refuse("550 5.7.1 From domain not allowed, see case 4711-{n}")
    smtp.burst(postfix.port, 15, "a@home.example", "b{i}@bank.example")
    f = until(lambda: (g := daemon.finding("log", "reply"))["level"] == "warning" and g, 20)
    assert "From domain not allowed" in f["summary"] and "bank.example" in f["summary"]
    assert "4711" not in f["summary"]  # numbers are folded
    f = until(lambda: (g := daemon.finding("log", "destination"))["level"] == "warning" and g, 10)
    assert f["evidence"]["causes"][0]["name"] == "bank.example"
    assert level(daemon, "outside") == "ok"

    sink.accept()
    smtp.burst(postfix.port, 15, "a@home.example", "b{i}@bank.example")
    until(lambda: level(daemon, "reply") == "ok" and level(daemon, "destination") == "ok", 20)


def test_inside_works_outside_does_not(place, sink, make_postfix, watch):
    postfix = make_postfix(relay={f"out{i}.example": ("127.0.0.1", sink.port)
                                  for i in range(5)})
    daemon = watch(postfix)
    until(lambda: level(daemon, "outside") == "ok", 10)
    sink.refuse("421 4.3.0 go away")
    smtp.burst(postfix.port, 3, "a@home.example", "user@home.example")
    for i in range(5):
        smtp.burst(postfix.port, 3, "a@home.example", f"b{{i}}@out{i}.example")
    f = until(lambda: (g := daemon.finding("log", "outside"))["level"] in
              ("warning", "critical") and g, 20)
    assert "within the server works" in f["summary"]
    sink.accept()
    postfix.flush()
    until(lambda: level(daemon, "outside") == "ok", 20)
