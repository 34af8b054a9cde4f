"""hold, release, delete and requeue by what a message is, through a real
Postfix; many at once; on a terminal and without; with a full disk."""

import json
import os
import time

import pytest

from mg import smtp
from mg.daemons import Queuewatch
from mg.proc import run
from mg.queuefile import Template
from mg.smallfs import SmallFs
from mg.wait import until
from test_top_live import Terminal

MANY = 20000 if os.environ.get("MG_LONG") else 1200


@pytest.fixture
def jam(make_postfix):
    return make_postfix(relay={f"{n}.example": ("127.0.0.1", 9) for n in "abc"}, settings={
        "defer_transports": "smtp", "minimal_backoff_time": "3000s",
        "maximal_backoff_time": "4000s", "queue_run_delay": "3000s"})


class Hand:
    def __init__(self, place, postfix, **options):
        self.postfix = postfix
        self.q = Queuewatch(place, postfix, **options)

    def argv(self, *words):
        return [self.q.argv[0], "-c", self.q.conf_path, *words]

    def __call__(self, *words, check=True):
        return run(self.argv(*words), check=check, seconds=120)

    def count(self, *words):
        """How many messages that would be; nothing is changed."""
        before = self.postfix.count("hold")
        found = json.loads(self(*words, "--json").stdout)
        assert found["done"] is False and self.postfix.count("hold") == before
        return found["messages"]


def send(postfix, sender, recipient, **more):
    assert smtp.attempt(postfix.port, sender, recipient, **more).startswith("250")


def test_each_criterion(place, jam):
    hand = Hand(place, jam)
    send(jam, "eve@spam.example", "x@a.example")
    send(jam, "eve@mail.spam.example", "y@a.example")
    send(jam, "bob@good.example", "x@b.example")
    send(jam, "", "z@c.example")
    until(lambda: jam.count("deferred") == 4, 30)
    for words, want in (
            (["--sender", "eve@spam.example"], 1), (["--sender", "EVE@spam.example"], 1),
            (["--sender", "spam.example"], 2), (["--sender", "@spam.example"], 2),
            (["--sender", "<>"], 1), (["--sender", "ve@spam.example"], 0),
            (["--recipient", "x@a.example"], 1), (["--recipient", "a.example"], 2),
            (["--destination", "a.example"], 2), (["--destination", "example"], 4),
            (["--reason", "deferred transport"], 4), (["--reason", "no such reason"], 0),
            (["--age", "1h"], 0), (["--age", "1s"], 4),
            (["--client", "127.0.0.1"], 4), (["--client", "192.0.2.77"], 0),
            (["--sasl", "nobody"], 0),
            (["--sender", "spam.example", "--recipient", "y@a.example"], 1),
            (["--sender", "good.example", "--destination", "a.example"], 0)):
        got = until(lambda w=words, n=want: hand.count("hold", *w) == n or None, 5, str(words))
        assert got, words
    hand("hold", "--sender", "spam.example", "--yes")
    assert jam.count("hold") == 2
    assert hand.count("release", "--sender", "spam.example") == 2
    hand("release", "--recipient", "x@a.example", "--yes")
    assert jam.count("hold") == 1
    # Taken back is what the last command did, as far as it is still held.
    said = hand("release", "--undo", check=False)
    assert jam.count("hold") in (0, 1) and said.returncode in (0, 1)
    hand("delete", "--sender", "<>", "--now", "--yes")
    assert jam.count("deferred", "hold", "active", "incoming") == 3


def test_many_at_once(place, jam):
    """Each batch by one postsuper; a bar on a terminal alone."""
    hand = Hand(place, jam)
    send(jam, "eve@spam.example", "x@a.example")
    until(lambda: jam.count("deferred") == 1, 30)
    found = [os.path.join(folder, n) for folder, _, names in
             os.walk(os.path.join(jam.queue, "deferred")) for n in names]
    Template(found[0]).put(jam.queue, "deferred", [600] * (MANY - 1))
    assert hand.count("hold", "--sender", "spam.example") == MANY
    began = time.monotonic()
    done = hand("hold", "--sender", "spam.example", "--yes")
    took = time.monotonic() - began
    assert jam.count("hold") == MANY and jam.count("deferred") == 0
    assert "#" not in done.stderr and "\r" not in done.stdout + done.stderr
    print(f"{MANY} messages held in {took:.1f} s")
    assert took < 20 + MANY / 400
    t = Terminal(place, hand.argv("release", "--undo"))
    t.popen.wait(120)
    t.look()
    assert f"{MANY} of {MANY}" in t.seen and "####" in t.seen
    assert jam.count("hold") == 0
    until(lambda: jam.count("deferred", "incoming", "active") == MANY, 60)


def test_with_a_full_disk(place, jam):
    disk = SmallFs(place, "data", 4 << 20)
    os.chmod(disk.path, 0o777)
    hand = Hand(place, jam, data_directory=disk.path)
    send(jam, "eve@spam.example", "x@a.example")
    until(lambda: jam.count("deferred") == 1, 30)
    disk.fill(1.0)
    later = hand("delete", "--sender", "spam.example", "--yes", check=False)
    assert later.returncode == 1 and "--now" in later.stderr, later
    assert jam.count("deferred") == 1, "nothing was done"
    held = hand("hold", "--sender", "spam.example", "--yes")
    assert jam.count("hold") == 1 and "will not know of it" in held.stderr
    hand("release", "--sender", "spam.example", "--yes")
    assert jam.count("hold") == 0


def age_list(path, seconds):
    """What was to be deleted then is to be so much earlier."""
    with open(path, encoding="utf-8") as f:
        rows = [line.split() for line in f]
    with open(path, "w", encoding="utf-8") as f:
        for batch, at, due, *message in rows:
            due = int(due) - seconds if int(due) else 0
            f.write(f"{batch} {int(at) - seconds} {due} {' '.join(message)}\n")


def test_deleted_after_seven_days_and_not_before(place, jam):
    hand = Hand(place, jam)
    held = os.path.join(place / "queuewatch-data", "queuewatch.held")
    for i, sender in enumerate(("eve@spam.example", "bob@spam.example",
                                "kim@spam.example", "ann@good.example")):
        send(jam, sender, f"x{i}@a.example")
    until(lambda: jam.count("deferred") == 4, 30)
    hand("delete", "--sender", "spam.example", "--yes")
    hand("hold", "--sender", "good.example", "--yes")
    assert jam.count("hold") == 4
    hand("release", "--sender", "bob@spam.example", "--yes")
    hand("hold", "--sender", "bob@spam.example", "--yes")
    age_list(held, 6 * 86400)
    hand.q.start()
    until(lambda: hand.q.finding("queue", "hold"), 10)
    assert jam.count("hold") == 4, "a day is left"
    hand.q.stop()
    # Somebody else's list deletes nothing.
    age_list(held, 2 * 86400)
    os.chown(held, 65534, 65534)
    hand.q.start()
    until(lambda: "somebody else's to write" in hand.q.output(), 10)
    hand.q.stop()
    assert jam.count("hold") == 4
    os.chown(held, 0, 0)
    hand.q.start()
    until(lambda: jam.count("hold") == 2, 20, "those that were deleted are gone")
    left = {json.loads(line)["sender"] for line in
            jam.command("postqueue", "-j").stdout.splitlines()}
    assert left == {"bob@spam.example", "ann@good.example"}
