"""A scanned page made straight, its seals found, its ink parted from red. Pixels in, pixels out;
pure."""

import math
from collections import deque

import numpy as np
from PIL import Image, ImageOps

MAX_SKEW_DEGREES = 4.0
SKEW_SEARCHES = ((4, 0.5), (2, 0.1))
"""(shrunk by, step in degrees): each looks around the best of the one before; a coarser first one
misses the peak."""
GRID_CELL_PIXELS = 8  # pixels a side of the grid that seals are looked for in
SEAL_INCHES = (0.9, 2.4)  # the side of a seal: 23 mm to 61 mm, ink spread and slips included


def straighten(image: Image.Image) -> tuple[Image.Image, float]:
    """Turned so that its rows of text lie level, and by how much; a straight page is left as it
    is, at 0."""
    angle = _skew_angle(image)
    if abs(angle) < 0.05:
        return image, 0.0
    return image.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor="white"), angle


def rotate_box(
    box: tuple[float, float, float, float], angle: float, size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Where a box of the page lies after the page was straightened by so many degrees."""
    if not angle:
        return box
    x, y = (box[0] + box[2]) / 2 - size[0] / 2, (box[1] + box[3]) / 2 - size[1] / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = x * cos + y * sin + size[0] / 2, y * cos - x * sin + size[1] / 2
    wide, tall = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return x - wide, y - tall, x + wide, y + tall


def _skew_angle(image: Image.Image) -> float:
    best, reach = 0.0, MAX_SKEW_DEGREES
    for shrunk, step in SKEW_SEARCHES:
        size = max(image.width // shrunk, 1), max(image.height // shrunk, 1)
        small = image.getchannel("R").resize(size, Image.Resampling.BOX)
        ink = ImageOps.invert(ImageOps.autocontrast(small, cutoff=1))
        around = np.arange(best - reach, best + reach + step / 2, step)
        best = float(max(around, key=lambda angle: _row_sharpness(ink, angle)))
        reach = step
    return best


def _row_sharpness(ink: Image.Image, angle: float) -> float:
    """Rows of level text make a profile of high peaks and deep valleys."""
    turned = ink.rotate(angle, resample=Image.Resampling.BILINEAR)
    profile = np.asarray(turned, dtype=np.float32).sum(axis=1)
    return float(((profile[1:] - profile[:-1]) ** 2).sum())


def remove_red(image: Image.Image) -> Image.Image:
    """The red channel: a red seal turns as light as the paper, and the black under it stays."""
    return ImageOps.autocontrast(image.getchannel("R"), cutoff=1)


def find_seals(image: Image.Image, *, dpi: int) -> list[tuple[int, int, int, int]]:
    """The boxes (x0, y0, x1, y1) of red that is as large and as square as a seal."""
    low, high = (side * dpi / GRID_CELL_PIXELS for side in SEAL_INCHES)
    boxes = []
    for x0, y0, x1, y1, filled in _find_clusters(_red_grid(image)):
        wide, tall = x1 - x0, y1 - y0
        square = 0.6 < wide / max(tall, 1) < 1.7
        if square and low < max(wide, tall) < high and filled > 0.12 * wide * tall:
            boxes.append(
                (
                    x0 * GRID_CELL_PIXELS,
                    y0 * GRID_CELL_PIXELS,
                    x1 * GRID_CELL_PIXELS,
                    y1 * GRID_CELL_PIXELS,
                )
            )
    return boxes


def _red_grid(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image, dtype=np.int16)
    red = (pixels[..., 0] - np.maximum(pixels[..., 1], pixels[..., 2])) > 50
    height, width = (side // GRID_CELL_PIXELS for side in red.shape)
    return (
        red[: height * GRID_CELL_PIXELS, : width * GRID_CELL_PIXELS]
        .reshape(height, GRID_CELL_PIXELS, width, GRID_CELL_PIXELS)
        .mean(axis=(1, 3))
        > 0.12
    )


def _find_clusters(grid: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """Cells of red that touch, or nearly: (x0, y0, x1, y1, cells)."""
    waiting = {(int(y), int(x)) for y, x in zip(*np.nonzero(grid), strict=True)}
    found = []
    while waiting:
        queue, cluster = deque([waiting.pop()]), []
        while queue:
            y, x = queue.popleft()
            cluster.append((y, x))
            near = {(y + dy, x + dx) for dy in range(-3, 4) for dx in range(-3, 4)} & waiting
            waiting -= near
            queue.extend(near)
        ys, xs = zip(*cluster, strict=True)
        found.append((min(xs), min(ys), max(xs) + 1, max(ys) + 1, len(cluster)))
    return found
