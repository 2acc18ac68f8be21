"""Where a history may stand: not on a network file system, and nowhere that others get at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.histories import NOON, event, read
from trunktui.store import history_place
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_place import PlaceError, network_type

MOUNTS = """\
21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
30 21 0:50 / /home rw,relatime shared:2 - nfs4 filer:/home rw,vers=4.2
31 30 0:51 / /home/noc/local rw - xfs /dev/sdb1 rw
32 21 0:52 / /mnt/my\\040share rw - cifs //win/share rw
33 21 0:53 / /mnt/ssh rw - fuse.sshfs noc@host:/ rw
34 21 0:54 / /mnt/usb rw - fuseblk /dev/sdc1 rw
35 21 0:55 / /srv rw - xfs /dev/sdd1 rw
36 35 0:56 / /srv rw - glusterfs gluster:/vol rw
37 21 0:57 / /mnt/plain rw - fuse something rw
broken line
38 21 0:58 / /mnt/win rw - 9p C: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/trunktui", None),
        ("/home", "nfs4"),
        ("/home/noc/.local/state", "nfs4"),
        ("/home/noc/local/state", None),
        ("/homework", None),
        ("/mnt/my share/state", "cifs"),
        ("/mnt/ssh/x", "fuse.sshfs"),
        ("/mnt/usb/x", None),
        ("/srv/x", "glusterfs"),
        ("/mnt/plain/x", "fuse"),
        ("/mnt/win", "9p"),
    ],
)
def test_the_file_system_under_a_folder_is_found(folder: str, kind: str | None) -> None:
    assert network_type(Path(folder), MOUNTS) == kind


def test_a_link_into_a_network_file_system_leads_there(tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "filer")
    mounts = f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path}/filer rw - nfs x rw\n"
    assert network_type(tmp_path / "state", mounts) == "nfs"


def test_neither_writer_nor_reader_opens_a_file_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path} rw - nfs4 x rw\n")
    with HistoryFile(tmp_path, Limits(), NOON) as file:
        file.write(Batch(events=[event()]))
    monkeypatch.setattr(history_place.check_local, "__defaults__", (mounts,))
    with pytest.raises(
        PlaceError, match="network file system \\(nfs4\\); name a folder on a local disk as `state`"
    ):
        HistoryFile(tmp_path, Limits(), NOON).__enter__()
    assert "network file system (nfs4)" in read(tmp_path).why


def test_where_mounts_cannot_be_read_nothing_is_refused(tmp_path: Path) -> None:
    history_place.check_local(tmp_path, tmp_path / "nowhere")


def test_a_folder_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PlaceError, match="chmod o-w"):
        HistoryFile(tmp_path, Limits(), NOON).__enter__()
