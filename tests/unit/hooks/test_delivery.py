"""The way to a tracker: in order, in another thread, and never longer than patience lasts."""

import logging
import time
from threading import Event, current_thread, main_thread

import pytest

from vip.hooks.delivery import Delivery, deliver
from vip.hooks.journal import End, Journal, Log, Open, journals_in

ENTRIES = [
    Open(1, 10, "kedro run", {}),
    *(Log(1, 20 + number, []) for number in range(20)),
    End(1, 99, "FINISHED"),
]


class Tracker:
    """Takes entries, each once `free` is set."""

    def __init__(self) -> None:
        self.taken: list = []
        self.free = Event()

    def take(self, entry) -> None:
        assert current_thread() is not main_thread()
        assert self.free.wait(60)
        self.taken.append(entry)


@pytest.fixture
def tracker():
    tracker = Tracker()
    yield tracker
    tracker.free.set()


def send(folder, tracker, **patience) -> Delivery:
    delivery = Delivery(Journal.begin(folder), lambda: tracker, **patience)
    for entry in ENTRIES:
        delivery.pass_on(entry)
    return delivery


def test_all_arrives_in_order_and_the_journal_is_gone(tmp_path, tracker, caplog):
    tracker.free.set()
    send(tmp_path, tracker).finish()
    assert tracker.taken == ENTRIES
    assert journals_in(tmp_path) == []
    assert caplog.messages == []


def test_a_slow_tracker_is_not_waited_for_and_gets_all(tmp_path, tracker):
    begun = time.monotonic()
    delivery = send(tmp_path, tracker, while_running=0.1, at_the_end=60)
    assert time.monotonic() - begun < 5
    assert tracker.taken == []
    tracker.free.set()
    delivery.finish()
    assert tracker.taken == ENTRIES
    assert journals_in(tmp_path) == []


def test_one_that_hangs_is_told_once_and_its_journal_kept(tmp_path, tracker, caplog):
    with caplog.at_level(logging.WARNING):
        send(tmp_path, tracker, while_running=0.05, at_the_end=0.05).finish()
    (journal,) = journals_in(tmp_path)
    assert journal.entries() == ENTRIES
    (message,) = caplog.messages
    assert "(no answer within 0 s); it is kept in" in message


def test_one_that_cannot_be_found_is_asked_for_once(tmp_path, caplog):
    asked = []

    def connect():
        asked.append(1)
        raise ConnectionError("nobody there\nreally")

    with caplog.at_level(logging.WARNING):
        delivery = Delivery(Journal.begin(tmp_path), connect)
        for entry in ENTRIES:
            delivery.pass_on(entry)
        delivery.finish()
    assert asked == [1]
    assert [message.count("(ConnectionError: nobody there);") for message in caplog.messages] == [1]
    (journal,) = journals_in(tmp_path)
    assert journal.entries() == ENTRIES


def test_what_was_left_is_delivered_and_kept_if_that_fails(tmp_path):
    class Failing:
        def take(self, entry) -> None:
            if isinstance(entry, End):
                raise ConnectionError

    class Taking:
        def __init__(self) -> None:
            self.taken: list = []

        def take(self, entry) -> None:
            self.taken.append(entry)

    journal = Journal.begin(tmp_path)
    for entry in ENTRIES:
        journal.write(entry)
    with pytest.raises(ConnectionError):
        deliver(journal, Failing())
    assert journals_in(tmp_path) == [journal]
    taking = Taking()
    deliver(journal, taking)
    assert taking.taken == ENTRIES
    assert journals_in(tmp_path) == []
