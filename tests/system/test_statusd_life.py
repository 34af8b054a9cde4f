"""Incidents, planned work, truth and import of statusd, with the real programs."""

import csv
import io
import json
import os
import random
import signal
import stat
import time

import pytest

from mg import page
from mg.daemons import Bare, Statusd
from mg.proc import run
from mg.servers import Webhook
from mg.wait import stays, until
from test_statusd import Reporter, SYSTEMS, finding, on_page, titles


def ago(seconds=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


@pytest.fixture
def statusd(place):
    return Statusd(place, systems=SYSTEMS).start()


def shown(statusd, number=1):
    return json.loads(statusd.ctl("show", "--json", str(number)).stdout)


def test_planned_work_mutes_and_is_counted(statusd, place):
    r = Reporter(statusd)
    r.send(finding(level="ok"))
    number = statusd.ctl("maintenance", "add", "--system", "NC036", "--from", ago(-3600),
                         "--until", ago(-7200), "--title", "New disk",
                         input="Mail waits for a while.").stdout.strip()
    assert shown(statusd, number)["status"] == "scheduled"
    statusd.ctl("maintenance", "start", number)
    until(lambda: on_page(statusd, "NC036", "maintenance"), 3)
    r.send(finding())
    r.send(finding("disk", subject="/var"))
    assert [i["kind"] for i in statusd.incidents()] == ["maintenance"]
    time.sleep(1.2)  # what is measured has to last
    assert [m["status"] for m in json.loads(
        statusd.ctl("maintenance", "list", "--json").stdout)] == ["in progress"]
    until(lambda: json.loads(statusd.ctl("report", "--json").stdout)[0]["downtime_minutes"] > 0,
          15, "the time is counted")
    line = json.loads(statusd.ctl("report", "--json").stdout)[0]
    assert line["downtime_without_planned_minutes"] == 0
    statusd.ctl("maintenance", "end", number)
    # What still stands then is an incident.
    r.send(finding())
    assert [i["kind"] for i in statusd.incidents()] == ["incident", "maintenance"]
    entries = [e["title"] for e in shown(statusd, number)["entries"]]
    assert entries == ["NC036: New disk", "NC036: Update 1", "NC036: Completed: New disk"]
    again = statusd.ctl("maintenance", "end", number, check=False)
    assert again.returncode == 2 and "over already" in again.stderr
    rows = list(csv.DictReader(io.StringIO(statusd.ctl("report", "--csv").stdout)))
    assert [x["system"] for x in rows] == list(SYSTEMS)
    assert statusd.ctl("report", "--month", "2026-13", check=False).returncode == 2


def test_planned_work_moves_by_the_clock(statusd):
    number = statusd.ctl("maintenance", "add", "--system", "NC036", "--from", ago(-2),
                         "--until", ago(-4), "--title", "Reboot", input="Soon.").stdout.strip()
    assert shown(statusd, number)["status"] == "scheduled"
    until(lambda: shown(statusd, number)["status"] == "in progress", 5)
    until(lambda: shown(statusd, number)["status"] == "completed", 5)
    until(lambda: len(shown(statusd, number)["entries"]) == 3, 3)
    other = statusd.ctl("maintenance", "add", "--system", "NC036", "--from", ago(-200),
                        "--until", ago(-400), "--title", "Never", input="x").stdout.strip()
    statusd.ctl("maintenance", "cancel", other)
    assert shown(statusd, other)["status"] == "completed"
    assert shown(statusd, other)["entries"][-1]["body"] == "The planned work is cancelled."


def test_i9_uptime_is_what_customers_use(statusd):
    """Webmail broken while the host answers and the disk is well: never "up"."""
    r = Reporter(statusd)
    good = [finding("queue", "ok"), finding("disk", "ok", "/var/vmail"),
            finding("service", "ok", "smtp"), finding("service", "ok", "webmail")]
    r.send(*good)
    until(lambda: on_page(statusd, "NC036", "operational"), 2)
    r.send(*good[:3], finding("service", "critical", "webmail"))
    until(lambda: on_page(statusd, "NC036", "partial outage"), 2)
    assert titles(statusd) == ["NC036: Webmail is not available"]
    # A check that could not be made is not green, and ends nothing.
    r.send(*good[:3], finding("service", "unknown", "webmail"))
    stays(lambda: statusd.incidents()[0]["status"] == "investigating", 1)
    # "space is back; webmail is not"
    r.send(finding("disk", "critical", "/var/vmail"), finding("service", "critical", "webmail"))
    r.send(finding("disk", "ok", "/var/vmail"), finding("service", "critical", "webmail"))
    last = statusd.incidents()[0]["entries"][-1]["body"]
    assert "Not over yet" in last and "Webmail is not available" in last
    until(lambda: json.loads(statusd.ctl("report", "--json").stdout)[0]["downtime_minutes"] > 0,
          15, "downtime is counted")
    # A post that says otherwise is held against the evidence.
    done = statusd.ctl("post", "--system", "NC036", "--title", "All is back to normal",
                       input="Everything works again.")
    assert "still stands: NC036 service webmail: critical" in done.stderr


def test_i10_numbers_without_a_gap_over_kill(place):
    """Updates by hand and by report, while statusd is killed again and again."""
    statusd = Statusd(place, systems=SYSTEMS).start()
    r = Reporter(statusd)
    r.send(finding())
    for turn in range(4):
        r.send(finding(level="warning" if turn % 2 == 0 else "critical"))
        statusd.ctl("update", "1", input=f"Update by hand {turn}.")
        statusd.kill()
        statusd.ctl("update", "1", input=f"While it was dead {turn}.")
        statusd.start()
    entries = shown(statusd)["entries"]
    numbers = [e["number"] for e in entries if e["kind"] == "update"]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 8
    assert [e["title"] for e in entries if e["kind"] == "update"] == [
        f"NC036: Update {n}" for n in numbers]
    until(lambda: on_page(statusd, f"Update {numbers[-1]}"), 3)
    # Every claim says when it was last verified.
    assert "Last verified" in statusd.get() or "last verified" in statusd.get()


def test_any_order_loss_and_repetition_end_alike(place):
    """The newest report decides, whatever became of those before it."""
    truth = []
    rng = random.Random(5)
    for n in range(12):
        truth.append([finding(c, rng.choice(["ok", "ok", "warning", "critical"]), s)
                      for c, s in (("queue", ""), ("disk", "/"), ("service", "imap"))])
    truth.append([finding("queue", "ok"), finding("disk", "critical", "/"),
                  finding("service", "ok", "imap")])
    ends = []
    for run_ in range(3):
        statusd = Statusd(place, f"run{run_}", systems=SYSTEMS).start()
        r = Reporter(statusd)
        base = r.seq
        order = list(range(len(truth)))
        if run_ > 0:
            rng.shuffle(order)
            order = [i for i in order if rng.random() < 0.7] * 2 + [len(truth) - 1] * 2
        for i in order:
            r.seq = base + i
            r.send(*truth[i])
            open_ = [x for x in statusd.incidents() if x["status"] != "resolved"]
            evidence = sorted(t for x in open_ for t in [x["title"]])
            assert len(evidence) <= 3
        state = json.loads(statusd.ctl("systems", "--json").stdout)[0]["state"]
        ends.append((state, len(open_)))
        for x in statusd.incidents():
            numbers = [e["number"] for e in x["entries"] if e["kind"] == "update"]
            assert numbers == list(range(1, len(numbers) + 1))
        statusd.stop()
    assert ends == [("partial outage", 1)] * 3


def test_a_promised_update_is_shown_reminded_and_kept(place):
    with Webhook() as hook:
        statusd = Statusd(place, systems=SYSTEMS, alerts={"hook": {"url": hook.url}}).start()
        r = Reporter(statusd)
        r.send(finding())
        hook.wait(1)
        statusd.ctl("update", "--next", ago(-300), "1", input="A disk is being replaced.")
        assert shown(statusd)["next_update_at"] is not None
        reminder = hook.wait(2, 15)[1]
        assert "Soon due" in reminder["title"] and reminder["event"] == "remind"
        statusd.ctl("update", "--next", ago(-3), "1", input="Still.")
        overdue = hook.wait(1, 20, lambda m: "Overdue" in m["title"])
        assert overdue[0]["level"] == "critical"
        statusd.ctl("update", "1", input="Done soon.")
        assert shown(statusd)["next_update_at"] is None
        bad = statusd.ctl("update", "--next", "25:00", "1", input="x", check=False)
        assert bad.returncode == 2 and "no time" in bad.stderr


def test_reminders_until_acknowledged(place):
    with Webhook() as phone, Webhook() as boss:
        statusd = Statusd(place, systems=SYSTEMS, alerts={
            "phone": {"url": phone.url, "remind": Bare("1s"), "escalate": Bare("2s")},
            "boss": {"url": boss.url, "level": Bare("critical")}}).start()
        r = Reporter(statusd)
        r.send(finding(level="warning"))
        assert phone.wait(2, 20)[1]["event"] == "remind"
        assert boss.wait(1, 20)[0]["system"] == "NC036"
        statusd.ctl("ack", "--system", "NC036")
        time.sleep(1)
        n = len(phone.got)
        stays(lambda: len(phone.got) <= n, 3)


def test_a_full_disk_is_three_alerts(place):
    with Webhook() as hook:
        statusd = Statusd(place, systems=SYSTEMS, alerts={"hook": {"url": hook.url}}).start()
        r = Reporter(statusd)
        disk = finding("disk", "critical", "/var/vmail")
        r.send(finding("disk", "warning", "/var/vmail"))
        for check in ("queue", "service", "log", "self", "duplicates", "canary"):
            r.send(disk, finding(check, "warning", "a"))
            r.send(disk, finding(check, "critical", "a"), finding(check, "warning", "b"))
        stays(lambda: len(hook.got) <= 3, 3)
        assert len([i for i in statusd.incidents() if i["status"] != "resolved"]) == 1


def test_own_words_in_the_configuration(place):
    statusd = Statusd(place, systems=SYSTEMS, public_metrics=["queue"])
    with open(statusd.conf_path, "a", encoding="utf-8") as f:
        f.write('template "queue" { trouble = "Mail is slow"\n'
                'opened = "{role} in {city}: {trouble}.[ {number} wait.][ Until {eta}.]" }\n')
    statusd.start()
    Reporter(statusd).send(finding(value=1840))
    (incident,) = statusd.incidents()
    assert incident["title"] == "NC036: Mail is slow"
    assert incident["entries"][0]["body"] == (
        "Mail server in Amsterdam: Mail is slow. 1,840 wait.\n")
    with open(statusd.conf_path, "a", encoding="utf-8") as f:
        f.write('template "disk" { opened = "{colour}" }\n')
    status, text = statusd.check()
    assert status == 1 and "no placeholder" in text


def test_recovering_says_when(place):
    statusd = Statusd(place, systems=SYSTEMS, public_metrics=["queue", "delay"]).start()
    r = Reporter(statusd)
    r.send(finding(value=5000))
    falling = finding(level="warning", value=1200)
    falling["evidence"]["empty_at"] = ago(-1800)
    r.send(falling)
    incident = shown(statusd)
    assert incident["recovering"].startswith("Recovering: 1,200 messages left, empty at about")
    assert "Recovering: 1,200 messages left" in incident["entries"][-1]["body"]
    assert incident["status"] == "monitoring"


WXR = """<?xml version="1.0"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<item><title>NC036: Disk is full</title><link>https://old.example/2025/06/13/disk-is-full/</link>
<guid isPermaLink="false">https://old.example/?p=42</guid>
<content:encoded><![CDATA[<p>We buy <b>space</b>.</p><script>x()</script>]]></content:encoded>
<wp:post_id>42</wp:post_id><wp:post_date_gmt>2025-06-13 10:00:00</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<category domain="category" nicename="mail">Mail</category></item></channel></rss>"""


def test_import_and_export(statusd, place):
    file = place.write("old.xml", WXR)
    assert json.loads(statusd.ctl("import", "--json", file).stdout) == {
        "taken": 1, "known": 0, "skipped": []}
    assert json.loads(statusd.ctl("import", "--json", file).stdout)["known"] == 1
    until(lambda: "space" in statusd.get("/2025/06/13/disk-is-full/"), 3)
    assert "x()" not in statusd.get("/2025/06/13/disk-is-full/")
    bad = statusd.ctl("import", place.write("bad.xml", WXR[:-10]), check=False)
    assert bad.returncode == 2 and "line" in bad.stderr
    everything = json.loads(statusd.ctl("export").stdout)
    assert everything["threads"][0]["old_id"] == 42
    # Our own export comes back as it was.
    wxr = place.write("new.xml", statusd.ctl("export", "--wxr").stdout)
    other = Statusd(place, "other", systems=SYSTEMS).start()
    assert json.loads(other.ctl("import", "--json", wxr).stdout)["taken"] == 1
    (post,) = other.incidents()
    assert post["title"] == "NC036: Disk is full" and post["categories"] == ["Mail"]
    assert post["url"].endswith("/2025/06/13/disk-is-full/")
    assert post["entries"][0]["body"] == "We buy **space**."
    folder = place / "copy"
    statusd.ctl("export-site", folder)
    assert os.path.exists(os.path.join(folder, "2025/06/13/disk-is-full/index.html"))


def test_the_hook_copies_after_each_change(place):
    copy = place.folder("copy", 0o777)
    script = place.write("hook.sh", f"#!/bin/sh\ncp -r \"$1\"/. {copy}/\n", 0o755)
    os.chmod(script, os.stat(script).st_mode | stat.S_IXOTH)
    statusd = Statusd(place, systems=SYSTEMS, hook=[script, place / "statusd-data/site"]).start()
    Reporter(statusd).send(finding())

    def copied():
        with open(os.path.join(copy, "index.html"), encoding="utf-8") as f:
            return "Mail is delayed" in f.read()
    until(lambda: os.path.exists(os.path.join(copy, "index.html")) and copied(), 10)
    statusd.configure(hook=["/bin/sh", "-c", "sleep 60"], hook_timeout=Bare("1s"))
    statusd.signal(signal.SIGUSR1)
    Reporter(statusd).send(finding(level="warning"))
    statusd.wait_output("hook: it took too long")
    assert statusd.running()


def test_a_database_that_is_replaced(place):
    statusd = Statusd(place, systems=SYSTEMS).start()
    Reporter(statusd).send(finding())
    path = place / "statusd-data/status.db"
    for end in ("", "-wal", "-shm"):
        os.unlink(path + end)
    statusd.wait_output("the database was replaced")
    r = Reporter(statusd)
    r.send(finding())
    until(lambda: titles(statusd) == ["NC036: Mail is delayed"], 5)
    until(lambda: on_page(statusd, "NC036: Mail is delayed"), 5)
    assert run(["sqlite3", path, "PRAGMA integrity_check"]).stdout.strip() == "ok"
