"""Whatever JSON it is, there is a bill, and it is a number."""

import copy
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.costs.bill import Bill
from fanout.costs.model import monthly
from tests.examples import examples
from tests.unit.checks.test_any_json import ANY_JSON, body, places


def holds(bill: Bill) -> None:
    assert [each for each in bill.lines if not 0 <= each.dollars < math.inf] == []
    assert math.isclose(bill.total, sum(each.dollars for each in bill.lines), abs_tol=1e-9)


@given(ANY_JSON, st.integers(0, 10**10))
@settings(max_examples=examples(150), deadline=1000)
def test_random_json_has_a_bill(node: object, events: int) -> None:
    holds(monthly({"Resources": node}, events_per_month=events))


@given(st.data(), st.integers(0, 10**10))
@settings(max_examples=examples(100), deadline=1000)
def test_our_template_with_random_json_in_random_places_has_a_bill(data: st.DataObject, events: int) -> None:
    template = copy.deepcopy(body())
    every = places(template)
    for container, key in data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=3)):
        container[key] = data.draw(ANY_JSON)
    holds(monthly(template, events_per_month=events))
