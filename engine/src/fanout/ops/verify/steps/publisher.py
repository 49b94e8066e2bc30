"""Publishing, by somebody who holds the publisher's policy and nothing else."""

import json
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import DENIED, code_of
from fanout.ops.aws.session import Aws
from fanout.ops.verify import session
from fanout.ops.verify.result import Failed, Skipped
from fanout.ops.verify.verification import Verification

_ONCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
_REFUSED = DENIED | {"AuthorizationError", "InvalidClientTokenId"}


def publisher(verification: Verification) -> str:
    """Leaves the happy probe on its way: what it becomes is the next step's."""
    stack = verification.stack
    policy = stack.of_its_topic(names.PUBLISHER_POLICY_ARN_OUTPUT)
    if policy is None:
        raise Skipped(f"the stack has no output {names.PUBLISHER_POLICY_ARN_OUTPUT}: its topic is another's")
    service = session.limited(stack.aws, [policy], verification.role)
    try:
        verification.publish("done", sns=service.sns)
    except ClientError as error:
        raise Failed(f"the publisher's policy does not let publish ({code_of(error)})") from None
    refusals = {name: _refusal(name, call) for name, call in _forbidden(verification, service).items()}
    refusals["plain HTTP"] = _refusal("plain HTTP", lambda: _plainly(verification, service))
    for name, code in refusals.items():
        verification.learn(f"how is {name} refused to a publisher?", code)
    return f"published; refused: {', '.join(refusals)}"


def _forbidden(verification: Verification, service: Aws) -> dict[str, Callable[[], Any]]:
    topic, queue = verification.stack.topic_arn, verification.reached[0].dead_letter_queue_url
    return {
        "GetTopicAttributes": lambda: service.sns.get_topic_attributes(TopicArn=topic),
        "ListSubscriptionsByTopic": lambda: service.sns.list_subscriptions_by_topic(TopicArn=topic),
        "ReceiveMessage": lambda: service.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0),
    }


def _refusal(name: str, call: Callable[[], Any]) -> str:
    """The code with which AWS refuses, or the class of the error where it hangs up. Raises Failed where it does not."""
    try:
        call()
    except ClientError as error:
        code = code_of(error)
        if code not in _REFUSED:
            raise Failed(f"{name} with the publisher's policy: expected a refusal, and AWS said {code}") from None
        return code
    except BotoCoreError as error:
        if name == "plain HTTP":  # nobody listens there, or hangs up
            return type(error).__name__
        raise
    raise Failed(f"{name} is allowed with the publisher's policy alone")


def _plainly(verification: Verification, service: Aws) -> None:
    secure = str(service.sns.meta.endpoint_url)
    plain = service.session.client(
        "sns", endpoint_url=secure.replace("https://", "http://"), region_name=service.region, config=_ONCE
    )
    plain.publish(TopicArn=verification.stack.topic_arn, Message=json.dumps({"plain": "http"}))
