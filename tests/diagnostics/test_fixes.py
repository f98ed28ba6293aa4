"""What an order needs, from its causes (B-4)."""

import pytest

from diagnostics import attribution, fixes
from diagnostics.attribution import FailureFinding
from diagnostics.codes import Code
from diagnostics.fixes import Fix

C = Code
CERTIFICATE, STOCK, LANE = (
    Fix(C.BUYER_CERTIFICATE_EXPIRED),
    Fix(C.STOCK_SYNC_STALE),
    Fix(C.LANE_UNREACHABLE, "RU"),
)


class TestWhatAnOrderNeeds:
    def found(self, code, line=None, **evidence):
        return FailureFinding(code=code, line=line, evidence=evidence)

    def needs(self, of_order, of_lines=()):
        return fixes.collect_fix_needs(
            attribution.attribute(attribution.merge_findings(of_order, of_lines))
        )

    def test_is_a_fix_for_each_cause_by_its_subject(self):
        needs = self.needs(
            [
                self.found(C.LANE_UNREACHABLE, region="—", country="RU"),
                self.found(C.BUYER_CERTIFICATE_EXPIRED),
            ],
            [self.found(C.HS_CODE_MISSING, 2, sku="A")],
        )
        assert needs.whole == {LANE, CERTIFICATE}
        assert needs.lines == {2: {Fix(C.HS_CODE_MISSING, "A")}}
        assert needs.curable
        assert needs.all == {LANE, CERTIFICATE, Fix(C.HS_CODE_MISSING, "A")}

    def test_is_one_fix_for_the_stock_of_every_sku(self):
        stale = [self.found(C.STOCK_SYNC_STALE, n, sku=f"S{n}") for n in (1, 2)]
        assert self.needs([self.found(C.STOCK_SYNC_STALE)], stale).lines == {1: {STOCK}, 2: {STOCK}}

    def test_leaves_out_what_follows_from_another_finding(self):
        both = [self.found(c, 1, sku="A") for c in (C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW)]
        assert self.needs([self.found(C.STOCK_SYNC_STALE)], both).lines == {1: {STOCK}}

    @pytest.mark.parametrize("code", [C.ORDER_TOO_OLD, C.EXPORT_CONTROLLED])
    def test_has_no_end_where_nothing_cures_it(self, code):
        assert not self.needs([self.found(code)]).curable

    def test_gives_up_a_line_that_nothing_cures_and_not_its_order(self):
        findings = [
            self.found(C.SKU_NOT_STANDARD, 1, sku="A"),
            self.found(C.HS_CODE_MISSING, 1, sku="A"),
        ]
        needs = self.needs([self.found(C.LANE_UNREACHABLE, country="RU")], findings)
        assert (needs.whole, needs.lines, needs.dead, needs.curable) == ({LANE}, {}, {1}, True)
