"""One task per SBC: when to ask, when to back off, and how what came back becomes the fleet."""
