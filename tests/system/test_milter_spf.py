"""greymilter with SPF: identities of a pool, proof of the whitelist, deadlines."""

import os
import shutil
import signal
import time
import urllib.request

import pytest

from mg import prometheus
from mg.daemons import Bare, Greymilter, program
from mg.dns import DnsServer
from mg.milter import MilterClient, ask
from mg.ports import free_port
from mg.wait import until

ZONE = {
    "pool.example": [{"TXT": "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all"}],
    "all.example": [{"TXT": "v=spf1 +all"}],
    "listed.example": [{"TXT": "v=spf1 ip4:192.0.2.0/28 -all"}],
    "mx.listed.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "slow.example": ["TIMEOUT"],
}
INSIDE, ALSO, OUTSIDE = "198.51.100.9", "203.0.113.77", "192.0.2.200"
R = "user@home.example"


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def milter(place, dns):
    metrics = free_port()
    m = Greymilter(place, delay=Bare("1s"), metrics=f"127.0.0.1:{metrics}",
                   spf={"timeout": Bare("700ms"), "nameservers": [dns.address]})
    m.metrics = lambda: urllib.request.urlopen(
        f"http://127.0.0.1:{metrics}/metrics", timeout=5).read().decode()
    return m.start()


def passes(milter, *a, **k):
    return ask(milter.port, *a, **k) == "pass"


def test_a_retry_from_the_other_end_of_the_pool_passes(milter, dns):
    assert not passes(milter, INSIDE, "a@pool.example", R)
    assert not passes(milter, OUTSIDE, "a@pool.example", R), "a forger waits for himself"
    until(lambda: passes(milter, ALSO, "a@pool.example", R), 4)
    assert not passes(milter, "192.0.2.77", "b@pool.example", R)
    assert not passes(milter, INSIDE, "x@all.example", R)
    time.sleep(1.1)
    assert not passes(milter, ALSO, "x@all.example", R), "+all proves nothing"


def test_the_pool_is_known_by_its_record(milter):
    milter.stop()
    milter.configure(known_after=1)
    milter.start()
    assert not passes(milter, INSIDE, "a@pool.example", R)
    until(lambda: passes(milter, INSIDE, "a@pool.example", R), 4)
    assert passes(milter, ALSO, "new@pool.example", "other@home.example")
    assert not passes(milter, OUTSIDE, "new@pool.example", "other@home.example")


def test_what_was_exempt_makes_nobody_known(milter):
    """Else one evening on the whitelist would open the door for a month."""
    milter.stop()
    milter.configure(known_after=1)
    milter.start()
    milter.greywl("add", "pool.example")
    until(lambda: passes(milter, INSIDE, "a@pool.example", R), 15)
    assert passes(milter, INSIDE, "b@pool.example", R)
    milter.greywl("remove", "pool.example")
    until(lambda: not passes(milter, INSIDE, "c@pool.example", R), 15)
    shown = milter.greywl_json("test", "--json", "--client", INSIDE, "--helo", "h",
                               "--from", "d@pool.example", "--to", R)
    assert (shown["verdict"], shown["spf"]["proves"]) == ("new", True)


def test_dns_is_asked_once_a_message_and_only_when_it_matters(milter, dns):
    with MilterClient(milter.port) as m:
        m.connect(INSIDE)
        m.helo()
        m.mail("a@pool.example")
        for i in range(5):
            assert m.rcpt(f"r{i}@home.example")[0] == "y"
    assert len([q for q in dns.queries if q[0] == "pool.example"]) == 1
    until(lambda: passes(milter, INSIDE, "a@pool.example", "r1@home.example"), 4)
    n = len(dns.queries)
    for _ in range(3):
        assert passes(milter, INSIDE, "a@pool.example", "r1@home.example")
    assert passes(milter, "127.0.0.1", "a@pool.example", "r3@home.example")
    assert len(dns.queries) == n, "who passes by his network does not wait for DNS"


def test_proof_of_the_whitelist(milter):
    milter.greywl("add", "listed.example")
    until(lambda: passes(milter, "192.0.2.5", "a@listed.example", R), 2)
    assert passes(milter, "::ffff:192.0.2.5", "a@listed.example", R), "the same client"
    assert not passes(milter, INSIDE, "b@listed.example", R), "forged"
    assert not passes(milter, OUTSIDE, "b@sub.listed.example", R)


def bounce(milter, address, helo):
    with MilterClient(milter.port) as m:
        m.connect(address)
        m.helo(helo)
        m.mail("")
        assert m.rcpt(R)[0] == "c"
        return m.data()[0] in "ca"


def test_proof_of_bounces(milter):
    milter.greywl("add", "listed.example")
    until(lambda: bounce(milter, "192.0.2.1", "mx.listed.example"), 2, "by HELO's SPF")
    assert bounce(milter, "192.0.2.9", "whatever"), "the client is inside the domain's SPF"
    assert not bounce(milter, OUTSIDE, "mx.listed.example"), "forged"


@pytest.mark.alone
def test_silent_name_servers_delay_nobody_beyond_the_bound(milter):
    begin = time.monotonic()
    assert not passes(milter, INSIDE, "a@slow.example", R)
    assert 0.6 < time.monotonic() - begin < 0.85
    assert 'greymilter_spf_results_total{result="temperror"} 1' in milter.metrics()


def used(milter, sender):
    """When each kind of identity was last recorded."""
    shown = milter.greywl_json("show", "--json", sender, R)
    return {o["kind"]: o["since"] for o in shown["origins"]}


def refreshed(milter, sender, kinds):
    """Pass a second later, have it recorded; how long the answer took."""
    before = used(milter, sender)
    time.sleep(1.1)
    begin = time.monotonic()
    assert passes(milter, INSIDE, sender, R)
    took = time.monotonic() - begin
    until(lambda: all(used(milter, sender)[k] > before[k] for k in kinds), 5)
    return took


def test_who_passed_before_does_not_wait_for_dns(milter, dns):
    """A row is refreshed after a sixteenth of its lifetime, with all identities."""
    milter.stop()
    milter.configure(lifetime=Bare("16s"), retry_window=Bare("8s"))
    milter.start()
    for sender in ("a@slow.example", "a@pool.example"):
        assert not passes(milter, INSIDE, sender, R)
        until(lambda: passes(milter, INSIDE, sender, R), 4)
    dns.queries.clear()
    assert any(refreshed(milter, "a@slow.example", ["net"]) < 0.6 for _ in range(3))
    assert any(q[0] == "slow.example" for q in dns.queries)
    refreshed(milter, "a@pool.example", ["net", "spf"])


def test_a_child_that_dies_is_replaced(milter):
    children = lambda: [p for p in os.listdir("/proc") if p.isdigit() and
                        parent(p) == str(milter.popen.pid)]
    until(lambda: len(children()) == 2, 3, "two children run")
    before = children()
    for pid in before:
        os.kill(int(pid), signal.SIGKILL)
    until(lambda: len(children()) == 2 and not set(before) & set(children()), 3)
    assert not passes(milter, INSIDE, "a@pool.example", R)
    until(lambda: passes(milter, ALSO, "a@pool.example", R), 4)
    text = milter.metrics()
    assert 'greymilter_spf_child_deaths_total{child="stranger"} 1' in text
    assert 'greymilter_spf_child_deaths_total{child="listed"} 1' in text


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[1]
    except OSError:
        return None


def test_reload_switches_spf_off_and_on(milter, dns):
    milter.configure(spf={"enabled": False})
    milter.signal(signal.SIGUSR1)
    until(lambda: "reloaded" in milter.output(), 5)
    assert not passes(milter, INSIDE, "a@pool.example", R)
    assert not dns.queries
    milter.configure(spf={"timeout": Bare("700ms"), "nameservers": [dns.address]})
    milter.signal(signal.SIGUSR1)
    until(lambda: milter.output().count("reloaded") == 2, 5)
    assert not passes(milter, INSIDE, "new@pool.example", R)
    assert dns.queries


def test_metrics_are_in_prometheus_form(milter):
    for address in (INSIDE, OUTSIDE, "127.0.0.1"):
        passes(milter, address, "a@pool.example", R)
    text = milter.metrics()
    got = prometheus.parse(text)
    assert got["greymilter_decisions_total", (("verdict", "new"),)] == 2
    assert got["greymilter_rules_total", (("rule", "trusted_networks"),)] == 1
    assert got["greymilter_spf_results_total", (("result", "pass"),)] == 1
    assert got["greymilter_spf_results_total", (("result", "fail"),)] == 1
    assert got["greymilter_spf_child_starts_total", (("child", "listed"),)] == 1
    for name, n in (("decision_seconds", 3), ("spf_seconds", 2), ("store_seconds", 5),
                    ("store_batch_size", 2)):
        assert got[f"greymilter_{name}_count", ()] == n, name
    assert got["greymilter_fail_open_total", ()] == got["greymilter_braked_total", ()] == 0
    assert prometheus.promtool(text) == (0, "")


def test_without_its_program_mail_goes_on(place, milter):
    """Nobody is proven then, and -t says so."""
    shutil.copy(program("greymilter"), place / "greymilter")
    milter.stop()
    milter.argv[0] = str(place / "greymilter")
    status, text = milter.check()
    assert status == 0 and "warning: spf: greymilter-spf is not beside" in text, text
    milter.start()
    until(lambda: "SPF cannot be asked, nobody is proven by it" in milter.output(), 5)
    assert not passes(milter, INSIDE, "a@pool.example", R)
    until(lambda: passes(milter, INSIDE, "a@pool.example", R), 3)
    prometheus.parse(milter.metrics())


def test_a_start_warns_of_domains_that_anybody_can_claim(milter):
    def said():
        milter.stop()
        before = len(milter.output())
        milter.start()
        until(lambda: " started: " in milter.output()[before:], 10)
        return [line for line in milter.output()[before:].splitlines()
                if "whitelist:" in line]
    milter.greywl("add", "proven.example", "192.0.2.9")
    assert said() == []
    milter.greywl("add", "open.example", "--proof", "none")
    line, = said()
    assert "warning: whitelist: open.example: nothing is proven" in line
    milter.greywl("add", "ajar.example", "wide.example", "--proof", "none")
    line, = said()
    assert "warning: whitelist: ajar.example and 2 more domains: nothing is" in line
