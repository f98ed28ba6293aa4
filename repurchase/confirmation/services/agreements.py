"""How each kind of agreement is drawn up for its seal; `pricing.services.agreement_sealing` does
the rest."""

from pricing.agreements import AgreementKind, Draft
from pricing.models import Sealing
from pricing.services.agreement_sealing import register_builder
from repurchase.confirmation.queries import agreements, amendments


@register_builder(AgreementKind.CONFIRMATION)
def draft_confirmation(sealing: Sealing) -> Draft:
    """Its occasion is a lock of the answer that confirmed it."""
    return agreements.build_confirmation(sealing.occasion)


@register_builder(AgreementKind.RENEGOTIATION)
def draft_amendment(sealing: Sealing) -> Draft:
    """Its occasion is the offer that both have signed."""
    return amendments.build_amendment(sealing.occasion)
