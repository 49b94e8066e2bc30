"""Versions of a bucket's objects, and the markers of their deletion, removed for good."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fanout.ops.aws.session import Aws
from fanout.ops.erase.wanted import Removal, hashed
from fanout.ops.journal import Journal
from fanout.words import counted

PORTION: Final = 1_000


@dataclass(frozen=True, slots=True)
class Version:
    """`id` is "null" where the bucket kept no versions when it was written. `at`: when that was."""

    key: str
    id: str
    at: datetime
    size: int = 0


@dataclass(frozen=True)
class VersionedBucket:
    """`place` is the word by which the journal has it."""

    aws: Aws
    name: str
    place: str

    def below(self, prefix: str, *, only: str | None = None) -> tuple[list[Version], list[Version]]:
        """Versions and delete markers of the keys that begin with `prefix`; or of one of them `only`."""
        versions: list[Version] = []
        markers: list[Version] = []
        pages = self.aws.s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            versions += [version_of(each) for each in page.get("Versions", []) if only in (None, each["Key"])]
            markers += [version_of(each) for each in page.get("DeleteMarkers", []) if only in (None, each["Key"])]
        return versions, markers

    def delete(self, versions: list[Version], done: Removal, journal: Journal) -> Counter[str]:
        """Counts in `done`; what S3 refused, by its codes. Retention is not bypassed.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
        refused = Counter[str]()
        for begin in range(0, len(versions), PORTION):
            done.removed += self._delete(versions[begin : begin + PORTION], journal, refused)
        return refused

    def _delete(self, versions: list[Version], journal: Journal, refused: Counter[str]) -> int:
        ids = hashed(f"{each.key} {each.id}" for each in versions)
        journal.write("erasing", place=self.place, versions=ids)
        answer = self.aws.s3.delete_objects(
            Bucket=self.name,
            Delete={"Objects": [{"Key": each.key, "VersionId": each.id} for each in versions]},
        )
        gone = {(each["Key"], each.get("VersionId")) for each in answer.get("Deleted", [])}
        refused.update(each.get("Code", "unknown") for each in answer.get("Errors", []))
        ids = hashed(f"{key} {id_}" for key, id_ in sorted(gone, key=str))
        journal.write("erased", place=self.place, versions=ids)
        return len(gone)


def version_of(told: Any) -> Version:
    """From S3's listing."""
    return Version(told["Key"], told["VersionId"], told["LastModified"], told.get("Size", 0))


def told(refused: Counter[str]) -> list[str]:
    """What S3 refused, in words."""
    lines = []
    for code, count in sorted(refused.items()):
        why = "Object Lock, a legal hold, or no right to s3:DeleteObjectVersion" if code == "AccessDenied" else ""
        lines.append(f"S3 refused {counted(count, 'version')} ({code}{': ' if why else ''}{why})")
    return lines
