"""Who may log in to the lab's SBC and run what: the shipped sudoers example is exact, neither narrow nor wide."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from .lab import Lab

pytestmark = pytest.mark.lab

TABLES = (
    "core show uptime seconds",
    "core show version",
    "core show channels concise",
    "core show channels count",
    "pjsip show registrations",
    "pjsip show contacts",
    "pjsip show aors",
    "pjsip show auths",
    "pjsip show transports",
    "stun show status",
    "pjsip show channelstats",
    "dialplan show globals",
)
LONGEST_NAME = "very-long-trunk-name-north-america-wholesale-carrier-alpha-0001"
REFUSED = "sudo: a password is required"


def _sudo(*asterisk_args: str) -> str:
    argv = ("/usr/bin/timeout", "-k", "1", "5", "/usr/sbin/asterisk", *asterisk_args)
    return f"cd / && sudo -n -u asterisk {shlex.join(argv)}"


def _direct(*asterisk_args: str) -> str:
    return shlex.join(("/usr/bin/timeout", "-k", "1", "5", "/usr/sbin/asterisk", *asterisk_args))


def test_the_host_key_is_pinned(lab: Lab) -> None:
    assert lab.ssh("id -un").stdout == "noc\n"
    stranger = [part.replace(str(lab.known_hosts), "/dev/null") for part in lab.ssh_argv("id -un")]
    done = subprocess.run(stranger, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_noc_is_nobody_special(lab: Lab) -> None:
    assert "asterisk" not in lab.ssh("id").stdout
    assert "Permission denied" in lab.ssh("cat /etc/asterisk/pjsip.conf").stderr
    assert (
        "Unable to connect to remote asterisk" in lab.ssh("/usr/sbin/asterisk -rx 'core show version'").stderr
    )


@pytest.mark.parametrize("command", TABLES)
def test_noc_reads_each_table_through_sudo(lab: Lab, command: str) -> None:
    done = lab.ssh(_sudo("-rx", command))
    assert (done.returncode, done.stderr) == (0, "")
    heading = done.stdout.strip().splitlines()[:1]
    assert heading == lab.asterisk_cli(command).strip().splitlines()[:1] or "uptime" in command


@pytest.mark.parametrize(
    "command", ["pjsip show aor acme-primary", "pjsip show registration wiz-lambda-reg-0",
                "pjsip show endpoint us.east-1.sip.carrier-example.net", f"pjsip show aor {LONGEST_NAME}", "pjsip show transport transport-udp"]
)  # fmt: skip
def test_noc_reads_the_settings_of_one_name_through_sudo(lab: Lab, command: str) -> None:
    done = lab.ssh(_sudo("-rx", command))
    assert (done.returncode, done.stderr) == (0, "")
    assert "ParameterName" in done.stdout
    assert command.rsplit(maxsplit=1)[-1] in done.stdout


def test_noc_sees_and_says_where_a_group_goes(lab: Lab) -> None:
    for user, says in (("noc", _sudo), ("nocgrp", _direct)):
        for command, answer in (
            ("database put trunk lab/told acme-primary", "Updated database successfully\n"),
            ("database get trunk lab/told", "Value: acme-primary\n"),
            ("database del trunk lab/told", "Database entry removed.\n"),
            ("database get trunk lab/told", "Database entry not found.\n"),
            ("dialplan set global TRUNK_LAB x", "\n    -- Global variable 'TRUNK_LAB' set to 'x'\n"),
        ):
            done = lab.ssh(says("-rx", command), user=user)
            assert (done.returncode, done.stdout) == (0, answer), (user, command, done.stderr)
    denied = lab.ssh(_direct("-rx", "database get SIP x"), user="nocgrp")
    assert denied.stdout == "You don't have permissions to run 'database get SIP x' command\n"


@pytest.mark.parametrize(
    "args",
    [
        ("-rx", "pjsip show aor x", "-rx", "core stop now"),
        ("-rx", "pjsip show aor x -rx core stop now"),
        ("-rx", "pjsip show aor x\ncore stop now"),
        ("-rx", "pjsip show aor x\n"),
        ("-rx", "pjsip show aor"),
        ("-rx", "pjsip show aor "),
        ("-rx", 'pjsip show aor "Acme Telecom EU 1"'),
        ("-rx", "pjsip show aor a/b"),
        ("-rx", "pjsip show aor -x"),
        ("-rx", "pjsip show aor é"),
        ("-rx", f"pjsip show aor {LONGEST_NAME}x"),
        ("-rx", "pjsip show auths like acme"),
        ("-rx", "pjsip show auths", "-rx", "pjsip show auth acme-primary"),
        ("-rx", "pjsip show transport"),
        ("-rx", "pjsip show transport a b"),
        ("-rx", "stun show"),
        ("-rx", "pjsip show auth acme-primary"),
        ("-rx", "pjsip send register *all"),
        ("-rx", "pjsip send register x", "-rx", "core stop now"),
        ("-rx", "pjsip send register"),
        ("-rx", "pjsip send unregister acme-primary"),
        ("-rx", "pjsip qualify a b"),
        ("-rx", "database get SIP x"),
        ("-rx", "database get trunk a b"),
        ("-rx", "database show"),
        ("-rx", "database put trunk a b c"),
        ("-rx", "database put trunk a b", "-rx", "core stop now"),
        ("-rx", "database put SIP a b"),
        ("-rx", "database del trunk"),
        ("-rx", "database deltree trunk"),
        ("-rx", "dialplan set global DIAL_OPTIONS x"),
        ("-rx", "dialplan set global TRUNK_A ${SHELL(id)}"),
        ("-rx", "core show channels"),
        ("-rx", "core stop now"),
        ("-rx", "core show version", "-rx", "core stop now"),
        ("-rx",),
        ("-r",),
        (),
    ],
    ids=repr,
)
def test_sudo_refuses_what_the_product_never_runs(lab: Lab, args: tuple[str, ...]) -> None:
    done = lab.ssh(_sudo(*args))
    assert (done.returncode, done.stdout) == (1, "")
    assert REFUSED in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "sudo -n -u asterisk /usr/sbin/asterisk -rx 'core show version'",
        "sudo -n -u asterisk /usr/bin/timeout -k 1 60 /usr/sbin/asterisk -rx 'core show version'",
        "sudo -n -u asterisk /usr/bin/timeout -k 1 5 /bin/sh -c id",
        "sudo -n -u asterisk /bin/sh -c id",
        "sudo -n -u root /usr/bin/timeout -k 1 5 /usr/sbin/asterisk -rx 'core show version'",
        "sudo -n -i",
    ],
)
def test_sudo_refuses_another_program_another_limit_another_user(lab: Lab, command: str) -> None:
    done = lab.ssh(f"cd / && {command}")
    assert (done.returncode, done.stdout) == (1, "")
    assert REFUSED in done.stderr


def test_nocgrp_reads_through_the_socket_what_cli_permissions_allow(lab: Lab) -> None:
    for command in TABLES:
        done = lab.ssh(_direct("-rx", command), user="nocgrp")
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "don't have permissions" not in done.stdout
    for command in ("pjsip show auth acme-primary", "pjsip show auth"):
        denied = lab.ssh(f"/usr/sbin/asterisk -rx '{command}'", user="nocgrp")
        assert denied.stdout == f"You don't have permissions to run '{command}' command\n"
    assert "Permission denied" in lab.ssh("cat /etc/asterisk/pjsip.conf", user="nocgrp").stderr


def test_nocnone_may_log_in_and_nothing_more(lab: Lab) -> None:
    assert lab.ssh("id -un", user="nocnone").stdout == "nocnone\n"
    assert REFUSED in lab.ssh(_sudo("-rx", "core show version"), user="nocnone").stderr
    direct = lab.ssh("/usr/sbin/asterisk -rx 'core show version'", user="nocnone")
    assert direct.returncode == 1
    assert "Unable to connect to remote asterisk" in direct.stderr


def test_with_asterisk_frozen_sudo_and_timeout_come_back_in_time_and_leave_no_process(lab: Lab) -> None:
    with lab.fault(lab.freeze_asterisk, lab.thaw_asterisk):
        done = lab.ssh(
            "t=$(date +%s%N); " + _sudo("-rx", "core show version") + "; echo $? $(($(date +%s%N) - t))"
        )
        status, took_ns = map(int, done.stdout.split())
        assert status in (124, 137)
        assert 5.0 <= took_ns / 1e9 <= 7.0
        assert [line for line in lab.processes().values() if "-rx" in line] == []
    assert "Asterisk" in lab.ssh(_sudo("-rx", "core show version")).stdout
