"""The life of the catalog's versions is that of every governed row."""

from monetization.foundation.rules.versions import ARROWS as ARROWS
from monetization.foundation.rules.versions import VersionStatus as VersionStatus
from monetization.foundation.rules.versions import guard as guard
