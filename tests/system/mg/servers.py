"""Receivers for tests: webhook, ntfy, SMTP, statusd's report address.

Each listens on a free loopback port, works in threads of its own, keeps what it
got in `.got`, and can be told to fail.  Use as a context manager:

    with Webhook() as hook:
        hook.answers = [500, 500]      # the next answers; then 200
        ...
        first = hook.wait(1)[0]        # waits, at most 10 s

`.wait(n)` returns the list when it has at least n items, and fails the test
with what there was otherwise.  `.stop()` closes the port and keeps its number,
`.start()` opens it again.
"""

import base64
import contextlib
import email
import email.header
import email.policy
import json
import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Receiver:
    """What all receivers have in common."""

    def __init__(self, port=None):
        self.port = port or 0
        self.got = []
        self.faults = []
        self.changed = threading.Condition()
        self.answering = threading.Lock()  # from judge() to the answer's end
        self.server = None
        self.thread = None

    def make_server(self):
        raise NotImplementedError

    def start(self):
        self.server = self.make_server()
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
            self.server = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def add(self, item):
        with self.changed:
            self.got.append(item)
            self.changed.notify_all()

    def fault(self, text):
        """The other side broke the protocol; wait() fails then."""
        with self.changed:
            self.faults.append(text)
            self.changed.notify_all()

    def wait(self, n=1, seconds=10, where=None):
        """The items (for which where(item)), as soon as there are n."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                items = [g for g in self.got if where is None or where(g)]
                assert not self.faults, self.faults
                if len(items) >= n:
                    return items
                left = deadline - time.monotonic()
                assert left > 0, (
                    f"{len(items)} of {n} after {seconds} s; all: {self.got}")
                self.changed.wait(left)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            pass

    def take(self):
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if receiver.delay:
            time.sleep(receiver.delay)
        with receiver.changed:
            receiver.tries += 1
            answer = receiver.answers.pop(0) if receiver.answers else 200
            receiver.changed.notify_all()
        if answer == "hang up":
            self.close_connection = True
            return
        with receiver.answering:
            self.answer(*(receiver.judge(self, body) if answer == 200 else (
                answer, b"told to fail")))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_GET = take


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, *args):
        super().__init__(*args)
        self.open = set()

    def process_request(self, request, client_address):
        self.receiver.connections += 1
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def server_close(self):
        """As when the process ends: what is open is closed as well; but whoever
        was taken in is told so, or he would come again."""
        super().server_close()
        with self.receiver.answering:
            for request in list(self.open):
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(request, socket.SHUT_RDWR)


class HTTPReceiver(Receiver):
    """Takes requests.  `answers`: the next statuses (or "hang up"), then 200.
    `delay`: seconds before each answer.  `tries`: requests so far, and
    `connections` by which they came."""

    scheme = "http"

    def __init__(self, port=None, tls=None):
        super().__init__(port)
        self.answers = []
        self.delay = 0
        self.tries = self.connections = 0
        self.tls = tls  # (certificate file, key file)

    def make_server(self):
        server = _Server(("127.0.0.1", self.port), _Handler)
        server.receiver = self
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            server.socket = context.wrap_socket(
                server.socket, server_side=True)
        return server

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}/hook"

    def wait_tries(self, n, seconds=10):
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.tries < n:
                left = deadline - time.monotonic()
                assert left > 0, f"{self.tries} of {n} tries"
                self.changed.wait(left)

    def judge(self, request, body):
        """Keep what came and return (status, answer)."""
        raise NotImplementedError


WEBHOOK_KEYS = {"event", "level", "system", "title", "text", "url",
                "dedup_key", "at"}


class Webhook(HTTPReceiver):
    """The generic JSON webhook: `.got` holds the decoded messages."""

    def judge(self, request, body):
        if request.command != "POST":
            self.fault(f"method {request.command}")
        if not request.headers.get("Content-Type", "").startswith(
                "application/json"):
            self.fault(f"type {request.headers.get('Content-Type')}")
        message = json.loads(body.decode("utf-8"))
        if not WEBHOOK_KEYS <= set(message):
            self.fault(f"keys {sorted(message)}")
        self.add(message)
        return 200, b"{}"


def _rfc2047(text):
    """Decode a header as Go's mime.WordDecoder does, which ntfy uses."""
    return str(email.header.make_header(email.header.decode_header(text)))


class Ntfy(HTTPReceiver):
    """As ntfy documents publishing: a text to /TOPIC with headers, or JSON to
    the root.  `.got` holds dicts of topic, title, message, priority, tags,
    click, authorization.  A topic is at most 64 letters, digits, - and _."""

    NAMES = {"title": ("title", "x-title", "t", "ti"),
             "priority": ("priority", "x-priority", "prio", "p"),
             "tags": ("tags", "x-tags", "tag", "ta"),
             "click": ("click", "x-click")}

    def url_for(self, topic):
        return f"ntfy+http://{self.address}/{topic}"

    def read_headers(self, request, body):
        message = {"topic": request.path[1:], "message": body.decode("utf-8")}
        for key, names in self.NAMES.items():
            for name in names:
                if name in request.headers:
                    value = request.headers[name]
                    if not value.isascii() or not value.isprintable():
                        self.fault(f"{name}: {value!r}")
                    message[key] = _rfc2047(value)
        message["priority"] = int(message.get("priority", 3))
        message["tags"] = [t for t in message.get("tags", "").split(",") if t]
        return message

    def judge(self, request, body):
        if request.command not in ("POST", "PUT"):
            self.fault(f"method {request.command}")
        if request.path == "/":
            message = json.loads(body.decode("utf-8"))
        else:
            message = self.read_headers(request, body)
        topic = message.get("topic")
        if not isinstance(topic, str) or not topic or len(topic) > 64 or \
                not all(c.isalnum() or c in "-_" for c in topic):
            return 400, b'{"code":40009,"http":400,"error":"topic invalid"}'
        if message.get("priority", 3) not in (1, 2, 3, 4, 5):
            return 400, b'{"code":40007,"http":400,"error":"priority"}'
        if not all(isinstance(t, str) for t in message.get("tags", [])):
            return 400, b'{"code":40024,"http":400,"error":"tags"}'
        for key in ("title", "message", "click"):
            if not isinstance(message.get(key, ""), str):
                return 400, b'{"code":40024,"http":400,"error":"text"}'
        if len(message.get("message", "").encode()) > 4096:
            self.fault("message over 4096 bytes becomes an attachment")
        message["authorization"] = request.headers.get("Authorization")
        self.add(message)
        return 200, json.dumps({"id": f"id{len(self.got)}", "event": "message",
                                "topic": topic}).encode()


class Status(HTTPReceiver):
    """statusd's POST /api/v1/report.  `.got` holds the reports taken; the
    bearer token must be `token`; `orders` go out with the next answer."""

    def __init__(self, port=None, tls=None, token="secret"):
        super().__init__(port, tls)
        self.token = token
        self.next_s = 1
        self.orders = []

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def judge(self, request, body):
        if request.path != "/api/v1/report" or request.command != "POST":
            return 404, b"{}"
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, b'{"error":"token"}'
        report = json.loads(body.decode("utf-8"))
        if report.get("schema") != 1:
            return 400, b'{"error":"schema"}'
        self.add(report)
        orders, self.orders = self.orders, []
        return 200, json.dumps(
            {"next_s": self.next_s, "orders": orders}).encode()


class _SMTPHandler(socketserver.StreamRequestHandler):
    timeout = 20

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass

    def starttls(self, receiver):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*receiver.tls)
        self.connection = context.wrap_socket(
            self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")

    def auth(self, receiver, argument):
        """AUTH PLAIN and LOGIN (RFC 4954)."""
        words = argument.split()
        if words[0].upper() == "PLAIN":
            if len(words) < 2:
                self.say("334 ")
                words.append(self.rfile.readline().strip().decode())
            _, user, password = base64.b64decode(words[1]).split(b"\0")
        else:
            self.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(self.rfile.readline())
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.rfile.readline())
        good = (user.decode(), password.decode()) == receiver.login
        self.say("235 2.7.0 ok" if good else "535 5.7.8 wrong")
        return good

    def data(self, receiver, sender, recipients, user):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            if not line.endswith(b"\r\n"):
                receiver.fault(f"bare newline: {line!r}")
            lines.append(line[1:] if line.startswith(b".") else line)
        raw = b"".join(lines)
        if max((len(line) for line in lines), default=0) > 1000:
            receiver.fault("line over 998 octets")
        if receiver.delay:
            time.sleep(receiver.delay)
        with receiver.changed:
            receiver.tries += 1
            answer = receiver.answers.pop(0) if receiver.answers else 250
        if answer == "hang up":
            return False
        if answer == 250:
            receiver.add({
                "from": sender, "to": recipients, "user": user,
                "raw": raw, "tls": isinstance(self.connection, ssl.SSLSocket),
                "message": email.message_from_bytes(
                    raw, policy=email.policy.default)})
        self.say(f"{answer} done")
        return True

    def talk(self):
        receiver = self.server.receiver
        sender, recipients, user = None, [], None
        self.say("220 test ESMTP")
        while line := self.rfile.readline():
            verb, _, rest = line.decode("utf-8").strip().partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                self.say("250-test")
                if receiver.tls and not isinstance(
                        self.connection, ssl.SSLSocket):
                    self.say("250-STARTTLS")
                if receiver.login:
                    self.say("250-AUTH PLAIN LOGIN")
                self.say("250 8BITMIME")
            elif verb == "HELO":
                self.say("250 test")
            elif verb == "STARTTLS" and receiver.tls:
                self.say("220 go on")
                self.starttls(receiver)
            elif verb == "AUTH" and receiver.login:
                if self.auth(receiver, rest):
                    user = receiver.login[0]
            elif verb == "MAIL":
                if receiver.login and not user:
                    self.say("530 5.7.0 log in first")
                    continue
                sender = rest.partition("<")[2].partition(">")[0]
                recipients = []
                self.say("250 ok")
            elif verb == "RCPT":
                recipients.append(rest.partition("<")[2].partition(">")[0])
                self.say("250 ok")
            elif verb == "DATA":
                if not self.data(receiver, sender, recipients, user):
                    return
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok" if verb in ("RSET", "NOOP") else "502 no")


class _SMTPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


class SMTP(Receiver):
    """`.got`: dicts of from, to, user, tls, raw, message (email.message).
    `answers`: the next replies to the end of data (451, "hang up"), then 250.
    `login`: (user, password) that must be given; `tls`: STARTTLS is offered
    with that (certificate file, key file); `wrapped`: TLS from the start."""

    def __init__(self, port=None, tls=None, login=None, wrapped=False):
        super().__init__(port)
        self.answers = []
        self.delay = 0
        self.tries = 0
        self.tls = tls
        self.login = login
        self.wrapped = wrapped

    def make_server(self):
        server = _SMTPServer(("127.0.0.1", self.port), _SMTPHandler)
        server.receiver = self
        if self.wrapped:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            server.socket = context.wrap_socket(
                server.socket, server_side=True)
        return server

    @property
    def url(self):
        return f"smtp{'s' if self.wrapped else ''}://127.0.0.1:{self.port}"
