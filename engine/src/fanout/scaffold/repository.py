"""Makes a new team's repository: the files derived from the engine's own app, the events package, and the engine itself."""

import json
from pathlib import Path
from typing import Final

from fanout.contracts.contract import Contract, Contracts
from fanout.contracts.generate import generated
from fanout.scaffold.engine import Engine
from fanout.scaffold.folder import write_new
from fanout.scaffold.naming import Names, TopicArn
from fanout.scaffold.templates import rendered

DEFAULT_EVENT: Final = "order.placed.v1"
_NO_TOPIC: Final = TopicArn("", "", "")


def write_repository(folder: Path, names: Names, engine: Engine, topic: TopicArn | None = None) -> None:
    """Writes all of it into `folder`, or nothing. With `topic` the team only subscribes to it, and publishes nothing."""
    write_new(folder, repository(names, engine, topic))


def repository(names: Names, engine: Engine, topic: TopicArn | None = None) -> dict[str, bytes]:
    """The files by path."""
    values = _values(names, topic or _NO_TOPIC)
    files = {**rendered("common", values), **rendered("subscriber" if topic else "publisher", values)}
    files |= {f"lambdas/events/{name}": text.encode() for name, text in generated(_contracts(files)).items()}
    files["requirements-engine.txt"] = engine.requirements.encode()
    if engine.wheel:
        files[f"vendor/{engine.wheel.name}"] = engine.wheel.content
    return files


def _values(names: Names, topic: TopicArn) -> dict[str, str]:
    return {
        "PRODUCT": names.product,
        "MODULE": names.module,
        "PREFIX": names.prefix,
        "EVENT": names.event,
        "EVENT_CLASS": names.event_class,
        "SCHEMA": names.schema,
        "NOUN": names.noun,
        "NOUN_CLASS": names.noun.capitalize(),
        "VERB": names.verb,
        "TOPIC_ARN": topic.text,
        "TOPIC_REGION": topic.region,
        "ORDERED": str(topic.text.endswith(".fifo")),
    }


def _contracts(files: dict[str, bytes]) -> Contracts:
    schemas = {Path(name): json.loads(text) for name, text in files.items() if name.endswith(".schema.json")}
    contracts = [Contract(schema, path=path) for path, schema in schemas.items()]
    return Contracts({each.type: each for each in contracts})
