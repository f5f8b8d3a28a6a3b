"""What a scenario may do to a world: a table with documentation and ranges, and its check."""


def number(doc, low, high, default=None):
    """A numeric parameter with its range; without a default it must be given."""
    text = "%s, %s to %s" % (doc, low, high)
    if default is not None:
        text += "; %s if left out" % default
    return {"doc": text, "low": low, "high": high, "default": default}


def choice(doc, *words):
    """A parameter that is one of `words`; the first one if left out."""
    return {"doc": "%s: %s; %s if left out" % (doc, " or ".join(words), words[0]), "words": words}


def text(doc, default=None):
    """A parameter that is a piece of text; without a default it must be given."""
    if default is not None:
        doc = "%s; %s if left out" % (doc, default or "nothing")
    return {"doc": doc, "text": True, "default": default}


def check(name, actions, params):
    """Return `params` completed with defaults; raises ValueError, in one sentence, if wrong."""
    if name not in actions:
        raise ValueError(
            "%r is not something this world can do: it knows %s" % (name, _names(actions))
        )
    known = actions[name]["params"]
    for key in sorted(params):
        if key not in known:
            takes = _names(known) if known else "no parameter"
            raise ValueError("%r does not take %r: it takes %s" % (name, key, takes))
    values = {}
    for key in sorted(known):
        values[key] = _value(name, key, known[key], params.get(key))
    return values


def _value(name, key, rule, value):
    if "words" in rule:
        if value is None:
            return rule["words"][0]
        if value not in rule["words"]:
            wanted = " or ".join(rule["words"])
            raise ValueError("%s of %r must be %s, not %r" % (key, name, wanted, value))
        return value
    if value is None:
        if rule["default"] is None:
            raise ValueError("%r needs %s (%s)" % (name, key, rule["doc"]))
        return rule["default"]
    if "text" in rule:
        if not isinstance(value, str):
            raise ValueError("%s of %r must be text, not %r" % (key, name, value))
        return value
    if value is True or value is False or not isinstance(value, (int, float)):
        raise ValueError("%s of %r must be a number, not %r" % (key, name, value))
    if not rule["low"] <= value <= rule["high"]:
        text = "%s of %r must lie between %s and %s, not %s"
        raise ValueError(text % (key, name, rule["low"], rule["high"], value))
    return value


def plain(value):
    """Return a parameter as the trace takes it: of a float, its thousandths."""
    return "%d/1000" % int(value * 1000) if isinstance(value, float) else value


def _names(table):
    return ", ".join(sorted(table))
