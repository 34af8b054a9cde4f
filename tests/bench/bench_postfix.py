"""Whole SMTP sessions through Postfix: with a milter that does nothing, with
greymilter, with postgrey.

The load is Postfix's own smtp-source, one message a session, the destination
its discard(8).  Known recipients pass, new ones are deferred, by the milter
that does nothing as well: so all three hold the same conversations.
"""

import concurrent.futures
import itertools
import time

from bench_common import (MANY, SECONDS, Postgrey, alternate, greymilter, median,
                          null_milter, ratio, section)
from mg.place import Place
from mg.postfix import Postfix
from mg.proc import run
from mg.wait import until

SESSIONS = 500 * SECONDS  # a round
AT_ONCE = 16
BESIDE_NOTHING, BESIDE_POSTGREY = 0.95, 1.4

_rounds = itertools.count()


class Side:
    def __init__(self, place, name, milter=None, policy=None):
        settings = {"virtual_transport": "discard:", "mynetworks": ""}
        if policy:
            settings["smtpd_recipient_restrictions"] = (
                "reject_unauth_destination, "
                f"check_policy_service inet:127.0.0.1:{policy}")
        self.postfix = Postfix(place, f"postfix-{name}", milter=milter,
                               settings=settings).start()

    def send(self, recipient, count, at_once):
        """Messages to "count" recipients made of this one; how many were
        deferred."""
        done = run(["/usr/sbin/smtp-source", "-A", "-N", "-s", at_once, "-m", count,
                    "-M", "client.example", "-f", "sender@client.example",
                    "-t", f"{recipient}@home.example",
                    f"127.0.0.1:{self.postfix.port}"], seconds=300)
        return done.stderr.count("recipient rejected: 45")

    def measure(self, new_percent):
        """A round: both kinds at the same time."""
        new = SESSIONS * new_percent // 100
        known = SESSIONS - new
        # Sessions that are deferred are shorter: fewer of them at once.
        new_at_once = AT_ONCE * new_percent // 100
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            first = pool.submit(self.send, "known", known, AT_ONCE - new_at_once)
            deferred = self.send(f"new{next(_rounds)}x", new, new_at_once) if new else 0
            wrong = first.result() + new - deferred
        took = time.monotonic() - begun
        # What is queued is no part of the session, nor of the next round.
        until(lambda: self.postfix.count("incoming", "active") == 0, 60,
              "the queue is empty")
        return {"rate": SESSIONS / took, "wrong": wrong, "refused": 0}


def run_section():
    found = section("postfix: sessions through a whole Postfix")
    with Place("mailglance-bench-") as place:
        grey = greymilter(place, MANY, trusted_networks=[]).start()
        other = Postgrey(place, MANY, delay_s=1).start()
        sides = {
            "nothing": Side(place, "nothing",
                            milter=null_milter(place, grey.port, "defer=new")),
            "postgrey": Side(place, "postgrey", policy=other.port),
            "greymilter": Side(place, "greymilter", milter=grey.port)}
        for side in sides.values():
            side.send("known", SESSIONS, AT_ONCE)
        time.sleep(1.2)
        for new_percent in (30, 0):
            results = alternate({n: (lambda s=s: s.measure(new_percent))
                                 for n, s in sides.items()})
            print(f"  {new_percent} % new ones, {AT_ONCE} sessions at once")
            for name, rounds in results.items():
                print(f"  {name:<14}{median(rounds, 'rate'):>12,.0f} sessions/s")
                found.answers(rounds, grey if name == "greymilter" else None)
            for name, goal in (("nothing", BESIDE_NOTHING),
                               ("postgrey", BESIDE_POSTGREY)):
                found.goal(f"{new_percent} % new ones, beside {name}",
                           ratio(results, "greymilter", name), at_least=goal)
        for side in sides.values():
            side.postfix.stop()
        grey.stop()
    return found.end()
