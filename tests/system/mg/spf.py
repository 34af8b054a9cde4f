"""Drives build/tests/bench/spfquery: questions about SPF, as greymilter asks."""

import subprocess
import threading

from mg.wait import until

FIELDS = ("id", "result", "proves", "source", "domain", "term", "lookups",
          "voids", "queries", "covered4", "covered6", "elapsed_us")
NUMBERS = {"source", "lookups", "voids", "queries", "covered4", "covered6",
           "elapsed_us"}
ANSWERED, NOT_ASKED, SHUNNED, DIED, LATE, BUSY = range(6)
STATS = ("pid_stranger", "pid_listed", "ready_stranger", "ready_listed",
         "deaths_stranger", "deaths_listed", "starts_stranger",
         "starts_listed", "open", "shunned")


class Answer:
    def __init__(self, line):
        for name, value in zip(FIELDS, line.split("\t")):
            setattr(self, name, int(value) if name in NUMBERS else value)
        self.proves = self.proves == "1"
        self.trace = []

    def __repr__(self):
        return str(self.__dict__)


class SpfQuery:
    """with SpfQuery(build, ["127.0.0.1:5353"], timeout_ms=400) as spf: ..."""

    def __init__(self, build, servers, timeout_ms=1500, threads=16, more=(),
                 program=None, stderr=None):
        args = [str(build / "tests/bench/spfquery"),
                "-p", str(program or build / "greymilter-spf"),
                "-t", str(timeout_ms), "-j", str(threads), *more]
        for server in servers:
            args += ["-s", server]
        self.proc = subprocess.Popen(args, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=stderr,
                                     text=True)
        self.count = 0
        self.answers = {}
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.proc.stdin and not self.proc.stdin.closed:
            self.proc.stdin.close()
        try:
            self.proc.wait(15)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()

    def read(self):
        last = None
        for line in self.proc.stdout:
            line = line.rstrip("\n")
            fields = line.split("\t")
            with self.changed:
                if len(fields) == len(FIELDS):
                    last = Answer(line)
                    self.answers[last.id] = last
                elif fields[0] == "stats":
                    self.answers["stats"] = dict(
                        zip(STATS, map(int, fields[1:])))
                elif last is not None:
                    last.trace.append(line)
                self.changed.notify_all()

    def write(self, line):
        self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()

    def start(self, ip, sender="", helo="", domain=None, kind="stranger",
              trace=False):
        """Ask; returns the id to wait for."""
        if domain is None:
            domain = sender.rpartition("@")[2] or helo
        self.count += 1
        id_ = f"q{self.count}"
        fields = ["ask", id_, kind, ip, domain, sender, helo]
        self.write("\t".join(fields + (["trace"] if trace else [])))
        return id_

    def wait(self, id_, seconds=10):
        with self.changed:
            assert self.changed.wait_for(lambda: id_ in self.answers, seconds), \
                f"no answer to {id_}"
            return self.answers.pop(id_)

    def ask(self, *args, **how):
        return self.wait(self.start(*args, **how))

    def stats(self):
        self.write("stats")
        return self.wait("stats")

    def ready(self):
        """Wait for both children; their first stats."""
        return until(lambda: (s := self.stats())["ready_stranger"] and
                     s["ready_listed"] and s, 20, "both children ready")
