"""Services, their certificates and block lists, seen from inside."""

import http.server
import os
import socket
import threading
import time
import urllib.parse

import pytest

from mg.daemons import Bare, Queuewatch
from mg.dns import DnsServer
from mg.imap import Imap, message
from mg.ports import free_port
from mg.servers import SMTP, Status
from mg.tls import Authority
from mg.wait import until

LOGIN = ("probe", "secret")


@pytest.fixture
def status():
    with Status() as s:
        yield s


@pytest.fixture
def ca(place):
    return Authority(place)


@pytest.fixture
def watch(place, status):
    """watch({sections}, option=...): a queuewatch of a host without Postfix."""
    def make(sections, **options):
        disk = {"warning": Bare("99%"), "critical": Bare("100%")}
        return Queuewatch(place, None, status_url=status.url, token=status.token,
                          sections={("disk", place.path): disk, **sections},
                          **options)
    return make


def login_file(place, user=LOGIN[0], password=LOGIN[1], mode=0o600):
    return place.write("probe.login", f"{user}\n{password}\n", mode)


def finding(report, check, subject):
    for f in report["findings"]:
        if (f["check"], f["subject"]) == (check, subject):
            return f
    return None


def last(status, check, subject):
    return finding(status.wait(1)[-1], check, subject)


def wait_level(status, check, subject, level, words="", seconds=10):
    """The finding, once it has that level and its summary these words."""
    def seen():
        f = last(status, check, subject)
        return f if f and f["level"] == level and words in f["summary"] else None
    try:
        return until(seen, seconds, f"{check} {subject} is {level} {words!r}")
    except AssertionError as fault:
        raise AssertionError(f"{fault}; {last(status, check, subject)}") from None


class Webmail(http.server.BaseHTTPRequestHandler):
    """A log-in form with a token, as Roundcube has one."""

    def log_message(self, *args):
        pass

    def page(self, text, status=200, **headers):
        body = text.encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def form(self):
        self.page('<html><script>var x = "<form><input type=password>"</script>'
                  '<form action="./?_task=login&amp;x=1" method="post">'
                  '<input type="hidden" name="_token" value="a&quot;b">'
                  '<input name=_user type=text><input type="password" name="_pass">'
                  '<button>Log in</button></form></html>', Set_Cookie="s=1; path=/")

    def do_GET(self):
        if self.server.broken:
            self.page("<h1>Database Error</h1>", 500)
        elif "s=2" in self.headers.get("Cookie", ""):
            self.page("<h1>Inbox</h1>")
        else:
            self.form()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = urllib.parse.parse_qs(body, keep_blank_values=True)
        right = {"_token": ['a"b'], "_user": [LOGIN[0]], "_pass": [LOGIN[1]]}
        if fields == right and "s=1" in self.headers.get("Cookie", "") and \
                self.path == "/?_task=login&x=1":
            self.page("", 302, Location="/?_task=mail", Set_Cookie="s=2; path=/")
        else:
            self.form()


@pytest.fixture
def webmail():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webmail)
    server.broken = False
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def service(url, **options):
    return {"url": url, "interval": Bare("1s"), "timeout": Bare("1s"), **options}


def test_every_protocol(place, watch, status, ca, webmail):
    cert = ca.issue("127.0.0.1")
    login = login_file(place)
    hears = socket.create_server(("127.0.0.1", 0))
    with SMTP(tls=cert, login=LOGIN) as smtp, Imap(tls=cert) as imap, \
            Imap(tls=cert, wrapped=True) as imaps, \
            SMTP(tls=cert, wrapped=True) as smtps:
        down = free_port()
        watch({
            ("service", "submission"): service(smtp.url, starttls=True,
                                               login_file=login),
            ("service", "smtps"): service(smtps.url),
            ("service", "imap"): service(imap.url, starttls=True, login_file=login),
            ("service", "imaps"): service(imaps.url, login_file=login),
            ("service", "webmail"): service(webmail.url, expect="Log in",
                                            login_file=login, inside="Inbox"),
            ("service", "tcp"): service(
                f"tcp://127.0.0.1:{hears.getsockname()[1]}"),
            ("service", "greets"): service(f"tcp://127.0.0.1:{smtp.port}",
                                           expect="220 test"),
            ("service", "down"): service(f"smtp://127.0.0.1:{down}"),
            ("service", "text"): service(webmail.url, expect="Welcome"),
            ("service", "silent"): service(
                f"imap://127.0.0.1:{hears.getsockname()[1]}"),
            ("service", "password"): service(
                imap.url, login_file=place.write("wrong", "probe\nx\n", 0o600)),
            ("service", "offers"): service(smtps.url, login_file=login),
            ("service", "open"): service(
                smtp.url, login_file=place.write("open", "a\nb\n", 0o644)),
        }).start()
        for name in ("submission", "smtps", "imap", "imaps", "webmail", "tcp",
                     "greets"):
            f = wait_level(status, "service", name, "ok", "answers in")
            assert 0 <= f["value"] < 1 and f["unit"] == "s", f
            assert LOGIN[1] not in str(f)
        for name, words in (
                ("down", "no connection: Connection refused"),
                ("text", "does not hold the text expected"),
                ("silent", "no answer within 1 s"),
                ("password", "the log-in is refused"),
                ("offers", "it does not offer a log-in")):
            wait_level(status, "service", name, "critical", words)
        wait_level(status, "service", "open", "unknown", "chmod 0600")
        webmail.broken = True
        wait_level(status, "service", "webmail", "critical", "answers 500")
        webmail.broken = False
        wait_level(status, "service", "webmail", "ok", "answers in")
    hears.close()


def test_down_within_two_intervals(watch, status):
    with Imap() as imap:
        watch({("service", "imap"): {"url": imap.url, "interval": Bare("2s"),
                                     "timeout": Bare("1s")}}).start()
        wait_level(status, "service", "imap", "ok", "answers in")
        imap.stop()
        since = time.monotonic()
        wait_level(status, "service", "imap", "critical", "Connection refused")
        assert time.monotonic() - since < 4
        imap.start()
        wait_level(status, "service", "imap", "ok")


def test_copy_into_the_sent_folder(place, watch, status, ca):
    """I4: mail goes out, its copy cannot be stored, and senders see errors."""
    with Imap(tls=ca.issue("127.0.0.1")) as imap:
        imap.put("Probe", message("not ours"))
        watch({("service", "sent"): service(
            imap.url, starttls=True, login_file=login_file(place),
            append="Probe")}).start()
        wait_level(status, "service", "sent", "ok", "answers in")
        until(lambda: imap.appended > 2, 10)
        imap.append_reply = "NO [OVERQUOTA] disk full"
        wait_level(status, "service", "sent", "critical",
                   "a copy cannot be stored in Probe")
        assert [m for _, m in imap.boxes["Probe"].values() if b"not ours" in m]
        assert len(imap.boxes["Probe"]) == 1, "what was stored is removed"


def test_certificate_of_a_service_that_asks_for_it(place, watch, status, ca):
    with Imap(tls=ca.issue("mail.example.net"), wrapped=True) as imap:
        qw = watch({
            ("service", "strict"): service(imap.url, ca_file=ca.root),
            ("service", "foreign"): service(
                imap.url.replace("127.0.0.1", "localhost"), ca_file="/etc/passwd"),
        })
        qw.start()
        wait_level(status, "service", "strict", "ok")
        assert wait_level(status, "certificate", "strict", "ok")["value"] > 88
        wait_level(status, "service", "foreign", "critical")


def certificate(url, **options):
    return {"url": url, "interval": Bare("1s"), **options}


def test_i2_certificates_are_renewed(place, watch, status, ca):
    """I2, 16 January 2025: a certificate was renewed everywhere, and some mail
    programs failed for hours."""
    good = ca.issue("mail.example.net", "*.example.org", days=60)
    with Imap(tls=good, wrapped=True) as imaps, SMTP(tls=good) as smtp, \
            Imap(tls=ca.self_signed(), wrapped=True) as own:
        live = place.write("live.pem", ca.read(os.path.basename(good[0])))
        known = {"host": "mail.example.net", "ca_file": ca.root}
        qw = watch({
            ("certificate", "imap"): certificate(imaps.url, file=live, **known),
            ("certificate", "smtp"): certificate(smtp.url, starttls=True, **known),
            ("certificate", "other"): certificate(
                imaps.url, host="mail.example.com", ca_file=ca.root),
            ("certificate", "own"): certificate(own.url),
            ("certificate", "away"): certificate(f"imaps://127.0.0.1:{free_port()}"),
        }).start()
        f = wait_level(status, "certificate", "imap", "ok", "expires in 59 days")
        assert 59 < f["value"] < 60 and f["unit"] == "days"
        assert "mail.example.net, *.example.org" in f["evidence"]["names"]
        wait_level(status, "certificate", "smtp", "ok", "expires in 59 days")
        wait_level(status, "certificate", "other", "critical",
                   "names do not match: it is for mail.example.net")
        wait_level(status, "certificate", "own", "notice", "signed by itself")
        wait_level(status, "certificate", "away", "unknown", "cannot be seen")

        # Renewed on disk, and nobody told the service.
        new = ca.issue("mail.example.net", days=90)
        place.write("live.pem", ca.read(os.path.basename(new[0])))
        wait_level(status, "certificate", "imap", "warning",
                   "still shows the old one")
        # Told, but without the chain: mail programs fail.
        imaps.use(ca.issue("mail.example.net", chain=False))
        wait_level(status, "certificate", "imap", "critical", "chain is broken")
        # As it should be.
        imaps.use(new)
        wait_level(status, "certificate", "imap", "notice", "changed today")
        # The other service was forgotten, and its certificate is near its end.
        smtp.tls = ca.issue("mail.example.net", days=10)
        wait_level(status, "certificate", "smtp", "warning", "expires in 9 days")
        smtp.tls = ca.issue("mail.example.net", days=3)
        wait_level(status, "certificate", "smtp", "critical", "expires in 2 days")
        # What was trusted and no longer is, is more than a notice.
        smtp.tls = ca.self_signed("mail.example.net")
        wait_level(status, "certificate", "smtp", "critical", "signed by itself")
        # It is remembered over a restart.
        qw.restart()
        wait_level(status, "certificate", "imap", "notice", "changed today")
        assert qw.show()["findings"]


ZONE = {
    "25.2.0.192.bl.example": [{"A": "127.0.0.2"}, {"TXT": "seen \x1b[31m sending"}],
    "9.2.0.192.bl.example": [{"A": "127.255.255.254"}],
    "example.net.names.example": [{"A": "127.0.1.2"}],
    "25.2.0.192.list.dnswl.org": [{"A": "127.0.0.255"}],
    "25.2.0.192.zen.spamhaus.org": [{"A": "127.0.0.99"}],
    "25.2.0.192.silent.example": ["TIMEOUT"],
}


def test_i8_an_own_address_on_a_block_list(watch, status):
    """I8: an address of the company's stood on a block list."""
    zone = {k: list(v) for k, v in ZONE.items()}
    with DnsServer(zone) as dns:
        own = ["192.0.2.25", "192.0.2.26", "2001:db8::25"]
        def asked(addresses, **options):
            return {"address": addresses, "interval": Bare("1s"), **options}
        watch({
            ("blocklist", "bl.example"): asked(own),
            ("blocklist", "names.example"): asked(
                ["192.0.2.25", "example.net"], level=Bare("critical")),
            ("blocklist", "clean.example"): asked(own),
            ("blocklist", "list.dnswl.org"): asked(["192.0.2.25"]),
            ("blocklist", "zen.spamhaus.org"): asked(["192.0.2.25"]),
            ("blocklist", "silent.example"): asked(["192.0.2.25"]),
        }, nameservers=[dns.address]).start()
        f = wait_level(status, "blocklist", "bl.example", "warning",
                       "bl.example lists 192.0.2.25 (127.0.0.2: seen")
        assert f["value"] == 1 and "\x1b" not in str(f)
        assert f["evidence"]["listed"][0]["address"] == "192.0.2.25"
        f = wait_level(status, "blocklist", "names.example", "critical")
        assert f["evidence"]["listed"][0]["address"] == "example.net"
        wait_level(status, "blocklist", "clean.example", "ok")
        # "You may not ask" and codes that nobody documents are no listings.
        wait_level(status, "blocklist", "list.dnswl.org", "unknown", "127.0.0.255")
        wait_level(status, "blocklist", "zen.spamhaus.org", "unknown", "127.0.0.99")
        asked_for = {q[0] for q in dns.queries}
        assert ("5.2.0.0." + "0." * 20 + "8.b.d.0.1.0.0.2.clean.example") in asked_for
        # The list stops to serve this host: unknown, not clean and not listed.
        dns.zone.names["25.2.0.192.bl.example"] = [{"A": "127.255.255.254"}]
        wait_level(status, "blocklist", "bl.example", "unknown", "127.255.255.254")
        del dns.zone.names["25.2.0.192.bl.example"]
        wait_level(status, "blocklist", "bl.example", "ok", "lists none of 3")
        wait_level(status, "blocklist", "silent.example", "unknown", "no answer",
                   seconds=20)
