"""Independent gates on the app's templates: cfn-lint, cdk-nag's AwsSolutions, and the checks of the engine."""

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules
from cfnlint.rules import RulesCollection

from fanout.constructs.nag import findings
from stacks import settings
from tests.acknowledged import ACKNOWLEDGED
from tests.reading import Synth, stack_names


@pytest.fixture(scope="module")
def rules() -> RulesCollection:
    """All that cfn-lint has by default; `lint` would make them anew for each template, a quarter of its time."""
    return get_rules(append_rules=[], ignore_rules=[], include_rules=[])


@pytest.mark.parametrize("stack", [stack for each in settings.ALL for stack in stack_names(each.name)])
def test_cfn_lint_has_nothing_to_say(stack: str, synth: Synth, rules: RulesCollection) -> None:
    found = lint(synth.path(stack).read_text(), rules, regions=["eu-west-1"])
    # W3005: CDK writes a DependsOn beside each function's reference to its role, which says the same twice.
    assert [f"{each.rule.id} {each.message}" for each in found if each.rule.id != "W3005"] == []


def test_what_cdk_nag_and_the_engine_find_is_mended_or_acknowledged(synth: Synth) -> None:
    found = findings(synth.app, synth.folder, ACKNOWLEDGED)
    assert found == [], "mend it, or write a pattern with its reason into tests/acknowledged.py"


@pytest.mark.parametrize("pattern", ACKNOWLEDGED)
def test_nothing_is_acknowledged_that_is_not_found(pattern: str, synth: Synth) -> None:
    others = {each: reason for each, reason in ACKNOWLEDGED.items() if each != pattern}
    assert findings(synth.app, synth.folder, others), f"remove {pattern} from tests/acknowledged.py"
