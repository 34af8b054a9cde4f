"""A mail log as Postfix writes it, made up: for tests and benchmarks.

The same seed makes the same log.
"""

import itertools
import random
import time

REPLIES = (
    "450 4.2.0 <{to}>: Recipient address rejected: try again in {n} seconds",
    "451 4.7.1 Greylisted, see http://postgrey.example/help/{n}.html",
    "452 4.3.1 Insufficient system storage",
)
REFUSALS = (
    "550 5.1.1 <{to}>: Recipient address rejected: User unknown",
    "554 5.7.1 Service unavailable; Client host [192.0.2.{b}] blocked, id {n:x}",
)


class Log:
    """lines(n) is a text of at least n lines, beginning at "start"."""

    def __init__(self, seed=1, start=None, rate=50):
        self.random = random.Random(seed)
        self.at = start or time.time() - 3600
        self.rate = rate
        self.ids = itertools.count(0x10000)
        self.out = []

    def say(self, program, text):
        self.at += self.random.random() * 2 / self.rate
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(self.at))
        self.out.append(f"{stamp} mx postfix/{program}[{self.random.randrange(9, 32000)}]:"
                        f" {text}\n")

    def client(self):
        a = self.random.randrange(1, 250)
        return f"mail{a % 40}.sender{a}.example[198.51.100.{a}]"

    def recipient(self):
        r = self.random.random()
        return (f"user{int(r * 1000)}@home.example" if r < .5 else
                f"someone{int(r * 9000)}@dest{int(r * 300)}.example")

    def delivery(self, qid, to):
        outside = not to.endswith("home.example")
        relay = (f"mx.{to.partition('@')[2]}[203.0.113.{len(to)}]:25" if outside
                 else "virtual")
        roll = self.random.random()
        how = {"to": to, "n": self.random.randrange(1, 100000), "b": len(to)}
        if outside and roll < .1:
            end = "deferred (host {} said: {} (in reply to RCPT TO command))".format(
                relay.rpartition(":")[0], self.random.choice(REPLIES).format(**how))
        elif outside and roll < .13:
            end = f"deferred (connect to {relay}: Connection timed out)"
            relay = "none"
        elif outside and roll < .2:
            end = "bounced (host {} said: {} (in reply to RCPT TO command))".format(
                relay.rpartition(":")[0], self.random.choice(REFUSALS).format(**how))
        elif outside:
            end = f"sent (250 2.0.0 Ok: queued as {next(self.ids):X})"
        else:
            end = "sent (delivered to maildir)"
        orig = f", orig_to=<alias{how['b']}@home.example>" if roll > .95 else ""
        self.say("smtp" if outside else "virtual",
                 f"{qid}: to=<{to}>{orig}, relay={relay}, delay={roll * 9:.2g}, "
                 f"delays={roll:.2g}/0.01/{roll:.1g}/{roll * 2:.2g}, "
                 f"dsn={'2.0.0' if 'sent' in end else '4.0.0'}, status={end}")

    def message(self):
        qid = f"{next(self.ids):X}"
        client, size = self.client(), self.random.randrange(500, 90000)
        login = (f", sasl_method=PLAIN, sasl_username=user{size % 50}@home.example"
                 if size % 3 == 0 else "")
        program = "submission/smtpd" if login else "smtpd"
        self.say(program, f"connect from {client}")
        self.say(program, f"{qid}: client={client}{login}")
        self.say("cleanup", f"{qid}: message-id=<{size}.{qid}@{client.partition('[')[0]}>")
        to = [self.recipient() for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        self.say("qmgr", f"{qid}: from=<person{size % 400}@sender{size % 90}.example>, "
                         f"size={size}, nrcpt={len(to)} (queue active)")
        self.say(program, f"disconnect from {client} ehlo=1 mail=1 rcpt={len(to)} data=1 "
                          "quit=1 commands=5")
        for address in to:
            self.delivery(qid, address)
        self.say("qmgr", f"{qid}: removed")

    def stranger(self):
        client = self.client()
        self.say("smtpd", f"connect from {client}")
        self.say("smtpd", f"NOQUEUE: reject: RCPT from {client}: 554 5.7.1 <x@y.example>: "
                          "Relay access denied; from=<spam@s.example> to=<x@y.example> "
                          "proto=ESMTP helo=<s.example>")
        self.say("smtpd", f"disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 "
                          "commands=3/4")

    def odd(self):
        """What stands in real logs as well."""
        self.say("pickup", f"{next(self.ids):X}: uid=0 from=<root>")
        self.say("local", f"{next(self.ids):X}: to=<bob@home.example>, relay=local, delay=1, "
                          "delays=1/0/0/0, dsn=2.0.0, status=sent (forwarded as 12345)")
        self.say("cleanup", f"{next(self.ids):X}: reject: header Subject: spam from "
                            f"{self.client()}; from=<a@b.example> to=<c@d.example> "
                            "proto=ESMTP helo=<x>: 5.7.1 no")
        self.say("cleanup", f"{next(self.ids):X}: milter-reject: END-OF-MESSAGE from "
                            f"{self.client()}: 4.7.1 later; from=<a@b.example>")
        self.say("smtpd", f"NOQUEUE: milter-reject: RCPT from {self.client()}: 451 4.7.1 "
                          "wait; from=<a@b.example> to=<c@d.example>")
        self.say("smtpd", f"NOQUEUE: reject_warning: RCPT from {self.client()}: 450 4.1.8 "
                          "<a@b>: Sender address rejected; from=<a@b> to=<c@d.example>")
        self.say("postscreen", "NOQUEUE: reject: RCPT from [192.0.2.7]:4711: 550 5.7.1 "
                               "Service unavailable; from=<a@b.example>, to=<c@d.example>, "
                               "proto=ESMTP, helo=<x>")
        self.say("qmgr", f"{next(self.ids):X}: from=<a@b.example>, status=expired, "
                         "returned to sender")
        self.say("anvil", "statistics: max connection rate 3/60s for (smtp:192.0.2.1) at "
                          "Oct  2 10:00:00")
        self.out.append("Oct  2 10:00:00 mx dovecot: imap-login: Login: user=<bob>\n")
        self.out.append("not a line of a log at all\n")

    def lines(self, n):
        while len(self.out) < n:
            roll = self.random.random()
            if roll < .8:
                self.message()
            elif roll < .99:
                self.stranger()
            else:
                self.odd()
        text, self.out = "".join(self.out), []
        return text
