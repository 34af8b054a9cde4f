"""A million envelopes: memory, the first answer, and what they cost."""

import time

from bench_common import (DAY, MANY, Timer, alternate, first_new, greymilter, head,
                          memory, milter_load, mix, ratio, section, table)
from mg.milter import ask
from mg.place import Place
from mg.proc import Process
from mg.wait import until

FEW = 10_000
MIB = 64
FIRST_ANSWER_S = 1
BESIDE_FEW = 0.9
ENTRIES = 100_000
ENTRIES_MIB = 25
# Envelope 0 of the load, which the store knows.
KNOWN = ("11.0.0.1", "a@a.example", "a@home.example")


def first_answer(grey):
    """Seconds from the start of the process to an answer of the store's."""
    timer = Timer()
    Process.start(grey)

    def answered():
        try:
            return ask(grey.port, *KNOWN)
        except OSError:
            return None
    answer = until(answered, 20, "the first answer", 0.005)
    return timer.seconds(), answer


def starts(grey, found):
    took = []
    for _ in range(3):
        seconds, answer = first_answer(grey)
        took.append(seconds)
        found.wrong += answer != "pass"
        # It has time to read on in peace.
        time.sleep(0.5)
        grey.stop()
    found.goal("first answer after start, s (the slowest of 3)", max(took),
               at_most=FIRST_ANSWER_S)


def compare(sides, found, at_once):
    def one(grey, rows):
        return lambda: milter_load(grey.port, *mix(at_once, rows), "-f", first_new())
    results = alternate({name: one(*side) for name, side in sides.items()})
    head()
    table(results)
    for name, rounds in results.items():
        found.answers(rounds, sides[name][0])
    names = list(sides)
    return ratio(results, names[0], names[1])


def copied(grey):
    """Entries in the whitelist's copy as text."""
    try:
        with open(f"{grey.store}.whitelist", encoding="utf-8") as f:
            return sum(not line.startswith("#") for line in f)
    except FileNotFoundError:
        return 0


def whitelisted(found):
    """A greymilter that has nothing but a long whitelist."""
    with Place("mailglance-bench-") as place:
        grey = greymilter(place).start()
        grey.greywl("import", "--from", "plain", "-", input="".join(
            f"host{i}.customer{i % 977}.example\n" for i in range(ENTRIES)))
        # It is read within a second, its copy as text written, and that again
        # at each change.
        for i in range(6):
            until(lambda: copied(grey) == ENTRIES + i, 30, "the whitelist is read", 0.1)
            grey.greywl("add", f"change{i}.example")
        found.goal(f"resident with a whitelist of {ENTRIES:,}, MiB", memory(grey.pid),
                   at_most=ENTRIES_MIB, form=".0f")
        grey.stop()


def run_section():
    found = section("memory: many envelopes")
    with Place("mailglance-bench-") as place:
        many = greymilter(place, MANY)
        few = greymilter(place, FEW, "few")
        starts(many, found)
        many.start()
        few.start()
        sides = {f"{MANY:,}": (many, MANY), f"{FEW:,}": (few, FEW)}
        for at_once in (16, 64):
            found.goal(f"{at_once} sessions at once, {MANY:,} beside {FEW:,} envelopes",
                       compare(sides, found, at_once), at_least=BESIDE_FEW)
        print(f"  resident after this load: {memory(many.pid):.0f} MiB with {MANY:,}, "
              f"{memory(few.pid):.0f} MiB with {FEW:,}")
        found.goal("resident at most, MiB", memory(many.pid, "VmHWM"), at_most=MIB,
                   form=".0f")
        many.stop()
        # What was not used for an hour is refreshed at its first pass: a write
        # that nobody waits for, but not a free one.
        many = greymilter(place, MANY, "stale", ages=(20 * DAY, DAY)).start()
        sides = {"idle for days": (many, MANY), f"{FEW:,}": (few, FEW)}
        value = compare(sides, found, 16)
        print(f"  16 sessions at once, each known one refreshed: {value:.2f}")
        many.stop()
        few.stop()
    whitelisted(found)
    return found.end()
