"""A DNS server on a loopback port that serves what a test tells it.

    zone = {"example.com": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"}],
            "slow.example": ["TIMEOUT"]}
    with DnsServer(zone) as dns: ... f"127.0.0.1:{dns.port}"

The zone has the form of the RFC 7208 test-suite: a record is {TYPE: value},
"SPF" is served as TXT where a name has no "TXT", TXT "NONE" means none, and
"TIMEOUT" leaves every type that the name does not have without an answer.
Aliases inside the zone are followed.  `handler(query, tcp)` can be given
instead of a zone: it returns the bytes to answer with (None: nothing; a list:
pieces to be sent with a pause of 0.2 s between them over TCP, one packet each
over UDP).
"""

import socket
import struct
import threading
import time

A, CNAME, PTR, MX, TXT, AAAA, SPF = 1, 5, 12, 15, 16, 28, 99
TYPES = {"A": A, "CNAME": CNAME, "PTR": PTR, "MX": MX, "TXT": TXT,
         "AAAA": AAAA, "SPF": SPF}


class Query:
    """What was asked: id, name (lower case, latin-1), type, the packet."""

    def __init__(self, packet):
        self.packet = packet
        self.id = struct.unpack(">H", packet[:2])[0]
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]])
            at += 1 + packet[at]
        self.name = b".".join(labels).decode("latin-1").lower()
        self.type, _ = struct.unpack(">HH", packet[at + 1:at + 5])
        self.question = packet[12:at + 5]


def wire_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        raw = label.encode("latin-1")
        if raw:
            out += bytes([len(raw)]) + raw
    return out + b"\0"


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack(">H", value[0]) + wire_name(value[1])
    if kind in ("TXT", "SPF"):
        strings = [value] if isinstance(value, str) else (value or [""])
        out = b""
        for s in strings:
            raw = s.encode("latin-1")
            for i in range(0, max(len(raw), 1), 255):
                part = raw[i:i + 255]
                out += bytes([len(part)]) + part
        return out
    return wire_name(value)


def record(name, kind, value, ttl=60):
    data = rdata(kind, value)
    type_ = TXT if kind == "SPF" else TYPES[kind]
    return wire_name(name) + struct.pack(">HHIH", type_, 1, ttl,
                                         len(data)) + data


def reply(query, answers=(), rcode=0, tc=False):
    flags = 0x8180 | rcode | (0x200 if tc else 0)
    return struct.pack(">HHHHHH", query.id, flags, 1, len(answers), 0,
                       0) + query.question + b"".join(answers)


class Zone:
    def __init__(self, data):
        self.names = {n.rstrip(".").lower(): r for n, r in data.items()}

    def answer(self, query):
        """The answer's records and rcode; None for no answer at all."""
        name, out = query.name, []
        for _ in range(8):
            entry = self.names.get(name)
            if entry is None:
                return out, 0 if out and name == query.name else 3
            own = {k for r in entry if isinstance(r, dict) for k in r}
            found = self.found(name, entry, own, query.type)
            if found:
                return out + found, 0
            if "TIMEOUT" in entry:
                return None
            alias = next((r["CNAME"] for r in entry
                          if isinstance(r, dict) and "CNAME" in r), None)
            if alias is None:
                return out, 0
            out.append(record(name, "CNAME", alias))
            name = alias.rstrip(".").lower()
        return out, 2  # a loop

    @staticmethod
    def found(name, entry, own, type_):
        out = []
        for r in entry:
            for kind, value in (r.items() if isinstance(r, dict) else ()):
                if value == "NONE":
                    continue
                is_type = SPF if kind == "SPF" else TYPES[kind]
                if kind == "SPF" and "TXT" not in own and type_ == TXT:
                    is_type = TXT
                if is_type == type_:
                    out.append(record(name, kind, value))
        return out


class DnsServer:
    def __init__(self, zone=None, handler=None, udp_max=512,
                 host="127.0.0.1", port=0):
        self.handler = handler or self.from_zone
        self.zone = Zone(zone or {})
        self.udp_max = udp_max
        self.queries = []  # (name, type, id, source port, "udp" or "tcp")
        self.alive = True
        for _ in range(50):
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind((host, port))
            self.port = self.udp.getsockname()[1]
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                self.tcp.bind((host, self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.tcp.listen(64)
        for target in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.alive = False
        for s in (self.udp, self.tcp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def from_zone(self, query, tcp):
        found = self.zone.answer(query)
        if found is None:
            return None
        answers, rcode = found
        packet = reply(query, answers, rcode)
        if not tcp and len(packet) > self.udp_max:
            return reply(query, (), rcode, tc=True)
        return packet

    def answer(self, packet, peer, how):
        try:
            query = Query(packet)
        except (IndexError, struct.error):
            return None
        self.queries.append((query.name, query.type, query.id, peer[1], how))
        return self.handler(query, how == "tcp")

    def serve_udp(self):
        while self.alive:
            try:
                packet, peer = self.udp.recvfrom(4096)
                out = self.answer(packet, peer, "udp")
                for piece in out if isinstance(out, list) else [out]:
                    if piece is not None:
                        self.udp.sendto(piece[:65000], peer)
            except OSError:
                if not self.alive:
                    return

    def serve_tcp(self):
        while self.alive:
            try:
                conn, peer = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(conn, peer),
                             daemon=True).start()

    def talk(self, conn, peer):
        with conn:
            try:
                conn.settimeout(5)
                while True:
                    size = conn.recv(2, socket.MSG_WAITALL)
                    if len(size) < 2:
                        return
                    packet = conn.recv(struct.unpack(">H", size)[0],
                                       socket.MSG_WAITALL)
                    self.say(conn, self.answer(packet, peer, "tcp"))
            except OSError:
                pass

    @staticmethod
    def say(conn, out):
        if out is None:
            time.sleep(3)
        elif isinstance(out, list):
            for piece in out:
                conn.sendall(piece)
                time.sleep(0.2)
        else:
            conn.sendall(struct.pack(">H", len(out)) + out)
