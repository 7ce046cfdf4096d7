"""Floor 2: who does the work, one function per stage. Stages never call each other; they meet in the store.

Each stage is a generator: it yields the counts of one commit right after that commit, so whoever drives it can show
progress, and it looks at `stop` between commits. Adding up all counts gives the run's report.
"""
