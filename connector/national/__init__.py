"""Floor 1: the network. One module per profile; every judgement of an answer is a line in `rules.py`."""
