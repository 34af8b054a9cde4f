"""I3, March 2025: a pool that never repeats an address.  It delivers with an
empty whitelist after one wait; with the whitelist at once; its forger waits."""

import itertools
import smtplib
import time

import pytest

from mg import smtp
from mg.daemons import Bare, Greymilter
from mg.dns import DnsServer, record, reply
from mg.wait import until

RECIPIENT = "user@home.example"
FORGER = {"address": "198.51.100.66", "helo": "icloud.com"}
TIMEOUT_S = 0.5  # where nothing is to be had

# 40 addresses in 12 networks, of two domains.
NETWORKS = [f"100.64.{n}" for n in range(12)]
POOL = [f"{NETWORKS[i % 12]}.{10 + i}" for i in range(40)]
ZONE = {
    "icloud.com": [{"TXT": "v=spf1 redirect=_spf.icloud.com"}],
    "_spf.icloud.com": [{"TXT": "v=spf1 " + " ".join(
        f"ip4:{n}.0/24" for n in NETWORKS[0::2]) + " ~all"}],
    "pool.example": [{"TXT": "v=spf1 include:a.pool.example include:b.pool.example -all"}],
    "a.pool.example": [{"TXT": "v=spf1 " + " ".join(
        f"ip4:{n}.0/24" for n in NETWORKS[1:6:2]) + " -all"}],
    "b.pool.example": [{"TXT": "v=spf1 a:out.pool.example/24 ip4:" +
                        f"{NETWORKS[9]}.0/24 ip4:{NETWORKS[11]}.0/24 -all"}],
    "out.pool.example": [{"A": f"{NETWORKS[7]}.200"}],
    "mx.icloud.com": [{"TXT": "v=spf1 include:_spf.icloud.com -all"}],
    "silent.example": ["TIMEOUT"],
}


class Mail:
    """A Postfix whose greymilter asks a test's DNS."""

    def __init__(self, place, make_postfix, dns, timeout="3s", **options):
        self.milter = Greymilter(place, **{
            "delay": Bare("2s"), "retry_window": Bare("2h"),
            "spf": {"enabled": True, "timeout": Bare(timeout),
                    "nameservers": [dns.address]}, **options}).start()
        self.postfix = make_postfix(milter=self.milter.port)

    def send(self, sender, recipient=RECIPIENT, **who):
        try:
            return smtp.attempt(self.postfix.port, sender, recipient, **who)
        except smtplib.SMTPDataError as refused:
            return f"{refused.smtp_code} {refused.smtp_error.decode()}"


@pytest.fixture
def dns():
    with DnsServer(ZONE) as server:
        yield server


def test_every_message_arrives_after_one_wait(place, make_postfix, dns):
    mail = Mail(place, make_postfix, dns)
    assert mail.milter.greywl("list").stdout == ""
    icloud = [a for i, a in enumerate(POOL) if i % 12 % 2 == 0]
    others = [a for i, a in enumerate(POOL) if i % 12 % 2 == 1]
    for domain, addresses in (("icloud.com", icloud), ("pool.example", others)):
        half = len(addresses) // 2
        first, again = addresses[:half], addresses[half:]
        for i, address in enumerate(first):
            answer = mail.send(f"sender{chr(97 + i)}@{domain}", address=address)
            assert answer.startswith("451 4.7.1 "), (domain, address, answer)
        time.sleep(2.1)
        for i, address in enumerate(again):
            assert address not in first
            answer = mail.send(f"sender{chr(97 + i)}@{domain}", address=address)
            assert answer.startswith("250"), (domain, address, answer)
    sent = len(icloud) // 2 + len(others) // 2
    until(lambda: len(mail.postfix.mail_in()) == sent, 10, "all are in the mailbox")


def test_its_forger_gains_nothing(place, make_postfix, dns):
    """With an hour's delay, so that only the whitelist lets pass."""
    mail = Mail(place, make_postfix, dns, delay=Bare("1h"))
    for domain in ("icloud.com", "pool.example"):
        assert mail.send(f"boss@{domain}", **FORGER).startswith("451")
    mail.milter.greywl("preset", "apple")
    until(lambda: mail.send("boss@icloud.com", address=POOL[0]).startswith("250"), 2,
          "the real one passes at once")
    assert mail.send("new@icloud.com", address=POOL[2]).startswith("250")
    for sender in ("boss@icloud.com", "Boss@ICLOUD.com", "other@icloud.com",
                   "boss@sub.icloud.com", "boss@me.com"):
        answer = mail.send(sender, **FORGER)
        assert answer.startswith("451"), (sender, answer)
    # The other pool is not listed; it waits.
    assert mail.send("boss@pool.example", address=POOL[1]).startswith("451")


def test_a_forger_does_not_take_over_the_wait_of_the_pool(place, make_postfix, dns):
    mail = Mail(place, make_postfix, dns)
    assert mail.send("boss@icloud.com", address=POOL[0]).startswith("451")
    time.sleep(2.1)
    assert mail.send("boss@icloud.com", **FORGER).startswith("451")
    assert mail.send("boss@icloud.com", address=POOL[4]).startswith("250")


def garbage(query, tcp):
    return query.packet[:2] + b"\xff" * 60


def servfail(query, tcp):
    return reply(query, (), 2)


def forever_cut(query, tcp):
    return reply(query, (), 0, tc=True)


def nothing(query, tcp):
    return None


def plus_all(query, tcp):
    """A resolver that lies: everything is "+all"."""
    return reply(query, [record(query.name, "TXT", "v=spf1 +all")])


@pytest.mark.parametrize("handler", [nothing, garbage, servfail, forever_cut, plus_all],
                         ids=lambda h: h.__name__)
def test_a_dns_that_is_silent_hostile_or_wrong(place, make_postfix, handler):
    with DnsServer(handler=handler) as dns:
        mail = Mail(place, make_postfix, dns, f"{TIMEOUT_S * 1000:.0f}ms",
                    delay=Bare("1h"))
        mail.milter.greywl("preset", "apple")
        time.sleep(0.6)
        for sender, address in itertools.product(
                ("a@icloud.com", "b@pool.example"), (POOL[0], FORGER["address"])):
            begun = time.monotonic()
            answer = mail.send(sender, address=address)
            took = time.monotonic() - begun
            assert answer.startswith("451"), (sender, address, answer)
            assert took < TIMEOUT_S + 1, f"{took:.2f} s"


def test_a_bounce_is_known_by_its_helo(place, make_postfix, dns):
    mail = Mail(place, make_postfix, dns)
    bounce = {"helo": "mx.icloud.com"}
    assert mail.send("", address=POOL[0], **bounce).startswith("451")
    time.sleep(2.1)
    assert mail.send("", address=FORGER["address"], **bounce).startswith("451")
    assert mail.send("", address=POOL[4], **bounce).startswith("250")


def test_a_bounce_is_exempt_by_its_helo(place, make_postfix, dns):
    mail = Mail(place, make_postfix, dns, delay=Bare("1h"))
    mail.milter.greywl("preset", "apple")
    until(lambda: mail.send("", address=POOL[0], helo="mx.icloud.com").startswith("250"),
          2, "HELO's SPF proves it")
    # The client lies inside the listed domain's own SPF, whatever HELO says.
    assert mail.send("", address=POOL[2], helo="localhost").startswith("250")
    assert mail.send("", address=FORGER["address"], helo="mx.icloud.com").startswith("451")
    assert mail.send("", address=FORGER["address"], helo="icloud.com").startswith("451")
