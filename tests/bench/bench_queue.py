"""Looking at the queue: the pass over the spool, the list by showq, and what a
queuewatch at rest costs; beside a bare walk, qshape, and throwing it away."""

import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import threading
import time

from bench_common import ROUNDS, Timer, median, memory, section, tool
from mg import smtp
from mg.daemons import Bare, Queuewatch, program
from mg.place import Place
from mg.postfix import Postfix
from mg.proc import run, session_pids
from mg.queuefile import Template, name_of
from mg.servers import Status
from mg.smallfs import private_mounts
from mg.spool import Spool
from mg.tls import Authority
from mg.wait import until

SIZES = [int(n) for n in os.environ.get("BENCH_QUEUE", "20000,1000000").split(",")]
REST_S = int(os.environ.get("BENCH_REST", "60"))
REAL = 20000
LISTED = 1000000
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def make_names(place, count, long_ids):
    """A spool of empty files with true names, in hashed folders."""
    spool = Spool(place, f"names{count}{'l' if long_ids else 's'}")
    draw, now = random.Random(1), time.time()
    for key in "0123456789ABCDEF":
        os.mkdir(f"{spool.path}/deferred/{key}")
    for i in range(count):
        name, key = name_of(100000 + i, now - draw.random() * 86400,
                            draw.randrange(1000000), long_ids)
        path = f"{spool.path}/deferred/{key[0]}/{name}"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o700))
    return spool


def passes(found, place):
    print(f"  {'files':>9} {'ids':<6}{'walk ms':>10}{'pass ms':>10}{'ratio':>8}"
          f"{'all inodes ms':>15}{'MiB':>6}")
    for count in SIZES:
        for long_ids in (True, False):
            spool = make_names(place, count, long_ids)
            rounds = 51 if count <= 100000 else 5
            got = json.loads(run([tool("queuewalk"), spool.path, rounds],
                                 seconds=1200).stdout)
            assert got["files"] == got["messages"] == count, got
            form = "long" if long_ids else "short"
            print(f"  {count:>9,} {form:<6}{got['walk_s'] * 1e3:>10.2f}"
                  f"{got['pass_s'] * 1e3:>10.2f}{got['ratio']:>8.2f}"
                  f"{got['deep_s'] * 1e3:>15.1f}{got['rss_kb'] / 1024:>6.1f}", flush=True)
            found.goal(f"a pass over {count:,} files, {form} ids, beside readdir",
                       got["ratio"], at_most=1.3)
            run(["rm", "-rf", spool.path], seconds=600)


def real_queue(place):
    """A running Postfix with 20,000 deferred messages."""
    postfix = Postfix(place, relay={"jam.example": ("127.0.0.1", 9)}, settings={
        "defer_transports": "smtp", "minimal_backoff_time": "3000s",
        "maximal_backoff_time": "4000s", "queue_run_delay": "3000s"}).start()
    smtp.burst(postfix.port, 1, "office@home.example", "user@jam.example")
    until(lambda: postfix.count("deferred") == 1, 30)
    (path,) = [os.path.join(folder, name) for folder, _, names in
               os.walk(os.path.join(postfix.queue, "deferred")) for name in names]
    Template(path).put(postfix.queue, "deferred", [i % 80000 for i in range(REAL - 1)])
    return postfix


def beside_qshape(found, postfix):
    got = json.loads(run([tool("queuewalk"), postfix.queue, 51]).stdout)
    times = []
    for _ in range(ROUNDS):
        timer = Timer()
        run(["/usr/sbin/qshape", "-c", postfix.config, "deferred"], seconds=600)
        times.append(timer.seconds())
    theirs = statistics.median(times)
    print(f"  {got['messages']:,} real messages: a pass {got['pass_s'] * 1e3:.1f} ms, "
          f"with all inodes {got['deep_s'] * 1e3:.1f} ms, qshape {theirs * 1e3:,.0f} ms")
    found.goal("times as fast as qshape", theirs / got["pass_s"], at_least=100, form=".0f")


def by_showq(found, postfix):
    """The list of a real showq: what reading it costs beside the reading."""
    rounds = {how: [] for how in ("discard", "count")}
    for i in range(5 * ROUNDS):
        for how in list(rounds)[::-1 if i % 2 else 1]:
            rounds[how].append(json.loads(run(
                [tool("showqread"), postfix.queue, how], seconds=600).stdout))
    thrown, counted = rounds["discard"], rounds["count"]
    assert all(r["recipients"] == REAL for r in counted)
    ratio = statistics.median(a["seconds"] / b["seconds"]
                              for a, b in zip(counted, thrown))
    print(f"  {REAL:,} messages by showq: counted by destination in "
          f"{median(counted, 'seconds') * 1e3:,.0f} ms (of which "
          f"{median(counted, 'cpu_s') * 1e3:.0f} ms are ours), thrown away in "
          f"{median(thrown, 'seconds') * 1e3:,.0f} ms")
    found.goal("full detail beside throwing it away", ratio, at_most=1.1)


def record(i):
    fields = (("queue_name", "deferred"), ("queue_id", f"4jX5C75v5Gz{i}C"),
              ("time", "1795297043"), ("size", str(2000 + i)), ("forced_expire", "0"),
              ("sender", f"office{i % 50}@home.example"),
              ("recipient", f"c{i}@jam{i % 200}.example"),
              ("reason", f"host mx.jam{i % 200}.example[192.0.2.{i % 250}] said: 450 "
               f"4.2.0 <c{i}@jam{i % 200}.example>: Recipient address rejected: Mailbox "
               "is busy (in reply to RCPT TO command)"))
    return b"".join(f"{k}\0{v}\0".encode() for k, v in fields) + b"\0"


class Speaker(threading.Thread):
    """A showq that tells of a million messages as fast as they are taken."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        os.makedirs(folder + "/public")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(folder + "/public/showq")
        os.chmod(folder + "/public/showq", 0o666)
        self.listener.listen()
        self.part = b"".join(record(100000 + i) for i in range(LISTED // 50))
        self.start()

    def run(self):
        while True:
            with self.listener.accept()[0] as c:
                try:
                    for _ in range(50):
                        c.sendall(self.part)
                    c.sendall(b"\0")
                except OSError:
                    pass


def peak(argv):
    """MiB that a program had at most, until shortly before its end."""
    most = 0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            with contextlib.suppress(OSError):
                most = max(most, memory(child.pid, "VmHWM"))
            time.sleep(0.01)
    assert child.returncode == 0
    return most


def of_a_million(found, place):
    """Memory of the whole program, libraries included."""
    spool = Spool(place, "speaker")
    Speaker(spool.path)
    conf = place.write("speaker.conf", f'postfix_config = "{spool.config}"\n'
                       f'maillog = "{place.write("empty.log", "")}"\n')
    for by in ("destination", "recipient", "reason", "sasl"):
        timer = Timer()
        most = peak([program("queuewatch"), "-c", conf, "top", "--by", by, "--once",
                     "--json"])
        print(f"  {LISTED:,} messages listed, by {by}: {timer.seconds():.1f} s")
        found.goal(f"memory of top --by {by}, MiB", most, at_most=16, form=".1f")


def memory_of(pids):
    """(MiB resident, MiB with what is shared divided by its users) of each."""
    found = []
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            lines = dict(line.split(":") for line in f.read().splitlines()[1:])
        found.append([int(lines[k].split()[0]) / 1024 for k in ("Rss", "Pss")])
    return found


def ticks(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            total += sum(int(n) for n in f.read().rpartition(")")[2].split()[11:13])
    return total / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def status_host(place):
    """One that takes reports by https every 10 s, its authority one of many."""
    ca = Authority(place)
    with open(BUNDLE, encoding="utf-8") as many, open(ca.root, encoding="utf-8") as one:
        both = place.write("bundle.crt", many.read() + one.read(), 0o644)
    run(["mount", "--bind", both, BUNDLE])
    try:
        with Status(tls=ca.issue("127.0.0.1")) as status:
            status.next_s = 10
            yield status
    finally:
        run(["umount", BUNDLE])


def at_rest(found, place, postfix, name, **options):
    """The defaults, but for where things are."""
    print(f"  {name}:")
    qw = Queuewatch(place, postfix, name=name.split()[-1], interval=Bare("10s"),
                    **options).start()
    time.sleep(45)  # the start and the first passes are over
    pids = sorted(session_pids(qw.pid))
    before = ticks(pids)
    time.sleep(REST_S)
    share = (ticks(pids) - before) / REST_S * 100
    sizes = memory_of(pids)
    for pid, (rss, pss) in zip(pids, sizes):
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
            title = os.path.basename(f.read().split("\0")[0])
        print(f"  {title:<22}{rss:>6.1f} MiB resident, {pss:>5.1f} its share")
    found.goal("% of a core at rest, all processes", share, at_most=0.5)
    found.goal("MiB resident, all processes added up", sum(s[0] for s in sizes),
               at_most=16, form=".1f")
    print(f"  {'':<22}{sum(s[1] for s in sizes):>6.1f} MiB, what they share counted once")
    qw.stop()


def causes_of_a_million(found, place):
    """A whole queuewatch whose queue grows, while it looks for what it is."""
    spool = Spool(place, "causes")
    Speaker(spool.path)
    qw = Queuewatch(place, spool, name="causes", interval=Bare("2s"),
                    queue={"warning": 10, "critical": 20}).start()
    time.sleep(10)  # the start is over
    spool.put("deferred", 50)
    timer, most = Timer(), 0

    def told():
        nonlocal most
        pids = session_pids(qw.pid)
        most = max(most, sum(memory(pid) for pid in pids))
        return "causes" in qw.finding("queue", "")["evidence"]
    until(told, 120, "the causes", 0.1)
    print(f"  causes of {LISTED:,} messages found after {timer.seconds():.1f} s")
    found.goal("MiB resident meanwhile, all processes added up", most, at_most=16,
               form=".1f")
    qw.stop()


def run_section():
    found = section("queue: the spool, showq, and queuewatch at rest")
    with Place() as place:
        passes(found, place)
        postfix = real_queue(place)
        beside_qshape(found, postfix)
        by_showq(found, postfix)
        at_rest(found, place, postfix, "at rest, reports refused")
        if private_mounts():
            with status_host(place) as status:
                at_rest(found, place, postfix, "at rest, reports by https",
                        status_url=status.url, token=status.token)
                assert status.got and not status.faults
        postfix.stop()
        of_a_million(found, place)
        causes_of_a_million(found, place)
    return found.end()
