"""The worlds that a scenario may name, by device, imported only when one is made."""

WORLDS = {
    "window": ("pinbench.worlds.window", "WindowWorld"),
    "kiosk": ("pinbench.worlds.cabinet", "CabinetWorld"),
    "airbag": ("pinbench.worlds.body", "BodyWorld"),
}


def world_class(kind):
    """Return the class of a world; raises ValueError for a name not in WORLDS."""
    if kind not in WORLDS:
        raise ValueError(
            "world %r is unknown: choose one of %s" % (kind, ", ".join(sorted(WORLDS)))
        )
    module, name = WORLDS[kind]
    return getattr(__import__(module, None, None, (name,)), name)
