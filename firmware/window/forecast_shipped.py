"""The weights that ship, by the kind of readings a place has."""

from micropython import const

from window.forecast_score import Table

FINE = const(0)  # slots of 5 or 10 minutes
FINE_PRESSURE = const(1)
COARSE = const(2)  # 15 to 30 minutes
HOURLY = const(3)

# Evidence (1024 a unit of log odds) for the first expert before the place has shown anything: a
# pressure sensor speaks for the weights that use it.
_PRIOR = {FINE: -8192, FINE_PRESSURE: 8192, COARSE: 0, HOURLY: 0}


def shipped(kind):
    """Return (tables, evidence) for a kind of readings; only these weights are then in memory."""
    if kind == HOURLY:
        from window import forecast_coastal, forecast_continental

        modules = (forecast_continental, forecast_coastal)
    elif kind == COARSE:
        from window import forecast_coarse

        modules = (forecast_coarse,)
    else:
        from window import forecast_temperate, forecast_tropical

        modules = (forecast_temperate, forecast_tropical)
    return [Table(module) for module in modules], _PRIOR[kind]
