"""What has to hold after any number of kills."""

import os
import time

from script import FLAPPING, PAGE_SECONDS_MAX, SERIES, STEADY
from victim import await_, get


def firing(victim):
    return {(alert["labels"]["alertname"], int(alert["labels"]["series"])) for alert in victim.alerts()
            if alert["state"] == "firing"}


def agreement(victim, receiver, expected):
    """Waits until the service's firing alerts and the receiver's open ones are the expected ones."""
    try:
        await_("agreement", lambda: firing(victim) == receiver.open_pages() == expected,
               PAGE_SECONDS_MAX)
    except AssertionError:
        raise AssertionError(f"expected {sorted(expected)}\nfiring   {sorted(firing(victim))}\n"
                             f"open     {sorted(receiver.open_pages())}\n{receiver.history()}") from None


def recorded(victim, series, since_ms):
    span = int(time.time() - since_ms / 1000) + 5
    result = victim.query(f'kill_value{{series="{series}"}}[{span}s]')
    return {round(float(at) * 1000): float(value) for at, value in result[0]["values"]} if result else {}


def samples(victim, sent):
    """Every acknowledged sample is there, with its value, and nothing else."""
    total = 0
    for series in range(SERIES):
        wanted = sent[series]
        found = recorded(victim, series, min(wanted))
        if found != wanted:
            missing = sorted(set(wanted) - set(found))
            wrong = [at for at in wanted if at in found and found[at] != wanted[at]]
            raise AssertionError(
                f"series {series}: of {len(wanted)} acknowledged samples {len(missing)} are missing (first {missing[:3]}, "
                f"last {missing[-3:]}), {len(wrong)} have another value, {len(set(found) - set(wanted))} are unknown; "
                f"all: {min(wanted)}..{max(wanted)}")
        total += len(wanted)
    return total


def pages(script, receiver):
    """An alert for each episode of a steady series, at most one for each of a flapping one."""
    if script.failure:
        raise AssertionError(f"{script.failure}\n{receiver.history()}")
    for page in STEADY:
        opened = receiver.opened[page]
        if opened != script.episodes[page]:
            raise AssertionError(f"{page}: {script.episodes[page]} episodes, {opened} alerts\n{receiver.history(400)}")
    for page in FLAPPING:
        if receiver.opened[page] > script.episodes[page]:
            raise AssertionError(f"{page}: {script.episodes[page]} episodes, {receiver.opened[page]} alerts")
    premature = receiver.premature_closes()
    assert not premature, premature[:3]
    refused = receiver.refusals()
    assert not refused, refused[:3]


def state(victim, load):
    """What there is to know about the service when something is not as it should be."""
    lines = [f"service: exit code {victim.process.poll()}, load: exit code {load.process.poll()}, "
             f"last sample {time.time() - os.path.getmtime(load.record):.1f} s ago"]
    for path in ("/-/ready", "/api/v1/alerts", "/metrics"):
        try:
            text = get(victim.admin + path)
        except (OSError, ValueError) as error:
            text = str(error)
        wanted = ("tocsin_commit", "tocsin_outbox", "tocsin_pages", "tocsin_ingest", "tocsin_evaluation_lag", "tocsin_upkeep")
        lines += [line for line in text.splitlines() if path != "/metrics" or line.startswith(wanted)]
    return "\n".join(lines + ["the end of its log:", victim.log()[-6000:]])


def everything(victim, receiver, load, script):
    """With the service up: settles, compares, finishes. Returns a summary for people."""
    try:
        return settled(victim, receiver, load, script)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{state(victim, load)}") from None


def settled(victim, receiver, load, script):
    assert script.failure is None, f"{script.failure}\n{receiver.history()}"
    high = set(STEADY[::2] + FLAPPING[::2])
    script.settle(high)
    agreement(victim, receiver, high)
    for page in high:
        script.turn(page, 0)
    agreement(victim, receiver, set())
    count = samples(victim, load.finish())
    pages(script, receiver)
    steady = sum(script.episodes[page] for page in STEADY)
    flapping = sum(receiver.opened[page] for page in FLAPPING)
    return f"{count} acknowledged samples, {steady} steady episodes, {flapping} pages of flapping ones"
