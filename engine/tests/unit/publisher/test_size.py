"""One count of bytes, for what is published and for what is sent back."""

import pytest

from fanout.publisher.size import message_size


@pytest.mark.parametrize(
    ("body", "attributes", "size"),
    [
        ("", {}, 0),
        ("abc", {}, 3),
        ("€", {}, 3),
        ("", {"ä": {"DataType": "String", "StringValue": "€"}}, 2 + 6 + 3),
        ("x", {"raw": {"DataType": "Binary", "BinaryValue": b"\x00" * 100}}, 1 + 3 + 6 + 100),
        ("\U0001f600", {"n": {"DataType": "Number.int", "StringValue": "5"}}, 4 + 1 + 10 + 1),
    ],
)
def test_bytes_are_counted_as_sns_and_sqs_count_them(
    body: str, attributes: dict[str, dict[str, object]], size: int
) -> None:
    assert message_size(body, attributes) == size
