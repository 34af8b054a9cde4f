"""greymilter: defer = unproven, pressure and brake, what own users have written to."""

import os
import time

import pytest

from mg.daemons import Bare, Greymilter
from mg.dns import DnsServer
from mg.milter import MilterClient, ask
from mg.wait import until

ZONE = {"proven.example": [{"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}]}
INSIDE, OUTSIDE = "198.51.100.9", "203.0.113.9"
R = "user@home.example"


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def make(place, dns):
    def start(**options):
        options.setdefault("delay", Bare("1h"))
        spf = {"timeout": Bare("700ms"), "nameservers": [dns.address]}
        return Greymilter(place, spf=spf, **options).start()
    return start


def passes(milter, *a, **k):
    return ask(milter.port, *a, **k) == "pass"


def test_with_unproven_only_the_unproven_wait(make):
    milter = make(defer=Bare("unproven"))
    assert passes(milter, INSIDE, "a@proven.example", R)
    assert not passes(milter, OUTSIDE, "a@proven.example", R), "a forger"
    assert not passes(milter, INSIDE, "a@other.example", R)
    assert "pass: pass: client=unknown[198.51.100.9], rule=proven" in milter.output()


def seconds(milter, *a):
    return int(ask(milter.port, *a).rsplit(" in ", 1)[1].split()[0])


def press(place, level, for_s=60):
    """As queuewatch does: renamed into place."""
    path = str(place / "pressure")
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(f"{level} {int(time.time()) + for_s}\n")
    os.rename(path + ".new", path)


def test_under_pressure_strangers_wait_longer(place, make):
    milter = make(delay=Bare("1s"), retry_window=Bare("2h"))
    assert not passes(milter, OUTSIDE, "old@b.example", R)
    until(lambda: passes(milter, OUTSIDE, "old@b.example", R), 3)
    milter.greywl("add", "--client-name", "listed.example")
    press(place, "high")
    until(lambda: "pressure: high, was ok" in milter.output(), 2.5)
    assert 890 < seconds(milter, OUTSIDE, "a@b.example", R) <= 900
    assert seconds(milter, INSIDE, "a@proven.example", R) == 1
    assert passes(milter, OUTSIDE, "old@b.example", R), "known ones are untouched"
    assert passes(milter, OUTSIDE, "a@c.example", R, "mx.listed.example")
    press(place, "critical", for_s=3)
    until(lambda: "pressure: critical" in milter.output(), 2.5)
    assert 3590 < seconds(milter, OUTSIDE, "b@b.example", R) <= 3600
    until(lambda: "pressure: ok, was critical" in milter.output(), 6, "it expires")
    assert seconds(milter, OUTSIDE, "c@b.example", R) == 1


@pytest.mark.parametrize("brake", [True, False])
def test_the_brake_holds_everybody(place, make, brake):
    milter = make(pressure={"file": place / "pressure", "brake": brake})
    press(place, "full", for_s=4)
    until(lambda: "pressure: full" in milter.output(), 2.5)
    answers = []
    for address, macros in (("127.0.0.1", {}), (OUTSIDE, {"auth_authen": "alice"}),
                            (OUTSIDE, {})):
        for sender in ("a@b.example", ""):
            with MilterClient(milter.port) as m:
                m.connect(address)
                m.helo()
                m.macros("M", **macros)
                m.mail(sender)
                answers.append(m.rcpt(R))
    full = ("y", b"452 4.3.1 Insufficient system storage, please try again later\0")
    assert all(a == full for a in answers) if brake else full not in answers, answers
    until(lambda: passes(milter, "127.0.0.1", "a@b.example", R), 6, "it expires by itself")
    assert "defer: " not in milter.output() or not brake, "not counted as greylisting"


def write_to(milter, recipient, **macros):
    with MilterClient(milter.port) as m:
        m.macros("C", daemon_name=macros.pop("daemon_name", "smtpd"))
        m.connect(OUTSIDE)
        m.helo()
        m.macros("M", **macros)
        m.mail("user@home.example")
        m.rcpt(recipient)


@pytest.mark.parametrize("macros", [{"auth_authen": "user"},
                                    {"daemon_name": "ORIGINATING"}], ids=str)
def test_an_answer_to_an_own_user_does_not_wait(make, macros):
    milter = make()
    assert not passes(milter, INSIDE, "friend@proven.example", R)
    write_to(milter, "Friend@proven.example", **macros)
    until(lambda: passes(milter, INSIDE, "prvs=0123456789=friend@proven.example", R), 2)
    assert not passes(milter, OUTSIDE, "friend@proven.example", R), "forged"
    assert not passes(milter, INSIDE, "other@proven.example", R)
    write_to(milter, "someone@named.example", **macros)
    until(lambda: passes(milter, OUTSIDE, "someone@named.example", R, "mx.named.example"), 2)
    shown = milter.greywl_json("test", "--json", "--client", OUTSIDE, "--name",
                               "mx.named.example", "--helo", "h", "--from",
                               "someone@named.example", "--to", R)
    assert (shown["verdict"], shown["rule"]) == ("exempt", "expected")
    milter.greywl("forget", "someone@named.example")
    assert not passes(milter, OUTSIDE, "someone@named.example", R, "mx.named.example")


def test_strangers_teach_nothing(make):
    milter = make()
    write_to(milter, "friend@proven.example")
    with pytest.raises(AssertionError):
        until(lambda: passes(milter, INSIDE, "friend@proven.example", R), 1)
