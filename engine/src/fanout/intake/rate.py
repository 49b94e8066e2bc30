"""How often one address may send: counted in the table of entries, by the minute, under a hash."""

import hashlib
import ipaddress
import os
import time

from fanout import names
from fanout.runtime.aws import client


def too_many(source: str, most: int) -> bool:
    """Whether this address has asked more than `most` times in this minute. The address itself is not stored."""
    minute = int(time.time()) // 60
    name = hashlib.sha256(f"{minute} {neighbourhood(source)}".encode("utf-8", "replace")).hexdigest()[:32]
    answer = client("dynamodb").update_item(
        TableName=os.environ[names.INTAKE_TABLE],
        Key={"pk": {"S": f"rate#{name}"}},
        UpdateExpression="SET expires_at = :end ADD asked :one",
        ExpressionAttributeValues={":one": {"N": "1"}, ":end": {"N": str((minute + 2) * 60)}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["asked"]["N"]) > most


def neighbourhood(source: str) -> str:
    """An IPv4 address, or the first half of an IPv6 address: whoever has one of these has all of that half."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
