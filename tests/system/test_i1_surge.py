"""I1, 20 December 2024: an unusually large load.  The page says so by itself,
says that it falls, and says when it is over."""

import pytest

from mg.loop import JAM, SYSTEM, Loop
from mg.servers import Webhook
from mg.wait import stays, until


@pytest.fixture
def hook():
    with Webhook() as receiver:
        yield receiver


def test_surge_opens_updates_and_resolves_an_incident(place, hook):
    loop = Loop(place, statusd={"alerts": {"hook": {"url": hook.url}}}).start()
    loop.wait_page(SYSTEM, "operational")
    assert loop.incidents() == []

    loop.jam(60)
    first = until(loop.incidents, 20, "an incident is open", 0.1)
    assert len(first) == 1 and first[0]["status"] != "resolved"
    assert first[0]["title"].startswith(SYSTEM + ": ")
    loop.wait_page(first[0]["title"], seconds=5)

    # Half of it leaves: the level falls, and that is an update, numbered 1.
    loop.sink.accept(30)
    loop.postfix.flush()
    until(lambda: loop.postfix.count() <= 30, 20)
    loop.wait_page("Update 1,")

    loop.sink.accept()
    loop.postfix.flush()
    until(lambda: loop.postfix.count() == 0, 20)
    until(lambda: loop.incidents()[0]["status"] == "resolved", 20,
          "the incident is resolved", 0.1)
    loop.wait_page("back to normal", seconds=5)
    loop.wait_page(SYSTEM, "operational", seconds=5)
    assert len(loop.incidents()) == 1, "one cause is one incident"
    stays(lambda: len(loop.incidents()) == 1, 2)

    # The customers' page names no customer and no partner.
    for path in ("/", "/feed/"):
        text = loop.page(path)
        assert JAM not in text and "customer" not in text

    # The operator was told of each change once, and that it is over.
    told = hook.wait(2)
    assert all(SYSTEM in str(m["system"]) for m in told)
    texts = [(m["level"], m["title"]) for m in told]
    assert len(texts) == len(set(texts)), texts
    assert told[-1]["level"] == "ok" or "normal" in told[-1]["title"], told[-1]
