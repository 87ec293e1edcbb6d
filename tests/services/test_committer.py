"""Writes that wait at the same time are taken together, in their order, and none is forgotten."""

import threading
from collections.abc import Callable, Sequence

import pytest

from ledger.errors import UnavailableError
from ledger.services.committer import Committer, Request

SECONDS_MAX = 20


class Desk:
    """Settles rounds while the test holds the door, and remembers them."""

    def __init__(self, committer: Committer[str]) -> None:
        self.committer = committer
        self.rounds: list[list[object]] = []
        self.door = threading.Semaphore(0)
        self.busy = threading.Semaphore(0)
        self.answers: dict[object, object] = {}
        self.threads: list[threading.Thread] = []

    def settle(self, round_: Sequence[Request[str]]) -> None:
        """Write down a round, when the door is open."""
        self.busy.release()
        assert self.door.acquire(timeout=SECONDS_MAX)
        self.rounds.append([each.key for each in round_])
        for each in round_:
            each.answer = f"done {each.key}"

    def send(
        self, key: object, commands: int = 1, settle: Callable[..., None] | None = None
    ) -> None:
        """Submit in a thread, and wait until it waits."""
        waiting = len(self.committer._waiting)

        def work() -> None:
            try:
                self.answers[key] = self.committer.submit(
                    Request(commands, key), settle or self.settle
                )
            except Exception as error:  # noqa: BLE001 - for the test to look at
                self.answers[key] = error

        thread = threading.Thread(target=work)
        self.threads.append(thread)
        thread.start()
        if len(self.threads) == 1:
            assert self.busy.acquire(timeout=SECONDS_MAX)
            return
        for _ in range(2_000):
            if len(self.committer._waiting) > waiting or not thread.is_alive():
                return
            thread.join(0.01)

    def finish(self) -> None:
        """Open the door and wait for all."""
        for _ in self.threads:
            self.door.release()
        for thread in self.threads:
            thread.join(SECONDS_MAX)
            assert not thread.is_alive()


def test_what_waits_is_taken_together_in_its_order() -> None:
    desk = Desk(Committer())
    for key in "abcd":
        desk.send(key)
    desk.finish()
    assert desk.rounds == [["a"], ["b", "c", "d"]]
    assert desk.answers == {key: f"done {key}" for key in "abcd"}


def test_a_lone_writer_waits_for_nobody() -> None:
    desk = Desk(Committer())
    desk.door.release()
    assert desk.committer.submit(Request(1, "a"), desk.settle) == "done a"
    desk.door.release()
    assert desk.committer.submit(Request(1, "b"), desk.settle) == "done b"
    assert desk.rounds == [["a"], ["b"]]


def test_work_without_commands_shares_its_round_with_nobody() -> None:
    desk = Desk(Committer())
    for key, commands in (("a", 1), ("b", 1), ("alone", 0), ("c", 1), ("d", 1)):
        desk.send(key, commands)
    desk.finish()
    assert desk.rounds == [["a"], ["b"], ["alone"], ["c", "d"]]


def test_a_round_has_at_most_so_many_commands_and_one_request_of_a_key() -> None:
    desk = Desk(Committer(round_commands_max=10))
    for key, commands in (("a", 1), ("b", 6), ("c", 4), ("d", 1), ("d", 1)):
        desk.send(key, commands)
    desk.finish()
    assert desk.rounds == [["a"], ["b", "c"], ["d"], ["d"]]


def test_a_request_larger_than_a_round_is_a_round_of_its_own() -> None:
    desk = Desk(Committer(round_commands_max=10))
    desk.door.release()
    assert desk.committer.submit(Request(50, "large"), desk.settle) == "done large"


def test_too_many_that_wait_are_told_to_come_later_and_the_others_are_served() -> None:
    desk = Desk(Committer(waiting_max=2))
    for key in "abcd":
        desk.send(key)
    desk.finish()
    refused = desk.answers.pop("d")
    assert isinstance(refused, UnavailableError)
    assert refused.code == "busy"
    assert desk.answers == {key: f"done {key}" for key in "abc"}


def test_an_error_of_one_request_is_raised_to_its_caller_alone() -> None:
    desk = Desk(Committer())

    def settle(round_: Sequence[Request[str]]) -> None:
        desk.settle(round_)
        for each in round_:
            if each.key == "b":
                each.answer, each.error = None, ZeroDivisionError("b")

    for key in "abc":
        desk.send(key, settle=settle)
    desk.finish()
    assert isinstance(desk.answers.pop("b"), ZeroDivisionError)
    assert desk.answers == {"a": "done a", "c": "done c"}


def test_a_leader_that_is_interrupted_leaves_nobody_waiting() -> None:
    """Those of its round are told that the outcome is not known; the others go on."""
    desk = Desk(Committer(round_commands_max=2))
    first = True

    def settle(round_: Sequence[Request[str]]) -> None:
        nonlocal first
        desk.settle(round_)
        if len(round_) > 1 and first:
            first = False
            for each in round_:
                each.answer = None
            raise KeyboardInterrupt

    threading.excepthook, hook = lambda _: None, threading.excepthook
    try:
        for key in "abcde":
            desk.send(key, settle=settle)
        desk.finish()
    finally:
        threading.excepthook = hook
    assert "b" not in desk.answers  # the leader's own thread ended by the interrupt
    broken = desk.answers.pop("c")
    assert isinstance(broken, UnavailableError)
    assert broken.code == "outcome-unknown"
    assert desk.answers == {key: f"done {key}" for key in "ade"}


def test_one_that_waits_and_is_interrupted_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Committer())
    desk.send("a")
    impatient = Request[str](1, "b")

    def interrupted(_request: Request[str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Request, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            desk.committer.submit(impatient, desk.settle)
    desk.send("c")
    desk.finish()
    assert desk.rounds == [["a"], ["c"]]
