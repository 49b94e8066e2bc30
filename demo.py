"""What `fanout local` knows of this app's tasks: what they need on the embedded AWS, and what proves their work.

A task that is gone leaves its class here without effect; one that is not here is judged by its log alone.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

import boto3

from fanout.local.app import Task, examples
from fanout.local.evidence import Email, Evidence
from fanout.local.webhook.receiver import Receiver, WebhookRequest
from fanout.publisher import Event, new_event

REFUSED = "webhook-refuses"
"""The form whose webhook answers 410 Gone."""


ENTRIES = {
    "contact": {
        "name": "Robin Example",
        "email": "robin.example@example.com",
        "topic": "A question",
        "message": "An example that a browser sent",
    }
}
"""What is filled in at the form service's own pages, by form."""


def prepare(session: boto3.Session, receiver: Receiver) -> None:
    """Before each deployment: the address that settings.LOCAL refers to."""
    session.client("ssm").put_parameter(
        Name="/fanout/local/webhook-url", Value=receiver.url, Type="String", Overwrite=True
    )


def events() -> dict[str, Event]:
    """By form: the contract's valid examples, and one whose webhook answers 410."""
    data = {
        "form_id": REFUSED,
        "submission_id": "webhook-refuses-0001",
        "submitter": {"email": "kim.example@example.com", "name": "Kim Example"},
        "answers": {"message": "An example whose webhook answers 410"},
    }
    refused = new_event("form.submitted.v1", data, source=f"/forms/{REFUSED}")
    return {event.group: event for event in (*examples().values(), refused)}


class SendConfirmation(Task):
    def settle(self, seen: Evidence) -> None:
        """Verifies the sender, as its owner does once with SES."""
        sender = seen.stack.subscriber(self.name).function["Environment"]["Variables"]["EMAIL_SENDER"]
        seen.session.client("ses").verify_email_identity(EmailAddress=sender)

    def proof(self, seen: Evidence, event: Event) -> tuple[bool, str]:
        address = _data(event).get("submitter", {}).get("email")
        sent = self._sent(seen, event)
        if address is None:
            return not sent, "no address: none sent"
        if [each.to for each in sent] != [(address,)]:
            return False, f"expected one e-mail to {address}, captured {len(sent)}"
        return True, f"to {address}"

    def show(self, seen: Evidence, event: Event) -> Iterable[tuple[str, str, str]]:
        for each in self._sent(seen, event):
            head = f"From: {each.sender}\nTo: {', '.join(each.to)}\nSubject: {each.subject}\n\n"
            yield f"{self.name}: the e-mail, as SES was given it", head + each.text.strip(), ""

    def _sent(self, seen: Evidence, event: Event) -> list[Email]:
        return [each for each in seen.emails() if _data(event)["submission_id"] in each.text]


class ArchiveSubmission(Task):
    def proof(self, seen: Evidence, event: Event) -> tuple[bool, str]:
        found = archived(seen, event.id)
        if list(found.values()) != [event.body.encode()]:
            return False, f"expected one object with the event, found {sorted(found)}"
        return True, f"{len(event.body.encode())} bytes in S3, as published"

    def show(self, seen: Evidence, event: Event) -> Iterable[tuple[str, str, str]]:
        bucket = seen.stack.outputs["ArchiveBucketName"]
        for key, body in archived(seen, event.id).items():
            yield f"{self.name}: s3://{bucket}/{key}", body.decode(), ""


class NotifyWebhook(Task):
    breaks = "its webhook's receiver goes down (it answers 503)"

    def settle(self, seen: Evidence) -> None:
        seen.receiver.answer(410, containing=f'"{REFUSED}"')

    def refuses(self, event: Event) -> bool:
        return event.group == REFUSED

    def proof(self, seen: Evidence, event: Event) -> tuple[bool, str]:
        requests = seen.receiver.requests(event.id)
        if not requests:
            return False, "no request arrived"
        answers = [each.answer for each in requests]
        signatures = {signature_of(each, signing_key(seen)) for each in requests}
        answered = set(answers) == {410} if self.refuses(event) else answers[-1] == 200
        proven = answered and signatures == {"valid"} and requests[-1].body == event.body
        return proven, f"POST: {answers[-1]}, signature {', '.join(sorted(signatures))}"

    def show(self, seen: Evidence, event: Event) -> Iterable[tuple[str, str, str]]:
        for each in seen.receiver.requests(event.id)[-1:]:
            names = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
            lines = [f"{name}: {each.headers.get(name, '')}" for name in names]
            signature = signature_of(each, signing_key(seen))
            told = f"signature {signature}, checked with the key from Secrets Manager; answered {each.answer}"
            yield f"{self.name}: POST {each.path}", "\n".join([*lines, "", each.body]), told

    def effects(self, seen: Evidence) -> Iterable[str]:
        return (each.headers.get("webhook-id", "") for each in seen.receiver.requests() if each.answer == 200)

    def break_down(self, seen: Evidence) -> None:
        seen.receiver.answer(503)

    def mend(self, seen: Evidence) -> None:
        seen.receiver.heal()


TASKS = (
    SendConfirmation("send_confirmation"),
    ArchiveSubmission("archive_submission"),
    NotifyWebhook("notify_webhook"),
)
BREAK = "notify_webhook"
"""The task that `make drill` breaks and heals."""


def archived(seen: Evidence, event_id: str = "") -> dict[str, bytes]:
    """The objects of the archive by their keys: one event's, or all."""
    bucket, s3 = seen.stack.outputs["ArchiveBucketName"], seen.session.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = (each["Key"] for page in pages for each in page.get("Contents", []))
    wanted = [key for key in keys if not event_id or event_id in key.split("/")]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in wanted}


def signing_key(seen: Evidence) -> str:
    """The base64 key that the webhook's receiver was given."""
    secret = seen.stack.outputs["WebhookSecretArn"]
    return seen.session.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]


def signature_of(request: WebhookRequest, key: str, tolerance: float = 300) -> str:
    """`valid`, or what is wrong with it: the receiver's half, written from the specification and not from lambdas/.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    identity, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if not identity or not timestamp.isdecimal():
        return "unsigned"
    if abs(request.received_at - int(timestamp)) > tolerance:
        return "too old or too new"
    signed = f"{identity}.{timestamp}.{request.body}".encode()
    digest = base64.b64encode(hmac.new(base64.b64decode(key), signed, hashlib.sha256).digest()).decode()
    # More than one, separated by spaces, while keys are rotated.
    given = request.headers.get("webhook-signature", "").split()
    return "valid" if any(hmac.compare_digest(f"v1,{digest}", each) for each in given) else "invalid"


def _data(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event.body)["data"]
    return data
