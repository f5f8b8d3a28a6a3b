"""Rentals told step by step, each against what people did and what the operator heard."""

import pytest

from pinbench.evaluate.kiosk.rig import START_UNIX, Rig, bank, member, orders, records


def acts(rig, name):
    return [(number, value) for what, number, value in rig.log if what == name]


def said(rig):
    return [name for name, _, _ in rig.log]


def order(rig, number, **more):
    return {
        "do": "rent",
        "id": f"{number:016x}",
        "until": rig.unix_s + 60,
        "member": orders.text(member(900 + number)),
        **more,
    }


def test_rent_and_return(rig):
    slot = rig.rent()
    assert len(rig.opened) == 1 and rig.messages("taken") == []
    rig.run(3000)
    rig.take(slot)
    rig.run(200)
    assert [m["member"] for m in rig.messages("taken")] == [orders.text(member(1))]
    rig.run(7_200_000, 60_000)
    rig.put(7, bank(slot + 1))
    rig.settle()
    (back,) = rig.messages("returned")
    assert (back["slot"], back["cents"]) == (7, 400)
    rig.check_settled()


def test_a_return_within_the_free_minutes_costs_nothing(rig):
    slot = rig.rent()
    rig.run(500)
    rig.take(slot)
    rig.run(280_000, 1000)
    rig.put(slot, bank(slot + 1))
    rig.settle()
    assert [m["cents"] for m in rig.messages("returned")] == [0]


def test_the_bank_that_is_on_charge_for_longest_is_given_first(rig):
    first = rig.rent(1)
    rig.run(300)
    thing = rig.take(first)
    rig.run(100_000, 1000)
    rig.put(first, thing)
    rig.settle()
    assert rig.rent(2) != first, "it came back last"


def test_not_taken_in_time_is_void_when_the_gate_has_shut(rig):
    slot = rig.rent()
    rig.run(29_900)
    assert rig.messages("void") == []
    rig.run(2100)
    rig.push(slot)  # as the damper does
    rig.settle()
    assert [m["reason"] for m in rig.messages("void")] == ["not taken"]
    assert rig.messages("taken") == [] and "regret" in said(rig)
    rig.check_settled()


def test_taken_at_the_last_moment_is_charged_and_never_void(rig):
    slot = rig.rent()
    rig.run(31_980)
    rig.take(slot)
    rig.settle()
    assert len(rig.messages("taken")) == 1 and rig.messages("void") == []
    rig.check_settled()


def test_a_gate_that_stays_open_is_neither_void_nor_charged(rig):
    slot = rig.rent()
    rig.run(120_000, 100)
    assert rig.messages("taken") == rig.messages("void") == []
    assert "hanging" in said(rig)
    rig.take(slot)
    rig.settle()
    assert len(rig.messages("taken")) == 1
    rig.check_settled()


def test_nobody_has_two_banks(rig):
    rig.take(rig.rent(1))
    rig.settle()
    assert rig.rent(1) is None
    assert acts(rig, "turn_away") == [(-1, records.HAS_ONE)]


def test_two_people_at_once_one_rents_one_returns(rig):
    first = rig.rent(1)
    rig.run(300)
    thing = rig.take(first)
    rig.settle()
    slot = rig.rent(2)
    rig.put(7, thing)
    rig.run(200)
    assert rig.rent(3) == slot, "the desk is taken: nothing else opens"
    rig.take(slot, 2)
    rig.settle()
    assert len(rig.opened) == 2 and len(rig.messages("returned")) == 1
    rig.check_settled()


def test_a_jammed_slot_is_retried_then_out_of_service_and_another_opens(rig):
    rig.boxes[0].jams = 99
    rig.rent()
    rig.run(8000)
    assert rig.boxes[0].pulses == 3 and rig.opened == [1]
    assert rig.core.ledger.slots[0].out == records.JAMMED
    rig.take(1)
    rig.settle()
    assert [m["reason"] for m in rig.messages("void")] == ["jammed"]
    rig.check_settled()


def test_a_slot_that_opens_at_the_second_try_stays_in_service(rig):
    rig.boxes[0].jams = 1
    rig.rent()
    rig.run(3000)
    assert (rig.boxes[0].pulses, rig.opened, rig.core.ledger.slots[0].out) == (2, [0], 0)


def test_a_broken_coil_is_not_tried_again(rig):
    rig.coil_dead = {0}
    rig.rent()
    rig.run(3000)
    assert rig.boxes[0].pulses == 1 and rig.opened == [1]


def test_hot_banks_are_quarantined_and_never_ejected(rig):
    for box in rig.boxes[:5]:
        box.temp_dc = 451
    rig.settle()
    hot = [m["slot"] for m in rig.messages("mark") if m["reason"] == records.HOT]
    assert hot == [0, 1, 2, 3, 4]
    for box in rig.boxes:
        box.temp_dc = 250
    slot = rig.rent()
    assert slot == 5, "cooled down, but not released"
    rig.take(slot)
    rig.settle()
    assert rig.rent(2) is None
    rig.core.command({"do": "force", "id": "11" * 8, "until": rig.unix_s + 9, "slot": 0})
    rig.act()
    assert rig.opened == [5], "not by force either"
    rig.core.command({"do": "admit", "slot": 3})
    assert rig.rent(4) == 3


@pytest.mark.parametrize("temp_dc", [None, -500])
def test_a_slot_whose_temperature_nobody_knows_gives_no_bank(rig, temp_dc):
    for box in rig.boxes:
        box.temp_dc = temp_dc
    rig.settle()
    assert rig.rent() is None and rig.messages("mark") == []


def test_an_unknown_bank_is_taken_in_and_quarantined(rig):
    rig.put(7, bank(300))
    rig.settle()
    (placed,) = [m for m in rig.messages("placed") if m["slot"] == 7]
    assert placed["bad"] == records.UNKNOWN_BANK
    for slot in rig.core.ledger.slots[:6]:
        slot.out = records.JAMMED
    assert rig.rent() is None
    assert rig.core.command({"do": "admit", "slot": 7})["result"] == "ok"
    assert rig.rent(2) == 7


def test_a_dummy_ends_no_rental_and_puts_its_slot_out_of_service(rig):
    slot = rig.rent()
    rig.run(300)
    thing = rig.take(slot)
    rig.settle()
    rig.put(slot, "dummy")
    rig.settle()
    assert rig.messages("returned") == [] and "object" in said(rig)
    assert rig.core.ledger.slots[slot].out == records.OBJECT
    rig.boxes[slot].inside = None
    rig.settle()
    rig.put(slot, thing)
    rig.settle()
    assert len(rig.messages("returned")) == 1 and rig.core.ledger.slots[slot].out == 0
    rig.check_settled()


def test_a_dummy_in_the_open_slot_is_a_bank_taken(rig):
    slot = rig.rent()
    rig.run(300)
    rig.take(slot)
    rig.run(200)
    rig.put(slot, "dummy")
    rig.settle()
    assert len(rig.messages("taken")) == 1 and rig.messages("void") == []


def test_an_id_that_is_there_twice_is_no_return(rig):
    rig.put(7, bank(1))
    rig.settle()
    assert rig.core.ledger.where(bank(1)) == 0 and rig.core.ledger.slots[7].bank is None
    assert rig.core.ledger.slots[7].out == records.OBJECT


def test_a_bank_pulled_out_before_the_gate_shuts_is_not_returned(rig):
    slot = rig.rent()
    rig.run(300)
    thing = rig.take(slot)
    rig.settle()
    rig.put(7, thing, shut=False)
    rig.run(2000)
    rig.boxes[7].inside = None
    rig.held[thing] = member(1)
    rig.settle()
    assert rig.messages("returned") == []
    rig.check_settled()


def test_a_bank_that_vanishes_is_missing_and_nobody_pays(rig):
    rig.boxes[2].inside = None
    rig.settle()
    assert [m["slot"] for m in rig.messages("missing")] == [2]
    assert acts(rig, "missing") == [(2, False)] and rig.core.ledger.rentals == {}


def test_a_bank_that_is_kept_is_sold_once_at_the_deposit(rig):
    slot = rig.rent()
    rig.run(300)
    thing = rig.take(slot)
    rig.run(10 * 86_400_000, 60_000)
    assert [m["cents"] for m in rig.messages("sold")] == [3000]
    assert 3 * 86400 < rig.messages("sold")[0]["at"] - START_UNIX < 4 * 86400
    rig.put(7, thing)
    rig.settle()
    assert rig.messages("returned") == [], "a stranger by now"


def test_a_rental_that_ended_at_another_cabinet_is_closed(rig):
    slot = rig.rent()
    rig.run(300)
    rig.held.pop(rig.take(slot))
    rig.settle()
    ref = rig.messages("taken")[0]["ref"]
    assert rig.core.command({"do": "closed", "ref": ref, "cents": 200})["result"] == "ok"
    assert rig.core.command({"do": "closed", "ref": ref, "cents": 200})["result"] == "none left"
    rig.check_settled()


# -- commands


def test_a_command_delivered_three_times_ejects_once_and_is_answered_alike(rig):
    first = rig.core.command(order(rig, 1))
    assert first["result"] == "ok" and first["ref"]
    assert rig.core.command(order(rig, 1)) == first
    rig.act()
    rig.run(300)
    rig.take(rig.open_slot())
    rig.settle()
    assert rig.core.command(order(rig, 1)) == first
    rig.reboot()
    rig.settle()
    assert rig.core.command(order(rig, 1)) == first
    assert len(rig.opened) == 1


def test_a_command_that_came_to_nothing_is_answered_so_and_not_tried_again(rig):
    rig.core.command(order(rig, 1))
    rig.act()
    rig.run(32_000)
    rig.push(rig.open_slot())
    rig.settle()
    for _ in range(2):
        assert rig.core.command(order(rig, 1))["result"] == "not taken"
        rig.reboot()
        rig.settle()
    assert len(rig.opened) == 1


def test_a_refusal_is_final(rig):
    for box in rig.boxes:
        box.temp_dc = 451
    rig.settle()
    assert rig.core.command(order(rig, 1))["result"] == "none left"
    for number in range(6):
        rig.boxes[number].temp_dc = 250
        rig.core.custody.places[number].temp_dc = 250
        rig.core.command({"do": "admit", "slot": number})
    assert rig.core.command(order(rig, 1))["result"] == "none left"
    rig.reboot(10)
    rig.settle()
    assert rig.core.command(order(rig, 1))["result"] == "none left"
    assert rig.core.command(order(rig, 2))["result"] == "ok"


@pytest.mark.parametrize("late_s", [3, 7200, 10_000_000])
def test_a_command_that_comes_late_ejects_nothing(rig, late_s):
    late = order(rig, 1, until=rig.unix_s - late_s)
    assert rig.core.command(late)["result"] == "expired"
    rig.act()
    assert rig.opened == []


def test_commands_out_of_order_each_count_once(rig):
    assert rig.core.command(order(rig, 7))["result"] == "ok"
    assert rig.core.command(order(rig, 5))["result"] == "busy"
    rig.act()
    rig.take(rig.open_slot())
    rig.settle()
    assert rig.core.command(order(rig, 5))["result"] == "ok"
    rig.act()
    rig.take(rig.open_slot())
    rig.settle()
    for number in (7, 5, 7):
        assert rig.core.command(order(rig, number))["result"] == "ok"
    rig.act()
    assert len(rig.opened) == 2


def test_without_the_time_no_command_is_judged(rig):
    rig.off(10)
    rig.rtc_s = 946684800
    rig.boot()
    rig.settle()
    assert rig.core.command(order(rig, 1))["result"] == "clock unknown"
    assert rig.rent() is not None, "who stands there is served"


def test_a_clock_set_back_lets_no_expired_command_in(rig):
    old = order(rig, 1)
    rig.run(120_000, 1000)
    assert rig.core.command(old)["result"] == "expired"
    rig.reboot(10)
    rig.settle()
    assert rig.core.command({"do": "time", "unix": rig.unix_s - 3600})["result"] == "clock unknown"
    assert rig.core.command(old)["result"] == "expired"


def test_an_answer_is_remembered_for_as_long_as_its_command_is_valid(rig):
    first = order(rig, 1, until=rig.unix_s + 500)
    rig.core.command(first)
    rig.act()
    rig.take(rig.open_slot())
    for _ in range(60):  # checkpoints come and go meanwhile
        rig.run(8000, 500)
        rig.core.ledger.checkpoint()
        rig.reboot(0)
    assert rig.core.command(first)["result"] == "ok"
    rig.run(60_000, 1000)
    rig.core.ledger.checkpoint()  # which forgets it
    assert rig.core.command(first)["result"] == "expired"
    rig.act()
    assert len(rig.opened) == 1


DAMAGED = [
    None, 7, "rent", [], {}, {"do": None}, {"do": ["rent"]}, {"do": "nonsense"}, {"do": "rent"},
    {"do": "rent", "id": "xyz", "until": 1, "member": "00" * 8},
    {"do": "rent", "id": "11" * 8, "until": "soon", "member": "22" * 8},
    {"do": "rent", "id": "11" * 8, "until": True, "member": "22" * 8},
    {"do": "rent", "id": "11" * 8, "until": 1 << 40, "member": "22" * 8},
    {"do": "rent", "id": "11" * 8, "until": 1 << 30, "member": "00" * 8},
    {"do": "rent", "id": "00" * 8, "until": 1 << 30, "member": "22" * 8},
    {"do": "rent", "id": "11" * 8, "until": 1 << 30, "member": "22" * 8, "slot": 8},
    {"do": "force", "id": "11" * 8, "until": 1 << 30, "slot": -1},
    {"do": "ack", "seq": -1}, {"do": "ack", "seq": 1.5}, {"do": "time", "unix": 0},
    {"do": "service", "slot": 1}, {"do": "block", "member": "1"}, {"do": "forget"},
]  # fmt: skip


@pytest.mark.parametrize("damaged", DAMAGED, ids=str)
def test_a_damaged_command_is_refused_in_a_word_and_changes_nothing(rig, damaged):
    before = dict(rig.disk.files)
    assert rig.core.command(damaged)["result"] in ("damaged command", "expired")
    rig.act()
    assert rig.disk.files == before and rig.opened == []


def test_a_command_that_would_be_valid_for_hours_is_refused(rig):
    assert rig.core.command(order(rig, 1, until=rig.unix_s + 3600))["result"] == "damaged command"


def test_a_blocked_member_gets_nothing_until_unblocked(rig):
    who = orders.text(member(1))
    rig.core.command({"do": "block", "member": who, "on": True})
    assert rig.rent(1) is None
    rig.core.command({"do": "block", "member": who, "on": False})
    assert rig.rent(1) is not None


def test_by_force_a_slot_opens_and_nobody_pays(rig):
    rig.core.command({"do": "force", "id": "11" * 8, "until": rig.unix_s + 9, "slot": 4})
    rig.act()
    rig.run(300)
    rig.held.pop(rig.take(4))
    rig.settle()
    assert rig.opened == [4] and rig.core.ledger.rentals == {}
    rig.check_settled()


def test_a_bank_that_comes_back_without_power_costs_no_more_than_was_seen(rig):
    slot = rig.rent()
    rig.run(300)
    thing = rig.take(slot)
    rig.run(1800_000, 60_000)
    rig.off(3 * 3600)
    rig.put(7, thing)
    rig.boot()
    rig.settle()
    assert [m["cents"] for m in rig.messages("returned")] == [200]
    rig.check_settled()


# -- without the network


def test_a_day_without_the_network_loses_no_message():
    rig = Rig(segments=64).settle(2)
    rig.online = rig.core.online = False
    for number in range(190):
        slot = rig.rent(number)
        assert slot is not None, number
        rig.run(200, 100)
        thing = rig.take(slot, number)
        rig.run(300, 100)
        rig.run(400_000, 200_000)
        rig.put(slot, thing)
        rig.run(500, 100)
        if number == 100:
            rig.reboot(5)
            rig.settle()
    assert rig.messages("taken") == [] and rig.core.queued
    rig.online = rig.core.online = True
    rig.core.heard_of()
    rig.run(20_000)
    assert len(rig.messages("taken")) == len(rig.messages("returned")) == 190
    rig.acknowledge()
    assert not rig.core.queued
    rig.check_settled()


def test_offline_rentals_are_bounded(rig):
    rig.core.online = rig.online = False
    rig.core.desk.offline = 199
    rig.take(rig.rent(1), 1)
    rig.settle()
    assert rig.rent(2) is None
    assert acts(rig, "turn_away") == [(-1, records.OFFLINE_LIMIT)]
    rig.core.heard_of()
    assert rig.rent(3) is not None


def test_a_message_is_sent_again_until_it_is_acknowledged(rig):
    rig.core.resend()
    again = [m["seq"] for m in rig.core.outgoing(100)]
    assert again == sorted(rig.told) and again
    rig.acknowledge()
    rig.core.resend()
    assert rig.core.outgoing(100) == [] and not rig.core.queued


# -- faults of flash, switches, door


def test_without_flash_nothing_opens(rig):
    rig.disk.full = True
    assert rig.rent() is None and rig.opened == []
    assert rig.boxes[0].pulses == 0 and acts(rig, "turn_away") == [(-1, records.FLASH)]
    rig.disk.full = False
    assert rig.rent(2) is not None


def test_a_bank_taken_while_the_flash_refuses_is_charged_when_it_takes_records_again(rig):
    slot = rig.rent()
    rig.run(300)
    rig.disk.full = True
    rig.take(slot)
    rig.settle(30)
    assert rig.messages("taken") == [] and rig.rent(2) is None
    rig.disk.full = False
    rig.settle()
    assert len(rig.messages("taken")) == 1
    rig.check_settled()


def test_with_dead_switches_nothing_is_decided(rig):
    slot = rig.rent()
    rig.run(300)
    rig.switches_dead = True
    rig.take(slot)
    rig.settle(60)
    assert rig.messages("taken") == rig.messages("void") == rig.messages("missing") == []
    rig.switches_dead = False
    rig.settle()
    assert len(rig.messages("taken")) == 1
    rig.check_settled()


@pytest.mark.parametrize("part", ["door_shut", "case_shut"])
def test_an_open_door_raises_the_alarm_and_stops_rentals_but_not_returns(rig, part):
    rig.take(rig.rent(1), 1)
    rig.settle()
    setattr(rig, part, False)
    rig.settle()
    assert said(rig).count("tamper") == 1
    assert rig.rent(2) is None
    assert rig.core.command(order(rig, 1))["result"] == "out of service"
    rig.put(7, bank(1))
    rig.settle()
    assert len(rig.messages("returned")) == 1
    setattr(rig, part, True)
    rig.settle()
    assert rig.rent(3) is not None


def test_the_service_may_open_the_door(rig):
    rig.core.command({"do": "door", "open": True})
    rig.door_shut = False
    rig.boxes[1].inside = None
    rig.settle()
    assert "tamper" not in said(rig) and acts(rig, "missing") == [(1, True)]


def test_a_template_on_the_line_is_an_alarm_until_somebody_has_looked(rig):
    rig.core.alarm("a template on the reader's line")
    rig.core.alarm("a template on the reader's line")
    rig.settle()
    assert said(rig).count("tamper") == 1 and rig.rent() is None
    rig.core.command({"do": "door", "open": True})
    rig.core.command({"do": "door", "open": False})
    rig.settle()
    assert rig.rent(2) is not None
