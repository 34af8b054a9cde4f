"""The children that ask about SPF: closed in, replaced, and never waited for."""

import os
import signal
import subprocess
import time

import pytest

from mg.dns import DnsServer
from mg.spf import (ANSWERED, DIED, LATE, NOT_ASKED, SHUNNED, SpfQuery)
from mg.wait import until

ZONE = {
    "good.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "also.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "slow.example": ["TIMEOUT"],
}


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def gone(pid):
    try:
        return status(pid)["State"].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_they_are_closed_in(build, dns):
    with SpfQuery(build, [dns.address]) as spf:
        stats = spf.ready()
        for kind in ("stranger", "listed"):
            pid = stats[f"pid_{kind}"]
            s = status(pid)
            assert s["Name"].startswith("greymilter-spf")
            assert s["NoNewPrivs"] == "1"
            assert s["Seccomp"] == "2"
            assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0
            assert set(s["Uid"].split()) != {"0"}
            fds = {os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0]
                   for fd in os.listdir(f"/proc/{pid}/fd")}
            assert fds <= {"/dev/null", "socket", "anon_inode",
                           os.readlink(f"/proc/{pid}/fd/2").split(":")[0]}
            with open(f"/proc/{pid}/limits", encoding="ascii") as f:
                limits = f.read()
            if "asan" not in open(f"/proc/{pid}/maps",
                                  encoding="ascii").read() and \
                    "tsan" not in str(build) and "thread" not in str(build):
                line = next(x for x in limits.splitlines()
                            if x.startswith("Max address space"))
                assert int(line.split()[3]) <= 1 << 30


def test_only_greymilter_spf_links_libspf2(build):
    def linked(program):
        return "libspf2" in subprocess.run(
            ["ldd", str(build / program)], capture_output=True, text=True,
            check=True).stdout
    assert linked("greymilter-spf")
    assert not linked("tests/bench/spfquery")
    for program in ("greymilter", "greywl"):
        if (build / program).exists():
            assert not linked(program)


def test_by_hand_it_does_nothing(build):
    done = subprocess.run([str(build / "greymilter-spf")], text=True,
                          capture_output=True, check=False, timeout=10)
    assert done.returncode == 2 and "started by greymilter" in done.stderr
    done = subprocess.run([str(build / "greymilter-spf"), "-V"], text=True,
                          capture_output=True, check=False, timeout=10)
    assert done.stdout == "greymilter-spf 0.1.0\n"


@pytest.mark.alone
def test_a_killed_child_is_replaced_within_100_ms(build, dns):
    with SpfQuery(build, [dns.address]) as spf:
        old = spf.ready()
        took = []
        for _ in range(3):
            pid = spf.stats()["pid_stranger"]
            os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            until(lambda: (s := spf.stats())["ready_stranger"] and
                  s["pid_stranger"] not in (0, pid), 5, "a new child", 0.005)
            took.append(time.monotonic() - began)
        assert sorted(took)[1] < 0.1, took
        new = spf.stats()
        assert new["deaths_stranger"] == 3 and new["deaths_listed"] == 0
        assert new["pid_listed"] == old["pid_listed"]
        assert spf.ask("192.0.2.1", "a@good.example").result == "pass"


@pytest.mark.alone
def test_what_is_open_at_a_death_is_none_for_an_hour(build, dns):
    with SpfQuery(build, [dns.address]) as spf:
        stats = spf.ready()
        open_ = [spf.start("192.0.2.1", "a@slow.example") for _ in range(3)]
        listed = spf.start("192.0.2.1", "a@slow.example", kind="listed")
        until(lambda: spf.stats()["open"] == 4, 5, "four open questions")
        until(lambda: len(dns.queries) >= 4, 5, "four queries")
        os.kill(stats["pid_stranger"], signal.SIGKILL)
        for id_ in open_:
            a = spf.wait(id_, 1)
            assert (a.result, a.source) == ("none", DIED)
        a = spf.ask("192.0.2.1", "b@SLOW.example")
        assert (a.result, a.source) == ("none", SHUNNED)
        assert a.elapsed_us < 100000
        # Nothing else is touched: other names, and the other child.
        assert spf.ask("192.0.2.1", "a@good.example").result == "pass"
        assert spf.ask("192.0.2.1", "a@good.example",
                       kind="listed").result == "pass"
        assert spf.wait(listed).source == ANSWERED
        assert spf.stats()["shunned"] == 1


@pytest.mark.alone
def test_a_stopped_child_holds_nobody_up(build, dns):
    with SpfQuery(build, [dns.address], timeout_ms=400) as spf:
        stats = spf.ready()
        os.kill(stats["pid_stranger"], signal.SIGSTOP)
        asked = [spf.start("192.0.2.1", "a@good.example") for _ in range(10)]
        for id_ in asked:
            a = spf.wait(id_)
            assert (a.result, a.source) == ("none", LATE)
            assert a.elapsed_us < 500000
        until(lambda: (s := spf.stats())["ready_stranger"] and
              s["pid_stranger"] != stats["pid_stranger"], 5, "a new child")
        assert gone(stats["pid_stranger"])
        assert spf.ask("192.0.2.1", "a@also.example").result == "pass"
        assert spf.ask("192.0.2.1", "a@good.example",
                       kind="listed").result == "pass"


def test_no_child_outlives_its_parent(build, dns):
    spf = SpfQuery(build, [dns.address])
    try:
        stats = spf.ready()
        pids = [stats["pid_stranger"], stats["pid_listed"]]
        os.kill(pids[0], signal.SIGSTOP)
        spf.proc.kill()
        until(lambda: all(gone(p) for p in pids), 5, "the children's end")
    finally:
        spf.close()


def test_ids_and_ports_cannot_be_foretold(build, dns):
    """With "open" denied c-ares 1.18 alone would begin with the same ids."""
    runs = []
    for _ in range(2):
        dns.queries.clear()
        with SpfQuery(build, [dns.address], threads=1) as spf:
            for i in range(20):
                spf.ask("192.0.2.1", f"a@n{i}.example")
        assert len(dns.queries) == 20
        runs.append([q[2] for q in dns.queries])
        assert len(set(runs[-1])) > 15
        assert len({q[3] for q in dns.queries}) > 10
    assert sum(a == b for a, b in zip(*runs)) < 3


def test_no_domain_is_not_asked(build, dns):
    with SpfQuery(build, [dns.address]) as spf:
        a = spf.ask("192.0.2.1", "", "")
        assert (a.result, a.source) == ("none", NOT_ASKED)
        for name in ("localhost", "[192.0.2.1]", "a..example", "\u00fc.example"):
            a = spf.ask("192.0.2.1", f"a@{name}")
            assert (a.result, a.source, a.queries) == ("none", ANSWERED, 0)


def test_several_domains_at_once(build, dns):
    with SpfQuery(build, [dns.address], timeout_ms=600) as spf:
        a = spf.ask("192.0.2.1", domain="gone.example,slow.example,"
                    "good.example,also.example", kind="listed")
        assert (a.result, a.proves, a.domain) == ("pass", True, "good.example")
        a = spf.ask("198.51.100.1", domain="gone.example,good.example",
                    kind="listed")
        assert (a.result, a.proves, a.domain) == ("none", False,
                                                  "gone.example")


@pytest.mark.alone
def test_silence_under_load(build):
    """Name servers that swallow everything, 200 new strangers a second."""
    with DnsServer(handler=lambda query, tcp: None) as dns, \
            SpfQuery(build, [dns.address], timeout_ms=1000,
                     threads=400) as spf:
        spf.ready()
        asked, began = [], time.monotonic()
        for i in range(500):
            asked.append(spf.start("192.0.2.1", f"a@d{i}.example"))
            pause = began + i / 200 - time.monotonic()
            if pause > 0:
                time.sleep(pause)
        answers = [spf.wait(id_) for id_ in asked]
        assert {a.result for a in answers} <= {"temperror", "none"}
        assert max(a.elapsed_us for a in answers) < 1100000
        assert spf.stats()["deaths_stranger"] == 0


@pytest.mark.alone
def test_the_second_name_server_is_asked(build, dns):
    with DnsServer(handler=lambda query, tcp: None) as dead, \
            SpfQuery(build, [dead.address, dns.address]) as spf:
        a = spf.ask("192.0.2.1", "a@good.example")
        assert a.result == "pass" and a.elapsed_us < 1200000


def test_the_trace_says_what_was_done(build):
    zone = {"t.example": [{"TXT": "v=spf1 a:h.t.example ip4:192.0.2.1 -all"}],
            "h.t.example": [{"A": "192.0.2.9"}]}
    with DnsServer(zone) as dns, SpfQuery(build, [dns.address]) as spf:
        id_ = spf.start("192.0.2.1", "a@t.example", trace=True)
        a = spf.wait(id_)
        until(lambda: "." in a.trace, 5, "the trace's end")
        text = "\n".join(a.trace)
        for part in ("TXT t.example (", "A h.t.example: 1 found (",
                     "a:h.t.example: no match", "ip4:192.0.2.1: matches",
                     "result: pass", "libspf2: pass"):
            assert part in text, text
