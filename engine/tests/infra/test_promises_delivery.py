"""What every template promises about messages: none lost by its queue, its subscription or its mapping."""

from tests.infra.reading import Template, dead_letter_queues, of_type, statements_about, target, task_queues

DAY = 86_400


def test_each_task_has_its_own_queue_and_dead_letter_queue(template: Template) -> None:
    queues = task_queues(template)
    dead = {target(each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]) for each in queues.values()}
    assert len(queues) == len(dead) == len(of_type(template, "AWS::Lambda::Function")) == 3
    assert not dead & set(queues)


def test_failing_messages_get_at_least_three_attempts(template: Template) -> None:
    for queue in task_queues(template).values():
        assert queue["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 3


def test_visibility_is_six_times_the_timeout_plus_the_window(template: Template) -> None:
    queues, functions = task_queues(template), of_type(template, "AWS::Lambda::Function")
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        queue = queues[target(mapping["Properties"]["EventSourceArn"])]["Properties"]
        timeout = functions[target(mapping["Properties"]["FunctionName"])]["Properties"]["Timeout"]
        window = mapping["Properties"].get("MaximumBatchingWindowInSeconds", 0)
        assert queue["VisibilityTimeout"] == 6 * timeout + window


def test_dead_letters_outlive_the_queues_messages(template: Template) -> None:
    dead = dead_letter_queues(template)
    for queue in task_queues(template).values():
        letters = dead[target(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])]["Properties"]
        assert letters["MessageRetentionPeriod"] == 14 * DAY > queue["Properties"]["MessageRetentionPeriod"]


def test_the_last_attempt_comes_before_the_queue_forgets(template: Template) -> None:
    for queue in task_queues(template).values():
        properties = queue["Properties"]
        crashing = properties["VisibilityTimeout"] * properties["RedrivePolicy"]["maxReceiveCount"]
        assert crashing < properties["MessageRetentionPeriod"]


def test_a_queue_takes_whatever_its_topic_takes(template: Template) -> None:
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["Properties"]["MaximumMessageSize"] == 1_048_576


def test_subscriptions_are_raw_and_keep_what_cannot_be_delivered(template: Template) -> None:
    queues = task_queues(template)
    seen = set()
    for subscription in of_type(template, "AWS::SNS::Subscription").values():
        properties = subscription["Properties"]
        if properties["Protocol"] != "sqs":
            continue
        queue = target(properties["Endpoint"])
        seen.add(queue)
        own = target(queues[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        assert properties["RawMessageDelivery"] is True
        assert target(properties["RedrivePolicy"]["deadLetterTargetArn"]) == own
        assert "FilterPolicy" not in properties
    assert seen == set(queues)


def test_nothing_is_delivered_before_both_queues_let_the_topic_in(template: Template) -> None:
    for subscription in of_type(template, "AWS::SNS::Subscription").values():
        properties = subscription["Properties"]
        if properties["Protocol"] != "sqs":
            continue
        for queue in (target(properties["Endpoint"]), target(properties["RedrivePolicy"]["deadLetterTargetArn"])):
            policies = [
                id_
                for id_, policy in of_type(template, "AWS::SQS::QueuePolicy").items()
                if queue in [target(each) for each in policy["Properties"]["Queues"]]
            ]
            assert set(policies) <= set(subscription["DependsOn"])
            allowed = [
                each
                for each in statements_about(template, "AWS::SQS::QueuePolicy", queue, key="Queues")
                if each["Effect"] == "Allow"
            ]
            assert [each["Condition"] for each in allowed] == [{"ArnEquals": {"aws:SourceArn": properties["TopicArn"]}}]
            assert [each["Principal"] for each in allowed] == [{"Service": "sns.amazonaws.com"}]


def test_one_bad_message_does_not_repeat_its_neighbours(template: Template) -> None:
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_mappings_delete_nothing_and_are_on(template: Template) -> None:
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        assert "FilterCriteria" not in mapping["Properties"]
        assert mapping["Properties"].get("Enabled", True) is True


def test_throttling_cannot_fill_a_dead_letter_queue(template: Template) -> None:
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        assert 2 <= mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"] <= 1000
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function["Properties"]


def test_the_first_dead_letter_rings(template: Template) -> None:
    dead = dead_letter_queues(template)
    rung = set()
    for id_, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        if "DeadLetterAlarm" not in id_:
            continue
        (dimension,) = properties["Dimensions"]
        rung.add(target(dimension["Value"]))
        assert properties["MetricName"] == "ApproximateNumberOfMessagesVisible"
        assert (properties["ComparisonOperator"], properties["Threshold"]) == ("GreaterThanThreshold", 0)
        assert properties["TreatMissingData"] == "notBreaching"
        assert properties["AlarmActions"]
    assert rung == set(dead)


def test_functions_run_the_newest_python_on_arm_with_a_log_group_of_their_own(template: Template) -> None:
    logs = []
    for function in of_type(template, "AWS::Lambda::Function").values():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.14"
        assert properties["Architectures"] == ["arm64"]
        logs.append(target(properties["LoggingConfig"]["LogGroup"]))
    assert sorted(logs) == sorted(of_type(template, "AWS::Logs::LogGroup"))
    for group in of_type(template, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] > 0


def test_no_resource_that_keeps_data_has_a_physical_name(template: Template) -> None:
    names = {
        "AWS::SQS::Queue": "QueueName",
        "AWS::SNS::Topic": "TopicName",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::Logs::LogGroup": "LogGroupName",
    }
    for kind, name in names.items():
        assert not [id_ for id_, each in of_type(template, kind).items() if name in each.get("Properties", {})]
