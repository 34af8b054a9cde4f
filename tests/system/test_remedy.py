"""Remedies: prepared commands, by hand, and by order with a code."""

import os
import re
import signal
import subprocess
import time

import pytest

from mg.daemons import Bare, Queuewatch, program
from mg.proc import children, run
from mg.servers import Status
from mg.spool import Spool
from mg.totp import hotp, new_secret, totp
from mg.wait import stays, until


@pytest.fixture
def status():
    with Status() as s:
        yield s


class Prepared:
    """queuewatch with remedies: name -> shell text.  "secrets" is the file."""

    def __init__(self, place, status, remedies, timeout="5s", sections=None, **options):
        self.place, self.status = place, status
        self.n = 0
        self.secrets = {name: new_secret() for name in remedies}
        self.file = place / "secrets/remedy.totp"
        place.folder("secrets", 0o755)
        self.keep()
        all_sections = {("remedy", name): {
            "title": name, "command": ["/bin/sh", "-c", text], "timeout": Bare(timeout)}
            for name, text in remedies.items()}
        all_sections[("disk", place.path)] = {"warning": Bare("99%"),
                                              "critical": Bare("100%")}
        all_sections.update(sections or {})
        self.queuewatch = Queuewatch(
            place, Spool(place), status_url=status.url, token=status.token,
            remedy_secret_file=self.file, sections=all_sections, **options)

    def keep(self, mode=0o600):
        self.place.write("secrets/remedy.totp", "# secrets\n" + "".join(
            f"{name} {secret}\n" for name, secret in self.secrets.items()), mode)

    def start(self):
        self.queuewatch.start()
        self.status.wait(1)
        return self

    def order(self, remedy, code=None, steps=0, id=None):
        """Give the order and return its id."""
        if id is None:
            self.n += 1
            id = f"order-{self.n}"
        if code is None:
            code = totp(self.secrets[remedy], steps)
        self.status.orders = self.status.orders + [
            {"id": id, "remedy": remedy, "code": code}]
        return id

    def results(self, id):
        return [r for report in self.status.got for r in report["results"]
                if r["id"] == id]

    def result(self, id, seconds=10):
        until(lambda: self.results(id), seconds, f"the result of {id}")
        return self.results(id)[0]

    def do(self, remedy, code=None, steps=0, id=None):
        return self.result(self.order(remedy, code, steps, id))

    def keeper(self):
        for pid in children(self.queuewatch.pid):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().startswith(b"queuewatch: remedy"):
                    return pid
        return None

    def cli(self, *args):
        q = self.queuewatch
        return run([q.argv[0], "-c", q.conf_path, "remedy", *args], check=False)


@pytest.fixture
def prepared(place, status):
    def make(**remedies):
        return Prepared(place, status, remedies)
    return make


def lines(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def test_an_order_with_its_code_is_carried_out_once(prepared, place, status):
    mark = place / "mark"
    p = prepared(mark=f'echo "$0 $#" >>{mark}; id -u; echo "to stderr" >&2; env',
                 other="true").start()
    code = totp(p.secrets["mark"])
    done = p.do("mark", code, id="a1")
    assert done["outcome"] == "done" and done["exit"] == 0, done
    assert done["remedy"] == "mark" and done["text"].startswith("0\nto stderr\n"), done
    assert "PATH=/usr/sbin" in done["text"] and len(done["text"].splitlines()) < 8
    # The same order again, and the same code in another order.
    p.order("mark", id="a1", steps=1)
    again = p.do("mark", code)
    assert again["outcome"] == "refused" and "code" in again["text"], again
    stays(lambda: len(lines(mark)) == 1, 1.5)
    # A code is good for its own remedy alone.
    assert p.do("other", totp(p.secrets["mark"], 1))["outcome"] == "refused"
    assert p.do("other", steps=1)["outcome"] == "done"
    assert p.do("mark", steps=-1)["outcome"] == "refused", "older than the used one"
    assert p.do("mark", steps=1)["outcome"] == "done"
    assert len(lines(mark)) == 2
    assert p.do("none", "123456")["outcome"] == "refused"
    assert "no remedy" in p.results(f"order-{p.n}")[0]["text"]


def test_failure_output_and_time_limit(place, status):
    p = Prepared(place, status, {
        "fail": "echo no such thing; exit 3",
        "kill": "kill -9 $$",
        "chatty": "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
        "slow": f"echo $$ >{place / 'pid'}; echo begun; sleep 60 & sleep 60",
        "hidden": "printf 'a\\033[2J\\000b\\377c\\n'",
    }, timeout="2s").start()
    r = p.do("fail")
    assert (r["outcome"], r["exit"], r["text"]) == ("failed", 3, "no such thing"), r
    r = p.do("kill")
    assert (r["outcome"], r["exit"]) == ("failed", 137), r
    r = p.do("chatty")
    assert r["outcome"] == "done" and r["text"].endswith("line 19999"), r
    assert r["text"].startswith("line "), "whole lines"
    r = p.do("hidden")
    assert r["outcome"] == "done" and r["text"].startswith("a"), r
    r = p.do("slow")
    assert r["outcome"] == "timeout" and "begun" in r["text"], r
    group = int(lines(place / "pid")[0])
    until(lambda: not in_group(group), 3, "the whole group is killed")


def in_group(group):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.getpgid(int(name)) == group and state(name) != "Z":
                    found.append(name)
            except (ProcessLookupError, FileNotFoundError):
                pass
    return found


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def test_five_wrong_codes_close_the_door(prepared):
    p = prepared(do="true").start()
    for _ in range(5):
        assert "wrong" in p.do("do", "000000")["text"]
    closed = p.do("do")
    assert closed["outcome"] == "refused" and "60 s" in closed["text"] or \
        re.search(r"5\d s", closed["text"]), closed
    p.queuewatch.restart()
    assert p.do("do")["outcome"] == "refused", "over a restart"


def test_paper_codes(prepared):
    p = prepared(do="true").start()
    code = hotp(p.secrets["do"], 3, 8)
    assert p.do("do", code)["outcome"] == "done"
    assert p.do("do", code)["outcome"] == "refused"
    assert p.do("do", hotp(p.secrets["do"], 4, 8))["outcome"] == "done"


def test_secrets_are_for_root_alone(prepared):
    p = prepared(do="true").start()
    p.keep(0o640)
    r = p.do("do")
    assert r["outcome"] == "refused" and "chmod 600" in r["text"], r
    p.keep(0o600)
    assert p.do("do", steps=1)["outcome"] == "done", "read again at each order"
    # And nobody but the remedy process ever sees them.
    for pid in [p.queuewatch.pid, *children(p.keeper())]:
        assert p.file not in str(os.listdir(f"/proc/{pid}/fd"))


def test_what_others_may_write_is_not_run(place, status):
    tool = place.write("tool", "#!/bin/sh\necho did it\n", 0o755)
    p = Prepared(place, status, {"do": "true"}, sections={
        ("remedy", "tool"): {"title": "Tool", "command": [tool]}})
    p.secrets["tool"] = new_secret()
    p.keep()
    p.start()
    os.chmod(tool, 0o775)
    r = p.do("tool")
    assert r["outcome"] == "refused" and "may write " + tool in r["text"], r
    os.chmod(tool, 0o755)
    r = p.do("tool")
    assert (r["outcome"], r["text"]) == ("done", "did it"), "its code was not spent"
    os.chmod(p.queuewatch.conf_path, 0o666)
    assert "may write this file" in p.queuewatch.check()[1]
    p.queuewatch.restart()
    r = p.do("do")
    assert r["outcome"] == "refused" and "may write the configuration" in r["text"], r


def test_killed_while_it_runs(prepared, place):
    """kill -9 in the middle: told of afterwards, and never begun again."""
    mark = place / "mark"
    p = prepared(slow=f"echo begun >>{mark}; sleep 30; echo late >>{mark}",
                 next="true").start()
    code = totp(p.secrets["slow"])
    id = p.order("slow", code)
    until(lambda: lines(mark), 10, "it has begun")
    p.queuewatch.signal(signal.SIGKILL)
    until(lambda: not p.queuewatch.running(), 5)
    until(lambda: not p.queuewatch.leftovers(), 5, "no child is left behind")
    p.order("slow", code, id=id)
    p.queuewatch.start()
    r = p.result(id)
    assert r["outcome"] == "failed" and "in part" in r["text"], r
    assert p.do("slow", code)["outcome"] == "refused"
    assert p.do("next")["outcome"] == "done"
    assert lines(mark) == ["begun"]


def test_one_at_a_time_and_reports_go_on(prepared, place, status):
    mark = place / "mark"
    one = f"echo in >>{mark}; sleep 1.5; echo out >>{mark}"
    p = prepared(a=one, b=one).start()
    a, b = p.order("a"), p.order("b")
    until(lambda: lines(mark), 10)
    n = len(status.got)
    status.wait(n + 1, 3)
    assert "a remedy is being carried out" in p.cli("run", "a").stderr
    assert p.result(a)["outcome"] == "done" and p.result(b)["outcome"] == "done"
    assert lines(mark) == ["in", "out", "in", "out"]


def test_the_process_has_no_network_and_the_command_has_the_hosts(prepared, place):
    p = prepared(net="readlink /proc/self/ns/net").start()
    ours = os.readlink("/proc/self/ns/net")
    assert os.readlink(f"/proc/{p.keeper()}/ns/net") != ours
    assert p.do("net")["text"] == ours


def test_a_new_remedy_after_a_reload(prepared, place):
    p = prepared(old="true").start()
    p.secrets["new"] = new_secret()
    p.keep()
    assert p.do("new")["outcome"] == "refused"
    p.queuewatch.configure(**{})
    p.queuewatch.options[("remedy", "new")] = {"title": "New", "command": ["/bin/true"]}
    p.queuewatch.configure()
    p.queuewatch.signal(signal.SIGUSR1)
    until(lambda: {"name": "new", "title": "New"} in p.status.got[-1]["remedies"], 5)
    done = p.do("new", steps=1)
    assert done["outcome"] == "done", (done, p.queuewatch.output())


def test_by_hand(prepared, place):
    p = prepared(hello="echo hello; exit 0", fail="echo bad; exit 4")
    listed = p.cli("list").stdout
    assert "hello" in listed and "can be ordered" in listed and "flush" in listed
    done = p.cli("run", "hello")
    assert done.returncode == 0 and done.stdout.startswith("hello\n"), done
    done = p.cli("run", "fail")
    assert done.returncode == 1 and "status 4" in done.stderr and "bad" in done.stdout
    assert p.cli("run", "none").returncode == 1
    assert p.cli("dance").returncode == 2


def test_enrol(prepared, place):
    p = prepared(hello="true")
    assert "--again" in p.cli("enrol", "hello").stderr
    done = p.cli("enrol", "flush")
    assert done.returncode == 0, done.stderr
    secret = re.search(r"otpauth://totp/mailglance:NC036%20flush\?secret=([A-Z2-7]{32})&",
                       done.stdout).group(1)
    assert lines(p.file)[-1] == f"flush {secret}"
    assert lines(p.file)[:2] == ["# secrets", f"hello {p.secrets['hello']}"]
    assert os.stat(p.file).st_mode & 0o777 == 0o600
    papers = re.findall(r"\b\d{8}\b", done.stdout)
    assert papers == [hotp(secret, i, 8) for i in range(10)]
    rows = [r for r in done.stdout.splitlines() if "█" in r]
    assert len({len(r) for r in rows}) == 1 and len(rows) * 2 >= len(rows[0]) - 1
    assert p.cli("enrol", "none").returncode == 1
    again = p.cli("enrol", "--again", "hello")
    assert again.returncode == 0 and p.secrets["hello"] not in open(p.file).read()
    os.chmod(p.file, 0o644)
    assert "chmod 600" in p.cli("enrol", "--again", "hello").stderr


def test_built_in_ones_are_named_when_they_have_a_secret(prepared, place):
    p = prepared(hello="true")
    p.secrets["flush"] = new_secret()
    p.keep()
    p.start()
    until(lambda: [r["name"] for r in p.status.got[-1]["remedies"]] ==
          ["hello", "flush"], 5)
