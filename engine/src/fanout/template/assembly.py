"""What CDK writes beside a template into `cdk.out`: JSON, like all this room reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
LOGICAL_ID = "aws:cdk:logicalId"
NAMESPACE = "Fanout::"
"""How the rules' ids begin in CDK's reports and acknowledgements."""


@dataclass(frozen=True)
class Artifact:
    """A stack in a manifest. One with termination protection is taken for production."""

    is_protected: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """AWS::AccountId and AWS::Region, as far as CDK was told them."""


def artifact_of(template_file: str, manifest: Any) -> Artifact:
    """The stack whose template is in this file."""
    for each in as_dict(as_dict(manifest).get("artifacts")).values():
        properties = as_dict(as_dict(each).get("properties"))
        if properties.get("templateFile") == template_file:
            protected = properties.get("terminationProtection") is True
            return Artifact(protected, as_dict(each.get("metadata")), _environment(each.get("environment")))
    return Artifact()


def _environment(written: Any) -> dict[str, str]:
    """Of aws://account/region."""
    account, _, region = written.removeprefix("aws://").partition("/") if isinstance(written, str) else ("", "", "")
    found = {"AWS::AccountId": account, "AWS::Region": region}
    return {name: each for name, each in found.items() if each and not each.startswith("unknown-")}


def template_files(manifest: Any) -> set[str]:
    """The templates of the stacks in a manifest."""
    artifacts = as_dict(as_dict(manifest).get("artifacts")).values()
    files = (as_dict(as_dict(each).get("properties")).get("templateFile") for each in artifacts)
    return {each for each in files if isinstance(each, str)}


def paths_in(metadata: dict[str, Any]) -> dict[str, str]:
    """Construct paths by logical id."""
    return {data: path for path, data in _entries(metadata, LOGICAL_ID) if isinstance(data, str)}


def acknowledgements_in(metadata: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(rule, construct path, reason) of each `Validations.of(construct).acknowledge(...)` of our rules."""
    for path, data in _entries(metadata, ACKNOWLEDGED):
        for rule, reason in as_dict(data).items():
            if rule.startswith(NAMESPACE):
                yield rule.removeprefix(NAMESPACE), path, str(reason or "")


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(metadata: dict[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    for path, entries in metadata.items():
        for entry in entries if isinstance(entries, list) else ():
            if as_dict(entry).get("type") == kind:
                yield path.lstrip("/"), entry.get("data")
