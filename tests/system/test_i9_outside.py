"""I9, 19 March 2026: after the disk had been repaired, mail within the server
worked and mail with the outside did not, and the page did not know."""

import json
import os

import pytest

from mg import page, smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.imap import Imap
from mg.postfix import Postfix
from mg.servers import Status
from mg.wait import until

QUICK = {"interval": Bare("1s"), "warning": Bare("2s"), "critical": Bare("4s")}


def report(statusd):
    return json.loads(statusd.ctl("report", "--json").stdout)[0]


def box(postfix, local):
    return os.path.join(postfix.mailboxes, "home.example", local)


def found(qw, name):
    return qw.finding("canary", name)


def wait_level(qw, name, level, words="", seconds=15):
    def seen():
        f = found(qw, name)
        return f if f and f["level"] == level and words in f["summary"] else None
    try:
        return until(seen, seconds, f"canary {name} is {level} {words!r}", 0.1)
    except AssertionError as fault:
        raise AssertionError(f"{fault}; {found(qw, name)}; {qw.output()[-2000:]}") \
            from None


def canary(via, to, read, **options):
    return {"from": "canary@home.example", "to": to, "via": via,
            "read": read, **QUICK, **options}


def test_i9_inside_works_outside_does_not(place):
    # The host answers from outside all the time: that alone says nothing.
    statusd = Statusd(place, systems={"NC036": {
        "role": "Mail server", "city": "Amsterdam", "country": "NL",
        ("probe", "ping"): {"url": "ping://127.0.0.1", "interval": Bare("1s")}}},
        public_metrics=["delay", "availability"]).start()
    outside = Postfix(place, "outside", home=("outside.example",), settings={
        "virtual_alias_maps": "inline:{echo@outside.example=back@home.example}"})
    ours = Postfix(place, users=("user", "within", "in", "back"),
                   relay={"outside.example": ("127.0.0.1", outside.port)}).start()
    outside.relay["home.example"] = ("127.0.0.1", ours.port)
    outside.parameters["relay_domains"] = "home.example"
    outside._write("")
    via, far = f"smtp://127.0.0.1:{ours.port}", f"smtp://127.0.0.1:{outside.port}"
    disk = {"warning": Bare("99%"), "critical": Bare("100%")}
    smtp.attempt(ours.port, "a@home.example", "within@home.example")
    qw = Queuewatch(place, ours, statusd, sections={
        ("disk", place.path): disk,
        ("canary", "within"): canary(via, "within@home.example",
                                     "maildir:" + box(ours, "within")),
        ("canary", "in"): canary(far, "in@home.example",
                                 "maildir:" + box(ours, "in")),
        ("canary", "out"): canary(via, "echo@outside.example",
                                  "maildir:" + box(ours, "back"),
                                  leg=Bare("out")),
    }).start()

    # The outside is away: nobody takes a probe there, none comes back.
    f = wait_level(qw, "within", "ok", "came back after")
    assert f["value"] < 2 and f["unit"] == "s"
    wait_level(qw, "in", "warning", "are not taken: no connection")
    f = wait_level(qw, "out", "critical", "no probe message has come back for")
    assert "Works: within. Does not: in, out." in f["summary"]
    incident = until(statusd.incidents, 10, "an incident is open")[0]
    assert incident["status"] != "resolved"
    # The page says what works and what does not, and counts what customers use.
    until(lambda: page.find(statusd.get(), "NC036", "partial outage", "yes"), 10)
    until(lambda: "Mail to the outside is delayed" in statusd.get(), 5)
    assert "canary@" not in statusd.get() and "echo@" not in statusd.get()
    until(lambda: report(statusd)["downtime_minutes"] > 0, 20, "downtime is counted")
    assert report(statusd)["uptime_percent"] < 100, report(statusd)
    # The rules: at most two of a leg are under way, outside not even that.
    assert "echo@outside.example" in ours.command("postqueue", "-p").stdout
    assert ours.count("deferred", "active") == 1

    # Repaired: each leg says so by itself.
    outside.start()
    wait_level(qw, "in", "ok", "came back after")
    ours.flush()
    wait_level(qw, "out", "warning", "came back after")  # and was late
    wait_level(qw, "within", "ok", "came back after")
    # The last one was late: better, but not resolved before one is in time.
    until(lambda: page.find(statusd.get(), "is not over yet"), 10)
    assert statusd.incidents()[0]["status"] != "resolved"
    # "Mail from outside is back to normal"; what is not is named with it.
    text = statusd.get()
    assert page.find(text, "back to normal") is None or (
        page.find(text, "Not over yet") and "Mail to the outside is delayed" in text)
    assert page.find(text, "This incident is resolved") is None

    # What was found is removed, and nothing else is.
    left = until(lambda: ours.mail_in(local="within"), 5)
    until(lambda: len(ours.mail_in(local="within")) == 1, 5)
    assert b"Subject: hello" in left[0]
    until(lambda: not ours.mail_in(local="back"), 5)
    # An order of a stranger's making is no canary of ours.
    smtp.attempt(ours.port, "x@outside.example", "within@home.example",
                 body=smtp.message(extra="X-Mailglance-Canary: 1.00.00.00\r\n"))
    until(lambda: any(b"1.00.00.00" in m for m in ours.mail_in(local="within")), 5)


@pytest.fixture
def status():
    with Status() as s:
        yield s


def test_canary_by_imap_and_what_comes_twice(place, status):
    ours = Postfix(place, users=("imap",), settings={
        "virtual_alias_maps":
        "inline:{ {twice@home.example=a@home.example,b@home.example} }"}).start()
    via = f"smtp://127.0.0.1:{ours.port}"
    login = place.write("probe.login", "probe\nsecret\n", 0o600)
    with Imap(maildir=box(ours, "imap")) as imap:
        qw = Queuewatch(place, ours, status_url=status.url, token=status.token,
                        sections={
            ("canary", "imap"): canary(via, "imap@home.example", imap.url,
                                       login_file=login),
            ("canary", "twice"): canary(via, "twice@home.example",
                                        "maildir:" + box(ours, "all")),
        }).start()
        wait_level(qw, "imap", "ok", "came back after")
        wait_level(qw, "twice", "warning", "came twice")
        until(lambda: not ours.mail_in(local="imap"), 20)
        until(lambda: not ours.mail_in(local="all"), 20)
        # It rests: none is sent any more.
        sent = ours.log().count("to=<a@home.example>")
        until(lambda: ours.log().count("to=<imap@home.example>") > 6, 15)
        assert ours.log().count("to=<a@home.example>") == sent
        # The mailbox cannot be read: unknown, not well.
        imap.login = ("probe", "other")
        wait_level(qw, "imap", "unknown", "cannot be read: the log-in is refused")
        imap.login = ("probe", "secret")
        wait_level(qw, "imap", "ok")
        # Known again after a restart: what came back then is ours.
        qw.restart()
        wait_level(qw, "imap", "ok", "came back after")
