"""What operators may do to a trunk: guards, the one sending, the proof, and the audit around them. No screen, no CLI."""
