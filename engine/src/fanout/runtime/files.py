"""A file that came with an event, from the bucket beside the topic. It is in the zip of a task that uses it."""

import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any, Final

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.errors import PermanentError

_KEY: Final = re.compile(rf"{names.FILES_PREFIX}/[A-Za-z0-9][A-Za-z0-9._:-]{{0,255}}/[A-Za-z0-9_-]{{1,64}}")


@dataclass(frozen=True)
class File:
    """`name` is what the person's own machine called it, "" if it said nothing: personal, and never to be trusted as a path.

    `type` is the media type that the person's machine said, one of those that were allowed; `size` its bytes.
    """

    bucket: str
    key: str = field(repr=False)
    version: str = field(repr=False)
    type: str
    size: int
    name: str = field(repr=False)

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """To be read piece by piece. Raises PermanentError where it is gone, and what S3 says: a right that is refused may pass,
        as one is for a file that no scanner has looked at yet."""
        s3 = client("s3")
        try:
            answer = s3.get_object(Bucket=self.bucket, Key=self.key, VersionId=self.version)
        except s3.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "NoSuchVersion"):
                raise PermanentError("a file of the event is gone from the bucket") from None
            raise
        body: AbstractContextManager[IO[bytes]] = answer["Body"]
        return body

    def read(self) -> bytes:
        """All of it, into memory. Raises as `open` does."""
        with self.open() as stream:
            return stream.read()


def attached(value: Any) -> File:
    """What an answer to a question for a file says of it. Raises PermanentError for anything else."""
    told = value if isinstance(value, dict) else {}
    bucket, key, version, type_ = (str(told.get(each, "")) for each in ("bucket", "key", "version", "type"))
    if not (_KEY.fullmatch(key) and version and type(told.get("size")) is int):
        raise PermanentError("an answer that should be a file is none")
    if bucket != os.environ.get(names.ATTACHMENTS_BUCKET):
        raise PermanentError("a file is in a bucket that this task was not given: say attachments= of its topic")
    return File(bucket, key, version, type_, told["size"], str(told.get("name", "")))
