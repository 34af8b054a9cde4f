"""Domains of their own that a whitelisted sender's servers handle."""

import time

import pytest

from mg.dns import DnsServer
from mg.greydb import add_envelope
from mg.greywl import Greywl

ZONE = {
    "icloud.com": [{"MX": [10, "mx01.mail.icloud.com"]},
                   {"TXT": "v=spf1 ip4:17.0.0.0/8 ~all"}],
    "own.example": [{"MX": [10, "mx02.mail.icloud.com"]},
                    {"TXT": "google-site-verification=x"},
                    {"TXT": "v=spf1 include:icloud.com ~all"}],
    "spfonly.example": [{"MX": [10, "mx.else.example"]},
                        {"TXT": "v=spf1 redirect=icloud.com"}],
    "else.example": [{"MX": [10, "mx.else.example"]}, {"TXT": "v=spf1 mx -all"}],
    "silent.example": ["TIMEOUT"],
    "nomail.example": [{"TXT": "v=spf1 -all"}],
}


@pytest.fixture
def wl(place):
    with DnsServer(ZONE) as dns:
        wl = Greywl(place, dns=dns.address, timeout="2s")
        wl("preset", "apple")
        yield wl


def test_add_hosted_by(wl):
    out = wl.json("add", "--hosted-by", "icloud.com", "own.example", "SPFonly.example")
    assert out["added"] == 2
    entries = {e["entry"]: e for e in wl.json("list")}
    assert entries["own.example"]["proof"] == "spf"
    assert entries["own.example"]["note"] == \
        "hosted by icloud.com: MX mx02.mail.icloud.com"
    assert "SPF of icloud.com" in entries["spfonly.example"]["note"]
    wl("add", "--hosted-by", "icloud.com", "own.example", "--note", "mine")
    assert {e["entry"]: e["note"] for e in wl.json("list")}["own.example"] == "mine"


def test_what_is_not_hosted_there_changes_nothing(wl):
    before = wl.text("export")
    for status, args in (
            (1, ["--hosted-by", "icloud.com", "else.example"]),
            (1, ["--hosted-by", "icloud.com", "own.example", "else.example"]),
            (1, ["--hosted-by", "icloud.com", "nothing.example"]),
            (1, ["--hosted-by", "icloud.com", "silent.example"]),
            (1, ["--hosted-by", "icloud.com", "nomail.example"]),
            (1, ["--hosted-by", "else.example", "own.example"]),
            (2, ["--hosted-by", "a..b", "own.example"]),
            (2, ["--hosted-by", "icloud.com"]),
            (2, ["--hosted-by", "icloud.com", "a..b"]),
            (2, ["--hosted-by", "icloud.com", "--from-lost", "own.example"])):
        done = wl("add", *args, ok=False)
        assert done.returncode == status and done.stderr, args
    assert wl.text("export") == before


def test_candidates(wl):
    out = wl.json("candidates", "own.example", "else.example", "spfonly.example",
                  "nothing.example")
    assert {(c["domain"], c["hosted_by"]) for c in out} == {
        ("own.example", "icloud.com"), ("spfonly.example", "icloud.com")}
    # Those whose mail waits or is lost.
    for sender in ("a@own.example", "b@own.example", "c@else.example", "d@icloud.com"):
        add_envelope(wl.db, sender, "user@home.example", "192.0.2.1", 600)
    text = wl.text("candidates", "--hosted-by", "icloud.com")
    assert text == "own.example  # hosted by icloud.com: MX mx02.mail.icloud.com\n"
    # A line of it can be imported as it is.
    wl("import", "-", stdin=text.encode())
    assert ("domain", "own.example") in wl.entries()
    assert wl.text("candidates") == ""


def test_bad_input(wl):
    for status, args in ((2, ["a..b"]), (2, ["--hosted-by", "a..b"]), (1, ["--hosted-by", "else.example"]),
                         (2, ["--no-such"])):
        assert wl("candidates", *args, ok=False).returncode == status


def test_without_dns_it_ends_and_says_so(place):
    with DnsServer(handler=lambda query, tcp: None) as silent:
        wl = Greywl(place, dns=silent.address)
        wl("add", "icloud.com")
        began = time.monotonic()
        done = wl("add", "--hosted-by", "icloud.com", "own.example", ok=False)
        assert done.returncode == 1 and b"does not answer" in done.stderr
        assert wl.json("candidates", "own.example") == []
        assert time.monotonic() - began < 10
