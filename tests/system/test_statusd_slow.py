"""Those who send a byte now and then are shed; readers do not notice them."""

import socket
import threading
import time

import pytest

from mg.daemons import Statusd

TRICKLERS = 500


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


def test_a_page_beside_500_tricklers(statusd):
    stop = threading.Event()
    socks = [socket.create_connection(("127.0.0.1", statusd.port), 5)
             for _ in range(TRICKLERS)]

    def trickle():
        for s in socks:
            s.setblocking(False)
        text, at = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"y" * 10000, 0
        while not stop.is_set():
            for s in socks:
                try:
                    s.send(text[at:at + 1])
                except OSError:
                    pass
            at += 1
            stop.wait(0.2)

    thread = threading.Thread(target=trickle)
    thread.start()
    took = []
    try:
        end = time.monotonic() + 4
        while time.monotonic() < end:
            began = time.monotonic()
            assert statusd.fetch("/")[0] == 200
            took.append(time.monotonic() - began)
    finally:
        stop.set()
        thread.join()
        for s in socks:
            s.close()
    took.sort()
    assert len(took) > 50
    assert took[int(len(took) * 0.99)] < 0.5
