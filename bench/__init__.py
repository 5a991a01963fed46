"""What `make bench` runs: Ringbook against the ceiling and against the usual stack, on one machine in one run.

Rates depend on the machine; ratios hold anywhere. Every round runs all subjects one after the other, and medians over
the rounds are told, so that no subject has the quiet minute for itself.
"""
