"""Writes the sentences in traditional characters from the simplified ones: python -m tests.messages.traditional.

OpenCC converts characters and words as Taiwan writes them (s2twp). CORRECTIONS, applied after it, are for what reads
wrong in Taiwan or in Hong Kong, and for words that the bot has to understand when they are typed.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from opencc import OpenCC

from bot.messages import i18n

CORRECTIONS = {
    # quotes as they stand in traditional texts
    "“": "「", "”": "」",
    # words that are typed, as the bot knows them
    "高階": "高級", "橫屏": "橫式", "豎屏": "直式",
    # where OpenCC takes one word for another
    "回復": "回覆", "明瞭": "明了", "里加": "裡加", "數據庫": "資料庫", "釋出": "發佈", "發布": "發佈",
    "不再儲存": "不再保存", "只儲存": "只保存", "會儲存": "會保存", "已儲存": "已保存", "儲存期限": "保存期限",
    # words of one side of the strait, or of Taiwan alone
    "賬": "帳", "畫素": "像素", "許可權": "權限", "稽核": "審核", "響應": "回應", "檢視": "查看", "平臺": "平台",
    "充值": "儲值", "地址": "網址", "口令": "密碼", "演示": "示範", "訪問": "存取", "證書": "憑證", "列表": "清單",
    "成片": "成品", "回執": "收據", "重新新增": "重新加入", "會話已結束": "登入已逾時", "錯誤程式碼": "錯誤代碼",
    "表情我": "貼圖我",
    # what is true of this language only
    "簡體中文": "繁體中文", "北京時間": "UTC+8 時間",
}  # fmt: skip
_HEAD = "# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.\n"


@cache
def _opencc() -> OpenCC:
    """Its dictionaries are read once: that takes a tenth of a second."""
    return OpenCC("s2twp")


def traditional(text: str, corrections: Mapping[str, str] = CORRECTIONS) -> str:
    """Convert the text of a file."""
    converted = str(_opencc().convert(text))
    for wrong, right in corrections.items():
        converted = converted.replace(wrong, right)
    return converted


def expected() -> dict[Path, str]:
    """Return what each file of zh-hant has to hold, from those of zh."""
    return {
        path.parent.parent / "zh-hant" / path.name: _HEAD + traditional(path.read_text(encoding="utf-8"))
        for path in i18n.files("zh")
    }


if __name__ == "__main__":
    for path, text in expected().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
