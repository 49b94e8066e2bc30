"""Reads only: is everything as it was deployed, does somebody hear of alarms, does the heartbeat's schedule beat."""

from fanout.ops.doctor.doctor import examine
from fanout.ops.recipients import unheard
from fanout.ops.verify.result import Failed, NotShown, Skipped
from fanout.ops.verify.verification import Verification
from fanout.words import counted

UNHEARD = "unheard"
"""A problem that is the next step's."""
SCHEDULE = "AWS::Scheduler::Schedule"
NO_SCHEDULE = "the stack publishes no heartbeat: its topic's stack does, or nobody, as `heartbeat` in settings says"


def wiring(verification: Verification) -> str:
    problems = [each for each in examine(verification.stack) if each.kind != UNHEARD]
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Failed(f"{first.kind} {first.where}: {first.what}{more}: fanout doctor")
    resources = len(verification.template.template["Resources"])
    return (
        f"{counted(len(verification.stack.subscribers), 'subscriber')} and {counted(resources, 'resource')} as deployed"
    )


def recipients(verification: Verification) -> str:
    if not verification.stack.aws.is_aws:
        raise NotShown("the embedded AWS sends no mail")
    silent = unheard(verification.stack)
    if silent and all(each.unread for each in silent):
        raise NotShown(silent[0].what)
    if silent:
        raise Failed(f"{silent[0].what}: {silent[0].todo}")
    return "somebody is subscribed to the alarms, and has confirmed it"


def schedule(verification: Verification) -> str:
    deployed = verification.template
    schedules = deployed.of_type(SCHEDULE)
    if not schedules:
        raise Skipped(NO_SCHEDULE)
    rates = []
    for id_, properties in schedules.items():
        group = deployed.resolved(properties["GroupName"])
        found = verification.stack.aws.scheduler.get_schedule(Name=deployed.ids[id_], GroupName=group)
        if found.get("State") != "ENABLED":
            raise Failed(f"the heartbeat's schedule {deployed.path(id_)} is {found.get('State')}: deploy, or enable it")
        rates.append(str(found.get("ScheduleExpression")))
    return f"enabled, {', '.join(rates)}"
