"""What happens to pixels: noise, blur, compression and the like, each by a drawn amount.

Each takes a frame (H, W, 3) of grey levels as float32, in any range, and a generator; none moves what is
shown by more than two pixels or hides it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Damage = Callable[[Array, np.random.Generator], Array]


def noise(frame: Array, rng: np.random.Generator) -> Array:
    """Every pixel by itself, or patches of several, as decoders make it."""
    cells = int(rng.integers(3, 33))
    return frame + _amount(rng, 40.0) * _resized(_normal(rng, cells, cells, 3), len(frame))


def blur(frame: Array, rng: np.random.Generator) -> Array:
    """A Gaussian over pixels."""
    import cv2

    blurred: Array = cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.3, 1.8)))
    return blurred


def coarseness(frame: Array, rng: np.random.Generator) -> Array:
    """Fewer pixels, drawn large again."""
    return _resized(_resized(frame, int(rng.integers(10, 24))), len(frame))


def compression(frame: Array, rng: np.random.Generator) -> Array:
    """JPEG."""
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 95))]
    code = cv2.imencode(".jpg", levels(frame), quality)[1]
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.float32)


def tint(frame: Array, rng: np.random.Generator) -> Array:
    """Other colours everywhere."""
    return frame + _amount(rng, 40.0) * _normal(rng, 3)


def fading(frame: Array, rng: np.random.Generator) -> Array:
    """Contrast lost to the frame's mean."""
    mean: Array = frame.mean(axis=(0, 1))
    return mean + (1.0 - _amount(rng, 0.5)) * (frame - mean)


def warping(frame: Array, rng: np.random.Generator) -> Array:
    """Outlines bent."""
    import cv2

    size = len(frame)
    shifts = _amount(rng, 3.0) * _resized(_normal(rng, int(rng.integers(3, 9)), 4, 2), size)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    places = np.stack([columns, rows], axis=-1) + shifts
    bent: Array = cv2.remap(frame, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return bent


def ghost(frame: Array, rng: np.random.Generator) -> Array:
    """Everything once more, fainter and a little way off."""
    moved = np.roll(frame, rng.integers(-3, 4, 2), axis=(0, 1))
    share = _amount(rng, 0.5)
    return (1 - share) * frame + share * moved


DAMAGES: tuple[Damage, ...] = (noise, blur, coarseness, compression, tint, fading, warping, ghost)
UNTOUCHED = 0.2
"""Share of frames that no damage befalls."""
MOST = 3
"""Different damages that befall one frame."""


def damaged(frame: Array, rng: np.random.Generator) -> Array:
    """Some damages one after the other, or none: a frame of whole grey levels, 0..255."""
    if rng.random() >= UNTOUCHED:
        for index in rng.permutation(len(DAMAGES))[: rng.integers(1, MOST + 1)]:
            frame = DAMAGES[index](frame, rng)
    return levels(frame).astype(np.float32)


def levels(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Whole grey levels, 0..255."""
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _amount(rng: np.random.Generator, most: float) -> np.float32:
    """Small amounts more often than large ones."""
    return np.float32(most * rng.random() ** 2)


def _normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def _resized(picture: Array, size: int) -> Array:
    import cv2

    resized: Array = cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR)
    return resized
