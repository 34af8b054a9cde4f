"""A host with several Postfix instances (postmulti): what is done by hand, by
order or from the log reaches each of them."""

import json
import os

import pytest

from mg import smtp
from mg.daemons import Queuewatch
from mg.proc import run
from mg.servers import Status
from mg.totp import new_secret, totp
from mg.wait import until
from test_queuewatch_act import age_list

OUT = "postfix-out"
SPAM = ["--sender", "spam.example"]


@pytest.fixture
def status():
    with Status() as s:
        yield s


@pytest.fixture
def both(make_postfix, sink):
    """(the first Postfix, the second one), which write one log; by queue ids
    alone nobody knows whose a message is."""
    sink.refuse()
    away = {"jam.example": ("127.0.0.1", sink.port)}
    slow = {"minimal_backoff_time": "300s", "maximal_backoff_time": "400s"}
    second = make_postfix(name="second", relay=away, settings={
        "multi_instance_name": OUT, "multi_instance_enable": "yes",
        "syslog_name": "relay", **slow})
    first = make_postfix(relay=away, settings={
        "multi_instance_directories": second.config, "maillog_file": second.log_path,
        "multi_instance_wrapper": "postmulti -p --", **slow})
    first.log_path = second.log_path
    return first, second


class Hand:
    def __init__(self, place, postfix, **options):
        self.q = Queuewatch(place, postfix, **options)

    def __call__(self, *words, check=True):
        return run([self.q.argv[0], "-c", self.q.conf_path, *words], check=check,
                   seconds=60)

    def where(self, *words):
        """{instance: messages} of what would be done."""
        found = json.loads(self(*words, "--json").stdout)
        assert found["done"] is False
        assert found["messages"] == sum(found["instances"].values())
        return found["instances"]


def send(postfix, sender, client, login=None):
    with smtp.Client(postfix.port, client, helo="c.example", login=login) as c:
        assert c.mail_from(sender).startswith("250")
        assert c.rcpt_to("x@jam.example").startswith("250")
        assert c.content("Subject: x\r\n\r\nx\r\n").startswith("250")


@pytest.fixture
def jammed(both):
    """Two and three messages of a spammer, one and none of somebody else."""
    first, second = both
    for postfix, count, client in ((first, 2, "192.0.2.1"), (second, 3, "192.0.2.2")):
        for _ in range(count):
            send(postfix, "eve@spam.example", client, "eve@home.example")
    send(first, "bob@good.example", "192.0.2.2", "bob@home.example")
    until(lambda: (first.count("deferred"), second.count("deferred")) == (3, 3), 30)
    return first, second


def test_by_hand(place, jammed):
    first, second = jammed
    hand = Hand(place, first)

    def held():
        return first.count("hold"), second.count("hold")
    assert hand.where("hold", *SPAM) == {"postfix": 2, OUT: 3}
    assert hand.where("hold", *SPAM, "--instance", OUT) == {OUT: 3}
    # Who sent it stands in the one log of both.
    assert hand.where("hold", "--client", "192.0.2.2") == {"postfix": 1, OUT: 3}
    assert hand.where("hold", "--sasl", "eve@home.example", "--instance",
                      "postfix") == {"postfix": 2}
    top = json.loads(hand("top", "--once", "--json", "--by", "sasl").stdout)
    assert {r["name"]: r["count"] for r in top} == {"eve@home.example": 5,
                                                    "bob@home.example": 1}
    said = hand("hold", *SPAM).stdout
    assert f"3  in {OUT}" in said and "2  in postfix" in said, said
    assert held() == (0, 0)
    hand("hold", *SPAM, "--yes")
    assert held() == (2, 3)
    hand("release", "--undo")
    assert held() == (0, 0)
    hand("hold", *SPAM, "--yes", "--instance", OUT)
    assert held() == (0, 3)
    hand("release", *SPAM, "--yes")
    hand("requeue", *SPAM, "--instance", OUT, "--yes")
    until(lambda: second.log().count(": requeued") == 3, 20)
    hand("delete", "--destination", "jam.example", "--now", "--yes", "--instance", "postfix")
    assert (first.count(), second.count()) == (0, 3)


def test_deleted_later_in_each(place, jammed):
    first, second = jammed
    hand = Hand(place, first)
    hand("delete", *SPAM, "--yes")
    assert (first.count("hold"), second.count("hold")) == (2, 3)
    with open(place / "queuewatch-data/queuewatch.held", encoding="utf-8") as f:
        assert sum(line.endswith(f" {OUT}\n") for line in f) == 3
    age_list(place / "queuewatch-data/queuewatch.held", 8 * 86400)
    hand.q.start()
    until(lambda: (first.count(), second.count()) == (1, 0), 30)


def test_what_cannot_be_asked_stops_all(place, jammed):
    first, second = jammed
    hand = Hand(place, first)
    wrong = hand("hold", *SPAM, "--instance", "moon", "--yes", check=False)
    assert wrong.returncode == 1 and "no such instance" in wrong.stderr
    os.rename(second.config, second.config + ".away")
    try:
        told = hand("hold", *SPAM, "--yes", check=False)
        assert told.returncode == 1 and "nothing is done" in told.stderr
        assert second.config in told.stderr and first.count("hold") == 0
        hand("hold", *SPAM, "--yes", "--instance", "postfix")
        assert first.count("hold") == 2
    finally:
        os.rename(second.config + ".away", second.config)


def tries(postfix, name):
    return sum("status=deferred" in line and f" {name}/" in line
               for line in postfix.log().splitlines())


def test_the_log_and_remedies_of_all(place, status, jammed):
    first, second = jammed
    secret = new_secret()
    place.folder("secrets")
    secrets = place.write("secrets/remedy.totp", f"flush {secret}\n", 0o600)
    hand = Hand(place, first, status_url=status.url, token=status.token,
                remedy_secret_file=secrets, evidence="addresses",
                queue={"warning": 4, "critical": 400})
    hand.q.start()
    until(lambda: status.got and status.got[-1]["remedies"], 20)
    until(lambda: samples(status).get("log.received") == 0, 20)
    for postfix, client in ((first, "192.0.2.7"), (second, "192.0.2.8")):
        send(postfix, "kim@good.example", client)
    until(lambda: samples(status)["log.received"] == 2, 20)
    until(lambda: samples(status)["log.deferred"] == 2, 20)
    # The client of what waits in the second is known by the log.
    send(second, "kim@good.example", "192.0.2.8")
    until(lambda: "unknown[192.0.2.8]" in causes(status, OUT), 20)
    before = tries(first, "postfix"), tries(second, "relay")
    status.orders = [{"id": "o1", "remedy": "flush", "code": totp(secret)}]
    until(lambda: [r for report in status.got for r in report["results"]
                   if r["outcome"] == "done"], 20)
    until(lambda: tries(first, "postfix") >= before[0] + 4 and
          tries(second, "relay") >= before[1] + 5, 30)
    hand("remedy", "run", "requeue")
    assert (first.count("deferred"), second.count("deferred")) == (0, 0)
    assert "each Postfix instance" in hand("remedy", "list").stdout


def samples(status):
    return {s["name"]: s["value"] for s in status.got[-1]["samples"]}


def causes(status, subject):
    for f in status.got[-1]["findings"]:
        if (f["check"], f["subject"]) == ("queue", subject):
            return {c["name"] for c in f["evidence"].get("causes", ())}
    return set()


def test_a_trace_tells_of_all(place, jammed):
    first, _ = jammed
    hand = Hand(place, first, queue={"warning": 2, "critical": 3})
    trace = place / "trace"
    hand("record", trace, "--for", "3s")
    with open(trace, encoding="utf-8") as f:
        points = [o for o in map(json.loads, f) if "queues" in o]
    assert points[-1]["queues"]["deferred"]["messages"] == 3
    assert [o["name"] for o in points[-1]["instances"]] == [OUT]
    assert points[-1]["instances"][0]["queues"]["deferred"]["messages"] == 3
    assert points[-1]["log"]["names"] == {"": "postfix", OUT: "relay"}
    said = [json.loads(line) for line in hand("replay", trace, "--json").stdout.splitlines()]
    assert {o["subject"] for o in said if o["check"] == "queue"} >= {"", OUT}, said
