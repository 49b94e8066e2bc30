"""Two queues in memory, with what a redrive relies on: receives that hide, deletes by receipt, and counts of calls."""

import itertools
import json
import time
from collections import Counter, deque
from typing import Any


class FakeSqs:
    """`dead` are the messages that nobody holds; `sent` counts messages by event id."""

    def __init__(self, messages: int, *, lease_ends: bool = True) -> None:
        self.dead: deque[tuple[str, str]] = deque((f"m{n}", f"e{n}") for n in range(messages))
        self.held: dict[str, tuple[str, str, float]] = {}
        self.sent: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.refuse: set[str] = set()
        self.die_again: set[str] = set()
        self.die_after_send = -1
        self._receipts = itertools.count()
        self._lease_ends = lease_ends

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        self.calls["receive"] += 1
        self._expire()
        messages = []
        for _ in range(min(asked["MaxNumberOfMessages"], len(self.dead))):
            id_, event_id = self.dead.popleft()
            receipt = str(next(self._receipts))
            self.held[receipt] = (id_, event_id, time.monotonic() + asked["VisibilityTimeout"])
            body = json.dumps({"id": event_id, "data": {"shop_id": "f"}})
            sent = int((time.time() + 60) * 1000) if id_.startswith("again") else 1
            messages.append(
                {"MessageId": id_, "ReceiptHandle": receipt, "Body": body, "Attributes": {"SentTimestamp": str(sent)}}
            )
        return {"Messages": messages}

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        self.calls["send"] += 1
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        for each in asked["Entries"]:
            event_id = json.loads(each["MessageBody"])["id"]
            if event_id in self.refuse:
                answer["Failed"].append({"Id": each["Id"], "Code": "Refused", "SenderFault": True})
                continue
            self.sent[event_id] += 1
            if event_id in self.die_again:
                self.dead.append((f"again-{event_id}", event_id))
            answer["Successful"].append({"Id": each["Id"], "MessageId": f"new-{event_id}-{self.sent[event_id]}"})
        if self.calls["send"] == self.die_after_send:
            raise KeyboardInterrupt
        return answer

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        self.calls["delete"] += 1
        for each in asked["Entries"]:
            self.held.pop(each["ReceiptHandle"], None)
        return {"Successful": [{"Id": each["Id"]} for each in asked["Entries"]]}

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        self.calls["show"] += 1
        for each in asked["Entries"]:
            found = self.held.pop(each["ReceiptHandle"], None)
            if found:
                self.dead.append(found[:2])
        return {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        self.calls["count"] += 1
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(len(self.dead)),
                "ApproximateNumberOfMessagesNotVisible": str(len(self.held)),
                "ApproximateNumberOfMessagesDelayed": "0",
            }
        }

    def come_back(self) -> None:
        """Every visibility is over, as after a kill."""
        self.dead.extend(each[:2] for each in self.held.values())
        self.held.clear()

    def _expire(self) -> None:
        if self._lease_ends:
            now = time.monotonic()
            for receipt in [receipt for receipt, each in self.held.items() if each[2] <= now]:
                self.dead.append(self.held.pop(receipt)[:2])
