"""Stages what the functions of an intake share: the engine's part, the app's events and what a synth read of its definitions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fanout.contracts import roles
from fanout.contracts.contract import Contract, load
from fanout.errors import ConfigurationError
from fanout.intake.config import FILE as CONFIG_FILE
from fanout.intake.definition import FILE, GOES_TO, LINES
from fanout.packaging.definitions import problems
from fanout.packaging.zip_contents import engine_and_events, staged

ENDING = ".schema.json"
LINE_LENGTH = 200
"""Of what has the role "line" in a contract."""


def intake_zip(app_root: Path, written: dict[str, Any]) -> Path:
    """`written` is what `configuration` says."""
    text = json.dumps(written, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return staged("intake", lambda: [*engine_and_events(app_root, "intake"), (CONFIG_FILE, text)])


def names_of(definitions: Path) -> list[str]:
    return sorted(path.name.removesuffix(ENDING) for path in definitions.glob(f"*{ENDING}"))


def configuration(
    app_root: Path,
    definitions: Path,
    *,
    event_type: str,
    answers: str,
    source: str,
    subject: str | None = None,
    with_files: bool = False,
) -> dict[str, Any]:
    """What the functions read beside their code. Raises ConfigurationError, a line for each fault of a definition."""
    contracts = load(app_root / "contracts")
    if event_type not in contracts.by_type:
        raise ConfigurationError(
            f"intake: no contract describes {event_type!r}: expected one of {', '.join(sorted(contracts.by_type))}"
        )
    contract = contracts[event_type]
    paths = {"group": contract.group, "reference": contract.reference, "answers": f"data.{answers}"}
    for role, path in paths.items():
        if path is None or not path.startswith("data.") or contract.body_schema(path) is None:
            what = (
                f"has no property {answers!r} for the answers"
                if role == "answers"
                else f'gives no property the role "{role}"'
            )
            raise ConfigurationError(f"intake: the contract of {event_type} {what}: say which one it is")
    if subject is not None:
        paths["subject"] = f"data.{subject}"
        if "string" not in ((contract.body_schema(f"data.{subject}") or {}).get("type") or ()):
            raise ConfigurationError(
                f"intake: subject is {subject!r}: expected a text in the data of {event_type}, such as customer.email"
            )
    found = {path.name.removesuffix(ENDING): _schema(path) for path in sorted(definitions.glob(f"*{ENDING}"))}
    faults = [
        f"definition {definitions / name}{ENDING}: {each}"
        for name, schema in found.items()
        for each in (*problems(name, schema), *_misplaced(schema, contract))
    ]
    if not found:
        faults = [f"intake: there is no *{ENDING} in {definitions}: write one for each thing that people fill in"]
    faults += [
        f"definition {definitions / name}{ENDING}: {each} asks for a file: give the intake attachments="
        for name, schema in found.items()
        for each in (() if with_files or faults else _files(schema))
    ]
    if faults:
        raise ConfigurationError("\n".join(faults))
    return {
        "type": event_type,
        "source": source,
        "paths": {role: str(path).removeprefix("data.") for role, path in paths.items()},
        "attributes": contract.attributes,
        "definitions": found,
    }


def _misplaced(schema: Any, contract: Contract) -> Iterator[str]:
    fields = schema.get("properties") if isinstance(schema, dict) else None
    lines = roles.paths(contract.schema, "line")
    for name, each in fields.items() if isinstance(fields, dict) else ():
        path = each.get(GOES_TO) if isinstance(each, Mapping) else None
        if path is None:
            continue
        if not isinstance(path, str) or contract.body_schema(f"data.{path}") is None:
            yield f"{name}: {GOES_TO} is {path!r}: expected a property of the data of {contract.type}"
        elif f"data.{path}" in lines and (each.get(LINES) or not _at_most(each, LINE_LENGTH)):
            yield f'{name}: the contract wants one line of at most {LINE_LENGTH} characters there: say "maxLength"'


def _files(schema: Any) -> list[str]:
    return [name for name, each in schema["properties"].items() if FILE in each]


def _at_most(schema: Mapping[str, Any], length: int) -> bool:
    most = schema.get("maxLength")
    return isinstance(most, int) and most <= length


def _schema(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        why = error.strerror
    except (ValueError, RecursionError) as error:
        why = f"it is no JSON ({type(error).__name__})"
    raise ConfigurationError(f"definition {path}: {why}: correct it")
