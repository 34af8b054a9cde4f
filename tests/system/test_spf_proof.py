"""What an SPF pass proves, and what it does not."""

import pytest

from mg.dns import DnsServer
from mg.spf import SpfQuery

WIDE = " ".join(f"ip4:{i}.0.0.0/8" for i in range(1, 4))
ZONE = {
    "plain.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"}],
    "pool.example": [{"TXT": "v=spf1 include:_a.pool.example "
                             "include:_b.pool.example ~all"}],
    "_a.pool.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "_b.pool.example": [{"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}],
    "all.example": [{"TXT": "v=spf1 +all"}],
    "late.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 +all"}],
    "halves.example": [{"TXT": "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"}],
    "wide.example": [{"TXT": f"v=spf1 ip4:192.0.2.0/24 {WIDE} -all"}],
    "behind.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 "
                               "include:all.example -all"}],
    "a.example": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"},
                  {"AAAA": "2001:db8::1"}],
    "a0.example": [{"TXT": "v=spf1 a/0 -all"}, {"A": "10.0.0.1"}],
    "mx.example": [{"TXT": "v=spf1 mx -all"}, {"MX": [5, "a.example"]}],
    "ptr.example": [{"TXT": "v=spf1 ptr -all"}],
    "1.2.0.192.in-addr.arpa": [{"PTR": "host.ptr.example"}],
    "host.ptr.example": [{"A": "192.0.2.1"}],
    "macro.example": [{"TXT": "v=spf1 exists:%{i}.ok.example -all"}],
    "192.0.2.1.ok.example": [{"A": "127.0.0.2"}],
    "minc.example": [{"TXT": "v=spf1 include:%{i}.inc.example -all"}],
    "192.0.2.1.inc.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "exists.example": [{"TXT": "v=spf1 exists:a.example -all"}],
    "red.example": [{"TXT": "v=spf1 redirect=plain.example"}],
    "mred.example": [{"TXT": "v=spf1 redirect=plain.%{d1}"}],
    "six.example": [{"TXT": "v=spf1 ip6:2001:db8::1 ip6:2000::/3 -all"}],
    "neutral.example": [{"TXT": "v=spf1 ?all"}],
    "alias.example": [{"CNAME": "plain.example"}],
    "dead.example": [{"TXT": "v=spf1 ip4:192.0.2.1 include:slow.example"}],
    "slow.example": ["TIMEOUT"],
}

V4, V6 = "192.0.2.1", "2001:db8::1"
CASES = [  # domain, client, result, a stranger's proves, a listed one's
    ("plain.example", V4, "pass", True, True),
    ("plain.example", V6, "pass", True, True),
    ("plain.example", "::ffff:192.0.2.1", "pass", True, True),
    ("plain.example", "203.0.113.1", "fail", False, False),
    ("pool.example", V4, "pass", True, True),
    ("pool.example", "198.51.100.77", "pass", True, True),
    ("pool.example", "203.0.113.1", "softfail", False, False),
    ("all.example", V4, "pass", False, False),
    ("late.example", V4, "pass", False, False),
    ("halves.example", V4, "pass", False, False),
    ("wide.example", V4, "pass", False, False),
    ("behind.example", V4, "pass", False, False),
    ("a.example", V4, "pass", True, True),
    ("a.example", V6, "pass", True, True),
    ("a0.example", V4, "pass", False, False),
    ("mx.example", V4, "pass", True, True),
    ("ptr.example", V4, "pass", False, True),
    ("macro.example", V4, "pass", False, True),
    ("minc.example", V4, "pass", False, True),
    ("exists.example", V4, "pass", False, False),
    ("red.example", V4, "pass", True, True),
    ("mred.example", V4, "pass", False, True),
    ("six.example", V6, "pass", False, False),
    ("neutral.example", V4, "neutral", False, False),
    ("alias.example", V4, "pass", True, True),
    ("gone.example", V4, "none", False, False),
]


@pytest.fixture(scope="module")
def spf(build):
    with DnsServer(ZONE) as dns, \
            SpfQuery(build, [dns.address], timeout_ms=500) as query:
        yield query


@pytest.mark.parametrize("domain,ip,result,stranger,listed", CASES)
def test_proof(spf, domain, ip, result, stranger, listed):
    a = spf.ask(ip, f"bob@{domain}", "mail.example")
    assert (a.result, a.proves) == (result, stranger), a
    a = spf.ask(ip, f"bob@{domain}", "mail.example", kind="listed")
    assert (a.result, a.proves) == (result, listed), a


@pytest.mark.alone
def test_a_slow_server_proves_nothing(spf):
    """The child's own deadline or, on a busy machine, the parent's ends it."""
    a = spf.ask(V4, "bob@slow.example", "mail.example")
    assert a.result in ("temperror", "none") and not a.proves, a
    assert a.elapsed_us < 700_000, a


@pytest.mark.alone
def test_a_dead_include_behind_the_match_costs_no_more_than_the_deadline(spf):
    a = spf.ask(V4, "bob@dead.example")
    assert a.result == "pass" and a.proves and a.elapsed_us < 600000


def test_the_coverage_that_is_allowed_is_an_option(build):
    with DnsServer(ZONE) as dns, \
            SpfQuery(build, [dns.address], more=["-4", "25", "-6", "33"]) as q:
        a = q.ask(V4, "bob@plain.example")
        assert (a.result, a.proves, a.covered4) == ("pass", False, 256)
