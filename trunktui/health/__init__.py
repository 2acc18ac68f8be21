"""Pure rules that turn observations into one state, one severity and one sentence per leg; `now` is an argument."""
