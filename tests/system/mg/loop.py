"""The whole loop: Postfix with greymilter, queuewatch beside it, statusd."""

from . import page, smtp
from .daemons import Bare, Greymilter, Queuewatch, Statusd
from .postfix import Postfix
from .sink import Sink
from .smallfs import SmallFs
from .wait import until

SYSTEM = "NC036"
JAM = "jam.example"  # its only server is the sink


class Loop:
    """Made in the order of their needs; start() starts what is not yet up.

    disk_size: bytes of a small file system that holds the mail; 0: none.
    """

    def __init__(self, place, disk_size=0, delay="3s", statusd=None, queuewatch=None,
                 greymilter=None, postfix=None):
        self.place = place
        self.sink = Sink(place)
        self.statusd = Statusd(place, systems={
            SYSTEM: {"role": "Mail server", "city": "Amsterdam", "country": "NL"},
            "NC042": {"role": "Status website", "city": "Seattle", "country": "US"},
        }, **(statusd or {}))
        self.greymilter = Greymilter(place, delay=Bare(delay), **(greymilter or {}))
        settings = {"message_size_limit": "1000000", **(postfix or {})}
        self.postfix = Postfix(place, milter=self.greymilter.port,
                               relay={JAM: ("127.0.0.1", self.sink.port)},
                               settings=settings)
        self.disk = None
        if disk_size:
            owner = self.postfix.owner
            # Over the folder that Postfix delivers into.
            self.disk = SmallFs(place, "postfix/mail", disk_size,
                                owner=(owner.pw_uid, owner.pw_gid))
            # Postfix ends before the disk is unmounted.
            place.on_close(self.postfix.process.stop_quietly)
        self.queuewatch = None
        self._queuewatch_options = self._thresholds(queuewatch or {})

    def _thresholds(self, changes):
        options = {
            "queue": {"warning": 20, "critical": 40, "oldest_warning": Bare("30min"),
                      "oldest_critical": Bare("2h")},
            "hold_samples": 2,
            "clear_samples": 3,
        }
        # Named, so that the fill of the machine's own disks plays no part.
        disk = {"warning": Bare("60%"), "critical": Bare("90%")}
        if self.disk:
            options[("disk", self.disk.path)] = disk
        else:
            options[("disk", self.place.path)] = {"warning": Bare("99%"),
                                                  "critical": Bare("100%")}
        options.update(changes)
        return options

    def start(self):
        self.statusd.start()
        return self.start_mail()

    def start_mail(self):
        self.greymilter.start()
        self.postfix.start()
        self.queuewatch = Queuewatch(self.place, self.postfix, self.statusd,
                                     system=SYSTEM,
                                     sections=self._queuewatch_options)
        self.queuewatch.start()
        return self

    # -- what is seen

    def incidents(self):
        return self.statusd.incidents()

    def page(self, path="/"):
        return self.statusd.get(path)

    def seen(self, *words):
        """The first line of the front page that holds the words, or None."""
        return page.find(self.page(), *words)

    def wait_page(self, *words, seconds=20):
        return until(lambda: self.seen(*words), seconds, f"{words} on the page", 0.1)

    def jam(self, count=60):
        """A destination answers 4xx, and mail for it piles up."""
        self.sink.refuse()
        smtp.burst(self.postfix.port, count, "office@home.example",
                   "customer{i}@" + JAM)
        until(lambda: self.postfix.count("deferred") >= count, 30,
              "the mail is deferred")

    def mail_megabytes(self, count, size=800_000):
        """Real mail into the mailbox, by customers of ours."""
        smtp.burst(self.postfix.port, count, "office@home.example",
                   "user@home.example", body=smtp.message("pictures", size))
