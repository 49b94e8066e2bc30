"""`fanout logs` on the screen: a structured line as words, any other as it is."""

from typing import Any

from rich.text import Text

from fanout.ops.aws.line import Raw
from fanout.words import printable, printable_lines

_STYLES = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "WARN": "yellow", "ERROR": "red", "CRITICAL": "red bold"}
_NOT_SHOWN = ("level", "message", "timestamp", "task", "traceback", "_aws", "logger", "xray_trace_id")
"""In the head of the line already, or only for machines."""


def render(raw: Raw) -> Text:
    """Text of a log cannot move the cursor or colour the screen."""
    text = Text(f"{raw.at:%H:%M:%S} ", style="dim", no_wrap=True, overflow="ignore")
    value = raw.value
    if value is None:
        return text.append(printable_lines(raw.text.rstrip("\n")), style="not dim")
    if str(value.get("type", "")).startswith("platform."):
        record = value.get("record")
        facts = _facts(
            {"status": record.get("status"), **(record.get("metrics") or {})} if isinstance(record, dict) else {}
        )
        return text.append(printable(f"{value['type']}{facts}"))
    level = str(value.get("level", ""))
    style = f"not dim {_STYLES.get(level, '')}".strip()
    text.append(f"{printable(level) or '-':<7} ", style=style)
    facts = _facts({name: each for name, each in value.items() if name not in _NOT_SHOWN})
    text.append(printable(f"{value.get('message', '')}{facts}"), style="not dim")
    if value.get("traceback"):
        text.append(printable_lines(f"\n{value['traceback']}".rstrip("\n")), style="not dim")
    return text


def _facts(facts: dict[str, Any]) -> str:
    return "".join(f"  {name}={each}" for name, each in facts.items() if each is not None)
