"""What the fleet and a leg's page share: the keys that act, bound in write mode only, on the leg at the key press."""

from __future__ import annotations

from textual import events
from textual.binding import BindingsMap

from trunktui.model.action import Verb
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import SwitchKind, Wish
from trunktui.present.choosing import switchable
from trunktui.present.sweeping import failback_of, undo_hint, undo_of, undo_wish
from trunktui.tui.confirm_screen import ConfirmScreen
from trunktui.tui.events_screen import EventsScreen
from trunktui.tui.findings_screen import FindingsScreen
from trunktui.tui.keys import EVERYWHERE, MARKS, WRITE, Key, bindings, write_keys
from trunktui.tui.progress_screen import ProgressScreen
from trunktui.tui.stage import Stage, StageScreen
from trunktui.tui.switch_pages import NOTHING_TO_UNDO, SwitchConfirmScreen, SwitchProgressScreen
from trunktui.tui.switch_screen import SwitchScreen

_HOW = "read-only: type :write to unlock write mode for 15 minutes"


class ActingScreen(StageScreen, inherit_bindings=False):
    """A screen of legs; `leg_in_hand` is the one that a key acts on."""

    def __init__(self, stage: Stage, keys: tuple[Key, ...]) -> None:
        super().__init__(stage, keys)
        self._keys = keys
        self._unlocked = False
        self._meant: str | None = None

    def leg_in_hand(self) -> str | None:
        """Return the id of the leg that a key acts on now."""
        raise NotImplementedError

    def bind_as_allowed(self) -> None:
        """Bind the keys that act while write mode lasts, and unbind them when it is over; tell what they offer now."""
        unlocked = self._stage.write_left() is not None
        if unlocked is not self._unlocked:
            self._unlocked = unlocked
            keys = (*WRITE, *self._keys) if unlocked else self._keys
            self._bindings = BindingsMap(bindings((*keys, *EVERYWHERE)))
        self._foot.offer((*self._offered(), *self._keys) if unlocked else self._keys)

    def _offered(self) -> tuple[Key, ...]:
        """Return the keys that act, those first that have something to do now."""
        now = self._stage.clock()
        undo = undo_of(self._stage.watch.doings, now, self._groups_in_hand())
        back = failback_of(self._stage.watch.snapshot, self._stage.watch.doings.waits, now)
        return write_keys("" if undo is None else undo_hint(undo, now), failback=back is not None)

    def on_key(self, event: events.Key) -> None:
        """Begin a command, or open a page, at its key, before the keys that follow it, which are meant for that.

        Where a key that acts is pressed read-only it is said how to unlock.
        """
        opens = {
            "R": self.action_reregister,
            "S": self.action_switch,
            "F": self.action_failback,
            "u": self.action_undo,
        }
        if self._foot.typing or not self.on_top:
            return
        if event.key in MARKS:
            event.stop()
            event.prevent_default()
            self.action_mark(MARKS[event.key])
        elif event.key in opens:
            event.stop()
            event.prevent_default()
            if self._unlocked:
                opens[event.key]()
            else:
                self.say(_HOW)

    def leg_meant(self) -> str | None:
        """Return the leg that was in hand when the command was begun, wherever the cursor went since."""
        return self._meant

    def action_command(self) -> None:
        """Begin to type a command about the leg in hand."""
        self._meant = self.leg_in_hand()
        super().action_command()

    def action_mark(self, command: str) -> None:
        """Begin a command that marks the leg in hand; enter alone does nothing, as it wants a reason."""
        self._meant = self.leg_in_hand()
        self._foot.start_command(command, self._meant or "")

    def action_reregister(self) -> None:
        """Show what a re-register of the leg in hand would do; where one is under way or has ended, show that."""
        leg_id = self.leg_in_hand()
        if leg_id is None or self._stage.write_left() is None:
            return
        doer = self._stage.doer
        if doer.acting_on(leg_id) or doer.end_of(leg_id) is not None:
            self.app.push_screen(ProgressScreen(self._stage, leg_id))
        else:
            self.app.push_screen(ConfirmScreen(self._stage, Verb.REREGISTER, leg_id))

    def action_switch(self) -> None:
        """Show where the groups of the leg in hand could go; where one is being moved or was, show that."""
        leg_id = self.leg_in_hand()
        if leg_id is None or self._stage.write_left() is None:
            return
        doer = self._stage.doer
        for group in switchable(self._stage.watch.snapshot, leg_id):
            if doer.acting_on(group.name) or doer.end_of(group.name) is not None:
                self.app.push_screen(SwitchProgressScreen(self._stage, group.name))
                return
        self.app.push_screen(SwitchScreen(self._stage, leg_id))

    def action_undo(self) -> None:
        """Show what would take back the last switch: of a group of the leg in hand, else the last of all."""
        if self._stage.write_left() is None:
            return
        undo = undo_of(self._stage.watch.doings, self._stage.clock(), self._groups_in_hand())
        if undo is None:
            self.say(NOTHING_TO_UNDO)
        else:
            self._confirm(undo_wish(undo))

    def action_failback(self) -> None:
        """Show what would bring a group back to its first trunk: of the leg in hand, else the one that is offered."""
        if self._stage.write_left() is None:
            return
        watch, now = self._stage.watch, self._stage.clock()
        snapshot, waits, own = watch.snapshot, watch.doings.waits, self._groups_in_hand()
        found = failback_of(snapshot, waits, now, own) or failback_of(snapshot, waits, now)
        if found is not None:
            self._confirm(Wish(SwitchKind.FAILBACK, found[0].name))
        elif own:
            self._confirm(Wish(SwitchKind.FAILBACK, own[0]))  # the guards say what is missing
        else:
            self.say("no group of this leg can be failed back")

    def _groups_in_hand(self) -> tuple[str, ...]:
        """Return the groups of the leg in hand that can be switched."""
        leg_id = self.leg_in_hand()
        found = () if leg_id is None else switchable(self._stage.watch.snapshot, leg_id)
        return tuple(group.name for group in found)

    def _confirm(self, wish: Wish) -> None:
        """Ask whether a wish shall be carried out; where its group is being moved, show that."""
        doer = self._stage.doer
        if doer.acting_on(wish.group):
            self.app.push_screen(SwitchProgressScreen(self._stage, wish.group))
        else:
            doer.dismiss(wish.group)
            self.app.push_screen(SwitchConfirmScreen(self._stage, wish))

    def scope(self) -> LegStatus | None:
        """Return the leg whose events alone are shown from here; None: all."""
        return None

    def action_events(self) -> None:
        """Show what happened."""
        self.app.push_screen(EventsScreen(self._stage, self.scope()))

    def action_findings(self) -> None:
        """Show findings: on the page of a leg those about it, elsewhere all."""
        scope = self.scope()
        self.app.push_screen(FindingsScreen(self._stage, None if scope is None else scope.id))

    def action_probe(self) -> None:
        """Have OPTIONS sent on the leg in hand."""
        leg_id = self.leg_in_hand()
        if leg_id is not None:
            self.say(f"OPTIONS to the carrier of {leg_id} ...")
            self._stage.doer.probe(leg_id)
