"""Sets of frames to measure with: lists of PGM files, and what stands in each."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import drawn

# Roads without a pass that every set of photographs is given, for what an idle camera costs.
ROADS = 24

# The one exception: what its source says is in it lacks a letter ("photograph of"). Four decoders read
# "photography of", once the gaps between its modules are closed. It counts neither as read nor as wrong.
MISSPELT = {"zxing-2-13.jpg"}


@dataclass(frozen=True)
class Frame:
    """One picture."""

    path: str
    texts: frozenset  # what may be read, folded; empty where nobody knows
    codes: int  # in the picture; 0 where nothing must be read
    group: str


def folded(text):
    """A text without what depends on how its bytes are taken for letters: decoders differ there, and rightly."""
    return "".join(letter for letter in text if "!" <= letter <= "~")


def save(path, grey):
    """An array as a binary PGM."""
    height, width = grey.shape
    Path(path).write_bytes(b"P5\n%d %d\n255\n" % (width, height) + np.ascontiguousarray(grey).tobytes())


def photographs(folder, work, most, tell):
    """The photographs of a manifest, none wider or higher than `most` pixels, and roads of about their size."""
    target = work / f"photographs-{most or 'full'}"
    target.mkdir(parents=True, exist_ok=True)
    frames = []
    lines = (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for number, line in enumerate(lines):
        tell(number, len(lines))
        file, texts, _source, _licence, group, codes, truth, _read_by = line.split("\t")
        picture = Image.open(folder / file).convert("L")
        if most and max(picture.size) > most:
            scale = most / max(picture.size)
            size = tuple(max(1, round(length * scale)) for length in picture.size)
            picture = picture.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.LANCZOS)
        path = target / f"{Path(file).stem}.pgm"
        save(path, np.asarray(picture))
        known = frozenset(folded(text) for text in json.loads(texts) if file not in MISSPELT)
        # Where nobody has confirmed a text, a code may stand there all the same.
        frames.append(Frame(str(path), known, 0 if truth == "no-code" else max(1, int(codes)), group))
    return frames + roads(target, most)


def roads(target, most):
    width = most or 1024
    frames = []
    for number, grey in enumerate(drawn.roads(ROADS, (width, width * 3 // 4), seed=5)):
        path = target / f"drawn_road_{number:02}.pgm"
        save(path, grey)
        frames.append(Frame(str(path), frozenset(), 0, "drawn-roads"))
    return frames


def dense(work, seed, each, tell):
    """Dense passes down the ladder of `drawn.py`."""
    total = sum(len(steps) for steps in drawn.LADDER.values()) * 9 * each

    def make(target):
        for number, (name, grey, text) in enumerate(drawn.passes(seed, each)):
            tell(number, total)
            save(target / f"{name}.pgm", grey)
            yield name, text

    return remembered(work, f"dense-{seed}-{each}", make, lambda name: name.split("_")[0])


def bursts(work, seed, count, tell):
    """Bursts of thirty frames, in order."""

    def make(target):
        for number, frame, grey, text in drawn.bursts(count, seed):
            tell(number * drawn.FRAMES + frame, count * drawn.FRAMES)
            name = f"{number:03}-{frame:02}"
            save(target / f"{name}.pgm", grey)
            yield name, text

    return remembered(work, f"bursts-{seed}-{count}", make, lambda name: name.split("-")[0])


def remembered(work, name, make, group):
    """What was drawn before by the same hand is not drawn again."""
    hand = hashlib.sha256(Path(drawn.__file__).read_bytes()).hexdigest()[:8]
    target = work / f"{name}-{hand}"
    index = target / "index.tsv"
    if not index.exists():
        target.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}\t{text}\n" for name, text in make(target)]
        index.write_text("".join(lines), encoding="utf-8")
    rows = [line.split("\t", 1) for line in index.read_text(encoding="utf-8").splitlines()]
    return [Frame(str(target / f"{name}.pgm"), frozenset([folded(text)]), 1, group(name)) for name, text in rows]


def instruction_frames(work):
    """An easy frame, a pass near by and sharp, and a road alone: 640 × 480."""
    target = work / "instructions"
    target.mkdir(parents=True, exist_ok=True)
    size = (640, 480)
    for name, seed in (("easy", 1), ("idle", 2)):
        rng = np.random.default_rng(seed)
        road = drawn.road(rng, size)
        if name == "easy":
            save(target / "easy.pgm", drawn.draw(drawn.Shot(drawn.pass_text(rng, 167), roll=3.0), rng, size, road))
        else:
            save(target / "idle.pgm", np.clip(road, 0, 255).astype(np.uint8))
    return target / "easy.pgm", target / "idle.pgm"
