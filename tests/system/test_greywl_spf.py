"""greywl test asks SPF as the milter does: what a whitelisted domain takes to
be exempt, and what nobody gains from DNS that is wrong or silent."""

import time

import pytest

from mg.dns import DnsServer
from mg.greywl import Greywl

POOL, FORGER = "198.51.100.7", "203.0.113.9"
ZONE = {
    "icloud.com": [{"TXT": "v=spf1 include:_pool.icloud.com ~all"}],
    "_pool.icloud.com": [{"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}],
    "macro.example": [{"TXT": "v=spf1 exists:%{i}.ok.example -all"}],
    f"{POOL}.ok.example": [{"A": "127.0.0.2"}],
    "all.example": [{"TXT": "v=spf1 +all"}],
    "own.example": [{"TXT": f"v=spf1 ip4:{POOL} -all"}],
    "slow.example": ["TIMEOUT"],
    "broken.example": [{"TXT": "v=spf1 nonsense:x -all"}],
}


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def wl(place, dns):
    # Long enough for a busy machine: these are answered.
    return Greywl(place, dns=dns.address, timeout="2s")


def judged(wl, sender, client, helo="mx.stranger.example", **how):
    return wl.json("test", "--client", client, "--helo", helo, "--from", sender,
                   "--to", "user@home.example", **how)


def test_whitelisted_domain_is_exempt_only_when_proven(wl):
    wl("preset", "apple")
    for sender in ("a@icloud.com", "A@new.icloud.com"):
        out = judged(wl, sender, POOL)
        assert (out["verdict"], out["rule"]) == ("exempt", "whitelist"), out
        assert out["spf"]["result"] == "pass" and out["spf"]["proves"]
        assert out["spf"]["domain"] == "icloud.com"
        assert "spf:icloud.com" in out["identities"]
        forged = judged(wl, sender, FORGER)
        assert forged["verdict"] == "new" and forged["wait_s"] == 180
        assert not forged["spf"]["proves"]
    assert judged(wl, "a@icloud.com", FORGER)["spf"]["result"] == "softfail"


def test_bounces_of_a_whitelisted_domain(wl):
    wl("add", "icloud.com")
    # HELO lies in the domain; HELO says nothing, but the client lies inside.
    for helo in ("mx.icloud.com", "mx.stranger.example", ""):
        for sender in ("", "<>"):
            assert judged(wl, sender, POOL, helo)["verdict"] == "exempt", helo
            assert judged(wl, sender, FORGER, helo)["verdict"] == "new", helo
    # A stranger's HELO that passes is an identity, and no more.
    out = judged(wl, "", "198.51.100.7", "own.example")
    assert out["verdict"] == "exempt" and out["spf"]["domain"] == "icloud.com"
    wl("remove", "icloud.com")
    out = judged(wl, "", POOL, "own.example")
    assert out["verdict"] == "new" and "spf:own.example" in out["identities"]


def test_what_proves_nothing(wl):
    for domain in ("all.example", "macro.example"):
        out = judged(wl, "a@" + domain, POOL)
        assert out["spf"]["result"] == "pass" and not out["spf"]["proves"], out
        assert out["identities"] == ["net:198.51.100.0/24"]
    # A listed domain's own terms prove, whatever their kind.
    wl("add", "macro.example")
    assert judged(wl, "a@macro.example", POOL)["verdict"] == "exempt"
    assert judged(wl, "a@macro.example", FORGER)["verdict"] == "new"


@pytest.mark.parametrize("sender, result", [
    ("a@broken.example", "permerror"), ("a@slow.example", "temperror"),
    ("a@nothing.example", "none"), ("nobody", "none"), ("a@one", "none"),
    ("a@[192.0.2.1]", "none"), ("a@own.example", "pass")])
def test_results(wl, sender, result):
    out = judged(wl, sender, POOL)
    assert out["spf"]["result"] == result, out["spf"]
    assert out["spf"]["proves"] == (result == "pass")
    assert out["verdict"] == "new"


def test_the_trace_names_each_look_up_and_its_time(wl):
    text = wl.text("test", "--client", POOL, "--from", "a@icloud.com", "--to",
                   "user@home.example")
    for name in ("TXT icloud.com (", "TXT _pool.icloud.com ("):
        line = next(x for x in text.splitlines() if name in x)
        assert line.endswith(" ms)")
    assert "proves the sender" in text


def test_without_a_network_it_ends_in_time(place):
    with DnsServer(handler=lambda query, tcp: None) as silent:
        for dns in (silent.address, "127.0.0.1:9"):
            wl = Greywl(place, dns=dns)
            began = time.monotonic()
            out = judged(wl, "a@icloud.com", POOL)
            assert time.monotonic() - began < 3
            assert out["spf"]["result"] in ("none", "temperror")
            assert out["verdict"] == "new" and not out["spf"]["proves"]


def test_switched_off(place, dns):
    wl = Greywl(place, dns=dns.address)
    out = wl("-o", "spf.enabled=false", "test", "--client", POOL, "--from",
             "a@icloud.com", "--to", "u@home.example").stdout.decode()
    assert "spf       none" in out and "not asked" in out
    assert not dns.queries
    done = wl("-o", "spf.enabled=false", "add", "icloud.com")
    assert b"switched off" in done.stderr


def test_added_domain_has_no_warning(wl):
    assert wl.json("add", "icloud.com")["warnings"] == []


def test_unproven_domain_is_warned_about_at_every_list(wl):
    wl("add", "open.example", "--proof", "none")
    wl("add", "icloud.com")
    for args in (["list"], ["list", "--json"]):
        said = wl(*args).stderr.decode()
        assert "open.example" in said and "icloud" not in said
    assert not wl("export").stderr
