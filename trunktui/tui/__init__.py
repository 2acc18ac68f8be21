"""The screen: knows `model`, `present` and the ports of `ports.py`; never a transport."""
