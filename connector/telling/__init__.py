"""How findings become sentences: for the terminal, the console and what leaves for an auditor.

Everything here returns text; who prints it, and how wide, is the business of the floor above.
"""
