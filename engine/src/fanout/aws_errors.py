"""Says any error of AWS, or of its SDK, in one line: what is wrong, and what to do."""

import re
from collections.abc import Callable

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError as BotoHTTPError

from fanout import names

NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
SIGN_IN = (SSOError, TokenRetrievalError, UnauthorizedSSOTokenError)
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN_CREDENTIALS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
}
DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
}
NO_ANSWER = (BotoConnectionError, BotoHTTPError)
_BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled", "SlowDown"}
_GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z*]+)(?:.*?on resource:? \"?([^\s\"]+))?")
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html: batch calls have no action
_BATCH = re.compile(r"Batch$")


def one_line(error: Exception) -> str:
    """One line for any error of AWS or of its SDK."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, NO_CREDENTIALS):
        return "no usable AWS credentials: run `aws sso login`, set AWS_PROFILE, or give --profile"
    if isinstance(error, SIGN_IN):
        return "the AWS sign-in has expired: run `aws sso login`"
    if isinstance(error, ProfileNotFound):
        return f"{_text(error)}: see ~/.aws/config, or give another --profile"
    if isinstance(error, NoRegionError):
        return "no AWS region: set AWS_REGION, or give --region"
    if isinstance(error, NO_ANSWER):
        return f"AWS did not answer: check the network and the region ({_text(error)})"
    if isinstance(error, BotoCoreError):
        return f"AWS could not be asked: {_text(error)}"
    return _text(error)


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def is_throttled(code: str) -> bool:
    """Throttled, ThrottledException, KMSThrottling, ...: AWS blames the caller, and asks to try again."""
    return "Throttl" in code


def missing_action(error: ClientError) -> str:
    """The IAM action that was missing, from what AWS says or else from the call."""
    found = _ACTION.search(_said(error))
    if found:
        return found[1]
    return _BATCH.sub("", error.operation_name)


_OF_THE_CLOCK = re.compile(r"Signature expired|Signature not yet current|RequestTimeTooSkewed")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""


def _answered(error: ClientError) -> str:
    code = code_of(error)
    if _OF_THE_CLOCK.search(f"{code} {_said(error)}"):
        return f"this machine's clock is wrong, so AWS takes no request of it ({_said(error)}): set the clock"
    for codes, line in _LINES:
        if code in codes:
            return line(error)
    if code.startswith("KMS") or "kms:" in _said(error):
        return _key(error)
    if is_throttled(code):
        return _busy(error)
    return f"AWS refused {error.operation_name} ({code}): {_said(error)}"


def _denied(error: ClientError) -> str:
    if "kms:" in _said(error):
        return _key(error)
    found = _ACTION.search(_said(error))
    where = f" on {found[2]}" if found and found[2] else ""
    return (
        f"these credentials may not {missing_action(error)}{where}: attach the stack's"
        f" {names.OPERATOR_READ_POLICY_ARN_OUTPUT} (to look) or {names.OPERATOR_HEAL_POLICY_ARN_OUTPUT} (to change), or sign in with a role that has it"
    )


def _key(error: ClientError) -> str:
    return (
        f"{error.operation_name}: these credentials may not use the queue's KMS key ({code_of(error)}):"
        " they need kms:Decrypt (and kms:GenerateDataKey to send), which the operator policies have"
    )


def _busy(error: ClientError) -> str:
    return f"AWS is busy ({code_of(error)} on {error.operation_name}, after retries): wait a little, or lower --rate"


def _gone(error: ClientError) -> str:
    return (
        "the queue does not exist: it was deleted by hand, or the stack is being replaced; deploy the stack again"
        " (SQS allows the same name 60 seconds after)"
    )


_LINES: tuple[tuple[set[str], Callable[[ClientError], str]], ...] = (
    (EXPIRED, lambda _: "the AWS credentials have expired: sign in again, as with `aws sso login`"),
    (
        UNKNOWN_CREDENTIALS,
        lambda error: f"AWS does not know these credentials ({code_of(error)}): check AWS_PROFILE or the keys",
    ),
    (DENIED, _denied),
    (_BUSY, _busy),
    (_GONE, _gone),
)


def _said(error: ClientError) -> str:
    return _text(Exception(error.response.get("Error", {}).get("Message", "")))


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
