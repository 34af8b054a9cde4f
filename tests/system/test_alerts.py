"""Alerts, by way of the program's own code, to servers that listen on loopback:
what each channel demands, and that nothing is lost, doubled or out of order."""

import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest

from mg.servers import SMTP, HTTPReceiver, Ntfy, Webhook, free_port
from mg.smallfs import SmallFs
from mg.wait import until


@pytest.fixture
def tool(build):
    return str(build / "tests/bench/alert_send")


@pytest.fixture
def certificate(place):
    """A certificate for localhost and 127.0.0.1 that signs itself."""
    cert, key = place / "cert.pem", place / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
         cert], check=True, capture_output=True)
    return cert, key


def send(tool, url, to="", secret="", text="NC036: Mail is delayed\nbecause\n"):
    """Send one message; returns (exit status, what it said)."""
    args = [tool, "-", "x", url, to] + ([secret] if secret else [])
    done = subprocess.run(args, input=text, text=True, timeout=30,
                          capture_output=True, check=False)
    return done.returncode, done.stderr


class Outbox:
    """alert_send with an outbox, spoken to by lines."""

    def __init__(self, tool, path, url, to=""):
        self.process = subprocess.Popen(
            [tool, path, "x", url, to], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def add(self, key, event="open", level="critical", title="NC036: bad"):
        return self.say(f"add {key} {event} {level} {title}")[0]

    def counts(self):
        names = "waiting sent failed dropped uncertain fault".split()
        return dict(zip(names, map(int, self.say("counts"))))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(15) == 0
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


# The channels.

def test_webhook_is_signed(tool, place):
    secret = place.write("secret", "s3cret\n")

    class Raw(HTTPReceiver):
        def judge(self, request, body):
            self.add((request.headers, body))
            return 204, b""

    with Raw() as hook:
        assert send(tool, hook.url, secret=secret) == (0, "")
        headers, body = hook.wait()[0]
    mac = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Mailglance-Signature"] == f"sha256={mac}"
    message = json.loads(body)
    assert message["system"] == "NC036" and message["event"] == "open"
    assert message["at"] == "2026-03-19T16:21:30Z"


def test_webhook_over_tls_needs_a_known_certificate(tool, certificate):
    with Webhook(tls=certificate) as hook:
        status, why = send(tool, hook.url)
        assert status == 1 and "certificate" in why
        assert hook.tries == 0


def test_ntfy_takes_any_text(tool, place):
    secret = place.write("secret", "tk_token\n")
    with Ntfy() as ntfy:
        title = "NC036: Größe ändert sich, " + "é" * 120
        assert send(tool, ntfy.url_for("my-topic"), secret=secret,
                    text=title + "\nline 1\nline 2 €\n" + "x" * 9000) == (0, "")
        got = ntfy.wait()[0]
        assert title.startswith(got["title"]) and len(got["title"]) > 100
        assert got["message"].startswith("line 1\nline 2 €\n")
        assert got["message"].endswith(
            "NC036: open, level critical, 2026-03-19T16:21:30Z\n")
        assert got["topic"] == "my-topic" and got["priority"] == 5
        assert got["click"] == "https://status.example.net/1"
        assert got["authorization"] == "Bearer tk_token"
        assert send(tool, ntfy.url_for("my-topic"),
                    text="NC036: a\r\x1b[2J\n\n")[0] == 0
        assert ntfy.wait(2)[1]["title"] == "NC036: a  [2J"
        status, why = send(tool, ntfy.url_for("not%20a%20topic"))
        assert status == 1 and "answered 400" in why


def test_ntfy_with_a_user(tool, place):
    secret = place.write("secret", "pw\n")
    with Ntfy() as ntfy:
        url = ntfy.url_for("t").replace("://", "://phil@")
        assert send(tool, url, secret=secret) == (0, "")
        assert ntfy.wait()[0]["authorization"] == "Basic cGhpbDpwdw=="


def test_mail(tool):
    with SMTP() as smtp:
        assert send(tool, smtp.url, "op@x.example, b@y.example",
                    text="NC036: Größe\n.\n.dot\nFrom me\n" + "ü" * 3000 +
                    "\n") == (0, "")
        got = smtp.wait()[0]
    mail = got["message"]
    assert got["to"] == ["op@x.example", "b@y.example"]
    assert got["from"] == "mailglance@test.example"
    assert mail["Subject"] == "NC036: Größe"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.isoformat() == "2026-03-19T16:21:30+00:00"
    assert mail["Message-ID"].startswith("<") and not mail.defects
    text = mail.get_content().replace("\r\n", "\n")
    assert text.startswith(".\n.dot\nFrom me\n" + "ü" * 3000 + "\n")
    assert "https://status.example.net/1" in text
    assert got["raw"].isascii()


def test_mail_with_login_over_starttls(tool, place, certificate):
    secret = place.write("secret", "pass word\n")
    with SMTP(tls=certificate, login=("me@x.example", "pass word")) as smtp:
        url = smtp.url.replace("://", "://me%40x.example@")
        assert send(tool, url, "op@x.example", secret) == (0, "")
        got = smtp.wait()[0]
        assert got["tls"] and got["user"] == "me@x.example"
        assert got["from"] == "me@x.example"
    wrong = place.write("wrong", "no\n")
    with SMTP(tls=certificate, login=("me@x.example", "pass word")) as smtp:
        url = smtp.url.replace("://", "://me%40x.example@")
        status, why = send(tool, url, "op@x.example", wrong)
        assert status == 1 and "no" not in why.split() and not smtp.got


def test_mail_refused_says_how(tool):
    with SMTP() as smtp:
        smtp.answers = [451]
        status, why = send(tool, smtp.url, "op@x.example")
        assert status == 1 and "451" in why


def test_other_channels(tool, place):
    secret = place.write("secret", "12:tok\n")
    seen = []

    class Any(HTTPReceiver):
        def judge(self, request, body):
            seen.append((request.command, request.path, request.headers, body))
            return 200, b"{}"

    with Any() as other:
        for scheme, path in (("slack", "services/a"), ("discord", "api/1"),
                             ("telegram", "-100"), ("pushover", "uKey"),
                             ("matrix", "!room:x.example"), ("pagerduty", ""),
                             ("alertmanager", "")):
            url = f"{scheme}+http://{other.address}/{path}"
            assert send(tool, url, secret=secret) == (0, ""), scheme
    paths = [path for _, path, _, _ in seen]
    assert paths[:4] == ["/services/a", "/api/1", "/bot12:tok/sendMessage",
                         "/1/messages.json"]
    assert paths[4].startswith("/_matrix/client/v3/rooms/%21room%3Ax.example/"
                               "send/m.room.message/") and seen[4][0] == "PUT"
    assert paths[5:] == ["/v2/enqueue", "/api/v2/alerts"]
    assert json.loads(seen[5][3])["routing_key"] == "12:tok"
    assert seen[4][2]["Authorization"] == "Bearer 12:tok"


# The outbox.

def test_retried_with_growing_pauses_and_once(tool, place):
    with Webhook() as hook:
        hook.answers = [500, "hang up", 503]
        with Outbox(tool, place / "outbox", hook.url) as box:
            begin = time.monotonic()
            assert box.add("k1") == "1"
            assert box.add("k1") == "0"
            hook.wait(1, 20)
            assert time.monotonic() - begin >= 1 + 2 + 4 - 0.5
            until(lambda: box.counts()["sent"] == 1, 5)
            assert box.counts()["failed"] == 3
            assert box.add("k1") == "0"
            box.close()
        with Outbox(tool, place / "outbox", hook.url) as box:
            assert box.add("k1") == "0"
            assert box.add("k2", "resolved", "ok", "NC036: over") == "1"
            assert [m["dedup_key"] for m in hook.wait(2)] == ["k1", "k2"]
            assert hook.got[1]["event"] == "resolved"
            box.close()
        assert len(hook.got) == 2


def test_order_holds_while_the_other_side_is_away(tool, place):
    port = free_port()
    with Outbox(tool, place / "outbox",
                f"http://127.0.0.1:{port}/") as box:
        for i in range(20):
            assert box.add(f"k{i}") == "1"
        until(lambda: box.counts()["failed"] > 0, 10)
        with Webhook(port) as hook:
            keys = [m["dedup_key"] for m in hook.wait(20, 30)]
        assert keys == [f"k{i}" for i in range(20)]
        box.close()


def test_waiting_messages_survive_kill(tool, place):
    port = free_port()
    with Outbox(tool, place / "outbox", f"http://127.0.0.1:{port}/") as box:
        box.add("k1")
        box.add("k2")
        until(lambda: box.counts()["failed"] > 0, 10)
        box.kill()
    with Webhook(port) as hook, \
            Outbox(tool, place / "outbox", hook.url) as box:
        assert [m["dedup_key"] for m in hook.wait(2)] == ["k1", "k2"]
        box.close()


def test_killed_at_any_moment_never_twice(tool, place):
    """Kills at random moments around the sending: each message arrives at
    most once, and all that were not under way at a kill arrive."""
    uncertain = 0
    with Webhook() as hook:
        hook.delay = 0.01
        for kill in range(25):
            with Outbox(tool, place / "outbox", hook.url) as box:
                uncertain += box.counts()["uncertain"]
                for i in range(3):
                    assert box.add(f"{kill}-{i}") == "1"
                time.sleep(random.random() * 0.06)
                box.kill()
        with Outbox(tool, place / "outbox", hook.url) as box:
            uncertain += box.counts()["uncertain"]
            until(lambda: box.counts()["waiting"] == 0, 10)
            box.close()
        keys = [m["dedup_key"] for m in hook.got]
    assert len(keys) == len(set(keys))
    assert len(keys) + uncertain >= 75


def test_slow_answer_is_given_up_at_the_end(tool, place):
    """SIGTERM's way out does not wait for a receiver that never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with Outbox(tool, place / "outbox", f"http://127.0.0.1:{port}/") as box:
            box.add("k1")
            silent.accept()
            begin = time.monotonic()
            box.close()
            assert time.monotonic() - begin < 6
    with Webhook() as hook, Outbox(tool, place / "outbox", hook.url) as box:
        assert hook.wait()[0]["dedup_key"] == "k1"
        box.close()


def fill_up(disk):
    """To the last byte."""
    disk.fill(1.0)
    with open(os.path.join(disk.path, "rest"), "ab", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 512)
        except OSError:
            pass
    assert disk.free_bytes() == 0


def test_full_disk(tool, place):
    """With no byte left messages go out, and are still known afterwards."""
    disk = SmallFs(place, "small", 4 << 20)
    path = os.path.join(disk.path, "outbox")
    with Webhook() as hook:
        with Outbox(tool, path, hook.url) as box:
            assert box.counts()["fault"] == 0
            fill_up(disk)
            for i in range(40):
                assert box.add(f"k{i}") == "1"
            hook.wait(40, 20)
            until(lambda: box.counts()["waiting"] == 0, 5)
            assert box.counts()["fault"] == 0
            box.kill()
        with Outbox(tool, path, hook.url) as box:
            assert box.add("k7") == "0"
            assert box.add("k41") == "1"
            hook.wait(41)
            box.close()
        assert len(hook.got) == 41


def test_no_room_for_the_file_at_all(tool, place):
    disk = SmallFs(place, "small", 1 << 20)
    fill_up(disk)
    path = os.path.join(disk.path, "outbox")
    with Webhook() as hook:
        with Outbox(tool, path, hook.url) as box:
            assert box.add("k1") == "1"
            hook.wait(1)
            until(lambda: box.counts()["waiting"] == 0, 5)
            assert box.counts()["fault"] == 1
            assert box.add("k1") == "0"
            box.close()
        assert len(hook.got) == 1


def test_damaged_file(tool, place):
    path = place / "outbox"
    with Webhook() as hook:
        with Outbox(tool, path, hook.url) as box:
            box.add("k1")
            hook.wait(1)
            box.close()
        size = os.path.getsize(path)
        with open(path, "r+b") as f:
            f.seek(4096)
            f.write(os.urandom(size - 4096))
        shutil.rmtree(path + "-wal", ignore_errors=True)
        with Outbox(tool, path, hook.url) as box:
            assert box.add("k2") == "1"
            hook.wait(2)
            box.close()
        assert os.path.exists(path + ".damaged")
