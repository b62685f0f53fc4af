"""Times as people read them: in their zone where it is known, else Beijing's for Chinese and UTC, named as such.

Zones are those of the IANA's list. What is counted in hours (a cap of 24 hours) is only shown in a zone.
"""

from datetime import datetime
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

from bot.messages import languages
from bot.messages.i18n import translate

UTC, BEIJING = "UTC", "Asia/Shanghai"
OFFERED = (
    UTC,
    BEIJING,
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
)
"""Those that a keyboard shows; any other is typed."""
_MOST_CHARS = 40
CITIES = MappingProxyType(
    {
        **dict.fromkeys(("utc", "gmt", "z", "世界时", "世界時", "协调世界时"), UTC),
        **dict.fromkeys(
            (
                "beijing",
                "beijing time",
                "china",
                "shenzhen",
                "guangzhou",
                "北京",
                "北京时间",
                "北京時間",
                "上海",
                "中国",
                "中國",
            ),
            BEIJING,
        ),
        **dict.fromkeys(("utc+8", "gmt+8", "utc+08:00", "+8", "+08:00", "东八区", "東八區"), BEIJING),
        **dict.fromkeys(("深圳", "广州", "廣州", "杭州", "成都", "重庆", "重慶"), BEIJING),
        **dict.fromkeys(("香港",), "Asia/Hong_Kong"),
        **dict.fromkeys(("澳门", "澳門"), "Asia/Macau"),
        **dict.fromkeys(("台北", "臺北", "台湾", "台灣", "臺灣"), "Asia/Taipei"),
        **dict.fromkeys(("乌鲁木齐", "烏魯木齊", "新疆"), "Asia/Urumqi"),
        **dict.fromkeys(("东京", "東京", "日本"), "Asia/Tokyo"),
        **dict.fromkeys(("首尔", "首爾", "韩国", "韓國"), "Asia/Seoul"),
        **dict.fromkeys(("新加坡",), "Asia/Singapore"),
        **dict.fromkeys(("吉隆坡",), "Asia/Kuala_Lumpur"),
        **dict.fromkeys(("曼谷",), "Asia/Bangkok"),
        **dict.fromkeys(("迪拜", "杜拜"), "Asia/Dubai"),
        **dict.fromkeys(("伦敦", "倫敦"), "Europe/London"),
        **dict.fromkeys(("巴黎",), "Europe/Paris"),
        **dict.fromkeys(("柏林",), "Europe/Berlin"),
        **dict.fromkeys(("莫斯科",), "Europe/Moscow"),
        **dict.fromkeys(("纽约", "紐約"), "America/New_York"),
        **dict.fromkeys(("洛杉矶", "洛杉磯", "旧金山", "舊金山", "san francisco"), "America/Los_Angeles"),
        **dict.fromkeys(("多伦多", "多倫多"), "America/Toronto"),
        **dict.fromkeys(("温哥华", "溫哥華"), "America/Vancouver"),
        **dict.fromkeys(("悉尼", "雪梨"), "Australia/Sydney"),
    }
)


def read(words: str) -> str | None:
    """Return the zone that somebody means by "Europe/Berlin", "berlin" or "上海"; None where it is none, or several."""
    asked = " ".join(words.replace("_", " ").split()).casefold()
    if not asked or len(asked) > _MOST_CHARS:
        return None
    return CITIES.get(asked) or _listed().get(asked)


def name(zone: str, language: str) -> str:
    """Return the zone's name as it is shown."""
    if zone == BEIJING:
        return translate(language, "zone-beijing")
    return zone.replace("_", " ")


def default(language: str) -> str:
    """Return the zone where nobody has set one."""
    return languages.row(language).zone


def clock(language: str, at_ms: int, zone: str | None) -> str:
    """Return a moment (milliseconds UTC) with the name of its zone. `zone`: the person's; None: nobody knows."""
    zone = _shown(zone, language)
    facts = {"zone": name(zone, language), "beijing": "yes" if zone == BEIJING else "no"}
    return translate(language, "clock", time=bare_clock(language, at_ms, zone), **facts)


def bare_clock(language: str, at_ms: int, zone: str | None) -> str:
    """Return the same without the name, which then stands above."""
    moment = datetime.fromtimestamp(at_ms / 1000, tz=ZoneInfo(_shown(zone, language)))
    return moment.strftime("%Y-%m-%d %H:%M")


def _shown(zone: str | None, language: str) -> str:
    """Return the zone, or the default where there is none, or one of a newer list than this machine has."""
    return zone if zone is not None and read(zone) == zone else default(language)


@cache
def _listed() -> dict[str, str]:
    """Return all zones by their whole names, and by the last part of it where only one has that."""
    found: dict[str, str] = {}
    whole = {
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    }
    by_city: dict[str, set[str]] = {}
    for zone in whole:
        plain = zone.replace("_", " ").casefold()
        found[plain] = zone
        by_city.setdefault(plain.rpartition("/")[2], set()).add(zone)
    return {city: zones.pop() for city, zones in by_city.items() if len(zones) == 1} | found
