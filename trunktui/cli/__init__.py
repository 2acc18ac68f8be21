"""The commands. Only this package knows click; what a command needs is imported when it runs."""
