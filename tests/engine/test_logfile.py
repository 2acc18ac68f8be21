"""The engine's log: private, short, and harmless to whoever reads it on a terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transport.servers import HOSTILE
from trunktui.engine.logfile import LOG_LIMIT, CleanFormatter, LoopErrors, open_log

ENGINE = """
import asyncio, logging, sys, threading, warnings
from trunktui.engine.logfile import LoopErrors, start_logging
start_logging()
class Bad:
    def __del__(self):
        raise ValueError('canary-1' + chr(27))
def fail(text):
    raise RuntimeError(text + chr(27))
async def main():
    asyncio.get_running_loop().set_exception_handler(LoopErrors().handle)
    asyncio.get_running_loop().call_soon(fail, 'canary-2')
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())
thread = threading.Thread(target=fail, args=('canary-3',))
thread.start()
thread.join()
Bad()
warnings.warn('odd' + chr(27))
logging.getLogger('some').warning('two %d', 'words', 'canary-4')
try:
    fail('canary-5')
except RuntimeError:
    logging.getLogger('some').exception('said ' + chr(27) + chr(10) + 'x')
fail('canary-6')
"""


def write(path: Path) -> int:
    """Open the log, write a line; return the file's mode."""
    descriptor = open_log(path)
    os.write(descriptor, b"new\n")
    os.close(descriptor)
    return stat.S_IMODE(path.stat().st_mode)


def test_a_log_is_made_private_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    assert write(path) == 0o600
    path.chmod(0o644)
    assert write(path) == 0o600
    assert path.read_bytes() == b"new\nnew\n"


def test_a_log_that_grew_too_long_is_put_aside_and_only_one_such_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_bytes(b"x" * (LOG_LIMIT + 1))
    (tmp_path / "engine.log.1").write_bytes(b"older")
    assert write(path) == 0o600
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "engine.log.1").stat().st_size == LOG_LIMIT + 1
    assert stat.S_IMODE((tmp_path / "engine.log.1").stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 2


def test_a_log_that_cannot_be_put_aside_is_still_written(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_bytes(b"x" * (LOG_LIMIT + 1))
    (tmp_path / "engine.log.1").mkdir()
    write(path)
    assert path.read_bytes().endswith(b"xnew\n")


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_log_that_is_no_plain_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "engine.log"
    if kind == "link":
        path.symlink_to(tmp_path / "target")
    else:
        os.mkfifo(path)
    with pytest.raises(OSError, match="engine"):
        open_log(path)
    assert not (tmp_path / "target").exists()


def test_a_record_is_one_cleaned_line_whatever_it_says() -> None:
    record = logging.LogRecord("engine", logging.WARNING, "f", 1, "said %s", (HOSTILE + "\nforged",), None)
    line = CleanFormatter().format(record)
    assert line.isprintable()
    assert "WARNING engine: said ␛" in line


def test_all_that_python_would_print_itself_is_cleaned_and_quotes_no_value() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENGINE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert "canary" not in done.stderr
    assert all(line.isprintable() for line in done.stderr.splitlines())
    for words in (
        "event loop: Exception in callback fail (RuntimeError at <string>:",
        "a thread failed",
        "an error while something was cleared away",
        "odd␛",
        "some: two %d",
        "some: said ␛␊x",
        "CRITICAL trunktui.engine.logfile: the engine failed",
    ):
        assert words in done.stderr


def test_an_error_of_the_loop_that_comes_again_and_again_is_counted_and_not_logged_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors, loop = LoopErrors(), asyncio.new_event_loop()
    loop.set_exception_handler(errors.handle)
    for _ in range(12):
        loop.call_exception_handler({"message": "odd \x1b", "exception": ValueError("canary")})
    loop.call_exception_handler({"message": "other"})
    loop.close()
    assert errors.count == 13
    assert [record.getMessage() for record in caplog.records] == [
        "event loop: odd ␛ (ValueError); time 1 of this, 1 in all",
        "event loop: odd ␛ (ValueError); time 10 of this, 10 in all",
        "event loop: other; time 1 of this, 13 in all",
    ]
