"""A deployment that cannot work is refused in one line, before anything changes."""

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from fanout.cli import deploy
from fanout.errors import OpsError
from fanout.ops.deploy import preflight
from fanout.ops.deploy.preflight import Destination

ACCOUNT, REGION = "123456789012", "eu-west-1"
DEV = Destination("OrderEvents-dev", None, None)


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
        self.stub("sts").add_response("get_caller_identity", {"Account": account})
        return self


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    artifacts = {
        f"OrderEvents-{name}": {"type": "aws:cloudformation:stack", "environment": f"aws://{place}"}
        for name, place in {
            "dev": "unknown-account/unknown-region",
            "prod": f"{ACCOUNT}/{REGION}",
            "local": "unknown-account/unknown-region",
        }.items()
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}}))
    return tmp_path


def test_a_stack_goes_where_its_settings_pin_it(assembly: Path) -> None:
    assert preflight.destination(assembly, "dev") == DEV
    assert preflight.destination(assembly, "prod") == Destination("OrderEvents-prod", ACCOUNT, REGION)


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


def test_credentials_of_another_account_are_refused_once_it_is_pinned() -> None:
    with pytest.raises(OpsError, match=f"OrderEvents-prod belongs to account {ACCOUNT}, and these credentials to 2109"):
        preflight.check(Destination("OrderEvents-prod", ACCOUNT, REGION), Session().belongs_to("210987654321"))


def test_without_a_region_nothing_begins() -> None:
    with pytest.raises(OpsError, match="no region for OrderEvents-dev: set AWS_REGION"):
        preflight.check(DEV, Session(region=None))


@pytest.mark.parametrize("code", [0, 1])
def test_an_account_new_to_the_cdk_is_bootstrapped_first(code: int) -> None:
    session = Session().belongs_to(ACCOUNT)
    session.stub("ssm").add_client_error("get_parameter", "ParameterNotFound")
    said: list[str] = []
    ran: list[list[str]] = []

    def run(command: list[str]) -> int:
        ran.append(command)
        return code

    go: Callable[[], None] = lambda: preflight.prepare(DEV, session, said.append, run)  # noqa: E731
    if code:
        with pytest.raises(OpsError, match="nothing was deployed"):
            go()
    else:
        go()
        assert said[-1] == f"OrderEvents-dev -> account {ACCOUNT}, region {REGION}"
    assert ran == [["cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}"]]


def test_a_bootstrapped_account_is_left_alone() -> None:
    session = Session().belongs_to(ACCOUNT)
    session.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": "30"}})
    preflight.prepare(DEV, session, lambda line: None, lambda command: pytest.fail("bootstrapped again"))


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
    def refuse(*_: object) -> None:
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
