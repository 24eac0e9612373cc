"""Draws what a camera sees of a pass that is held up before it, and of a road without one.

A picture is made in the order in which light makes it: the modules of a code on a sheet or a screen, bent and tilted
in space; the light on it, with shadow and reflection; the lens, the shake; the sensor and its noise. Every picture
follows from its shot and its seed alone. No photograph is used.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import segno

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

# Rays for one pixel, in each direction: a pixel is the mean of the light that falls on it.
RAYS = 3


@dataclass(frozen=True)
class Shot:
    """What is held up, how, and how it is seen. Lengths in modules of the code where nothing else is said."""

    text: str
    level: str = "m"  # of error correction
    pixels: float = 4.0  # a module, where the code faces the camera
    roll: float = 0.0  # degrees, in the plane of the picture
    tilt: float = 0.0  # degrees, away from the camera
    towards: float = 0.0  # degrees, the direction in which it is tilted
    bend: float = 0.0  # radians, half of the arc around which the sheet is bent
    at: tuple = (0.0, 0.0)  # pixels from the middle of the picture
    dark: float = 35.0  # grey levels, ink
    light: float = 215.0  # grey levels, paper
    shade: float = 1.0  # what is left of the light behind the edge of a shadow
    edge: tuple = (0.0, 0.0)  # direction of that edge in radians, its place in parts of the code's side
    glare: float = 0.0  # diameter of a reflection in parts of the code's side
    glare_at: tuple = (0.0, 0.0)  # its place in parts of the code's side from the middle
    stripes: float = 0.0  # strength of the beat between a screen's rows and the sensor's
    blur: float = 0.25  # sigma of the lens
    shake: float = 0.0  # length of the way during exposure
    shake_to: float = 0.0  # radians, its direction
    exposure: float = 1.0
    noise: float = 3.0  # sigma, grey levels, at middle grey


def base45(data):
    """Bytes as text of a QR code's alphanumeric mode (RFC 9285)."""
    out = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            out.append(BASE45[digit])
    return "".join(out)


def pass_text(rng, size):
    """A text as long as a pass whose envelope has so many bytes. No signature would hold under it."""
    return "MP1:" + base45(rng.bytes(size))


def modules(text, level):
    """The code's modules, True is ink, with four of quiet zone around."""
    code = segno.make(text, error=level, mode="alphanumeric", boost_error=False, micro=False)
    return np.pad(np.array([list(row) for row in code.matrix], dtype=bool), 4)


def draw(shot, rng, size, behind=None):
    """The picture: 8 bits grey, `size` is (width, height). `behind` is what is seen around the sheet."""
    width, height = size
    ink = modules(shot.text, shot.level)
    side = ink.shape[0] * shot.pixels
    if behind is None:
        behind = blurred(rng.uniform(40, 190, (height // 32 + 1, width // 32 + 1)), size)
    paper, seen = light_of(shot, ink, size)
    picture = behind * (1 - seen) + paper * seen
    middle = (width / 2 + shot.at[0], height / 2 + shot.at[1])
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across, down = (x - middle[0]) / side, (y - middle[1]) / side
    if shot.shade < 1:
        angle, place = shot.edge
        over = (across * np.cos(angle) + down * np.sin(angle) - place) * side / 3
        picture *= shot.shade + (1 - shot.shade) / (1 + np.exp(-np.clip(over, -50, 50)))
    if shot.stripes:
        beat = np.sin(y * 0.9 + 1.7 * np.sin(x / 37)) * 0.6 + np.sin((x + 2 * y) / 5.3) * 0.4
        picture *= 1 + shot.stripes * beat * seen
    if shot.glare:
        far = np.hypot(across - shot.glare_at[0], down - shot.glare_at[1]) * 2 / shot.glare
        picture += 260 * np.exp(-(np.clip(far - 0.9, 0, None) ** 2) * 18)
    picture = cv2.GaussianBlur(picture, (0, 0), max(shot.blur * shot.pixels, 0.3))
    picture = shaken(picture, shot.shake * shot.pixels, shot.shake_to) * shot.exposure
    # Light comes in grains: a bright place is noisier than a dark one, and darkness is never quiet.
    grain = shot.noise * np.sqrt(0.4 + 0.6 * np.clip(picture, 0, 255) / 128)
    picture += rng.normal(0, 1, picture.shape) * grain
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def light_of(shot, ink, size):
    """The light of the sheet in every pixel, and how much of the pixel the sheet covers (0 to 1)."""
    count = ink.shape[0]
    middle = (size[0] / 2 + shot.at[0], size[1] / 2 + shot.at[1])
    # No tilt brings anything of the sheet further from its middle than this.
    reach = 0.9 * count * shot.pixels
    left, right = (int(np.clip(middle[0] + way, 0, size[0])) for way in (-reach, reach))
    top, bottom = (int(np.clip(middle[1] + way, 0, size[1])) for way in (-reach, reach))
    width, height = right - left, bottom - top
    rays = (np.arange(RAYS) + 0.5) / RAYS - 0.5
    x = (np.arange(left, right)[:, None] + rays).ravel() + 0.5 - middle[0]
    y = (np.arange(top, bottom)[:, None] + rays).ravel() + 0.5 - middle[1]
    x, y = np.meshgrid((x / shot.pixels).astype(np.float32), (y / shot.pixels).astype(np.float32))
    # The way of the ray back to the sheet: through the lens at a distance of three sides onto the tilted plane.
    roll, tilt, towards = np.radians([shot.roll, shot.tilt, shot.towards]).astype(np.float32)
    away = 3.0 * count
    along, beside = x * np.cos(towards) + y * np.sin(towards), y * np.cos(towards) - x * np.sin(towards)
    deep = along / (np.cos(tilt) - along * np.sin(tilt) / away)
    scale = 1 + deep * np.sin(tilt) / away
    # What lies behind the eye is not seen.
    beside, deep = beside * scale, np.where(scale > 0.05, deep, np.inf)
    turn = towards - roll
    with np.errstate(invalid="ignore"):
        u = deep * np.cos(turn) - beside * np.sin(turn)
        v = deep * np.sin(turn) + beside * np.cos(turn)
        if shot.bend:
            # Seen from before, the columns of a sheet around a can crowd at its edges, and its rows sag.
            radius = count / 2 / np.sin(shot.bend)
            angle = np.arcsin(np.clip(u / radius, -1, 1))
            v = v - (1 - np.cos(angle)) * 0.15 * count
            u = np.where(np.abs(u) <= count / 2, angle / shot.bend * count / 2, np.inf)
        column, row = u + count / 2, v + count / 2
        inside = (column >= 0) & (column < count) & (row >= 0) & (row < count)
    column = np.where(inside, column, 0).astype(np.int32)
    row = np.where(inside, row, 0).astype(np.int32)
    levels = np.where(ink, shot.dark, shot.light).astype(np.float32)
    light = levels[row, column] * inside
    whole = [np.zeros((size[1], size[0]), np.float32) for _ in range(2)]
    for part, rays in zip(whole, (light, inside)):
        part[top:bottom, left:right] = rays.reshape(height, RAYS, width, RAYS).mean(axis=(1, 3))
    paper, seen = whole
    return paper / np.maximum(seen, 1e-6), seen


def shaken(picture, length, direction):
    """A picture that moved by so many pixels while it was taken."""
    if length < 0.5:
        return picture
    reach = int(np.ceil(length / 2)) + 1
    way = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-length / 2, length / 2, int(8 * length) + 2):
        x, y = reach + step * np.cos(direction), reach + step * np.sin(direction)
        left, top = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            way[top + dy, left + dx] += abs(1 - dx - (x - left)) * abs(1 - dy - (y - top))
    return cv2.filter2D(picture, -1, way / way.sum(), borderType=cv2.BORDER_REPLICATE)


def blurred(coarse, size):
    """A soft pattern of so many pixels out of a few."""
    return cv2.resize(coarse.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)


def road(rng, size):
    """A road on which nobody holds up anything, float grey: sky, asphalt, lane marks, rails, perhaps the front of a
    lorry with its grille, which is as full of stripes as a code."""
    width, height = size
    horizon = int(height * rng.uniform(0.25, 0.45))
    sky = rng.uniform(150, 235)
    picture = np.empty((height, width), np.float32)
    picture[:horizon] = np.linspace(sky, sky - 30, horizon)[:, None]
    asphalt = rng.uniform(60, 120)
    grain = cv2.GaussianBlur(rng.normal(0, 22, (height - horizon, width)).astype(np.float32), (0, 0), 0.8)
    picture[horizon:] = asphalt + np.linspace(-12, 10, height - horizon)[:, None] + grain
    vanishing = width * rng.uniform(0.35, 0.65)
    for lane in rng.uniform(-0.9, 0.9, 3):
        for begin in np.arange(rng.uniform(0, 0.1), 1, 0.14):
            near, far = horizon + (height - horizon) * begin, horizon + (height - horizon) * min(begin + 0.07, 1)
            place = lambda y: vanishing + lane * width * (y - horizon) / (height - horizon)
            thick = lambda y: 1 + 9 * (y - horizon) / (height - horizon) * width / 640
            corners = [(place(near) - thick(near), near), (place(near) + thick(near), near)]
            corners += [(place(far) + thick(far), far), (place(far) - thick(far), far)]
            cv2.fillPoly(picture, [np.array(corners, np.int32)], rng.uniform(170, 225))
    for post in range(int(rng.integers(4, 12))):
        x = int(width * rng.uniform(0, 1))
        cv2.rectangle(picture, (x, horizon - 14), (x + 4, horizon + 10), rng.uniform(30, 90), -1)
    if rng.random() < 0.5:
        front(picture, rng, size)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.4))
    return picture + rng.normal(0, rng.uniform(2, 6), picture.shape)


def front(picture, rng, size):
    """The front of a lorry, drawn into a picture: a box, a window, a grille, two lamps."""
    width, height = size
    wide, high = int(width * rng.uniform(0.25, 0.5)), int(height * rng.uniform(0.35, 0.6))
    x, y = int(rng.integers(0, width - wide)), int(rng.integers(height // 5, height - high))
    cv2.rectangle(picture, (x, y), (x + wide, y + high), rng.uniform(60, 210), -1)
    cv2.rectangle(picture, (x + wide // 10, y + high // 12), (x + wide * 9 // 10, y + high * 5 // 12), 45.0, -1)
    for bar in range(8):
        top = y + high // 2 + bar * high // 24
        cv2.rectangle(picture, (x + wide // 4, top), (x + wide * 3 // 4, top + high // 48), 30.0, -1)
    for lamp in (x + wide // 8, x + wide * 7 // 8):
        cv2.circle(picture, (lamp, y + high * 3 // 4), max(wide // 16, 2), 240.0, -1)


def roads(count, size, seed):
    """So many roads, 8 bits grey."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        yield np.clip(road(rng, size) + 0.5, 0, 255).astype(np.uint8)


# One thing at a time, from easy to hopeless, on codes of 4 pixels a module.
LADDER = {
    "clean": [{}],
    "small": [{"pixels": pixels} for pixels in (3.0, 2.5, 2.0, 1.5)],
    "blur": [{"blur": sigma} for sigma in (0.45, 0.5, 0.55, 0.6, 0.75)],
    "shake": [{"shake": way} for way in (0.75, 1.25, 1.75, 2.25)],
    "noise": [{"noise": sigma} for sigma in (12, 25, 40, 55)],
    "tilt": [{"tilt": degrees} for degrees in (20, 35, 50, 60)],
    "roll": [{"roll": degrees} for degrees in (15, 45, 110)],
    "pale": [{"dark": 120 - half, "light": 120 + half, "noise": 2.0} for half in (50, 25, 12, 6)],
    "glare": [{"glare": part} for part in (0.12, 0.2, 0.28, 0.36)],
    "screen": [{"stripes": strength} for strength in (0.1, 0.2, 0.3, 0.4)],
    "shadow": [{"shade": left} for left in (0.5, 0.3, 0.18)],
    "bend": [{"bend": angle} for angle in (0.3, 0.6, 0.9)],
    "inverted": [{"dark": 215.0, "light": 35.0}],
    "all": [
        {"pixels": 4 - step * 0.35, "blur": 0.28 + step * 0.06, "shake": step * 0.25, "tilt": 8 + step * 7}
        | {"noise": 4 + step * 3, "dark": 45 + step * 9, "light": 205 - step * 12, "shade": 1 - step * 0.15}
        for step in range(5)
    ],
}
SIZE = (1024, 768)


def passes(seed, each=1):
    """Dense passes, step by step down the ladder: (name, picture, text)."""
    for what, steps in LADDER.items():
        for step, changed in enumerate(steps):
            for size in (170, 300, 500):
                for level in "lmq":
                    for number in range(each):
                        name = f"{what}_{step}_{size}{level}{number}"
                        rng = np.random.default_rng([seed, *name.encode()])
                        shot = any_way(Shot(pass_text(rng, size), level), rng)
                        shot = fitting(replace(shot, **changed), SIZE)
                        yield name, draw(shot, rng, SIZE), shot.text


def any_way(shot, rng):
    """As somebody holds it who does his best, and with whatever is drawn by chance."""
    return replace(
        shot,
        roll=rng.uniform(-4, 4),
        towards=rng.uniform(0, 360),
        at=tuple(rng.uniform(-10, 10, 2)),
        edge=(rng.uniform(0, 6.28), rng.uniform(-0.2, 0.2)),
        glare_at=tuple(rng.uniform(-0.25, 0.25, 2)),
        shake_to=rng.uniform(0, 3.14),
    )


def fitting(shot, size):
    """No larger than the picture."""
    count = modules(shot.text, shot.level).shape[0]
    return replace(shot, pixels=min(shot.pixels, 0.9 * min(size) / count))


FRAMES = 30
BURST = (640, 480)


def bursts(count, seed):
    """Passes shown by hand for a second at thirty frames: (number, frame, picture, text). The hand drifts and
    trembles, the lens hunts for focus, a reflection wanders, the exposure follows the light."""
    for number in range(count):
        rng = np.random.default_rng([seed, number, 30])
        still = any_way(Shot(pass_text(rng, int(rng.choice([120, 167, 220, 300]))), str(rng.choice(list("lmq")))), rng)
        behind = road(rng, BURST)
        ways = {name: drift(rng, *span) for name, span in HAND.items()}
        glare = rng.uniform(0.05, 0.28)
        for frame in range(FRAMES):
            now = {name: float(way[frame]) for name, way in ways.items()}
            before = {name: float(way[max(frame - 1, 0)]) for name, way in ways.items()}
            dx, dy = (now[way] - before[way] for way in ("x", "y"))
            shot = replace(
                still,
                **{name: now[name] for name in ("pixels", "roll", "tilt", "blur", "exposure")},
                at=(now["x"], now["y"]),
                glare=glare,
                glare_at=(now["glare_x"], now["glare_y"]),
                # The shutter is open for a third of the time between two frames.
                shake=float(np.hypot(dx, dy)) / 3 / now["pixels"],
                shake_to=float(np.arctan2(dy, dx)),
                noise=still.noise * 2,
            )
            yield number, frame, draw(fitting(shot, BURST), rng, BURST, behind), shot.text


# Lowest, highest, and how fast: radians a frame.
HAND = {
    "pixels": (2.0, 3.6, 0.12),
    "roll": (-12, 12, 0.15),
    "tilt": (5, 38, 0.1),
    "x": (-45, 45, 0.22),
    "y": (-28, 28, 0.25),
    "blur": (0.2, 0.8, 0.22),
    "exposure": (0.55, 1.05, 0.5),
    "glare_x": (-0.4, 0.4, 0.3),
    "glare_y": (-0.4, 0.4, 0.25),
}


def drift(rng, low, high, speed):
    """A smooth way between two ends that never quite repeats."""
    pace = speed * rng.uniform(0.6, 1.4, FRAMES).cumsum()
    wave = 0.8 * np.sin(rng.uniform(0, 6.28) + pace) + 0.2 * np.sin(rng.uniform(0, 6.28) + 2.7 * pace)
    return (low + high) / 2 + (high - low) / 2 * wave
