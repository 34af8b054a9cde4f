"""A name server that does its worst, asked by greymilter under load."""

import itertools
import os
import random
import threading
import time
import urllib.request

import pytest

from mg import prometheus
from mg.daemons import Bare, Greymilter
from mg.dns import DnsServer
from mg.milter import MilterClient
from mg.ports import free_port
from mg.wait import until
from test_spf_hostile import Worst, senders

SECONDS = float(os.environ.get("MG_HOSTILE_SECONDS", "2"))
TIMEOUT_MS = 500
SESSIONS = 24
INSIDE, OUTSIDE = ("192.0.2.7", "198.51.100.1"), ("203.0.113.1", "2001:db8::9")


class Load:
    """Sessions with strangers' mail, a fifth of it of a whitelisted domain."""

    def __init__(self, port):
        self.port, self.numbers = port, itertools.count()
        self.took, self.wrong, self.proven = [], [], 0
        self.end = time.monotonic() + SECONDS

    def one(self, rng):
        honest = rng.random() < 0.2
        address = rng.choice(INSIDE + OUTSIDE)
        sender = "a@good.example" if honest else senders(rng)
        helo = rng.choice(["h", "%{S}" * 50, "x" * 250])
        with MilterClient(self.port, timeout=30) as m:
            m.connect(address)
            m.helo(helo)
            m.mail(sender)
            begin = time.monotonic()
            answer, text = m.rcpt(f"r{next(self.numbers)}@home.example")
            self.took.append(time.monotonic() - begin)
        may_pass = honest and address in INSIDE
        self.proven += may_pass and answer == "c"
        if answer == "y" and text.startswith(b"451 4.7.1 "):
            return
        if answer != "c" or not may_pass:
            self.wrong.append((answer, address, sender, text))

    def run(self, seed):
        rng = random.Random(seed)
        while time.monotonic() < self.end:
            self.one(rng)

    def all(self):
        threads = [threading.Thread(target=self.run, args=(i,)) for i in range(SESSIONS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


@pytest.mark.alone
def test_never_wrong_never_late_never_dead(place):
    metrics = free_port()
    with DnsServer(handler=Worst(58)) as dns:
        milter = Greymilter(
            place, delay=Bare("1h"), metrics=f"127.0.0.1:{metrics}",
            spf={"timeout": Bare(f"{TIMEOUT_MS}ms"), "nameservers": [dns.address]})
        milter.start()
        milter.greywl("add", "good.example")
        until(lambda: os.path.exists(milter.store + ".whitelist"), 5, "it is read")
        load = Load(milter.port)
        load.all()
        assert milter.running()
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics",
                                    timeout=10) as answer:
            got = prometheus.parse(answer.read().decode())
    bound = TIMEOUT_MS / 1000 + 0.1
    late = [t for t in load.took if t > bound]
    results = {k[1][0][1]: int(v) for k, v in got.items()
               if k[0] == "greymilter_spf_results_total" and v}
    print(f"{len(load.took)} answers, {len(dns.queries)} queries, {load.proven} proven, "
          f"the slowest {max(load.took):.3f} s, {len(late)} over {bound} s; {results}")
    assert not load.wrong, load.wrong[:3]
    deaths = {k: v for k, v in got.items() if "child_deaths" in k[0] and v}
    assert not deaths, deaths
    assert load.proven > SECONDS and len(load.took) > 10 * SECONDS
    assert max(load.took) <= bound
    assert got["greymilter_fail_open_total", ()] == 0
