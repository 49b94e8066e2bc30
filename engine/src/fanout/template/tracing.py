"""Whether X-Ray gets what a resource samples."""

from __future__ import annotations

from fanout.template.template import Resource


def is_traced(resource: Resource) -> bool:
    """Of a topic, which says it in a word, or of a function, which says it in a structure."""
    return "Active" in (resource.get("TracingConfig"), resource.get("TracingConfig", "Mode"))
