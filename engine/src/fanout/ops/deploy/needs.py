"""What a stack will ask of its account, read from its template: nothing of it is declared twice."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Written by `cdk bootstrap`: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""
_ADDRESS = re.compile(r"(//)?([\w.+@-]+)")
_RESERVED = ("example.com", "example.org", "example.net", "example.edu")
_RESERVED_ENDS = ("example", "invalid", "test")
"""Reserved for documents and tests: https://www.rfc-editor.org/rfc/rfc2606 and https://www.rfc-editor.org/rfc/rfc6761"""
_SENDS_MAIL = re.compile(r"ses:(\*|Send.*)", re.IGNORECASE)
_CODE = ("Code", "Description", "AlarmDescription", "DashboardBody")
"""Properties in which an address is no configuration."""


@dataclass(frozen=True)
class Placeholder:
    """`where`: the construct's path and the property."""

    where: str
    value: str


@dataclass(frozen=True)
class Needs:
    """`senders`: From addresses that functions may mail from; empty with `mails` where the policy does not limit them.

    `concurrency`: the sum of the mappings' maximum concurrency, `others`: of the other stacks deployed from here.
    `policies`: names of its X-Ray resource policies. `keeps`: it holds what must not be lost.
    """

    mails: bool = False
    senders: tuple[str, ...] = ()
    configuration_sets: bool = False
    concurrency: int = 0
    others: int = 0
    policies: tuple[str, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    bootstrap_parameter: str = BOOTSTRAP_PARAMETER
    bootstrap_version: int = 0
    keeps: bool = False
    services: int = 0
    """Of ECS."""
    beside: tuple[str, ...] = ()
    """Names of the stacks that are deployed with it: an intake's."""

    @property
    def qualifier(self) -> str:
        return self.bootstrap_parameter.split("/")[2]


def needs_of(template: Mapping[str, Any], *, others: tuple[Mapping[str, Any], ...] = ()) -> Needs:
    """`template` as it is synthesized, or as CloudFormation has it; `others`: templates deployed beside it."""
    mails = [
        each for each in _statements(template) if any(_SENDS_MAIL.fullmatch(name) for name in _list(each["Action"]))
    ]
    return Needs(
        mails=bool(mails),
        senders=tuple(sorted({sender for each in mails for sender in _senders(each)})),
        configuration_sets=any(_reaches_sets(each) for each in mails),
        concurrency=_concurrency(template),
        others=sum(_concurrency(each) for each in others),
        policies=tuple(str(each.get("PolicyName")) for _, each in _properties(template, "AWS::XRay::ResourcePolicy")),
        placeholders=tuple(_placeholders(template)),
        bootstrap_parameter=template.get("Parameters", {})
        .get("BootstrapVersion", {})
        .get("Default", BOOTSTRAP_PARAMETER),
        bootstrap_version=_bootstrap_version(template),
        services=sum(1 for _ in _properties(template, "AWS::ECS::Service")),
        keeps=bool(template.get("Metadata", {}).get("fanout", {}).get("production")),
    )


def _properties(template: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for id_, each in template.get("Resources", {}).items():
        if each.get("Type", "").startswith(kind):
            yield str(each.get("Metadata", {}).get("aws:cdk:path", id_)), each.get("Properties", {})


def _statements(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of every policy that lets: inline, attached or a role's own."""
    for _, properties in _properties(template, "AWS::IAM::"):
        documents = [properties, *properties.get("Policies", ())]
        for document in documents:
            for each in _list(document.get("PolicyDocument", {}).get("Statement", ())):
                if each.get("Effect") == "Allow" and "Action" in each:
                    yield each


def _senders(statement: dict[str, Any]) -> list[str]:
    found = [
        value
        for operator in statement.get("Condition", {}).values()
        for key, values in operator.items()
        if key.lower() == "ses:fromaddress"
        for value in _list(values)
    ]
    return [each for each in found if isinstance(each, str)]


def _reaches_sets(statement: dict[str, Any]) -> bool:
    resources = _list(statement.get("Resource", ()))
    return any(each == "*" or "configuration-set/" in str(each) for each in resources)


def _concurrency(template: Mapping[str, Any]) -> int:
    mappings = _properties(template, "AWS::Lambda::EventSourceMapping")
    return sum(int(each.get("ScalingConfig", {}).get("MaximumConcurrency", 0)) for _, each in mappings)


def _bootstrap_version(template: Mapping[str, Any]) -> int:
    """The CDK writes those that are too old, one by one."""
    text = str(template.get("Rules", {}).get("CheckBootstrapVersion", {}))
    refused = [int(each) for each in re.findall(r"'(\d+)'", text)]
    return max(refused, default=0) + 1 if refused else 0


def _placeholders(template: Mapping[str, Any]) -> Iterator[Placeholder]:
    for path, properties in _properties(template, "AWS::"):
        for where, value in _strings(properties, ()):
            for reserved in _reserved(value):
                name = ".".join(each for each in where if not each.isdigit())
                yield Placeholder(f"{path.removesuffix('/Resource')} {name}", reserved)


def _reserved(text: str) -> Iterator[str]:
    """Whole names only. The ends are words of other things too, so they count in a URL and in an e-mail address."""
    for found in _ADDRESS.finditer(text):
        address = found[2].strip(".")
        labels = address.rpartition("@")[2].lower().split(".")
        is_address = found[1] or "@" in address
        if ".".join(labels[-2:]) in _RESERVED or (is_address and len(labels) > 1 and labels[-1] in _RESERVED_ENDS):
            yield address


def _strings(value: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in _CODE:
                yield from _strings(each, (*where, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _strings(each, (*where, str(number)))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
