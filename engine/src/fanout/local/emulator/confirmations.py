"""ministack 1.5.33, corrected: a subscription by HTTP that CloudFormation makes is asked for its confirmation, as any other.

It is pending until somebody sends the token back: https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

import asyncio
import uuid
from threading import Thread
from typing import Any

from ministack.services import sns  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

_HANDLERS = provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]
_create = _HANDLERS["create"]


def _and_ask(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    made = _create(logical_id, props, stack_name)
    topic = sns._topics.get(props.get("TopicArn", ""))
    for each in topic["subscriptions"] if topic else ():
        if each["arn"] == made[0] and not each["confirmed"]:
            each["token"] = str(uuid.uuid4())
            each["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
            asked = sns._send_subscription_confirmation(topic["arn"], each)
            Thread(target=asyncio.run, args=(asked,), daemon=True).start()
    return made


def correct() -> None:
    _HANDLERS["create"] = _and_ask
