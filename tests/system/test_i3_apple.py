"""I3, March 2025: big senders' mail is deferred.  The whitelist acts at once,
and a forger gains nothing by it."""

import os

import pytest

from mg import smtp
from mg.daemons import Bare, Greymilter
from mg.wait import until

APPLE = {"address": "198.51.100.40", "name": "rn2-txn-msbadger01.apple.com",
         "helo": "rn2-txn-msbadger01.apple.com"}
FORGER = {"address": "203.0.113.66", "helo": "apple.com"}
RECIPIENT = "user@home.example"


@pytest.fixture
def mail(place, make_postfix):
    """A Postfix with greymilter; an hour's delay, so that only rules let pass."""
    milter = Greymilter(place, delay=Bare("1h")).start()
    postfix = make_postfix(milter=milter.port)

    def send(sender, who, recipient=RECIPIENT):
        return smtp.attempt(postfix.port, sender, recipient, **who)
    send.milter, send.postfix = milter, postfix
    return send


def test_a_stranger_waits(mail):
    reply = mail("someone@apple.com", APPLE)
    assert reply.startswith("451 4.7.1 "), reply
    assert RECIPIENT in reply and "3600 seconds" in reply


@pytest.mark.alone
@pytest.mark.parametrize("entry", [
    ["198.51.100.40"], ["198.51.100.0/24"], ["--client-name", "apple.com"],
    ["someone@apple.com"], ["apple.com", "--proof", "name"],
    ["apple.com", "--proof", "none"], ["--recipient", RECIPIENT]],
    ids=" ".join)
def test_an_entry_acts_within_a_second_and_so_does_its_removal(mail, entry):
    assert mail("someone@apple.com", APPLE).startswith("451")
    mail.milter.greywl("add", *entry)
    until(lambda: mail("someone@apple.com", APPLE).startswith("250"), 1.0,
          f"{entry} lets pass")
    mail.milter.greywl("remove", *entry)
    until(lambda: mail("someone@apple.com", APPLE).startswith("451"), 1.0,
          f"without {entry} he waits")


@pytest.mark.alone
def test_an_entry_acts_while_the_disk_stands_still(mail):
    """The whitelist's copy as text cannot be written: whoever opens the file
    waits, as on a disk that answers nobody."""
    copy = f"{mail.milter.store}.whitelist.new"
    os.mkfifo(copy, 0o666)
    os.chmod(copy, 0o666)
    assert mail("someone@apple.com", APPLE).startswith("451")
    try:
        for _ in range(2):
            mail.milter.greywl("add", APPLE["address"])
            until(lambda: mail("someone@apple.com", APPLE).startswith("250"), 1.0)
            mail.milter.greywl("remove", APPLE["address"])
            until(lambda: mail("someone@apple.com", APPLE).startswith("451"), 1.0)
    finally:
        with open(copy, "rb") as waited_for:
            waited_for.read()


def test_the_preset_lets_no_forger_pass(mail):
    mail.milter.greywl("preset", "apple")
    listed = mail.milter.greywl("list").stdout
    for domain in ("apple.com", "icloud.com", "me.com", "mac.com"):
        assert domain in listed
        assert mail(f"boss@{domain}", FORGER).startswith("451"), domain
        assert mail(f"boss@sub.{domain}", FORGER).startswith("451"), domain


def test_a_name_must_be_confirmed_to_prove(mail):
    mail.milter.greywl("add", "apple.com", "--proof", "name")
    until(lambda: mail("a@apple.com", APPLE).startswith("250"), 1.0)
    # HELO says what it likes; "pineapple.com" is not below "apple.com".
    assert mail("a@apple.com", FORGER).startswith("451")
    assert mail("a@apple.com", {**FORGER, "name": "mail.pineapple.com"}).startswith("451")
    assert mail("a@pineapple.com", {**FORGER, "name": "mx.pineapple.com"}).startswith("451")


def test_an_exempt_recipient_exempts_no_other(mail):
    mail.milter.greywl("add", "--recipient", RECIPIENT)
    who = {"address": "203.0.113.9"}
    until(lambda: mail("a@b.example", who).startswith("250"), 1.0)
    with smtp.Client(mail.postfix.port, **who) as client:
        assert client.mail_from("a@b.example").startswith("250")
        assert client.rcpt_to(RECIPIENT).startswith("250")
        assert client.rcpt_to("other@home.example").startswith("451")
        assert client.rcpt_to(RECIPIENT).startswith("250")
    with smtp.Client(mail.postfix.port, **who) as client:
        client.mail_from("a@b.example")
        assert client.rcpt_to("other@home.example").startswith("451")


def test_the_own_users_never_wait(mail):
    who = {"address": "203.0.113.9"}
    assert mail("boss@home.example", {**who, "login": "boss"}).startswith("250")
    assert mail("boss@home.example", who).startswith("451")
    assert mail("boss@home.example", {}).startswith("250"), "127.0.0.1 is trusted"
