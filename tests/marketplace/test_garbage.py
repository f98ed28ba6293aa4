import gc

from marketplace.gc_control import pause_garbage_collector


class TestWhatIsMadeUncollected:
    def test_is_not_searched_when_the_collector_comes_back(self):
        runs = []
        gc.collect()
        gc.callbacks.append(
            lambda phase, info: runs.append(info["generation"]) if phase == "stop" else None
        )
        try:
            with pause_garbage_collector():
                made = [[n] for n in range(100_000)]
            assert gc.get_count()[0] < 700
            assert runs == []
        finally:
            gc.callbacks.pop()
        assert gc.isenabled()
        assert len(made) == 100_000

    def test_leaves_a_collector_that_is_off_as_it_is(self):
        gc.disable()
        try:
            with pause_garbage_collector():
                pass
            assert not gc.isenabled()
        finally:
            gc.enable()

    def test_does_not_keep_what_is_garbage(self):
        class Ring:
            pass

        with pause_garbage_collector():
            ring = Ring()
            ring.itself = ring
        del ring
        assert gc.collect() >= 1
