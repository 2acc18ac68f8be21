"""Tests against the real lab: Asterisk, carriers and faults in network namespaces."""
