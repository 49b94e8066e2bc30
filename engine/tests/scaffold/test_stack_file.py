"""The call of a new subscriber goes behind the last one's paragraph, or is only shown."""

import ast
from pathlib import Path
from textwrap import dedent, indent

import pytest

from fanout.errors import Unusable
from fanout.scaffold.calls import NoPlace
from fanout.scaffold.stack_file import call_of, find_place, with_call

EVENT = "order.placed.v1"
HEAD = "from fanout.constructs import Subscriber, Topic\n\n\nclass ShopStack(cdk.Stack):\n    def __init__(self, scope, id_, *, settings):\n"


def stacks(tmp_path: Path, body: str, name: str = "shop_stack.py") -> Path:
    (tmp_path / name).write_text(HEAD + indent(dedent(body), " " * 8))
    return tmp_path


def added(tmp_path: Path, body: str, task: str = "sync_crm") -> str:
    place = find_place(stacks(tmp_path, body), EVENT)
    text = with_call(place, call_of(place, task))
    ast.parse(text)
    return dedent(text.removeprefix(HEAD))


def test_it_goes_behind_the_last_subscribers_grants(tmp_path: Path) -> None:
    body = """\
        events = Topic(self, "Events", settings=settings)

        archive = Subscriber(self, "Archive", topic=events, task="archive")
        # a comment does not part them
        bucket.grant_put(archive.function)

        Watch(self, "Watch")
        """
    assert added(tmp_path, body) == dedent("""\
        events = Topic(self, "Events", settings=settings)

        archive = Subscriber(self, "Archive", topic=events, task="archive")
        # a comment does not part them
        bucket.grant_put(archive.function)

        Subscriber(self, "SyncCrm", topic=events, task="sync_crm")

        Watch(self, "Watch")
        """)


def test_topic_and_settings_are_written_as_the_last_subscriber_has_them(tmp_path: Path) -> None:
    body = 'Subscriber(construct, "A", topic=self.topics["a"], task="a", settings=entry)'
    call = 'Subscriber(construct, "SyncCrm", topic=self.topics["a"], task="sync_crm", settings=entry)'
    assert added(tmp_path, body).splitlines()[-1] == call.replace('"a"]', "'a']")


@pytest.mark.parametrize("topic", ['Topic(self, "T", settings=settings)', "Topic.from_arn(self, 'T', arn)"])
def test_the_first_subscriber_goes_behind_the_topic(topic: str, tmp_path: Path) -> None:
    text = added(tmp_path, f"forms = {topic}\nother = 1\n\nlast()\n")
    assert text.splitlines()[2:] == ["", 'Subscriber(self, "SyncCrm", topic=forms, task="sync_crm")', "", "last()"]


def test_a_long_call_is_written_in_lines_of_120_characters(tmp_path: Path) -> None:
    for topic in ("t" * 40, "t" * 90):
        body = f'Subscriber(self, "A", topic={topic}, task="a")\n'
        text = added(tmp_path, body, "a_task_with_a_name_that_is_forty_letters")
        assert max(map(len, text.splitlines()[1:])) <= 112 and len(ast.parse(text).body) == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("pass", "no call of Subscriber and no topic"),
        ('Topic(self, "T", settings=settings)', "has no name"),
        ("x = (", "SyntaxError"),
        ('Subscriber(self, "A", topic=t, task="a"); return', "never runs"),
        ('return\nSubscriber(self, "A", topic=t, task="a")', "never runs"),
        ('t = events; Subscriber(self, "A", topic=t, task="a")', "line 6 has more than the one call"),
    ],
)
def test_without_a_place_it_says_why(body: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(NoPlace, match=why):
        find_place(stacks(tmp_path, body), EVENT)


def test_two_files_or_two_functions_are_no_place(tmp_path: Path) -> None:
    call = 'Subscriber(self, "A", topic=t, task="a")\n'
    two = stacks(tmp_path, call + f"\ndef more():\n    {call}")
    with pytest.raises(NoPlace, match="several functions"):
        find_place(two, EVENT)
    stacks(tmp_path, call)
    stacks(tmp_path, call, "other_stack.py")
    with pytest.raises(NoPlace, match="2 files of stacks/: other_stack.py, shop_stack.py"):
        find_place(tmp_path, EVENT)


def test_it_knows_the_ids_that_are_taken(tmp_path: Path) -> None:
    place = find_place(
        stacks(tmp_path, 'bucket = Bucket(self, "Bucket")\nSubscriber(self, "A", topic=t, task="a")'), EVENT
    )
    assert place.ids == {"Bucket", "A"} and issubclass(NoPlace, Unusable)


@pytest.mark.parametrize("end", ["return archive", "raise ValueError(archive)"])
def test_it_goes_before_what_ends_the_function(end: str, tmp_path: Path) -> None:
    call = 'archive = Subscriber(self, "Archive", topic=events, task="archive")\n'
    text = added(tmp_path, call + end + "\n")
    assert text == call + f'\nSubscriber(self, "SyncCrm", topic=events, task="sync_crm")\n{end}\n'


@pytest.mark.parametrize("indent_", ["\t", "\f    "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_keeps_its_indents_and_its_line_ends(indent_: str, end: str, tmp_path: Path) -> None:
    lines = [
        "def build(stack):",
        '    """One\u2028line."""',
        '    Subscriber(stack, "A", topic=events, task="a")',
        "",
        "    last()",
        "",
    ]
    before = end.join(lines).replace("    ", indent_).encode()
    (tmp_path / "shop_stack.py").write_bytes(b"\f" + end.encode() + before)
    place = find_place(tmp_path, EVENT)
    call = end + f'{indent_}Subscriber(stack, "SyncCrm", topic=events, task="sync_crm")' + end
    after = '"a")' + end
    wanted = before.decode().replace(after, after + call)
    assert with_call(place, call_of(place, "sync_crm")) == "\f" + end + wanted


def test_a_call_that_does_not_fit_is_no_place(tmp_path: Path) -> None:
    place = find_place(stacks(tmp_path, 'Subscriber(self, "A", topic=t, task="a")'), EVENT)
    with pytest.raises(NoPlace, match=r"behind line 6 of stacks/shop_stack.py: write it yourself: Subscriber\("):
        with_call(place, "Subscriber(")


@pytest.mark.parametrize("made", ['fc.Topic(self, "T")', 'fc.Topic.from_arn(self, "T", arn)'])
def test_subscriber_is_called_as_the_file_imports_it(made: str, tmp_path: Path) -> None:
    (tmp_path / "shop_stack.py").write_text(
        f"from fanout import constructs as fc\ndef build(self):\n    events = {made}\n"
    )
    place = find_place(tmp_path, EVENT)
    text = with_call(place, call_of(place, "sync_crm"))
    assert text.endswith('\n    fc.Subscriber(self, "SyncCrm", topic=events, task="sync_crm")\n')
    (tmp_path / "shop_stack.py").write_text(text.replace("SyncCrm", "Other"))
    place = find_place(tmp_path, EVENT)
    assert call_of(place, "sync_crm").startswith('fc.Subscriber(self, "SyncCrm", topic=events')


def test_a_file_without_the_name_subscriber_is_no_place(tmp_path: Path) -> None:
    stacks(tmp_path, 'events = Topic(self, "T", settings=settings)')
    file = tmp_path / "shop_stack.py"
    file.write_text(file.read_text().replace("Subscriber, ", ""))
    with pytest.raises(NoPlace, match=r"stacks/shop_stack.py does not import Subscriber"):
        find_place(tmp_path, EVENT)


TWO = """\
    events = Topic(self, "Events"{})
    bills = Topic(self, "Bills"{})

    Subscriber(self, "Archive", topic=events, task="archive")
    archive.grant()

    Subscriber(self, "Pay", topic=bills, task="pay")
    """


def test_of_several_topics_it_takes_the_one_that_carries_the_event(tmp_path: Path) -> None:
    body = TWO.format(', types=["order.placed.v1"]', ', types=["bill.made.v1"]')
    lines = added(tmp_path, body).splitlines()
    assert lines[lines.index("archive.grant()") + 2] == 'Subscriber(self, "SyncCrm", topic=events, task="sync_crm")'
    place = find_place(tmp_path, "bill.made.v1")
    assert place.topic == "bills"


def test_the_carrying_topic_without_a_subscriber_is_the_place(tmp_path: Path) -> None:
    body = TWO.format(', types=["order.placed.v1"]', ', types=["bill.made.v1"]').replace("topic=events", "topic=bills")
    assert added(tmp_path, body).splitlines()[3] == 'Subscriber(self, "SyncCrm", topic=events, task="sync_crm")'


@pytest.mark.parametrize(
    ("types", "event"),
    [
        (("", ""), "bill.made.v1"),
        ((', types=["order.placed.v1"]', ""), "order.placed.v1"),
        ((", types=ORDERS", ', types=["bill.made.v1"]'), "bill.made.v1"),
        ((', types=["order.placed.v1"]', ', types=["bill.made.v1"]'), "parcel.sent.v1"),
    ],
)
def test_where_several_topics_may_carry_the_event_or_none_does_it_says_so(
    types: tuple[str, str], event: str, tmp_path: Path
) -> None:
    with pytest.raises(NoPlace, match=f"which topic in stacks/ carries {event} is not clear: bills, events"):
        find_place(stacks(tmp_path, TWO.format(*types)), event)


def test_a_subscriber_of_a_topic_that_is_made_elsewhere_leaves_it_open(tmp_path: Path) -> None:
    body = 'Subscriber(self, "A", topic=events, task="a")\nSubscriber(self, "B", topic=self.bills, task="b")\n'
    with pytest.raises(NoPlace, match=r"is not clear: events, self\.bills"):
        find_place(stacks(tmp_path, body), EVENT)


def test_a_topic_that_nothing_names_leaves_the_place_clear(tmp_path: Path) -> None:
    body = 'events = Topic(self, "Events")\nTopic(self, "Bills", main=False)\nSubscriber(self, "A", topic=events, task="a")\n'
    assert find_place(stacks(tmp_path, body), EVENT).topic == "events"


def test_a_topic_that_alone_carries_the_event_and_has_no_name_is_no_place(tmp_path: Path) -> None:
    body = 'events = Topic(self, "Events", types=["bill.made.v1"])\nTopic(self, "Orders")\n'
    with pytest.raises(NoPlace, match=r"the topic of stacks/shop_stack\.py has no name there"):
        find_place(stacks(tmp_path, body), EVENT)


@pytest.mark.parametrize("heard", ["events", "self.events"])
def test_a_topic_with_two_names_is_one(heard: str, tmp_path: Path) -> None:
    body = """\
        self.events = events = Topic(self, "Events")
        self.bills = Topic(self, "Bills", types=["bill.made.v1"])
        Subscriber(self, "A", topic={}, task="a")
        """
    place = find_place(stacks(tmp_path, dedent(body).format(heard)), EVENT)
    assert (place.line, place.topic) == (8, heard)


def test_a_topic_of_the_cdk_is_none_of_ours(tmp_path: Path) -> None:
    body = 'events = Topic(self, "Events")\nalarms = sns.Topic(self, "Alarms")\n'
    assert find_place(stacks(tmp_path, body), EVENT).topic == "events"
