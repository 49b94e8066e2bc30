"""What is kept where, and for how long: read from lifecycle rules, queues, log groups and tables of the template."""

from __future__ import annotations

from collections.abc import Iterator

from fanout import names
from fanout.catalog import markdown
from fanout.catalog.intake import kept as of_intake
from fanout.catalog.reading import Topic
from fanout.catalog.words import Words
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION, QUEUE
from fanout.template.values import Value, as_list

FOR_EVER = "for ever"
_UNSEEN = "what the template does not show"
_LOGS, _BUCKET, _TABLE = "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::DynamoDB::Table"
_DAY = 86_400


def table(template: Template, topics: list[Topic], intake: Template | None = None) -> str:
    """Rows that differ in nothing but whose they are become one; what an `intake` keeps stands at the end."""
    words = Words(template, topics)
    found: dict[tuple[str, str], list[str]] = {}
    for resource, what, how_long in _rows(template):
        found.setdefault((what, how_long), []).append(words.of(resource))
    rows = [
        (", ".join(words.collapsed(tuple(sorted(where)))), what, how_long)
        for (what, how_long), where in sorted(found.items())
    ]
    return markdown.table(("where", "what", "for"), [*rows, *of_intake(intake)])


def _rows(template: Template) -> Iterator[tuple[Resource, str, str]]:
    for queue in template.of(QUEUE):
        seconds = queue.number("MessageRetentionPeriod", default=345_600)
        yield queue, "messages that nobody has taken", f"{markdown.span(seconds)} at most" if seconds else _UNSEEN
    for bucket in template.of(_BUCKET):
        yield from ((bucket, *each) for each in _of_bucket(bucket))
    for each in template.of(_TABLE):
        yield each, "items", _of_table(template, each)
    for group in template.of(_LOGS):
        days = group.number("RetentionInDays")
        kept = _UNSEEN if group.get("RetentionInDays") is not None else FOR_EVER
        yield group, "log lines", markdown.span(_DAY * days) if days else kept


def _of_bucket(bucket: Resource) -> Iterator[tuple[str, str]]:
    rules = [each for each in as_list(bucket.get("LifecycleConfiguration", "Rules")) if isinstance(each, dict)]
    rules = [each for each in rules if each.get("Status", "Enabled") == "Enabled"]
    yield from _objects(rules)
    if bucket.get("VersioningConfiguration", "Status") == "Enabled":
        older = [each.get("NoncurrentVersionExpiration") for each in rules]
        days = [each.get("NoncurrentDays") for each in older if isinstance(each, dict)]
        yield "versions that were deleted or replaced", _days(days)


def _objects(rules: list[dict[str, Value]]) -> Iterator[tuple[str, str]]:
    """Where rules are of parts of the bucket alone, a row for each time."""
    expiring = [each for each in rules if "ExpirationInDays" in each]
    if not expiring or not all(isinstance(each.get("Prefix"), str) for each in expiring):
        yield "objects", _days([each.get("ExpirationInDays") for each in rules])
        return
    parts: dict[str, list[str]] = {}
    for each in expiring:
        parts.setdefault(_days([each["ExpirationInDays"]]), []).append(str(each["Prefix"]))
    yield from ((f"objects of {', '.join(sorted(of))}", how_long) for how_long, of in parts.items())


def _days(values: list[Value]) -> str:
    """Of several rules the one that deletes last."""
    days = [float(each) for each in values if isinstance(each, int | float)]
    if days:
        return markdown.span(_DAY * max(days))
    return FOR_EVER if all(each is None for each in values) else _UNSEEN


def _of_table(template: Template, each: Resource) -> str:
    """What expires says its own time; the functions that write it have that in a variable."""
    if each.get("TimeToLiveSpecification", "Enabled") is not True:
        return FOR_EVER
    seconds = [
        int(found)
        for function in template.of(FUNCTION)
        if isinstance(found := function.get("Environment", "Variables", names.COMPLETED_SECONDS), str)
        and found.isdecimal()
        and template.resource(function.get("Environment", "Variables", names.COMPLETED_TABLE)) is each
    ]
    return f"{markdown.span(max(seconds))} after its last change" if seconds else "as long as each item says"
