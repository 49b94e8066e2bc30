"""docs/deploying.md's rights of a role that deploys: made from the table of questions, so that none is forgotten."""

import json

from fanout.ops.deploy.facts import statements
from fanout.ops.deploy.questions import QUESTIONS

ACCOUNT, REGION, QUALIFIER = "123456789012", "eu-west-1", "hnb659fds"
"""As the document writes them, for a reader to replace."""
_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")
_RIGHTS = ("<!-- rights -->\n", "<!-- /rights -->\n")
_FACTS = ("<!-- facts -->\n", "<!-- /facts -->\n")


def with_rights(text: str, product: str, intake: str | None) -> str:
    """`text` with policy and table between their markers; unchanged where it has none."""
    return _between(_between(text, _RIGHTS, policy(product, intake)), _FACTS, table(intake))


def policy(product: str, intake: str | None) -> str:
    """The whole policy, as a block of JSON."""
    role = f"arn:aws:iam::{ACCOUNT}:role/cdk-{QUALIFIER}-%s-{ACCOUNT}-{REGION}"
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [role % each for each in _ROLES]}
    asks = statements(account=ACCOUNT, region=REGION, product=product, intake=intake, qualifier=QUALIFIER)
    document = {"Version": "2012-10-17", "Statement": [assume, *asks]}
    return f"```json\n{json.dumps(document, indent=2)}\n```\n"


def table(intake: str | None) -> str:
    """The questions for people: a row each."""
    asked = [each for each in QUESTIONS if intake or "INTAKE" not in each.resource]
    rows = [f"| {each.question} | {each.must} | {'refused' if each.blocks else 'a warning'} |" for each in asked]
    return "\n".join(["| question | what must hold | else |", "|---|---|---|", *rows]) + "\n"


def _between(text: str, markers: tuple[str, str], made: str) -> str:
    before, begin, rest = text.partition(markers[0])
    _, end, after = rest.partition(markers[1])
    return before + begin + made + end + after if begin and end else text
