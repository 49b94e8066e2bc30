"""What the demo makes of what it sees: only what was promised counts as expected."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from fanout.local.demo.evidence import Attempt, Email, Evidence
from fanout.local.demo.form_service import REFUSED_FORM
from fanout.local.demo.verdicts import DEAD, DONE, RETRYING, WAITING, Trial, Verdict
from fanout.local.outputs import Outputs
from fanout.local.webhook.receiver import WebhookRequest
from fanout.publisher import Event, form_submitted

TASKS = ("SendConfirmation", "ArchiveSubmission", "NotifyWebhook", "SyncCrm")
CONTACT = form_submitted(form_id="contact", submission_id="s-1", answers={}, submitter_email="pat.example@example.com")
REFUSED = form_submitted(form_id=REFUSED_FORM, submission_id="s-2", answers={})


@dataclass
class Seen:
    """Evidence that was put there by hand."""

    attempted: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    dead: dict[str, list[Event]] = field(default_factory=dict)
    sent: list[Email] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[WebhookRequest] = field(default_factory=list)
    outputs: Outputs = Outputs({f"{task}FunctionName": "" for task in TASKS})

    def attempts(self, task: str) -> list[Attempt]:
        now = datetime.fromtimestamp(1001, UTC)
        return [
            Attempt(event_id, outcome, number, now, "", {})
            for (its_task, event_id), outcomes in self.attempted.items()
            for number, outcome in enumerate(outcomes, start=1)
            if its_task == task
        ]

    def dead_letters(self, task: str) -> list[dict[str, Any]]:
        return [{"Body": event.body} for event in self.dead.get(task, [])]

    def emails(self) -> list[Email]:
        return self.sent

    def archived(self, event_id: str = "") -> dict[str, bytes]:
        return {key: body for key, body in self.objects.items() if event_id in key}

    def webhooks(self, event_id: str | None = None) -> list[WebhookRequest]:
        return [each for each in self.requests if each.event_id == event_id]


def request(event: Event, answer: int, signature: str = "valid") -> WebhookRequest:
    return WebhookRequest(event.id, event.form_id, 1000.5, "/webhook", {}, event.body, answer, signature)


def email() -> Email:
    return Email("forms@example.com", ("pat.example@example.com",), "We received your form", "Your reference is s-1.")


def verdict(seen: Seen, task: str, event: Event = CONTACT) -> Verdict:
    trial = Trial(cast(Evidence, seen), [CONTACT, REFUSED], 1000.0, REFUSED_FORM)
    return next(each for each in trial.look() if (each.task, each.event) == (task, event))


def test_nothing_seen_yet_is_waiting() -> None:
    told = verdict(Seen(), "send_confirmation")
    assert (told.status, told.delivered, told.as_expected) == (WAITING, False, None)


def test_a_failed_attempt_that_is_not_dead_is_retrying() -> None:
    told = verdict(Seen({("send_confirmation", CONTACT.id): ["failed"]}), "send_confirmation")
    assert (told.status, told.attempts, told.delivered, told.as_expected) == (RETRYING, 1, True, None)


def test_done_counts_only_with_its_effect() -> None:
    done = {("send_confirmation", CONTACT.id): ["failed", "done"]}
    assert not verdict(Seen(done), "send_confirmation").as_expected
    assert not verdict(Seen(done, sent=[email(), email()]), "send_confirmation").as_expected
    told = verdict(Seen(done, sent=[email()]), "send_confirmation")
    assert (told.status, told.attempts, told.milliseconds, told.as_expected) == (DONE, 2, 1000.0, True)


def test_the_archived_object_must_be_the_event() -> None:
    done = {("archive_submission", CONTACT.id): ["done"]}
    key = f"contact/2026/01/15/{CONTACT.id}.json"
    assert verdict(Seen(done, objects={key: CONTACT.body.encode()}), "archive_submission").as_expected
    assert not verdict(Seen(done, objects={key: b"{}"}), "archive_submission").as_expected


def test_the_webhooks_signature_must_be_valid() -> None:
    done = {("notify_webhook", CONTACT.id): ["done"]}
    assert verdict(Seen(done, requests=[request(CONTACT, 200)]), "notify_webhook").as_expected
    assert not verdict(Seen(done, requests=[request(CONTACT, 200, "invalid")]), "notify_webhook").as_expected
    assert not verdict(Seen(done), "notify_webhook").as_expected


def test_the_refused_event_is_expected_to_die_and_only_at_its_task() -> None:
    failed = {("notify_webhook", REFUSED.id): ["failed"]}
    seen = Seen(failed, dead={"notify_webhook": [REFUSED]}, requests=[request(REFUSED, 410)])
    told = verdict(seen, "notify_webhook", REFUSED)
    assert (told.status, told.as_expected) == (DEAD, True)
    assert not verdict(Seen({("notify_webhook", REFUSED.id): ["done"]}), "notify_webhook", REFUSED).as_expected
    elsewhere = Seen({("send_confirmation", REFUSED.id): ["failed"]}, dead={"send_confirmation": [REFUSED]})
    assert verdict(elsewhere, "send_confirmation", REFUSED).as_expected is False


def test_a_task_the_demo_does_not_know_is_judged_by_its_log() -> None:
    assert verdict(Seen({("sync_crm", CONTACT.id): ["done"]}), "sync_crm").as_expected


def test_what_is_settled_is_looked_at_again_only_at_the_end() -> None:
    seen = Seen({("send_confirmation", CONTACT.id): ["done"]}, sent=[email()])
    trial = Trial(cast(Evidence, seen), [CONTACT], 1000.0, REFUSED_FORM)
    assert trial.look()[0].as_expected
    seen.sent.append(email())
    assert trial.look()[0].as_expected
    assert not trial.conclude()[0].as_expected
