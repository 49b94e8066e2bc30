"""The table of what a stack needs to know of its account: a question, the right to ask it, what must hold, what to do.

docs/deploying.md has the same rows for people, and the rights of a role that deploys are made from them.
"""

from botocore.exceptions import ClientError

from fanout.aws_errors import code_of
from fanout.ops.deploy.fact import Account, Answer, Question
from fanout.ops.deploy.stack_states import Found, look

PROVEN_PARTITION = "aws"
SERVICE_ROLE = "AWSServiceRoleForECS"
TRACE_POLICIES = 5
"""X-Ray resource policies of an account, others' included:
https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html"""


def _partition(asked: Account) -> Answer:
    if asked.partition == PROVEN_PARTITION:
        return Answer(True, f"the partition is {asked.partition}")
    return Answer(
        False,
        f"the partition is {asked.partition}",
        "sign in to an account of the partition aws: nothing of this engine was ever proven in another",
    )


def _stack(asked: Account) -> Answer:
    return _as_it_is(asked.found)


def _beside(asked: Account) -> Answer:
    answers = [_as_it_is(look(asked.session, asked.region, each)) for each in asked.needs.beside]
    refused = next((each for each in answers if not each.holds), None)
    return refused or Answer(True, ", ".join(each.said for each in answers))


def _as_it_is(found: Found) -> Answer:
    advice = found.advice()
    return Answer(advice.does == "proceed", f"{found.stack} is {found.state}", advice.todo)


def _placeholders(asked: Account) -> Answer:
    found = asked.needs.placeholders
    if not found:
        return Answer(True, "no address is a placeholder")
    told = ", ".join(dict.fromkeys(f"{each.value} ({each.where})" for each in found[:3]))
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return Answer(False, f"{told}{more} reach nobody", "set them in stacks/settings.py to addresses of your own")


def _bootstrap(asked: Account) -> Answer:
    needs = asked.needs
    qualifier = () if needs.qualifier == "hnb659fds" else ("--qualifier", needs.qualifier)
    command = ("cdk", "bootstrap", f"aws://{asked.account}/{asked.region}", *qualifier)
    told = " ".join(command)
    try:
        value = asked.client("ssm").get_parameter(Name=needs.bootstrap_parameter)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        missing = f"account {asked.account} is not bootstrapped in {asked.region}"
        return Answer(False, f"{missing}: there is no {needs.bootstrap_parameter}", f"run `{told}` once", command)
    if int(value) < needs.bootstrap_version:
        old = f"the bootstrap stack has version {value}, and {asked.stack} needs {needs.bootstrap_version}"
        return Answer(False, old, f"run `{told}`, which renews it for everybody in this account and region")
    return Answer(True, f"the bootstrap stack has version {value}")


def _traces(asked: Account) -> Answer:
    pages = asked.client("xray").get_paginator("list_resource_policies").paginate()
    there = {each["PolicyName"] for page in pages for each in page.get("ResourcePolicies", ())}
    missing = [each for each in asked.needs.policies if each not in there]
    if len(there) + len(missing) <= TRACE_POLICIES:
        return Answer(
            True, f"{len(there)} of {TRACE_POLICIES} X-Ray resource policies are taken, {len(missing)} are to come"
        )
    return Answer(
        False,
        f"{len(there)} of {TRACE_POLICIES} X-Ray resource policies of this account and region are taken"
        f" ({', '.join(sorted(there))}), and {asked.stack} makes {len(missing)} more",
        "remove one that nobody needs (`aws xray delete-resource-policy --policy-name NAME`), or say tracing_policy="
        '"account" in stacks/settings.py: one policy for all topics, docs/deploying.md',
    )


def _concurrency(asked: Account) -> Answer:
    limit = asked.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    wanted, others = asked.needs.concurrency, asked.needs.others
    told = f"{limit} invocations at a time for all functions without a reservation, and {asked.stack} may use {wanted}"
    if others:
        told += f" (the other environments {others}, if they are in this account)"
    if limit >= wanted:
        return Answer(True, told)
    return Answer(
        False,
        told,
        "ask for more (`aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
        " --desired-value 1000`), or lower max_concurrency in stacks/settings.py: each refusal costs an event an attempt",
    )


def _services(asked: Account) -> Answer:
    """ECS makes it with an account's first cluster, and CloudFormation may be faster:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html"""
    try:
        asked.client("iam").get_role(RoleName=SERVICE_ROLE)
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        command = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
        told = f"{asked.stack} has workers on Fargate, and this account has no {SERVICE_ROLE} yet"
        return Answer(False, told, f"run `{command}` once: a first cluster may fail without it")
    return Answer(True, f"{SERVICE_ROLE} is there")


def _mail_account(asked: Account) -> Answer:
    account = asked.client("sesv2").get_account()
    if not account.get("SendingEnabled", False):
        return Answer(
            False,
            f"SES sends nothing (status {account.get('EnforcementStatus', 'unknown')})",
            "see why in SES's account dashboard, and answer AWS there; `aws sesv2 put-account-sending-attributes"
            " --sending-enabled` where it was switched off by hand",
        )
    if not account.get("ProductionAccessEnabled", False):
        quota = account.get("SendQuota", {})
        return Answer(
            False,
            f"SES is in its sandbox: only to verified addresses, {quota.get('Max24HourSend', 200):g} mails a day and"
            f" {quota.get('MaxSendRate', 1):g} a second",
            "ask for production access (`aws sesv2 put-account-details --production-access-enabled"
            " --mail-type TRANSACTIONAL --website-url URL`) before people are written to",
        )
    return Answer(True, "SES sends to everybody")


def _sender(asked: Account) -> Answer:
    if not asked.needs.senders:
        return Answer(
            False, "the template does not say who sends", "limit ses:SendEmail by the condition ses:FromAddress"
        )
    unknown = [each for each in asked.needs.senders if not _identities(asked, each, verified=True)]
    if not unknown:
        return Answer(True, f"{', '.join(asked.needs.senders)} may be sent from")
    return Answer(
        False,
        f"neither {' nor '.join(unknown)} nor the domain is a verified identity in {asked.region}",
        f"run `aws sesv2 create-email-identity --email-identity {unknown[0]}` and follow the mail: until then each mail"
        " becomes a dead letter",
    )


def _configuration_set(asked: Account) -> Answer:
    """An identity's default set is used unnamed, and AWS asks for a right on it too: aws/aws-cdk#34402."""
    used = {
        str(identity["ConfigurationSetName"])
        for sender in asked.needs.senders
        for identity in _identities(asked, sender)
        if identity.get("ConfigurationSetName")
    }
    if not used:
        return Answer(True, "no sender has a default configuration set")
    told = f"mails use the default configuration set {', '.join(sorted(used))}"
    if asked.needs.configuration_sets:
        return Answer(True, f"{told}, and the functions may")
    return Answer(
        False, f"{told}, and no function may", "allow ses:SendEmail on configuration-set/* too: AWS asks for both"
    )


def _identities(asked: Account, sender: str, *, verified: bool = False) -> list[dict[str, object]]:
    """Of the address and of its domain: those that exist, or those that may send."""
    found = []
    for name in (sender, sender.rpartition("@")[2]):
        try:
            identity = asked.client("sesv2").get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise
        else:
            if identity.get("VerifiedForSendingStatus") or not verified:
                found.append(identity)
    return found


_IDENTITIES = "arn:PARTITION:ses:REGION:ACCOUNT:identity/*"
QUESTIONS = (
    Question(
        "partition", "Is this a partition of AWS in which the engine is proven?", "it is aws", _partition, blocks=True
    ),
    Question(
        "placeholders",
        "Do all addresses reach somebody?",
        "none is of example.com or another reserved name",
        _placeholders,
        blocks=True,
    ),
    Question(
        "stack",
        "Can the stack be deployed as it is?",
        "nothing is at work on it, and nothing failed half-way",
        _stack,
        action="cloudformation:DescribeStacks",
        resource="arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/PRODUCT-*/*",
        blocks=True,
    ),
    Question(
        "intake",
        "Can the intake's stack, which is deployed with it?",
        "the same of that one",
        _beside,
        applies=lambda needs: bool(needs.beside),
        action="cloudformation:DescribeStacks",
        resource="arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/INTAKE-*/*",
        blocks=True,
    ),
    Question(
        "bootstrap",
        "Has the account what the CDK needs?",
        "its bootstrap stack is there, and as new as the template asks",
        _bootstrap,
        action="ssm:GetParameter",
        resource="arn:PARTITION:ssm:REGION:ACCOUNT:parameter/cdk-bootstrap/QUALIFIER/version",
        blocks=True,
    ),
    Question(
        "traces",
        "Is there room for the policy by which the topic may send traces?",
        f"at most {TRACE_POLICIES} X-Ray resource policies in account and region",
        _traces,
        applies=lambda needs: bool(needs.policies),
        action="xray:ListResourcePolicies",
        blocks=True,
    ),
    Question(
        "concurrency",
        "May Lambda run as much as the stack asks for?",
        "unreserved concurrency is at least the sum of the subscribers' max_concurrency",
        _concurrency,
        applies=lambda needs: needs.concurrency > 0,
        action="lambda:GetAccountSettings",
    ),
    Question(
        "workers",
        "Has the account the role by which ECS runs workers?",
        f"{SERVICE_ROLE} is there",
        _services,
        applies=lambda needs: needs.services > 0,
        action="iam:GetRole",
        resource=f"arn:PARTITION:iam::ACCOUNT:role/aws-service-role/ecs.amazonaws.com/{SERVICE_ROLE}",
    ),
    Question(
        "mail",
        "Does SES send for this account, and to everybody?",
        "sending is on, and the account is out of the sandbox",
        _mail_account,
        applies=lambda needs: needs.mails,
        action="ses:GetAccount",
    ),
    Question(
        "sender",
        "May the app's address be sent from?",
        "the address or its domain is a verified identity",
        _sender,
        applies=lambda needs: needs.mails,
        action="ses:GetEmailIdentity",
        resource=_IDENTITIES,
    ),
    Question(
        "configuration-set",
        "Is every configuration set that mails use allowed?",
        "none is the default of a sender, or the functions may use it",
        _configuration_set,
        applies=lambda needs: bool(needs.senders),
        action="ses:GetEmailIdentity",
        resource=_IDENTITIES,
    ),
)
"""Those that need no credentials come first."""
