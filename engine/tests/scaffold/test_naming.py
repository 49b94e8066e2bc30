"""Names that are taken or that no stack, module or folder can have are refused in one line; all others work everywhere."""

import ast
import keyword
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout.errors import Unusable
from fanout.scaffold.naming import Names, check_task, construct_id, product_of, topic_arn


@pytest.mark.parametrize(
    "task",
    ["", "Sync", "sync-crm", "1st", "_sync", "sync__crm", "sync_", "a" * 41, "é", "sync crm", "../up", "sync.py"],
)
def test_a_task_that_is_no_module_is_refused(task: str) -> None:
    with pytest.raises(Unusable, match="is no name of a Python module"):
        check_task(task)


@pytest.mark.parametrize("task", ["class", "match", "import"])
def test_a_task_that_is_a_word_of_python_is_refused(task: str) -> None:
    with pytest.raises(Unusable, match="is a word of Python"):
        check_task(task)


@pytest.mark.parametrize("task", ["fanout", "events", "tests", "stacks", "app", "json", "email", "select", "print"])
def test_a_task_that_would_hide_a_module_is_refused(task: str) -> None:
    with pytest.raises(Unusable, match="would hide a module"):
        check_task(task)


@pytest.mark.parametrize("task", ["boto3", "pytest", "fastjsonschema"])
def test_a_task_that_would_hide_an_installed_package_is_refused(task: str) -> None:
    with pytest.raises(Unusable, match="would hide an installed package"):
        check_task(task)


@pytest.mark.parametrize(
    "product",
    ["", "shop", "my-shop", "1Shop", "Shop_", "S" * 31, "Été", "Shop Two", "Fanout", "Stacks", "Tests"],
)
def test_a_product_that_stacks_can_not_be_called_by_is_refused(product: str) -> None:
    with pytest.raises(Unusable, match="product"):
        Names(product, "order.placed.v1")


@pytest.mark.parametrize(
    "event",
    [
        "",
        "order",
        "order.placed",
        "order.placed.v2",
        "Order.placed.v1",
        "order.placed.v1\n",
        "a.b.c.v1",
        "order-1.placed.v1",
    ]
    + ["class.opened.v1", "fanout.heartbeat.v1", "base.exception.v1x", "runtime.error.v1"],
)
def test_an_event_that_no_class_can_be_called_by_is_refused(event: str) -> None:
    with pytest.raises(Unusable, match="event"):
        Names("Shop", event)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("message.sent.v1", "data.message_id is a field that every log line has already: "),
        ("trace.made.v1", "data.trace_id is a field that every log line has already: "),
        ("order.heartbeat.v1", "the type order.heartbeat.v1 is the engine's own: choose another"),
        ("order.probe.v1", "the type order.probe.v1 is the engine's own: choose another"),
        ("none.type.v1", "'none' is a word of Python"),
    ],
)
def test_an_event_whose_contract_would_be_refused_is_refused_as_the_contract_would_be(event: str, why: str) -> None:
    with pytest.raises(Unusable) as caught:
        Names("Shop", event)
    assert str(caught.value).startswith(f"event {event!r}: {why}")


@pytest.mark.parametrize(
    ("folder", "product"),
    [("shop", "Shop"), ("my-shop", "MyShop"), ("my_shop.v2", "MyShopV2"), ("CRM sync", "CRMSync")],
)
def test_a_folders_name_suggests_the_product(folder: str, product: str) -> None:
    assert product_of(folder) == product


@pytest.mark.parametrize("folder", ["", "...", "2024", "été", "fanout", "x" * 31])
def test_a_folder_that_suggests_no_product_is_told_which_option_to_give(folder: str) -> None:
    with pytest.raises(Unusable, match="product|--product"):
        product_of(folder)


def test_all_other_names_follow_from_two() -> None:
    names = Names("MyCRMShop", "order.placed.v1")
    assert (names.module, names.prefix, names.event_class) == ("my_crm_shop", "my-crm-shop", "OrderPlaced")
    assert (names.schema, names.noun, names.verb) == ("order_placed.v1", "order", "placed")


@given(st.from_regex(r"[a-z_][a-z0-9_]{0,40}", fullmatch=True))
def test_whatever_task_is_accepted_is_a_module_of_its_own(task: str) -> None:
    try:
        check_task(task)
    except Unusable as refused:
        assert "\n" not in str(refused) and task in str(refused)
        return
    assert task.isidentifier() and not keyword.iskeyword(task) and task not in sys.stdlib_module_names
    ast.parse(f"def {task}(): ...\nclass {construct_id(task)}: ...")


@given(st.text(max_size=35), st.from_regex(r"[a-z]{1,31}\.[a-z]{1,31}\.v1", fullmatch=True))
def test_whatever_product_and_event_are_accepted_name_stacks_modules_and_classes(product: str, event: str) -> None:
    try:
        names = Names(product, event)
    except Unusable as refused:
        assert "\n" not in str(refused)
        return
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", f"{product}-staging")
    assert re.fullmatch(r"[a-z][a-z0-9-]*", names.prefix)
    ast.parse(f"import {names.module}\nclass {names.event_class}: {names.noun} = 1\ndef archive_{names.noun}(): ...")


def test_an_arn_has_its_region_and_account() -> None:
    arn = topic_arn("arn:aws-cn:sns:cn-north-1:123456789012:Orders.fifo")
    assert (arn.region, arn.account) == ("cn-north-1", "123456789012")


@pytest.mark.parametrize(
    "text",
    ["", "Orders", "arn:aws:sqs:eu-west-1:123456789012:Orders", "arn:aws:sns:eu-west-1:12:Orders"]
    + ["arn:aws:sns:eu-west-1:123456789012:Orders:1b2c", "arn:aws:sns:eu-west-1:123456789012:Orders\n"],
)
def test_what_is_no_arn_of_a_topic_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match="is no ARN of an SNS topic"):
        topic_arn(text)
