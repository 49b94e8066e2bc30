"""The archive: which bucket, who fills it, what it lacks, and reading it.

Its objects are the events as they were published, one each. Today's keys begin with a day (`fanout.runtime.archive_key`);
engines before 0.6 wrote `<group>/...` without one, and these objects are found by the day on which they were archived.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import code_of, one_line
from fanout.errors import OpsError
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.replay.plan import Listed, Prefix
from fanout.ops.replay.selection import Selection

PAGE: Final = 1_000
"""Keys of a page: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""
READERS: Final = 64
"""Objects that are read at once: with 50 ms a call, as many as keep the SDK busy."""
LARGEST: Final = 1_048_576
"""Bytes of an object that can be an event's: SQS takes no larger message."""
GONE, CHANGED = ("NoSuchKey", "404"), ("PreconditionFailed", "412")
FROZEN = "InvalidObjectState"
"""In Glacier: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
_EARLY: Final = timedelta(days=1)
"""An event's own time may be ahead of that at which it was archived."""


@dataclass(frozen=True)
class Unread(Exception):
    """An object that is not what was listed, or `is_there` and cannot be sent; `why` in words."""

    why: str
    is_there: bool = False


@dataclass(frozen=True)
class Archive:
    aws: Aws
    bucket: str

    @classmethod
    def of(cls, stack: Stack, bucket: str | None) -> "Archive":
        """Raises OpsError where neither the stack nor an option names one."""
        found = bucket or stack.outputs.get(names.ARCHIVE_BUCKET_OUTPUT)
        if not found:
            raise OpsError(
                f"the stack {stack.name} has no archive: it has no output {names.ARCHIVE_BUCKET_OUTPUT}; give --bucket"
            )
        return cls(stack.aws, found)

    def now(self) -> datetime:
        """By AWS's clock; raises what S3 says, so a missing bucket or right is told at once."""
        answer = self.aws.s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
        return date_of(answer) or datetime.now(UTC)

    def prefixes(self, selection: Selection) -> Iterator[Prefix]:
        """All that can hold an event of the selection: its days, and the groups of older engines."""
        group = "" if selection.group is None else f"{selection.group or '-'}/"
        for day in selection.days:
            yield Prefix(f"{names.ARCHIVE_PREFIX}/{day:%Y/%m/%d}/{group}", day.isoformat())
        if selection.group:
            yield Prefix(group, None)
        elif selection.group is None:
            yield from (Prefix(each, None) for each in self._groups())

    def _groups(self) -> Iterator[str]:
        for page in self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Delimiter="/"):
            for each in page.get("CommonPrefixes", []):
                if each["Prefix"] != f"{names.ARCHIVE_PREFIX}/":
                    yield each["Prefix"]

    def page(self, prefix: Prefix, selection: Selection, began: datetime) -> tuple[list[Listed], str | None]:
        """What is listed of it from `prefix.after` on, and where the next page begins; None: there is none.

        Left out is what came after the replay began, and what was archived before its first day.
        """
        asked: Any = {"Bucket": self.bucket, "Prefix": prefix.prefix, "MaxKeys": PAGE}
        if prefix.after:
            asked["StartAfter"] = prefix.after
        answer = self.aws.s3.list_objects_v2(**asked)
        contents = answer.get("Contents", [])
        after = contents[-1]["Key"] if answer.get("IsTruncated") and contents else None
        earliest = selection.since - _EARLY if prefix.day is None else datetime.min.replace(tzinfo=UTC)
        listed = [
            Listed(each["Key"], each["ETag"], each["Size"], each["LastModified"].timestamp())
            for each in contents
            if earliest <= each["LastModified"] <= began and not each["Key"].endswith("/")
        ]
        return listed, after

    def body(self, key: str, etag: str) -> str:
        """The event as it was published. Raises Unread when it is not there any more, or is no text; and what S3 says."""
        try:
            answer = self.aws.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            if code_of(error) in GONE:
                raise Unread("it was deleted since it was counted") from None
            if code_of(error) in CHANGED:
                raise Unread("it was changed since it was counted") from None
            if code_of(error) == FROZEN:
                raise Unread("it is in Glacier: restore it first", is_there=True) from None
            raise
        with answer["Body"] as stream:
            if answer["ContentLength"] > LARGEST:
                raise Unread("it is larger than a message can be", is_there=True)
            try:
                return stream.read().decode()
            except UnicodeDecodeError:
                raise Unread("it is no UTF-8", is_there=True) from None


@dataclass(frozen=True)
class Lacking:
    """What the archive does not have, as far as the task that fills it is known: None where no task of the stack does.

    `dead` and `waiting`: in that task's two queues now. `unread`: why they are not counted.
    """

    task: str | None
    dead: int = 0
    waiting: int = 0
    unread: str = ""


def lacking(stack: Stack, bucket: str) -> Lacking:
    """The task is the one whose function has the bucket's name in a variable."""
    for each in stack.subscribers:
        try:
            if bucket not in variables(each).values():
                continue
            dead, waiting = (
                browse.read_depth(stack.aws, url).all if url else 0
                for url in (each.dead_letter_queue_url, each.queue_url)
            )
            return Lacking(each.task, dead, waiting)
        except (ClientError, BotoCoreError) as error:
            return Lacking(each.task, unread=one_line(error))
    return Lacking(None)


def variables(subscriber: DeployedSubscriber) -> dict[str, str]:
    """Of the function that runs the task; none where it has none."""
    if not subscriber.function_name:
        return {}
    return dict(subscriber.function.get("Environment", {}).get("Variables", {}))


def date_of(answer: Any) -> datetime | None:
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(said).astimezone(UTC) if isinstance(said, str) else None
