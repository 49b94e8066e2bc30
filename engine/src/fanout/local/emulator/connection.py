"""How a program on this machine reaches the embedded AWS, and nothing else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import boto3
import botocore.session
from botocore.config import Config

from fanout.local.emulator.ports import HOST

ACCOUNT = "000000000000"
REGION: Final = "eu-west-1"
ACCESS_KEY = SECRET_KEY = "test"  # ministack's root user; they open no account anywhere else
NO_PROXY: Final = ("NO_PROXY", "no_proxy")
"""Programs read the one or the other; where both are there, most of them the second."""

# Name in the configuration, environment variables, default, conversion: no profile, and no file of ~/.aws.
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
"""The same as environment variables."""


@dataclass(frozen=True)
class Connection:
    """Where the embedded AWS listens, and whose certificate it shows."""

    port: int
    authority: Path

    @property
    def endpoint(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables with which boto3, the AWS CLI and cdk talk to the embedded AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.authority),
            "NODE_EXTRA_CA_CERTS": str(self.authority),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **dict.fromkeys(NO_PROXY, ",".join(dict.fromkeys([*_direct(), HOST]))),
        }

    @cached_property
    def session(self) -> "Session":
        """Of the root user: for setting things up and for looking at evidence, never for what is to be proven."""
        return self.session_of(ACCESS_KEY, SECRET_KEY)

    def session_of(self, access_key: str, secret_key: str, token: str | None = None) -> "Session":
        return Session(self, access_key, secret_key, token)


def _direct() -> list[str]:
    """What this machine asks without its proxy."""
    return [host for name in NO_PROXY for host in os.environ.get(name, "").split(",") if host]


@cache
def connection_to(port: int, authority: Path) -> Connection:
    """The same one again: what a session has read of a service, its next client of it does not read."""
    return Connection(port, authority)


_MAKING = Lock()


class Session(boto3.Session):
    """Its clients go to the embedded AWS, whatever this machine's own AWS settings are."""

    def __init__(self, connection: Connection, access_key: str, secret_key: str, token: str | None) -> None:
        isolated = botocore.session.Session(session_vars=_NO_FILES)
        super().__init__(access_key, secret_key, token, REGION, isolated)
        self._address = {"endpoint_url": connection.endpoint, "verify": str(connection.authority)}

    if not TYPE_CHECKING:  # the type of each service's client comes from boto3.Session

        def client(self, service_name, **options):
            direct = Config(proxies={})  # a proxy knows nothing of this machine's loopback
            config = direct.merge(options.pop("config", None) or direct)
            with _MAKING:  # a session makes one client after the other
                return super().client(service_name, **{**self._address, **options, "config": config})


_OF_THE_CDK = ("CDK_DEFAULT_", "CDK_PROFILE", "CDK_ROLE_ARN", "CDK_PROXY", "CDK_CA_BUNDLE_PATH")
_CERTIFICATES = ("SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_NOT_INHERITED = ("AWS_", *_OF_THE_CDK, *_CERTIFICATES)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def without_real_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what could lead an SDK to a real account, past our certificate, or to a proxy."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_NOT_INHERITED) and name.upper() not in _PROXIES
    }
