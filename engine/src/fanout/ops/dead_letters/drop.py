"""`fanout dead drop`: each message is in a file, on the disk, before it is deleted."""

from pathlib import Path

from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import export as exporting
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal, about

_PORTION = 200


def drop(
    subscriber: DeployedSubscriber, selection: Selection, journal: Journal, reason: str, stop: Stop
) -> tuple[int, Path, bool]:
    """How many, where they are now, and whether the whole queue was looked at."""
    path = exporting.default_path(subscriber.task, "dropped", journal.run)
    explainer = Explainer(subscriber.aws, subscriber)
    dropped = 0
    url = subscriber.dead_letter_queue_url
    with exporting.new_file(path) as file, browse.browse(subscriber.aws, url, limit=browse.MOST) as browsing:
        portion: list[DeadLetterMessage] = []

        def bury() -> int:
            picked = selection.pick(portion, explainer)
            exporting.append(file, subscriber, picked)
            journal.write_all({"step": "dropping", **_told(subscriber, each, reason, path)} for each in picked)
            gone = delete(subscriber, picked, browsing)
            journal.write_all({"step": "dropped", **_told(subscriber, each, reason, path)} for each in gone)
            portion.clear()
            return len(gone)

        for page in browsing.pages():
            portion += page
            if len(portion) >= _PORTION:
                dropped += bury()
            if stop or selection.is_satisfied:
                break
        dropped += bury()
    if not dropped:
        path.unlink()
    return dropped, path, browsing.complete or selection.is_satisfied


def delete(
    subscriber: DeployedSubscriber, messages: list[DeadLetterMessage], browsing: browse.Browse
) -> list[DeadLetterMessage]:
    """Those that SQS says are gone; the others stay."""
    gone: list[DeadLetterMessage] = []
    for start in range(0, len(messages), browse.TEN):
        some = messages[start : start + browse.TEN]
        entries = [{"Id": str(number), "ReceiptHandle": each.receipt_handle} for number, each in enumerate(some)]
        answer = subscriber.aws.sqs.delete_message_batch(
            QueueUrl=subscriber.dead_letter_queue_url,
            Entries=entries,  # type: ignore[arg-type]
        )
        accepted = {each["Id"] for each in answer.get("Successful", [])}
        gone += [each for number, each in enumerate(some) if str(number) in accepted]
    browsing.forget(gone)
    return gone


def _told(subscriber: DeployedSubscriber, message: DeadLetterMessage, reason: str, path: Path) -> dict[str, object]:
    return about(message, task=subscriber.task, queue=subscriber.dead_letter_queue_name, reason=reason, file=path.name)
