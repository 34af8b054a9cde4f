"""An SMTP client that can be anybody.

Postfix lets 127.0.0.1 say who it stands for (XCLIENT), so a session can come
from any address, with any name, HELO and login.
"""

import smtplib


class Client(smtplib.SMTP):
    """One session with Postfix at "port".

    address, name: the client as Postfix is to see it; name None: no name that
    is confirmed ("unknown").  helo: what it says at EHLO.  login: the SASL
    name, where given.
    """

    def __init__(self, port, address=None, name=None, helo=None, login=None,
                 timeout=30):
        super().__init__(local_hostname=helo or "client.example", timeout=timeout)
        code, text = self.connect("127.0.0.1", port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        self.greet(helo)
        if address or name or login:
            self.become(address, name, helo, login)

    def greet(self, helo=None):
        self.ehlo_or_helo_if_needed() if helo is None else self.ehlo(helo)

    def become(self, address, name=None, helo=None, login=None):
        """Be another client from here on."""
        words = []
        if address:
            words.append("ADDR=" + ("IPV6:" if ":" in address else "") + address)
            words.append("NAME=" + (name or "[UNAVAILABLE]"))
            words.append("REVERSE_NAME=" + (name or "[UNAVAILABLE]"))
        if login:
            words.append("LOGIN=" + login)
        code, text = self.docmd("XCLIENT " + " ".join(words))
        if code != 220:
            raise smtplib.SMTPResponseException(code, text)
        self.ehlo(helo or self.local_hostname)

    def mail_from(self, sender):
        return self.reply(f"MAIL FROM:<{sender}>")

    def rcpt_to(self, recipient):
        return self.reply(f"RCPT TO:<{recipient}>")

    def reply(self, command):
        """The whole reply as one line of text: "451 4.7.1 ..."."""
        code, text = self.docmd(command)
        return f"{code} {text.decode('utf-8', 'replace')}"

    def content(self, message):
        code, text = self.data(message)
        return f"{code} {text.decode('utf-8', 'replace')}"


def message(subject="hello", size=0, sender="a@b.example", recipient="c@d.example",
            message_id=None, extra=""):
    """A small message as bytes; "size" bytes of body where given."""
    body = "Hello.\r\n"
    if size:
        line = "x" * 76 + "\r\n"
        body = line * (size // len(line) + 1)
    head = (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n" +
            (f"Message-ID: <{message_id}>\r\n" if message_id else "") + extra)
    return (head + "\r\n" + body).encode()


def attempt(port, sender, recipient, body=None, **who):
    """One whole session.  The reply that ended it: RCPT's where that refused,
    else the one to the message."""
    with Client(port, **who) as client:
        reply = client.mail_from(sender)
        if not reply.startswith("2"):
            return reply
        reply = client.rcpt_to(recipient)
        if not reply.startswith("2"):
            return reply
        return client.content(body or message(sender=sender, recipient=recipient))


def burst(port, count, sender, recipient, body=None, **who):
    """Many messages in one session; "recipient" may hold {i}.  All must be
    taken."""
    with Client(port, **who) as client:
        for i in range(count):
            for reply in (client.mail_from(sender),
                          client.rcpt_to(recipient.format(i=i)),
                          client.content(body or message(f"message {i}", sender=sender))):
                assert reply.startswith("2"), reply
