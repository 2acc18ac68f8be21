"""The config that `config init` writes: valid as it stands, with one SBC and one trunk to fill in."""

from __future__ import annotations

STARTER = """\
# trunktui: what to poll. Check it with: trunktui config check
# Every key, with its meaning, is in config.example.toml of the project.

[poll]
interval = "30s"                # how often each SBC is asked

# One [[sbc]] for each box. Its trunks are found by themselves; name those below that have a carrier and a cap.
# [[sbc]]
# name = "nyc-1"                # letters, digits, dot, underscore, minus
# host = "10.20.0.11"           # an address, a host name, or an alias of ~/.ssh/config
# [sbc.ssh]
# user = "noc"
# identity = "~/.ssh/noc_ed25519"
# run_as = "asterisk"           # commands then go through `sudo -n -u asterisk`; left out: no sudo

# [[carrier]]
# name = "unlimcall"

# [[trunk]]
# name = "unlimcall-us"         # as its registration or endpoint is called on the SBC
# carrier = "unlimcall"
# auth = "hybrid"               # registration | ip | hybrid
# sbcs = ["nyc-1"]
# cap = { channels = 200 }      # what the contract allows
"""
