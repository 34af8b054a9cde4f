"""kill -9 of greymilter under load: no answer that was given is lost."""

import json
import os
import random
import sqlite3
import time

import pytest

from mg.daemons import Bare, Greymilter, build_folder
from mg.milter import MilterClient
from mg.proc import Process, children, run
from mg.wait import until

KILLS = int(os.environ.get("MG_KILLS", "50"))
LOAD = os.path.join(build_folder(), "tests/bench/milterload")
DELAY_S = 2


def answers(port):
    """Whether the milter negotiates a session."""
    with MilterClient(port, timeout=1):
        return True


@pytest.mark.alone
def test_no_answered_triplet_is_lost(place):
    milter = Greymilter(place, delay=Bare(f"{DELAY_S}s")).start()
    journal = place / "journal"
    # Envelopes 0 to 1999 come again and again; every other one is new.
    run([LOAD, "-p", milter.port, "-F", 2000, "-j", journal])
    time.sleep(DELAY_S + 0.1)
    load = Process(place, "load", [LOAD, "-p", milter.port, "-c", 16, "-s", 36000,
                                   "-k", 2000, "-n", 50, "-l", "-j", journal]).start()
    dice = random.Random(4711)
    slowest = 0.0
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.02, 0.25))
        helpers = children(milter.pid)
        milter.kill()
        begun = time.monotonic()
        milter.popen = None
        milter.start()
        until(lambda: answers(milter.port), 5, "greymilter answers")
        slowest = max(slowest, time.monotonic() - begun)
        until(lambda: not any(os.path.exists(f"/proc/{p}") for p in helpers), 3,
              "its children died with it")
    assert load.stop() == 0, load.output()
    during = json.loads(load.output())
    assert during["wrong"] == 0, f"known ones passed, new ones waited: {during}"
    store = sqlite3.connect(milter.store)
    assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.close()

    answered = os.path.getsize(journal) // 8
    assert answered > 2000 + KILLS
    time.sleep(DELAY_S + 0.1)
    done = run([LOAD, "-p", milter.port, "-C", journal], seconds=600)
    result = json.loads(done.stdout)
    assert result["wrong"] == 0, f"{result['wrong']} of {answered} were forgotten: {result}"
    print(f"{KILLS} kills, {answered} answered envelopes, none lost; "
          f"ready again in at most {slowest * 1000:.0f} ms")
    milter.stop()
    assert slowest < 1.0, f"ready only after {slowest:.2f} s"
