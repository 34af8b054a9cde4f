"""Senders as they are: no speed, but what is lost and how long mail waits."""

import os
import pathlib
import subprocess

BUILD = os.environ.get("MG_BUILD") or str(
    pathlib.Path(__file__).resolve().parents[2] / "build")


def run_section():
    print("\n== senders: 60 days of mail, the first 14 not counted", flush=True)
    return subprocess.run([f"{BUILD}/tests/bench/senders"], check=False).returncode == 0
