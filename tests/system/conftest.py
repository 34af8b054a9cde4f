"""Fixtures of the system tests: a place to work in, and what runs there."""

import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from mg import smallfs  # noqa: E402
from mg.place import Place  # noqa: E402
from mg.postfix import Postfix  # noqa: E402
from mg.sink import Sink  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOUNTS = smallfs.private_mounts()
smallfs.places_in_memory()


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: holds single answers to a bound, and so "
                            "has the machine to itself")
    # So that everything is undone after SIGTERM as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure():
    smallfs.leave_memory()


@pytest.fixture(scope="session")
def root():
    """The source tree."""
    return ROOT


@pytest.fixture(scope="session")
def build():
    """The folder of the built programs."""
    return pathlib.Path(os.environ.get("MG_BUILD", ROOT / "build"))


@pytest.fixture
def place():
    """A folder that is gone, with all that runs in it, when the test ends."""
    with Place() as p:
        yield p


@pytest.fixture
def sink(place):
    """A destination for mail, which can be told to refuse it."""
    return Sink(place)


@pytest.fixture
def make_postfix(place):
    """make_postfix(milter=PORT, relay={...}, ...): a started private Postfix."""
    def make(**how):
        return Postfix(place, **how).start()
    return make
