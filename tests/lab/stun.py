"""A STUN server as small as it can be: tells whoever sends a binding request from which address that came."""

from __future__ import annotations

import socket
import struct
import sys

_BINDING_REQUEST, _BINDING_SUCCESS, _MAPPED_ADDRESS, _IPV4 = 0x0001, 0x0101, 0x0001, 1
_HEADER = struct.Struct("!HH16s")


def reply(request: bytes, host: str, port: int) -> bytes | None:
    """Return the answer to a binding request that came from `host`; None for anything else."""
    if len(request) < _HEADER.size:
        return None
    kind, _, transaction = _HEADER.unpack_from(request)
    if kind != _BINDING_REQUEST:
        return None
    mapped = struct.pack("!HHBBH4s", _MAPPED_ADDRESS, 8, 0, _IPV4, port, socket.inet_aton(host))
    return _HEADER.pack(_BINDING_SUCCESS, len(mapped), transaction) + mapped


def main(address: str, port: int = 3478) -> None:
    """Serve for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            request, (host, source) = server.recvfrom(2048)
            answer = reply(request, host, source)
            if answer is not None:
                server.sendto(answer, (host, source))


if __name__ == "__main__":
    main(sys.argv[1])
