"""A form service for teams that have none: it publishes to the topic, and its ARN is all that it needs of it."""

from typing import Any

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout.constructs import FanoutStack
from fanout.constructs.intake import Followed, Intake
from fanout.project import find_root, prefix
from stacks.form_events_stack import FormEventsStack
from stacks.form_settings import FormSettings


class FormServiceStack(FanoutStack):
    """One form for each schema in contracts/forms/; its status page follows the tasks of `events`."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: FormSettings, events: FormEventsStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, id_, settings=settings, **kwargs)
        self.add_stack_dependency(events)
        events.monitoring.show_intake(self.stack_name)
        topic_arn = ssm.StringParameter.value_for_string_parameter(self, f"/{prefix()}/{settings.name}/topic-arn")
        intake = Intake(
            self,
            "Intake",
            settings=settings,
            topic_arn=topic_arn,
            event_type="form.submitted.v1",
            definitions=find_root() / "contracts" / "forms",
            source="/forms",
            keep_days=settings.submissions_kept_days,
            followed=Followed.of(events, settings),
            subject="submitter.email",
        )
        intake.let_erase()
