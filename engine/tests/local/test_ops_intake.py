"""An intake on the embedded AWS: filled in by HTTP, followed to the end, and looked after by an operator who reads no answer."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fanout.intake import store
from tests.local.conftest import Deployed
from tests.local.intake_app import DeployedIntake, deploy_intake

pytestmark = pytest.mark.long

GOOD = {"email": "ada@example.com", "topic": "A question", "consent": True, "message": "canary-answer"}


@pytest.fixture(scope="module")
def intake(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> DeployedIntake:
    return deploy_intake(a_deployment, tmp_path_factory.mktemp("intake"))


def test_what_is_filled_in_is_done_by_every_task_and_its_page_says_so(
    deployed: Deployed, intake: DeployedIntake, tmp_path: Path
) -> None:
    page = intake.ask("/contact", accept="text/html")
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    assert "Your name (optional)" in page.body
    answer = intake.ask("/contact", GOOD, **{"idempotency-key": "k1"})
    assert answer.status == 201
    again = intake.ask("/contact", GOOD, **{"idempotency-key": "k1"})
    assert (again.status, again.json) == (200, answer.json)
    assert intake.ask("/contact", {**GOOD, "name": "Ada"}, **{"idempotency-key": "k1"}).status == 409
    deployed.wait_until_done(f"contact:{answer.json['reference']}")
    place = f"/{answer.json['status']}"
    deployed.wait_until(lambda: intake.ask(place).json["status"] == "All is done", "the status page to say so")
    assert set(intake.ask(place).json["tasks"].values()) == {"done"}
    assert "canary" not in intake.ask(place, accept="text/html").body
    assert intake.ask(place[:-1]).status == 404
    told = intake.operator(tmp_path).json("intake", "status")
    assert told == {"waiting": 0, "oldest_seconds": 0.0, "by_group": {}, "refused": []}


def test_a_browsers_fields_come_through_in_whatever_way_they_are_handed_over(intake: DeployedIntake) -> None:
    fields = b"email=ada%40example.com&topic=A+question&consent=yes&days=Monday&message=%C3%A9%0D%0Atwo"
    kind = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    answer = intake.ask("/contact", fields, **kind)
    assert answer.status == 303
    reference = str(answer.headers["location"]).partition("?")[0].removeprefix("entries/")
    event = json.loads(intake.entries()[reference]["body"]["S"])
    assert event["data"]["items"] == {
        "topic": "A question", "consent": True, "days": ["Monday"], "message": "\u00e9\ntwo",
    }  # fmt: skip
    wrong = intake.ask("/contact", b"email=nobody", **kind)
    assert wrong.status == 422
    assert 'href="#email"' in wrong.body


def test_an_operator_sees_what_is_refused_and_brings_it_back_without_reading_it(
    deployed: Deployed, intake: DeployedIntake, tmp_path: Path
) -> None:
    intake.follow_stream(on=False)
    try:
        reference = intake.ask("/contact", GOOD).json["reference"]
        set_aside(deployed, intake, reference)
        operator = intake.operator(tmp_path)
        assert reference in operator.run("intake", "status", status=1)
        assert operator.json("intake", "retry", reference, "--dry-run")["references"] == [reference]
        assert operator.json("intake", "retry", reference, "--yes")["retried"] == [reference]
        assert operator.json("intake", "status", status=1)["waiting"] == 1
        intake.sweep()
        deployed.wait_until_done(f"contact:{reference}", "archive_order")
        assert operator.json("intake", "status")["waiting"] == 0
        assert [each["step"] for each in operator.journal()][-2:] == ["retrying", "retried"]
        assert "canary" not in json.dumps(operator.journal())
    finally:
        intake.follow_stream(on=True)


def set_aside(deployed: Deployed, intake: DeployedIntake, reference: str) -> None:
    """As the relay does after SNS's last refusal; and as if it had been stored an hour ago."""
    deployed.session.client("dynamodb").update_item(
        TableName=intake.table,
        Key={"pk": {"S": f"entry#{reference}"}},
        UpdateExpression="SET poison = :code, refused = :code, unsent_group = :aside, stored_at = :at, tries = :tries",
        ExpressionAttributeValues={
            ":code": {"S": "InvalidParameter"},
            ":aside": {"S": store.ASIDE},
            ":at": {"N": "1000"},
            ":tries": {"N": str(store.MOST_TRIES)},
        },
    )


def test_an_operator_may_read_no_answer_and_write_none(
    deployed: Deployed, intake: DeployedIntake, tmp_path: Path
) -> None:
    reference = intake.ask("/contact", GOOD).json["reference"]
    keys = intake.operator(tmp_path).keys
    theirs = deployed.connection.session_of(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    dynamodb = theirs.client("dynamodb")
    for refused in (
        lambda: dynamodb.get_item(TableName=intake.table, Key={"pk": {"S": f"entry#{reference}"}}),
        lambda: dynamodb.scan(TableName=intake.table),
        lambda: dynamodb.delete_item(TableName=intake.table, Key={"pk": {"S": f"entry#{reference}"}}),
    ):
        with pytest.raises(ClientError, match="Denied"):
            refused()
