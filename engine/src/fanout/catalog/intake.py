"""The intake beside a stack, in the words of its documents: who fills in, what is kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from fanout import names
from fanout.catalog import markdown
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION

_LOGS, _TABLE = "AWS::Logs::LogGroup", "AWS::DynamoDB::Table"
_DAY = 86_400
PERSON_DAYS = 3_660
"""As `fanout.intake.subject` keeps whom an entry is of."""


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
    where = f"{product_of(intake)}'s table"
    for table in intake.of(_TABLE):
        told = [each.get("Environment", "Variables") for each in intake.of(FUNCTION) if _is_of(each, table)]
        own = [each for each in told if isinstance(each, dict)]
        kept_for = (each.get(names.INTAKE_KEEP_SECONDS) for each in own)
        seconds = [int(each) for each in kept_for if isinstance(each, str) and each.isdecimal()]
        if seconds:
            ends = f"{markdown.span(max(seconds))} after it was emitted; until then for ever"
            yield where, "what was filled in", ends
            yield where, "idempotency keys, as hashes", markdown.span(7 * _DAY)
            if any(names.INTAKE_SUBJECT_SECRET in each for each in own):
                ends = f"{markdown.span(PERSON_DAYS * _DAY)} after the last of a month"
                yield where, "whose entries are whose, as keyed hashes of people", ends
    days = {group.number("RetentionInDays") for group in intake.of(_LOGS)}
    for each in sorted(days, key=lambda one: one or 0):
        yield f"{product_of(intake)}'s log groups", "log lines", markdown.span(_DAY * each) if each else "for ever"


def _is_of(function: Resource, table: Resource) -> bool:
    return function.template.resource(function.get("Environment", "Variables", names.INTAKE_TABLE)) is table
