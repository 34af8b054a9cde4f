"""I8, November 2025: a relay refuses mail with a reply nobody has seen, for
days.  I9, March 2026: inside works, outside does not."""

import pytest

from mg import page, smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.dns import DnsServer
from mg.servers import Webhook
from mg.wait import until


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


def wait_row(statusd, word):
    until(lambda: page.find(statusd.get(), "NC036", word), 10, f"NC036 is {word}")


@pytest.fixture
def watch(place, statusd):
    def make(postfix):
        return Queuewatch(place, postfix, statusd, sections={
            ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()
    return make


def level(daemon, subject):
    return daemon.finding("log", subject)["level"]


def test_new_reply_and_failing_destination_are_seen(sink, make_postfix, watch, statusd):
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
    wait_row(statusd, "degraded")
    assert "bank.example" not in statusd.get(), "a partner's name stays with the operator"

    sink.accept()
    smtp.burst(postfix.port, 15, "a@home.example", "b{i}@bank.example")
    until(lambda: level(daemon, "reply") == "ok" and level(daemon, "destination") == "ok", 20)
    wait_row(statusd, "operational")


def test_inside_works_outside_does_not(sink, make_postfix, watch, statusd):
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
    wait_row(statusd, "degraded" if f["level"] == "warning" else "")
    sink.accept()
    postfix.flush()
    until(lambda: level(daemon, "outside") == "ok", 20)


def test_an_own_address_on_a_block_list(place):
    """From the list's answer to the operator's phone and the public page, and
    back; whose address it is stays with the operator."""
    clean = {"1.2.0.192.bl.example": [{"A": "127.0.0.2"}]}
    with DnsServer(clean) as dns, Webhook() as hook:
        statusd = Statusd(place, alerts={"phone": {"url": hook.url,
                                                   "level": Bare("warning")}}).start()
        limits = {"warning": Bare("99%"), "critical": Bare("100%")}
        asked = {"address": ["192.0.2.25", "192.0.2.26"], "interval": Bare("1s")}
        daemon = Queuewatch(place, None, statusd, nameservers=[dns.address], sections={
            ("disk", place.path): limits,
            ("blocklist", "bl.example"): {**asked, "level": Bare("critical")},
            ("blocklist", "small.example"): asked}).start()
        wait_row(statusd, "operational")
        assert not hook.got
        # A list that few ask is worth a degraded row and the operator's notice.
        dns.zone.names["26.2.0.192.small.example"] = [{"A": "127.0.0.2"}]
        wait_row(statusd, "degraded")
        assert "small.example" in hook.wait(1, 20)[0]["text"]
        assert statusd.incidents() == []
        # One that everybody asks is an incident.
        dns.zone.names["25.2.0.192.bl.example"] = [{"A": "127.0.0.2"},
                                                   {"TXT": "sends spam, see 4711"}]
        until(lambda: [i["status"] for i in statusd.incidents()] == ["investigating"], 20)
        number = statusd.incidents()[0]["id"]
        title = statusd.incidents()[0]["title"]
        until(lambda: title in statusd.get(), 20)
        told = hook.wait(2, 20)[1]
        assert "192.0.2.25" in told["text"] and "bl.example" in told["text"], told
        for text in ("192.0.2.2", "bl.example", "4711"):
            assert text not in statusd.get(), "names stay with the operator"
        del dns.zone.names["25.2.0.192.bl.example"], dns.zone.names["26.2.0.192.small.example"]
        until(lambda: daemon.finding("blocklist", "bl.example")["level"] == "ok", 20)
        until(lambda: {i["status"] for i in statusd.incidents()
                       if i["id"] == number} == {"resolved"}, 20)
        wait_row(statusd, "operational")
        hook.wait(1, 20, lambda m: m["event"] == "resolved")
