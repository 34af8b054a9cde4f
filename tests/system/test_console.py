"""The operator's console: who may come in, what his forms do, and the orders
that go out with the answers to reports."""

import os
import re
import signal

import pytest

from mg.console import PHRASE, Console, Operator
from mg.daemons import Bare, Queuewatch, Statusd
from mg.servers import Webhook
from mg.smallfs import SmallFs
from mg.spool import Spool
from mg.totp import new_secret, totp
from mg.wait import until



def report(seq, *findings):
    return {"schema": 1, "system": "NC036", "agent": "queuewatch 0.1.0", "seq": seq,
            "at": "2026-03-19T16:21:30Z", "interval_s": 10, "findings": list(findings)}


def finding(check, subject, level):
    return {"check": check, "subject": subject, "level": level,
            "summary": "For the operator."}


GROW = {"name": "grow", "title": "Use the new space"}


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


@pytest.fixture
def operator(statusd):
    return Operator(statusd)


@pytest.fixture
def console(statusd, operator):
    c = Console(statusd)
    c.sign_in(operator)
    assert c.status == 303, c.text
    return c


class Reporter:
    """A server that reports, and offers a remedy."""

    def __init__(self, statusd, system="NC036"):
        self.statusd, self.system = statusd, system
        self.token = statusd.token(system)
        self.seq = 1000

    def send(self, *findings, results=(), remedies=(GROW,), want=200):
        self.seq += 1
        text = report(self.seq, *findings)
        text.update(system=self.system, results=list(results), remedies=list(remedies))
        status, answer = self.statusd.report(self.token, text)
        assert status == want, answer
        return answer


@pytest.fixture
def server(statusd):
    r = Reporter(statusd)
    r.send()
    return r


def result(id, outcome="done", text="", remedy="grow"):
    return {"id": id, "remedy": remedy, "outcome": outcome, "at": "2026-03-19T16:21:30Z",
            "exit": 0, "text": text}


def test_who_may_come_in(statusd, operator):
    for fields in ({"phrase": "wrong horse battery"}, {"code": "000000"},
                   {"name": "nobody"}, {"name": ""}):
        c = Console(statusd)
        c.sign_in(operator, **fields)
        assert c.status == 403 and "is wrong" in c.text and c.cookie is None, fields
    code = operator.code()
    good = Console(statusd)
    good.sign_in(operator, code)
    assert good.status == 303 and good.headers["Location"] == "/console/"
    said = good.headers["Set-Cookie"]
    assert "HttpOnly" in said and "SameSite=Lax" in said and "Path=/console/" in said
    assert "Signed in as pat" in good.ask("") and "no-store" in good.headers["Cache-Control"]
    # A code is good once.
    again = Console(statusd)
    again.sign_in(operator, code)
    assert again.status == 429 or again.status == 403
    assert again.cookie is None


def test_guessing_shuts_out_the_guesser(statusd, operator):
    c = Console(statusd)
    for _ in range(5):
        c.sign_in(operator, "000000")
        assert c.status == 403
    c.sign_in(operator)
    assert c.status == 429 and c.cookie is None and "60 s" in c.text
    assert statusd.get("/healthz") == "ok\n"


def test_nothing_without_a_session(statusd, operator, server):
    c = Console(statusd)
    for path in ("", "new", "log", "incident/1", "order/" + "0" * 32):
        assert "Pass phrase" in c.ask(path), path
    for path in ("order", "open", "maintenance", "silence", "incident/resolve", "sign-out"):
        c.ask(path, {"system": "NC036", "remedy": "grow", "code": "123456", "id": "1"})
        assert c.status == 403, path
    c.cookie = "console=" + "A" * 43
    assert "Pass phrase" in c.ask("")
    assert server.send()["orders"] == []


def test_forms_of_other_sites_are_refused(statusd, operator, console, server):
    fields = {"system": "NC036", "remedy": "grow", "code": "123456"}
    console.act("order", fields, **{"Sec-Fetch-Site": "cross-site"})
    assert console.status == 403
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        console.act("order", fields, Origin=origin)
        assert console.status == 403, origin
    console.ask("order", {**fields, "token": "A" * 43})
    assert console.status == 403
    console.ask("order", fields)
    assert console.status == 403
    other = Console(statusd)
    other.sign_in(operator, operator.papers[0])
    console.ask("order", {**fields, "token": other.token()})
    assert console.status == 403, "another session's token"
    assert server.send()["orders"] == []
    console.act("order", fields, Origin=statusd.url)
    assert console.status == 303
    assert len(server.send()["orders"]) == 1


def test_a_session_ends(statusd, operator, console):
    assert console.token()
    held = console.cookie
    console.act("sign-out", {})
    console.cookie = held
    assert "Pass phrase" in console.ask("")
    # Another enrolment ends what the old one began.
    c = Console(statusd)
    c.sign_in(operator, operator.papers[1])
    assert "Signed in" in c.ask("")
    renewed = Operator(statusd, again=True)
    assert "Pass phrase" in c.ask("")
    old = Console(statusd)
    old.sign_in(operator, operator.papers[2])
    assert old.status == 403
    new = Console(statusd)
    new.sign_in(renewed, renewed.papers[1])
    assert new.status == 303, "codes begin anew"
    statusd.ctl("operators", "drop", "pat")
    assert "Pass phrase" in new.ask("")


def test_a_session_outlives_a_kill(statusd, operator, console, server):
    code = operator.papers[0]
    id = console.order("NC036", "grow", "123456")
    statusd.signal(signal.SIGKILL)
    until(lambda: not statusd.running(), 5)
    statusd.start()
    assert "Signed in as pat" in console.ask("")
    assert server.send()["orders"] == [], "its code is on no disk"
    assert "restarted meanwhile" in console.ask("order/" + id)
    assert console.order("NC036", "grow", "123456")
    other = Console(statusd)
    other.sign_in(operator, code)
    assert other.status == 303
    statusd.signal(signal.SIGKILL)
    until(lambda: not statusd.running(), 5)
    statusd.start()
    again = Console(statusd)
    again.sign_in(operator, code)
    assert again.status == 403, "a code that was used stays used"


def test_an_order_goes_out_and_its_result_comes_back(statusd, console, server):
    assert "Use the new space" in console.ask("")
    id = console.order("NC036", "grow", "1734 5906")
    assert "Waiting for the next report" in console.ask("order/" + id)
    assert console.headers["Refresh"]
    want = [{"id": id, "remedy": "grow", "code": "17345906"}]
    assert server.send()["orders"] == want
    # Until the result is there it is in each answer: the id tells that it is
    # the same one.
    assert server.send()["orders"] == want
    assert ">Sent<" in console.ask("order/" + id)
    console.act("order", {"system": "NC036", "remedy": "grow", "code": "654321"})
    assert console.status == 422 and "has not been answered yet" in console.text
    assert server.send(results=[result(id, text="2 GiB <now>")])["orders"] == []
    page = console.ask("order/" + id)
    assert ">Done<" in page and "2 GiB &lt;now&gt;" in page
    assert "Ordered by</dt><dd>pat" in page
    server.send(finding("remedy", "grow", "ok"), results=[result(id, "failed", "late")])
    page = console.ask("order/" + id)
    assert ">Done<" in page and "late" not in page, "the first result stands"
    assert "Did it help?" in page and "ordered grow for NC036" in console.ask("log")
    # The code is kept nowhere.
    statusd.stop()
    folder = os.path.dirname(statusd.site)
    files = [n for n in os.listdir(folder) if n.startswith("status")]
    assert "status-console.db" in files
    for name in files:
        with open(os.path.join(folder, name), "rb") as f:
            assert b"17345906" not in f.read(), name
    assert "17345906" not in statusd.output()


def test_what_cannot_be_ordered(statusd, console, server):
    def refused(why, **fields):
        console.act("order", {"system": "NC036", "remedy": "grow", "code": "123456",
                              **fields})
        assert console.status == 422 and why in console.text, fields
    refused("does not offer", remedy="flush")
    refused("does not offer", remedy="")
    refused("does not offer", system="NC999")
    for code in ("", "12345", "1234567", "123456789", "abcdef", "12 34", "１２３４５６"):
        refused("six digits", code=code)
    assert server.send(remedies=[])["orders"] == []
    refused("does not offer")
    # So many a minute, and no more.
    many = [{"name": f"r{i}", "title": ""} for i in range(8)]
    server.send(remedies=many)
    given = [console.order("NC036", f"r{i}", "12345678") for i in range(7)]
    assert all(given[:6]) and given[6] is None and "within a minute" in console.text
    assert [o["remedy"] for o in server.send(remedies=many)["orders"]] == \
        [f"r{i}" for i in range(6)]


def test_orders_are_for_their_system_alone(place, operator=None):
    statusd = Statusd(place, systems={"NC036": {"role": "Mail server"},
                                      "NC037": {"role": "Relay"}}).start()
    one, two = Reporter(statusd), Reporter(statusd, "NC037")
    one.send(), two.send()
    c = Console(statusd)
    c.sign_in(Operator(statusd))
    id = c.order("NC036", "grow", "123456")
    assert two.send()["orders"] == []
    two.send(results=[result(id, text="forged")])
    one.send(results=[result(id, remedy="other")])
    assert "forged" not in c.ask("order/" + id)
    assert [o["id"] for o in one.send()["orders"]] == [id]


def test_posts_from_the_phone(statusd, console, server):
    server.send(finding("queue", "", "critical"))
    page = console.ask("")
    number = re.search(r'/console/incident/(\d+)"', page)[1]
    page = console.ask("incident/" + number)
    assert "queue: critical" in page and "Evidence" in page
    console.act("incident/update", {"id": number, "text": "We add\r\ndisks.",
                                    "status": "identified"})
    assert console.status == 303
    until(lambda: "We add" in statusd.get(), 5, "it is on the page")
    console.act("incident/update", {"id": number, "text": " \r\n "})
    assert console.status == 422 and "the text is empty" in console.text
    console.act("incident/update", {"id": number, "text": "bell \x07 <b>"})
    assert console.status == 422 and "bell \ufffd &lt;b&gt;" in console.text
    console.act("incident/note", {"id": number, "text": "Noted."})
    console.act("incident/resolve", {"id": number, "text": ""})
    assert console.status == 303
    shown = [t for t in statusd.incidents() if str(t["id"]) == number][0]
    assert shown["status"] == "resolved"
    assert [e["kind"] for e in shown["entries"]] == ["opening", "update", "note",
                                                     "resolved"]
    console.act("open", {"system": "NC036", "what": "major", "title": "Slow mail",
                         "text": "We look into it."})
    assert console.status == 303
    until(lambda: "NC036: Slow mail" in statusd.get(), 5)
    console.act("maintenance", {"system": "NC036", "from": "2040-01-01T10:00",
                                "until": "2040-01-01T09:00", "title": "Work", "text": "x"})
    assert console.status == 422
    console.act("maintenance", {"system": "NC036", "from": "2040-01-01T10:00",
                                "until": "2040-01-01T11:00", "title": "Work", "text": "x"})
    assert console.status == 303
    until(lambda: "NC036: Work" in statusd.get("/maintenance/"), 5)
    console.act("incident/publish", {"id": "999"})
    assert console.status == 404
    assert "opened" in console.ask("log")


def test_a_claim_against_the_evidence(place):
    """"Resolved", says the phone; the queue says otherwise: all are told."""
    with Webhook() as hook:
        statusd = Statusd(place, alerts={"hook": {"url": hook.url}}).start()
        console = Console(statusd)
        console.sign_in(Operator(statusd))
        server = Reporter(statusd)
        server.send(finding("queue", "", "critical"))
        number = re.search(r'/console/incident/(\d+)"', console.ask(""))[1]
        console.act("incident/update", {"id": number, "text": "We look into it."})
        console.act("incident/resolve", {"id": number, "text": "All is well."})
        assert console.status == 303
        told = hook.wait(1, 15, lambda m: "something stands" in m["title"])
        assert "queue" in told[0]["text"], told
        assert "was said to be over; stands" in console.ask("log")
        assert len([m for m in hook.got if "something stands" in m["title"]]) == 1


def test_drafts(place):
    statusd = Statusd(place, default_publish=Bare("draft")).start()
    server = Reporter(statusd)
    server.send(finding("queue", "", "critical"))
    c = Console(statusd)
    c.sign_in(Operator(statusd))
    number = re.search(r'/console/incident/(\d+)"', c.ask(""))[1]
    assert "not public yet" in c.ask("")
    c.act("incident/publish", {"id": number})
    assert c.status == 303
    until(lambda: "NC036: " in statusd.get(), 5)


def test_hostile_requests(statusd, operator, console):
    for body in (b"%", b"a=%zz", b"a=%00", b"token=a&token=b", b"&" * 1000,
                 b"&".join(b"x%d=1" % i for i in range(100))):
        status, _, text = statusd.fetch("/console/order", "POST", body, {
            "Content-Type": "application/x-www-form-urlencoded", "Cookie": console.cookie})
        assert status in (400, 403), body
    assert statusd.fetch("/console/order", "POST", b"x=" + b"a" * 200000, {
        "Content-Type": "application/x-www-form-urlencoded"})[0] == 413
    assert statusd.fetch("/console/order", "POST", b"x=1", {
        "Content-Type": "text/plain", "Cookie": console.cookie})[0] == 400
    assert statusd.fetch("/console/order", "DELETE")[0] == 405
    for to in ("//evil.example", "https://evil.example", "../x", "a//b"):
        c = Console(statusd)
        c.sign_in(operator, operator.papers.pop(), to=to)
        assert c.headers["Location"] == "/console/", to
    for path in ("incident/", "incident/x", "incident/99999999999999999999", "order/",
                 "order/%00", "nothing", "incident/1/2"):
        console.ask(path)
        assert console.status in (400, 404), path


def test_an_order_with_a_full_disk(place):
    """statusd's disk is full: signing in, ordering and fetching still work."""
    disk = SmallFs(place, "small", 16 << 20)
    os.chmod(disk.path, 0o777)
    statusd = Statusd(place, store=f"sqlite:{disk.path}/status.db",
                      site_directory=disk.path + "/site").start()
    statusd.site = disk.path + "/site"
    server = Reporter(statusd)
    server.send()
    operator = Operator(statusd)
    disk.fill(1.0)
    big = [finding("service", f"s{i}" + "x" * 900, "warning") for i in range(200)]
    for _ in range(40):
        server.seq += 1
        text = report(server.seq, *big)
        text["remedies"] = [GROW]
        if statusd.report(server.token, text)[0] == 503:
            break
    c = Console(statusd)
    c.sign_in(operator)
    assert c.status == 303, c.text
    id = c.order("NC036", "grow", "123456")
    assert id, c.text
    server.seq += 1
    text = report(server.seq, *big)
    text["remedies"] = [GROW]
    status, answer = statusd.report(server.token, text)
    assert status == 503 and [o["id"] for o in answer["orders"]] == [id], answer
    assert answer["error"] and answer["next_s"] >= 1
    text["results"] = [result(id, text="more room")]
    assert statusd.report(server.token, text)[1]["orders"] == []
    assert "more room" in c.ask("order/" + id)
    assert PHRASE not in statusd.output()


class Both:
    """A real queuewatch and a real statusd, with a remedy that leaves a mark."""

    def __init__(self, place, data, command):
        self.mark = place / "mark"
        self.statusd = Statusd(place, store=f"sqlite:{data}/status.db",
                               site_directory=data + "/site",
                               systems={"NC036": {"role": "Mail server"},
                                        "NC037": {"role": "Relay"}}).start()
        self.other = Reporter(self.statusd, "NC037")
        self.console = Console(self.statusd)
        self.operator = Operator(self.statusd)
        self.statusd.site = data + "/site"
        self.secret = new_secret()
        place.folder("secrets", 0o755)
        secrets = place.write("secrets/remedy.totp", f"grow {self.secret}\n", 0o600)
        self.queuewatch = Queuewatch(
            place, Spool(place), self.statusd, data_directory=data + "/qw",
            remedy_secret_file=secrets, sections={
                ("disk", data): {"warning": Bare("99.8%"), "critical": Bare("99.9%")},
                ("remedy", "grow"): {"title": "Grow", "command": [
                    "/bin/sh", "-c", f"echo in >>{self.mark}; {command};"
                                     f" echo out >>{self.mark}"]}}).start()
        self.console.sign_in(self.operator)
        self.offered()

    def offered(self):
        until(lambda: "Code for &quot;grow" in self.console.ask(""), 10)

    def marks(self):
        try:
            with open(self.mark, encoding="utf-8") as f:
                return f.read().split()
        except FileNotFoundError:
            return []


def test_an_order_with_every_disk_full(place):
    """Neither side can write, and the remedy is carried out all the same."""
    disk = SmallFs(place, "small", 64 << 20)
    os.chmod(disk.path, 0o777)
    both = Both(place, disk.path, "true")
    disk.fill(1.0)
    # Until the reports are refused: the database has some room of its own.
    for seq in range(2000, 2060):
        text = report(seq, *[finding("service", f"s{i}" + "x" * 900, "warning")
                             for i in range(200)])
        text["system"] = "NC037"
        if both.statusd.report(both.other.token, text)[0] == 503:
            break
    id = both.console.order("NC036", "grow", totp(both.secret))
    assert id, both.console.text
    until(lambda: both.marks() == ["in", "out"], 20, "it is carried out")
    os.unlink(os.path.join(disk.path, "ballast"))
    until(lambda: ">Done<" in both.console.ask("order/" + id), 30,
          "with space again its result is told")
    assert both.marks() == ["in", "out"]


def test_kill_either_side_and_nothing_is_done_twice(place):
    both = Both(place, place.folder("data", 0o777), "sleep 2")
    id = both.console.order("NC036", "grow", totp(both.secret))
    until(both.marks, 20, "it has begun")
    both.statusd.signal(signal.SIGKILL)
    both.statusd.popen.wait()
    both.queuewatch.signal(signal.SIGUSR1)
    both.statusd.start()
    until(lambda: ">Done<" in both.console.ask("order/" + id), 30)
    assert both.marks() == ["in", "out"]
    both.offered()
    # The same code again, and the same after both were killed.
    for _ in range(2):
        again = both.console.order("NC036", "grow", totp(both.secret, -1))
        until(lambda i=again: ">Refused<" in both.console.ask("order/" + i), 20)
        for daemon in (both.queuewatch, both.statusd):
            daemon.signal(signal.SIGKILL)
            daemon.popen.wait()
            until(lambda d=daemon: not d.leftovers(), 5)
        both.statusd.start()
        both.queuewatch.start()
        both.offered()
    assert both.marks() == ["in", "out"]
