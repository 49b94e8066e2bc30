"""One event, one object: whatever time a retry has, and whoever else uses its id."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from archive_order import handler
from botocore.exceptions import ClientError

from fanout.runtime import identity
from tests.unit.lambdas.given import example, order


class S3:
    """PutObject with If-None-Match: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str, **_: Any) -> None:
        assert IfNoneMatch == "*"
        if Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, "PutObject")
        self.objects[Key] = Body


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    made = S3()
    monkeypatch.setattr(handler, "_s3", made)
    yield made


def archived(**changes: Any) -> None:
    handler.archive_order(order(json.dumps({**example(), "id": "contact:42", **changes})))


def test_a_retry_of_the_same_day_is_the_same_object(s3: S3) -> None:
    for time in ("2026-01-15T00:00:00Z", "2026-01-16T01:59:59+02:00"):
        archived(time=time)
    ((key, body),) = s3.objects.items()
    assert key.startswith(f"events-by-day/2026/01/15/{example()['data']['shop_id']}/contact:42/")
    assert json.loads(body)["time"].startswith("2026-01-15")


def test_a_retry_that_has_the_time_of_another_day_has_the_same_name_there(s3: S3) -> None:
    """`fanout replay` sends one of the two: by its name."""
    for time in ("2026-01-15T23:59:59Z", "2026-01-16T00:00:01Z"):
        archived(time=time)
    assert len(s3.objects) == 2 and len({key.rpartition("/")[2] for key in s3.objects}) == 1


def test_another_source_and_other_content_are_objects_beside_it(s3: S3) -> None:
    archived()
    archived(source="/another")
    archived(data={**example()["data"], "order_id": "another"})
    assert len(s3.objects) == 3 and len({key.rpartition("/")[0] for key in s3.objects}) == 1


def test_an_identity_is_of_source_id_type_and_data() -> None:
    def of(**changes: Any) -> str:
        return identity(order(json.dumps({**example(), **changes})))

    assert of() == of(time="2026-03-01T00:00:00Z", traceparent="x") and len(of()) == 32
    assert len({of(), of(id="another"), of(source="/another"), of(data={**example()["data"], "order_id": "o"})}) == 4
