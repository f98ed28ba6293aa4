import pytest

from marketplace.memoized_lookup import MemoizedLookup


class TestWhatIsResolved:
    def test_is_worked_out_once_for_all_that_ask_alike(self):
        asked = []
        found = MemoizedLookup(lambda key: asked.append(key) or key.upper())
        assert [found["a"], found["b"], found["a"]] == ["A", "B", "A"]
        assert asked == ["a", "b"]

    def test_is_asked_again_after_a_failure(self):
        answers = iter([ZeroDivisionError(), 7])

        def work(_key):
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        found = MemoizedLookup(work)
        with pytest.raises(ZeroDivisionError):
            found["a"]
        assert found["a"] == 7
