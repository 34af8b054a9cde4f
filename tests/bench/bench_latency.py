"""How long an answer may take, without DNS: usually, and at the worst while
the database is cared for and looked at."""

import threading

from bench_common import (DAY, MANY, SECONDS, alternate, first_new, greymilter, head,
                          milter_load, mix, null_milter, ratio, section, table)
from mg.place import Place

P99_BESIDE = 1.5
WORST_MS = 20
PER_SECOND = 1000
ENTRIES = 100_000


def closed(grey, null, found):
    def one(port):
        return lambda: milter_load(port, *mix(16, MANY), "-f", first_new())
    results = alternate({"nothing": one(null), "greymilter": one(grey.port)})
    print("  as many as can be answered, 16 sessions at once")
    head()
    table(results)
    found.answers(results["greymilter"], grey)
    found.goal("p99, beside nothing", ratio(results, "greymilter", "nothing", "p99_us"),
               at_most=P99_BESIDE)


def paced(port, new_percent, known):
    """PER_SECOND sessions a second, however long each takes."""
    return milter_load(port, "-R", PER_SECOND, "-c", 1024, "-s", 2 * SECONDS,
                       "-n", new_percent, "-k", known, "-f", first_new())


def again_and_again(command, ended, counts, name):
    while not ended.is_set():
        command()
        counts[name] = counts.get(name, 0) + 1


def worst(what, grey, null, found, new_percent=30, known=MANY, commands=None):
    """Rounds beside nothing, "commands" (name: function) running all the time."""
    counts, ended = {}, threading.Event()
    threads = [threading.Thread(target=again_and_again, args=(c, ended, counts, name))
               for name, c in (commands or {}).items()]
    for t in threads:
        t.start()
    try:
        results = alternate({
            "nothing": lambda: paced(null, new_percent, known),
            "greymilter": lambda: paced(grey.port, new_percent, known)})
    finally:
        ended.set()
        for t in threads:
            t.join()
    ran = "".join(f", {n} x {name}" for name, n in counts.items())
    print(f"  {what}{ran}")
    table(results)
    rounds = results["greymilter"]
    found.answers(rounds, grey)
    others = max(r["max_us"] for r in results["nothing"]) / 1000
    late = sum(r["over_20ms"] for r in rounds)
    found.goal(f"the worst answer of {sum(r['decisions'] for r in rounds):,}, ms "
               f"({late} over {WORST_MS} ms; nothing's worst: {others:.1f})",
               max(r["max_us"] for r in rounds) / 1000, at_most=WORST_MS, form=".1f")


def whitelist(grey):
    grey.greywl("import", "--from", "plain", "-", input="".join(
        f"host{i}.customer{i % 977}.example\n" for i in range(ENTRIES)))


def rows(grey):
    return grey.greywl_json("stats", "--json")["envelopes"]["total"]


def run_section():
    found = section("latency: how long an answer takes, without DNS")
    with Place("mailglance-bench-") as place:
        grey = greymilter(place, MANY).start()
        null = null_milter(place, grey.port)
        closed(grey, null, found)
        print(f"  {PER_SECOND} sessions a second")
        head()
        worst("nothing else", grey, null, found)
        worst("each one new: a commit, and checkpoints", grey, null, found,
              new_percent=100)
        worst("all rows read", grey, null, found, commands={
            "greywl lost": lambda: grey.greywl("lost")})
        whitelist(grey)
        worst(f"a whitelist of {ENTRIES:,}, exported", grey, null, found, commands={
            "greywl export": lambda: grey.greywl("export")})
        grey.stop()
        grey = greymilter(place, MANY, "old", ages=(60 * DAY, 40 * DAY)).start()
        before = rows(grey)
        worst("rows expire", grey, null, found, new_percent=100)
        after = rows(grey)
        print(f"  (envelopes: {before:,} before, {after:,} after, with the new ones)")
        grey.stop()
    return found.end()
