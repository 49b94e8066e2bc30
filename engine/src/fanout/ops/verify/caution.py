"""Why a stack is not verified without --yes: what it holds is real, or others listen to its topic."""

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.ops.verify.verification import Verification
from fanout.words import counted


def is_production(verification: Verification) -> bool:
    """It keeps what it holds, says so of itself, or is protected."""
    template = verification.template.template
    if template.get("Metadata", {}).get(names.METADATA, {}).get(names.PRODUCTION_METADATA):
        return True
    kept = any(
        "Retain" in str(each.get("DeletionPolicy"))
        for each in template.get("Resources", {}).values()
        if each.get("Type") in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket")
    )
    stack = verification.stack
    (described,) = stack.aws.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    return kept or bool(described.get("EnableTerminationProtection"))


def reasons(verification: Verification) -> list[str]:
    """Each in a few words; empty: it may be verified by whoever asks."""
    found = ["its data is kept, so it is production"] if is_production(verification) else []
    try:
        others = _others(verification)
    except (ClientError, BotoCoreError) as error:
        return [
            *found,
            f"who else listens to its topic, and gets the probes too, could not be asked ({one_line(error)})",
        ]
    if others:
        found.append(f"{counted(others, 'subscription')} of its topic are not this stack's, and get the probes too")
    return found


def _others(verification: Verification) -> int:
    """Raises what SNS says."""
    stack = verification.stack
    own = {each.queue_name or each.function_name for each in stack.subscribers}
    kept_back = {each.subscription_arn for each in stack.deliveries}  # their filters let no probe through
    pages = stack.aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=stack.topic_arn)
    found = [each for page in pages for each in page["Subscriptions"] if each["SubscriptionArn"] not in kept_back]
    return sum(each["Endpoint"].rsplit(":", 1)[-1] not in own for each in found)
