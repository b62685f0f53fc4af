"""Draws the mark of what AI has made, core/media/worker/mark.png: `python -m core.sandbox.mark`.

In both languages, with the font of the sandbox's captions (core/sandbox/fonts/NOTICE.txt), so that a child that marks a
film needs no font. tests/core/media/test_labels.py sees that the picture is this one.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FONT = Path(__file__).parent / "fonts" / "captions.ttf"
_INTO = Path(__file__).parents[1] / "media" / "worker" / "mark.png"
_LINES = ("内容由 AI 生成", "AI-generated")
_LETTER = 96  # pixels of a Chinese sign, which core/media/worker/mark.py scales
_PADDING = 36
_GAP = 24
_BEHIND = (0, 0, 0, 150)


def draw() -> Image.Image:
    """Draw the lines in white on a dark plate, so that they are read on any film."""
    font = ImageFont.truetype(_FONT, _LETTER)
    boxes = [font.getbbox(line) for line in _LINES]
    width = round(max(box[2] - box[0] for box in boxes)) + 2 * _PADDING
    height = len(_LINES) * _LETTER + (len(_LINES) - 1) * _GAP + 2 * _PADDING
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), radius=_PADDING, fill=_BEHIND)
    for number, line in enumerate(_LINES):
        middle = _PADDING + number * (_LETTER + _GAP) + _LETTER // 2
        pen.text((width // 2, middle), line, font=font, fill=(255, 255, 255, 255), anchor="mm")
    return image


def main() -> None:
    """Write the picture where the package has it."""
    draw().save(_INTO, "PNG", optimize=True)
    sys.stdout.write(f"{_INTO}\n")


if __name__ == "__main__":
    main()
