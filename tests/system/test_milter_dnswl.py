"""greymilter with a DNS allow list in dnswl.org's form."""

import json
import time

import pytest

from mg.daemons import Bare, Greymilter
from mg.dns import DnsServer
from mg.milter import ask
from mg.wait import until

LIST = "list.dnswl.example"
ZONE = {f"1.2.0.192.{LIST}": [{"A": "127.0.5.1"}],
        f"2.2.0.192.{LIST}": [{"A": "127.0.5.2"}],
        f"3.2.0.192.{LIST}": [{"A": "127.0.5.0"}],
        f"4.2.0.192.{LIST}": [{"A": "127.0.0.255"}],
        f"5.2.0.192.{LIST}": ["TIMEOUT"],
        f"6.2.0.192.{LIST}": [{"A": "203.0.113.9"}]}
R = "user@home.example"


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def make(place, dns):
    def start(spf=True, **dnswl):
        return Greymilter(place, delay=Bare("1h"), dnswl={"zone": LIST, **dnswl}, spf={
            "enabled": spf, "timeout": Bare("700ms"), "nameservers": [dns.address]}).start()
    return start


def passes(milter, *a, **k):
    return ask(milter.port, *a, **k) == "pass"


@pytest.mark.parametrize("spf", [True, False])
def test_a_listed_client_does_not_wait(make, dns, spf):
    milter = make(spf, min_level=Bare("medium"))
    assert not passes(milter, "192.0.2.1", "a@b.example", R), "low"
    assert passes(milter, "192.0.2.2", "a@b.example", R), "medium"
    for i in (3, 6, 77):
        assert not passes(milter, f"192.0.2.{i}", "a@b.example", R)
    assert not passes(milter, "192.0.2.4", "a@b.example", R), "a refusal"
    assert f"dnswl: {LIST} refuses to answer this name server" in milter.output()
    assert f"rule=dnswl, reason={LIST} medium" in milter.output()
    ports = {q[3] for q in dns.queries if q[0].endswith(LIST)}
    assert len(ports) > 4, "each question from a port of its own"
    done = json.loads(milter.greywl("test", "--json", "--client", "192.0.2.2", "--helo", "h",
                                    "--from", "a@b.example", "--to", R).stdout)
    assert (done["verdict"], done["rule"]) == ("exempt", "dnswl")


@pytest.mark.alone
def test_a_silent_list_keeps_within_the_bound(make):
    milter = make()
    begin = time.monotonic()
    assert not passes(milter, "192.0.2.5", "a@b.example", R)
    assert 0.6 < time.monotonic() - begin < 0.85


@pytest.mark.parametrize("option, words", [
    ({"zone": "a..b"}, "zone"), ({"zone": LIST, "min_level": Bare("lowest")}, "min_level")])
def test_bad_options_are_refused(place, option, words):
    status, text = Greymilter(place, dnswl=option).check()
    assert status != 0 and words in text and ":" in text
