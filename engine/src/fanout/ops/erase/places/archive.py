"""The archive: every version of every object with an event of theirs, and the delete markers above them.

Keys name an event's day and id, not its reference, so bodies are read: those of the days that the records tell, and any
whose key has the id of an event that is known to be theirs; else all. Listing is a thousand keys a request, several
prefixes side by side. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import code_of
from fanout.ops.completeness import Completeness
from fanout.ops.erase.places.versions import Version, VersionedBucket, told, version_of
from fanout.ops.erase.wanted import MOST_NAMED, Finding, Removal, Wanted, read_event
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.ops.replay.archive import LARGEST, Archive
from fanout.words import counted

LISTERS, READERS, PAGE = 8, 16, 1_000
GONE: Final = ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed")
FROZEN: Final = "InvalidObjectState"
"""In Glacier: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""


@dataclass(frozen=True)
class Scope:
    """`days` whose events are read, None: all; where `only`, nothing else is even listed, as the operator has said so."""

    days: frozenset[date] | None = None
    only: bool = False

    def __str__(self) -> str:
        if self.days is None:
            return "every object"
        which = f"{min(self.days)} to {max(self.days)}" if self.days else "no day"
        return f"the events of {which}" + ("" if self.only else ", and those whose ids are known")

    def has(self, version: Version, ids: set[str]) -> bool:
        """Whether its body has to be read."""
        parts = version.key.split("/")
        if self.days is None or not ids.isdisjoint(each.removesuffix(".json") for each in parts):
            return True
        if parts[0] == names.ARCHIVE_PREFIX:
            return _day(parts) in self.days
        return version.at.date() in self.days


@dataclass
class _Page:
    versions: list[Version]
    after: dict[str, str] | None


@dataclass(frozen=True)
class _Part:
    """Of the bucket: what begins with `prefix`; where `flat`, without what is below it."""

    prefix: str
    flat: bool = False
    after: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass
class ArchivedVersions:
    archive: Archive
    scope: Scope | None = None
    """As the operator said it; None: as the records tell."""
    _used: Scope | None = None

    @property
    def name(self) -> str:
        return "archive"

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        found, seen = Finding(self.name), Counter[str]()
        scope = self._used = self._used or self.scope or Scope(frozenset(wanted.days) if wanted.is_dated else None)
        mentions: list[str] = []
        with ThreadPoolExecutor(READERS) as readers:
            for page in self._pages(scope):
                found.looked_at += len(page)
                some = [each for each in page if scope.has(each, wanted.event_ids)]
                for version, body in zip(some, readers.map(self._body, some), strict=True):
                    seen["read"] += 1
                    self._judge(version, body, wanted, found, seen, mentions)
                report(f"archive: {found.looked_at} versions listed, {seen['read']} read, {len(found.handles)} found")
        found.count = len(found.handles)
        objects = len({each.key for each in found.handles})
        found.what = f"{counted(found.count, 'version')} of {counted(objects, 'object')}"
        found.notes.append(f"looked at {scope}: {counted(seen['read'], 'version')} read of {found.looked_at}")
        if mentions:
            found.notes.append(f"{counted(seen['mentions'], 'object')} of others mention it, and stay:")
            found.notes += mentions
        found.completeness = _unseen(seen)
        return found

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        """The versions that were found; then the markers above them, where nothing else is left of the object."""
        bucket = self._bucket
        done = Removal(self.name)
        refused = bucket.delete(finding.handles, done, journal)
        for key in sorted({each.key for each in finding.handles}):
            versions, markers = bucket.below(key, only=key)
            if markers and not versions:
                refused += bucket.delete(markers, Removal(self.name), journal)
        done.left += told(refused)
        return done

    @property
    def _bucket(self) -> VersionedBucket:
        return VersionedBucket(self.archive.aws, self.archive.bucket, self.name)

    def _judge(
        self,
        version: Version,
        body: bytes | str | None,
        wanted: Wanted,
        found: Finding,
        seen: Counter[str],
        mentions: list[str],
    ) -> None:
        if isinstance(body, str):
            seen[body] += 1
            return
        if body is None:
            return
        event = read_event(body)
        if wanted.owns(event):
            found.handles.append(version)
            wanted.learn(event)
        elif wanted.is_mentioned(body):
            seen["mentions"] += 1
            if len(mentions) < MOST_NAMED:
                mentions.append(f"  {version.key}")
            seen["odd"] += not isinstance(event, dict)

    def _pages(self, scope: Scope) -> Iterator[list[Version]]:
        """Each part page after page, as each begins where the one before ended; several parts at a time."""
        waiting = deque(self._parts(scope))
        running: dict[Future[_Page], _Part] = {}
        with ThreadPoolExecutor(LISTERS) as listers:
            try:
                while waiting or running:
                    while waiting and len(running) < LISTERS:
                        part = waiting.popleft()
                        running[listers.submit(self._page, part)] = part
                    for each in wait(running, return_when=FIRST_COMPLETED).done:
                        part, page = running.pop(each), each.result()
                        if page.after is not None:
                            waiting.append(replace(part, after=page.after))
                        yield page.versions
            finally:
                listers.shutdown(cancel_futures=True)

    def _parts(self, scope: Scope) -> Iterator[_Part]:
        yield _Part("", flat=True)
        for prefix in self._below(""):
            if prefix != f"{names.ARCHIVE_PREFIX}/":
                yield _Part(prefix)
        if scope.only and scope.days is not None:
            yield from (_Part(f"{names.ARCHIVE_PREFIX}/{day:%Y/%m/%d}/") for day in sorted(scope.days))
            return
        yield _Part(f"{names.ARCHIVE_PREFIX}/", flat=True)
        for year in self._below(f"{names.ARCHIVE_PREFIX}/"):
            yield _Part(year, flat=True)
            yield from map(_Part, self._below(year))

    def _below(self, prefix: str) -> Iterator[str]:
        pages = self.archive.aws.s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.archive.bucket, Prefix=prefix, Delimiter="/"):
            yield from (each["Prefix"] for each in page.get("CommonPrefixes", []))

    def _page(self, part: _Part) -> _Page:
        asked: Any = {"Bucket": self.archive.bucket, "Prefix": part.prefix, "MaxKeys": PAGE, **part.after}
        if part.flat:
            asked["Delimiter"] = "/"
        answer = self.archive.aws.s3.list_object_versions(**asked)
        after = None
        if answer.get("IsTruncated"):
            after = {"KeyMarker": answer["NextKeyMarker"]}
            if answer.get("NextVersionIdMarker"):
                after["VersionIdMarker"] = answer["NextVersionIdMarker"]
        return _Page([version_of(each) for each in answer.get("Versions", [])], after)

    def _body(self, version: Version) -> bytes | str | None:
        """None: it went in the meantime; a word: why it was not read."""
        if version.size > LARGEST:
            return "large"
        try:
            answer = self.archive.aws.s3.get_object(Bucket=self.archive.bucket, Key=version.key, VersionId=version.id)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            if code_of(error) == FROZEN:
                return "in Glacier"
            raise
        with answer["Body"] as stream:
            return stream.read()


def _day(parts: list[str]) -> date | None:
    try:
        return date(*map(int, parts[1:4]))
    except (ValueError, TypeError, OverflowError):
        return None


def _unseen(seen: Counter[str]) -> Completeness:
    lines = {
        "large": "are larger than an event can be, and were not read",
        "in Glacier": "are in Glacier, and were not read: restore them first",
        "odd": "are no events and have it in them: look at them yourself",
    }
    return Completeness(tuple(f"{counted(seen[each], 'object')} {line}" for each, line in lines.items() if seen[each]))
