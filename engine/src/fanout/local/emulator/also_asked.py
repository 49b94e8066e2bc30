"""What AWS also asks IAM for when a call names only its own action and resource: the table that the embedded AWS enforces.

A right that an emulator grants proves nothing; so each row is from AWS's documentation or from refusals that people met
there, and the emulator asks for all of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

# ministack has no types: what is read from it here is what 1.5.33, pinned, has.
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services import ses, sns, sqs  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Asked:
    """For `action`, AWS also asks for each of `also` on `on`; `source` says where it is written or was met."""

    action: str
    also: tuple[str, ...]
    on: str
    source: str


SENDER, RECIPIENT, SET, KEY = (
    "the identity of the sender",
    "the identity of each recipient that the account has verified",
    "the configuration set, named or the identity's default",
    "the customer key of the queue or topic",
)
_SES = "https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html"
_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"
_SNS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
TABLE = (
    Asked("ses:SendEmail", ("ses:SendEmail",), SENDER, _SES),
    Asked("ses:SendEmail", ("ses:SendEmail",), RECIPIENT, "https://github.com/cloudposse/terraform-aws-ses/issues/40"),
    Asked("ses:SendEmail", ("ses:SendEmail",), SET, "https://github.com/aws/aws-cdk/issues/34402"),
    Asked("sqs:SendMessage", ("kms:GenerateDataKey", "kms:Decrypt"), KEY, _SQS),
    Asked("sqs:ReceiveMessage", ("kms:Decrypt",), KEY, _SQS),
    Asked("sns:Publish", ("kms:GenerateDataKey", "kms:Decrypt"), KEY, _SNS),
)
"""Of recipients AWS's documents say nothing: that only verified ones are asked for is inferred from the refusals."""

_default_sets: dict[tuple[str, str, str], str] = {}
"""Of identities, by account, region and identity: ministack forgets them."""


def address(header: Any) -> str:
    """`a@example.com` of `A <a@example.com>`."""
    return parseaddr(str(header or ""))[1]


def remember_default_set(identity: Mapping[str, Any]) -> None:
    """The body of CreateEmailIdentity."""
    if identity.get("ConfigurationSetName"):
        _default_sets[_place(str(identity.get("EmailIdentity")))] = str(identity["ConfigurationSetName"])


def of_an_email(email: Mapping[str, Any]) -> list[str]:
    """The ARNs that ses:SendEmail is asked for, of the body of SendEmail."""
    sender = address(email.get("FromEmailAddress"))
    told = email.get("Destination") or {}
    recipients = [
        address(each) for key in ("ToAddresses", "CcAddresses", "BccAddresses") for each in told.get(key) or ()
    ]
    named = email.get("ConfigurationSetName") or _default_set(sender)
    return [
        _arn("identity", sender),
        *(_arn("identity", each) for each in recipients if ses._identity_verified(each)),
        *([_arn("configuration-set", str(named))] if named else []),
    ]


def of_a_key(action: str, resource: str) -> Iterator[tuple[str, str]]:
    """Actions of KMS with the ARN of the key that encrypts `resource`; nothing where AWS holds the key."""
    also = [each.also for each in TABLE if each.action == action and each.on == KEY]
    key = _key_of(resource) if also else ""
    if not key or "alias/aws/" in key:
        return
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{key}"
    yield from ((each, arn) for actions in also for each in actions)


def _key_of(resource: str) -> str:
    if resource in sns._topics:
        found = sns._topics[resource]
        return str(found.get("attributes", found).get("KmsMasterKeyId") or "")
    for queue in list(sqs._queues.values()):
        if queue["attributes"].get("QueueArn") == resource:
            return str(queue["attributes"].get("KmsMasterKeyId") or "")
    return ""


def _default_set(sender: str) -> str | None:
    """Of the address, else of its domain."""
    return _default_sets.get(_place(sender)) or _default_sets.get(_place(sender.rpartition("@")[2]))


def _place(identity: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), identity


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:ses:{get_region()}:{get_account_id()}:{kind}/{name}"
