"""What `from fanout.constructs import ...` offers, and what it loads."""

import json
import subprocess
import sys

import pytest

import fanout.constructs

LATER = ("fanout.checks", "fanout.contracts", "fanout.template", "fanout.ops", "fanout.cli", "fanout.local")
FOREIGN = ("boto3", "botocore", "typer", "rich", "cfnlint", "aws_cdk.aws_events_targets")


def loaded(line: str) -> set[str]:
    program = f"import json, sys; {line}; print(json.dumps(sorted(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return set(json.loads(said.splitlines()[-1]))


@pytest.mark.long
def test_the_import_line_loads_the_constructs_and_nothing_that_reads_templates_or_asks_aws() -> None:
    found = loaded("import fanout.constructs")
    assert {"fanout.constructs.subscriber", "aws_cdk"} <= found
    assert [name for name in sorted(found) if name.startswith((*LATER, *FOREIGN))] == []
    assert {name for name in found if name.startswith("fanout.costs.")} == {"fanout.costs.prices"}


@pytest.mark.long
def test_what_it_must_not_load_is_seen_when_it_does() -> None:
    assert loaded("import fanout.constructs, fanout.checks.plugin") & {"fanout.checks.plugin", "fanout.template.load"}


@pytest.mark.long
def test_it_is_imported_without_looking_for_garbage_and_leaves_the_collector_on() -> None:
    count = "sum(each['collections'] for each in gc.get_stats())"
    program = f"import gc, aws_cdk; before = {count}; import fanout.constructs; print({count} - before, gc.isenabled())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    collections, is_on = said.split()
    assert int(collections) < 10  # without what it does about it, 200
    assert is_on == "True"


def test_the_public_names_are_there_and_sorted() -> None:
    public = fanout.constructs.__all__
    assert public == sorted(public)
    assert all(hasattr(fanout.constructs, name) for name in public)
