"""An order's answers are in no log, no metric, no attribute and no record: looked for by a word that all of them hold."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from tests.faults.ledger import Letter
from tests.faults.run import FaultsRun
from tests.faults.workers import folder

SHOWN = 3
LOGS_OF_PROGRAMS = ("emulator", "receiver", "deploy")
"""The emulator's holds what the functions printed, and the traceback of each exception that left one."""


def places(run: FaultsRun, canary: str, letters: Iterable[Letter]) -> list[str]:
    """Where it is and must not be; raises nothing and hides nothing: the first few of each kind."""
    session: Any = run.connection.session
    found = {
        "log group": _log_events(session),
        "metric": _metrics(session),
        "record of completed events": _items(session),
        "attribute of a dead letter": (str(letter.attributes) for letter in letters),
        "worker's log": (line for file in folder(run).glob("*.log") for line in file.open(errors="replace")),
        **{f"{name}.log": _lines(run, name) for name in LOGS_OF_PROGRAMS},
    }
    return [
        f"{kind}: {text[:200]}"
        for kind, texts in found.items()
        for text in islice((text for text in texts if canary in text), SHOWN)
    ]


def _log_events(session: Any) -> Iterable[str]:
    logs = session.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                for event in events["events"]:
                    yield f"{group['logGroupName']} {event['message']}"


def _metrics(session: Any) -> Iterable[str]:
    for page in session.client("cloudwatch").get_paginator("list_metrics").paginate():
        yield from map(str, page["Metrics"])


def _items(session: Any) -> Iterable[str]:
    dynamodb = session.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield from map(str, page["Items"])


def _lines(run: FaultsRun, name: str) -> Iterable[str]:
    with run.state.log(name).open(errors="replace") as file:
        yield from file
