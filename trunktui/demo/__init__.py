"""A simulated fleet: real SSH servers on loopback that speak Asterisk's words, with trouble on a schedule."""
