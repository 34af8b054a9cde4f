"""A careless operator: wrong options, broken reloads, two milters on one
database, leftovers, huge whitelists.  MG_LONG=1 for the long variants."""

import json
import os
import re
import socket
import shutil
import subprocess
import time

from mg.daemons import Bare, Greymilter, program
from mg.greycase import Case, Load
from mg.milter import ask
from mg.ports import is_listening
from mg.proc import Process, run
from mg.wait import until

LONG = bool(os.environ.get("MG_LONG"))
LOAD = program("tests/bench/milterload")

# Each wrong value, alone in a file: option, value.
WRONG = [
    ("socket", '"10040"'), ("socket", '"inet:0@127.0.0.1"'),
    ("socket", '"inet:70000@127.0.0.1"'), ("socket", '"unix:relative"'),
    ("socket", '""'), ("socket", '"fd:x"'),
    ("socket_mode", "0999"), ("socket_mode", '"rw"'), ("socket_group", '"a b"'),
    ("socket_group", '""'), ("store", '"grey.db"'), ("store", '"sqlite:grey.db"'),
    ("store", '"sqlite:"'), ("store", '"mysql://x/y"'), ("store", '""'),
    ("user", '""'), ("user", '"a b"'), ("mode", "on"), ("mode", "Enforce"),
    ("trusted_networks", '{"127.0.0.0/33"}'), ("trusted_networks", '{"localhost"}'),
    ("trusted_networks", '{""}'), ("postfix_config", '"etc/postfix"'),
    ("defer", "some"), ("delay", "3"), ("delay", "-3min"), ("delay", "3 min"),
    ("delay", "0s"), ("delay", "3m1n"), ("delay", "99999999999d"), ("delay", "2d"),
    ("retry_window", "1min"), ("retry_window", "0d"), ("lifetime", "x"), ("known_after", "0"), ("known_after", "-1"),
    ("known_after", "many"), ("network4", "33"), ("network4", "-1"),
    ("network6", "129"), ("network6", "x"), ("reply", '""'),
    ("reply", '"100%"'), ("reply", '"%d seconds"'), ("reply", '"a\\nb"'),
    ("reply_code", '"451"'), ("reply_code", '"550 5.7.1"'),
    ("reply_code", '"451 5.7.1"'), ("reply_code", '"451 4.7"'),
    ("reply_code", '"4511 4.7.1"'), ("header", "sometimes"), ("metrics", '"9391"'),
    ("metrics", '"127.0.0.1:99999"'), ("log", "file"), ("nonsense", "1"),
    ("spf", "{ enabled = maybe }"), ("spf", "{ timeout = 0s }"),
    ("spf", "{ timeout = 1500 }"), ("spf", '{ nameservers = {"ns.example"} }'),
    ("spf", '{ nameservers = {"127.0.0.1:0"} }'), ("spf", "{ max_coverage4 = 40 }"),
    ("spf", "{ max_coverage6 = 200 }"), ("spf", "{ nonsense = 1 }"),
    ("pressure", '{ file = "x" }'), ("pressure", "{ delay_high = 0 }"),
    ("pressure", "{ delay_critical = 3d }"), ("pressure", "{ brake = yess }"),
    ("privacy", "{ addresses = none }"), ("privacy", "{ keep = forever }"), ('recipient ""', "{ greylist = false }"),
    ('recipient "a b"', "{ greylist = false }"),
    ('recipient "x.example"', "{ delay = 3 }"),
    ('recipient "x.example"', "{ delay = 3d }"),
    ('recipient "x.example"', "{ greylist = perhaps }"),
]


def write(place, name, value):
    text = f"# a comment\n\n{name} {'' if value.startswith('{ ') else '= '}{value}\n"
    return place.write("wrong.conf", text)


def test_every_option_wrong_in_turn(place):
    passed, vague = [], []
    for name, value in WRONG:
        conf = write(place, name, value)
        done = run([program("greymilter"), "-c", conf, "-t"], check=False)
        said = done.stdout + done.stderr
        if done.returncode == 0:
            passed.append((name, value))
        elif not re.search(rf"{re.escape(conf)}:[2-5]: .*\w", said):
            vague.append((name, value, said))
        assert done.returncode in (0, 1), (name, value, done.returncode)
    assert not passed, "refused are to be"
    assert not vague, "FILE:LINE: what is wrong"


def test_files_that_are_none(place):
    for text in ("{", "delay = ", 'reply = "open', "spf {", "}", "\0\0\0", "=" * 10000,
                 "delay = 3min delay", "spf { spf { } }", "\xff\xfe = 1"):
        conf = place.path + "/broken.conf"
        with open(conf, "w", encoding="latin-1") as f:
            f.write(text)
        done = run([program("greymilter"), "-c", conf, "-t"], check=False)
        assert done.returncode == 1, (text[:20], done.returncode)
        assert conf in done.stderr, (text[:20], done.stderr)
    for path in (place / "missing.conf", place.path):
        done = run([program("greymilter"), "-c", path, "-t"], check=False)
        assert done.returncode == 1 and path in done.stderr, (path, done.stderr)


def test_reload_with_a_broken_file_under_load(place):
    case = Case(place)
    good = open(case.milter.conf_path).read()
    with Load(case):
        for i, (name, value) in enumerate([*WRONG[:12], ("{", "")]):
            write_to = case.milter.conf_path
            with open(write_to, "w") as f:
                f.write(good + f"\n{name} = {value}\n")
            case.milter.signal(10)
            until(lambda: case.milter.output().count("not reloaded") == i + 1, 5,
                  f"{name} = {value} is refused")
            assert case.stranger().startswith("451")
        os.unlink(write_to)
        case.milter.signal(10)
        until(lambda: case.milter.output().count("not reloaded") == 14, 5)
        with open(write_to, "w") as f:
            f.write(good)
        for _ in range(20):
            case.milter.signal(10)
            time.sleep(0.02)
        until(lambda: ": reloaded " in case.milter.output(), 5)
    case.remembers()
    case.is_sound()


def test_two_on_one_database(place):
    """They share what they know, and nobody's mail waits for it."""
    case = Case(place)
    other = Greymilter(place, "other", delay=Bare("1s"),
                       store=case.milter.options["store"]).start()
    assert ask(other.port, "198.51.100.7", "a@b.example", "passed@d.example") == "pass"
    load = Process(place, "load", [LOAD, "-p", other.port, "-c", 4, "-s", 3, "-l",
                                   "-f", 1 << 50]).start()
    with Load(case):
        until(lambda: not load.running(), 15)
    said = json.loads(load.output())
    assert said["refused"] == 0 and said["lost"] == 0, said
    assert said["passed"] <= said["decisions"] // 100, "few pass for a busy database"
    failed = case.metric("greymilter_fail_open_total")
    assert failed <= case.metric('greymilter_decisions_total{verdict="new"}') // 100, failed
    case.remembers()
    other.stop()
    case.is_sound()


def test_not_root(place):
    milter = Greymilter(place, user="root", delay=Bare("1s"))
    # Where the checkout lies nobody else may be able to go.
    copy = shutil.copy(milter.argv[0], place / "greymilter")
    done = subprocess.Popen([copy, *milter.argv[1:]], user="nobody", group="nogroup",
                            extra_groups=[], stderr=subprocess.PIPE)
    try:
        until(lambda: is_listening(milter.port), 5, "it serves as whoever started it")
        assert ask(milter.port, "198.51.100.7", "a@b.example", "c@d.example") \
            .startswith("451")
    finally:
        done.terminate()
        done.communicate(timeout=10)
    assert done.returncode == 0


def fails(milter, *words):
    """It ends with 1 within a second, and says why."""
    done = run(milter.argv, seconds=10, check=False)
    assert done.returncode == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_socket_taken_or_left_over(place):
    first = Greymilter(place).start()
    second = Greymilter(place, "second", socket=first.options["socket"])
    fails(second, str(first.port), "in use")
    assert ask(first.port, "198.51.100.7", "a@b.example", "c@d.example").startswith("451")
    first.stop()

    path = place.folder("run", 0o777) + "/sock"
    served = Greymilter(place, "served", socket=f"unix:{path}")
    served.is_ready = lambda: os.path.exists(path)
    served.start()
    late = Greymilter(place, "late", socket=f"unix:{path}")
    fails(late, path)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)  # it was not taken away
    served.kill()
    assert os.path.exists(path), "left over"
    served.popen = None
    served.start()
    with socket.socket(socket.AF_UNIX) as s:
        until(lambda: s.connect_ex(path) == 0, 5)
    served.stop()
    with open(path, "w") as f:
        f.write("a file of somebody's\n")
    fails(served, path)
    assert open(path).read() == "a file of somebody's\n"


def test_store_at_an_impossible_place(place):
    fails(Greymilter(place, "a", store=f"sqlite:{place.folder('dir')}"), "dir")
    place.write("file", "text")
    fails(Greymilter(place, "b", store=f"sqlite:{place / 'file'}/grey.db"), "file")


def test_a_huge_whitelist_under_load(place):
    n = 100000 if LONG else 20000
    case = Case(place)
    lines = place.write("huge.txt", "".join(f"d{i}.example --proof none\n"
                                            for i in range(n)))
    with Load(case) as mail:
        case.milter.greywl("import", "--from", "plain", lines)
        until(lambda: ask(case.milter.port, "198.51.100.7", f"a@d{n - 1}.example",
                          "x@d.example") == "pass", 5, "the last entry acts")
        case.milter.greywl("add", "one-more.example", "--proof", "none")
        until(lambda: ask(case.milter.port, "198.51.100.7", "a@one-more.example",
                          "x@d.example") == "pass", 2, "one more acts")
        case.milter.signal(10)
        until(lambda: sum(1 for _ in open(case.store + ".whitelist")) == n + 5, 30,
              "it is written out")
    print(f"{n} entries: the slowest answer took {mail.slowest() * 1000:.0f} ms")
    case.remembers()
    case.is_sound()


def test_export_of_many_rows_under_load(place):
    """greywl reads them in portions, in nobody's way."""
    rows = 1000000 if LONG else 30000
    case = Case(place)
    run([LOAD, "-p", case.milter.port, "-F", rows, "-c", 16, "-r", 50], seconds=300)
    alone = json.loads(run([LOAD, "-p", case.milter.port, "-c", 4, "-s", 2]).stdout)
    load = Process(place, "load", [LOAD, "-p", case.milter.port, "-c", 4, "-s",
                                   60 if LONG else 4, "-f", 1 << 50]).start()
    for verb in ("export", "stats", "list", "lost"):
        case.milter.greywl(verb)
    load.signal(15)
    until(lambda: not load.running(), 70)
    beside = json.loads(load.output())
    print(f"{rows} rows: the slowest answer took {beside['max_us'] / 1000:.1f} ms beside "
          f"greywl, {alone['max_us'] / 1000:.1f} ms alone; p99 {beside['p99_us']} µs, "
          f"{alone['p99_us']} µs")
    assert beside["passed"] == 0 and beside["refused"] == 0
    # What the machine does to it is in both.
    assert beside["max_us"] < 20000 + 4 * alone["max_us"]
    case.is_sound()
