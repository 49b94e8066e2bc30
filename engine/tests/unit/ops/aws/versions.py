"""A versioned bucket in memory: S3's double, with every version and delete marker. `docs` is as there."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.unit.ops.aws.s3 import MOST_KEYS, S3, refused


@dataclass
class Kept:
    """`body` is None for a delete marker. `lock`: the code with which S3 refuses to delete it."""

    key: str
    id: str
    at: datetime
    body: bytes | None
    lock: str | None = None


class VersionedS3(S3):
    """Newest first within a key: docs/userguide/list-obj-version-enabled-bucket.html."""

    kept: list[Kept]
    page: int = MOST_KEYS

    def put(self, key: str, body: str, at: datetime | None = None) -> None:
        super().put(key, body, at)
        self._keep(key, body.encode(), at)

    def delete(self, key: str) -> None:
        super().delete(key)
        self._keep(key, None, None)

    def _keep(self, key: str, body: bytes | None, at: datetime | None) -> None:
        self.kept = getattr(self, "kept", [])
        moment = at or datetime.fromtimestamp(self.clock(), UTC)
        self.kept.insert(0, Kept(key, f"v{len(self.kept)}", moment, body))

    def words(self, word: str) -> list[str]:
        """Keys of versions that have it in them."""
        return [each.key for each in getattr(self, "kept", []) if each.body and word.encode() in each.body]

    def list_object_versions(self, **asked: Any) -> dict[str, Any]:
        """docs/API/API_ListObjectVersions.html: by key, then newest first, from behind the two markers."""
        self._asked("ListObjectVersions", asked)
        prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter")
        all_ = sorted(getattr(self, "kept", []), key=lambda each: each.key)
        behind = [each for each in all_ if each.key.startswith(prefix)]
        if marker := asked.get("KeyMarker"):
            of_key = [each.id for each in behind if each.key == marker]
            seen = set(of_key[: of_key.index(asked["VersionIdMarker"]) + 1] if "VersionIdMarker" in asked else of_key)
            behind = [each for each in behind if each.key > marker or (each.key == marker and each.id not in seen)]
        common = {}
        if delimiter:
            cut = [(each, each.key.find(delimiter, len(prefix))) for each in behind]
            common = {each.key[: at + 1]: None for each, at in cut if at >= 0}
            behind = [each for each, at in cut if at < 0]
        page = behind[: min(self.page, asked.get("MaxKeys", MOST_KEYS))]
        answer: dict[str, Any] = {
            "IsTruncated": len(page) < len(behind),
            "Versions": [
                {"Key": each.key, "VersionId": each.id, "LastModified": each.at, "Size": len(each.body)}
                for each in page
                if each.body is not None
            ],
            "DeleteMarkers": [
                {"Key": each.key, "VersionId": each.id, "LastModified": each.at} for each in page if each.body is None
            ],
            "CommonPrefixes": [{"Prefix": each} for each in common],
        }
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": page[-1].key, "NextVersionIdMarker": page[-1].id}
        return answer

    def get_paginator(self, operation: str) -> Any:
        return super().get_paginator(operation) if operation == "list_objects_v2" else VersionPages(self)

    def get_object(self, **asked: Any) -> dict[str, Any]:
        if "VersionId" not in asked:
            return super().get_object(**asked)
        self._asked("GetObject", asked)
        for each in getattr(self, "kept", []):
            if (each.key, each.id) == (asked["Key"], asked["VersionId"]):
                if each.body is None:
                    raise refused("MethodNotAllowed", 405)
                return {"Body": io.BytesIO(each.body), "ContentLength": len(each.body)}
        raise refused("NoSuchVersion", 404)

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        """docs/API/API_DeleteObjects.html: each by itself; of a version that is not there it says that it is deleted."""
        self._asked("DeleteObjects", {"Bucket": Bucket, "Delete": Delete})
        assert 0 < len(Delete["Objects"]) <= MOST_KEYS
        errors, deleted = [], []
        for asked in Delete["Objects"]:
            found = next(
                (each for each in self.kept if (each.key, each.id) == (asked["Key"], asked["VersionId"])), None
            )
            if found is not None and found.lock:
                errors.append({**asked, "Code": found.lock, "Message": "no"})
                continue
            self.kept = [each for each in self.kept if each is not found]
            deleted.append(asked)
        self._settle()
        return {"Deleted": deleted, "Errors": errors}

    def _settle(self) -> None:
        """What is not the newest version's any more is not listed without versions."""
        newest = {each.key: each for each in reversed(self.kept)}
        for key in list(self.keys):
            if key not in newest or newest[key].body is None:
                self.keys.remove(key)
                del self.objects[key]


@dataclass
class VersionPages:
    s3: VersionedS3

    def paginate(self, **asked: Any) -> Any:
        after: dict[str, str] = {}
        while True:
            page = self.s3.list_object_versions(**asked, **after)
            yield page
            if not page["IsTruncated"]:
                return
            after = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
