"""Looks from outside, at real servers on loopback."""

import contextlib
import json
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time

import pytest

from mg import page
from mg.daemons import Bare, Statusd
from mg.dns import DnsServer
from mg.wait import stays, until

GREETING = {"smtp": "220 here ESMTP", "imap": "* OK here", "pop3": "+OK here",
            "ftp": "220 here", "tcp": "SSH-2.0-here"}


class Talk(socketserver.StreamRequestHandler):
    """As much of SMTP, IMAP, POP3, FTP and HTTP as a look needs."""

    def finish(self):
        with contextlib.suppress(OSError, ssl.SSLError):
            super().finish()

    def setup(self):
        self.failed = False
        if self.server.implicit:
            try:
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            except (OSError, ssl.SSLError):
                self.failed = True
        super().setup()

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        if self.failed:
            return
        try:
            self.talk()
        except (OSError, ssl.SSLError):
            pass

    def talk(self):
        kind = self.server.kind
        if kind == "mute":
            time.sleep(5)
            return
        if kind == "http":
            self.rfile.readline()
            body = "all is well"
            self.say(f"HTTP/1.1 {self.server.status}\r\nContent-Length: {len(body)}"
                     f"\r\nConnection: close\r\n\r\n{body}")
            return
        self.say(GREETING[kind])
        while line := self.rfile.readline():
            self.answer(kind, line.decode().strip())

    def answer(self, kind, line):
        tag, _, rest = line.partition(" ")
        word = (rest if kind == "imap" else tag).upper().split(" ")[0]
        start = word in ("STARTTLS", "STLS", "AUTH") and "LOGIN" not in line
        if kind == "smtp":
            self.say("220 go" if start else
                     "250-here\r\n250 STARTTLS" if word == "EHLO" else "250 well")
        elif kind == "imap":
            if word == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1 STARTTLS")
            self.say(f"{tag} OK")
        elif kind == "pop3":
            self.say("+OK\r\nSTLS\r\n." if word == "CAPA" else "+OK")
        elif kind == "ftp":
            self.say("234 go" if start else "530 who are you?" if word == "PASS" else
                     "331 more" if word == "USER" else "200 well")
        if start:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.rfile = self.request.makefile("rb")
            self.wfile = self.request.makefile("wb", buffering=0)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, kind, tls=None, implicit=False, port=0):
        self.kind, self.tls, self.implicit, self.status = kind, tls, implicit, "200 OK"
        super().__init__(("127.0.0.1", port), Talk)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Sip:
    """Answers OPTIONS over UDP."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            lines = packet.decode().split("\r\n")
            assert lines[0].startswith("OPTIONS sip:")
            kept = [x for x in lines if re.match("Via|From|To|Call-ID|CSeq", x)]
            self.socket.sendto("\r\n".join(["SIP/2.0 200 OK", *kept, "", ""]).encode(), peer)

    def stop(self):
        self.socket.close()


@pytest.fixture
def tls(place):
    """A certificate that signs itself and ends in ten days."""
    cert, key = place / "cert.pem", place / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10",
                    "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def make(place, probes, **options):
    fast = {"interval": Bare("1s"), "timeout": Bare("1s")}
    system = {"role": "Mail server", "city": "Oslo", "country": "NO",
              **{("probe", k): {**fast, **v} for k, v in probes.items()}}
    return Statusd(place, systems={"NC036": system, "NC042": {}}, **options)


def probes(statusd):
    (first, _) = json.loads(statusd.ctl("systems", "--json").stdout)
    return {p["name"]: p for p in first["probes"]}


def answers(statusd):
    return {k: p["answers"] for k, p in probes(statusd).items()}


def test_every_kind(place, tls):
    servers = {}
    wanted = {}
    for kind in ("smtp", "imap", "pop3", "ftp"):
        servers[kind] = Server(kind, tls)
        servers[kind + "s"] = Server(kind, tls, implicit=True)
        wanted[kind] = {"url": f"{kind}://127.0.0.1:{servers[kind].port}"}
        wanted[kind + "-tls"] = {**wanted[kind], "starttls": True, "verify": False}
        wanted[kind + "s"] = {"url": f"{kind}s://127.0.0.1:{servers[kind + 's'].port}",
                              "verify": False}
    servers["http"], servers["https"] = Server("http"), Server("http", tls, implicit=True)
    servers["tcp"] = Server("tcp")
    wanted["http"] = {"url": f"http://127.0.0.1:{servers['http'].port}/x?y=1",
                      "expect": "is well"}
    wanted["https"] = {"url": f"https://127.0.0.1:{servers['https'].port}/", "verify": False}
    wanted["tcp"] = {"url": f"tcp://127.0.0.1:{servers['tcp'].port}", "expect": "SSH-2.0"}
    servers["sip"] = Sip()
    wanted["sip"] = {"url": f"sip://127.0.0.1:{servers['sip'].port}"}
    wanted["ping"] = {"url": "ping://127.0.0.1"}
    with DnsServer({"example.net": [{"A": "192.0.2.7"}]}) as dns:
        wanted["dns"] = {"url": f"dns://{dns.address}/example.net", "expect": "192.0.2.7"}
        statusd = make(place, wanted).start()
        good = {k: "answers" for k in wanted}
        if "pings are refused" in statusd.check()[1]:
            good["ping"] = "unknown"
        until(lambda: {k: v for k, v in answers(statusd).items() if v != good[k]} == {}, 15,
              "all answer")
        seen = probes(statusd)
        for name in ("smtp-tls", "smtps", "imaps", "https", "ftp-tls"):
            assert seen[name]["certificate_expires_at"] is not None, name
        assert all(p["latency_s"] < 1 for k, p in seen.items() if k != "ping")
        # The certificate ends in ten days: the operator knows.
        shown = statusd.ctl("show", "--json", "1", check=False).stdout
        assert "certificate" not in shown
    statusd.stop()
    for s in servers.values():
        s.stop()


def test_what_fails_is_seen_and_ends(place, tls):
    smtp, http, mute = Server("smtp"), Server("http"), Server("mute")
    secure = Server("smtp", tls, implicit=True)
    statusd = make(place, {
        "smtp": {"url": f"smtp://127.0.0.1:{smtp.port}"},
        "text": {"url": f"http://127.0.0.1:{http.port}/", "expect": "of old"},
        "mute": {"url": f"imap://127.0.0.1:{mute.port}"},
        "stranger": {"url": f"smtps://127.0.0.1:{secure.port}"},
        "none": {"url": "dns://no-such-host.invalid/example.net"}}).start()
    until(lambda: answers(statusd) == {
        "smtp": "answers", "text": "silent", "mute": "silent", "stranger": "silent",
        "none": "silent"}, 20, "the bad ones are found")
    (incident,) = statusd.incidents()
    assert incident["title"] == "NC036: A service is not available"
    until(lambda: page.find(statusd.get(), "NC036", "yes"), 3)
    # Nobody reports for it, so its state is not known; a dash where none looks.
    assert page.find(statusd.get(), "NC036", "unknown")
    evidence = statusd.ctl("list", "--json").stdout
    assert "probe" not in json.loads(evidence)[0]["entries"][0]["body"]

    statusd.stop()
    port = smtp.port
    smtp.stop()
    statusd = make(place, {"smtp": {"url": f"smtp://127.0.0.1:{port}", "failures": 3,
                                    "of": 4}}).start()
    # Probes that are gone hold nothing open.
    until(lambda: [i["status"] for i in statusd.incidents()] == ["resolved"], 15)
    until(lambda: answers(statusd) == {"smtp": "silent"}, 15)
    until(lambda: statusd.incidents()[0]["status"] == "investigating", 5)
    assert json.loads(statusd.ctl("systems", "--json").stdout)[0]["answers"] == "silent"
    again = Server("smtp", port=port)
    until(lambda: answers(statusd) == {"smtp": "answers"}, 15)
    until(lambda: statusd.incidents()[0]["status"] == "resolved", 5)
    again.stop()


def test_our_own_network_first(place):
    gone = Server("tcp")
    near = Server("tcp")
    gone.stop()
    statusd = make(place, {"tcp": {"url": f"tcp://127.0.0.1:{gone.port}"}},
                   self_check=[f"tcp://127.0.0.1:{near.port}"]).start()
    until(lambda: answers(statusd) == {"tcp": "silent"}, 15)
    statusd.stop()
    near.stop()
    other = make(place, {"tcp": {"url": f"tcp://127.0.0.1:{gone.port}"}}, name="other",
                 self_check=[f"tcp://127.0.0.1:{near.port}"]).start()
    stays(lambda: answers(other) == {"tcp": "unknown"} and other.incidents() == [], 4)


def test_a_system_that_only_probes_tell_of(place):
    web = Server("http")
    fast = {"interval": Bare("1s"), "timeout": Bare("1s")}
    statusd = Statusd(place, systems={
        "NC050": {"role": "Web", "reports": False,
                  ("probe", "web"): {**fast, "url": f"http://127.0.0.1:{web.port}/"}},
        "NC051": {"role": "Host", "reports": False,
                  ("probe", "ping"): {**fast, "url": "ping://127.0.0.1"}}}).start()

    def states():
        return [s["state"] for s in json.loads(statusd.ctl("systems", "--json").stdout)]

    # A ping alone proves nothing.
    until(lambda: states() == ["operational", "unknown"], 10)
    web.status = "503 Not now"
    until(lambda: states()[0] == "partial outage", 10)
    web.stop()


def test_wrong_probes_are_refused(place):
    for probe, why in (({"url": "gopher://x"}, "no probe"),
                       ({"url": "smtp://x", "expect": "y"}, "expect is for"),
                       ({"url": "ping://x", "failures": 4, "of": 3}, "failures must not"),
                       ({"url": "http://x", "starttls": True}, "starttls is for")):
        status, text = make(place, {"p": probe}).check()
        assert status == 1 and why in text and re.search(r"statusd.conf:\d+:", text), text
