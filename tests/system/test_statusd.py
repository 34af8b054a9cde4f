"""statusd and statusctl by themselves: reports in, pages and alerts out."""

import json
import os
import pwd
import re
import time

import pytest

from mg import page
from mg.daemons import Bare, Statusd, program
from mg.proc import run
from mg.servers import Webhook
from mg.smallfs import SmallFs
from mg.wait import stays, until

SYSTEMS = {
    "NC036": {"role": "Mail server", "city": "Amsterdam", "country": "NL"},
    "NC042": {"role": "Status website", "city": "Seattle", "country": "US"},
    "NC099": {"role": "Backup", "visibility": Bare("internal")},
}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def finding(check="queue", level="critical", subject="", value=900, **more):
    return {"check": check, "subject": subject, "level": level, "value": value,
            "unit": "messages", "summary": "privy words about customer@example.org",
            "evidence": {"causes": [{"by": "sender", "name": "customer@example.org",
                                     "share": 0.9, "reason": "x"}]}, **more}


class Reporter:
    """Sends reports for a system as queuewatch would."""

    def __init__(self, statusd, system="NC036"):
        self.statusd, self.system = statusd, system
        self.token = statusd.token(system)
        self.seq = int(time.time())

    def report(self, *findings, **over):
        self.seq += 1
        return {"schema": 1, "system": self.system, "agent": "test", "seq": self.seq,
                "at": now(), "interval_s": 10, "findings": list(findings),
                "samples": [{"name": "queue.active", "unit": "messages", "value": 7}],
                **over}

    def send(self, *findings, **over):
        status, answer = self.statusd.report(self.token, self.report(*findings, **over))
        assert status == 200, answer
        return answer


@pytest.fixture
def statusd(place):
    return Statusd(place, systems=SYSTEMS).start()


def on_page(statusd, *words, path="/"):
    return page.find(statusd.get(path), *words)


def titles(statusd):
    return [i["title"] for i in statusd.incidents()]


def test_answers_to_reports(statusd):
    r = Reporter(statusd)
    good = json.dumps(r.report()).encode()

    def post(body, token=r.token, **headers):
        if token:
            headers["Authorization"] = "Bearer " + token
        return statusd.fetch("/api/v1/report", "POST", body, headers)

    status, headers, _ = post(good, token=None)
    assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer")
    assert post(good, token="x" * 43)[0] == 401
    assert post(good, token=statusd.token("NC042"))[0] == 403
    for bad in (b"", b"{", b"[]", b"\xff\xfe", b'{"schema":1}', b'"' + b"[" * 5000,
                good.replace(b'"schema": 1', b'"schema": 2'),
                good.replace(b'"findings": []', b'"findings": [{"check": "x"}]')):
        status, _, answer = post(bad)
        assert status == 400 and json.loads(answer)["error"], (bad, answer)
    assert post(b" " * (300 << 10))[0] == 413
    status, _, answer = post(good)
    assert status == 200 and json.loads(answer) == {"next_s": 10, "orders": []}
    assert statusd.fetch("/api/v1/report")[0] == 405
    assert statusd.incidents() == []


def test_the_life_of_an_incident(statusd):
    r = Reporter(statusd)
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    r.send(finding(level="warning"))
    until(lambda: on_page(statusd, "NC036", "degraded"), 2)
    assert titles(statusd) == []

    r.send(finding())
    assert titles(statusd) == ["NC036: Mail is delayed"]
    until(lambda: on_page(statusd, "NC036: Mail is delayed"), 2)
    r.send(finding())
    stays(lambda: not on_page(statusd, "Update 1"), 1)
    r.send(finding(level="warning", value=300))
    until(lambda: on_page(statusd, "Update 1"), 2)
    # A late and a repeated report change nothing.
    r.send(finding(), seq=r.seq - 1)
    r.send(finding(), seq=r.seq - 1)
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "NC036: Mail is back to normal"), 2)
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    assert [i["status"] for i in statusd.incidents()] == ["resolved"]

    # A report's own words are the operator's alone.
    shown = statusd.ctl("show", str(statusd.incidents()[0]["id"])).stdout
    assert "privy words" in shown
    for path in ("/", "/feed/", "/" + statusd.incidents()[0]["url"].split("/", 3)[3]):
        text = statusd.get(path)
        assert "privy" not in text and "customer" not in text, path


def test_resolved_by_hand_while_it_stands(statusd):
    r = Reporter(statusd)
    r.send(finding())
    number = str(statusd.incidents()[0]["id"])
    done = statusd.ctl("resolve", number, input="We see no delay any more.")
    assert "still stands: NC036 queue: critical" in done.stderr
    r.send(finding())
    r.send(finding(level="ok"))
    assert [i["status"] for i in statusd.incidents()] == ["resolved"]
    done = statusd.ctl("resolve", number, input="x", check=False)
    assert done.returncode == 2 and "already resolved" in done.stderr


def guids(feed):
    return re.findall(r"<guid[^>]*>([^<]+)</guid>", feed)


def test_a_restart_changes_no_byte_of_the_feed(statusd):
    r = Reporter(statusd)
    r.send(finding())
    r.send(finding(level="warning"))
    r.send(finding(level="ok"))
    until(lambda: "back to normal" in statusd.get("/feed/"), 2)
    status, before, feed = statusd.fetch("/feed/")
    assert status == 200 and len(guids(feed.decode())) == 3
    statusd.restart()
    status, after, again = until(
        lambda: (x := statusd.fetch("/feed/"))[0] == 200 and x, 2)
    assert again == feed and after["ETag"] == before["ETag"]
    r.send(finding(level="critical"))
    until(lambda: len(guids(statusd.get("/feed/"))) == 4, 2)
    assert set(guids(feed.decode())) < set(guids(statusd.get("/feed/")))


def test_silence(place):
    statusd = Statusd(place, systems=SYSTEMS, late_after=Bare("2s"),
                      silent_after=Bare("4s")).start()
    assert on_page(statusd, "NC036", "unknown") and on_page(statusd, "NC042", "unknown")
    r = Reporter(statusd)
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    until(lambda: on_page(statusd, "NC036", "unknown"), 4)
    until(lambda: on_page(statusd, "NC036: No reports are coming in"), 5)
    assert on_page(statusd, "has not reported since")
    assert len(statusd.incidents()) == 1, "a system that never reported has none"
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    until(lambda: on_page(statusd, "Reports are back to normal"), 2)
    assert [i["status"] for i in statusd.incidents()] == ["resolved"]


def test_the_operators_verbs(statusd):
    def ctl(*args, text=""):
        return statusd.ctl(*args, input=text).stdout

    number = ctl("open", "--system", "NC036", "--title", "Webmail is slow",
                 text="We *look*.").strip()
    until(lambda: on_page(statusd, "NC036: Webmail is slow"), 2)
    assert "We <em>look</em>." in statusd.get()
    ctl("update", number, text="Found it.")
    ctl("note", number, text="A <script>alert(1)</script> note.")
    ctl("update", "--status", "monitoring", number, text="Mended it.")
    until(lambda: on_page(statusd, "Update 2"), 2)
    assert "<script>alert" not in statusd.get()
    listed = statusd.incidents()[0]
    assert (listed["id"], listed["system"], listed["status"], listed["title"]) == (
        int(number), "NC036", "monitoring", "NC036: Webmail is slow")
    ctl("resolve", number, text="It is as fast as before.")
    until(lambda: on_page(statusd, "as fast as before"), 2)
    assert statusd.incidents()[0]["status"] == "resolved"

    ctl("post", "--system", "NC036", "--system", "NC042", "--title", "New address",
        text="We move.")
    until(lambda: on_page(statusd, "NC036, NC042: New address"), 2)
    assert statusd.incidents()[0]["systems"] == ["NC036", "NC042"]

    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    ctl("maintenance", "add", "--system", "NC042", "--from", now(), "--until", later,
        "--title", "New disks", text="One hour.")
    until(lambda: on_page(statusd, "NC042", "maintenance"), 2)
    rows = {s["system"]: s["state"] for s in json.loads(ctl("systems", "--json"))}
    assert rows == {"NC036": "unknown", "NC042": "maintenance", "NC099": "unknown"}


@pytest.mark.parametrize("args, text, why", [
    (["frobnicate"], "", "no verb"),
    (["open", "--title", "x"], "x", "--system"),
    (["open", "--system", "NC036"], "x", "--title"),
    (["open", "--system", "NC037", "--title", "x"], "x", "NC037"),
    (["open", "--system", "NC036", "--title", " "], "x", "empty"),
    (["open", "--system", "NC036", "--title", "a\nb"], "x", "control"),
    (["open", "--system", "NC036", "--title", "x" * 300], "x", "longer"),
    (["open", "--system", "NC036", "--title", "x", "--impact", "bad"], "", "major"),
    (["open", "--system", "NC036", "--title", "x", "/no/such/file"], "", "/no/such"),
    (["open", "--system", "NC036", "--title", "x", "--colour", "red"], "", "--colour"),
    (["open", "--system"], "", "value"),
    (["post", "--system", "NC036", "--title", "x"], "a\x1b[2Jb", "control"),
    (["post", "--system", "NC036", "--title", "x"], "y" * 70000, "longer"),
    (["update", "1"], "x", "no incident"),
    (["update"], "x", "number"),
    (["update", "-1"], "x", "not understood"),
    (["update", "one"], "x", "number"),
    (["update", "99999999999999999999"], "x", "number"),
    (["resolve", "1"], "x", "no incident"),
    (["show", "1"], "", "no incident"),
    (["token"], "", "SYSTEM"),
    (["token", "NC037"], "", "NC037"),
    (["maintenance", "add", "--system", "NC036", "--title", "x"], "", "--from"),
    (["maintenance", "add", "--system", "NC036", "--title", "x", "--from", "tomorrow",
      "--until", "2099-01-01T00:00:00Z"], "", "2026-"),
    (["maintenance", "add", "--system", "NC036", "--title", "x", "--from",
      "2099-01-02T00:00:00Z", "--until", "2099-01-01T00:00:00Z"], "", "later"),
    (["alert", "test", "nobody"], "", "no such alert"),
], ids=lambda v: "" if isinstance(v, str) and len(v) > 20 else None)
def test_bad_input_changes_nothing(place, args, text, why):
    statusd = Statusd(place, systems=SYSTEMS)
    done = statusd.ctl(*args, input=text, check=False)
    assert done.returncode == 2 and why in done.stderr, done
    assert done.stdout == "" and statusd.incidents() == []


def owner(path):
    return pwd.getpwuid(os.stat(path).st_uid).pw_name


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_roots_statusctl_comes_first(place):
    """The store that root's statusctl makes, and all beside it, is statusd's."""
    statusd = Statusd(place, systems=SYSTEMS, store=f"sqlite:{place.path}/new/a/status.db",
                      site_directory=f"{place.path}/new/site")
    number = statusd.ctl("open", "--system", "NC036", "--title", "Early",
                         input="Text.").stdout.strip()
    assert owner(place / "new/a/status.db") == "nobody"
    statusd.start()
    until(lambda: on_page(statusd, "NC036: Early"), 2)
    statusd.ctl("resolve", number, input="")
    until(lambda: on_page(statusd, "resolved"), 2)
    for folder in ("new/a", "new/site"):
        for name in os.listdir(place / folder):
            assert owner(os.path.join(place / folder, name)) == "nobody", name


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_in_a_folder_of_roots(place):
    place.folder("roots", 0o755)
    statusd = Statusd(place, systems=SYSTEMS, store=f"sqlite:{place.path}/roots/status.db",
                      site_directory=f"{place.path}/roots/site").start()
    assert owner(place / "roots") == "root"
    r = Reporter(statusd)
    r.send(finding())
    until(lambda: on_page(statusd, "NC036: Mail is delayed"), 2)
    statusd.restart()
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "back to normal"), 2)


def test_internal_systems_stay_inside(statusd):
    r = Reporter(statusd, "NC099")
    r.send(finding())
    row = until(lambda: on_page(statusd, "NC099"), 2)
    assert "internal" in row.lower()
    statusd.ctl("open", "--system", "NC099", "--title", "Inside", input="x")
    statusd.ctl("open", "--system", "NC099", "--system", "NC036", "--title", "Outside",
                input="x")
    until(lambda: on_page(statusd, "NC036: Outside"), 2)
    for path in ("/", "/feed/"):
        assert "Inside" not in statusd.get(path)
    assert "NC099" not in statusd.get("/feed/")


def test_kill_and_reload(place):
    statusd = Statusd(place, systems=SYSTEMS).start()
    r = Reporter(statusd)
    r.send(finding())
    statusd.kill()
    statusd.start()
    until(lambda: on_page(statusd, "NC036: Mail is delayed"), 1)
    r.send(finding(level="warning"))
    until(lambda: on_page(statusd, "Update 1"), 2)

    statusd.configure(title="Another title")
    statusd.signal(10)
    until(lambda: "Another title" in statusd.get(), 3)
    place.write("statusd.conf", "late_after = soon\n")
    statusd.signal(10)
    statusd.wait_output("old configuration is kept")
    assert "Another title" in statusd.get() and statusd.running()


def test_the_page_of_a_dead_statusd_grows_old(place):
    statusd = Statusd(place, systems=SYSTEMS).start()
    r = Reporter(statusd)
    r.send(finding(level="ok"))
    index = os.path.join(statusd.site, "index.html")

    def row():
        with open(index, encoding="utf-8") as f:
            return page.find(f.read(), "NC036", "Amsterdam")

    # The file follows what is served from memory.
    until(lambda: "operational" in row().lower(), 3)
    statusd.kill()

    statusd.ctl("stale")
    assert "operational" in row().lower(), "it was here a moment ago"
    # Ten minutes pass for what the store remembers.
    run(["sqlite3", os.path.join(os.path.dirname(statusd.site), "status.db"),
         "UPDATE report SET received_at = received_at - 600;"
         "UPDATE period SET until_at = until_at - 600;"])
    statusd.ctl("stale")
    assert "unknown" in row().lower()
    if os.geteuid() == 0:
        assert owner(index) == "nobody"


def test_alerts_go_out_once(place):
    with Webhook() as hook, Webhook() as phone:
        statusd = Statusd(place, systems=SYSTEMS, default_publish=Bare("draft"), alerts={
            "hook": {"url": hook.url},
            "phone": {"url": phone.url, "level": Bare("critical")}}).start()
        r = Reporter(statusd)
        r.send(finding("disk", "ok", "/var/vmail"))
        r.send(finding("disk", "warning", "/var/vmail"))
        assert hook.wait(1)[0]["level"] == "warning"
        r.send(finding("disk", "critical", "/var/vmail"))
        hook.wait(2), phone.wait(1)
        statusd.kill()
        statusd.start()
        r.send(finding("disk", "critical", "/var/vmail"))
        r.send(finding("disk", "warning", "/var/vmail"))
        r.send(finding("disk", "ok", "/var/vmail"))
        told = [(m["event"], m["level"]) for m in hook.wait(4)]
        assert told == [("open", "warning"), ("change", "critical"),
                        ("change", "warning"), ("resolved", "ok")]
        assert all(m["system"] == "NC036" and "NC036" in m["title"] for m in hook.got)
        assert "over" in hook.got[3]["title"]
        told = [(m["event"], m["level"]) for m in phone.wait(3)]
        assert told == [("open", "critical"), ("change", "warning"), ("resolved", "ok")]
        assert "Mail" not in statusd.get("/feed/"), "it was a draft"
        stays(lambda: len(hook.got) == 4 and len(phone.got) == 3, 1)

        done = statusd.ctl("alert", "test", "hook")
        assert "hook: sent" in done.stdout and hook.wait(5)[4]["event"] == "test"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_full_disk_keeps_reports_at_the_sender(place):
    disk = SmallFs(place, "small", 3 << 20, owner=(65534, 65534))
    statusd = Statusd(place, systems=SYSTEMS,
                      store=f"sqlite:{disk.path}/status.db").start()
    r = Reporter(statusd)
    r.send(finding(level="ok"))
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    disk.fill(1.0)
    lost = r.report(finding(), samples=[
        {"name": f"s{i}", "unit": "", "value": i} for i in range(1500)])
    assert statusd.report(r.token, lost)[0] == 503
    assert on_page(statusd, "NC036"), "the old page stands"
    os.unlink(os.path.join(disk.path, "ballast"))
    assert until(lambda: statusd.report(r.token, lost)[0] == 200, 5)
    until(lambda: on_page(statusd, "NC036: Mail is delayed"), 2)


def test_configuration_is_checked(place, root):
    for name in ("statusd", "statusctl"):
        done = run([program(name), "-c", str(root / "etc/statusd.conf"), "-t"])
        assert done.returncode == 0
        bad = place.write("bad.conf", 'title = "x"\nlate_after = -3s\n')
        done = run([program(name), "-c", bad, "-t"], check=False)
        assert done.returncode != 0 and "bad.conf:2: late_after" in done.stderr, done
