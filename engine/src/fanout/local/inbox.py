"""What came in on this machine: e-mails that SES was given, and requests to the receiver. Bodies on demand alone."""

from typing import Any

from fanout.local.evidence import Evidence


def inbox(seen: Evidence, *, reveal: bool) -> dict[str, list[dict[str, Any]]]:
    emails = [
        {
            "from": each.sender,
            "to": list(each.to),
            **({"subject": each.subject, "body": each.text} if reveal else {}),
        }
        for each in seen.emails()
    ]
    webhooks = [
        {
            "received_at": each.received_at,
            "path": each.path,
            "bytes": len(each.body.encode()),
            "answer": each.answer,
            **({"headers": each.headers, "body": each.body} if reveal else {}),
        }
        for each in seen.receiver.requests()
    ]
    return {"emails": emails, "webhooks": webhooks}
