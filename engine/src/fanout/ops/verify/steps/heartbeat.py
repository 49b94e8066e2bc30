"""The schedule beats by itself, with its own role's rights."""

import re
from datetime import timedelta

from fanout.ops.aws import logs
from fanout.ops.aws.subscriber import WORKER, DeployedSubscriber
from fanout.ops.verify import probes
from fanout.ops.verify.result import NotShown, Skipped
from fanout.ops.verify.steps.wiring import NO_SCHEDULE, SCHEDULE
from fanout.ops.verify.verification import Verification
from fanout.words import counted

LONGEST = 15 * 60
"""Seconds: a rarer heartbeat is not waited for."""


def heartbeat(verification: Verification) -> str:
    """Acknowledged by each subscriber within one interval, the last one included."""
    schedules = verification.template.of_type(SCHEDULE)
    found = [re.search(r"rate\((\d+) minute", str(each.get("ScheduleExpression"))) for each in schedules.values()]
    minutes = [int(each[1]) for each in found if each]
    if not minutes:
        raise Skipped(NO_SCHEDULE)
    interval = 60 * max(minutes)
    if interval > LONGEST:
        raise NotShown(f"it beats every {max(minutes)} minutes: fanout doctor, and the alarm heartbeat-missed")
    since = probes.now() - timedelta(seconds=interval)

    def acknowledged(subscriber: DeployedSubscriber) -> bool:
        reading = logs.Reading(subscriber.aws, subscriber.log_group, BEATS, since)
        return any(each.is_heartbeat for each in reading.outcomes())

    subscribers = [each for each in verification.stack.subscribers if _hears(verification, each)]
    if not subscribers:
        raise NotShown("every task runs on workers, which sleep while nothing comes, or whose log is elsewhere")
    began = verification.clock()
    verification.wait_at(subscribers, acknowledged, interval + 60, "acknowledged no heartbeat")
    verification.learn("does a schedule publish with context attributes?", True, verification.clock() - began)
    return f"acknowledged by {counted(len(subscribers), 'subscriber')} within {max(minutes)} minutes"


def _hears(verification: Verification, subscriber: DeployedSubscriber) -> bool:
    """Not workers that a heartbeat would wake, and of whose log nothing is known."""
    if subscriber.kind != WORKER:
        return True
    return bool(subscriber.log_group) and verification.reach.get(subscriber.task) == probes.HEARTBEAT


BEATS = '{ $.outcome = "heartbeat" }'
