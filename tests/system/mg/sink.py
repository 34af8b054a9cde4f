"""A destination: an SMTP server whose answers can be changed while it runs."""

import socketserver
import threading

from .ports import free_port


class _Session(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.say("220 sink.example ESMTP")
            while True:
                line = self.rfile.readline(4096)
                if not line or not self.command(line.decode("latin-1").strip()):
                    return
        except OSError:
            return

    def command(self, line):
        verb = line.upper().split(" ", 1)[0].split(":", 1)[0]
        sink = self.server.sink
        if verb in ("EHLO", "HELO"):
            self.say("250 sink.example")
        elif verb == "RCPT":
            self.say(sink.answer(line.partition("<")[2].partition(">")[0]))
        elif verb == "DATA":
            self.say("354 go on")
            self.message()
            self.say(sink.end_reply)
        elif verb == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 ok")
        return True

    def message(self):
        lines = []
        while True:
            line = self.rfile.readline(65536)
            if line in (b".\r\n", b".\n", b""):
                break
            lines.append(line)
        self.server.sink.taken(b"".join(lines))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class Sink:
    """Takes mail, until told otherwise.

    refuse("450 4.2.0 try later") answers every RCPT so; accept() takes all
    again; accept(n) takes n more and then refuses as before.
    """

    def __init__(self, place, keep=False):
        self.port = free_port()
        self.end_reply = "250 2.0.0 taken"
        self._lock = threading.Lock()
        self._refusal = "450 4.2.0 mailbox busy, try again later"
        self._left = None  # None: without end
        self._keep = keep
        self.recipients = []
        self.messages = []
        self.count = 0
        self.refused = 0
        self._server = _Server(("127.0.0.1", self.port), _Session)
        self._server.sink = self
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()
        place.on_close(self.close)

    def refuse(self, reply=None):
        with self._lock:
            self._refusal = reply or self._refusal
            self._left = 0

    def accept(self, count=None):
        with self._lock:
            self._left = count

    def answer(self, recipient):
        with self._lock:
            if self._left == 0:
                self.refused += 1
                return self._refusal
            if self._left is not None:
                self._left -= 1
            self.recipients.append(recipient)
            return "250 2.1.5 ok"

    def taken(self, content):
        with self._lock:
            self.count += 1
            if self._keep:
                self.messages.append(content)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
