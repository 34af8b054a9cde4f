"""The retry schedules of real senders, and of spam, through the judgement of
greymilter's defaults: what make bench prints, held against its goals."""

import re

from mg.daemons import program
from mg.proc import run


def test_nothing_is_lost_and_hardly_anything_waits():
    text = run([program("tests/bench/senders")], seconds=120).stdout
    own, beside = text.split("postgrey's rules")
    rows = re.findall(r"^(.+?) {2,}(\d+) +(\d+) +([\d.]+) +[\d.]+ +[\d.]+$", own, re.M)
    senders = [r for r in rows if not r[0].startswith("all ")]
    assert len(senders) >= 12, rows
    assert not [r for r in rows if int(r[2])], "lost"
    (whole,) = [r for r in rows if r[0] == "all legitimate mail"]
    assert int(whole[1]) > 50000 and float(whole[3]) <= 1.0, whole
    assert float(re.search(r"p95 of the added delay +([\d.]+) min", own)[1]) < 10
    stopped = dict(re.findall(r"^(spam .+?) +\d+, stopped ([\d.]+) %", own, re.M))
    assert float(stopped["spam that never retries"]) >= 90, stopped
    assert len(stopped) == 3 and len(re.findall(r"^spam ", beside, re.M)) == 3
