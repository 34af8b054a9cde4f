"""A mail store that takes mail by LMTP (RFC 2033), and can be broken."""

import socketserver
import threading

from .ports import free_port


class _Session(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.recipients = []
        try:
            self.say("220 store LMTP")
            while line := self.rfile.readline(4096):
                if not self.command(line.decode("latin-1").strip()):
                    return
        except OSError:
            return

    def command(self, line):
        verb = line.upper().split(" ", 1)[0].split(":", 1)[0]
        if verb == "RCPT":
            self.recipients.append(line.partition("<")[2].partition(">")[0])
        if verb in ("MAIL", "RSET"):
            self.recipients = []
        if verb == "DATA":
            self.say("354 go on")
            return self.message()
        self.say("221 bye" if verb == "QUIT" else "250 ok")
        return verb != "QUIT"

    def message(self):
        lines = []
        while (line := self.rfile.readline(65536)) not in (b".\r\n", b""):
            lines.append(line)
        for recipient in self.recipients:
            reply = self.server.store.keep(recipient, b"".join(lines))
            if reply is None:
                return False
            self.say(reply)
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class Store:
    """What it got is in "stored": (recipient, message).

    break_with(reply) has it store all the same and then give that reply, or
    hang up where it is None; mend() ends that.
    """

    def __init__(self, place):
        self.port = free_port()
        self.stored = []
        self._lock = threading.Lock()
        self._broken, self._reply = False, None
        self._server = _Server(("127.0.0.1", self.port), _Session)
        self._server.store = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        place.on_close(self.close)

    def break_with(self, reply):
        with self._lock:
            self._broken, self._reply = True, reply

    def mend(self):
        with self._lock:
            self._broken = False

    def keep(self, recipient, message):
        with self._lock:
            self.stored.append((recipient, message))
            return self._reply if self._broken else "250 2.0.0 stored"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
