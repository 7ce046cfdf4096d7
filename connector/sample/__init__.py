"""The sample agency: an agency's own database, generated, for the demo and the tests ("their disk", the double).

Nouns: *shape* = how many rows of which sort; *agency* = the SQLite file built from a shape and a seed; *flaw* = a row
that is bad on purpose, for exactly one reason; *edit* = what a clerk would do in it afterwards.
Stands on floor 4 and imports nothing of the connector but the nouns of `core.model`: it knows no mapping and no schema.
"""
