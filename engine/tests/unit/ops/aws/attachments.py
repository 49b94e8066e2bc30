"""A versioned bucket that browsers post to, and that an intake and tasks use: what S3's guides say of it, and no more."""

import base64
import hashlib
import json
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.ops.aws.s3 import refused
from tests.unit.ops.aws.versions import VersionedS3

BUCKET = "attachments"


class NoSuchKey(ClientError):
    """docs/API/API_GetObject.html#API_GetObject_Errors"""


class AttachmentsS3(VersionedS3):
    """`about` is what S3 keeps beside the bytes of each version."""

    exceptions = SimpleNamespace(NoSuchKey=NoSuchKey, ClientError=ClientError)

    def __init__(self) -> None:
        super().__init__(lambda: 1_800_000_000.0)
        self.address = f"https://{BUCKET}.s3.example.com/"
        self.about: dict[tuple[str, str], dict[str, Any]] = {}

    def arrives(self, key: str, content: str, type_: str, name: str = "") -> None:
        """As a browser posts it; docs/API/sigv4-HTTPPOSTForms.html."""
        self.put(key, content)
        self._describe(key, ContentType=type_, Metadata={"name": name} if name else {})

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        """docs/API/API_HeadObject.html: its errors have no body, so no code but the status."""
        self._asked("HeadObject", {"Bucket": Bucket, "Key": Key})
        if Key not in self.objects:
            raise refused("404", 404)
        return {"ContentLength": len(self.objects[Key].body), **self._newest(Key)}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:
        self._asked("PutObject", {"Bucket": Bucket, "Key": Key})
        self.put(Key, Body.decode())
        self._describe(Key, ContentType=ContentType, Metadata={})
        return {"VersionId": self._newest(Key)["VersionId"]}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str], **more: Any) -> dict[str, Any]:
        """docs/API/API_CopyObject.html: of the version that is named."""
        self._asked("CopyObject", {"Bucket": Bucket, "Key": Key})
        assert more == {"TaggingDirective": "REPLACE", "ChecksumAlgorithm": "SHA256"}
        source = CopySource["Key"], CopySource["VersionId"]
        (body,) = [each.body for each in self.kept if (each.key, each.id) == source]
        assert body is not None
        self.put(Key, body.decode())
        self._describe(Key, **self.about[source])
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return {"VersionId": self._newest(Key)["VersionId"], "CopyObjectResult": {"ChecksumSHA256": digest}}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        try:
            found = super().get_object(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise NoSuchKey(error.response, "GetObject") from None
            raise
        return found

    def generate_presigned_post(
        self, bucket: str, key: str, *, Fields: dict[str, str], Conditions: list[Any], ExpiresIn: int
    ) -> dict[str, Any]:
        """docs/API/sigv4-HTTPPOSTConstructPolicy.html: each field needs a condition."""
        named = {next(iter(each)) if isinstance(each, dict) else str(each[1]).lstrip("$") for each in Conditions}
        assert Fields.keys() <= named, (Fields, Conditions)
        assert ExpiresIn <= 3_600
        policy = base64.b64encode(json.dumps(Conditions).encode()).decode()
        return {"url": self.address, "fields": {**Fields, "key": key, "policy": policy}}

    def _describe(self, key: str, **about: Any) -> None:
        self.about[key, self._newest(key)["VersionId"]] = about

    def _newest(self, key: str) -> dict[str, Any]:
        id_ = next(each.id for each in self.kept if each.key == key)
        return {"VersionId": id_, **self.about.get((key, id_), {})}
