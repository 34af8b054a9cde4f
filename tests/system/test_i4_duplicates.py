"""I4, June 2025: inbound mail is there twice.  The mail store keeps a message and
then fails, so Postfix, which must, delivers it again."""

import re

from mg import smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.lmtp import Store
from mg.postfix import Postfix
from mg.wait import until


def test_a_store_that_keeps_and_then_fails(place):
    store = Store(place)
    postfix = Postfix(place, settings={
        "virtual_transport": f"lmtp:inet:127.0.0.1:{store.port}"}).start()
    statusd = Statusd(place).start()
    daemon = Queuewatch(place, postfix, statusd, sections={
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()

    def finding(value):
        def seen():
            f = daemon.finding("duplicates", "")
            return f if f and f["value"] == value else None
        return until(seen, 15, f"{value} duplicates")

    def send(n, name):
        for i in range(n):
            body = smtp.message(name, message_id=f"{name}{i}@outside.example")
            assert smtp.attempt(postfix.port, "a@outside.example", "user@home.example",
                                body).startswith("250")

    def of(name):
        return [m for _, m in store.stored if f"Subject: {name}\r\n".encode() in m]
    until(lambda: (daemon.finding("duplicates") or {}).get("level") == "ok", 15)

    # One that is well is no duplicate, nor is one that was refused before.
    send(2, "well")
    until(lambda: len(of("well")) == 2, 15)
    finding(0)

    # It stores, and says that it could not.
    store.break_with("451 4.3.0 temporary failure of the index")
    send(3, "index")
    until(lambda: len(of("index")) >= 3 and postfix.count("deferred") == 3, 15)
    store.mend()
    postfix.flush()
    until(lambda: len(of("index")) >= 6 and postfix.count() == 0, 30, "they are there twice")
    f = finding(3)
    assert "may have been delivered more than once" in f["summary"], f
    example = re.search(r"the last was ([0-9A-Za-z]+)", f["summary"]).group(1)
    assert f"{example}: " in postfix.log()
    until(lambda: daemon.finding("duplicates", "")["level"] == "warning", 10)
    until(lambda: re.search(r"NC036.*?degraded", statusd.get("/"), re.S), 10, "on the page")

    # It stores, and hangs up.
    store.break_with(None)
    send(1, "gone")
    postfix.wait_log("lost connection with .* while sending end of data")
    store.mend()
    until(lambda: postfix.count("deferred") == 1, 15)
    postfix.flush()
    until(lambda: len(of("gone")) >= 2 and postfix.count() == 0, 30)
    finding(4)

    # Its sender does the same: one Message-ID, again to one recipient.
    before = len(of("index"))
    send(1, "index")
    until(lambda: len(of("index")) == before + 1, 15)
    f = finding(5)
    assert f["evidence"]["certain"] >= 1 and "Message-ID" in f["evidence"]["why"], f
