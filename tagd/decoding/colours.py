"""Every colour mode that Pillow knows as 8-bit RGB, the way a person sees the picture."""

from __future__ import annotations

from PIL import Image


def to_rgb(image: Image.Image) -> Image.Image:
    """Bring a picture to RGB, with transparency laid over white.

    White, because that is what viewers and print show; dropping the alpha channel, as
    `convert("RGB")` does, brings out whatever an editor left behind the transparent parts.
    """
    if image.mode[:1] in {"I", "F"}:
        image = _to_eight_bits(image)
    if image.has_transparency_data:
        return _over_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    # Large pictures are large: no copy is made that need not be.
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(with_alpha, mask=with_alpha)
    return paper


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 or 32 bits or floating point, scaled. Pillow's own conversion clips them,
    which turns most pictures white.

    16 bits are scaled by their full range. The others have none: floating point up to 1 counts as
    0 to 1, and everything else is scaled by its own largest value.
    """
    if image.mode.startswith("I;16"):
        image, low, high = image.convert("I"), 0.0, 65535.0
    else:
        low, high = _range(image)
    scale = 255.0 / (high - low)
    offset = 0.5 - low * scale
    # Pillow takes the function apart: only a product and a sum are allowed.
    return image.point(lambda value: value * scale + offset).convert("L")


def _range(image: Image.Image) -> tuple[float, float]:
    extrema = image.getextrema()
    low, high = (float(value) for value in extrema if isinstance(value, (int, float)))
    usual = 1.0 if image.mode == "F" else 65535.0
    return min(low, 0.0), max(high, usual)
