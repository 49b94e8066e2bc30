"""S3 in memory, with what its documentation says of listing, reading and versions, and no more.

Each behaviour names its source; `docs` is https://docs.aws.amazon.com/AmazonS3/latest.
"""

import hashlib
import io
import threading
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

MOST_KEYS = 1_000
"""docs/API/API_ListObjectsV2.html: a page has at most so many keys and common prefixes."""


@dataclass(frozen=True)
class Object:
    body: bytes
    at: datetime

    @property
    def etag(self) -> str:
        """docs/API/API_Object.html: with quotes around it."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


class S3:
    """`around` is called before each operation, and may raise. `versions` counts what a versioned bucket keeps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.objects: dict[str, Object] = {}
        self.keys: list[str] = []
        self.calls: Counter[str] = Counter()
        self.around: Callable[[str, dict[str, Any]], None] = lambda operation, asked: None
        self._lock = threading.Lock()

    # ---- what tests put in

    def put(self, key: str, body: str, at: datetime | None = None) -> None:
        """What stood there becomes a noncurrent version: docs/userguide/Versioning.html."""
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = Object(body.encode(), at or datetime.fromtimestamp(self.clock(), UTC))

    def delete(self, key: str) -> None:
        """A delete marker: neither listed nor read. docs/userguide/DeleteMarker.html"""
        self.keys.remove(key)
        del self.objects[key]

    # ---- the operations

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """docs/API/API_ListObjectsV2.html: in the order of the keys' UTF-8 bytes, from behind StartAfter or where the token
        says; keys with the delimiter behind the prefix are one common prefix."""
        self._asked("ListObjectsV2", asked)
        prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter")
        most = min(asked.get("MaxKeys", MOST_KEYS), MOST_KEYS)
        after = asked.get("ContinuationToken", asked.get("StartAfter", ""))
        begin = max(bisect_left(self.keys, prefix), bisect_right(self.keys, after) if after else 0)
        contents: list[dict[str, Any]] = []
        prefixes: list[dict[str, str]] = []
        index = begin
        while index < len(self.keys) and self.keys[index].startswith(prefix) and len(contents) + len(prefixes) < most:
            key = self.keys[index]
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if delimiter and cut >= 0:
                common = key[: cut + 1]
                prefixes.append({"Prefix": common})
                last = common + "\U0010ffff"
                index = bisect_right(self.keys, last)
                continue
            one = self.objects[key]
            contents.append({"Key": key, "ETag": one.etag, "Size": len(one.body), "LastModified": one.at})
            last = key
            index += 1
        more = index < len(self.keys) and self.keys[index].startswith(prefix)
        answer: dict[str, Any] = {"IsTruncated": more, "KeyCount": len(contents) + len(prefixes)}
        if contents:
            answer["Contents"] = contents
        if prefixes:
            answer["CommonPrefixes"] = prefixes
        if more:
            answer["NextContinuationToken"] = last if most else ""
        now = format_datetime(datetime.fromtimestamp(self.clock(), UTC), usegmt=True)
        return {**answer, "ResponseMetadata": {"HTTPHeaders": {"date": now}}}

    def get_paginator(self, operation: str) -> "Pages":
        assert operation == "list_objects_v2"
        return Pages(self)

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str | None = None) -> dict[str, Any]:
        """docs/API/API_GetObject.html"""
        self._asked("GetObject", {"Bucket": Bucket, "Key": Key})
        found = self.objects.get(Key)
        if found is None:
            raise refused("NoSuchKey", 404)
        if IfMatch is not None and IfMatch != found.etag:
            raise refused("PreconditionFailed", 412)
        return {"Body": io.BytesIO(found.body), "ContentLength": len(found.body), "ETag": found.etag}

    def _asked(self, operation: str, asked: dict[str, Any]) -> None:
        with self._lock:
            self.calls[operation] += 1
            self.around(operation, asked)


@dataclass
class Pages:
    s3: S3

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self.s3.list_objects_v2(**asked, **token)
            yield page
            if not page["IsTruncated"]:
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


def refused(code: str, status: int) -> ClientError:
    told: Any = {"HTTPStatusCode": status, "RetryAttempts": 0}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": told}, "Operation")
