"""What tasks put into buckets ends some day."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.buckets import written_with
from fanout.template.grants import grants_of
from fanout.template.messaging import mappings
from fanout.template.template import Template
from fanout.template.values import Value, as_list

_CURRENT = ("ExpirationInDays", "ExpirationDate")
_OLDER = ("NoncurrentVersionExpirationInDays", "NoncurrentVersionExpiration")


@rule(
    "never-expires",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A bucket that a task may write to has a lifecycle rule that deletes its objects, and their older versions.",
    why="What tasks keep of events is kept, and paid for, for ever; and nobody can say how long data about a person is there."
    " In a versioned bucket an expired object stays as an older version.",
    fix="Add a rule with ExpirationInDays; in a versioned bucket NoncurrentVersionExpiration too, and a second rule with"
    " ExpiredObjectDeleteMarker. What has to stay for ever: acknowledge it, with the reason.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html",
)
def never_expires(template: Template) -> Iterator[Problem]:
    functions = dict.fromkeys(each.function for each in mappings(template) if each.function is not None)
    written = {bucket: None for function in functions for bucket in written_with(grants_of(function))}
    for bucket in written:
        rules = as_list(bucket.get("LifecycleConfiguration", "Rules"))
        if bucket.template is not template or not all(isinstance(each, dict) for each in rules):
            continue
        enabled = [each for each in rules if isinstance(each, dict) and each.get("Status", "Enabled") == "Enabled"]
        if not _has(enabled, _CURRENT):
            yield Problem(bucket, "a task writes to it, and no object in it ever expires")
        elif bucket.get("VersioningConfiguration", "Status") == "Enabled" and not _has(enabled, _OLDER):
            yield Problem(bucket, "a task writes to it, and the versions that expired objects leave never go")


def _has(rules: list[dict[str, Value]], names: tuple[str, ...]) -> bool:
    return any(each.get(name) is not None for each in rules for name in names)
