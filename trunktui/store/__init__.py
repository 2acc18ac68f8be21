"""What outlives a run: the audit log. It knows files and syslog, nothing of SBCs or screens."""
