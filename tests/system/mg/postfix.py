"""A private, real Postfix: own configuration, queue, data, log and ports."""

import grp
import os
import pwd
import re
import signal
import time

from .ports import free_port, is_listening
from .proc import Process, run
from .wait import until

MILTER_LINE = ("{{ inet:127.0.0.1:{port}, connect_timeout=2s, command_timeout=5s, "
               "content_timeout=10s, default_action=accept }}")

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
          "incoming", "saved", "trace")

MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Start with start(); everything is inside the place's folder.

    milter: the port of a milter on 127.0.0.1, or None.
    relay: {domain: (host, port)}, by the smtp transport, without DNS.
    mailboxes: a folder for the mail of "home" domains, delivered by
    virtual(8) into maildirs: DOMAIN/LOCAL/ for the local parts in "users",
    DOMAIN/all/ for every other.
    settings: more lines of main.cf, over those here.
    """

    def __init__(self, place, name="postfix", milter=None, relay=None,
                 home=("home.example",), users=("user",), mailboxes=None,
                 settings=None, master_extra=""):
        self.place, self.name = place, name
        self.port = free_port()
        self.home, self.users = tuple(home), tuple(users)
        base = place.folder(name)
        self.config = os.path.join(base, "etc")
        self.queue = os.path.join(base, "spool")
        self.data = os.path.join(base, "data")
        self.log_path = os.path.join(base, "log", "mail.log")
        self.owner = pwd.getpwnam("postfix")
        self.mailboxes = mailboxes or place.folder(
            name + "/mail", owner=(self.owner.pw_uid, self.owner.pw_gid))
        self._make_folders()
        self.parameters = self._parameters(milter, relay or {}, settings or {})
        self._write(master_extra)
        # What marks the whole of this Postfix in a list of processes.
        self.process = Process(
            place, name, [self._program("master"), "-c", self.config, "-d"],
            env={"MAIL_CONFIG": self.config, "MAIL_LOGTAG": "postfix"},
            # master closes each descriptor up to its limit, one by one.
            files=4096)

    @staticmethod
    def _program(name):
        return os.path.join("/usr/lib/postfix/sbin", name)

    def _make_folders(self):
        uid, gid = self.owner.pw_uid, self.owner.pw_gid
        postdrop = grp.getgrnam("postdrop").gr_gid
        for path in (self.config, self.queue, os.path.dirname(self.log_path),
                     os.path.join(self.queue, "pid")):
            os.makedirs(path, exist_ok=True)
        for path, mode, owner in (
                [(os.path.join(self.queue, q), 0o700, (uid, 0)) for q in QUEUES] +
                [(os.path.join(self.queue, "private"), 0o700, (uid, 0)),
                 (os.path.join(self.queue, "maildrop"), 0o1730, (uid, postdrop)),
                 (os.path.join(self.queue, "public"), 0o2710, (uid, postdrop)),
                 (self.data, 0o700, (uid, gid))]):
            os.makedirs(path, exist_ok=True)
            os.chown(path, *owner)
            os.chmod(path, mode)
        # As Debian's syslog makes it: readable for the group adm.
        with open(self.log_path, "w", encoding="utf-8"):
            pass
        os.chown(self.log_path, 0, grp.getgrnam("adm").gr_gid)
        os.chmod(self.log_path, 0o640)

    def _parameters(self, milter, relay, settings):
        uid = self.owner.pw_uid
        home = " ".join(self.home)
        parameters = {
            "compatibility_level": "3.6",
            "queue_directory": self.queue,
            "data_directory": self.data,
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self.place.path,
            "myhostname": "mx.home.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "disable_dns_lookups": "yes",
            "smtp_dns_support_level": "disabled",
            "notify_classes": "",
            "enable_long_queue_ids": "yes",
            "transport_maps": f"texthash:{self.config}/transport",
            "virtual_mailbox_domains": home,
            "virtual_mailbox_base": self.mailboxes,
            "virtual_mailbox_maps": f"texthash:{self.config}/mailboxes",
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{uid}",
            "virtual_gid_maps": f"static:{self.owner.pw_gid}",
            "virtual_mailbox_limit": "0",
            # The other end of every session is played by the tests.
            "smtpd_authorized_xclient_hosts": "127.0.0.1",
            "relay_domains": " ".join(relay),
            "relay_recipient_maps": "",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_event_limit_exceptions": "static:all",
            "smtpd_error_sleep_time": "0",
            "smtpd_peername_lookup": "no",
            "queue_run_delay": "2s",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "4s",
            "maximal_queue_lifetime": "1h",
            "bounce_queue_lifetime": "1h",
            # Quiet logs and quick ends.
            "smtp_connect_timeout": "5s",
            "message_size_limit": "4000000",
            "max_idle": "10s",
            "smtpd_tls_security_level": "none",
            "smtp_tls_security_level": "none",
        }
        if milter:
            parameters["smtpd_milters"] = MILTER_LINE.format(port=milter)
        self.relay = dict(relay)
        parameters.update(settings)
        return parameters

    def _write(self, master_extra):
        put = self._put
        self._put_main()
        put("master.cf", MASTER.format(smtp=self.port) + master_extra)
        put("transport", "".join(f"{d} smtp:[{h}]:{p}\n"
                                 for d, (h, p) in self.relay.items()))
        put("mailboxes", "".join(
            [f"{u}@{d} {d}/{u}/\n" for d in self.home for u in self.users] +
            [f"@{d} {d}/all/\n" for d in self.home]))

    def _put(self, name, text):
        path = os.path.join(self.config, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        # Postfix waits for a file that was written just now to get older.
        then = time.time() - 60
        os.utime(path, (then, then))

    def _put_main(self):
        self._put("main.cf", "".join(f"{k} = {v}\n"
                                     for k, v in self.parameters.items()))

    # -- running it

    def start(self, seconds=20):
        self.process.start()

        def up():
            assert self.process.running() and "fatal:" not in self.log(), (
                f"Postfix does not start: {self.process.output()} {self.log()}")
            return is_listening(self.port)
        until(up, seconds, f"Postfix answers on port {self.port}")
        return self

    def stop(self):
        """Ends it all and says what of it was left (nothing)."""
        self.process.stop(15)
        until(lambda: not self.process.leftovers(), 10, "Postfix's processes end")

    def running(self):
        return self.process.running()

    def reload(self, **settings):
        """Change main.cf and have it read (as "postfix reload")."""
        self.parameters.update(settings)
        self._put_main()
        self.process.signal(signal.SIGHUP)

    def command(self, name, *args, check=True, seconds=60, input=None):
        """postqueue, postsuper, postconf ... on this instance."""
        return run(["/usr/sbin/" + name, "-c", self.config, *args],
                   seconds=seconds, check=check, input=input)

    # -- looking at it

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=10):
        """The first match of a regular expression in the log."""
        return until(lambda: re.search(pattern, self.log()), seconds,
                     f"/{pattern}/ in {self.log_path}")

    def count(self, *queues):
        """Messages in the named queues, from the files (all, if none named)."""
        total = 0
        for queue in queues or ("maildrop", "incoming", "active", "deferred", "hold"):
            for _, _, files in os.walk(os.path.join(self.queue, queue)):
                total += len(files)
        return total

    def flush(self):
        self.command("postqueue", "-f")

    def mail_in(self, domain="home.example", local="user"):
        """The messages in a mailbox, as bytes."""
        folder = os.path.join(self.mailboxes, domain, local, "new")
        found = []
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as f:
                    found.append(f.read())
        return found
