"""Asks Asterisk for the RTP counters of its calls, and brings them together with the channels they belong to. Pure.

`pjsip show channelstats`; received, then sent:

                                                 ...........Receive......... .........Transmit..........
     BridgeId ChannelId ........ UpTime.. Codec.   Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....
     ===========================================================================================================

     82435657 acme-primary-00000 00:00:07 ulaw        0       0    0   0.000      0       0    0   0.000   0.000

It cuts the names at 18 characters, so that trunks cannot be told apart by it; but no two channels in one bridge (cut
at 8) begin alike, and `core show channels concise`, asked beside it, has both names whole.
"""

from __future__ import annotations

import re

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.audio import AudioLook, CallAudio
from trunktui.model.observation import Observation
from trunktui.model.text import Safe, clean
from trunktui.platforms.asterisk_console import rx
from trunktui.platforms.asterisk_tables import fault, no_such_command, refusal

_STATS, _CHANNELS = rx("audio", "pjsip show channelstats"), rx("bridged", "core show channels concise")
_ROW = re.compile(
    r" ([0-9a-f]{8}) (.{1,18}?) +\d{2,}:\d\d:\d\d \S+ +(\d{1,12}) +\d+ +\d+ +\S+ +(\d{1,12}) +\d+ +\d+ +\S+ +\S+ *",
    re.ASCII,
)
_CHANNEL = re.compile(r"PJSIP/((.+)-[0-9a-f]{8})", re.ASCII)
_CUT, _BRIDGE_CUT = 18, 8
_FIELDS = 14
_NAME_LIMIT = 128


def audio_ask(observation: Observation) -> SshAsk | None:
    """Return how to ask for the counters; None while no trunk has a call."""
    return SshAsk((_STATS, _CHANNELS)) if any(row.dialled for row in observation.channel_rows) else None


def parse_audio(answer: Answer) -> AudioLook:
    """Read the answer to `audio_ask`; a channel that cannot be told from another is left out. Never raises."""
    stats, channels = answer.reply(_STATS.key), answer.reply(_CHANNELS.key)
    if why := fault(stats) or fault(channels):
        denied = refusal(stats) is not None or no_such_command(stats)
        return AudioLook(why=clean(why), denied=denied)
    named: dict[tuple[str, str], tuple[str, str] | None] = {}
    for line in channels.lines:
        found = _bridged(line)
        if found is not None:
            key, channel = found
            named[key] = None if key in named else channel
    calls = []
    for line in stats.lines:
        row = _ROW.fullmatch(line)
        whose = None if row is None else named.get((row[1], row[2]))
        if row is not None and whose is not None:
            name, endpoint = whose
            calls.append(CallAudio(clean(name), clean(endpoint, _NAME_LIMIT), int(row[3]), int(row[4])))
    return AudioLook(tuple(calls))


def _bridged(line: Safe) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Return (bridge, name) as the counters cut them, and (unique id, endpoint), of an answered channel that Asterisk dialled."""
    fields = line.split("!")
    if len(fields) != _FIELDS or fields[4] != "Up" or not fields[-2]:
        return None
    name = _CHANNEL.fullmatch(fields[0])
    if name is None:
        return None
    return (fields[-2][:_BRIDGE_CUT], name[1][:_CUT].rstrip()), (fields[-1], name[2])
