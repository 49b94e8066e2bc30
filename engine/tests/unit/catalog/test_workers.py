"""A task that workers run: how many there are and where, in its page, its picture and the table of all."""

from fanout.catalog import alarms, index, pages, topology
from fanout.catalog.reading import subscribers, topics
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task
from fanout.template.template import Template
from tests.unit.costs.test_workers import template

SCALES = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "Tags": [{"Key": "fanout:task", "Value": "print"}],
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Namespace": "AWS/SQS",
        "AlarmActions": [{"Ref": "More"}],
    },
}
MORE = {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {"ScalingTargetId": {"Ref": "Target"}}}


def page_of(read: Template) -> str:
    (topic,) = topics(read)
    (each,) = topic.subscribers
    return pages.page(read, topic, each, Task(), Spending(read, [each.name]))


def test_its_page_says_where_it_runs_and_how_many_there_are() -> None:
    text = page_of(Template(template(least=1)))
    assert "| worker: runs | as a service of ECS on Fargate, 0.25 vCPU, 512 MiB each |" in text
    assert "| worker: how many | 1 to 4 |" in text
    assert "0.25 vCPU" in text and "## Costs" in text


def test_elsewhere_it_says_so() -> None:
    text = page_of(Template(template(elsewhere=True)))
    assert "elsewhere, by `fanout work`" in text and "as many as its team runs" in text


def test_the_picture_and_the_table_have_a_worker_and_no_other_program() -> None:
    read = Template(template())
    tasks = {"print": Task()}
    assert '("worker")' in topology.flowchart(topics(read), tasks)
    assert ", a worker |" in index._subscribers(read, topics(read), tasks)


def test_an_alarm_that_only_counts_workers_is_no_alarm_of_the_task() -> None:
    body = template()
    body["Resources"] |= {"More": MORE, "Waits": SCALES}
    read = Template(body)
    (each,) = subscribers(read)
    assert alarms.of_subscriber(read, each) == []
    body["Resources"]["Waits"]["Properties"]["AlarmActions"].append("arn:aws:sns:eu-west-1:123456789012:alarms")
    read = Template(body)
    (each,) = subscribers(read)
    assert len(alarms.of_subscriber(read, each)) == 1
