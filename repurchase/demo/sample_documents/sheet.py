"""A sheet of paper to draw on: text, lines and seals, in pixels at 200 dpi."""

import functools
import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

DPI = 200
WIDTH, HEIGHT = 1654, 2339  # A4
FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
RED = (208, 28, 28)
GREY = (150, 150, 150)


@functools.cache
def load_font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


class DrawingSheet:
    def __init__(self, *, wide: bool = False) -> None:
        self.image = Image.new("RGB", (HEIGHT, WIDTH) if wide else (WIDTH, HEIGHT), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.text(self.image.width / 2, 40, "样例 SAMPLE", 26, at="ma", fill=GREY)

    def text(
        self, x: float, y: float, text: str, size: int = 30, *, at: str = "la", fill=(20, 20, 20)
    ) -> None:
        """`at` anchors: la from the left, ma around the middle, ra up to the right."""
        self.draw.text((x, y), text, font=load_font(size), anchor=at, fill=fill)

    def line(self, *points: tuple[float, float], width: int = 2) -> None:
        self.draw.line(points, fill=(60, 60, 60), width=width)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.draw.rectangle((x0, y0, x1, y1), outline=(60, 60, 60), width=2)

    def seal(self, x: float, y: float, words: str, rng: random.Random) -> None:
        """A round company seal of 42 mm around (x, y): ring, star, name along the ring; ink, not
        paint."""
        radius = 165
        ink = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(ink)
        colour = (*RED, rng.randint(150, 210))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=9)
        draw.polygon(_star_points(x, y, 52), fill=colour)
        for n, sign in enumerate(words[:16]):
            self._along(
                ink,
                sign,
                (x, y),
                radius - 40,
                math.radians(200 + n * 280 / max(len(words[:16]) - 1, 1)),
                colour,
            )
        self.image.paste(Image.alpha_composite(self.image.convert("RGBA"), ink).convert("RGB"))
        self.draw = ImageDraw.Draw(self.image)

    @staticmethod
    def _along(
        ink: Image.Image,
        sign: str,
        centre: tuple[float, float],
        radius: float,
        angle: float,
        colour,
    ) -> None:
        tile = Image.new("RGBA", (56, 56), (0, 0, 0, 0))
        ImageDraw.Draw(tile).text((28, 28), sign, font=load_font(38), anchor="mm", fill=colour)
        tile = tile.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BICUBIC)
        at = (
            int(centre[0] + radius * math.cos(angle)) - 28,
            int(centre[1] + radius * math.sin(angle)) - 28,
        )
        ink.alpha_composite(tile, (max(at[0], 0), max(at[1], 0)))


def _star_points(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    points = []
    for n in range(10):
        r = radius if n % 2 == 0 else radius * 0.4
        angle = math.radians(-90 + 36 * n)
        points.append((x + r * math.cos(angle), y + r * math.sin(angle)))
    return points
