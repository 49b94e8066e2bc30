"""What the GitHub workflows may do: pinned actions, least permissions, no stored keys, dev before staging before prod."""

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import REPOSITORY as ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ENVIRONMENTS = ["dev", "staging", "prod"]
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

Workflow = dict[Any, Any]


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def workflow(file: Path) -> Workflow:
    return read(file)


def read(path: Path) -> Workflow:
    loaded: Workflow = yaml.safe_load(path.read_text())
    loaded["on"] = loaded.pop(True)  # YAML 1.1, which PyYAML reads, takes the key `on` for a boolean
    return loaded


def jobs(workflow: Workflow) -> dict[str, Workflow]:
    found: dict[str, Workflow] = workflow["jobs"]
    return found


def cache_of(job: Workflow) -> dict[str, str]:
    (cache,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/cache")]
    found: dict[str, str] = cache["with"]
    return found


def commands(workflow: Workflow) -> list[str]:
    return [step["run"] for job in jobs(workflow).values() for step in job["steps"] if "run" in step]


def targets(folder: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / folder / "Makefile").read_text(), re.MULTILINE))


def test_both_workflows_are_there() -> None:
    assert [path.name for path in FILES] == ["check.yml", "deploy.yml"]


def test_every_action_is_pinned_by_commit_with_its_version(file: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_one_action_has_one_version() -> None:
    used = {line for path in FILES for line in re.findall(r"uses: (\S+@\S+)", path.read_text())}
    assert len(used) == len({each.partition("@")[0] for each in used})


def test_permissions_are_least(workflow: Workflow) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in jobs(workflow).items():
        expected = {"contents": "read", "pull-requests": "write"} if name == "changes" else None
        if name in ENVIRONMENTS:
            expected = {"contents": "read", "id-token": "write"}
        assert job.get("permissions") == expected


def test_only_our_own_branches_are_commented_on_and_only_one_step_has_the_token() -> None:
    job = jobs(read(ROOT / ".github" / "workflows" / "check.yml"))["changes"]
    (comment,) = [step for step in job["steps"] if "GH_TOKEN" in step.get("env", {})]
    assert comment["run"] == "make comment"
    assert "head.repo.full_name == github.repository" in comment["if"]


def test_a_danger_stops_a_pull_request_and_the_comment_says_so_all_the_same() -> None:
    *_, changes, comment = jobs(read(ROOT / ".github" / "workflows" / "check.yml"))["changes"]["steps"]
    assert changes["run"] == "make changes" and "continue-on-error" not in changes
    assert comment["run"] == "make comment" and "!cancelled()" in comment["if"]
    (command,) = re.findall(r"^changes:.*\n\t(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command == "$(BIN)/fanout diff $(BASE) cdk.out --format markdown > changes.md"


def test_only_a_job_with_an_environment_can_ask_for_a_role(workflow: Workflow) -> None:
    for job in jobs(workflow).values():
        assert ("environment" in job) == ("id-token" in job.get("permissions", {}))


def test_strangers_code_never_runs_with_our_rights(file: Path, workflow: Workflow) -> None:
    assert set(workflow["on"]) <= {"pull_request", "push", "workflow_dispatch"}
    assert "pull_request_target" not in file.read_text()
    assert workflow["on"]["push"] == {"branches": ["main"]}


def test_no_key_is_stored(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|aws-(access|secret)-|secrets\.", text)


def test_the_checkout_leaves_no_token_behind(workflow: Workflow) -> None:
    for job in jobs(workflow).values():
        checkout, *_ = job["steps"]
        assert checkout["uses"].startswith("actions/checkout@")
        assert checkout["with"]["persist-credentials"] is False


def test_no_expression_reaches_a_shell(workflow: Workflow) -> None:
    assert [run for run in commands(workflow) if "${{" in run] == []


def test_every_command_is_a_make_target_that_exists(workflow: Workflow) -> None:
    for run in commands(workflow):
        folder, target, *variables = re.sub("^make (?!-C )", "make -C . ", run).removeprefix("make -C ").split()
        assert run.startswith("make ") and target in targets(folder), run
        assert all(re.fullmatch(r"[A-Z_]+=\w+", each) for each in variables), run


def test_every_job_ends(workflow: Workflow) -> None:
    for job in jobs(workflow).values():
        assert 0 < job["timeout-minutes"] <= 60


def test_checks_run_on_the_oldest_python_we_support_and_a_newer_one() -> None:
    check = read(ROOT / ".github" / "workflows" / "check.yml")
    job = jobs(check)["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert "make test" in commands(check)
    assert "make synth CDK_VALIDATION=true" in commands(check)
    assert check["concurrency"]["cancel-in-progress"] is True


def test_caches_are_keyed_on_what_is_locked() -> None:
    both = jobs(read(ROOT / ".github" / "workflows" / "check.yml"))
    written, read_only = cache_of(both["test"]), cache_of(both["changes"])
    named = re.findall(r"'([^']+)'", written["key"])
    assert named == ["requirements-dev.txt", "lambdas/*/requirements.txt", "package-lock.json"]
    assert all((ROOT / each).is_file() for each in named if "*" not in each)
    assert written["path"].split() == ["~/.cache/pip", "~/.npm", ".venv/cache/jsii", ".mypy_cache"]
    # The path is part of what a cache is found by, and the key is that of one version of the matrix.
    versions = both["test"]["strategy"]["matrix"]["python"]
    assert read_only in [
        {name: value.replace("${{ matrix.python }}", version) for name, value in written.items()}
        for version in versions
    ]


def test_the_jsii_cache_is_where_make_keeps_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (folder,) = re.findall(r"^export JSII_RUNTIME_PACKAGE_CACHE_ROOT \?= \$\(CURDIR\)/(\S+)$", makefile, re.MULTILINE)
    assert folder in cache_of(jobs(read(ROOT / ".github" / "workflows" / "check.yml"))["test"])["path"].split()


def test_what_fails_soonest_runs_first() -> None:
    steps = [step.get("run") for step in jobs(read(ROOT / ".github" / "workflows" / "check.yml"))["test"]["steps"]]
    told = [
        "make install",
        "make lint",
        "make types",
        "make test",
        "make -C engine long",
        "make -C engine wheel",
    ]
    told.append("make synth CDK_VALIDATION=true")
    assert [step for step in steps if step] == told


def test_only_ci_and_deployments_pay_for_the_cdks_own_validation() -> None:
    """It takes seconds: docs/adr/0016-cdk-validation-in-ci-and-deploy.md."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.findall(r"^(.*CDK_VALIDATION.*)$", makefile, re.MULTILINE) == [
        "export CDK_VALIDATION ?= false",
        "deploy: CDK_VALIDATION := true",
    ]
    told = [run for path in FILES for run in commands(read(path)) if "CDK_VALIDATION" in run]
    assert told == ["make synth CDK_VALIDATION=true"]
    assert os.environ["CDK_VALIDATION"] == "false"  # which tests/conftest.py sees to, whoever calls pytest


@pytest.mark.parametrize(("target", "anew"), [("deploy", True), ("diff", False), ("synth", False)])
def test_what_is_deployed_is_synthesized_anew(target: str, anew: bool) -> None:
    """A kept assembly is a convenience of every day. What make would run it says itself, and runs nothing."""
    of_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ANEW")
    environment = {name: value for name, value in os.environ.items() if name not in of_make}
    command = ["make", "--dry-run", target, "ENV=dev"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    (synth,) = (number for number, line in enumerate(told.splitlines()) if "-m fanout.assembly" in line)
    assert ("fanout.assembly --anew " in told.splitlines()[synth]) == anew
    assert not any(re.search(r"/cdk (deploy|diff) ", line) for line in told.splitlines()[:synth])


def test_a_commit_is_tested_then_goes_to_dev_then_staging_then_prod() -> None:
    deploy = read(ROOT / ".github" / "workflows" / "deploy.yml")
    assert list(jobs(deploy)) == ["test", *ENVIRONMENTS]
    assert jobs(deploy)["test"]["if"] == "github.ref == 'refs/heads/main' && vars.DEPLOY == 'true'"
    for before, name in pairwise(jobs(deploy)):
        assert jobs(deploy)[name]["needs"] == before
        assert (
            "if" not in jobs(deploy)[name]
        )  # without the test it is skipped too; an `if` could run a job after the one before it failed


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_environment_deploys_itself_with_its_own_role_one_at_a_time(name: str) -> None:
    job = jobs(read(ROOT / ".github" / "workflows" / "deploy.yml"))[name]
    assert job["environment"] == name
    assert job["concurrency"] == {"group": f"deploy-{name}", "cancel-in-progress": False}
    *_, role, last = job["steps"]
    assert role["uses"].startswith("aws-actions/configure-aws-credentials@")
    assert role["with"]["role-to-assume"] == "${{ vars.DEPLOY_ROLE_ARN }}"
    assert role["with"]["aws-region"] == "${{ vars.AWS_REGION }}"
    assert last == {"run": f"make deploy ENV={name}"}


def test_dependabot_keeps_the_pins_fresh_and_the_cdk_cli_below_3() -> None:
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
    by_ecosystem = {each["package-ecosystem"]: each for each in config["updates"]}
    assert set(by_ecosystem) == {"github-actions", "npm"}
    assert {"dependency-name": "aws-cdk", "versions": [">=3"]} in by_ecosystem["npm"]["ignore"]
