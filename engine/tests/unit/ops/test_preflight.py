"""A deployment that cannot work is refused in one line, before anything changes."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from fanout.cli import deploy
from fanout.cli.aws_command import answered
from fanout.errors import OpsError
from fanout.ops.deploy import preflight
from fanout.ops.deploy.needs import Needs, Placeholder
from fanout.ops.deploy.preflight import Destination

ACCOUNT, REGION = "123456789012", "eu-west-1"
DEV = Destination("OrderEvents-dev", None, None)
PINNED = Destination("OrderEvents-dev", ACCOUNT, REGION)


class Session(boto3.Session):
    """A session whose clients answer from a stub, and are remembered."""

    def __init__(self, region: str | None = REGION) -> None:
        super().__init__(aws_access_key_id="none", aws_secret_access_key="none")
        self._region = region
        self.stubs: dict[str, Stubber] = {}

    @property
    def region_name(self) -> str | None:  # type: ignore[override]
        return self._region

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.stubs[service] = Stubber(super().client(service, region_name=REGION))  # type: ignore[call-overload]
            self.stubs[service].activate()
        return self.stubs[service]

    def client(self, service: str, **_: object):  # type: ignore[no-untyped-def, override]
        return self.stub(service).client

    def belongs_to(self, account: str) -> "Session":
        self.stub("sts").add_response(
            "get_caller_identity", {"Account": account, "Arn": f"arn:aws:iam::{account}:user/x"}
        )
        return self


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    artifacts = {
        f"OrderEvents-{name}": {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{place}",
            "properties": {"templateFile": "template.json"},
        }
        for name, place in {
            "dev": "unknown-account/unknown-region",
            "prod": f"{ACCOUNT}/{REGION}",
            "local": "unknown-account/unknown-region",
        }.items()
    }
    (tmp_path / "template.json").write_text("{}")
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}}))
    return tmp_path


def test_a_stack_goes_where_its_settings_pin_it(assembly: Path) -> None:
    assert preflight.destination(assembly, "dev") == DEV
    assert preflight.destination(assembly, "prod") == Destination("OrderEvents-prod", ACCOUNT, REGION)


def test_stacks_that_are_deployed_with_it_are_asked_for_too(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    stacks = manifest["artifacts"]
    stacks |= {f"Desk-{name}": stacks[f"OrderEvents-{name}"] for name in ("dev", "prod")}
    (assembly / "manifest.json").write_text(json.dumps(manifest))
    assert preflight.destination(assembly, "dev").needs.beside == ("Desk-dev",)
    assert preflight.destination(assembly, "prod").needs.beside == ("Desk-prod",)


def test_an_environment_whose_name_ends_with_anothers_is_not_deployed_with_it(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    stacks = manifest["artifacts"]
    stacks |= {f"{name}-pre-prod": stacks["OrderEvents-dev"] for name in ("OrderEvents", "Desk")}
    stacks |= {"Desk-prod": stacks["OrderEvents-prod"]}
    (assembly / "manifest.json").write_text(json.dumps(manifest))
    assert preflight.destination(assembly, "prod").needs.beside == ("Desk-prod",)
    assert preflight.stacks_of(assembly, "prod") == ["OrderEvents-prod", "Desk-prod"]
    assert preflight.stacks_of(assembly, "pre-prod") == ["OrderEvents-pre-prod", "Desk-pre-prod"]


@pytest.mark.parametrize("written", ["{", "[]", "{}", '{"artifacts": {"x": 5}}', b"\xe9", None])
def test_what_is_no_assembly_is_one_line(written: str | bytes | None, assembly: Path) -> None:
    path = assembly / "manifest.json"
    path.unlink()
    if written is not None:
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
    with pytest.raises(OpsError, match="is no assembly of the CDK .*: run `make synth`"):
        preflight.destination(assembly, "dev")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("production", "ENV is 'production': expected dev, prod"),
        ("", "ENV is '': expected dev, prod"),
        ("local", "ENV is 'local': expected dev, prod; local is for `make up`"),
    ],
)
def test_an_unknown_environment_is_named_with_those_there_are(name: str, line: str, assembly: Path) -> None:
    with pytest.raises(OpsError) as refused:
        preflight.destination(assembly, name)
    assert str(refused.value) == line


def test_stacks_of_another_product_are_told_as_such(
    assembly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OpsError, match="^no stack begins with Fanout-: run it in the folder of the app"):
        preflight.stacks_of(assembly, "dev")


def test_credentials_of_another_account_are_refused_once_it_is_pinned() -> None:
    with pytest.raises(OpsError, match=f"OrderEvents-prod belongs to account {ACCOUNT}, and these credentials to 2109"):
        preflight.identify(Destination("OrderEvents-prod", ACCOUNT, REGION), Session().belongs_to("210987654321"))


def test_without_a_region_nothing_begins() -> None:
    with pytest.raises(OpsError, match="no region for OrderEvents-dev: set AWS_REGION"):
        preflight.identify(DEV, Session(region=None))


def never(line: str) -> bool:
    raise AssertionError(f"asked: {line}")


def go(
    session: Session,
    *,
    wanted: Destination = PINNED,
    sure: Callable[[str], bool] = never,
    exit_status: int = 0,
) -> tuple[list[str], list[list[str]]]:
    """What was said, and which commands were run."""
    said: list[str] = []
    ran: list[list[str]] = []

    def run(command: list[str]) -> int:
        ran.append(command)
        return exit_status

    preflight.prepare(wanted, session, said.append, sure=sure, run=run)
    return said, ran


def account(status: str | None = "CREATE_COMPLETE", *, bootstrapped: bool = True) -> Session:
    """An account with the stack in that state, or without it."""
    session = Session().belongs_to(ACCOUNT)
    if status:
        stack = {"StackName": "OrderEvents-dev", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": status}
        session.stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack]})
    else:
        session.stub("cloudformation").add_client_error("describe_stacks", "ValidationError", "it does not exist")
    if bootstrapped:
        session.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": "30"}})
    else:
        session.stub("ssm").add_client_error("get_parameter", "ParameterNotFound")
    return session


def test_an_account_new_to_the_cdk_is_bootstrapped_first() -> None:
    said, ran = go(account(None, bootstrapped=False))
    assert ran == [["cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}"]]
    assert said[-1] == f"OrderEvents-dev -> account {ACCOUNT}, region {REGION}"
    with pytest.raises(OpsError, match="nothing was deployed"):
        go(account(None, bootstrapped=False), exit_status=1)


def test_a_bootstrapped_account_is_left_alone() -> None:
    assert go(account()) == ([f"OrderEvents-dev -> account {ACCOUNT}, region {REGION}"], [])


def test_what_blocks_is_said_and_nothing_is_run() -> None:
    placeholder = Placeholder("Function Variables.URL", "hooks.example.com")
    wanted = replace(PINNED, needs=Needs(placeholders=(placeholder,)))
    said: list[str] = []
    with pytest.raises(OpsError) as refused:
        preflight.prepare(
            wanted,
            account("UPDATE_FAILED", bootstrapped=False),
            said.append,
            sure=never,
            run=lambda command: pytest.fail("ran"),
        )
    assert str(refused.value) == "OrderEvents-dev is not deployed: placeholders, stack (said above)"
    assert [each.partition(":")[0] for each in said] == ["refused", "refused", "warning"]
    assert "hooks.example.com (Function Variables.URL) reach nobody" in said[0] and "cdk rollback" in said[1]


def test_what_could_not_be_asked_is_said_and_blocks_nothing() -> None:
    session = Session().belongs_to(ACCOUNT)
    session.stub("cloudformation").add_client_error("describe_stacks", "AccessDenied")
    session.stub("ssm").add_client_error("get_parameter", "AccessDeniedException")
    said, ran = go(session)
    assert [each.partition(":")[0] for each in said[:-1]] == ["warning"] * 2 and ran == []
    assert all("could not be asked" in each for each in said[:-1])


def test_what_nothing_pins_is_asked_once_before_it_is_new_there() -> None:
    asked: list[str] = []

    def sure(line: str) -> bool:
        asked.append(line)
        return len(asked) == 1

    go(account(None), wanted=DEV, sure=sure)
    assert asked == [f"OrderEvents-dev is new in account {ACCOUNT}, region {REGION}, and its settings pin no account"]
    with pytest.raises(OpsError, match="set account in stacks/settings.py, or say --yes"):
        go(account(None), wanted=DEV, sure=sure)
    go(account("UPDATE_COMPLETE"), wanted=DEV)


@pytest.mark.parametrize(
    ("keeps", "terminal", "answer", "ci", "yes", "deployed"),
    [
        (False, True, True, "", False, True),
        (False, True, False, "", False, False),
        (False, False, True, "", False, False),
        (True, True, True, "", False, False),
        (True, True, True, "", True, True),
        (True, False, True, "true", False, True),
    ],
)
def test_who_may_say_that_it_is_the_right_account(
    keeps: bool,
    terminal: bool,
    answer: bool,
    ci: str,
    yes: bool,
    deployed: bool,
    assembly: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person at a terminal, where nothing is kept; a program never, unless it is told --yes or is CI."""
    body = {"Metadata": {"fanout": {"production": keeps}}}
    (assembly / "template.json").write_text(json.dumps(body))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("sys.stdin", Terminal() if terminal else io.StringIO())
    monkeypatch.setattr("typer.confirm", lambda line, err: answer)
    monkeypatch.setattr("boto3.Session", lambda **_: account(None))
    if deployed:
        deploy.prepare("dev", assembly, yes)
    else:
        with pytest.raises(OpsError, match="is new in account"):
            deploy.prepare("dev", assembly, yes)


def test_an_interrupt_at_a_question_is_no_fault_and_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(line: str, err: bool) -> bool:
        raise typer.Abort

    monkeypatch.setattr("typer.confirm", leave)
    with pytest.raises(KeyboardInterrupt):
        answered("sure?")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (NoCredentialsError(), "no usable AWS credentials: run `aws sso login`, set AWS_PROFILE, or give --profile"),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "GetCallerIdentity"),
            "the AWS credentials have expired: sign in again, as with `aws sso login`",
        ),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetParameter"),
            "these credentials may not GetParameter: sign in with a role that may deploy",
        ),
        (
            EndpointConnectionError(endpoint_url="https://sts.example.com"),
            'AWS did not answer: check the network and the region (Could not connect to the endpoint URL: "https://sts.example.com")',
        ),
    ],
)
def test_what_aws_says_becomes_one_line(
    raised: Exception,
    line: str,
    assembly: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(preflight, "prepare", refuse)
    with pytest.raises(OpsError) as refused:
        deploy.prepare("dev", assembly)
    assert str(refused.value) == line


def test_a_shell_of_the_embedded_aws_is_refused(assembly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:4566")
    with pytest.raises(OpsError, match="AWS_ENDPOINT_URL is https://127.0.0.1:4566"):
        deploy.prepare("dev", assembly)


def test_an_asset_that_lambda_could_not_read_is_refused(assembly: Path) -> None:
    handler = assembly / "asset.1" / "handler.py"
    handler.parent.mkdir()
    handler.write_text("")
    handler.chmod(0o600)
    with pytest.raises(OpsError, match=r"Lambda could not read asset.1/handler.py \(1 such files\): run `make synth`"):
        preflight.destination(assembly, "dev")
    handler.chmod(0o644)
    assert preflight.destination(assembly, "dev") == DEV
