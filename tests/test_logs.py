from repurchase.logs import redact

TOKEN = "A" * 22 + "." + "b-_" * 14 + "c"


class TestRedaction:
    def test_blanks_a_buyers_token_wherever_it_stands(self):
        told = redact(None, "info", {
            "event": f"GET /b/{TOKEN}/",
            "text": f"token={TOKEN}&x=1",
            "bytes": f"x {TOKEN}".encode(),
            "args": [f"'{TOKEN}'", {"path": (TOKEN,)}],
        })  # fmt: skip
        assert TOKEN not in str(told)
        assert told["event"] == "GET /b/…/"

    def test_blanks_what_a_name_tells_is_secret_however_deep(self):
        told = redact(None, "info", {"password": "p", "data": [{"api_key": "k", "sku": "S-1"}]})
        assert told == {"password": "…", "data": [{"api_key": "…", "sku": "S-1"}]}

    def test_leaves_everything_else(self):
        event = {"event": "swept", "rung": 3, "names": ["a.b", None], "at": 1.5, "pair": (1, "x")}
        assert redact(None, "info", event) == event
