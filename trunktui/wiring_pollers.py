"""Composition of polling: a poller for each way to an SBC, and the SSH connection that it shares with actions."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.engine.crew import Post
    from trunktui.model.inventory import SshTarget
    from trunktui.model.secret import Secret
    from trunktui.model.snmp import SnmpTarget
    from trunktui.poll.fleet import Fleet
    from trunktui.poll.poller import Poller
    from trunktui.poll.schedule import Pace
    from trunktui.transport.port import Asker
    from trunktui.transport.snmp_asker import SnmpShared


class Hiring:
    """Makes pollers, with what all of one process share.

    `askers` has the SSH connection of each SBC whose poller was made here: of the latest, after a reload. `surveys`
    False: nobody wants to know what lies around the SBCs.
    """

    def __init__(
        self,
        config: Config,
        fleet: Fleet,
        changed: Callable[[], None],
        logged_in: Callable[[], None],
        *,
        surveys: bool = True,
    ) -> None:
        from trunktui.transport.announce import Announced
        from trunktui.transport.askers import Askers
        from trunktui.transport.limits import Limits
        from trunktui.transport.sealed import seal
        from trunktui.transport.ssh import SshShared

        seal()  # from here on this process reads keys
        self.askers = Askers()
        self._fleet = fleet
        self._changed = changed
        self._surveys = surveys
        self._ssh = Announced(SshShared(Limits(connects=config.poll.connections)), logged_in)
        self._snmp: SnmpShared | None = None

    def poller(self, post: Post, pace: Pace) -> Poller:
        """Return a new poller for `post`."""
        from trunktui.model.inventory import AUTO, SshTarget
        from trunktui.poll.finding import FindingPoller

        if not isinstance(post.target, SshTarget):
            return self._snmp_poller(post, post.target, pace)
        asker = self._asker(post.target)
        self.askers.put(post.sbc, asker)
        hire = partial(self._ssh_poller, post.sbc, asker)
        if post.platform != AUTO:
            return hire(post.platform, pace, lambda: None)
        return FindingPoller(post.sbc, self._fleet, asker, hire, pace=pace)

    def _ssh_poller(
        self, sbc: str, asker: Asker, platform_name: str, pace: Pace, folded: Callable[[], None]
    ) -> Poller:
        """Return what polls an SBC as one platform; `folded` is called after each fold besides."""
        from trunktui.platforms.registry import platform_for
        from trunktui.poll.poller import SbcPoller
        from trunktui.poll.surveyor import SurveyedPoller, Surveyor

        platform, changed = platform_for(platform_name), self._changed
        surveyor = Surveyor(sbc, platform, asker, self._fleet, clock=time.monotonic, changed=changed)

        def polled() -> None:
            surveyor.polled()
            folded()
            changed()

        poller = SbcPoller(
            sbc,
            platform,
            asker,
            self._fleet,
            pace=pace,
            clock=time.monotonic,
            wall=time.time,
            chance=random.random,
            changed=polled,
        )
        return SurveyedPoller(poller, surveyor) if self._surveys else poller

    def _asker(self, target: SshTarget) -> Asker:
        """Return a connection to an SBC, with the way to its software's control port where it has one."""
        from trunktui.transport.ssh import SshAsker
        from trunktui.transport.tunnel import TunnelAsker

        asker = SshAsker(target, self._ssh)
        if target.control is None:
            return asker
        return TunnelAsker(asker, target.control, revealed_for_control, clock=time.monotonic)

    def _snmp_poller(self, post: Post, target: SnmpTarget, pace: Pace) -> Poller:
        # pysnmp is not even imported before an SBC has SNMP
        from trunktui.platforms.registry import platform_for
        from trunktui.poll.snmp_poller import SnmpPoller
        from trunktui.transport.snmp_asker import SnmpAsker, SnmpShared

        self._snmp = self._snmp or SnmpShared()
        return SnmpPoller(
            post.sbc,
            lambda: platform_for(self._fleet.platform(post.sbc)),
            SnmpAsker(target, revealed, self._snmp),
            self._fleet,
            target.extend,
            pace=pace,
            clock=time.monotonic,
            chance=random.random,
            changed=self._changed,
        )


def unhurried(config: Config) -> Config:
    """Return the config for a single look: no next poll follows for which reading settings must end in time."""
    poll = structs.replace(config.poll, interval_s=3600.0, fast_interval_s=3600.0)
    return structs.replace(config, poll=poll)


def revealed(reference: str) -> Secret:
    """Return the secret behind a reference, in this process and never before it is sent; blocking."""
    from trunktui.config.errors import SecretError
    from trunktui.config.secrets import resolve
    from trunktui.model.link import SnmpError, SnmpState
    from trunktui.model.text import clean

    try:
        return resolve(reference, os.environ)
    except SecretError as error:
        raise SnmpError(SnmpState.CONFIG, clean(f"SNMP secret not usable: {error}")) from None


def revealed_for_control(reference: str) -> Secret:
    """Return the secret for a control port, in this process and never before it is sent; blocking."""
    from trunktui.config.errors import SecretError
    from trunktui.config.secrets import resolve
    from trunktui.model.link import LinkError, SshState
    from trunktui.model.text import clean

    try:
        return resolve(reference, os.environ)
    except SecretError as error:
        raise LinkError(SshState.CONFIG, clean(f"password of [sbc.esl] not usable: {error}")) from None
