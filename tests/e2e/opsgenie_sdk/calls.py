#!/usr/bin/env python3
"""Uses OpsGenie's own Python SDK as its users do, against a server that should behave like OpsGenie. Needs opsgenie-sdk.

    python3 calls.py --url http://127.0.0.1:8089 --key UUID --wrong-key UUID

Prints one line for each thing that is not as expected. Exit code 0 if everything is.
"""

import argparse
import datetime
import sys
import time

import opsgenie_sdk
from opsgenie_sdk.exceptions import OpenApiException

ALIAS = "checkout/latency 100% é"  # goes into paths
PROBLEMS = []


def expect(what, got, wanted):
    if got != wanted:
        PROBLEMS.append(f"{what}: wanted {wanted!r}, got {got!r}")


def client(url, key):
    configuration = opsgenie_sdk.configuration.Configuration()
    configuration.host = url
    configuration.api_key = {"Authorization": key}  # the dictionary it comes with is that of all configurations
    configuration.retry_enabled = False
    return opsgenie_sdk.api_client.ApiClient(configuration=configuration)


def status_of(call, *arguments, **named):
    """The HTTP status of a call that fails; 0 if it does not."""
    try:
        call(*arguments, **named)
        return 0
    except OpenApiException as error:
        return getattr(error, "status", repr(error))


class Account:
    def __init__(self, api_client):
        self.alerts = opsgenie_sdk.AlertApi(api_client=api_client)
        self.heartbeats = opsgenie_sdk.HeartbeatApi(api_client=api_client)
        self.account = opsgenie_sdk.AccountApi(api_client=api_client)

    def outcome(self, accepted, seconds=10.0):
        """What became of an accepted request: asked until it is processed."""
        expect("result", accepted.result, "Request will be processed")
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.alerts.get_request_status(request_id=accepted.request_id).data
            except OpenApiException as error:
                if getattr(error, "status", None) != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def do(self, what, accepted, success=True):
        outcome = self.outcome(accepted)
        expect(f"{what} succeeded", outcome.is_success, success)
        return outcome

    def get(self):
        return self.alerts.get_alert(identifier=ALIAS, identifier_type="alias").data


def open_alert(account):
    payload = opsgenie_sdk.CreateAlertPayload(
        message="Checkout is slow", alias=ALIAS, description="Look at the database.", priority="P2",
        source="sdk", entity="checkout", tags=["prod", "eu"], details={"host": "h1"},
        responders=[{"name": "payments", "type": "team"}])
    outcome = account.do("create", account.alerts.create_alert(payload))
    expect("create status", outcome.status, "Created alert")
    expect("create action", outcome.action, "Create")
    expect("create alias", outcome.alias, ALIAS)
    alert = account.get()
    expect("id", alert.id, outcome.alert_id)
    expect("message", alert.message, "Checkout is slow")
    expect("status", alert.status, "open")
    expect("priority", alert.priority, "P2")
    expect("tags", sorted(alert.tags), ["eu", "prod"])
    expect("details", alert.details, {"host": "h1"})
    expect("count", alert.count, 1)
    expect("created at is a time", isinstance(alert.created_at, datetime.datetime), True)
    account.do("create again", account.alerts.create_alert(payload))
    expect("count after a repeat", account.get().count, 2)
    return alert.id


def change_alert(account, alert_id):
    alerts = account.alerts
    by_alias = {"identifier": ALIAS, "identifier_type": "alias"}
    account.do("priority", alerts.update_alert_priority(
        update_alert_priority_payload=opsgenie_sdk.UpdateAlertPriorityPayload(priority="P1"), **by_alias))
    account.do("message", alerts.update_alert_message(
        update_alert_message_payload=opsgenie_sdk.UpdateAlertMessagePayload(message="Down"), **by_alias))
    account.do("tags", alerts.add_tags(
        add_tags_to_alert_payload=opsgenie_sdk.AddTagsToAlertPayload(tags=["worse"]), **by_alias))
    account.do("remove tags", alerts.remove_tags(tags=["eu"], **by_alias))
    account.do("details", alerts.add_details(
        add_details_to_alert_payload=opsgenie_sdk.AddDetailsToAlertPayload(details={"k": "v"}), **by_alias))
    alert = account.get()
    expect("priority", alert.priority, "P1")
    expect("message", alert.message, "Down")
    expect("tags", sorted(alert.tags), ["prod", "worse"])
    expect("details", alert.details, {"host": "h1", "k": "v"})
    expect("get by id", alerts.get_alert(identifier=alert_id).data.alias, ALIAS)


def work_on_alert(account):
    alerts = account.alerts
    by_alias = {"identifier": ALIAS, "identifier_type": "alias"}
    account.do("acknowledge", alerts.acknowledge_alert(
        acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(user="ann", note="mine"), **by_alias))
    account.do("note", alerts.add_note(
        add_note_to_alert_payload=opsgenie_sdk.AddNoteToAlertPayload(note="looking", user="ann"), **by_alias))
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    account.do("snooze", alerts.snooze_alert(
        snooze_alert_payload=opsgenie_sdk.SnoozeAlertPayload(end_time=end), **by_alias))
    account.do("assign", alerts.assign_alert(
        assign_alert_payload=opsgenie_sdk.AssignAlertPayload(owner={"username": "ann@example.com"}), **by_alias))
    alert = account.get()
    expect("acknowledged", alert.acknowledged, True)
    expect("still open", alert.status, "open")
    expect("snoozed", alert.snoozed, True)
    expect("owner", alert.owner, "ann@example.com")
    expect("acknowledged by", alert.report.acknowledged_by, "ann")
    notes = alerts.list_notes(order="asc", **by_alias).data
    expect("notes", [(note.note, note.owner) for note in notes], [("mine", "ann"), ("looking", "ann")])
    logs = alerts.list_logs(order="asc", **by_alias).data
    expect("first log line", logs[0].type, "Create")
    expect("recipients", alerts.list_recipients(**by_alias).data, [])
    account.do("unacknowledge", alerts.un_acknowledge_alert(**by_alias))
    expect("unacknowledged", account.get().acknowledged, False)


def search(account):
    def found(query):
        return [alert.alias for alert in account.alerts.list_alerts(query=query, limit=10, sort="createdAt").data]
    expect("list", found('status: open AND source: "sdk"'), [ALIAS])
    expect("list of none", found("status: closed"), [])
    expect("count", account.alerts.count_alerts(query="tag: worse").data.count, 1)
    expect("too far", status_of(account.alerts.list_alerts, offset=19_950, limit=100), 422)
    expect("a query with an unknown field", status_of(account.alerts.list_alerts, query="colour: red"), 422)


def close_alert(account):
    by_alias = {"identifier": ALIAS, "identifier_type": "alias"}
    account.do("close", account.alerts.close_alert(
        close_alert_payload=opsgenie_sdk.CloseAlertPayload(source="sdk"), **by_alias))
    expect("closed", account.get().status, "closed")
    again = account.do("close again", account.alerts.close_alert(**by_alias), success=False)
    expect("close again", again.status, "Alert does not exist")


def heartbeats(account):
    created = account.heartbeats.create_heartbeat(opsgenie_sdk.CreateHeartbeatPayload(
        name="tocsin", interval=10, interval_unit="minutes", enabled=True))
    expect("heartbeat", created.data.name, "tocsin")
    pong = account.heartbeats.ping(name="tocsin")
    expect("ping", pong.result, "PONG - Heartbeat received")
    heartbeat = account.heartbeats.get_heartbeat("tocsin").data
    expect("heartbeat is enabled", heartbeat.enabled, True)
    expect("listed", [one.name for one in account.heartbeats.list_heart_beats().data.heartbeats], ["tocsin"])
    expect("no such heartbeat", status_of(account.heartbeats.get_heartbeat, "none"), 404)


def refusals(account, wrong):
    refused = opsgenie_sdk.CreateAlertPayload(message="x" * 131)
    expect("a message too long", status_of(account.alerts.create_alert, refused), 422)
    expect("a wrong key", status_of(wrong.alerts.list_alerts), 401)
    expect("no such alert", status_of(account.alerts.get_alert, identifier="none"), 404)
    expect("account", bool(account.account.get_info().data.name), True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--wrong-key", required=True)
    arguments = parser.parse_args()
    account = Account(client(arguments.url, arguments.key))
    alert_id = open_alert(account)
    change_alert(account, alert_id)
    work_on_alert(account)
    search(account)
    close_alert(account)
    heartbeats(account)
    refusals(account, Account(client(arguments.url, arguments.wrong_key)))
    for problem in PROBLEMS:
        print(problem)
    print("failed" if PROBLEMS else "passed: the SDK and the server agree")
    return 1 if PROBLEMS else 0


if __name__ == "__main__":
    sys.exit(main())
