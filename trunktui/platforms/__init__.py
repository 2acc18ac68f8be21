"""One file per kind of SBC. A platform does no IO: it declares asks, parses answers, returns observations."""
