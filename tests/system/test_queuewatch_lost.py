"""I3, March 2025: mail of a big sender that was deferred and never came back
is seen before anyone asks for it."""

import os
import signal

from mg.daemons import Bare, Greymilter, Queuewatch, Statusd
from mg.greydb import add_envelope
from mg.wait import stays, until

DAY = 86400


def test_lost_mail_of_one_domain_is_told_and_made_good(place):
    milter = Greymilter(place).start()
    milter.greywl("add", "friend.example")  # the store is there
    for i in range(3):
        add_envelope(milter.store, f"a{i}@icloud.com", "user@home.example", "17.58.6.1",
                     2.5 * DAY)
    add_envelope(milter.store, "b@one.example", "user@home.example", "192.0.2.1", 3 * DAY)
    add_envelope(milter.store, "c@spam.example", "user@home.example", "192.0.2.2", 3 * DAY,
                 kinds=("net",))  # proven by nothing
    add_envelope(milter.store, "d@late.example", "user@home.example", "192.0.2.3", DAY)
    statusd = Statusd(place).start()
    daemon = Queuewatch(place, None, statusd, greylist_store="sqlite:" + milter.store,
                        sections={("disk", place.path): {"warning": Bare("99%"),
                                                         "critical": Bare("100%")}}).start()
    f = until(lambda: daemon.finding("lost"), 10)
    assert f["level"] == "warning" and f["value"] == 4, f
    assert "the most of icloud.com: 3" in f["summary"]
    assert f["evidence"]["causes"][0]["name"] == "icloud.com"
    assert f["evidence"]["domains"] == 2 and "user@" not in str(f)
    until(lambda: "degraded" in statusd.get("/"), 10, "the row on the page")

    milter.greywl("add", "--from-lost", "icloud.com")
    daemon.signal(signal.SIGUSR1)  # else at its next look
    f = until(lambda: (g := daemon.finding("lost")) and g["level"] == "ok" and g, 10)
    assert f["value"] == 1

    # The store goes away: unknown, not well; and without one there is nothing.
    add_envelope(milter.store, "e@one.example", "user@home.example", "192.0.2.1", 3 * DAY)
    add_envelope(milter.store, "f@one.example", "user@home.example", "192.0.2.1", 6 * DAY)
    daemon.signal(signal.SIGUSR1)
    until(lambda: daemon.finding("lost")["value"] == 3, 10)
    milter.stop()
    place.write("greymilter-data/other.db", "this is no database\n" * 100)
    daemon.configure(greylist_store=f"sqlite:{place.path}/greymilter-data/other.db")
    daemon.signal(signal.SIGUSR1)
    until(lambda: "cannot be read" in daemon.finding("lost")["summary"], 10)
    assert daemon.finding("lost")["level"] == "unknown"
    daemon.configure(greylist_store=f"sqlite:{place.path}/greymilter-data/none.db")
    daemon.signal(signal.SIGUSR1)
    until(lambda: daemon.finding("lost") is None, 10)


def test_reading_the_store_leaves_it_as_it_is(place):
    """Also with the milter away: no file of root's appears beside the store."""

    milter = Greymilter(place).start()
    milter.greywl("add", "friend.example")  # the store is there
    add_envelope(milter.store, "a@one.example", "user@home.example", "192.0.2.1", 3 * DAY)
    milter.stop()
    folder = os.path.dirname(milter.store)
    before = {n: os.stat(os.path.join(folder, n)).st_uid for n in os.listdir(folder)}
    daemon = Queuewatch(place, None, greylist_store="sqlite:" + milter.store,
                        sections={("disk", place.path): {"warning": Bare("99%"),
                                                         "critical": Bare("100%")}}).start()
    until(lambda: daemon.finding("lost"), 10)
    daemon.stop()
    after = {n: os.stat(os.path.join(folder, n)).st_uid for n in os.listdir(folder)}
    assert all(uid == 65534 for uid in after.values()), (before, after)
    milter.start()
    stays(milter.running, 0.3)
