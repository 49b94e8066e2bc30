"""What of a template only CloudFormation's macros write: it cannot be seen here, and its absence proves nothing.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from fanout.template.for_each import PREFIX

SERVERLESS = "AWS::Serverless::"
TRANSFORM = "Fn::Transform"
_HARMLESS = {"AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16", "AWS::LanguageExtensions"}
"""They add nothing that sends, keeps or takes a message."""
_SAM = "AWS::Serverless-"


def unseen_macros(body: Mapping[str, Any], keys: Container[Any], written: Iterable[str]) -> list[str]:
    """Each macro of the template, and each fragment of one, in words. `keys` are those of all its objects; `written` are the
    transforms before SAM's part was written out, which takes them all away."""
    resources = body.get("Resources")
    resources = resources if isinstance(resources, dict) else {}
    types = [str(each.get("Type")) for each in resources.values() if isinstance(each, dict)]
    found = [
        f"Transform {each}" for each in written if each not in _HARMLESS and not each.startswith(_SAM) and resources
    ]
    serverless = sorted({each for each in types if each.startswith(SERVERLESS)})
    found += [f"{', '.join(serverless)}: SAM writes other resources in its place"] if serverless else []
    found += [f"module {each}" for each in sorted({each for each in types if each.endswith("::MODULE")})]
    found += [f"Fn::Transform {_name(each)}" for each in (_fragments(resources) if TRANSFORM in keys else ())]
    return list(dict.fromkeys(found))


def transforms(body: Mapping[str, Any]) -> list[str]:
    found = body.get("Transform")
    every = found if isinstance(found, list) else [found]
    names = [each.get("Name") if isinstance(each, dict) else each for each in every]
    return [each for each in names if isinstance(each, str)]


def _fragments(node: Any) -> list[Any]:
    """The arguments of all Fn::Transform below `node`."""
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            if TRANSFORM in each:
                found.append(each[TRANSFORM])
            waiting += [
                inner
                for key, inner in each.items()
                if isinstance(inner, dict | list) and not str(key).startswith(PREFIX)
            ]
    return found


def _name(argument: Any) -> str:
    name = argument.get("Name") if isinstance(argument, dict) else None
    return name if isinstance(name, str) else "without a name"
