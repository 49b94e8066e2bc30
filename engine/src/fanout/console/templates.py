"""Renders pages: what others wrote is text, on one line, and cannot command a browser or a terminal."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from fanout.words import counted, printable, printable_lines


def _shown(value: object) -> object:
    """What {{ }} writes: text without control characters; markup is what a template of ours made."""
    return value if isinstance(value, Markup) else printable_lines(str(value))


def _foreign(value: object) -> str:
    """On one line."""
    return printable(str(value))


def _typed(value: object) -> Markup:
    """In a field of a form, whose text comes back: every character as it is."""
    return escape(str(value))


def _ago(moment: datetime | None, now: datetime | None = None) -> str:
    if moment is None:
        return "-"
    return _lasting(((now or datetime.now(UTC)) - moment).total_seconds())


def _lasting(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _moment(at: datetime | None) -> Markup:
    """As `<time>`: UTC to the second."""
    if at is None:
        return Markup("-")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    )


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("fanout.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {
        "foreign": _foreign,
        "ago": _ago,
        "lasting": _lasting,
        "moment": _moment,
        "typed": _typed,
        "counted": counted,
        "pretty": _pretty,
        "path": lambda text: quote(str(text), safe=""),
    }
    made.globals["parts"] = made.get_template("parts.html").module  # an import is not there where one block is rendered
    return made


def block(environment: Environment, name: str, block: str, facts: Mapping[str, Any]) -> str:
    """One block of a template."""
    template = environment.get_template(name)
    context = template.new_context(dict(facts))
    return "".join(template.blocks[block](context))
