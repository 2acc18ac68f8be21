"""The command line: global options, the list of commands, and what each kind of failure exits with."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import click

from trunktui import __version__
from trunktui.cli.acting import probe, reregister, verify
from trunktui.cli.auditing import audit_group
from trunktui.cli.carriers import carriers
from trunktui.cli.configuring import config_group
from trunktui.cli.connect import connect
from trunktui.cli.demo import demo
from trunktui.cli.events import events
from trunktui.cli.finding import findings
from trunktui.cli.marking import ack_group, maintenance_group
from trunktui.cli.recording import allowlist_group, credentials_group, restriction_group
from trunktui.cli.session import Session
from trunktui.cli.status import check, status
from trunktui.cli.switching import failback, switch, undo
from trunktui.cli.terminal import need_terminal
from trunktui.config.errors import ConfigError
from trunktui.model.text import clean

USAGE = 64
"""Usage and config errors (EX_USAGE): click's own 2 would read as CRITICAL to a monitoring system."""

CRASHED = 70
"""An internal error (EX_SOFTWARE): Python's own 1 would read as WARNING."""

OUTPUT_LOST = 74
"""Standard output took no more (EX_IOERR), as on a full disk."""

INTERRUPTED = 130
PIPE_CLOSED = 141

_TRACE_LINE = 400
_WITH_DASHBOARD = {None, "demo", "connect"}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


_SECTIONS = (
    ("See", ("demo", "connect", "status", "check", "carriers", "events", "findings")),
    ("Act on SBCs, guarded and proved", ("switch", "failback", "undo", "reregister", "probe", "verify")),
    (
        "Say and record",
        ("maintenance", "ack", "credentials", "allowlist", "restriction", "audit"),
    ),
    ("Set up", ("config",)),
)
"""Every command, under what it is for."""


class _Commands(click.Group):
    """A group of commands whose output may be cut off: `trunktui status | head`."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; when whoever read us has gone, end silently with PIPE_CLOSED, on a full disk say so."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
            ctx.exit(PIPE_CLOSED)
        except OSError as error:
            if error.errno not in _NO_ROOM or error.filename is not None:
                raise
            _drop_output()
            click.echo(f"trunktui: the output cannot be written: {error.strerror}", err=True)
            ctx.exit(OUTPUT_LOST)
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click asks for it
        """Write the commands by what they are for, in the order in which a night needs them."""
        width = formatter.width - 6 - max(map(len, self.commands))
        for heading, names in _SECTIONS:
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(width)) for name in names])


def _drop_output() -> None:
    """Keep the interpreter from flushing what is left once more at its end, and from saying so."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    name="trunktui",
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a command, the dashboard opens. Usage and config errors exit with 64.",
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), metavar="PATH", help="The config file to use."
)
@click.option("--theme", metavar="NAME", help="The dashboard's theme.")
@click.option("--write", is_flag=True, help="Start the dashboard in write mode (15 minutes).")
@click.version_option(__version__, "-V", "--version", message="trunktui %(version)s")
@click.pass_context
def trunktui(
    context: click.Context, config_path: Path | None, theme: str | None, *, write: bool
) -> int | None:
    """Show, live, for every SIP trunk of a fleet of SBCs whether it works, and why not."""
    context.obj = Session(config_path=config_path, env=os.environ, theme=theme, write=write)
    if write and context.invoked_subcommand not in _WITH_DASHBOARD:
        raise click.UsageError(
            f"--write is for the dashboard; {context.invoked_subcommand} has none", context
        )
    if context.invoked_subcommand is not None:
        return None
    return _dashboard(context.obj)


trunktui.add_command(status)
trunktui.add_command(check)
trunktui.add_command(carriers)
trunktui.add_command(connect)
trunktui.add_command(audit_group)
trunktui.add_command(maintenance_group)
trunktui.add_command(ack_group)
trunktui.add_command(events)
trunktui.add_command(findings)
trunktui.add_command(credentials_group)
trunktui.add_command(allowlist_group)
trunktui.add_command(restriction_group)
trunktui.add_command(config_group)
trunktui.add_command(demo)
trunktui.add_command(reregister)
trunktui.add_command(probe)
trunktui.add_command(switch)
trunktui.add_command(failback)
trunktui.add_command(undo)
trunktui.add_command(verify)


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name; None: the process's own) and return its exit code."""
    try:
        result = trunktui.main(
            args=None if argv is None else list(argv), prog_name="trunktui", standalone_mode=False
        )
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        click.echo(f"trunktui: {_one_line(error)}", err=True)
        return USAGE
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"trunktui: {problem}", err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End the process with CRASHED after telling where it broke: cleaned lines, no values of variables.

    Made to be `sys.excepthook`.
    """
    lines = "".join(traceback.format_exception(kind, error, trace)).splitlines()
    told = ("trunktui: internal error", *(clean(line, _TRACE_LINE) for line in lines))
    os.write(2, ("\n".join(told) + "\n").encode("utf-8", "backslashreplace"))
    os._exit(CRASHED)


def _one_line(error: click.ClickException) -> str:
    """Say a usage error on one line, with the way to help where click knows the command."""
    said = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return said if context is None else f"{said.rstrip('.')} (see: {context.command_path} --help)"


def _dashboard(session: Session) -> int:
    config = session.config()
    need_terminal("trunktui status")
    from trunktui import wiring

    return wiring.dashboard(config, session.theme, write=session.write)
