"""Changes and copies of the state exclude each other, and nobody waits for ever."""

import threading
import time

from local.aws.gate import Gate


def test_a_copy_waits_for_changes_and_holds_new_ones_off() -> None:
    gate, order = Gate(patience=30), []
    inside, release = threading.Event(), threading.Event()

    def change() -> None:
        with gate.changing():
            inside.set()
            release.wait(10)
            order.append("change")

    def copy() -> None:
        with gate.copying():
            order.append("copy")
            time.sleep(0.1)
            order.append("copied")

    def change_later() -> None:
        with gate.changing():
            order.append("later")

    threads = [
        threading.Thread(target=change),
        threading.Thread(target=copy),
        threading.Thread(target=change_later),
    ]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    while not gate._copying:
        time.sleep(0.01)
    threads[2].start()
    release.set()
    for thread in threads:
        thread.join(10)

    assert order == ["change", "copy", "copied", "later"]


def test_a_thread_inside_enters_again_at_once() -> None:
    gate = Gate(patience=30)
    done = threading.Event()

    def copy() -> None:
        with gate.copying():
            done.set()

    with gate.changing():
        copier = threading.Thread(target=copy)
        copier.start()
        while not gate._copying:
            time.sleep(0.01)
        with gate.changing():
            assert not done.is_set()
    assert done.wait(10)


def test_a_change_that_hangs_does_not_stop_copies() -> None:
    gate, release = Gate(patience=0.1), threading.Event()
    inside = threading.Event()

    def hang() -> None:
        with gate.changing():
            inside.set()
            release.wait(10)

    thread = threading.Thread(target=hang)
    thread.start()
    inside.wait(10)
    with gate.copying():
        copied_while_hanging = thread.is_alive()
    release.set()
    thread.join(10)

    assert copied_while_hanging
