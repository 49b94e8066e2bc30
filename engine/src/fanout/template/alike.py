"""Resources that two revisions of a template write alike: by far most of them."""

from __future__ import annotations

import pickle
from typing import Any

from fanout.template.template import Template


def is_alike(before: Any, after: Any) -> bool:
    """To the letter: to Python false is 0, and to a policy it is not."""
    return before is after or (before == after and pickle.dumps(before) == pickle.dumps(after))


def share(template: Template, other: Template) -> None:
    """What both write alike is kept once, so that two revisions take hardly more room than one."""
    written = template.body.get("Resources")
    for logical_id, each in template.resources.items():
        twin = other.resources.get(logical_id)
        if twin is not None and isinstance(written, dict) and is_alike(each.body, twin.body):
            written[logical_id] = each.body = twin.body
