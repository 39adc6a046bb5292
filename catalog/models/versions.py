"""What every version of the catalog shares is what every governed row shares."""

from monetization.foundation.models.governed import Governed as Governed
