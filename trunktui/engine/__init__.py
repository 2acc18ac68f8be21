"""The polling process: owns the connections, sends judged snapshots to the screen over a socket."""
