"""Logs end some day."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.messaging import mappings
from fanout.template.template import Linked, Resource, Template
from fanout.template.values import Text

_LINK = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html"
_GROUP = "AWS::Logs::LogGroup"
_RETENTIONS = ("Custom::LogRetention",)


@rule(
    "log-group-never-expires",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="Every log group, also the one Lambda makes for a function, has a retention.",
    why="Logs are kept, and paid for, for ever; what slipped into them about a person can never be said to be deleted.",
    fix="Set RetentionInDays, and give each function a log group of its own in LoggingConfig.",
    link=_LINK,
)
def log_group_never_expires(template: Template) -> Iterator[Problem]:
    for group in template.of(_GROUP):
        if group.get("RetentionInDays") is None:
            yield Problem(group, "no RetentionInDays")
    functions = dict.fromkeys(each.function for each in mappings(template) if each.function is not None)
    for function in functions:
        if function.template is template and not _has_group(template, function):
            yield Problem(function, "Lambda makes its log group, which never expires")


def _has_group(template: Template, function: Resource) -> bool:
    if function.get("LoggingConfig", "LogGroup") is not None or template.macros:
        return True
    name = function.get("FunctionName")
    groups = template.linked.remember(_groups)
    return function in groups or (isinstance(name, str) and f"/aws/lambda/{name}" in groups)


def _groups(linked: Linked) -> set[Resource | str | None]:
    """What log groups are made for: names, and functions whose names are known to the deployment only."""
    named = ((each.template, each.get("LogGroupName")) for each in linked.of(_GROUP, *_RETENTIONS))
    return {
        template.resource(group.parts[-1]) if isinstance(group, Text) else group
        for template, group in named
        if isinstance(group, Text | str)
    }
