"""Facts of an account, asked before anything changes: `ask`. And the rights to ask: `statements`."""

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, code_of, missing_action, one_line
from fanout.ops.deploy.fact import Account, Fact, Question
from fanout.ops.deploy.questions import QUESTIONS


def ask(account: Account, questions: Iterable[Question] = QUESTIONS) -> list[Fact]:
    """One fact for each question that the stack needs an answer to, in the table's order.

    Raises nothing of AWS: what could not be asked has `holds` None, and says why.
    """
    return [_asked(account, each) for each in questions if each.applies(account.needs)]


def _asked(account: Account, question: Question) -> Fact:
    try:
        answer = question.ask(account)
    except (ClientError, BotoCoreError) as error:
        todo = f"allow {question.action}, or look yourself whether {question.must}"
        return Fact(question.name, question.question, None, f"could not be asked: {_why(error)}", todo, question.blocks)
    return Fact(
        question.name,
        question.question,
        answer.holds,
        answer.said,
        "" if answer.holds else answer.todo,
        question.blocks,
        answer.command,
    )


def _why(error: Exception) -> str:
    if isinstance(error, ClientError) and code_of(error) in DENIED:
        return f"these credentials may not {missing_action(error)}"
    return one_line(error)


def statements(
    *, account: str, region: str, product: str, intake: str | None, qualifier: str, partition: str = "aws"
) -> list[dict[str, object]]:
    """IAM statements with all that `ask` asks for, for a role that deploys: one for each resource. `intake` is what the name of an
    intake's stack begins with; None where the app has none."""
    words = {"PARTITION": partition, "REGION": region, "ACCOUNT": account, "PRODUCT": product, "QUALIFIER": qualifier}
    words["INTAKE"] = intake or ""
    by_resource: dict[str, list[str]] = {}
    for each in QUESTIONS:
        if each.action is None or ("INTAKE" in each.resource and intake is None):
            continue
        resource = each.resource
        for word, value in words.items():
            resource = resource.replace(word, value)
        actions = by_resource.setdefault(resource, [])
        if each.action not in actions:
            actions.append(each.action)
    return [{"Effect": "Allow", "Action": actions, "Resource": resource} for resource, actions in by_resource.items()]
