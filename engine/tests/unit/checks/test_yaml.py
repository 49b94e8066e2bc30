"""Templates in YAML, as CloudFormation takes them, whether or not PyYAML was built with libyaml."""

import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from fanout.errors import Unusable
from fanout.template import yaml as ours
from tests.places import ENGINE

TAGS = """\
A: !GetAtt Queue.Arn
B: !Sub ["${x}", {x: !Ref Y}]
C: !If [Here, !ImportValue z, 2012-10-17]
D: {E: 1, F: yes, G: 0o7, H: ~, "I": "2012-10-17"}
"""


@pytest.fixture(params=["libyaml", "Python"])
def parse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "libyaml")
    again = importlib.reload(ours)
    yield lambda text: again.parse_yaml(text, "a.yaml")
    monkeypatch.undo()
    importlib.reload(ours)


def test_short_tags_are_functions_and_dates_stay_text(parse: Callable[[str], Any]) -> None:
    assert parse(TAGS) == {
        "A": {"Fn::GetAtt": "Queue.Arn"},
        "B": {"Fn::Sub": ["${x}", {"x": {"Ref": "Y"}}]},
        "C": {"Fn::If": ["Here", {"Fn::ImportValue": "z"}, "2012-10-17"]},
        "D": {"E": 1, "F": True, "G": "0o7", "H": None, "I": "2012-10-17"},
    }


def test_a_template_of_ours_reads_as_its_json(parse: Callable[[str], Any]) -> None:
    template = json.loads(next((ENGINE / "tests" / "infra" / "snapshots").glob("*-local.json")).read_text("utf-8"))
    assert parse(yaml.safe_dump(template)) == template


@pytest.mark.parametrize("text", ["a: [1", "a: &x 1\nb: *x", "a: 'b", "\ta: 1", "a: b: c", "%", "a: \x07", "a: \ud800"])
def test_what_is_no_template_is_one_line(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(Unusable, match=r"^a\.yaml:.* not YAML either: ") as told:
        parse(text)
    assert "\n" not in str(told.value)
