"""The milter protocol as Postfix speaks it: a client for tests of answers.

For speed there is tests/bench/milterload; this one is for what Postfix would
not send, and for asking a milter without a Postfix.
"""

import socket
import struct

# What Postfix 3.7 offers (protocol 6): actions, and the steps that may be
# negotiated away.
VERSION, ACTIONS, STEPS = 6, 0x1FF, 0x1FFFFF
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT, NO_BODY, NO_HDRS, NO_EOH = (1 << i for i in range(7))
NR_HDR = 0x80
NO_UNKNOWN, NO_DATA = 0x100, 0x200
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT, NR_DATA = (0x1000 << i for i in range(5))
NR_UNKN, NR_EOH, NR_BODY = 0x20000, 0x40000, 0x80000


class MilterClient:
    """One session with the milter at "port"; options are negotiated at once."""

    def __init__(self, port, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send("O", struct.pack("!III", VERSION, ACTIONS, STEPS))
        command, data = self.read()
        assert command == "O", (command, data)
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.send("Q")
        except OSError:
            pass
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command.encode() + data)

    def _exactly(self, n):
        got = b""
        while len(got) < n:
            part = self.socket.recv(n - len(got))
            if not part:
                raise ConnectionError("the milter closed the session")
            got += part
        return got

    def read(self):
        (size,) = struct.unpack("!I", self._exactly(4))
        packet = self._exactly(size)
        return packet[:1].decode(), packet[1:]

    def _step(self, command, data, away, silent):
        if self.steps & away:
            return "c", b""
        self.send(command, data)
        if self.steps & silent:
            return "c", b""
        while (answer := self.read())[0] == "p":
            pass
        return answer

    def macros(self, stage, **values):
        """Macros for a command; "_" stands for "{...}" around a long name."""
        text = b"".join((k if len(k) == 1 else "{" + k + "}").encode() + b"\0" +
                        v.encode() + b"\0" for k, v in values.items())
        self.send("D", stage.encode() + text)

    def connect(self, address="192.0.2.1", name=None, port=4242):
        host = name or f"[{address}]"
        family = b"6" if ":" in address else b"4"
        text = ("IPv6:" + address) if ":" in address else address
        return self._step("C", host.encode() + b"\0" + family +
                          struct.pack("!H", port) + text.encode() + b"\0",
                          NO_CONNECT, NR_CONN)

    def helo(self, name="client.example"):
        return self._step("H", name.encode() + b"\0", NO_HELO, NR_HELO)

    def mail(self, sender, *args):
        words = b"".join(w.encode("utf-8", "surrogateescape") + b"\0"
                         for w in (f"<{sender}>", *args))
        return self._step("M", words, NO_MAIL, NR_MAIL)

    def rcpt(self, recipient, *args):
        """("c", b"") for go on, ("y", b"451 ...") for a reply, "t", "r" ..."""
        words = b"".join(w.encode("utf-8", "surrogateescape") + b"\0"
                         for w in (f"<{recipient}>", *args))
        return self._step("R", words, NO_RCPT, NR_RCPT)

    def data(self):
        return self._step("T", b"", NO_DATA, NR_DATA)

    def header(self, name, value):
        return self._step("L", name.encode() + b"\0" + value.encode() + b"\0",
                          NO_HDRS, NR_HDR)

    def end_of_headers(self):
        return self._step("N", b"", NO_EOH, NR_EOH)

    def body(self, content=b"hello\r\n"):
        return self._step("B", content, NO_BODY, NR_BODY)

    def end_of_message(self):
        """(answer, [modifications]) at the end of the message."""
        self.send("E")
        changes = []
        while True:
            command, data = self.read()
            if command in "cartydf":
                return (command, data), changes
            if command != "p":
                changes.append((command, data))

    def abort(self):
        self.send("A")


def ask(port, address, sender, recipient, name=None, helo="client.example"):
    """The answer to one recipient, as text: "pass" or the reply."""
    with MilterClient(port) as m:
        m.connect(address, name)
        m.helo(helo)
        for answer in (m.mail(sender), m.rcpt(recipient)):
            if answer[0] == "y":
                return answer[1].rstrip(b"\0").decode("utf-8", "replace")
            if answer[0] not in "ca":
                return {"t": "tempfail", "r": "reject"}.get(answer[0], answer[0])
        return "pass"
