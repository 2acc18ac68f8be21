"""A terminal dashboard for trunk operations: live SIP trunks of a fleet of SBCs, judged and explained."""

__version__ = "0.1.0"
