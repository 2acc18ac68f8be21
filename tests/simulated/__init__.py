"""Hours of simulated faults in virtual time: what an operator would see, held against how things really are."""
