"""When two names are the same for a screening list, and when they only look alike."""

import pytest

from marketplace.names import key, keys_of, plain, same


class TestAName:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("ACME Trading Co., Ltd.", "acme trading"),
            ("Acme-Trading G.m.b.H.", "acme trading"),
            ("Société Générale d'Échange S.A.", "societe generale dechange"),
            ("Søren Ærø ApS", "soren aero"),
            ("ООО «Ромашка»", "ромашка"),
            ("深圳样例贸易有限公司", "深圳样例贸易"),
            ("ＡＣＭＥ", "acme"),
            ("Ltd", "ltd"),
            ("  ", ""),
            ("!!!", ""),
        ],
    )
    def test_is_compared_without_case_accents_punctuation_and_legal_form(self, name, words):
        assert key(name) == words

    @pytest.mark.parametrize(
        ("party", "listed"),
        [
            ("ACME TRADING", "Acme Trading Ltd"),
            ("Import Acme Trading Hamburg GmbH", "Acme Trading"),
            ("Acmé Trading", "ACME-Trading LLC"),
            ("Orion GmbH", "Orion Ltd."),
        ],
    )
    def test_is_found_by_whole_words(self, party, listed):
        assert same(party, listed)

    @pytest.mark.parametrize(
        ("party", "listed"),
        [
            ("Acme Tradings", "Acme Trading"),
            ("Pacme Trading", "Acme Trading"),
            ("Trading Acme", "Acme Trading"),
            ("Acme Global Trading", "Acme Trading"),
            ("Acme", "Acme Trading"),
            ("Orion Kitchens GmbH", "Orion"),
            ("", "Orion"),
            ("Orion", ""),
        ],
    )
    def test_that_only_looks_alike_is_another(self, party, listed):
        assert not same(party, listed)

    @pytest.mark.parametrize("party", ["Import Acme Trading Hamburg GmbH", "ACME TRADING", "Acmé-Trading"])
    def test_is_found_by_the_index_wherever_it_matches(self, party):
        assert key("Acme Trading Ltd") in keys_of([party])

    def test_keeps_its_last_word_even_when_that_is_a_legal_form(self):
        assert plain("SA") == ("sa",)
