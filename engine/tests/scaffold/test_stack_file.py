"""The call of a new subscriber goes behind the last one's paragraph, or is only shown."""

import ast
from pathlib import Path
from textwrap import dedent, indent

import pytest

from fanout.errors import Unusable
from fanout.scaffold.stack_file import NoPlace, call_of, find_place, with_call

HEAD = "class ShopStack(cdk.Stack):\n    def __init__(self, scope, id_, *, settings):\n"


def stacks(tmp_path: Path, body: str, name: str = "shop_stack.py") -> Path:
    (tmp_path / name).write_text(HEAD + indent(dedent(body), " " * 8))
    return tmp_path


def added(tmp_path: Path, body: str, task: str = "sync_crm") -> str:
    place = find_place(stacks(tmp_path, body))
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
    ],
)
def test_without_a_place_it_says_why(body: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(NoPlace, match=why):
        find_place(stacks(tmp_path, body))


def test_two_files_or_two_functions_are_no_place(tmp_path: Path) -> None:
    call = 'Subscriber(self, "A", topic=t, task="a")\n'
    two = stacks(tmp_path, call + f"\ndef more():\n    {call}")
    with pytest.raises(NoPlace, match="several functions"):
        find_place(two)
    stacks(tmp_path, call)
    stacks(tmp_path, call, "other_stack.py")
    with pytest.raises(NoPlace, match="2 files of stacks/: other_stack.py, shop_stack.py"):
        find_place(tmp_path)


def test_it_knows_the_ids_that_are_taken(tmp_path: Path) -> None:
    place = find_place(stacks(tmp_path, 'bucket = Bucket(self, "Bucket")\nSubscriber(self, "A", topic=t, task="a")'))
    assert place.ids == {"Bucket", "A"} and issubclass(NoPlace, Unusable)
