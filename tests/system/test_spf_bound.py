"""The bound of processor time for one evaluation of SPF: 250 ms.

Times are the processor's own, so that a busy machine changes none.  A death is
told from others by its signal: 27, SIGPROF.
"""

import signal
import struct

import pytest

from mg.dns import A, CNAME, DnsServer, Zone, reply
from mg.preload import Slow
from mg.spf import ANSWERED, DIED, LATE, SHUNNED, SpfQuery
from mg.wait import until

CLIENT = "192.0.2.1"
SLOW, ENDLESS = "ip4:192.0.2.250", "ip4:192.0.2.251"
BOUND_MS, TICK_MS = 250, 20
PATIENT_MS = 30000


def zone(names):
    return {name: [{"TXT": "v=spf1 " + terms}] for name, terms in names.items()}


@pytest.fixture
def slow(place, build):
    return Slow(place, build / "greymilter-spf")


@pytest.fixture
def ask(place, build, slow):
    """ask({domain: its record's terms}, ...): the children, with that DNS."""
    def start(names, timeout_ms=PATIENT_MS):
        dns = DnsServer({**zone(names), "silent.example": ["TIMEOUT"],
                         "good.example": [{"TXT": f"v=spf1 ip4:{CLIENT} -all"}]})
        place.on_close(dns.close)
        log = open(place / "log", "wb")
        place.on_close(log.close)
        spf = SpfQuery(build, [dns.address], timeout_ms=timeout_ms,
                       program=slow.launcher, stderr=log)
        place.on_close(spf.close)
        place.on_close(spf.proc.kill)  # with what is open still
        spf.ready()
        return spf
    return start


def deaths(spf):
    s = spf.stats()
    return s["deaths_stranger"], s["deaths_listed"]


def ended_by_the_bound(place):
    with open(place / "log", encoding="utf-8") as f:
        return f"(signal {int(signal.SIGPROF)})" in f.read()


def test_each_evaluation_has_its_own(ask, slow):
    spf = ask({f"d{i}.example": f"{SLOW} ip4:{CLIENT} -all" for i in range(4)})
    for i in range(4):
        a = spf.ask(CLIENT, f"a@d{i}.example")
        # Read by us and, for the proof, by libspf2.
        assert (a.result, a.proves, a.source) == ("pass", True, ANSWERED)
    assert slow.spent_ms() >= 4 * 2 * 50 > BOUND_MS
    assert deaths(spf) == (0, 0)


def test_much_work_between_answers_ends_one_evaluation_alone(ask, slow):
    includes = " ".join(f"include:i{i}.evil.example" for i in range(9))
    names = {f"i{i}.evil.example": f"{SLOW} -all" for i in range(9)}
    names["evil.example"] = f"{includes} ip4:{CLIENT} -all"
    names["passes.example"] = f"ip4:{CLIENT} {includes} -all"
    spf = ask(names)
    open_ = [spf.start(CLIENT, "a@silent.example") for _ in range(2)]
    a = spf.ask(CLIENT, "a@evil.example")
    assert (a.result, a.proves, a.source) == ("temperror", False, ANSWERED)
    # Four of the nine were read.
    assert 200 <= slow.spent_ms() <= BOUND_MS
    assert not any(id_ in spf.answers for id_ in open_)
    a = spf.ask(CLIENT, "a@good.example")
    assert (a.result, a.proves) == ("pass", True)
    # The same behind the term that passes: it is not known what it covers.
    a = spf.ask(CLIENT, "a@passes.example")
    assert (a.result, a.proves, a.source) == ("pass", False, ANSWERED)
    s = spf.stats()
    assert (s["deaths_stranger"], s["deaths_listed"], s["shunned"]) == (0, 0, 0)
    assert s["open"] == 2


def test_work_without_a_pause_ends_the_child(ask, slow, place):
    spf = ask({"evil.example": f"{SLOW} " * 20 + f"ip4:{CLIENT} -all"})
    listed = spf.start(CLIENT, "a@silent.example", kind="listed")
    a = spf.ask(CLIENT, "a@evil.example")
    assert (a.result, a.proves, a.source) == ("none", False, DIED)
    assert BOUND_MS - TICK_MS <= slow.spent_ms() <= BOUND_MS + TICK_MS
    assert ended_by_the_bound(place)
    a = spf.ask(CLIENT, "a@evil.example")
    assert (a.result, a.source) == ("none", SHUNNED)
    # All others go on: the new child, and the other one.
    for kind in ("stranger", "listed"):
        a = spf.ask(CLIENT, "a@good.example", kind=kind)
        assert (a.result, a.proves) == ("pass", True)
    assert deaths(spf) == (1, 0)
    assert listed not in spf.answers


def test_the_last_work_after_the_deadline_is_bounded_as_well(ask, slow, place):
    """libspf2 is shown the record when its include did not come in time."""
    spf = ask({"evil.example": f"ip4:{CLIENT} {ENDLESS} include:silent.example"},
              timeout_ms=300)
    a = spf.ask(CLIENT, "a@evil.example")
    assert (a.result, a.proves) == ("none", False) and a.source in (LATE, DIED)
    until(lambda: deaths(spf) == (1, 0), 30, "the child's end")
    # On a busy machine the parent ends it first: it has been silent for 1 s.
    assert slow.spent_ms() <= BOUND_MS + TICK_MS


def cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e6


LONG = ".".join(c * 60 for c in "xyz") + "." + "w" * 50


def host(i):
    """Names that differ at their ends alone: slow to tell apart."""
    return f"{LONG}{i:03d}.e.example"


def test_crafted_records_do_not_come_near_it(build):
    """What cost half a second: a name of 15,000 macros, each of which asks
    which of a hundred known names are the client's."""
    mx = {f"m{k}.e.example": [{"MX": [1, host(100 + 10 * k + i)]}
                              for i in range(10)] for k in range(9)}
    names = {host(i): [{"A": "203.0.113.1"}] for i in range(200)}
    macros = {"p.example": "%{p}" * 15000, "l.example": "%{l1-}" * 9000,
              "h.example": "%{H99r.-+,/_=}" * 4000, "s.example": "%%" * 29000}
    records = {name: [{"TXT": "v=spf1 " + " ".join(f"mx:{m}" for m in mx) +
                       f" exists:{spec} ip4:{CLIENT} -all"}]
               for name, spec in macros.items()}
    reverse = ".".join(reversed(CLIENT.split("."))) + ".in-addr.arpa"
    ptr = {reverse: [{"PTR": host(i)} for i in range(10)]}
    with DnsServer({**mx, **names, **records, **ptr}, udp_max=4096) as dns, \
            SpfQuery(build, [dns.address], timeout_ms=PATIENT_MS) as spf:
        pid = spf.ready()["pid_stranger"]
        for name in records:
            before = cpu_ms(pid)
            a = spf.ask(CLIENT, f"{'b-' * 30}@{name}", "h" * 250)
            assert (a.result, a.source) == ("pass", ANSWERED), (name, a)
            assert cpu_ms(pid) - before < BOUND_MS, name
        assert deaths(spf) == (0, 0)


def slow_to_read(query):
    """64 KB: thousands of aliases of a name of 100 labels that is not asked
    for, and at the end ten which lead from one to the next, so that all is
    read ten times."""
    def alias(owner, target):
        return struct.pack(">HHHIHH", 0xc000 | owner, CNAME, 1, 60, 2,
                           0xc000 | target)
    name = 12  # where it stands in the question; a label has two bytes
    chain = [alias(name + 2 * i, name + 2 * (i + 1)) for i in range(10)]
    end = struct.pack(">HHHIH4s", 0xc000 | (name + 20), A, 1, 60, 4,
                      bytes([203, 0, 113, 1]))
    return reply(query, [alias(name + 24, name)] * 4400 + chain + [end])


def test_answers_that_are_slow_to_read_count(build):
    """16 ms each, and a record can ask for a hundred of them."""
    mx = {f"m{k}.evil.example": [{"MX": [1, "a." * 100 + f"h{k}{i}.example"]}
                                 for i in range(10)] for k in range(10)}
    known = Zone({**mx, "good.example": [{"TXT": f"v=spf1 ip4:{CLIENT} -all"}],
                  "evil.example": [{"TXT": "v=spf1 " + " ".join(
                      f"mx:{m}" for m in mx) + " -all"}]})

    def handler(query, tcp):
        if query.name.startswith("a.a."):
            return slow_to_read(query) if tcp else reply(query, (), 0, tc=True)
        answers, rcode = known.answer(query)
        return reply(query, answers, rcode)

    with DnsServer(handler=handler) as dns, \
            SpfQuery(build, [dns.address], timeout_ms=PATIENT_MS) as spf:
        pid = spf.ready()["pid_stranger"]
        before = cpu_ms(pid)
        a = spf.ask(CLIENT, "a@evil.example")
        assert (a.result, a.source) == ("temperror", ANSWERED)
        # c-ares' own work, and the kernel's, come on top.
        assert a.queries < 90 and cpu_ms(pid) - before < 2 * BOUND_MS
        assert spf.ask(CLIENT, "a@good.example").proves
        assert deaths(spf) == (0, 0)
