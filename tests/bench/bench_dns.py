"""Name servers that swallow everything, and strangers all the time."""

import concurrent.futures
import socket

from bench_common import (MANY, SECONDS, Bare, first_new, greymilter, head, memory,
                          milter_load, section, table)
from mg.place import Place
from mg.ports import free_port
from mg.proc import session_pids

TIMEOUT_MS = 1500
MORE_MS = 100
PER_SECOND = 200


class Silence:
    """A port that takes questions by UDP and TCP and never answers."""

    def __init__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        at = ("127.0.0.1", free_port())
        self.address = "%s:%d" % at
        self.udp.bind(at)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.bind(at)
        self.tcp.listen(1024)

    def asked(self):
        """Whether there was any question (the most of them are dropped)."""
        try:
            return bool(self.udp.recv(512, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False

    def close(self):
        self.udp.close()
        self.tcp.close()


def run_section():
    found = section(f"dns: silent name servers, {PER_SECOND} new strangers a second")
    silence = [Silence(), Silence()]
    with Place("mailglance-bench-") as place:
        grey = greymilter(place, MANY, spf={
            "enabled": True, "timeout": Bare(f"{TIMEOUT_MS}ms"),
            "nameservers": [s.address for s in silence]}).start()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            paced = ["-R", PER_SECOND, "-c", 2048, "-s", 3 * SECONDS]
            known = pool.submit(milter_load, grey.port, *paced, "-n", 0, "-k", MANY)
            strangers = milter_load(grey.port, *paced, "-n", 100, "-f", first_new())
            results = {"strangers": [strangers], "known ones": [known.result()]}
        head()
        table(results)
        for rounds in results.values():
            found.answers(rounds, grey)
        if not silence[0].asked() and not silence[1].asked():
            print("  no question reached the name servers: nothing was measured")
            found.missed += 1
        found.goal("the longest answer, ms", strangers["max_us"] / 1000,
                   at_most=TIMEOUT_MS + MORE_MS, form=".0f")
        children = [p for p in session_pids(grey.pid) if p != grey.pid]
        print(f"  resident: {memory(grey.pid):.0f} MiB, and its {len(children)} children "
              f"{' + '.join(f'{memory(p):.0f}' for p in children)} MiB")
        grey.stop()
    for s in silence:
        s.close()
    return found.end()
