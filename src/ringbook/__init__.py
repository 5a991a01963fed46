"""Ringbook: the record server that a contact centre asks when the phone rings."""

__version__ = "0.1.0"
