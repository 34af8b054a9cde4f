"""A name server that does its worst, beside honest names, at full load."""

import os
import random
import struct
import threading
import time

import pytest

from mg.dns import (A, AAAA, CNAME, MX, PTR, TXT, DnsServer, Zone, record,
                    reply, wire_name)
from mg.spf import ANSWERED, SpfQuery

SECONDS = float(os.environ.get("MG_HOSTILE_SECONDS", "6"))
TIMEOUT_MS = 500

HONEST = {
    "good.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 include:in.good.example "
                             "-all"}],
    "in.good.example": [{"TXT": "v=spf1 a:a.good.example -all"}],
    "a.good.example": [{"A": "198.51.100.1"}],
}

MACROS = ["%{i}", "%{ir}", "%{l}", "%{L99r-+,/_=.}", "%{s}", "%{S}", "%{o}",
          "%{d}", "%{d127r}", "%{h}", "%{H}", "%{p}", "%{P}", "%{v}", "%%",
          "%_", "%-", "%{c}", "%{r}", "%{t}", "%{x}", "%{", "%", "%{l" + "9" * 40
          + "}", "%{d" + "." * 60 + "}"]
TERMS = ["a", "mx", "ptr", "all", "include:{n}", "exists:{n}", "a:{n}",
         "mx:{n}", "ptr:{n}", "redirect={n}", "exp={n}", "a/0", "a//0",
         "a:{n}/0//0", "mx/33", "ip4:0.0.0.0/0", "ip4:1.2.3.4/255", "ip6:::/0",
         "ip6:" + "f" * 200, "ip4:" + "1." * 90, "a:" + "x" * 600 + ".example",
         "include:" + "y." * 200 + "example", "moo=" + "%{S}" * 80,
         "exp=" + "%{S}" * 60, "exp-text=" + "%{S}%{H}" * 40, "=", "+", "-all",
         "?all", "~all", "include:", "a:\x00.example", "\xff\xfe", "a\tmx"]


POOL = 120  # answers of each type, made beforehand


def pointed(kind, value):
    """A record whose owner is the name that was asked."""
    return b"\xc0\x0c" + record("", kind, value)[1:]


class Worst:
    """Answers to every name but the honest ones."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.rng = rng
        self.honest = Zone(HONEST)
        self.pool = {type_: [self.make(type_, rng) for _ in range(POOL)]
                     for type_ in (A, AAAA, MX, PTR, TXT)}

    @staticmethod
    def name(rng):
        if rng.random() < 0.4:
            return "".join(rng.choice(MACROS) for _ in range(rng.randint(1, 6))
                           ) + ".evil.example"
        return f"e{rng.randint(0, 50)}.evil.example"

    def spf(self, rng):
        n = rng.choice([1, 3, 3, 8, 8, 30, 300, 3000])
        terms = [rng.choice("+-?~   ").strip() +
                 rng.choice(TERMS).replace("{n}", self.name(rng))
                 for _ in range(n)]
        text = "v=spf1 " + " ".join(terms)
        if rng.random() < 0.2:
            at = rng.randrange(len(text))
            text = text[:at] + chr(rng.randrange(256)) + text[at + 1:]
        return text[:rng.choice([60000, 60000, 200])]

    @staticmethod
    def host(rng):
        return rng.choice(["h%d.evil.example" % rng.randint(0, 9), "a." * 120,
                           "x" * 63 + ".evil.example", "\x00\x01.evil.example",
                           "%s.evil.example" % ("%n" * 20)])

    def value(self, type_, rng):
        if type_ == TXT:
            return pointed("TXT", self.spf(rng))
        if type_ == A:
            return pointed("A", rng.choice(["192.0.2.1", "0.0.0.0"]))
        if type_ == AAAA:
            return pointed("AAAA", "2001:db8::1")
        if type_ == MX:
            return pointed("MX", [1, self.host(rng)])
        return pointed("PTR", self.host(rng))

    def make(self, type_, rng):
        """(what to do with it, the records)."""
        how = rng.choice(["plain"] * 8 + [
            "error", "silent", "alias", "alias", "noise", "cut", "id", "more",
            "jump", "drip", "thrice"])
        n = rng.choice([1, 1, 1, 2, 12, 200]) if type_ != TXT else \
            rng.choice([1, 1, 1, 1, 2, 12])
        records = [self.value(type_, rng) for _ in range(n)]
        if how == "alias":
            ring = [record(f"c{i}.evil.example", "CNAME",
                           f"c{i + 1}.evil.example") for i in range(40)]
            loop = b"\xc0\x0c" + struct.pack(">HHIH", CNAME, 1, 60, 2) + \
                b"\xc0\x0c"
            first = pointed("CNAME", "c0.evil.example")
            records = rng.choice([[loop], [first] + ring, [first]])
        elif how == "jump":
            records = [b"\xc0\x0c" + struct.pack(">HHIH", type_, 1, 60, 2) +
                       b"\xc0\x0c"] * 200 + [b"\xc0\xff" * 100]
        elif how == "more":
            records = [rng.randbytes(rng.choice([10, 40000]))]
        return how, records

    def __call__(self, query, tcp):
        if query.name.endswith("good.example"):
            answers, rcode = self.honest.answer(query)
            return reply(query, answers, rcode)
        rng = self.rng
        how, records = rng.choice(self.pool.get(query.type, self.pool[TXT]))
        out = reply(query, records)
        if how == "error":
            return reply(query, records[:1], rng.randrange(1, 16))
        if how == "silent":
            return None
        if how == "noise":
            out = bytearray(out)
            for _ in range(rng.randint(1, 8)):
                out[rng.randrange(2, len(out))] = rng.randrange(256)
            out = bytes(out)
        elif how == "cut":
            out = out[:rng.randrange(len(out))]
        elif how == "id":
            out = struct.pack(">H", query.id ^ 1) + out[2:]
        elif how == "more":
            out = out[:6] + b"\xff\xff" + out[8:]
        elif how == "drip" and tcp:
            whole = struct.pack(">H", min(len(out), 65535)) + out
            return [whole[i:i + 7] for i in range(0, 70, 7)]
        if len(out) > 512 and not tcp and how != "thrice":
            return reply(query, (), 0, tc=True)
        if how == "thrice" and not tcp:
            return [out[:60000]] * 3
        return out[:65000]


def senders(rng):
    local = rng.choice(["bob", "a" * 64, "%s%n" * 10, "b-b-b+" * 10,
                        "".join(MACROS)[:64], "\u00fc" * 20])
    return f"{local}@e{rng.randint(0, 50)}.evil.example"


@pytest.mark.alone
def test_never_wrong_never_late_never_dead(build):
    rng = random.Random(7208)
    with DnsServer(handler=Worst(7208)) as dns, \
            SpfQuery(build, [dns.address], timeout_ms=TIMEOUT_MS,
                     threads=48) as spf:
        ready = threading.Semaphore(48)
        under_way, wrong, right, count, late = {}, [], [0], [0], []
        stop = threading.Event()

        def check(a, want):
            if a.elapsed_us > (TIMEOUT_MS + 100) * 1000:
                late.append(a.elapsed_us // 1000)
            if want and a.result not in (want, "temperror", "none"):
                wrong.append(a)
            right[0] += bool(want) and a.result == want
            count[0] += 1

        def collect():
            while not stop.is_set() or under_way:
                for id_ in list(under_way):
                    if id_ in spf.answers:
                        check(spf.wait(id_), under_way.pop(id_))
                        ready.release()
                time.sleep(0.002)

        collector = threading.Thread(target=collect)
        collector.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            ready.acquire()
            how = {"kind": rng.choice(("stranger", "listed"))}
            if rng.random() < 0.2:
                ip, want = rng.choice([("192.0.2.7", "pass"),
                                       ("198.51.100.1", "pass"),
                                       ("203.0.113.1", "fail")])
                id_ = spf.start(ip, "a@good.example", **how)
            else:
                want = None
                id_ = spf.start(rng.choice(["192.0.2.1", "2001:db8::1"]),
                                senders(rng), rng.choice(
                                    ["h", "%{S}" * 50, "x" * 250, ""]), **how)
            under_way[id_] = want
        stop.set()
        collector.join(30)
        stats = spf.stats()
        print(f"{count[0]} questions, {len(dns.queries)} queries, "
              f"{right[0]} honest ones answered, {stats}; over the bound, ms: "
              f"{sorted(late)[::-1]}")
        assert not wrong, wrong[:3]
        assert max(late, default=0) <= TIMEOUT_MS + 100
        assert count[0] > 20 * SECONDS and right[0] > SECONDS
        assert stats["deaths_stranger"] == stats["deaths_listed"] == 0


@pytest.mark.alone
def test_nonsense_is_never_a_pass(build):
    """Whatever a broken answer would say if it were taken."""
    def truncated(query, tcp):
        whole = reply(query, [record(query.name, "TXT", "v=spf1 +all")])
        return whole[:-1]

    def other_id(query, tcp):
        whole = reply(query, [record(query.name, "TXT", "v=spf1 +all")])
        return struct.pack(">H", query.id ^ 0x5555) + whole[2:]

    def other_name(query, tcp):
        whole = reply(query, [record("x.example", "TXT", "v=spf1 +all")])
        return whole

    def other_question(query, tcp):
        query.question = wire_name("x.example") + query.question[-4:]
        return reply(query, [record("x.example", "TXT", "v=spf1 +all")])

    def error(query, tcp):
        return reply(query, [record(query.name, "TXT", "v=spf1 +all")], 5)

    def two(query, tcp):
        return reply(query, [record(query.name, "TXT", "v=spf1 +all")] * 2)

    def endless(query, tcp):
        return reply(query, (), 0, tc=True)

    def drip(query, tcp):
        whole = reply(query, [record(query.name, "TXT", "v=spf1 +all")])
        if not tcp:
            return reply(query, (), 0, tc=True)
        whole = struct.pack(">H", len(whole)) + whole
        return [whole[i:i + 1] for i in range(len(whole))]

    for handler in (truncated, other_id, other_name, other_question, error,
                    two, endless, drip):
        with DnsServer(handler=handler) as dns, \
                SpfQuery(build, [dns.address], timeout_ms=300) as spf:
            a = spf.ask("192.0.2.1", "a@d.example")
            assert a.result != "pass" and a.elapsed_us < 400000, \
                (handler.__name__, a)
            assert spf.stats()["deaths_stranger"] == 0


def test_a_long_answer_is_fetched_over_tcp(build):
    terms = " ".join(f"ip4:10.0.{i // 256}.{i % 256}" for i in range(1500))
    zone = {"long.example": [{"TXT": f"v=spf1 {terms} ip4:192.0.2.1 -all"},
                             {"TXT": "other"}]}
    with DnsServer(zone) as dns, SpfQuery(build, [dns.address]) as spf:
        a = spf.ask("192.0.2.1", "a@long.example")
        assert a.result == "pass"
        assert [q[4] for q in dns.queries] == ["udp", "tcp"]
        assert a.covered4 == 1501
