"""The buzzer: beeps have their lengths, and silence is always one call away."""

from hypothesis import given
from hypothesis.strategies import integers

PIN = 12


def start(alone):
    buzzer = alone.load("buzzer").Buzzer(PIN)
    return buzzer, alone.pwms[PIN]


def test_it_is_silent_from_the_start(alone):
    buzzer, pwm = start(alone)
    assert pwm.duty == 0 and not buzzer.sounding
    assert alone.pins[PIN].level == 0
    assert buzzer.step() is False


@given(count=integers(1, 5), on_ms=integers(10, 300), off_ms=integers(10, 300))
def test_beeps_are_as_many_and_as_long_as_asked(new_alone, count, on_ms, off_ms):
    alone = new_alone()
    buzzer, pwm = start(alone)
    buzzer.beep(count, on_ms, off_ms)
    sounding = [pwm.duty > 0]
    while buzzer.step():
        alone.time.sleep_ms(1)
        sounding.append(pwm.duty > 0)
    lengths = [len(run) for run in "".join("#" if s else " " for s in sounding).split()]
    assert len(lengths) == count
    assert all(abs(length - on_ms) <= 2 for length in lengths)
    assert abs(sounding.count(False) - off_ms * (count - 1)) <= 2 * count
    assert pwm.duty == 0


def test_a_beep_is_one(alone):
    buzzer, pwm = start(alone)
    buzzer.beep()
    for _ in range(1000):
        buzzer.step()
        alone.time.sleep_ms(1)
        if not buzzer.sounding:
            break
    assert not buzzer.sounding and buzzer.step() is False
    alone.time.sleep_ms(150)
    assert buzzer.step() is False and pwm.duty == 0


def test_off_silences_a_beep_and_those_to_come(alone):
    buzzer, pwm = start(alone)
    buzzer.beep(3)
    buzzer.off()
    alone.time.sleep_ms(1000)
    assert buzzer.step() is False and pwm.duty == 0


def test_on_lasts_until_off(alone):
    buzzer, pwm = start(alone)
    buzzer.beep(1)
    buzzer.on()
    alone.time.sleep_ms(60_000)
    buzzer.step()
    assert pwm.duty > 0
    buzzer.off()
    assert pwm.duty == 0


def test_no_beeps_are_none(alone):
    buzzer, pwm = start(alone)
    buzzer.beep(0)
    assert pwm.duty == 0 and buzzer.step() is False
