"""What bars a number from being called."""

from __future__ import annotations

from typing import Literal

DncType = Literal["INTERNAL", "GEOGRAPHIC_POSTAL", "AREA_CODES", "EXCLUSION"]

WOLKVOX_LIST = "wolkvox"
"""The one list that wolkvox's own operations write and empty."""
