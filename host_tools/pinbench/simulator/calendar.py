"""Civil dates and seconds, as the ports compute them; proleptic Gregorian, UTC."""


def unix_s(year, month, day, hour=0, minute=0, second=0):
    """Return seconds since 1970-01-01; fields out of range carry over, as mktime's do."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1
    days = era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def civil(seconds):
    """Return (year, month, day, hour, minute, second, weekday, yearday) of seconds since 1970.

    Monday is weekday 0; yearday counts from 1.
    """
    days, left = divmod(seconds, 86400)
    z = days + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + (3 if mp < 10 else -9)
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    day = doy - (153 * mp + 2) // 5 + 1
    yearday = days - unix_s(year, 1, 1) // 86400 + 1
    return year, month, day, left // 3600, left // 60 % 60, left % 60, (days + 3) % 7, yearday
