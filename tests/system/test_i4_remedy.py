"""I4 and I5, the sixty seconds that matter: with every disk full, and with mail
that waits for no visible cause, the operator orders a remedy with the code on
his phone, and sees whether it helped."""

import os
import time

import pytest

from mg.daemons import Bare, Queuewatch
from mg.postfix import Postfix
from mg.servers import Status
from mg.sink import Sink
from mg.smallfs import Xfs
from mg import smtp
from mg.totp import new_secret, totp
from mg.wait import until

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))


@pytest.fixture
def status():
    with Status() as s:
        yield s


def found(status, check, subject=None):
    """The newest finding of that check."""
    for f in status.got[-1]["findings"] if status.got else []:
        if f["check"] == check and subject in (None, f["subject"]):
            return f
    return {"level": None, "summary": ""}


def results(status, id):
    return [r for report in status.got for r in report["results"] if r["id"] == id]


def order(status, id, remedy, secret):
    status.orders = [{"id": id, "remedy": remedy, "code": totp(secret)}]
    until(lambda: results(status, id), 15, f"the result of {remedy}")
    return results(status, id)[0]


def test_the_disk_is_full_and_grows_by_order(place, status):
    postfix = Postfix(place, settings={"message_size_limit": "1000000"})
    owner = postfix.owner
    disk = Xfs(place, "postfix/mail", owner=(owner.pw_uid, owner.pw_gid))
    place.on_close(postfix.process.stop_quietly)
    postfix.start()
    # What queuewatch and the remedy process keep is on the same disk.
    secret = new_secret()
    place.folder("postfix/mail/mg", 0o755)
    secrets = place.write("postfix/mail/mg/remedy.totp", f"grow {secret}\n", 0o600)
    data = place.folder("postfix/mail/mg/data", 0o777)
    grow = [os.path.join(ROOT, "etc/grow-mail-disk"), disk.path]
    Queuewatch(place, postfix, status_url=status.url, token=status.token,
               data_directory=data, remedy_secret_file=secrets, sections={
                   ("disk", disk.path): {"warning": Bare("60%"), "critical": Bare("90%")},
                   ("remedy", "grow"): {"title": "Use the new space", "command": grow},
               }).start()
    until(lambda: found(status, "disk", disk.path)["level"] == "ok", 10)
    disk.fill(1.0)
    assert disk.free_bytes() < 65536
    body = smtp.message(size=200000)
    for i in range(3):
        assert smtp.attempt(postfix.port, f"s{i}@outside.example", "user@home.example",
                            body).startswith("250")
    postfix.wait_log("No space left on device", 20)
    until(lambda: found(status, "disk", disk.path)["level"] == "critical", 10)
    until(lambda: postfix.count() == 3)

    early = order(status, "o1", "grow", secret)
    assert early["outcome"] == "failed" and early["exit"] == 3, early
    assert "bought" in early["text"], early

    disk.buy(2)
    until(lambda: "bought, not used" in found(status, "disk", disk.path)["summary"], 15)
    status.orders = [{"id": "o2", "remedy": "grow", "code": totp(secret, 1)}]
    until(lambda: results(status, "o2"), 15)
    done = results(status, "o2")[0]
    assert done["outcome"] == "done" and "MiB now" in done["text"], done
    until(lambda: found(status, "disk", disk.path)["level"] == "ok", 10)
    postfix.flush()
    until(lambda: postfix.count() == 0, 20, "what waited is delivered")
    until(lambda: found(status, "remedy", "grow")["level"] == "ok", 15)
    says = found(status, "remedy", "grow")["summary"]
    assert f"{disk.path} grew from" in says and "Well again: " in says, says
    assert "No \"no space\" since" in says and "The queue falls" in says, says


def test_mail_that_waits_for_no_visible_cause(place, status):
    """I5: a time stamp in the future, for which Postfix passes mail over."""
    sink = Sink(place)
    sink.refuse()
    postfix = Postfix(place, relay={"far.example": ("127.0.0.1", sink.port)}).start()
    secret = new_secret()
    place.folder("secrets")
    secrets = place.write("secrets/remedy.totp", f"flush {secret}\n", 0o600)
    Queuewatch(place, postfix, status_url=status.url, token=status.token,
               remedy_secret_file=secrets, sections={
                   ("disk", place.path): {"warning": Bare("99%"),
                                          "critical": Bare("100%")}}).start()
    until(lambda: status.got and status.got[-1]["remedies"], 10)
    assert status.got[-1]["remedies"][0]["name"] == "flush"
    smtp.burst(postfix.port, 3, "a@outside.example", "b@far.example")
    until(lambda: postfix.count("deferred") == 3, 15)
    later = time.time() + 7 * 86400

    def put_off():
        for folder, _, files in os.walk(os.path.join(postfix.queue, "deferred")):
            for name in files:
                os.utime(os.path.join(folder, name), (later, later))
    put_off()
    sink.accept()
    until(lambda: found(status, "stuck")["level"] == "warning", 90)
    says = found(status, "stuck")["summary"]
    assert "future" in says and "flush helps" in says, says
    assert postfix.count("deferred") > 0
    assert order(status, "o1", "flush", secret)["outcome"] == "done"
    until(lambda: postfix.count() == 0, 20, "what was stuck is delivered")
    until(lambda: found(status, "remedy", "flush")["level"] == "ok", 90)
    assert "Well again: stuck" in found(status, "remedy", "flush")["summary"]
