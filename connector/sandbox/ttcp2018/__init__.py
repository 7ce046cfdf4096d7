"""The national side of the profile `ttcp2018`: what old clients of the national system are known to have called.

Read from the same notes as the client, and written without it: where both agree, the notes are clear. It plays the
traps of that interface: no key of ours, a create on every repeat, refusals inside 200, answers encoded twice.
"""

from __future__ import annotations
