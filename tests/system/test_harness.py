"""The parts that the other tests rest on."""

import os

from mg import smtp
from mg.place import Place
from mg.postfix import Postfix
from mg.proc import session_pids
from mg.sink import Sink
from mg.smallfs import SmallFs
from mg.wait import until


def test_postfix_delivers_here_and_there(place, make_postfix, sink):
    postfix = make_postfix(relay={"out.example": ("127.0.0.1", sink.port)})
    for who in ({"address": "192.0.2.1"},
                {"address": "2001:db8::1", "name": "mail.a.example"},
                {"address": "192.0.2.2", "login": "bob"}):
        for recipient in ("user@home.example", "u@out.example"):
            reply = smtp.attempt(postfix.port, "a@a.example", recipient, **who)
            assert reply.startswith("250 2.0.0"), reply
    until(lambda: sink.count == 3 and len(postfix.mail_in()) == 3)
    postfix.wait_log(r"client=mail\.a\.example\[2001:db8::1\]")
    postfix.wait_log(r"sasl_username=bob")
    assert smtp.attempt(postfix.port, "a@a.example", "x@elsewhere.example",
                        address="192.0.2.1").startswith("554")


def test_a_refusing_destination_jams_the_queue(make_postfix, sink):
    postfix = make_postfix(relay={"out.example": ("127.0.0.1", sink.port)})
    sink.refuse()
    smtp.burst(postfix.port, 20, "a@a.example", "u{i}@out.example")
    until(lambda: postfix.count("deferred") == 20)
    sink.accept(5)
    postfix.flush()
    until(lambda: sink.count == 5 and postfix.count() == 15)
    sink.accept()
    postfix.flush()
    until(lambda: sink.count == 20 and postfix.count() == 0)


def test_two_at_once_and_nothing_left():
    with Place() as one, Place() as two:
        first, second = Postfix(one).start(), Postfix(two).start()
        sessions = [first.process.pid, second.process.pid]
        assert first.port != second.port
        for p in (first, second):
            assert smtp.attempt(p.port, "a@a.example", "user@home.example"
                                ).startswith("250")
    assert not any(session_pids(s) for s in sessions)
    assert not os.path.exists(one.path) and not os.path.exists(two.path)


def test_all_is_undone_after_an_exception():
    try:
        with Place() as place:
            postfix = Postfix(place).start()
            fs = SmallFs(place, "small", 8 << 20)
            assert os.path.ismount(fs.path)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert not session_pids(postfix.process.pid)
    assert place.path not in open("/proc/self/mounts", encoding="utf-8").read()
    assert not os.path.exists(place.path)


def test_small_file_system_fills_and_is_freed(place):
    fs = SmallFs(place, "small", 8 << 20)
    assert fs.used() < 0.05
    ballast = fs.fill(0.7)
    assert 0.7 <= fs.used() < 0.75
    fs.fill(1.0)
    assert fs.used() > 0.99
    os.unlink(ballast)
    assert fs.used() < 0.05


def test_sink_ends_with_its_place():
    with Place() as place:
        sink = Sink(place)
    assert sink.count == 0
