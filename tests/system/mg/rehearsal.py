"""Postfix's log as a test wants it."""

import random
import time


def stamp(at, form="rfc3339"):
    t = time.gmtime(at)
    if form == "rfc3339":
        return time.strftime("%Y-%m-%dT%H:%M:%S", t) + ".123456+00:00"
    if form == "year":
        return time.strftime("%b %e %Y %H:%M:%S", t)
    if form == "year first":
        return time.strftime("%Y %b %e %H:%M:%S", t)
    return time.strftime("%b %e %H:%M:%S", t)


class MailLog:
    """log.taken(...), log.put_off(...); log.text() in the order of time."""

    def __init__(self, form="rfc3339", seed=1):
        self.form = form
        self.lines = []
        self.random = random.Random(seed)
        self.n = 0

    def line(self, at, program, text):
        self.lines.append((at, f"{stamp(at, self.form)} mx postfix/{program}"
                               f"[{1000 + self.n % 100}]: {text}"))

    def taken(self, at, sender, client, recipient, name="unknown", extra="",
              service="smtpd"):
        self.n += 1
        qid = f"4{self.n:09X}Z"
        to = recipient if isinstance(recipient, list) else [recipient]
        self.line(at, service, f"connect from {name}[{client}]")
        self.line(at, service, f"{qid}: client={name}[{client}]{extra}")
        self.line(at, "cleanup", f"{qid}: message-id=<{self.n}@x.example>")
        self.line(at, "qmgr", f"{qid}: from=<{sender}>, size=1234, nrcpt={len(to)}"
                              " (queue active)")
        for r in to:
            self.line(at, "lmtp", f"{qid}: to=<{r}>, relay=mx[private/lmtp], delay=0.1,"
                                  " delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 ok)")
        self.line(at, "qmgr", f"{qid}: removed")
        self.line(at, service, f"disconnect from {name}[{client}] ehlo=1 mail=1 rcpt=1"
                               " data=1 quit=1 commands=5")

    def put_off(self, at, sender, client, recipient, name="unknown",
                text="450 4.2.0 <{r}>: Recipient address rejected: Greylisted, see x"):
        self.n += 1
        self.line(at, "smtpd", f"NOQUEUE: reject: RCPT from {name}[{client}]: "
                  + text.format(r=recipient) + f"; from=<{sender}> to=<{recipient}>"
                  " proto=ESMTP helo=<h.example>")

    def text(self):
        return "".join(x + "\n" for _, x in sorted(self.lines, key=lambda p: p[0]))


def small_server_year(days=365, a_day=550, until=None, form="rfc3339"):
    """A year of a small server: known senders, strangers, spam."""
    log = MailLog(form)
    rnd = log.random
    until = until or int(time.time())
    for day in range(days):
        midnight = until - (days - day) * 86400
        for i in range(a_day):
            at = midnight + rnd.randrange(86400)
            kind = rnd.random()
            who = f"u{rnd.randrange(60)}@home.example"
            if kind < 0.7:  # who writes often
                d = int(rnd.paretovariate(0.8)) % 400
                log.taken(at, f"p{rnd.randrange(5)}@often{d}.example",
                          f"198.51.{d % 100}.{10 + rnd.randrange(4)}", who,
                          name=f"mx{rnd.randrange(3)}.often{d}.example")
            elif kind < 0.8:
                d = rnd.randrange(10 ** 6)
                log.taken(at, f"x@rare{d}.example", f"203.0.{d % 250}.{1 + d % 200}", who,
                          name=f"mail.rare{d}.example")
            else:
                ip = f"100.{64 + rnd.randrange(60)}.{rnd.randrange(250)}.{rnd.randrange(250)}"
                log.put_off(at, f"s{rnd.randrange(10 ** 6)}@spam{rnd.randrange(999)}.example",
                            ip, who)
    return log
