"""What README.md tells to put into Postfix: mail goes on, whatever becomes of
greymilter."""

import os
import re
import signal
import time

import pytest

from mg import smtp
from mg.daemons import Bare, Greymilter
from mg.postfix import MILTER_LINE
from mg.wait import until

WHO = {"address": "203.0.113.9", "name": "mx.b.example"}


@pytest.fixture
def line(root):
    found = re.search(r"postconf -e 'smtpd_milters = (.*)'", (root / "README.md").read_text())
    return found.group(1)


def test_the_tests_use_the_very_line(line):
    assert line == MILTER_LINE.format(port=10040)


def test_mail_goes_on_without_greymilter_and_waits_again_with_it(place, make_postfix, line):
    milter = Greymilter(place, delay=Bare("1h")).start()
    postfix = make_postfix(
        settings={"smtpd_milters": line.replace("10040", str(milter.port))})

    def send(sender):
        begun = time.monotonic()
        reply = smtp.attempt(postfix.port, sender, "user@home.example", **WHO)
        return reply[:3], time.monotonic() - begun

    assert send("a@b.example")[0] == "451"
    milter.kill()
    code, took = send("a@b.example")
    assert code == "250" and took < 2
    milter.popen = None
    milter.start()
    assert send("a@b.example")[0] == "451"
    os.kill(milter.pid, signal.SIGSTOP)
    code, took = send("a@b.example")
    assert code == "250" and took < 12, took
    os.kill(milter.pid, signal.SIGCONT)
    until(lambda: send("a@b.example")[0] == "451", 5)


def test_observe_defers_nobody_and_says_what_it_would_do(place, make_postfix):
    milter = Greymilter(place, delay=Bare("1h"), mode=Bare("observe")).start()
    postfix = make_postfix(milter=milter.port)
    reply = smtp.attempt(postfix.port, "a@b.example", "user@home.example", **WHO)
    assert reply.startswith("250")
    mail = until(postfix.mail_in)[0].decode()
    assert re.search(r"(?mi)^X-Greylist: ", mail), mail
    milter.configure(mode=Bare("enforce"))
    milter.signal(signal.SIGUSR1)
    until(lambda: smtp.attempt(postfix.port, "a@b.example", "user@home.example", **WHO)
          .startswith("451"), 5, "the new configuration acts")
