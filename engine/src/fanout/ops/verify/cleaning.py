"""What runs of `fanout verify` leave behind: dead letters that are probes, by this run or one that was killed."""

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.verify.probes import PREFIX, is_probe


def clean(stack: Stack, prefix: str = PREFIX) -> tuple[int, list[str]]:
    """How many probes were deleted from the dead-letter queues, and for each that could not be cleaned one line why.

    Probes in a task's own queue end there by themselves.
    """
    count, problems = 0, []
    for subscriber in stack.with_letters(None):
        try:
            gone, left = _of(subscriber, prefix)
        except (ClientError, BotoCoreError) as error:
            problems.append(f"{subscriber.task}: {one_line(error)}")
            continue
        count += gone
        if left:
            problems.append(f"{subscriber.task}: {left} probes could not be deleted")
    return count, problems


def _of(subscriber: DeployedSubscriber, prefix: str) -> tuple[int, int]:
    url = subscriber.dead_letter_queue_url
    if not browse.read_depth(subscriber.aws, url).all:
        return 0, 0
    gone: list[DeadLetterMessage] = []
    with browse.browse(subscriber.aws, url, limit=browse.MOST) as browsing:
        mine = [each for page in browsing.pages() for each in page if is_probe(each, prefix)]
        gone = delete(subscriber, mine, browsing)
    return len(gone), len(mine) - len(gone)
