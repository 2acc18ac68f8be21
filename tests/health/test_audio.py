"""Calls that nothing is heard of: counted once each, and only where silence means something."""

from __future__ import annotations

from trunktui.health.audio import AudioMemory, Unheard, remember_audio
from trunktui.model.audio import AudioLook, CallAudio
from trunktui.model.health import Thresholds
from trunktui.model.text import Safe

T = Thresholds()


def look(count: int, received: int, sent: int = 0, *, first: int = 0, endpoint: str = "a") -> AudioLook:
    return AudioLook(tuple(CallAudio(Safe(f"u.{first + n}"), endpoint, received, sent) for n in range(count)))


def played(*looks: tuple[float, AudioLook]) -> AudioMemory:
    memory = AudioMemory()
    for at, one in looks:
        memory = remember_audio(memory, one, at, T)
    return memory


def test_ten_silent_calls_on_a_trunk_that_was_heard_before_are_no_audio() -> None:
    memory = played((0, look(2, 300)), (10, look(12, 0, first=10)), (20, look(12, 0, first=10)))
    assert memory.unheard("a", 20, T) == Unheard(12, 10)
    assert memory.unheard("b", 20, T) is None
    again = remember_audio(memory, look(12, 0, first=10), 30, T)
    assert again.unheard("a", 30, T) == Unheard(12, 10), "each call is judged once"
    assert again.unheard("a", 20 + T.traffic_window_s + 1, T) is None, "old news"


def test_nine_are_too_few_and_one_that_is_heard_begins_the_count_anew() -> None:
    assert (
        played((0, look(1, 9)), (10, look(9, 0, first=10)), (20, look(9, 0, first=10))).unheard("a", 20, T)
        is None
    )
    silent = look(12, 0, first=10)
    mixed = AudioLook((*look(1, 50, first=40).calls, *silent.calls))
    memory = played((0, look(1, 9)), (10, silent), (20, mixed))
    assert memory.unheard("a", 20, T) is None


def test_media_that_does_not_pass_the_sbc_is_no_silence() -> None:
    assert played((0, look(12, 0)), (10, look(12, 0)), (20, look(12, 0))).unheard("a", 20, T) is None
    one_way = played((0, look(12, 0, 400)), (10, look(12, 0, 800)))
    assert one_way.unheard("a", 10, T) == Unheard(12, 0), "we send, and nothing comes back"


def test_a_call_that_has_just_been_answered_is_not_judged_yet() -> None:
    assert played(
        (0, look(1, 9)), (10, look(12, 0, 9, first=10)), (13, look(12, 0, 9, first=10))
    ).judged.keys() == {"a"}
    memory = played((0, look(1, 9)), (10, look(12, 0, 9, first=10)), (13, look(12, 0, 9, first=10)))
    assert memory.unheard("a", 13, T) is None


def test_counters_that_cannot_be_read_say_nothing_and_say_why() -> None:
    memory = played((0, look(2, 9)), (10, AudioLook(why=Safe("sudo refuses"), denied=True)))
    assert (memory.why, memory.denied, memory.unheard("a", 10, T)) == ("sudo refuses", True, None)
    assert not remember_audio(memory, look(1, 3), 20, T).why
