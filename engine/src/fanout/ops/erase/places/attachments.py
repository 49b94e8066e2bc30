"""What stands beside their events in S3: answers by claim check, and files. Keys begin with the reference, so nothing is searched."""

from dataclasses import dataclass
from typing import Final

from fanout import names
from fanout.ops.aws.session import Aws
from fanout.ops.erase.places.versions import VersionedBucket, told
from fanout.ops.erase.wanted import Finding, Removal, Wanted
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.words import counted

LONGEST_KEY: Final = 1_024
"""Bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


@dataclass
class AttachedObjects:
    """Every version, and the markers above them. What was sent and belongs to no entry has no reference, and goes within two days."""

    aws: Aws
    bucket: str

    @property
    def name(self) -> str:
        return "attachments"

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        found = Finding(self.name)
        for prefix in (names.CLAIMS_PREFIX, names.FILES_PREFIX):
            for reference in wanted.named(LONGEST_KEY - len(f"{prefix}//")):
                versions, markers = self._bucket.below(f"{prefix}/{reference}/")
                found.handles += [*versions, *markers]
        found.count = found.looked_at = len(found.handles)
        objects = len({each.key for each in found.handles})
        found.what = f"{counted(found.count, 'version')} of {counted(objects, 'object')}"
        return found

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        done = Removal(self.name)
        done.left += told(self._bucket.delete(finding.handles, done, journal))
        return done

    @property
    def _bucket(self) -> VersionedBucket:
        return VersionedBucket(self.aws, self.bucket, self.name)
