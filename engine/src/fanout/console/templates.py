"""Renders pages: what others wrote is text, on one line, and cannot command a browser or a terminal."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from fanout.words import ago, counted, lasting, printable, printable_lines


def _shown(value: object) -> object:
    """What {{ }} writes: text without control characters; markup is what a template of ours made."""
    return value if isinstance(value, Markup) else printable_lines(str(value))


def _foreign(value: object) -> str:
    """On one line."""
    return printable(str(value))


def _typed(value: object) -> Markup:
    """In a field of a form, whose text comes back: every character as it is."""
    return escape(str(value))


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


@cache
def environment() -> Environment:
    """Of this process: it compiles each template once."""
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
        "ago": ago,
        "lasting": lasting,
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
