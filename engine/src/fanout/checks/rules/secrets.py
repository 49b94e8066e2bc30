"""Secrets do not belong into a function's variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION
from fanout.template.values import External, Text, Value

_LINK = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html"
_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|SIGNING_?KEY|CREDENTIALS?)$"
)
_SECRET_VALUE = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bsk_live_[A-Za-z0-9]{10,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s:@]+@"
)
_RESOLVED = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure):")


@rule(
    "secret-in-variables",
    consequence=Consequence.LEAKED,
    what="A function's variables hold the name or the ARN of a secret, never the secret.",
    why="Variables are shown to everybody who may look at the function or the template, and are kept in every version of"
    " both. A leaked key lets a stranger send or read messages.",
    fix="Put the secret into Secrets Manager, give the function its ARN and grant it GetSecretValue.",
    link=_LINK,
)
def secret_in_variables(template: Template) -> Iterator[Problem]:
    for function in template.of(FUNCTION):
        variables = function.get("Environment", "Variables")
        for name, value in variables.items() if isinstance(variables, dict) else ():
            if _is_secret(function, name, value):
                yield Problem(function, f"the variable {name} holds a secret in plain text")


def _is_secret(function: Resource, name: str, value: Value) -> bool:
    if isinstance(value, External):
        return _is_hidden_parameter(function.template, value.name)
    text = "".join(part for part in value.parts if isinstance(part, str)) if isinstance(value, Text) else value
    if not isinstance(text, str) or not text:
        return False
    if _RESOLVED.search(text) or _SECRET_VALUE.search(text):
        return True
    return bool(_SECRET_NAME.search(name.upper())) and not text.startswith("arn:") and isinstance(value, str)


def _is_hidden_parameter(template: Template, name: str) -> bool:
    declaration = template.parameters.get(name.removeprefix("parameter "))
    return isinstance(declaration, dict) and str(declaration.get("NoEcho")).lower() == "true"
