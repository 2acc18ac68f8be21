"""How questions reach an SBC. The only package that knows asyncssh (and, one file each, other protocols)."""
