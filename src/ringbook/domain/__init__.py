"""The nouns and rules of a contact centre. No I/O, no framework, no clock."""
