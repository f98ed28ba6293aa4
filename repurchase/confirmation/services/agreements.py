"""How each kind of agreement is drawn up for its seal; `pricing.services.agreement_sealing` does
the rest."""

from pricing.agreements import Draft, Kind
from pricing.models import Sealing
from pricing.services.agreement_sealing import builds
from repurchase.confirmation.queries import agreements, amendments


@builds(Kind.CONFIRMATION)
def confirmation(sealing: Sealing) -> Draft:
    """Its occasion is a lock of the answer that confirmed it."""
    return agreements.confirmation(sealing.occasion)


@builds(Kind.RENEGOTIATION)
def renegotiation(sealing: Sealing) -> Draft:
    """Its occasion is the offer that both have signed."""
    return amendments.renegotiation(sealing.occasion)
