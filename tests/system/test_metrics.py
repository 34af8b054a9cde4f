"""What each daemon tells Prometheus, as Prometheus' own promtool reads it."""

import socket
import time
import urllib.request

import pytest

from mg import prometheus
from mg.daemons import Bare, Greymilter, Queuewatch, Statusd
from mg.maillog import Log
from mg.milter import ask
from mg.ports import free_port
from mg.servers import Webhook
from mg.spool import Spool
from mg.wait import until

# Label values that must be escaped.
ODD = 'odd "name" \\ {x="y"}'


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as a:
        assert a.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return a.read().decode()


def checked(port, *names):
    """Its samples, once they have these names; promtool finds no fault."""
    def told():
        text = scrape(port)
        return text if all(name in text for name in names) else None
    text = until(told, 20, f"metrics {names}")
    status, said = prometheus.promtool(text)
    assert (status, said) == (0, ""), said
    return prometheus.parse(text)


def test_greymilter(place):
    port = free_port()
    milter = Greymilter(place, delay=Bare("1h"), metrics=f"127.0.0.1:{port}").start()
    for i in range(3):
        ask(milter.port, "192.0.2.1", "a@b.example", f"c{i}@d.example")
    got = checked(port, "greymilter_decisions_total")
    assert got["greymilter_decisions_total", (("verdict", "new"),)] == 3


def test_queuewatch(place):
    """With everything that it can tell of, and names that need care."""
    spool = Spool(place)
    spool.put("deferred", 7, age=600)
    folder = place.folder('disk "1"')
    log = place.write("mail.log", "", 0o644)
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent, Webhook() as hook:
        dead = silent.getsockname()[1]
        qw = Queuewatch(place, spool, metrics=f"127.0.0.1:{port}", maillog=log, sections={
            ("disk", folder): {},
            ("alert", "hook"): {"url": hook.url},
            ("service", "web"): {"url": hook.url, "timeout": Bare("1s"),
                                 "interval": Bare("1s")},
            ("service", "dead"): {"url": f"http://127.0.0.1:{dead}/",
                                  "timeout": Bare("1s"), "interval": Bare("1s")},
            ("certificate", "imap"): {"url": f"imaps://127.0.0.1:{dead}"},
        }).start()
        assert qw.check() == (0, "")
        checked(port, "mailglance_queue_messages")
        with open(log, "a", encoding="utf-8") as f:
            f.write(Log(seed=3).lines(2000))
        got = checked(port, 'mailglance_log_events_total{event="delivered"}',
                      'mailglance_service_up{service="dead"} 0')
    assert got["mailglance_queue_messages", (("queue", "deferred"),)] == 7
    assert got["mailglance_queue_oldest_age_seconds", (("queue", "deferred"),)] >= 600
    assert 0 < got["mailglance_disk_used_ratio",
                   (("path", folder.replace('"', '\\"')),)] <= 1


def test_statusd(place):
    port = free_port()
    statusd = Statusd(place, metrics=f"127.0.0.1:{port}").start()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status, answer = statusd.report(statusd.token(), {
        "schema": 1, "system": "NC036", "agent": "test", "seq": 1, "at": at,
        "interval_s": 10, "findings": [], "samples": [
            {"name": "disk.free:" + ODD, "unit": "bytes", "value": 1}]})
    assert status == 200, answer
    assert statusd.report("wrong", {})[0] == 401
    got = checked(port, 'mailglance_statusd_reports_total{result="taken"} 1')
    assert got["mailglance_statusd_open_incidents", ()] == 0


@pytest.mark.parametrize("text", [
    "mailglance_x 1",  # no line feed
    "# TYPE mailglance_x_total counter\nmailglance_x_total 1\n",  # no help
    "# HELP x_total Y.\n# TYPE x_total gauge\nx_total 1\n",  # no counter's name
])
def test_promtool_is_strict(text):
    assert prometheus.promtool(text)[0] != 0
