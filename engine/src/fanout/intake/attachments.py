"""What people send beside their answers, in the bucket of `fanout.constructs.attachments`: files, and answers above SNS's limit.

A file goes from the browser to S3, under a policy that this signs: where, how large, of which type, and until when. It waits
there for a day, and an entry that names it has it copied to where it stays, before the entry is stored.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import cache
from typing import Any, Final

from fanout import names
from fanout.intake.definition import Definition, Field
from fanout.runtime.aws import client

SECONDS: Final = 900
"""For which an upload may begin."""
MOST_NAME: Final = 200
"""Characters of a file's name."""
NAME: Final = "name"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Upload:
    """Where a file is posted to as multipart/form-data: these fields, then the field `file`, which S3 wants last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """What is there, as S3 tells: its `size` in bytes, and what the sender said of it."""

    key: str
    version: str
    type: str
    size: int
    name: str


def bucket() -> str | None:
    return os.environ.get(names.ATTACHMENTS_BUCKET)


def upload(definition: Definition, field: Field, id_: str, *, type_: str | None, then: str | None = None) -> Upload:
    """Of a `type_`, or of what the form's own field Content-Type says; `then` is the address that the browser is sent to.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
    """
    fields: dict[str, str] = {f"x-amz-meta-{NAME}": "${filename}"}
    conditions: list[Any] = [
        ["content-length-range", 1, field.most_bytes],
        ["starts-with", f"$x-amz-meta-{NAME}", ""],
        {"Content-Type": type_} if type_ else ["starts-with", "$Content-Type", ""],
    ]
    if type_:
        fields["Content-Type"] = type_
    if then:
        fields["success_action_redirect"] = then
        conditions.append({"success_action_redirect": then})
    made = _signer().generate_presigned_post(
        str(bucket()), _key(definition, field, id_), Fields=fields, Conditions=conditions, ExpiresIn=SECONDS
    )
    return Upload(made["url"], made["fields"])


def sent(definition: Definition, field: Field, id_: str) -> Sent | None:
    """None where there is nothing, or not what the field allows."""
    key, s3 = _key(definition, field, id_), client("s3")
    try:
        found = s3.head_object(Bucket=bucket(), Key=key)
    except s3.exceptions.ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
            return None
        raise
    kind, size = str(found.get("ContentType", "")), int(found["ContentLength"])
    if kind not in field.media_types or not 1 <= size <= field.most_bytes:
        return None
    return Sent(key, str(found["VersionId"]), kind, size, _name(found.get("Metadata", {}).get(NAME, "")))


def keep(found: Sent, field: Field, reference: str) -> dict[str, Any]:
    """Copies it to where it stays: what the event says of it. Its tags stay behind, so that a scanner looks at the copy anew."""
    key = f"{names.FILES_PREFIX}/{reference}/{field.name}"
    answer = client("s3").copy_object(
        Bucket=bucket(),
        Key=key,
        CopySource={"Bucket": bucket(), "Key": found.key, "VersionId": found.version},
        TaggingDirective="REPLACE",
        ChecksumAlgorithm="SHA256",
    )
    told: dict[str, Any] = {"bucket": bucket(), "key": key, "version": answer["VersionId"], "type": found.type}
    checksum = answer.get("CopyObjectResult", {}).get("ChecksumSHA256")
    return (
        told
        | {"size": found.size}
        | ({"name": found.name} if found.name else {})
        | ({"sha256": checksum} if checksum else {})
    )


def put(key: str, content: bytes) -> None:
    """A claim."""
    client("s3").put_object(Bucket=bucket(), Key=key, Body=content, ContentType="application/json")


def _key(definition: Definition, field: Field, id_: str) -> str:
    return f"{names.UPLOADS_PREFIX}/{definition.name}/{field.name}/{id_}"


def _name(told: str) -> str:
    """The last part of what the sender's machine called it, in one line; S3 hands back what is not ASCII as mail does."""
    try:
        text = str(make_header(decode_header(told)))
    except (HeaderParseError, LookupError, ValueError):
        text = told
    return _CONTROL.sub("", re.split(r"[/\\]", text)[-1].encode("utf-8", "ignore").decode())[:MOST_NAME].strip()


@cache
def _signer() -> Any:
    """With the Region in the address: S3 redirects a POST to the address without it, for hours of a new bucket, and a form is not
    sent twice; and with the signature that a customer key asks for.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html"""
    import boto3
    from botocore.config import Config

    style: Any = {} if os.environ.get("AWS_ENDPOINT_URL") else {"addressing_style": "virtual"}
    return boto3.client("s3", config=Config(signature_version="s3v4", s3=style))
