"""Without spf.nameservers those of /etc/resolv.conf are asked.

A file of resolv.conf's form knows no ports, so the name servers stand at port
53 of addresses in a network that only this test has, and so does the file.
"""

import json
import pathlib
import sys

import pytest

from mg.mounts import and_network
from mg.proc import run

pytestmark = pytest.mark.skipif(
    not and_network(), reason="no network and mounts of its own")

# In that network: /etc has the users, and what is written there.
INSIDE = """
import fcntl, json, os, pathlib, signal, socket, struct, subprocess, sys
sys.path.insert(0, sys.argv[1])
from mg.dns import DnsServer
from mg.spf import SpfQuery
from mg.wait import until

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
users = {name: pathlib.Path("/etc", name).read_text()
         for name in ("passwd", "group")}
subprocess.run(["mount", "-t", "tmpfs", "none", "/etc"], check=True)
for name, text in users.items():
    pathlib.Path("/etc", name).write_text(text)

def name_servers(*hosts):
    with open("/etc/resolv.conf", "w") as f:
        f.write("# of this host\\nsearch example.net\\noptions ndots:3\\n" +
                "".join(f"nameserver {host}\\n" for host in hosts))

def zone(net):
    return {"d.example": [{"TXT": f"v=spf1 ip4:{net}.0/24 -all"}],
            "e.example": [{"TXT": f"v=spf1 ip4:{net}.0/24 -all"}]}

def ask(spf, domain="d.example"):
    nets = {"first": "192.0.2.1", "second": "198.51.100.1",
            "by port": "203.0.113.1"}
    said = [spf.ask(ip, "a@" + domain).result for ip in nets.values()]
    return dict(zip(nets, said))

build = pathlib.Path(sys.argv[2])
first = DnsServer(zone("192.0.2"), host="127.0.0.21", port=53)
second = DnsServer(zone("198.51.100"), host="127.0.0.22", port=53)
by_port = DnsServer(zone("203.0.113"), host="127.0.0.23")
name_servers("127.0.0.21")
told = {}
with SpfQuery(build, [], timeout_ms=20000) as spf:
    pid = spf.ready()["pid_stranger"]
    told["the system's"] = ask(spf)
    told["names"] = sorted({q[0] for q in first.queries})
    name_servers("127.0.0.22")
    told["changed"] = ask(spf)
    os.kill(pid, signal.SIGKILL)
    until(lambda: spf.stats()["pid_stranger"] not in (0, pid), 20)
    told["new child"] = ask(spf)
name_servers("127.0.0.24", "127.0.0.22")  # nobody there, then one
with SpfQuery(build, [], timeout_ms=20000) as spf:
    told["two"] = ask(spf)
with SpfQuery(build, [f"127.0.0.23:{by_port.port}"], timeout_ms=20000) as spf:
    told["given"] = ask(spf)
told["greywl"] = json.loads(subprocess.run(
    [build / "greywl", "-c", sys.argv[3], "test", "--json", "--client",
     "198.51.100.1", "--helo", "h.example", "--from", "a@d.example", "--to",
     "b@home.example"], stdout=subprocess.PIPE, check=True).stdout)["spf"]
print(json.dumps(told))
"""


def of(name):
    return {n: "pass" if n == name else "fail"
            for n in ("first", "second", "by port")}


def test_the_systems_name_servers_are_asked(place, build):
    conf = place.write("grey.conf", f"""
        store = "sqlite:{place.folder("store")}/grey.db"
        user = "nobody"
        postfix_config = ""
        spf {{ timeout = 4s }}
    """)
    done = run(["unshare", "--mount", "--net", "--propagation", "private",
                sys.executable, place.write("inside.py", INSIDE),
                pathlib.Path(__file__).parent, build, conf], seconds=120)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["the system's"] == of("first")
    # As they are: "search" and "ndots" are for people.
    assert told["names"] == ["d.example"]
    # Read when a child starts, and only then: it can open no file after that.
    assert told["changed"] == of("first")
    assert told["new child"] == of("second")
    assert told["two"] == of("second")
    assert told["given"] == of("by port")
    # The same from the option: it is empty where it is not written.
    assert told["greywl"]["result"] == "pass" and told["greywl"]["proves"]
