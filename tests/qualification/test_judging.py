"""The table of checks, on both sides of each limit; readings are made, not read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from diagnostics.codes import Code
from qualification.document_checks import (
    CheckContext,
    CheckVerdict,
    SubmittedDocument,
    judge_documents,
    last_full_months,
    open_fields,
)
from qualification.readings import Box, DocumentKind, Reading, ReadingField, TextLayerDifference

COMPANY = "宁波海晟进出口有限公司"
TODAY = dt.date(2026, 11, 23)
POLICIES = {
    "statement_window_months": 6, "statement_min_months": 3, "statement_min_credits_usd": 100_000,
    "declarations_min": 3, "declarations_hs_digits": 4, "declarations_min_usd": 50_000,
}  # fmt: skip
BOX = Box(page=1, x0=0.1, y0=0.1, x1=0.2, y1=0.2)


def world(**changes) -> CheckContext:
    fields = {
        "today": TODAY,
        "company": COMPANY,
        "seen_elsewhere": frozenset(),
        "main_headings": frozenset({"6911"}),
        "iso_9001_wanted": False,
        "policies": POLICIES,
        "usd_of": lambda amount, currency, day: {"USD": amount, "CNY": amount / 7}.get(currency),
    }
    return CheckContext(**fields | changes)


def paper(
    kind: DocumentKind,
    ref: str,
    values: dict[str, str],
    *,
    unsure: tuple[str, ...] = (),
    sealed=True,
    settled=None,
) -> SubmittedDocument:
    fields = [
        ReadingField(
            name=n,
            value=v,
            raw=v,
            confidence=0.3 if n in unsure else 0.99,
            box=BOX,
            proven=n not in unsure,
        )
        for n, v in values.items()
    ]
    reading = Reading(
        kind=kind, fields=fields, pages=1, seals=[BOX] if sealed else [], engine="test"
    )
    return SubmittedDocument(ref=ref, reading=reading, settled=settled or {})


def licence(**values) -> SubmittedDocument:
    options = {k: values.pop(k) for k in ("unsure", "sealed", "settled") if k in values}
    fields = {
        "company": COMPANY,
        "credit_code": "91110000600037341L",
        "founded_on": "2010-01-01",
        "valid_until": "9999-12-31",
    }
    return paper(DocumentKind.LICENCE, "L", fields | values, **options)


def statement(
    *months: str, begin="2026-08-01", end="2026-10-31", ref="S", credit="100000.00", **values
) -> SubmittedDocument:
    options = {k: values.pop(k) for k in ("unsure", "sealed", "settled") if k in values}
    months = months or ("2026-08", "2026-09", "2026-10")
    fields = {
        "company": COMPANY,
        "account": "62220212345",
        "currency": "USD",
        "period_from": begin,
        "period_to": end,
    }
    fields |= {f"credits {m}": credit for m in months} | {f"debits {m}": "1.00" for m in months}
    return paper(DocumentKind.STATEMENT, ref, fields | values, **options)


def declaration(n: int = 1, *, total="20000.00", hs="6911101900", **values) -> SubmittedDocument:
    options = {k: values.pop(k) for k in ("unsure", "sealed", "settled") if k in values}
    fields = {"number": f"53012026012345678{n}", "company": COMPANY, "declared_on": "2026-10-10"}
    fields |= {"hs 1": hs, "total 1": total, "currency 1": "USD"}
    return paper(DocumentKind.DECLARATION, f"D{n}", fields | values, **options)


def whole(**replaced) -> list[SubmittedDocument]:
    papers = {
        "L": licence(),
        "S": statement(),
        "D1": declaration(1),
        "D2": declaration(2),
        "D3": declaration(3),
    }
    return [p for p in (papers | replaced).values() if p]


def moved(
    of: SubmittedDocument, amounts: Sequence[Decimal], *, same_day: bool = False
) -> SubmittedDocument:
    """With these credits on the days of August, and a balance after each that is its own
    account's."""
    start = Decimal(len(of.ref) + ord(of.ref))
    days = (1 if same_day else n + 1 for n in range(len(amounts)))
    told = [
        f"2026-08-{day:02} {a:+.2f} = {start + n}"
        for n, (day, a) in enumerate(zip(days, amounts, strict=False))
    ]
    told_sum = {"credits 2026-08": str(sum(amounts))}
    fields = [
        replace(
            f,
            value=told_sum.get(f.name, f.value),
            raw="; ".join(told) if f.name in told_sum else f.raw,
        )
        for f in of.reading.fields
    ]
    return replace(of, reading=replace(of.reading, fields=fields))


def differing(of: SubmittedDocument) -> SubmittedDocument:
    lie = TextLayerDifference(page=1, field="valid_until", shown="2026-12-31", written="2036-12-31")
    return replace(of, reading=replace(of.reading, differences=[lie]))


def laid_over(of: SubmittedDocument, *names: str) -> SubmittedDocument:
    return replace(of, reading=replace(of.reading, laid_over=names))


def verdicts(papers, code: Code, **changes) -> set[CheckVerdict]:
    return {c.verdict for c in judge_documents(papers, world(**changes)) if c.code is code}


FAILED, PASSED, OPEN = {CheckVerdict.FAILED}, {CheckVerdict.PASSED}, {CheckVerdict.OPEN}


class TestASoundSet:
    def test_passes_every_check(self):
        assert {c.verdict for c in judge_documents(whole(), world())} == PASSED

    def test_leaves_nothing_to_the_human_but_the_decision(self):
        assert [f for p in whole() for f in open_fields(p, company=COMPANY)] == []


class TestEachCheck:
    @pytest.mark.parametrize(
        ("code", "papers", "expected"),
        [
            (Code.DOCUMENTS_MISSING, whole(S=None), FAILED),
            (
                Code.COMPANY_NAME_MISMATCH,
                whole(L=licence(company="义乌别家进出口有限公司")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.COMPANY_NAME_MISMATCH,
                whole(L=licence(company="宁波海晟进出口有限公可", unsure=("company",))),
                {CheckVerdict.PASSED, CheckVerdict.OPEN},
            ),
            (Code.COMPANY_NAME_MISMATCH, whole(L=licence(unsure=("company",))), PASSED),
            (
                Code.SEAL_MISSING,
                whole(L=licence(sealed=False)),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.SEAL_MISSING,
                whole(L=licence(sealed=False, settled={"seal": "yes"})),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.SEAL_MISSING,
                whole(L=licence(settled={"seal": "no"})),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.SEAL_MISSING, whole(L=licence(settled={"seal": "yes"})), PASSED),
            (Code.TEXT_LAYER_DIFFERS, whole(), PASSED),
            (
                Code.TEXT_LAYER_DIFFERS,
                whole(L=differing(licence())),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.PAGE_LAID_OVER, whole(), PASSED),
            (
                Code.PAGE_LAID_OVER,
                whole(L=laid_over(licence(), "valid_until")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.STATEMENT_REPEATED, whole(), PASSED),
            (Code.STATEMENT_REPEATED, whole(T=statement(ref="T")), FAILED),
            (
                Code.STATEMENT_REPEATED,
                whole(
                    T=statement(
                        "2026-11", ref="T", begin="2026-10-31", end="2026-11-30", credit="1.00"
                    )
                ),
                FAILED,
            ),
            (
                Code.STATEMENT_REPEATED,
                whole(
                    T=statement(
                        "2026-11", ref="T", begin="2026-11-01", end="2026-11-30", credit="1.00"
                    )
                ),
                PASSED,
            ),
            (
                Code.STATEMENT_REPEATED,
                whole(T=statement(ref="T", account="999988887777", credit="2.00")),
                PASSED,
            ),
            (Code.STATEMENT_REPEATED, whole(T=statement(ref="T", account="999988887777")), FAILED),
            (Code.LICENCE_CODE_INVALID, whole(L=licence(credit_code="911100006000373417")), FAILED),
            (
                Code.LICENCE_CODE_INVALID,
                whole(L=licence(credit_code="9135", unsure=("credit_code",))),
                OPEN,
            ),
            (
                Code.LICENCE_CODE_INVALID,
                whole(
                    L=licence(
                        credit_code="9",
                        unsure=("credit_code",),
                        settled={"credit_code": "91110000600037341L"},
                    )
                ),
                PASSED,
            ),
            (Code.LICENCE_EXPIRED, whole(L=licence(valid_until="2026-11-23")), PASSED),
            (Code.LICENCE_EXPIRED, whole(L=licence(valid_until="2026-11-22")), FAILED),
            (Code.STATEMENT_MONTHS_MISSING, whole(S=statement(begin="2026-08-02")), FAILED),
            (Code.STATEMENT_MONTHS_MISSING, whole(S=statement(end="2026-10-30")), FAILED),
            (
                Code.STATEMENT_MONTHS_MISSING,
                whole(
                    S=statement(
                        "2026-05", "2026-06", "2026-07", begin="2026-05-01", end="2026-07-31"
                    )
                ),
                PASSED,
            ),
            (
                Code.STATEMENT_MONTHS_MISSING,
                whole(
                    S=statement(
                        "2026-04", "2026-05", "2026-06", begin="2026-04-01", end="2026-06-30"
                    )
                ),
                FAILED,
            ),
            (Code.STATEMENT_TURNOVER_TOO_LOW, whole(S=statement(credit="99999.99")), FAILED),
            (
                Code.STATEMENT_TURNOVER_TOO_LOW,
                whole(S=statement("2026-08", "2026-09")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.RATE_OF_MONTH_MISSING, whole(S=statement(currency="XAU")), FAILED),
            (
                Code.STATEMENT_BALANCE_BROKEN,
                whole(S=statement(unsure=("credits 2026-09",))),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.DECLARATIONS_TOO_FEW, whole(D3=None), FAILED),
            (
                Code.DECLARATIONS_TOO_FEW,
                whole(D3=declaration(3, number="530120260123456781")),
                FAILED,
            ),
            (
                Code.DECLARATION_REPEATED,
                whole(D3=declaration(3, number="530120260123456781")),
                FAILED,
            ),
            (
                Code.DECLARATION_NUMBER_INVALID,
                whole(D3=declaration(3, number="530120251123456783")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.DECLARATION_NUMBER_INVALID,
                whole(D3=declaration(3, number="53012026012345678")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.DECLARATION_HS_MISMATCH,
                whole(D3=declaration(3, hs="8708299000")),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (
                Code.DECLARATION_SUM_MISMATCH,
                whole(D3=declaration(3, unsure=("total 1",))),
                {CheckVerdict.PASSED, CheckVerdict.FAILED},
            ),
            (Code.DECLARATIONS_TOTAL_TOO_LOW, whole(D3=declaration(3, total="10000.00")), PASSED),
            (Code.DECLARATIONS_TOTAL_TOO_LOW, whole(D3=declaration(3, total="9999.99")), FAILED),
        ],
    )
    def test_knows_both_sides_of_its_limit(self, code, papers, expected):
        assert verdicts(papers, code) == expected

    def test_adds_the_accounts_of_a_month(self):
        other = statement(credit="40000.00", ref="T", account="999988887777")
        papers = whole(S=statement(credit="60000.00"), T=other)
        assert verdicts(papers, Code.STATEMENT_TURNOVER_TOO_LOW) == PASSED

    @pytest.mark.parametrize("account", ["62220212345", "6222-0212-345", "622 2021 2345"])
    def test_counts_the_same_account_and_month_once(self, account):
        """Scanned twice, one of them read higher: the lesser counts."""
        twice = statement(credit="99999.99", ref="T", account=account)
        assert verdicts(whole(T=twice), Code.STATEMENT_TURNOVER_TOO_LOW) == FAILED

    def test_counts_a_copy_under_another_account_once(self):
        copy = statement(credit="60000.00", ref="T", account="999988887777")
        papers = whole(S=statement(credit="60000.00"), T=copy)
        assert verdicts(papers, Code.STATEMENT_TURNOVER_TOO_LOW) == FAILED

    @pytest.mark.parametrize(
        ("credit", "debit"), [("100000.00", "0.00"), ("100000.00", "0"), ("0", "7.00")]
    )
    def test_finds_a_copy_whose_months_have_one_side_only(self, credit, debit):
        sides = {f"debits 2026-{m}": debit for m in ("08", "09", "10")}
        copy = statement(credit=credit, ref="T", account="999988887777", **sides)
        papers = whole(S=statement(credit=credit, **sides), T=copy)
        assert verdicts(papers, Code.STATEMENT_REPEATED) == FAILED

    def test_finds_no_copy_in_months_without_movements(self):
        sides = {f"debits 2026-{m}": "0.00" for m in ("08", "09", "10")}
        two = [
            statement(credit="0", ref=ref, account=a, **sides)
            for ref, a in (("S", "1" * 9), ("T", "2" * 9))
        ]
        assert verdicts(two, Code.STATEMENT_REPEATED) == PASSED

    @pytest.mark.parametrize(
        ("count", "changed", "expected"),
        [
            (5, 1, FAILED),
            (9, 1, FAILED),
            (10, 1, FAILED),
            (19, 1, FAILED),
            (20, 2, FAILED),
            (4, 1, PASSED),
            (5, 2, PASSED),
            (19, 2, PASSED),
            (20, 3, PASSED),
        ],
    )
    def test_finds_a_copy_by_its_movements(self, count, changed, expected):
        """Each changed by a cent, and the sums with them."""
        amounts = [Decimal(100 + n) for n in range(count)]
        mine = moved(statement("2026-08", ref="S"), amounts)
        cents = [amount + Decimal("0.01") * (n < changed) for n, amount in enumerate(amounts)]
        copy = moved(statement("2026-08", ref="T", account="999988887777"), cents)
        assert verdicts([mine, copy], Code.STATEMENT_REPEATED) == expected

    def test_counts_movements_that_are_alike_one_by_one(self):
        mine = moved(statement("2026-08", ref="S"), [Decimal(100)] * 10, same_day=True)
        other = [Decimal(100)] * 5 + [Decimal(n) for n in range(1, 6)]
        copy = moved(statement("2026-08", ref="T", account="999988887777"), other, same_day=True)
        assert verdicts([mine, copy], Code.STATEMENT_REPEATED) == PASSED

    def test_knows_the_statements_that_other_stores_have_shown(self):
        found = verdicts(whole(), Code.STATEMENT_SEEN_ELSEWHERE, copies_elsewhere=frozenset({"S"}))
        assert found == FAILED

    def test_knows_what_other_stores_have_shown(self):
        seen = frozenset({"530120260123456782"})
        assert verdicts(whole(), Code.DECLARATION_SEEN_ELSEWHERE, seen_elsewhere=seen) == {
            CheckVerdict.PASSED,
            CheckVerdict.FAILED,
        }

    def test_asks_for_iso_9001_where_the_category_does(self):
        assert verdicts(whole(), Code.DOCUMENTS_MISSING, iso_9001_wanted=True) == FAILED


def unclear(of: SubmittedDocument, *names: str) -> SubmittedDocument:
    fields = [
        replace(f, unclear=True, proven=False, confidence=0.0) if f.name in names else f
        for f in of.reading.fields
    ]
    return replace(of, reading=replace(of.reading, fields=fields))


ENDS = {"opening_balance": "1000.00", "closing_balance": "300997.00"}  # + 3 × 100000.00 − 3 × 1.00
SUMS = {
    f"{side} 2026-{m}": v
    for side, v in (("credits", "100000.00"), ("debits", "1.00"))
    for m in ("08", "09", "10")
}


class TestAnAlarm:
    """It is not cleared by a tick, nor by what one person types."""

    @pytest.mark.parametrize("settled", [{}, SUMS | ENDS])
    def test_of_balances_that_do_not_follow_stays(self, settled):
        broken = statement(unsure=("credits 2026-09",), settled=settled, **ENDS)
        assert CheckVerdict.FAILED in verdicts(whole(S=broken), Code.STATEMENT_BALANCE_BROKEN)

    @pytest.mark.parametrize("settled", [{}, {"total 1": "20000.00"}, {"total 1": "1.00"}])
    def test_of_a_total_that_is_no_product_stays(self, settled):
        broken = declaration(1, unsure=("total 1",), settled=settled)
        assert CheckVerdict.FAILED in verdicts(whole(D1=broken), Code.DECLARATION_SUM_MISMATCH)

    def test_of_what_was_read_surely_stays_and_says_that_it_was_corrected(self):
        typed = licence(valid_until="2026-11-01", settled={"valid_until": "2036-11-01"})
        (check,) = [
            c for c in judge_documents(whole(L=typed), world()) if c.code is Code.LICENCE_EXPIRED
        ]
        assert (check.verdict, check.corrected, check.evidence["value"]) == (
            CheckVerdict.FAILED,
            True,
            "2026-11-01",
        )

    def test_of_a_field_that_the_machine_was_unsure_of_is_the_human_s_to_settle(self):
        typed = licence(
            valid_until="2026-11-01", unsure=("valid_until",), settled={"valid_until": "2036-11-01"}
        )
        assert verdicts(whole(L=typed), Code.LICENCE_EXPIRED) == PASSED

    @pytest.mark.parametrize("until", ["2036-11-01", "2026-12-31"])
    def test_of_what_was_laid_over_the_page_stays_for_each_field(self, until):
        values = {"valid_until": until, "credit_code": "91110000600037341L"}
        forged = laid_over(licence(unsure=tuple(values), settled=values), *values)
        failed = [
            c for c in judge_documents(whole(L=forged), world()) if c.verdict is CheckVerdict.FAILED
        ]
        assert {(c.code, c.evidence["field"]) for c in failed} == {
            (Code.PAGE_LAID_OVER, name) for name in values
        }

    def test_of_one_code_stays_when_another_code_answers_now(self):
        """With a rate for what was typed, the turnover is checked; that the statement says XAU is
        not undone."""
        typed = statement(currency="XAU", settled={"currency": "USD"})
        assert verdicts(whole(S=typed), Code.RATE_OF_MONTH_MISSING) == FAILED

    def test_that_was_raised_at_a_decision_stays(self):
        seen = whole(L=licence(settled={"seal": "no"}))
        keys = {c.key for c in judge_documents(seen, world()) if c.verdict is CheckVerdict.FAILED}
        now = judge_documents(
            whole(L=licence(settled={"seal": "yes"})), world(), failed_before=keys
        )
        assert {c.verdict for c in now if c.code is Code.SEAL_MISSING and "L" in c.papers} == FAILED
        replaced = [replace(p, ref="L2") if p.ref == "L" else p for p in whole()]
        assert {c.verdict for c in judge_documents(replaced, world(), failed_before=keys)} == PASSED


class TestAMonthThatMayHaveBeenMisread:
    def judged(self, settled):
        names = ("credits 2026-09", "debits 2026-09")
        read = unclear(statement(**ENDS | {"credits 2026-09": "100.00"}), *names)
        return verdicts(whole(S=replace(read, settled=settled)), Code.STATEMENT_BALANCE_BROKEN)

    def test_waits_for_the_human_and_is_no_failed_check(self):
        assert self.judged({}) == {CheckVerdict.OPEN, CheckVerdict.PASSED}

    def test_holds_when_what_was_typed_leads_to_the_closing_balance(self):
        assert self.judged({"credits 2026-09": "100000.00", "debits 2026-09": "1.00"}) == PASSED

    def test_fails_when_the_prefilled_sums_were_only_confirmed(self):
        assert CheckVerdict.FAILED in self.judged(
            {"credits 2026-09": "100.00", "debits 2026-09": "1.00"}
        )


class TestATotalThatMayHaveBeenMisread:
    def judged(self, settled):
        values = {"quantity 1": "", "unit_price 1": "3.4567", "total 1": "20000.00"}
        read = unclear(declaration(1, **values), *values)
        return verdicts(whole(D1=replace(read, settled=settled)), Code.DECLARATION_SUM_MISMATCH)

    @pytest.mark.parametrize(
        ("settled", "expected"),
        [
            ({}, {CheckVerdict.OPEN, CheckVerdict.PASSED}),
            ({"total 1": "20000.00"}, {CheckVerdict.OPEN, CheckVerdict.PASSED}),
            ({"quantity 1": "6000", "unit_price 1": "3.4567", "total 1": "20740.20"}, PASSED),
            (
                {"quantity 1": "6000", "unit_price 1": "3.4567", "total 1": "20740.21"},
                {CheckVerdict.FAILED, CheckVerdict.PASSED},
            ),
            (
                {"quantity 1": "6000", "unit_price 1": "3.4567", "total 1": "90740.20"},
                {CheckVerdict.FAILED, CheckVerdict.PASSED},
            ),
        ],
    )
    def test_is_worked_out_again_from_what_was_typed(self, settled, expected):
        assert self.judged(settled) == expected


class TestTheLastFullMonths:
    def test_end_before_the_running_one_and_cross_the_year(self):
        assert last_full_months(dt.date(2026, 2, 28), 3) == ["2025-11", "2025-12", "2026-01"]


class TestWhatTheHumanSettles:
    def test_is_everything_unsure_unread_or_sealed(self):
        found = paper(
            DocumentKind.LICENCE, "L", {"company": COMPANY, "credit_code": ""}, unsure=("company",)
        )
        assert [f.name for f in open_fields(found, company=COMPANY)] == ["credit_code"]
        assert [f.name for f in open_fields(found, company="别家")] == ["company", "credit_code"]

    def test_is_counted_as_it_was_corrected(self):
        assert (
            verdicts(
                whole(
                    S=statement(
                        credit="1.00",
                        unsure=("credits 2026-08", "credits 2026-09", "credits 2026-10"),
                        settled={f"credits 2026-{m}": "100000.00" for m in ("08", "09", "10")},
                    )
                ),
                Code.STATEMENT_TURNOVER_TOO_LOW,
            )
            == PASSED
        )
