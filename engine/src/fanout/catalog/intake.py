"""The intake beside a stack, in the words of its documents: who fills in, what is kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from fanout import names
from fanout.catalog import markdown
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION

_LOGS, _TABLE = "AWS::Logs::LogGroup", "AWS::DynamoDB::Table"
_DAY = 86_400


def beside(template: Template, every: list[Template]) -> Template | None:
    """The one of the same environment."""
    entry = template.name.rpartition("-")[2]
    found = [each for each in every if names.INTAKE_URL_OUTPUT in each.outputs and each is not template]
    return next((each for each in found if each.name.rpartition("-")[2] == entry), None)


def product_of(intake: Template) -> str:
    """What its name says before the entry."""
    return intake.name.rpartition("-")[0] or intake.name


def drawn(intake: Template | None, topic: str) -> str | None:
    """In place of the service that publishes; None without an intake."""
    if intake is None:
        return None
    name = markdown.label(product_of(intake))
    return (
        '    somebody["somebody fills in"] -- "HTTP, 201 once it is stored" --> '
        f'intake[("{name}")] -- "emitted at least once" --> {topic}'
    )


def kept(intake: Template | None) -> list[tuple[str, str, str]]:
    """Rows of what is kept where, and for how long."""
    return [] if intake is None else [*_rows(intake)]


def _rows(intake: Template) -> Iterator[tuple[str, str, str]]:
    for table in intake.of(_TABLE):
        seconds = [
            int(found)
            for function in intake.of(FUNCTION)
            if isinstance(found := function.get("Environment", "Variables", names.INTAKE_KEEP_SECONDS), str)
            and found.isdecimal()
            and _is_of(function, table)
        ]
        if seconds:
            where = f"{product_of(intake)}'s table"
            yield (
                where,
                "what was filled in",
                f"{markdown.span(max(seconds))} after it was emitted; until then for ever",
            )
            yield where, "idempotency keys, as hashes", markdown.span(7 * _DAY)
    days = {group.number("RetentionInDays") for group in intake.of(_LOGS)}
    for each in sorted(days, key=lambda one: one or 0):
        yield f"{product_of(intake)}'s log groups", "log lines", markdown.span(_DAY * each) if each else "for ever"


def _is_of(function: Resource, table: Resource) -> bool:
    return function.template.resource(function.get("Environment", "Variables", names.INTAKE_TABLE)) is table
