"""The app's intake on the embedded AWS, where it has one: its address, and filling something in as a browser does."""

import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from botocore.exceptions import ClientError

from fanout import names
from fanout.intake.page import FIELDS
from fanout.local.deploy import ENTRY
from fanout.local.emulator.connection import Connection
from fanout.local.errors import LocalError
from fanout.project import intake_stack_name
from fanout.publisher import Event, checked_event

FINISHED = "done"
"""What the status page says of a task."""
BROWSER = {"accept": "text/html", "content-type": FIELDS}


@dataclass(frozen=True)
class FilledIn:
    """What the intake stored, and where its status is told."""

    event: Event
    page: str


@dataclass(frozen=True)
class Status:
    """As the page says it: a word, and one for each task."""

    word: str
    tasks: Mapping[str, str]


@dataclass(frozen=True)
class LocalIntake:
    """`url` stands where API Gateway's own address stands on AWS."""

    connection: Connection
    url: str
    table: str
    definitions: tuple[str, ...]
    """Names of what can be filled in, each a page."""

    def fill_in(self, definition: str, answers: Mapping[str, Any]) -> FilledIn:
        """Sends the page's fields, and reads back, with the rights of root, the event that was stored with the yes."""
        page = f"{self.url}/{definition}"
        status, headers, body = self._ask(page, urlencode(answers, doseq=True).encode(), BROWSER)
        if status != 303:
            told = " ".join(re.sub(r"<style>.*</style>|<[^>]+>", " ", body, flags=re.DOTALL).split())
            raise LocalError(f"the intake answered {status} to {definition}: {told[:300]}")
        place = urljoin(page, headers.get("location", ""))
        reference = urlsplit(place).path.rpartition("/")[2]
        found = self.connection.session.client("dynamodb").get_item(
            TableName=self.table, Key={"pk": {"S": f"entry#{reference}"}}, ConsistentRead=True
        )
        return FilledIn(checked_event(json.loads(found["Item"]["body"]["S"])), place)

    def status(self, filled_in: FilledIn) -> Status:
        status, _, body = self._ask(filled_in.page, None, {"accept": "application/json"})
        if status != 200:
            raise LocalError(f"the status page answered {status}: {body[:300]}")
        told = json.loads(body)
        return Status(told["status"], told["tasks"])

    def _ask(self, url: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], str]:
        context = ssl.create_default_context(cafile=self.connection.variables["AWS_CA_BUNDLE"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _StaysThere(), urllib.request.HTTPSHandler(context=context)
        )
        asked = urllib.request.Request(url, data, dict(headers))
        try:
            with opener.open(asked, timeout=30) as answer:
                return answer.status, _lower(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _lower(refused.headers), refused.read().decode(errors="replace")
        except OSError as error:
            raise LocalError(f"the intake at {url} does not answer: {type(error).__name__}") from error


class _StaysThere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


def wait_for_status(intake: LocalIntake, filled_in: FilledIn, seconds: float = 10.0) -> Status:
    """Once all tasks are done; or as it is at the end."""
    end = time.monotonic() + seconds
    while set((status := intake.status(filled_in)).tasks.values()) != {FINISHED} and time.monotonic() < end:
        time.sleep(0.1)
    return status


def intake_of(connection: Connection) -> LocalIntake | None:
    """None where the app has none."""
    try:
        (described,) = connection.session.client("cloudformation").describe_stacks(StackName=intake_stack_name(ENTRY))[
            "Stacks"
        ]
    except ClientError:
        return None
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if names.INTAKE_URL_OUTPUT not in outputs:
        return None
    api = (urlsplit(outputs[names.INTAKE_URL_OUTPUT]).hostname or "").partition(".")[0]
    url = f"{connection.endpoint}/_aws/execute-api/{api}/$default"
    definitions = tuple(outputs.get(names.INTAKE_DEFINITIONS_OUTPUT, "").split(","))
    return LocalIntake(connection, url, outputs[names.INTAKE_TABLE_OUTPUT], definitions)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
