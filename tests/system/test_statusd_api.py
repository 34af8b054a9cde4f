"""The Statuspage API: exactly the documented keys, words, order and ids."""

import datetime
import json
import re

import pytest

from mg.daemons import Bare, Statusd
from mg.wait import until

PAGE = {"id", "name", "url", "time_zone", "updated_at"}
COMPONENT = {"id", "name", "status", "created_at", "updated_at", "position", "description",
             "showcase", "start_date", "group_id", "page_id", "group",
             "only_show_if_degraded"}
INCIDENT = {"id", "name", "status", "created_at", "updated_at", "monitoring_at",
            "resolved_at", "impact", "shortlink", "started_at", "page_id",
            "incident_updates", "components"}
UPDATE = {"id", "status", "body", "incident_id", "created_at", "updated_at", "display_at",
          "affected_components", "deliver_notifications", "custom_tweet", "tweet_id"}
AFFECTED = {"code", "name", "old_status", "new_status"}
FILES = {
    "summary": {"page", "components", "incidents", "scheduled_maintenances", "status"},
    "status": {"page", "status"},
    "components": {"page", "components"},
    "incidents": {"page", "incidents"},
    "incidents/unresolved": {"page", "incidents"},
    "scheduled-maintenances": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/upcoming": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/active": {"page", "scheduled_maintenances"},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z")
IMPACTS = {"none", "minor", "major", "critical"}
STATES = {"operational", "degraded_performance", "partial_outage", "major_outage",
          "under_maintenance"}


@pytest.fixture
def statusd(place):
    return Statusd(place, systems={
        "NC036": {"role": "Mail server", "city": "Amsterdam", "country": "NL"},
        "NC037": {"role": "Relay"},
        "NC043": {"role": "Backup", "visibility": Bare("internal")}}).start()


def rfc3339(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ask(statusd, name):
    status, headers, body = statusd.fetch(f"/api/v2/{name}.json")
    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "NC043" not in body.decode()
    found = json.loads(body)
    assert set(found) == FILES[name]
    assert set(found["page"]) == PAGE
    return found


def check_ids(value):
    """No text that a client could take for a date, but dates."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("id", "page_id", "code", "incident_id", "group_id") and inner:
                assert isinstance(inner, str)
                assert not re.search(r"\d{4}", inner)
            elif key.endswith("_at") and inner is not None:
                assert TIME.fullmatch(inner), (key, inner)
            check_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            check_ids(inner)


def check_thread(statusd, thread, keys, words):
    assert set(thread) == keys
    assert thread["status"] in words
    assert thread["shortlink"].startswith(statusd.url + "/")
    assert statusd.fetch(thread["shortlink"][len(statusd.url):])[0] == 200
    ats = [u["created_at"] for u in thread["incident_updates"]]
    assert ats == sorted(ats, reverse=True)
    for update in thread["incident_updates"]:
        assert set(update) == UPDATE
        assert update["incident_id"] == thread["id"]
        assert update["affected_components"]
        for affected in update["affected_components"]:
            assert set(affected) == AFFECTED
            assert {affected["old_status"], affected["new_status"]} <= STATES
    for component in thread["components"]:
        assert set(component) == COMPONENT


def test_a_page_of_nothing(statusd):
    for name in FILES:
        check_ids(ask(statusd, name))
    assert ask(statusd, "status")["status"] == {
        "indicator": "minor", "description": "Partially Degraded Service"}
    components = ask(statusd, "components")["components"]
    assert [c["name"] for c in components] == ["NC036", "NC037"]
    assert [c["position"] for c in components] == [1, 2]
    assert "not known" in components[0]["description"]


def test_incidents_and_maintenance(statusd):
    ctl = statusd.ctl
    ctl("open", "--system", "NC036", "--title", "Old one", input="It began.")
    old = str(statusd.incidents()[0]["id"])
    ctl("resolve", old, input="It is over.")
    ctl("open", "--system", "NC036", "--title", "New \"one\"", input="A\n\n<b>&\u2028")
    ctl("post", "--system", "NC036", "--title", "A plain post", input="Hello.")
    ctl("maintenance", "add", "--system", "NC037", "--from", rfc3339(3600), "--until",
        rfc3339(7200), "--title", "Later", input="One hour.")
    until(lambda: len(ask(statusd, "scheduled-maintenances")["scheduled_maintenances"]) == 1,
          5, "the API has it all")
    for name in FILES:
        check_ids(ask(statusd, name))
    incidents = ask(statusd, "incidents")["incidents"]
    assert [i["name"] for i in incidents] == ["NC036: New \"one\"", "NC036: Old one"]
    for i in incidents:
        check_thread(statusd, i, INCIDENT, {"investigating", "identified", "monitoring",
                                            "resolved", "postmortem"})
        assert i["impact"] in IMPACTS
        assert [c["name"] for c in i["components"]] == ["NC036"]
    assert incidents[1]["resolved_at"] is not None
    assert [u["status"] for u in incidents[1]["incident_updates"]] == [
        "resolved", "investigating"]
    assert incidents[0]["resolved_at"] is None
    unresolved = ask(statusd, "incidents/unresolved")["incidents"]
    assert unresolved == [incidents[0]]
    planned = ask(statusd, "scheduled-maintenances/upcoming")["scheduled_maintenances"]
    check_thread(statusd, planned[0], INCIDENT | {"scheduled_for", "scheduled_until"},
                 {"scheduled"})
    assert planned[0]["impact"] == "maintenance"
    assert TIME.fullmatch(planned[0]["scheduled_for"])
    assert TIME.fullmatch(planned[0]["scheduled_until"])
    assert ask(statusd, "scheduled-maintenances/active")["scheduled_maintenances"] == []
    summary = ask(statusd, "summary")
    assert summary["incidents"] == unresolved
    assert summary["scheduled_maintenances"] == planned
    assert summary["status"]["indicator"] in IMPACTS - {"none"}
    assert statusd.fetch("/api/v2/summary.json", "POST", b"{}")[0] == 405
    assert statusd.fetch("/api/v2/")[0] == 404
