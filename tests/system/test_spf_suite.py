"""The RFC 7208 test-suite through greymilter-spf, over a DNS on loopback."""

import json
import pathlib

import pytest

from mg.dns import DnsServer
from mg.spf import ANSWERED, SpfQuery

SUITE = json.loads((pathlib.Path(__file__).parents[1] /
                    "data/rfc7208-tests.json").read_text())

# Results that differ from the suite's, with their cause in docs/spf.md.
DIFFER = {}


BARE = {
    "all-double", "include-softfail", "multispf2",  # +all
    "a-cidr4-0", "a-cidr6-0-ip6", "cidr4-0", "cidr6-0", "mx-cidr4-0",
    "mx-cidr6-0-ip6",  # a prefix of 0
    "exists-ip4", "exists-ip6", "hello-macro", "macro-multiple-delimiters",
    "macro-mania-in-domain", "macro-reverse-split-on-dash",
    "p-macro-multiple", "trailing-dot-domain",  # a macro
    "bytes-bug", "ptr-case-change", "ptr-match-implicit", "ptr-match-ip6",
    "ptr-match-target",  # ptr
    "a-colon-domain", "a-colon-domain-ip4mapped", "mx-colon-domain",
    "mx-colon-domain-ip4mapped",  # a name with ":" and "/"
}


def wanted(test):
    w = test["result"]
    return w if isinstance(w, list) else [w]


@pytest.fixture(scope="module")
def results(build):
    """{(scenario, name): Answer} of the whole suite."""
    out = {}
    for scenario in SUITE:
        with DnsServer(scenario["zonedata"]) as dns, \
                SpfQuery(build, [dns.address], timeout_ms=600,
                         threads=32) as spf:
            spf.ready()
            asked = {name: spf.start(t["host"], t["mailfrom"], t["helo"])
                     for name, t in scenario["tests"].items()}
            for name, id_ in asked.items():
                out[scenario["description"], name] = spf.wait(id_)
            assert spf.stats()["deaths_stranger"] == 0
    return out


def cases():
    for scenario in SUITE:
        for name, test in scenario["tests"].items():
            yield scenario["description"], name, test


def test_every_case_is_as_the_suite_says(results):
    wrong = {}
    for scenario, name, test in cases():
        got = results[scenario, name]
        assert got.source == ANSWERED
        if got.result not in wanted(test) and \
                DIFFER.get(name) != got.result:
            wrong[name] = (got.result, wanted(test), got.term)
    assert not wrong


def test_no_pass_that_the_suite_does_not_call_pass(results):
    assert not [name for scenario, name, test in cases()
                if results[scenario, name].result == "pass"
                and "pass" not in wanted(test)]


def test_all_passes_are_found(results):
    missed = [name for scenario, name, test in cases()
              if wanted(test) == ["pass"]
              and results[scenario, name].result != "pass"]
    assert not missed


def test_only_a_pass_proves(results):
    assert not [k for k, a in results.items()
                if a.proves and a.result != "pass"]


def test_which_passes_prove_nothing(results):
    """All, macros, ptr, every address, names that libspf2 is not given."""
    bare = {name for scenario, name, test in cases()
            if results[scenario, name].result == "pass"
            and not results[scenario, name].proves}
    assert bare == BARE
