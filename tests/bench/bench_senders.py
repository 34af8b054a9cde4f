"""Senders as they are: no speed, but what is lost and how long mail waits."""

import subprocess

from bench_common import section, tool


def run_section():
    found = section("senders: 60 days of mail, the first 14 not counted")
    # It fails where legitimate mail is lost.
    found.wrong += subprocess.run([tool("senders")], check=False).returncode != 0
    return found.end()
