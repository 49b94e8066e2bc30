"""What the stack needs of its account: the same questions as before a deployment."""

from fanout.ops.deploy import facts
from fanout.ops.deploy.fact import Account
from fanout.ops.deploy.needs import needs_of
from fanout.ops.verify.result import Failed, NotShown
from fanout.ops.verify.verification import Verification
from fanout.words import counted


def account(verification: Verification) -> str:
    stack = verification.stack
    if not stack.aws.is_aws:
        raise NotShown("the embedded AWS has no limits of an account")
    asked = facts.ask(
        Account(
            session=stack.aws.session,
            account=stack.account,
            region=stack.region,
            partition=stack.id.split(":")[1],
            stack=stack.name,
            needs=needs_of(verification.template.template),
        )
    )
    for each in asked:
        verification.learn(each.question, {"holds": each.holds})
    broken = [each for each in asked if each.holds is False]
    if broken:
        more = f" (and {len(broken) - 1} more: fanout deploy check)" if len(broken) > 1 else ""
        raise Failed(f"{broken[0].name}: {broken[0].said}: {broken[0].todo}{more}")
    unknown = [each.name for each in asked if each.holds is None]
    if len(unknown) == len(asked):
        raise NotShown("these credentials may ask for none of the account's facts")
    told = f"; could not be asked: {', '.join(unknown)}" if unknown else ""
    return f"{counted(len(asked) - len(unknown), 'fact')} hold{told}"
