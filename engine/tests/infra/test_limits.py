"""What CloudFormation does not take stops the synth, in words that say what to do."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from constructs import Construct

from fanout.constructs.errors import one_line_errors
from fanout.errors import ConfigurationError


def synthesize(resources: int, folder: Path) -> None:
    app = cdk.App(outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Big")
    for number in range(resources):
        cdk.CfnResource(stack, f"Topic{number}", type="AWS::SNS::Topic")
    with one_line_errors():
        app.synth()


@pytest.mark.long
def test_five_hundred_resources_are_synthesized(tmp_path: Path) -> None:
    synthesize(500, tmp_path)
    assert (tmp_path / "Big.template.json").is_file()


def test_one_more_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        synthesize(501, tmp_path)
    assert ended.value.code == (
        "error: stack Big has 501 resources, and CloudFormation takes 500: move some subscribers to a stack of their own,"
        " which needs only the topic's ARN"
    )


def test_what_somebody_wrote_wrong_is_one_line() -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise ConfigurationError("settings dev: owner is '': expected a team or person, in 60 characters")
    assert ended.value.code == "error: settings dev: owner is '': expected a team or person, in 60 characters"


def test_an_id_that_stands_twice_is_one_line() -> None:
    stack = cdk.Stack(cdk.App(), "Orders")
    Construct(stack, "Archive")
    with pytest.raises(SystemExit) as ended, one_line_errors():
        Construct(stack, "Archive")
    assert ended.value.code == "error: Orders has two lines with the id Archive: give one of them another"


def test_two_stacks_with_one_id_are_one_line() -> None:
    app = cdk.App()
    cdk.Stack(app, "Orders")
    with pytest.raises(SystemExit) as ended, one_line_errors():
        cdk.Stack(app, "Orders")
    assert ended.value.code == "error: the app has two lines with the id Orders: give one of them another"
