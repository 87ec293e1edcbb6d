"""What ``make bench`` runs: each figure against what a user would pick instead, in the same run."""
