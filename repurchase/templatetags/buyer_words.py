"""Why a line is not repeated, as the buyer reads it: never in the words of the seller's work."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from diagnostics.codes import Code

NOT_SOLD = _("no longer on sale")
NOT_IN_STOCK = _("not enough in stock")
NO_PRICE = _("the price of then can't be kept")
NO_WAY = _("can't be delivered to your country at present")

REASONS: Mapping[str, str | Promise] = {
    Code.SKU_INACTIVE: NOT_SOLD,
    Code.SKU_NOT_STANDARD: _("made to order, asked for one by one"),
    Code.STOCK_TOO_LOW: NOT_IN_STOCK,
    Code.STOCK_SYNC_STALE: NOT_IN_STOCK,
    Code.MOQ_NOT_MET: _("fewer pieces than the least that is sold"),
    Code.PRICE_OUT_OF_BAND: NO_PRICE,
    Code.PRICE_REFERENCE_MISSING: NO_PRICE,
    Code.HS_CODE_MISSING: NO_WAY,
    Code.WEIGHT_MISSING: NO_WAY,
    Code.REGISTRATION_MISSING: NO_WAY,
    Code.REGISTRATION_EXPIRED: NO_WAY,
    Code.CUSTOM_SERVICE_UNCONFIRMED: _("its customised service was not confirmed"),
}
OTHERWISE = _("not available at present")
