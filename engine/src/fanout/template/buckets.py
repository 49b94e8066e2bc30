"""The buckets that a task may put objects into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fanout.template.grants import Grant
from fanout.template.template import Resource, Template
from fanout.template.values import Text, Value, as_list

BUCKET = "AWS::S3::Bucket"


def written_with(grants: Iterable[Grant]) -> list[Resource]:
    """Those that the statements name by what the template makes, in their order, each once."""
    puts = [(each.template, each.statement) for each in grants if each.statement is not None]
    named = [
        (template, resource)
        for template, statement in puts
        if statement.allows and statement.covers("s3:PutObject") is True
        for resource in as_list(statement.body.get("Resource"))
    ]
    return list(dict.fromkeys(bucket for template, resource in named for bucket in _buckets(template, resource)))


def _buckets(template: Template, resource: Value) -> Iterator[Resource]:
    for part in resource.parts if isinstance(resource, Text) else (resource,):
        found = template.resource(part)
        if found is not None and found.type == BUCKET:
            yield found
