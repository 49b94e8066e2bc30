"""AWS's errors in one sentence each: what is wrong and what to do."""

from typing import Any, Final

from botocore.exceptions import ClientError, ProfileNotFound
from botocore.parsers import ResponseParserError

from fanout.aws_errors import (
    DENIED,
    EXPIRED,
    NO_ANSWER,
    NO_CREDENTIALS,
    SIGN_IN,
    UNKNOWN_CREDENTIALS,
    code_of,
    is_throttled,
)
from fanout.publisher.errors import PublishError

UNREADABLE: Final = (ResponseParserError, KeyError)
"""What botocore raises for an answer that is none of SNS: a proxy's page, or one that was cut short."""
_NO_TOPIC: Final = {"NotFound", "NotFoundException"}


def publish_error(error: Exception, topic_arn: str) -> PublishError:
    """The error to raise from `error`."""
    if isinstance(error, ClientError):
        return _answered(error, topic_arn)
    if isinstance(error, (*NO_CREDENTIALS, *SIGN_IN, ProfileNotFound)):
        return PublishError(
            f"no usable AWS credentials to publish to {topic_arn}: give this process a role or a profile",
            retryable=False,
        )
    if isinstance(error, (*NO_ANSWER, *UNREADABLE)):
        return PublishError(
            f"no answer from SNS for {topic_arn}: check the network and the region's endpoint, "
            "then publish the same event again (SNS may have accepted it)",
            retryable=True,
        )
    return PublishError(f"cannot publish to {topic_arn}: {type(error).__name__}", retryable=False)


def is_retried_here(error: Exception) -> bool:
    """What no retry mode of botocore 1.43 tries again: an unreadable answer, and SNS's own throttling codes, although SNS's
    model has them.

    https://github.com/boto/botocore/blob/develop/botocore/retries/standard.py
    """
    if isinstance(error, UNREADABLE):
        return True
    return isinstance(error, ClientError) and code_of(error) in {"Throttled", "KMSThrottling"}


def _answered(error: ClientError, topic_arn: str) -> PublishError:
    code = code_of(error)
    status = _status(error.response)
    if code.startswith("KMS") and not is_throttled(code):
        what = (
            f"the topic's key does not let this role publish to {topic_arn} ({code}): "
            "attach the publisher policy of the stack (kms:GenerateDataKey*, kms:Decrypt)"
        )
    elif code in DENIED:
        what = f"this role may not publish to {topic_arn} ({code}): attach the publisher policy of the stack"
    elif code in _NO_TOPIC:
        what = f"no topic {topic_arn}: check the ARN against the stack's output, and the account of this role"
    elif code in EXPIRED | UNKNOWN_CREDENTIALS:
        what = f"AWS does not accept the credentials used for {topic_arn} ({code}): renew them"
    elif is_throttled(code) or status >= 500:
        what = f"SNS is busy and did not accept a publish to {topic_arn} ({code}): publish the same event again later"
        return PublishError(what, retryable=True)
    else:
        what = f"SNS refused a publish to {topic_arn} ({code})"
    return PublishError(what, retryable=False)


def _status(response: Any) -> int:
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
