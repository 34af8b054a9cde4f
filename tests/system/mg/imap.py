"""An IMAP server that knows what a probe says (RFC 3501, UIDPLUS).

    with Imap(login=("user", "secret")) as imap:
        imap.boxes["INBOX"].append(message_bytes)

tls: (certificate, key): STARTTLS is offered, or with wrapped=True TLS from the
start.  use(tls) changes the certificate for those who connect from then on.
maildir: a folder whose new/ is shown as INBOX.
"""

import email.utils
import os
import re
import socketserver
import ssl
import time

from .servers import Receiver


class _Handler(socketserver.StreamRequestHandler):
    timeout = 20

    def say(self, text):
        self.wfile.write(text.encode("latin-1") + b"\r\n")
        self.wfile.flush()

    def wrap(self, context):
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")

    def handle(self):
        self.imap = self.server.receiver
        self.user, self.box = None, None
        try:
            if self.imap.wrapped:
                self.wrap(self.imap.context)
            self.say("* OK ready")
            while line := self.rfile.readline():
                if not self.command(line.decode("latin-1").rstrip("\r\n")):
                    return
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass

    def command(self, line):
        tag, verb, rest = (line.split(" ", 2) + ["", ""])[:3]
        verb = verb.upper()
        if verb == "UID":
            verb, _, rest = rest.partition(" ")
            verb = "UID_" + verb.upper()
        self.imap.commands.append(f"{verb} {rest}")
        method = getattr(self, "do_" + verb.lower(), None)
        if method is None:
            self.say(f"{tag} BAD what?")
            return True
        answer = method(rest)
        self.say(f"{tag} {answer}")
        if verb == "STARTTLS":
            self.wrap(self.imap.context)
        return verb != "LOGOUT"

    def do_capability(self, _):
        more = " STARTTLS" if self.imap.tls and not self.imap.wrapped else ""
        self.say(f"* CAPABILITY IMAP4rev1 UIDPLUS{more}")
        return "OK done"

    def do_starttls(self, _):
        return "OK go on"

    def do_login(self, rest):
        words = [w.strip('"') for w in rest.split(" ")]
        self.user = tuple(words) == self.imap.login
        return "OK in" if self.user else "NO [AUTHENTICATIONFAILED] wrong"

    def do_select(self, rest):
        name = rest.strip('"')
        if not self.user or name not in self.imap.names():
            return "NO no such mailbox"
        self.box = name
        return "OK [READ-WRITE] here"

    def do_append(self, rest):
        name, size = re.match(r'"?([^" ]+)"? .*\{(\d+)\}$', rest).groups()
        if self.imap.append_reply:
            return self.imap.append_reply
        if name not in self.imap.boxes:
            return "NO [TRYCREATE] no such mailbox"
        self.say("+ go on")
        message = self.rfile.read(int(size))
        self.rfile.readline()
        self.imap.put(name, message)
        self.imap.appended += 1
        return "OK stored"

    def do_uid_search(self, rest):
        header = rest.split(" ")[1].lower().encode()
        found = [str(uid) for uid, (_, m) in self.imap.list(self.box).items()
                 if (b"\n" + m.lower()).find(b"\n" + header + b":") >= 0]
        self.say("* SEARCH" + "".join(" " + u for u in found))
        return "OK done"

    def do_uid_fetch(self, rest):
        uids = [int(u) for u in rest.split(" ")[0].split(",")]
        header = re.search(r"FIELDS \(([^)]*)\)", rest).group(1)
        for uid in uids:
            at, message = self.imap.list(self.box)[uid]
            found = re.search(rb"(?im)^" + header.encode() + rb":.*$", message)
            text = found.group(0).strip() + b"\r\n\r\n"
            date = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(at))
            self.say(f"* {uid} FETCH (UID {uid} INTERNALDATE \"{date}\" "
                     f"BODY[HEADER.FIELDS ({header.upper()})] {{{len(text)}}}")
            self.wfile.write(text)
            self.say(")")
        return "OK done"

    def do_uid_store(self, rest):
        self.imap.marked.update(int(u) for u in rest.split(" ")[0].split(","))
        return "OK marked"

    def do_uid_expunge(self, rest):
        for uid in rest.split(","):
            self.imap.remove(self.box, int(uid))
        return "OK gone"

    def do_noop(self, _):
        return "OK"

    def do_logout(self, _):
        self.say("* BYE")
        return "OK bye"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


class Imap(Receiver):
    def __init__(self, port=None, tls=None, login=("probe", "secret"),
                 wrapped=False, maildir=None):
        super().__init__(port)
        self.login, self.wrapped, self.maildir = login, wrapped, maildir
        self.append_reply = None
        self.appended = 0
        self.commands, self.marked = [], set()
        self.boxes = {"INBOX": {}, "Probe": {}}
        self.next_uid = 1
        self.known = {}
        self.tls = self.context = None
        self.use(tls)

    def use(self, tls):
        self.tls = tls
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.context = context

    def make_server(self):
        server = _Server(("127.0.0.1", self.port), _Handler)
        server.receiver = self
        return server

    @property
    def url(self):
        return f"imap{'s' if self.wrapped else ''}://127.0.0.1:{self.port}"

    def names(self):
        return self.boxes

    def put(self, box, message):
        self.boxes[box][self.next_uid] = (time.time(), message)
        self.next_uid += 1

    def list(self, box):
        if box != "INBOX" or not self.maildir:
            return self.boxes[box]
        found = {}
        for folder in ("new", "cur"):
            path = os.path.join(self.maildir, folder)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                file = os.path.join(path, name)
                if file not in self.known:
                    self.known[file] = self.next_uid
                    self.next_uid += 1
                with open(file, "rb") as f:
                    found[self.known[file]] = (os.path.getmtime(file), f.read())
        return found

    def remove(self, box, uid):
        if box != "INBOX" or not self.maildir:
            self.boxes[box].pop(uid, None)
            return
        for file, known in self.known.items():
            if known == uid and os.path.exists(file):
                os.unlink(file)


def message(subject="hello", **headers):
    head = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return (f"Subject: {subject}\r\nDate: {email.utils.formatdate()}\r\n{head}"
            "\r\nHello.\r\n").encode()
