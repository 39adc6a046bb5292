"""Files of events: which there are, and their events in parts, each with the place where it ends."""

from metering.files.ahead import ahead
from metering.files.finding import Source, sources
from metering.files.reading import START, Part, Place, parts

__all__ = ["START", "Part", "Place", "Source", "ahead", "parts", "sources"]
