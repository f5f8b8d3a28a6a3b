"""The kiosk's part of the demo: the table tells what happened, and the picture is drawn."""

from rich.console import Console

from pinbench.paths import SCENARIOS
from pinbench.report import kiosk_demo


def test_the_table_tells_a_rental_and_a_return(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kiosk_demo, "AFTERNOON", SCENARIOS / "kiosk" / "two_people.toml")
    assert kiosk_demo.run(tmp_path, Console(width=150)) == 0
    said = capsys.readouterr().out
    assert "slot 1: taken, the rental begins" in said
    assert "a bank is pushed into slot 8" in said
    assert "slot 8: a bank is back and settled: 0.00 charged" in said
    assert (tmp_path / "afternoon.png").read_bytes()[:4] == b"\x89PNG"
