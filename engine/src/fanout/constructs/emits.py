"""What a task may publish because of an event: the topic by type, and what the schema says of it, as its functions read it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fanout import names
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.event_types import check_named, schemas_of
from fanout.constructs.kinds import check_kind
from fanout.constructs.topic import AnyTopic, ExistingTopic, Topic

Emits = Mapping[str, AnyTopic]


def check_emits(owner: str, app_root: Path, emits: Emits) -> None:
    """Raises ConfigurationError, in one line that starts with `owner`."""
    check_kind(owner, "emits", emits, Mapping)
    check_named(owner, "emits", tuple(emits), schemas_of(app_root))
    for type_, topic in emits.items():
        if not isinstance(topic, Topic | ExistingTopic):
            raise ConfigurationError(
                f"{owner}: emits[{type_!r}] is a {type(topic).__name__}: give a fanout Topic, or Topic.from_arn(...)"
            )
        if topic.types is not None and type_ not in topic.types:
            raise ConfigurationError(
                f"{owner}: emits has {type_}, and its topic carries {', '.join(sorted(topic.types))}: add it to the types"
                " of the topic, or name another"
            )


def variables(app_root: Path, emits: Emits) -> dict[str, str]:
    """Two for each type: the topic's ARN, and what publishers know from the schema and the topic."""
    schemas = schemas_of(app_root)
    made = {}
    for type_, topic in emits.items():
        name = re.sub("[.-]", "_", type_).upper()
        made[f"{names.EMITS}{name}"] = topic.topic.topic_arn
        made[f"{names.EMITTED}{name}"] = json.dumps(_about(type_, schemas[type_], topic), separators=(",", ":"))
    return made


def _about(type_: str, schema: dict[str, Any], topic: AnyTopic) -> dict[str, Any]:
    from fanout.contracts.contract import Contract  # by an app with chains, and by no other

    contract = Contract(schema)
    about: dict[str, Any] = {"type": type_, "attributes": contract.attributes}
    if topic.fair_by and (path := contract.path_of(topic.fair_by)):
        about["fair_by"] = path
    if topic.max_bytes:
        about["max_bytes"] = topic.max_bytes
    return about
