"""I6, October 2025: one login's spam fills the queue.  Who it is, is seen; it
is put aside in one command, with a dry run first, and can be taken back."""

import json

import pytest

from mg import page, smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.proc import run
from mg.servers import Status
from mg.wait import until


@pytest.fixture
def jam(place, sink, make_postfix):
    sink.refuse("451 4.7.1 too much from you, slow down")
    domains = [f"d{i}.example" for i in range(30)]
    postfix = make_postfix(relay={d: ("127.0.0.1", sink.port) for d in domains},
                           settings={"minimal_backoff_time": "1h",
                                     "maximal_backoff_time": "1h",
                                     "queue_run_delay": "1h"})
    return postfix


def test_spam_of_one_login_is_seen_and_put_aside(place, jam):
    with Status() as status:
        daemon = Queuewatch(place, jam, status_url=status.url, token=status.token, sections={
            "queue": {"warning": 20, "critical": 500},
            ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}})
        daemon.start()
        until(lambda: daemon.finding("log", "")["level"] == "ok", 10)
        for i in range(60):
            smtp.attempt(jam.port, f"x{i}@forged.example", f"v{i}@d{i % 30}.example",
                         address="203.0.113.9", login="eve@home.example")
        for i in range(5):
            smtp.attempt(jam.port, "office@home.example", f"w{i}@d1.example",
                         address="198.51.100.4", login="bob@home.example")
        until(lambda: jam.count("deferred") == 65, 30)

        def blamed():
            causes = (daemon.finding("queue", "")["evidence"] or {}).get("causes", [])
            return [c for c in causes if c["by"] == "sasl" and c["share"] > .9 and
                    ("60 messages" in c["reason"] or "messages in 10 min" in c["reason"])]
        cause = until(blamed, 20, "the login is named, and what stands out")[0]
        # By default domains leave the host, and no more.
        assert cause["name"] == "home.example"
        f = until(lambda: (a := daemon.finding("log", "account"))["level"] == "warning" and a, 10)
        assert "refused" in f["summary"] and "eve@" not in json.dumps(status.got)

        def queuewatch(*words, check=True):
            return run([daemon.argv[0], "-c", daemon.conf_path, *words], check=check)

        def top(by):
            return json.loads(queuewatch("top", "--by", by, "--once", "--json").stdout)
        assert top("sasl") == [{"name": "eve@home.example", "count": 60, "share": 60 / 65},
                               {"name": "bob@home.example", "count": 5, "share": 5 / 65}]
        assert top("client")[0]["name"].endswith("[203.0.113.9]")
        assert sum(r["count"] for r in top("destination")) == 65

        # The dry run changes nothing.
        said = queuewatch("hold", "--sasl", "eve@home.example").stdout
        assert "60 messages" in said and jam.count("hold") == 0
        queuewatch("hold", "--sasl", "eve@home.example", "--yes")
        assert jam.count("hold") == 60 and jam.count("deferred") == 5
        assert sum(r["count"] for r in top("sasl")) == 65  # hold is counted
        queuewatch("release", "--undo")
        assert jam.count("hold") == 0
        until(lambda: jam.count("deferred") == 65, 30, "tried and deferred again")

        # Delete is hold at first; only what was meant.
        queuewatch("delete", "--client", "203.0.113.9", "--reason", "too much", "--yes")
        assert jam.count("hold") == 60
        done = json.loads(queuewatch("delete", "--sender", "@forged.example", "--destination",
                                     "d7.example", "--now", "--yes", "--json").stdout)
        assert done == {"action": "delete", "messages": 2, "recipients": 2,
                        "instances": {"postfix": 2}, "done": True}
        assert jam.count("hold") == 58
        assert "0 messages" in queuewatch("requeue", "--age", "2h").stdout
        queuewatch("requeue", "--sender", "office@home.example", "--yes")
        assert jam.count("maildrop", "incoming", "active", "deferred") == 5
        assert jam.count("hold") == 58 and "Requeued: 5 messages" in jam.log()

        for words in (["hold"], ["hold", "--moon", "x"], ["hold", "--age", "soon"],
                      ["hold", "--now", "--sasl", "x"], ["delete", "--sender"]):
            bad = queuewatch(*words, check=False)
            assert bad.returncode == 2 and bad.stderr, words


def test_the_page_is_right_again_after_one_command(place, jam):
    statusd = Statusd(place).start()
    daemon = Queuewatch(place, jam, statusd, sections={
        "queue": {"warning": 10, "critical": 20},
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()
    until(lambda: (daemon.finding("log", "") or {}).get("level") == "ok", 15)
    until(lambda: page.find(statusd.get(), "NC036", "operational"), 15)
    for i in range(25):
        smtp.attempt(jam.port, f"x{i}@forged.example", f"v{i}@d{i}.example",
                     address="203.0.113.9", login="eve@home.example")
    until(statusd.incidents, 20, "an incident is open")
    title = statusd.incidents()[0]["title"]
    until(lambda: page.find(statusd.get(), title), 10)
    done = run([daemon.argv[0], "-c", daemon.conf_path, "hold", "--sasl", "eve@home.example",
                "--yes"])
    assert "25" in done.stdout, done.stdout
    until(lambda: statusd.incidents()[0]["status"] == "resolved", 20)
    until(lambda: page.find(statusd.get(), "NC036", "operational"), 10)
    assert jam.count("hold") == 25, "nothing is lost"
    assert "eve@" not in statusd.get() and "forged.example" not in statusd.get()
