"""What the last deployment left on the embedded AWS: where that is still there, `up` has nothing to deploy."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.assembly.inputs import digest
from fanout.assembly.kept import RECORD, read_object
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.state import State, write_private

FILE = "deployed.json"
"""Of the run's folder. It is gone while a deployment is under way, so one that was stopped is made again."""


def is_deployed(connection: Connection, state: State, receiver: str, *, imported: bool = False) -> bool:
    """Whether the assembly's stacks are there as the last deployment of just this assembly left them.

    `receiver` is the address that stacks were given for webhooks; `imported` asks as well whether each handler could be
    imported then. An emulator that was started again has no stack.
    """
    kept = read_object(state.folder / FILE)
    if not kept or (imported and kept.get("imported") is not True):
        return False
    return {**kept, "imported": False} == _now(connection, state, receiver)


def forget(state: State) -> None:
    (state.folder / FILE).unlink(missing_ok=True)


def remember(connection: Connection, state: State, receiver: str) -> None:
    """After a deployment that succeeded. One that the CDK CLI has synthesized by itself is made again each time."""
    if now := _now(connection, state, receiver):
        write_private(state.folder / FILE, json.dumps(now))


def remember_imported(state: State) -> None:
    if kept := read_object(state.folder / FILE):
        write_private(state.folder / FILE, json.dumps({**kept, "imported": True}))


def _now(connection: Connection, state: State, receiver: str) -> dict[str, Any] | None:
    names = sorted(path.name.removesuffix(".template.json") for path in state.assembly.glob("*.template.json"))
    if not names or not (state.assembly / RECORD).is_file():
        return None
    try:
        found = connection.session.client("cloudformation").describe_stacks()["Stacks"]
    except (BotoCoreError, ClientError):
        return None
    stacks = {
        each["StackName"]: [
            each["StackId"],
            each["StackStatus"],
            str(each.get("LastUpdatedTime", each["CreationTime"])),
        ]
        for each in found
    }
    if not all(name in stacks for name in names):
        return None
    return {
        "assembly": digest(state.assembly, but=RECORD),
        "receiver": receiver,
        "stacks": {name: stacks[name] for name in names},
        "imported": False,
    }
