"""The words for what went wrong between us and an SBC: one LinkError per meaning, each with its way out.

Nothing here knows the SSH library; `where` is what an operator would call the far side, e.g. `10.0.0.1:22` or
`jump host bastion:22`. Texts from outside come in raw and leave cleaned.
"""

from __future__ import annotations

import errno

from trunktui.model.link import LinkError, SshState
from trunktui.model.text import clean

REASON_LIMIT = 720
"""Characters of one reason: room for paths, a fingerprint and two commands to type."""

_QUOTE_LIMIT = 80
_OVERLOAD = (b"MaxStartups", b"Not allowed at this time", b"Too many")
_OURS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN}
)


def fault(state: SshState, sentence: str) -> LinkError:
    """Return the LinkError for `state` with `sentence` cleaned and cut."""
    return LinkError(state, clean(sentence, REASON_LIMIT))


def quoted(text: str | bytes) -> str:
    """Return the first line of what the far side said, cleaned, short and in quotes."""
    line = text.strip().splitlines()
    return f"'{clean(line[0] if line else '', _QUOTE_LIMIT)}'"


def config(sentence: str) -> LinkError:
    """Something on our side must be edited first."""
    return fault(SshState.CONFIG, sentence)


def not_resolved(host: str, exc: OSError | ValueError) -> LinkError:
    """The resolver said no."""
    said = clean((isinstance(exc, OSError) and exc.strerror) or str(exc), _QUOTE_LIMIT)
    return fault(SshState.DNS, f"cannot resolve {host}: {said}; check the host in the config and DNS")


def slow_resolver(host: str) -> LinkError:
    """The resolver said nothing in time."""
    return fault(SshState.DNS, f"cannot resolve {host}: no answer from DNS in time; check the resolver here")


def cannot_connect(where: str, exc: OSError) -> LinkError:
    """TCP did not come up; says whether it was refused, unreachable, or our own machine's fault."""
    said = clean(exc.strerror or type(exc).__name__, _QUOTE_LIMIT)
    if isinstance(exc, ConnectionRefusedError):
        return fault(
            SshState.REFUSED,
            f"connection refused by {where}: sshd is not listening there; check the port, or start it",
        )
    if exc.errno in _OURS:
        return fault(SshState.LOCAL_LOAD, f"cannot open a connection to {where}: {said} on this machine")
    if exc.errno in (errno.EPERM, errno.EACCES):
        return fault(SshState.UNREACHABLE, f"{where} is unreachable: {said} by a firewall on this machine")
    return fault(SshState.UNREACHABLE, f"{where} is unreachable: {said}; check the route to it")


def silent(where: str, seconds: float) -> LinkError:
    """TCP got no answer at all."""
    return fault(
        SshState.UNREACHABLE,
        f"{where} is unreachable: no answer within {seconds:.3g} s; "
        "the host is down or a firewall drops the packets",
    )


def queued(where: str) -> LinkError:
    """The budget went by while others were logging in."""
    return fault(SshState.LOCAL_LOAD, f"too many logins at once here: {where} had no turn in time")


def hung_login(where: str, seconds: float) -> LinkError:
    """TCP is up, the login does not end."""
    return fault(
        SshState.HUNG,
        f"{where} hung at login: it accepts connections, but the login did not end within {seconds:.3g} s",
    )


def hung_agent(path: str) -> LinkError:
    """Our own ssh-agent does not answer."""
    return fault(
        SshState.HUNG, f"the ssh-agent at {path} hung: it does not answer; restart it or set `identity`"
    )


def hung_session(where: str, seconds: float) -> LinkError:
    """Logged in, but no command ever began."""
    return fault(
        SshState.HUNG,
        f"{where} hung after the login: its shell started no command within {seconds:.3g} s",
    )


def hung_command(where: str, seconds: float) -> LinkError:
    """Commands began and none came back in time."""
    return fault(SshState.HUNG, f"{where} hung: no command came back within {seconds:.3g} s")


def slow_answer(host: str, seconds: float) -> LinkError:
    """Some commands came back, and our time ended before the others did."""
    return fault(SshState.HUNG, f"{host} hung: it did not answer every command within {seconds:.3g} s")


def broken_answer(host: str) -> LinkError:
    """Some commands came back, then no more could: the session or the connection ended, we cannot tell which."""
    return fault(
        SshState.UNREACHABLE,
        f"the answer of {host} broke off: not every command came back; see its sshd's log",
    )


def hung_link(where: str) -> LinkError:
    """Keepalives stayed unanswered."""
    return fault(SshState.HUNG, f"{where} hung: it no longer answers keepalives on an open connection")


def lost_link(where: str, said: str) -> LinkError:
    """The connection went away while a command ran, and no command had ended."""
    tail = f": {quoted(said)}" if said else ""
    return fault(SshState.UNREACHABLE, f"{where} is unreachable: connection lost while the command ran{tail}")


def lost_before(where: str) -> LinkError:
    """The kept connection turned out to be gone when it was wanted again."""
    return fault(SshState.UNREACHABLE, f"{where} is unreachable: connection lost before a command began")


def closed_at_login(where: str, said: str) -> LinkError:
    """An SSH server ended the connection before the login was through."""
    tail = f": {quoted(said)}" if said else ""
    return fault(SshState.UNREACHABLE, f"{where} is unreachable: connection lost during the login{tail}")


def closed_before_greeting(where: str, greeting: bytes | None) -> LinkError:
    """No SSH greeting came before the end; `greeting` is what the far side said, None for silence.

    A server that closes at once, unasked, is an overloaded or a choosy sshd; one that speaks otherwise, or
    ends only after our own greeting, is no SSH server.
    """
    if greeting is None:
        return not_ssh(where, "it closed the connection when greeted in SSH")
    if not greeting:
        return fault(
            SshState.LOCAL_LOAD,
            f"{where} closed the connection before its SSH greeting: too many logins at once (MaxStartups), "
            "or an address filter there",
        )
    if any(sign in greeting for sign in _OVERLOAD):
        return fault(
            SshState.LOCAL_LOAD,
            f"{where} takes no more logins at once: it said {quoted(greeting)}; see MaxStartups",
        )
    return not_ssh(where, f"it said {quoted(greeting)}")


def not_ssh(where: str, why: str) -> LinkError:
    """What answers is no SSH 2 server."""
    return fault(SshState.NOT_SSH, f"{where} does not speak SSH: {why}; check host and port")


def no_session(where: str, said: str) -> LinkError:
    """The server refuses one more session on an open connection."""
    return fault(
        SshState.LOCAL_LOAD,
        f"{where} refuses one more session: {quoted(said)}; see MaxSessions in its sshd_config",
    )


def no_exec(where: str, user: str, said: str | bytes) -> LinkError:
    """Logged in, but the account may not run commands."""
    tail = f": it said {quoted(said)}" if said else ""
    return config(f"{user} on {where} cannot run commands{tail}; it needs a login shell and no ForceCommand")


def denied(where: str, user: str, tried: tuple[str, ...], note: str) -> LinkError:
    """The server took none of our keys."""
    keys = f"it refused {', '.join(tried)}" if tried else "there is no key to offer"
    more = f"; {note}" if note else ""
    return fault(
        SshState.AUTH,
        f"login as {user} denied by {where}: {keys}{more}; add the public key to authorized_keys there",
    )


def too_many_keys(where: str, user: str) -> LinkError:
    """The server gave up on us before the right key came."""
    return fault(
        SshState.AUTH,
        f"login as {user} denied by {where}: too many authentication failures; "
        "set `identity` to the one key to try",
    )


def host_key(where: str, kind: str, advice: str) -> LinkError:
    """The far side could not prove who it is; never retried until a person acted."""
    return fault(SshState.HOST_KEY, f"host key of {where} {kind}; {advice}")


def forward_refused(jump: str, where: str, said: str) -> LinkError:
    """The jump host's policy forbids the way on."""
    return config(
        f"{jump} refuses to forward to {where}: {quoted(said)}; "
        "see AllowTcpForwarding and PermitOpen in its sshd_config"
    )


def forward_failed(jump: str, where: str, said: str) -> LinkError:
    """The jump host tried and could not reach the next host."""
    text = said.lower()
    if "refused" in text:
        return fault(
            SshState.REFUSED, f"connection refused by {where}, asked by {jump}: sshd is not listening there"
        )
    if "resolve" in text or "not known" in text:
        return fault(SshState.DNS, f"{jump} cannot resolve {where}: {quoted(said)}")
    return fault(SshState.UNREACHABLE, f"{where} is unreachable from {jump}: {quoted(said)}")


def slow_start(seconds: float) -> LinkError:
    """The budget ended before anything was tried."""
    return fault(SshState.LOCAL_LOAD, f"nothing was asked within {seconds:.3g} s: this machine is overloaded")


def slow_settings(where: str) -> LinkError:
    """Reading `~/.ssh/config`, keys or known_hosts did not end."""
    return config(
        f"reading the SSH settings for {where} took too long; look for a `Match exec` or a dead network disk"
    )


def busy(host: str) -> LinkError:
    """Earlier asks to this SBC still run."""
    return fault(SshState.LOCAL_LOAD, f"{host} had no free session in time: earlier asks still run")


def proxy_ended(where: str) -> LinkError:
    """The operator's own ProxyCommand gave up."""
    return config(
        f"the ProxyCommand for {where} ended without an SSH greeting; run it by hand, see ~/.ssh/config"
    )


def broken_hosts(file: str, line: int) -> LinkError:
    """A known_hosts line that may have been meant to revoke a key cannot be read."""
    return fault(
        SshState.HOST_KEY,
        f"host key not checked: {file} line {line} starts with @ and is unreadable; repair it",
    )
