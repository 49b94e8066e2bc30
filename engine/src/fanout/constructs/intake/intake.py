"""What a team publishes with that has no service of its own: entries are stored before they are answered, and then emitted."""

from dataclasses import dataclass, field
from pathlib import Path

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from fanout import names
from fanout.constructs.agreed import only_one
from fanout.constructs.alarms.runbook import Place
from fanout.constructs.attachments import AttachmentsByName
from fanout.constructs.cdk_cache import name_of_stack
from fanout.constructs.errors import expect
from fanout.constructs.function import TaskFunction, task_function
from fanout.constructs.intake.alarms import intake_alarms
from fanout.constructs.intake.followed import Followed
from fanout.constructs.intake.operators import let_operate
from fanout.constructs.intake.relay import Relay
from fanout.constructs.intake.subject import Subject, let_erase
from fanout.constructs.keys import entries_key
from fanout.constructs.kinds import check_fields, check_kind
from fanout.constructs.settings import Settings
from fanout.constructs.topic_checks import check_arn, is_ordered
from fanout.intake import status, store
from fanout.packaging.intake_zip import configuration, intake_zip, names_of
from fanout.project import find_root, prefix


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`per_minute` entries of one address (0: any number), `per_second` requests in all, bursts of `burst`."""

    per_minute: int = 30
    per_second: int = 50
    burst: int = 100
    origins: tuple[str, ...] = field(default=())
    """Of pages of other addresses that may send entries: https://www.example.com."""

    def validate(self, owner: str) -> None:
        check_fields(owner, self, of=Limits, within="limits.")
        expect(owner, "limits.per_minute", 0 <= self.per_minute <= 10_000, self.per_minute, "0 to 10000")
        expect(owner, "limits.per_second", 1 <= self.per_second <= 10_000, self.per_second, "1 to 10000")
        expect(owner, "limits.burst", 1 <= self.burst <= 5_000, self.burst, "1 to 5000")
        for each in self.origins:
            allowed = each.startswith("https://") and "*" not in each and not each.endswith("/")
            expect(owner, "limits.origins", allowed, each, "origins such as https://www.example.com")


class Intake(Construct):
    """An HTTP API, one function behind it, the table of entries, and the relay from the table to the topic.

    `topic_arn` is all that it knows of the fan-out; where the deployment alone knows it, `settings.ordered` says whether it is FIFO. `definitions` is a folder of JSON Schemas, one for each thing that
    people fill in; `answers` is the property of the event's data where their answers stand. Entries are kept for
    `keep_days` after they were emitted. `subject`, such as customer.email, is what `fanout erase --subject` finds a person by.
    `attachments` are where files go, and answers that are too large for an event; `address` is what people's browsers know it by,
    where that is not the request's own host. Idle it costs a relay's look each minute and its alarms: docs/intake.md.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        topic_arn: str,
        event_type: str,
        definitions: Path,
        answers: str = "answers",
        source: str | None = None,
        keep_days: int,
        limits: Limits | None = None,
        followed: Followed | None = None,
        subject: str | None = None,
        attachments: AttachmentsByName | None = None,
        address: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.settings, self._limits = settings, limits or Limits()
        owner = f"intake {id_}"
        only_one(self, "intake")
        check_kind(owner, "keep_days", keep_days, int)
        check_kind(owner, "definitions", definitions, Path)
        expect(owner, "keep_days", 1 <= keep_days <= 3_650, keep_days, "1 to 3650 days")
        self._limits.validate(owner)
        check_arn(owner, topic_arn)
        ordered = is_ordered(owner, topic_arn, settings)
        self._definitions = names_of(definitions)
        written = configuration(
            find_root(),
            definitions,
            event_type=event_type,
            answers=answers,
            source=source or f"/{prefix()}/{settings.name}",
            subject=subject,
            with_files=attachments is not None,
        )
        self._code = intake_zip(find_root(), written)
        self._subject = Subject(self, settings) if subject else None
        self.table = self._table()
        self._variables = {
            names.TASK: id_,
            names.STACK: name_of_stack(self),
            names.INTAKE_TABLE: self.table.table_name,
            names.INTAKE_TOPIC_ARN: topic_arn,
            names.INTAKE_KEEP_SECONDS: str(86_400 * keep_days),
            names.INTAKE_PER_MINUTE: str(self._limits.per_minute),
            names.INTAKE_ORIGINS: ",".join(self._limits.origins),
        }
        self.web = self._web(followed, event_type)
        if attachments:
            self._let_attach(attachments)
        if address:
            self._say_address(owner, address)
        self.api = self._api()
        self.relay = Relay(self, "Relay", self.table, self._function, topic_arn, ordered=ordered)
        place = Place(scope=self, settings=settings, owner=settings.owner)
        self.alarms = intake_alarms(
            self, place, settings, api=self.api, functions=[self.web.function, *self.relay.functions]
        )
        self.operators = let_operate(self, self.table)
        self._outputs()

    def _table(self) -> dynamodb.Table:
        key = entries_key(self, self.settings)
        table = dynamodb.Table(
            self,
            "Entries",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.DEFAULT,
            encryption_key=key,
            time_to_live_attribute="expires_at",
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=self.settings.keeps
            ),
            removal_policy=self.settings.removal_policy,
        )
        table.add_global_secondary_index(
            index_name=store.INDEX,
            partition_key=dynamodb.Attribute(name="unsent_group", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="unsent_at", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        return table

    def _function(self, scope: Construct, handler: str, description: str, timeout: Duration) -> TaskFunction:
        made = task_function(
            scope,
            task=None,
            description=description,
            settings=self.settings,
            timeout=timeout,
            memory_mib=256,
            variables=self._variables,
            handler=f"fanout.intake.{handler}",
            code=self._code,
        )
        if self.table.encryption_key:
            self.table.encryption_key.grant(made.role, "kms:Decrypt", "kms:GenerateDataKey")
        return made

    def _web(self, followed: Followed | None, event_type: str) -> TaskFunction:
        made = self._function(
            Construct(self, "Web"),
            "handler.handle",
            "Stores what people send, and says what became of it",
            Duration.seconds(10),
        )
        made.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                resources=[self.table.table_arn],
            )
        )
        if self._subject:
            self._subject.let_read(made)
        if followed and (reached := followed.reached_by(event_type)):
            self._follow(
                made, followed, [task if surely else task + status.PERHAPS for task, surely in reached.items()]
            )
        return made

    def _let_attach(self, attachments: AttachmentsByName) -> None:
        attachments.let_take(self, self.web.role)
        self.web.function.add_environment(names.ATTACHMENTS_BUCKET, attachments.bucket_name(self))

    def _say_address(self, owner: str, address: str) -> None:
        check_kind(owner, "address", address, str)
        is_one = address.startswith("https://") and not address.endswith("/")
        expect(owner, "address", is_one, address, "one such as https://www.example.com")
        self.web.function.add_environment(names.INTAKE_ADDRESS, address)

    def _follow(self, made: TaskFunction, followed: Followed, tasks: list[str]) -> None:
        stack, table = Stack.of(self), followed.table_name(self)
        arn = stack.format_arn(service="dynamodb", resource="table", resource_name=table)
        made.role.add_to_principal_policy(iam.PolicyStatement(actions=["dynamodb:BatchGetItem"], resources=[arn]))
        if key := followed.key_arn(self):
            made.role.add_to_principal_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=[key]))
        made.function.add_environment(names.INTAKE_TASKS, ",".join(tasks))
        made.function.add_environment(names.INTAKE_RECORDS_TABLE, table)

    def _api(self) -> apigateway.HttpApi:
        """Without access logs: its addresses hold the tokens of status pages."""
        cors = apigateway.CorsPreflightOptions(
            allow_origins=list(self._limits.origins),
            allow_methods=[apigateway.CorsHttpMethod.POST],
            allow_headers=["content-type", "idempotency-key"],
            expose_headers=["location"],
        )
        api = apigateway.HttpApi(
            self,
            "Api",
            create_default_stage=False,
            cors_preflight=cors if self._limits.origins else None,
            default_integration=HttpLambdaIntegration("Web", self.web.function),
        )
        apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=self._limits.per_second, burst_limit=self._limits.burst),
        )
        return api

    def let_erase(self) -> iam.ManagedPolicy:
        """What `fanout erase` needs of an intake: a policy, with the output `OperatorErasePolicyArn`."""
        return let_erase(self, self.table, self._subject)

    def _outputs(self) -> None:
        stack = Stack.of(self)
        Tags.of(self).add(names.TASK_TAG, names.INTAKE)
        CfnOutput(stack, names.INTAKE_URL_OUTPUT, value=self.api.api_endpoint, description="Where people's entries go")
        CfnOutput(stack, names.INTAKE_DEFINITIONS_OUTPUT, value=",".join(self._definitions), description="Its pages")
        CfnOutput(stack, names.INTAKE_TABLE_OUTPUT, value=self.table.table_name, description="What they sent")
