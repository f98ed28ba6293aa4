"""When two names may be the same for a screening list, and when they are not."""

import pytest

from marketplace.names import is_same_name, keys_of_listed, keys_of_party, significant_words


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
            ("深圳样例贸易（香港）有限公司", "深圳样例贸易 香港"),
            ("ＡＣＭＥ", "acme"),
            ("Ltd", "ltd"),
            ("有限公司", "有限公司"),
            ("  ", ""),
            ("!!!", ""),
        ],
    )
    def test_is_compared_without_case_accents_punctuation_and_legal_form(self, name, words):
        assert " ".join(significant_words(name)) == words

    @pytest.mark.parametrize(
        ("party", "listed"),
        [
            ("ACME TRADING", "Acme Trading Ltd"),
            ("Import Acme Trading Hamburg GmbH", "Acme Trading"),
            ("Acmé Trading", "ACME-Trading LLC"),
            ("Orion GmbH", "Orion Ltd."),
            # the surname first, with and without a comma
            ("Wei Zhang", "ZHANG, Wei"),
            ("Ivan Petrovich Sampleov", "SAMPLEOV Ivan Petrovich"),
            ("Trading Acme", "Acme Trading"),
            # spaces
            ("Li Xiaoming", "Xiao Ming LI"),
            ("SampleDrone GmbH", "Sample Drone Co., Ltd."),
            ("Sam ple Drone", "Sample-Drone"),
            ("Sampledrone Europe", "Sample Drone"),
            # umlauts, and how they are spelt without them
            ("Jürgen Müller", "Mueller, Juergen"),
            ("Jurgen Muller", "Müller, Jürgen"),
            ("Großhandel Öst", "GROSSHANDEL OEST"),
            ("Søren Ærø", "Soeren Aeroe"),
            # other letters
            ("Стоп Авиа", "Stop Avia"),
            ("Юрий Иванов", "IVANOV, Yuri"),
            ("ＳＡＭＰＬＥ　ＤＲＯＮＥ", "Sample Drone"),
            ("Mohammed Sample", "Mohamed Sample"),
            # legal forms, wherever they stand
            ("Sample Drone (Shenzhen) Company Limited", "SAMPLE DRONE CO., LTD. SHENZHEN"),
            ("OOO Sample Drone", "Sample Drone, LLC"),
            ("Smith & Sample", "Smith and Sample Inc"),
            ("样品无人机有限公司", "样品无人机股份有限公司"),
            ("样品无人机 Co., Ltd.", "样品无人机有限责任公司"),
            ("深圳市样品无人机有限公司", "样品无人机公司"),
            ("樣品無人機有限責任公司", "樣品無人機"),
            ("样品（深圳）有限公司", "样品深圳有限公司"),
            ("李 伟", "李伟"),
            ("样品无人机 有 限 公 司", "样品无人机"),
            ("样 品 无 人 机 股 份 有 限 公 司", "样品无人机有限公司"),
            ("样品无人机", "样品无人机 有限 公司"),
            ("樣品無人機　有　限　公　司", "样品无人机"),
            # initials, however they are spaced and wherever they stand
            ("A. B. Sample", "A.B. Sample"),
            ("A B Sample", "SAMPLE, A.B."),
            ("C.V. Sample", "Sample, C. V."),
            ("J R Sample", "Sample, J.R."),
            ("Sample J.R.", "J. R. SAMPLE"),
            # traditional characters and simplified ones
            ("樣品無人機有限公司", "样品无人机"),
            ("样品无人机", "樣品無人機股份有限責任公司"),
            ("華為技術有限公司", "华为技术"),
            ("深圳市華為技術", "华为技术有限公司"),
            ("臺灣樣例", "台湾样例"),
            # signs that show nothing, between words, inside them and inside the legal form
            ("Orion\u3164 Shipping", "Orion Shipping"),
            ("Orion\u3164Shipping", "Orion Shipping"),
            ("Import Orion\u200bShipping Hamburg", "Orion Shipping"),
            ("Ori\u200bon Shipping", "Orion Shipping"),
            ("Orion\u200bLtd", "Orion"),
            ("O\u034fri\u115fo\u1160n\uffa0 Ship\ufe0fping\U000e0100", "Orion Shipping"),
            ("Orion Ship\u00adping", "Orion Shipping"),
            ("\u202eOrion\u202c \u2066Shipping\u2069", "Orion Shipping"),
            ("O\u20ddrion Shipping", "Orion Shipping"),
            ("Huawei L\u200btd", "Huawei"),
            ("Huawei", "Huawei C\u200bo., L\u200bt\u2060d"),
            ("样品无人机有限\u200b公司", "样品无人机"),
            ("样品\u200b无人机有限公司", "样品无人机"),
            # letters of another alphabet that look Latin, digits too
            ("Оrion Shiррing", "Orion Shipping"),
            ("ОRIОN SНIРРING", "Orion Shipping"),
            ("Import SАМРLЕ ТRАDЕ Hamburg", "Sample Trade"),
            ("СОСО ВАТ", "Coco Bat"),
            ("Orion", "Оrіоn"),
            ("ΟRΙΟΝ SΗΙΡΡΙΝG", "Orion Shipping"),
            ("Οrιoη Shipping", "Orion Shipping"),
            ("ΑΤΗΕΝΑ", "Athena"),
            ("Orion Lтd", "Orion"),
            ("օrioո Shipping", "Orion Shipping"),
            ("𝐎𝐫𝐢𝐨𝐧 Shipping", "Orion Shipping"),
            ("0rion", "Orion"),
            ("Ori0n Sh1pping", "Orion Shipping"),
            ("He1io G1obal", "Helio Global"),
            ("Ori0n", "Оrion"),
            ("GIobal HeIio", "Global Helio"),
            ("McIntyre", "MCINTYRE"),
            # and Latin ones that look Cyrillic
            ("Pомашка", "Romashka"),
            ("Cтоп Aвиa", "Стоп Авиа"),
        ],
    )
    def test_may_be_the_listed_one(self, party, listed):
        assert is_same_name(party, listed)

    @pytest.mark.parametrize(
        ("party", "listed"),
        [
            ("Acme Tradings", "Acme Trading"),
            ("Pacme Trading", "Acme Trading"),
            ("Acme Global Trading", "Acme Trading"),
            ("Acme", "Acme Trading"),
            ("Orion Kitchens GmbH", "Orion"),
            ("CUSTOMER 1245", "CUSTOMER 12445"),
            ("CUSTOMER 1245", "CUSTOMER 12455"),
            ("李伟业贸易有限公司", "李伟"),
            ("样品贸易有限公司", "样品无人机有限公司"),
            ("Иванов", "Ibahob"),
            ("Model 10 Trading", "Model 11 Trading"),
            ("Sample 100 Trading", "Sample 10 Trading"),
            ("Sample100 Trading", "Sample10 Trading"),
            ("Sample1 Trading", "Sample11 Trading"),
            ("", "Orion"),
            ("Orion", ""),
        ],
    )
    def test_that_only_looks_alike_is_another(self, party, listed):
        assert not is_same_name(party, listed)

    @pytest.mark.parametrize(
        ("party", "listed"),
        [
            ("Import Acme Trading Hamburg GmbH", "Acme Trading Ltd"),
            ("Trading Acmé", "Acme Trading Ltd"),
            ("深圳市样品无人机有限公司", "样品无人机公司"),
            ("Li Xiaoming", "Xiao Ming LI"),
            ("x" * 400 + " Ltd", "x" * 400),
            ("Import Оrion\u3164 Shipping Hamburg", "Orion Shipping"),
            ("0rion", "Orion"),
            ("Athena", "ΑΤΗΕΝΑ"),
            ("深圳市華為技術", "华为技术有限公司"),
        ],
    )
    def test_is_found_by_the_index_wherever_it_matches(self, party, listed):
        assert is_same_name(party, listed)
        assert set(keys_of_listed([listed])) & set(keys_of_party([party]))

    def test_keeps_its_last_word_even_when_that_is_a_legal_form(self):
        assert significant_words("SA") == ("sa",)

    def test_has_keys_that_fit_the_column(self):
        names = ["word " * 100, "字" * 300]
        assert all(len(key) <= 300 for key in [*keys_of_party(names), *keys_of_listed(names)])
