"""queuewatch alone: a spool of our own, a status server of our own."""

import json
import os
import re
import signal
import socket
import time
import urllib.request

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.ports import free_port
from mg.proc import children, run
from mg.servers import Status, Webhook
from mg.smallfs import SmallFs
from mg.spool import Spool
from mg.wait import stays, until

WORST = {"ok": 0, "notice": 1, "unknown": 2, "warning": 3, "critical": 4}


@pytest.fixture
def status():
    with Status() as s:
        yield s


@pytest.fixture
def hook():
    with Webhook() as h:
        yield h


@pytest.fixture
def spool(place):
    return Spool(place)


@pytest.fixture
def watch(place, spool, status):
    """watch({sections}, option=...): a queuewatch that reports to "status"."""
    def make(sections=None, **options):
        options = {"status_url": status.url, "token": status.token,
                   "queue": {"warning": 10, "critical": 20}, **options}
        # Named, so that the fill of the machine's own disks plays no part.
        disk = {"warning": Bare("99%"), "critical": Bare("100%")}
        return Queuewatch(place, spool, sections={
            ("disk", place.path): disk, **(sections or {})}, **options)
    return make


def finding(report, check, subject=""):
    for f in report["findings"]:
        if f["check"] == check and f["subject"] == subject:
            return f
    return None


def level(report, check, subject=""):
    found = finding(report, check, subject)
    return found and found["level"]


def sample(report, name):
    for s in report["samples"]:
        if s["name"] == name:
            return s["value"]
    return None


def last(status):
    """The newest report."""
    return status.wait(1)[-1]


def seqs(status):
    return [r["seq"] for r in status.got]


def names(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().replace(b"\0", b" ").decode().strip()


def family(qw):
    """{title: pid} of what queuewatch started."""
    found, todo = {}, [qw.pid]
    while todo:
        for pid in children(todo.pop()):
            found[names(pid)] = pid
            todo.append(pid)
    return found


def scanner(qw):
    for title, pid in family(qw).items():
        if title.startswith("queuewatch: s"):
            return pid
    return None


def test_first_report_has_every_finding(watch, status, spool):
    spool.put("deferred", 3)
    spool.put("incoming", 1)
    spool.put("incoming", 1, mode=0o600)  # being written
    spool.put("hold", 2)
    before = time.time()
    watch(interval=Bare("3s")).start()
    r = status.wait(1, 3)[0]
    assert r["schema"] == 1 and r["system"] == "NC036" and r["interval_s"] == 3
    assert re.fullmatch(r"queuewatch \d+\.\d+\.\d+", r["agent"])
    assert before - 1 <= r["seq"] <= time.time() + 1, "begins at the Unix time"
    for queue in ("maildrop", "incoming", "active", "deferred", "hold", ""):
        assert level(r, "queue", queue) == "ok", queue
    assert level(r, "self") == "ok" and level(r, "stuck") == "ok"
    assert [sample(r, f"queue.{q}") for q in spool.QUEUES] == [0, 1, 0, 3, 2]
    assert finding(r, "queue")["value"] == 4
    disk = next(f for f in r["findings"] if f["check"] == "disk")
    assert disk["level"] == "ok" and 0 < disk["value"] < 1
    assert 0 < sample(r, "disk.used:" + disk["subject"]) < 1
    assert sample(r, "disk.free:" + disk["subject"]) > 0
    assert r["remedies"] == [] and r["results"] == []


def test_levels_enter_hold_and_clear(watch, status, spool):
    watch().start()
    status.wait(2)
    spool.put("deferred", 12)
    until(lambda: level(last(status), "queue") == "warning", 5)
    assert level(last(status), "queue", "deferred") == "warning"
    assert level(last(status), "queue", "active") == "ok"
    spool.put("active", 10)
    until(lambda: level(last(status), "queue") == "critical", 5)
    spool.clear("active")
    until(lambda: level(last(status), "queue") == "warning", 5)
    spool.clear("deferred", keep=9)  # below where it is entered, not left
    stays(lambda: level(last(status), "queue") == "warning", 2.5)
    spool.clear("deferred")
    until(lambda: level(last(status), "queue") == "ok", 5)
    # Each level began once, at the time that every report names.
    since = {(f["level"], f["since"]) for r in status.got
             for f in r["findings"] if (f["check"], f["subject"]) == ("queue", "")}
    assert len(since) == 5, since


def test_what_is_there_at_first_start_does_not_alarm(watch, status, spool):
    spool.put("deferred", 300, age=90000)
    spool.put("incoming", 1, age=90000)
    qw = watch().start()
    until(lambda: level(last(status), "queue") == "notice", 5)
    assert "found on arrival" in finding(last(status), "queue")["summary"]
    stays(lambda: WORST[level(last(status), "queue")] <= 1, 2)
    assert finding(last(status), "queue")["evidence"]["oldest_s"] >= 90000
    qw.restart()
    n = len(status.got)
    until(lambda: len(status.got) > n + 2)
    assert level(last(status), "queue") == "notice"
    spool.put("deferred", 20)
    until(lambda: level(last(status), "queue") == "critical", 5)


def test_old_mail_alarms_when_nobody_tries_it(watch, status, spool):
    watch(queue={"oldest_warning": Bare("2s"), "oldest_critical": Bare("1h")}).start()
    status.wait(1)
    spool.put("deferred", 1)  # its next attempt is to come
    spool.put("incoming", 1)
    until(lambda: level(last(status), "queue", "incoming") == "warning", 8)
    assert level(last(status), "queue", "deferred") == "ok"


def test_stuck_says_why_and_what_helps(watch, status, spool):
    watch().start()
    status.wait(1)
    spool.put("deferred", 2, age=5000, next_attempt=90000)
    spool.put("deferred", 1, age=5000, next_attempt=-3600)
    until(lambda: level(last(status), "stuck") == "warning", 5)
    f = finding(last(status), "stuck")
    assert f["value"] == 3 and f["unit"] == "messages"
    assert "future" in f["summary"] and "overdue" in f["summary"]
    assert "flush" in f["summary"]
    assert f["evidence"]["future"] == 2 and f["evidence"]["overdue"] == 1


def test_falling_queue_says_when_it_is_empty(watch, status, spool):
    watch().start()
    status.wait(1)
    spool.put("deferred", 40)
    until(lambda: level(last(status), "queue") == "critical", 5)

    def falling():
        spool.clear("deferred", keep=max(
            0, len(os.listdir(spool.path + "/deferred")) - 1))
        time.sleep(0.2)
        return "falling, empty in" in finding(last(status), "queue")["summary"]
    until(falling, 10)
    assert "empty_at" in finding(last(status), "queue")["evidence"]


def test_statusd_away_then_in_order_and_once(watch, status, spool, place):
    qw = watch().start()
    first = status.wait(2)[0]["seq"]
    status.stop()
    spool.put("deferred", 12)
    time.sleep(2)
    qw.kill()  # what waits is on disk
    until(lambda: not qw.leftovers(), 3, "children die with it")
    qw.start()
    until(lambda: qw.finding("self")["evidence"]["reports_waiting"] >= 4)
    status.start()
    until(lambda: qw.finding("self")["evidence"]["reports_waiting"] == 0)
    got = seqs(status)
    assert got == list(range(first, first + len(got))), got
    times = [r["at"] for r in status.got]
    assert times == sorted(times)
    assert {"ok", "warning"} == {level(r, "queue") for r in status.got}


def test_seq_goes_on_over_kills(watch, status):
    qw = watch().start()
    for n in range(5):
        status.wait(2 * n + 1)
        qw.kill()
        until(lambda: not qw.leftovers(), 3)
        qw.start()
    status.wait(12)
    got = seqs(status)
    # One that was accepted just as its sender died is sent again.
    once = [a for i, a in enumerate(got) if i == 0 or a != got[i - 1]]
    assert once == list(range(got[0], got[0] + len(once))), got


def test_next_s_moves_reports_and_no_sample(watch, status, spool):
    status.next_s = 3
    qw = watch(clear_samples=1).start()
    status.wait(1)
    spool.put("incoming", 3)
    until(lambda: qw.finding("queue", "")["value"] == 3, 1.6, "a sample meanwhile")
    assert len(status.got) == 1
    began = time.monotonic()
    status.wait(3, 10)
    assert time.monotonic() - began > 3.5


def test_wrong_token_is_said_once_a_minute(watch, status, place):
    qw = watch(token="wrong").start()
    until(lambda: "401" in qw.output())
    status.wait_tries(3, 10)
    assert qw.output().count("401") == 1
    assert "statusctl token" in qw.output()
    assert status.got == []
    n = status.tries
    stays(lambda: status.tries <= n + 4, 3, "the pauses grow")
    place.write("queuewatch.token", status.token + "\n")
    first = status.wait(1, 5)[0]
    assert first["seq"] + len(status.got) - 1 == last(status)["seq"]


def test_orders_are_answered(watch, status):
    remedy = {("remedy", "grow"): {"title": "Grow", "command": ["/bin/true"]}}
    status.orders = [{"id": "o1", "remedy": "grow", "code": "123456"},
                     {"id": "o2", "remedy": "none", "code": "123456"}]
    watch(remedy).start()
    until(lambda: sum(len(r["results"]) for r in status.got) == 2)
    assert status.got[0]["remedies"] == [{"name": "grow", "title": "Grow"}]
    results = [x for r in status.got for x in r["results"]]
    assert [x["id"] for x in results] == ["o1", "o2"]
    assert "secret" in results[0]["text"]
    assert "no remedy" in results[1]["text"]


def test_disk_that_fills_steadily_warns_first(place, watch, status):
    disk = SmallFs(place, "store", 64 << 20)
    watch({("disk", disk.path): {"warning": Bare("97%"),
                                   "critical": Bare("99%")}}).start()
    status.wait(2)

    def fills():
        disk.fill(disk.used() + 0.005)
        time.sleep(0.25)
        return level(last(status), "disk", disk.path) == "warning"
    until(fills, 20, "a warning while it fills", 0)
    assert disk.used() < 0.9
    f = finding(last(status), "disk", disk.path)
    assert f["forecast"]["likely_at"] > last(status)["at"]
    assert f["evidence"]["free_bytes"] > 0 and f["evidence"]["sudden"] is True
    # It stops: the warning goes.
    until(lambda: level(last(status), "disk", disk.path) == "ok", 60)


def test_postfix_floor_counts_before_the_share(place, status):
    store = SmallFs(place, "pf/spool", 48 << 20)
    spool = Spool(place, message_size_limit="8000000")  # floor: 12 MB
    assert os.path.ismount(store.path)
    qw = Queuewatch(place, spool, status_url=status.url, token=status.token).start()
    status.wait(1)
    store.fill(0.6)
    until(lambda: level(last(status), "disk", store.path) == "warning", 5)
    store.fill(0.78)
    until(lambda: level(last(status), "disk", store.path) == "critical", 5)
    f = finding(last(status), "disk", store.path)
    assert f["evidence"]["floor_bytes"] == 12000000
    assert "Postfix needs" in f["summary"]
    assert qw.finding("disk", store.path)["level"] == "critical"


def told(hook):
    return [(m["event"], m["level"]) for m in hook.got]


def test_operator_is_told_when_statusd_does_not_take_it(watch, status, spool, hook):
    qw = watch({("alert", "hook"): {"url": hook.url, "level": Bare("warning")},
                  ("alert", "loud"): {"url": hook.url + "2",
                                      "level": Bare("critical")}}).start()
    status.wait(2)
    spool.put("deferred", 12)
    until(lambda: level(last(status), "queue") == "warning", 5)
    stays(lambda: not hook.got, 3, "statusd has it: nobody is told twice")
    status.stop()
    spool.put("deferred", 12)
    first = hook.wait(2, 12)
    assert sorted(told(hook)) == [("change", "critical"), ("open", "critical")]
    assert first[0]["system"] == "NC036" and first[0]["title"].startswith("NC036: ")
    # Killed and started again it has nothing new to say.
    qw.kill()
    until(lambda: not qw.leftovers(), 3)
    qw.start()
    stays(lambda: len(hook.got) == 2, 4)
    spool.clear("deferred")
    hook.wait(4, 12)
    assert sorted(told(hook)[2:]) == [("resolved", "ok"), ("resolved", "ok")]
    keys = [m["dedup_key"] for m in hook.got]
    assert len(set(keys)) == 2, keys


def test_alert_is_retried_and_never_twice_over_kills(watch, status, spool, hook):
    qw = watch({("alert", "hook"): {"url": hook.url}}).start()
    status.wait(1)
    status.stop()
    hook.answers = [500, 500, 500]
    spool.put("deferred", 12)
    for n in range(1, 4):
        hook.wait_tries(n, 15)
        time.sleep(0.3)  # the refusal is noted; the next try is a second off
        qw.kill()
        until(lambda: not qw.leftovers(), 3)
        qw.start()
    hook.wait(1, 20)
    stays(lambda: len(hook.got) == 1, 3)


def test_scanner_has_one_capability_and_comes_back(watch, status):
    qw = watch().start()
    status.wait(1)
    pid = until(lambda: scanner(qw))
    facts = dict(line.split(":\t", 1) for line in
                 open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
    assert int(facts["CapEff"], 16) == 1 << 2, "CAP_DAC_READ_SEARCH alone"
    assert int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    assert "0" not in facts["Uid"].split()
    with open(f"/proc/{qw.pid}/status") as f:
        main = f.read()
    assert "CapEff:\t0000000000000000" in main and "Uid:\t65534" in main
    assert all(name.startswith("queuewatch") for name in family(qw))
    os.kill(pid, signal.SIGKILL)
    until(lambda: scanner(qw) not in (None, pid), 5, "another scanner")
    n = len(status.got)
    until(lambda: len(status.got) >= n + 3)
    assert level(last(status), "queue") == "ok"


def test_without_rights_it_says_so(place, spool, status):
    spool.put("deferred", 5)
    data = place.folder("own", 0o777)
    conf = place.write("own.conf", "".join(
        f"{line}\n" for line in (
            'system = "NC036"', f'postfix_config = "{spool.config}"',
            f'data_directory = "{data}"', f'status_url = "{status.url}"',
            f'status_token_file = "{place.write("own.token", status.token)}"',
            "interval = 1s", "log = stderr")))
    from mg.daemons import program
    from mg.proc import Process
    os.chown(spool.path + "/deferred", 0, 0)
    Process(place, "own", ["setpriv", "--reuid=65534", "--regid=65534",
                           "--clear-groups", program("queuewatch"), "-c", conf,
                           "-f"]).start()
    r = status.wait(2)[-1]
    assert level(r, "queue", "deferred") == "unknown"
    assert "no right to look" in finding(r, "queue", "deferred")["summary"]
    assert level(r, "queue") == "unknown" and "value" not in finding(r, "queue")
    assert sample(r, "queue.deferred") is None and sample(r, "queue.active") == 0
    assert level(r, "self") == "warning"


def test_postconf_missing_is_a_finding(place, status):
    class NoPostfix:
        config = place / "nothing"
    qw = Queuewatch(place, NoPostfix, status_url=status.url, token=status.token).start()
    # postconf takes a second to fail; until then nothing is claimed.
    assert level(status.wait(1)[0], "queue") == "unknown"
    until(lambda: level(last(status), "self") == "warning", 5)
    assert "postconf" in finding(last(status), "self")["summary"]
    assert level(last(status), "queue") == "unknown"
    assert qw.running()


def test_real_queue_its_causes_and_top(place, sink, make_postfix, status):
    sink.refuse()
    postfix = make_postfix(relay={"jam.example": ("127.0.0.1", sink.port)})
    qw = Queuewatch(place, postfix, status_url=status.url, token=status.token,
                    queue={"warning": 10, "critical": 20}).start()
    status.wait(1)
    smtp.burst(postfix.port, 25, "office@home.example", "c{i}@jam.example")
    until(lambda: postfix.count("deferred") == 25, 30)
    until(lambda: level(last(status), "queue") == "critical", 8)
    until(lambda: "causes" in finding(last(status), "queue")["evidence"], 8)
    f = finding(last(status), "queue")
    causes = f["evidence"]["causes"]
    assert causes[0]["by"] == "destination" and causes[0]["name"] == "jam.example"
    assert causes[0]["share"] == 1 and causes[0]["reason"].startswith("450 4.2.0 ")
    assert {c["by"] for c in causes} == {"destination", "sender", "reason", "client"}
    assert "mail to jam.example (450" in f["summary"]
    # "domains" leave this host, and no address.
    assert "office" not in json.dumps(status.got)
    until(lambda: sample(last(status), "queue.deferred") == 25, 8, "all are counted")

    def still():
        """The queue while no message is tried: one that moves is listed twice."""
        rows = [json.loads(line) for line in
                run(["postqueue", "-c", postfix.config, "-j"]).stdout.splitlines()]
        return rows if [r["queue_name"] for r in rows] == ["deferred"] * 25 else None
    listed = until(still, 8, "the queue is still")

    def top(by):
        return json.loads(run([qw.argv[0], "-c", qw.conf_path, "top", "--by", by,
                               "--once", "--json"]).stdout)

    def all_have(by, name):
        want = [{"name": name, "count": 25, "share": 1.0}]
        return until(lambda: top(by) == want, 8, f"all 25 have the {by} {name}")
    all_have("destination", "jam.example")
    all_have("sender", "office@home.example")
    all_of_them = {r["address"] for m in listed for r in m["recipients"]}
    until(lambda: {r["name"] for r in top("recipient")} == all_of_them, 8)
    until(lambda: len(top("reason")) == 1, 8, "one reason")
    all_have("client", "unknown[127.0.0.1]")
    all_have("sasl", "(none)")
    bad = run([qw.argv[0], "-c", qw.conf_path, "top", "--by", "moon"], check=False)
    assert bad.returncode == 1 and "destination" in bad.stderr


def test_host_without_postfix(place, status):
    Queuewatch(place, None, status_url=status.url, token=status.token).start()
    r = status.wait(2)[1]
    assert level(r, "self") == "ok" and level(r, "queue") is None
    assert any(f["check"] == "disk" for f in r["findings"])


def test_what_has_not_run_is_unknown(watch, status):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        watch({("service", "web"): {"url": f"http://127.0.0.1:{port}/"},
               ("certificate", "imap"): {"url": f"imaps://127.0.0.1:{port}"}}).start()
        r = status.wait(1)[0]
        assert level(r, "service", "web") == "unknown"
        assert level(r, "certificate", "imap") == "unknown"


def test_full_data_disk_stops_nothing(place, watch, status, spool):
    data = SmallFs(place, "data", 48 << 20, owner=(65534, 65534))
    qw = watch(data_directory=data.path).start()
    status.wait(1)
    status.stop()
    data.fill(1.0)
    spool.put("deferred", 12)
    time.sleep(3)
    status.start()
    until(lambda: level(last(status), "queue") == "warning", 10)
    got = seqs(status)
    assert got == list(range(got[0], got[0] + len(got))), got
    assert qw.running() and qw.finding("queue", "")["level"] == "warning"


def test_reload(watch, status, spool):
    qw = watch().start()
    status.wait(1)
    spool.put("deferred", 5)
    qw.configure(queue={"warning": 0})
    qw.signal(signal.SIGUSR1)
    qw.wait_output("the old configuration stays")
    qw.configure(queue={"warning": 3, "critical": 4})
    qw.signal(signal.SIGHUP)
    qw.wait_output("configuration read again")
    until(lambda: level(last(status), "queue") == "critical", 5)


def test_show(watch, status, spool):
    spool.put("deferred", 2)
    qw = watch().start()
    status.wait(1)
    seen = until(qw.show)
    assert {f["check"] for f in seen["findings"]} >= {"queue", "disk", "self"}
    assert {"name": "queue.deferred", "unit": "messages", "value": 2} in seen["samples"]
    text = run([qw.argv[0], "-c", qw.conf_path, "show"]).stdout
    assert "queue deferred: 2 messages wait" in text and "\033" not in text
    qw.stop()
    assert qw.show()["findings"], "also when it does not run"


def test_show_without_state_fails(watch):
    qw = watch()
    done = run([qw.argv[0], "-c", qw.conf_path, "show"], check=False)
    assert done.returncode == 1 and "queuewatch.state" in done.stderr


def test_metrics(watch, status, spool):
    spool.put("deferred", 4)
    port = free_port()
    watch(metrics=f"127.0.0.1:{port}").start()
    status.wait(1)

    def text():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as a:
            return a.read().decode()
    until(lambda: 'mailglance_queue_messages{queue="deferred"} 4' in text())
    assert 'mailglance_finding_level{check="self",subject=""} 0' in text()


@pytest.mark.parametrize("line, words", [
    ("intervall = 10s", "interval"),
    ("interval = 10", "duration"),
    ("interval = 0s", "interval"),
    ("interval = 1h", "interval"),
    ("queue { warning = 500 critical = 500 }", "above warning"),
    ("queue { oldest_warning = 3h }", "oldest_critical"),
    ('disk "/x" { warning = 95% critical = 85% }', "critical"),
    ('disk "x" { }', "absolute"),
    ('disk "/x" { forecast_warning = 1h }', "forecast_critical"),
    ('disk "/x" { warning = 120% }', "share"),
    ("evidence = all", "domains"),
    ('status_url = "http://status.example"', "https"),
    ('status_url = "ftp://127.0.0.1"', "http"),
    ('postfix_config = "etc"', "absolute"),
    ('data_directory = ""', "absolute"),
    ('maillog = "mail.log"', "auto"),
    ('metrics = "9391"', "metrics"),
    ('service "a" { expect = "x" }', "url"),
    ('service "a" { url = "gopher://x" }', "url"),
    ('service "a" { url = "https://x/" timeout = 90s }', "timeout"),
    ('certificate "a" { url = "imaps://x" warning = 1d }', "critical"),
    ('canary "a" { from = "a@b.example" }', "to"),
    ('canary "a" { from = "ab" to = "a@b.example" via = "smtp://x" read = '
     '"maildir:/x" }', "address"),
    ('blocklist "zen.example" { }', "address"),
    ('blocklist "zen.example" { address = {"300.1.1.1"} }', "address"),
    ('remedy "a" { title = "x" }', "command"),
    ('remedy "a" { command = {"grow"} }', "absolute"),
    ('remedy "a b" { command = {"/bin/true"} }', "blanks"),
    ('alert "a" { url = "gopher://x" }', "alert"),
    ('alert "a" { url = "https://x/" level = ok }', "level"),
    ("hold_samples = 0", "hold_samples"),
    ("nonsense", "2"),
])
def test_bad_configuration_is_refused_with_its_line(build, place, line, words):
    conf = place.write("bad.conf", f'system = "X"\n{line}\n')
    done = run([build / "queuewatch", "-c", conf, "-t"], check=False)
    assert done.returncode != 0
    assert re.search(r"bad\.conf:[23]: ", done.stderr), done.stderr
    assert words in done.stderr, done.stderr


def test_reference_configuration_is_accepted(build, root):
    for conf in (root / "etc/queuewatch.conf",):
        done = run([build / "queuewatch", "-c", conf, "-t"], check=False)
        assert done.returncode == 0, done.stderr
        # What is missing on this host is a warning, by the program's name.
        assert all(line.startswith("queuewatch") for line in done.stderr.splitlines())


def test_version_and_usage(build):
    assert run([build / "queuewatch", "-V"]).stdout == "queuewatch 0.1.0\n"
    done = run([build / "queuewatch", "-c", "/dev/null", "dance"], check=False)
    assert done.returncode == 2 and "usage" in done.stderr
    assert json.dumps(done.stdout) == '""'
