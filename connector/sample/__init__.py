"""The sample agency: an agency's own database, generated, for the demo and the tests ("their disk", the double).

Nouns: *shape* = how many rows of which sort; *agency* = the SQLite file built from a shape and a seed; *flaw* = a row
that is bad on purpose, for exactly one reason; *edit* = what a clerk would do in it afterwards.
`codes/` says what the numbers mean that only this agency uses: together with the shipped mapping they are its mapping.
Stands on floor 4 and imports nothing of the connector but the nouns of `core.model` and the place of shipped files: it
reads no mapping and knows no schema.
"""
