"""ministack 1.5.33, corrected where it refuses what AWS allows: hypercorn serves the `app` of this module.

Each correction narrows the distance to AWS for every stack, so that no template and no policy bends to the emulator.
"""

import json
import os
import queue
import re
import string
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import boto3

# ministack has no types: what is read from it here is what 1.5.33, pinned, has.
from ministack import app as gateway  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services import cloudwatch_logs, eventbridge, lambda_svc, secretsmanager  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from fanout.local.emulator import also_asked, confirmations, log_metrics, mapping_tags, source_queues

# --- 1. Actions are those that IAM knows: a batch call needs the permission of the single one ------------------------
# There is no sqs:ChangeMessageVisibilityBatch in IAM, nor an sns:PublishBatch:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html

_BATCH_CALLS = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
_extract_iam_action = iam_actions.extract_iam_action


def _action(*args: Any) -> str | None:
    action = _extract_iam_action(*args)
    return _BATCH_CALLS.get(action, action) if action else None


iam_actions.extract_iam_action = _action

_lambda_action = iam_actions._lambda_action
_ONE_MAPPING = {"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping"}


def _on_one_mapping(method: str, path: str) -> str | None:
    """ministack asks for ListEventSourceMappings to read one mapping, and for nothing to change or delete it."""
    *_, collection, uuid = ["", "", *path.rstrip("/").split("/")]
    action = _ONE_MAPPING.get(method) if collection == "event-source-mappings" and uuid else None
    return action or _lambda_action(method, path)


iam_actions._lambda_action = _on_one_mapping

# --- 2. AWS asks for more than the action and the resource that a call names -----------------------------------------
# ministack asks SES for resource "*" without condition keys, and nobody for a key's rights: also_asked.py has the table.

_enforce_ses_v2, _enforce_one = gateway._enforce_ses_v2, iam_evaluator.enforce


def _enforce(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any, request_id: str) -> Any:
    where = (method, path.rstrip("/"))
    if where == ("POST", "/v2/email/identities"):
        also_asked.remember_default_set(json.loads(body))
    if where != ("POST", "/v2/email/outbound-emails"):
        return _enforce_ses_v2(method, path, headers, body, query, request_id)
    email = json.loads(body)
    sender = also_asked.address(email.get("FromEmailAddress"))
    for resource in also_asked.of_an_email(email):
        denied = gateway._enforce_data_plane(
            "sesv2",
            "ses:SendEmail",
            headers,
            query,
            request_id,
            resource_arn=resource,
            service_context={"ses:FromAddress": sender},
        )
        if denied:
            return denied
    return None


def _enforce_keys_too(
    access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
) -> Any:
    denied = _enforce_one(access_key, action, service, region, resource_arn, service_context)
    for key_action, key in () if denied else also_asked.of_a_key(action, resource_arn):
        denied = denied or _enforce_one(access_key, key_action, "kms", region, key)
    return denied


gateway._enforce_ses_v2, iam_evaluator.enforce = _enforce, _enforce_keys_too

# --- 3. Ref of a secret is its ARN ----------------------------------------------------------------------------------
# ministack gives its name, so a policy with that as its resource never allows anything:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html

_SECRET = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]


def _name(arn: str) -> str:
    return str(secretsmanager._resolve(arn)[0])


def _create(logical_id: str, properties: Any, stack: str) -> tuple[str, Any]:
    _, attributes = provisioners._sm_secret_create(logical_id, properties, stack)
    return attributes["Arn"], attributes


def _update(arn: str, old: Any, new: Any, stack: str, logical_id: str | None = None) -> tuple[str, Any]:
    _, attributes = provisioners._sm_secret_update(_name(arn), old, new, stack, logical_id)
    return attributes["Arn"], attributes


def _delete(arn: str, properties: Any) -> None:
    provisioners._sm_secret_delete(_name(arn), properties)


_SECRET.update(create=_create, update=_update, delete=_delete)

# --- 4. A generated secret keeps to its alphabet, and is never empty ------------------------------------------------
# ministack ignores ExcludePunctuation, so what should be valid base64 is not; and an empty GenerateSecretString, which
# is 32 characters on AWS, gives an empty secret:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html

_secret_string = provisioners._sm_secret_string


def _generate(properties: dict[str, Any]) -> Any:
    if "GenerateSecretString" not in properties:
        return _secret_string(properties)
    wanted = {"PasswordLength": 32, **(properties["GenerateSecretString"] or {})}
    if str(wanted.get("ExcludePunctuation", "")).lower() == "true":
        wanted["ExcludeCharacters"] = wanted.get("ExcludeCharacters", "") + string.punctuation
    return _secret_string({**properties, "GenerateSecretString": wanted})


provisioners._sm_secret_string = _generate

# --- 5. A function's log lines are all there ------------------------------------------------------------------------
# ministack takes the lines that arrived within milliseconds of the answer; on a busy machine the others were lost, or
# came with the next invocation. Now each invocation ends its lines with a mark, and the reader waits for it.

_MARK = "-- end of invocation --"
_LATEST = 5.0
_END_OF_LOOP = "        _real_stdout.flush()\n\nrun()"
_script = lambda_runtime._PYTHON_WORKER_SCRIPT
if _script.count(_END_OF_LOOP) != 1:
    raise RuntimeError("ministack's worker is not the one that ministack_fixes.py was written for")
_marking = f"        print({_MARK!r}, file=sys.stderr, flush=True)\n{_END_OF_LOOP}"
lambda_runtime._PYTHON_WORKER_SCRIPT = _script.replace(_END_OF_LOOP, _marking)
_drain_in_time = lambda_runtime.Worker._drain_stderr_bounded


def _drain(worker: Any) -> str:
    if not worker.config.get("Runtime", "").startswith("python"):
        return str(_drain_in_time(worker))
    lines: list[str] = []
    end = time.monotonic() + _LATEST
    with suppress(queue.Empty):  # a process that was killed leaves no mark
        while not (lines and lines[-1].endswith(_MARK)):
            lines.append(worker._stderr_queue.get(timeout=max(0.0, end - time.monotonic())))
    return "\n".join(lines).removesuffix(_MARK).rstrip("\n")


lambda_runtime.Worker._drain_stderr_bounded = _drain

# --- 6. A schedule may call SNS by itself, with the rights of its role -----------------------------------------------
# ministack's schedules know no universal targets, fill in no context attributes, and ask for no role's rights:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html

_PUBLISH = "arn:aws:scheduler:::aws-sdk:sns:publish"
_invoke_target = eventbridge._invoke_target


def _invoke(target: dict[str, Any], event: dict[str, Any], schedule: dict[str, Any], view: Any = None) -> None:
    if target.get("Arn") != _PUBLISH:
        _invoke_target(target, event, schedule, view)
        return
    due = datetime.fromtimestamp(event["Time"], UTC)
    request = (
        target["Input"]
        .replace("<aws.scheduler.scheduled-time>", f"{due:%Y-%m-%dT%H:%M:%SZ}")
        .replace("<aws.scheduler.execution-id>", event["EventId"])
    )
    _sns_of(target["RoleArn"]).publish(**json.loads(request))


def _sns_of(role: str) -> Any:
    """A client of this very emulator, in a session that ministack makes for roles of functions."""
    function = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:schedule"
    keys = lambda_runtime.execution_credentials({"FunctionArn": function, "FunctionName": "schedule", "Role": role})
    return boto3.client(
        "sns",
        endpoint_url=f"https://{os.environ['MINISTACK_HOST']}:{os.environ['GATEWAY_PORT']}",
        region_name=get_region(),
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"],
    )


eventbridge._invoke_target = _invoke

# --- 7. An update lets an invocation under way finish with the old code ----------------------------------------------
# ministack kills it, so its messages come back a visibility timeout later with one attempt less; Lambda does not:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-functions.html

_update_code, _update_config = lambda_svc._update_code, lambda_svc._update_config
_release_worker = lambda_svc.release_worker
_replaced: set[Any] = set()


def _retire(name: str) -> None:
    """Workers of this function that are at work leave the pool: nobody finds them there, and nobody kills them."""
    key = f"{get_account_id()}:{get_region()}:{name}:$LATEST"
    with lambda_runtime._lock:
        workers = lambda_runtime._workers.get(key, [])
        _replaced.update(worker for worker in workers if worker.in_use)
        lambda_runtime._workers[key] = [worker for worker in workers if not worker.in_use]


def _update_code_later(name: str, data: dict[str, Any]) -> Any:
    _retire(name)
    return _update_code(name, data)


def _update_config_later(name: str, data: dict[str, Any]) -> Any:
    _retire(name)
    return _update_config(name, data)


def _release(worker: Any) -> None:
    _release_worker(worker)
    if worker in _replaced:
        _replaced.discard(worker)
        worker.kill()


lambda_svc._update_code, lambda_svc._update_config = _update_code_later, _update_config_later
lambda_svc.release_worker = _release

# --- 8. A log is read page by page, and by one of several words ------------------------------------------------------
# ministack answers the oldest 10,000 lines and no token, so that what happened last cannot be read; it takes words that are
# alternatives for words that must all be there, and a quoted phrase for its words:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/FilterAndPatternSyntax.html

_PAGE, _PAGE_BYTES = 10_000, 1_048_576
_QUOTED = re.compile(r'\?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*"')
_filter_log_events, _compile_filter = cloudwatch_logs._filter_log_events, cloudwatch_logs._compile_filter_pattern


def _compiled(pattern: str) -> Any:
    words = _QUOTED.findall(pattern)
    if not words or " ".join(words) != pattern.strip():
        return _compile_filter(pattern)
    wanted = [json.loads(each.removeprefix("?")) for each in words]
    return lambda line: (any if words[0].startswith("?") else all)(each in line for each in wanted)


def _filter_page(data: dict[str, Any]) -> Any:
    group = cloudwatch_logs._log_groups.get(cloudwatch_logs._resolve_log_group_name(data))
    if group is None:
        return _filter_log_events(data)
    begin, end = data.get("startTime") or 0, data.get("endTime")
    matches, most = _compiled(data.get("filterPattern") or ""), min(data.get("limit") or _PAGE, _PAGE)
    with cloudwatch_logs._log_events_lock:
        names = data.get("logStreamNames") or list(group["streams"])
        lines = [
            (each, name) for name in names if name in group["streams"] for each in group["streams"][name]["events"]
        ]
    lines = [each for each in lines if begin <= each[0]["timestamp"] and (end is None or each[0]["timestamp"] <= end)]
    lines.sort(key=lambda each: (each[0]["timestamp"], each[0].get("ingestionTime", 0)))
    found: list[dict[str, Any]] = []
    size, token = 0, {}
    for number in range(int(data.get("nextToken") or 0), len(lines)):
        line, stream = lines[number]
        if not matches(line.get("message", "")):
            continue
        size += len(line.get("message", "").encode())
        if found and (len(found) == most or size > _PAGE_BYTES):
            token = {"nextToken": str(number)}
            break
        found.append({**line, "logStreamName": stream})
    return cloudwatch_logs.json_response({"events": found, "searchedLogStreams": [], **token})


cloudwatch_logs._filter_log_events, cloudwatch_logs._compile_filter_pattern = _filter_page, _compiled

for each in (confirmations, log_metrics, mapping_tags, source_queues):
    each.correct()

app = gateway.app
