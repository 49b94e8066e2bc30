"""Synthesizes all environments with cdk-nag's rules beside the engine's; says as JSON what none of them has a reason for.

A program of its own, as this app's `stacks` and `events` are not those of tests/app: python gates.py FOLDER
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

import app as every_kind
from fanout.constructs import App
from fanout.constructs.attachments import Attachments
from fanout.constructs.intake import Intake
from fanout.constructs.nag import REASONS, findings

ACKNOWLEDGED = {
    r"/Effects/Resource .*-S1$": "who read a bucket of test results is nobody's question",
    r"/Partner/Subscription/Resource raw-event-leaves$": "the stack says why",
}


def main() -> None:
    folder = Path(sys.argv[1])
    context = json.loads(Path("cdk.json").read_text())["context"]
    made = App(context=context, outdir=str(folder), builtin_cloud_formation_validation=False)
    every_kind.add_stacks(made)
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    with suppress(RuntimeError):  # findings are in the report; templates are written before
        made.synth()
    print(json.dumps({"open": findings(made, folder, ACKNOWLEDGED), "needless": needless(made, folder)}))


def needless(made: cdk.App, folder: Path) -> list[str]:
    """Reasons of the engine for what only some kinds have, that answer nothing here."""
    found = []
    for type_, reasons in REASONS.items():
        if type_ in (Attachments, Intake):  # tests/infra/test_attachments.py, test_intake.py
            continue
        for pattern in [each for each in reasons if not each.startswith(("IAM5", "DDB3"))]:
            REASONS[type_] = {each: reason for each, reason in reasons.items() if each != pattern}
            if not findings(made, folder, ACKNOWLEDGED):
                found.append(f"{type_.__name__} {pattern}")
            REASONS[type_] = reasons
    return found


if __name__ == "__main__":
    main()
