"""The API as clients of the Statuspage service read it."""

import json
import os
import pathlib
import subprocess

CLIENTS = pathlib.Path(__file__).with_name("clients.js")


def test_clients_of_the_service_read_the_api(story, modules):
    done = subprocess.run(["node", CLIENTS, story.statusd.url], timeout=30, check=False,
                          capture_output=True, text=True,
                          env={**os.environ, "NODE_PATH": str(modules)})
    assert done.returncode == 0, done.stderr
    # One of them makes a time of the day that a component began.
    seen = json.loads(done.stdout.replace("T00:00:00.000Z", ""))
    first, second = seen["first"], seen["second"]
    assert first["dates"]
    assert seen["watched"]
    assert first["summary"] == second["summary"]
    assert first["status"] == second["status"]
    assert first["components"] == second["components"]
    assert first["allIncidents"] == second["all"]
    assert first["unresolvedIncidents"] == second["unresolved"]
    assert first["allScheduledMaintenances"] == second["maintenances"]
    assert first["upcomingScheduledMaintenances"] == second["upcoming"]
    assert first["activeScheduledMaintenances"]["scheduled_maintenances"] == []
    assert len(second["upcoming"]["scheduled_maintenances"]) == 1
    names = [c["name"] for c in second["components"]["components"]]
    assert names == ["NC036", "NC037", "NC038", "NC039", "NC040", "NC041", "NC042"]
    titles = {i["name"]: i["status"] for i in second["all"]["incidents"]}
    assert titles["NC038: Web sites cannot be reached"] == "resolved"
    assert "NC039: New name servers" not in titles
    unresolved = {i["name"] for i in second["unresolved"]["incidents"]}
    assert "NC037: Mail to one bank bounces" in unresolved
    assert "NC038: Web sites cannot be reached" not in unresolved
