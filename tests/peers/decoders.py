"""The programs that are measured, and how their lines are had, whatever becomes of them."""

import subprocess
import threading
from dataclasses import dataclass, field

from sets import folded

# Longest wait for the line of one picture. One decoder has taken 42 s for a public photograph.
PATIENCE = 120

# Frames that one decoder is given before the next has its turn, so that all see the same hours of a shared machine.
# A burst's length twice over: no burst is torn.
TURN = 60


@dataclass
class Line:
    """What became of one picture."""

    texts: list  # for each, what it may be, folded
    ms: float  # processor time
    note: str


@dataclass
class Decoder:
    """A program with a list of pictures as its last argument."""

    name: str
    command: list
    stream: bool = False
    lines: dict = field(default_factory=dict)  # by path


def every(ours, peers, python, here):
    """Ours first, then the others."""
    rust = ["zxing-cpp", "rxing", "rxing-filtered", "rqrr"]
    yield Decoder("checkpointd", [ours, "read", "--format", "bench"])
    for name in rust:
        yield Decoder(name, [peers, name])
    for name in ("zbar", "opencv", "opencv-aruco"):
        yield Decoder(name, [python, str(here / "decode.py"), name])


def run(decoders, frames, work, tell):
    """Every decoder over every frame, in turns."""
    work.mkdir(parents=True, exist_ok=True)
    total, done = len(decoders) * len(frames), 0
    for begin in range(0, len(frames), TURN):
        paths = [frame.path for frame in frames[begin : begin + TURN]]
        for decoder in decoders:
            for path, line in lines(decoder, paths, work):
                decoder.lines[path] = line
                done += 1
                tell(done, total, decoder.name)


def lines(decoder, paths, work):
    """A line for every path. A program that falls or hangs on a picture loses that one and goes on with the next."""
    left = list(paths)
    while left:
        listed = work / f"{decoder.name}.txt"
        listed.write_text("".join(f"{path}\n" for path in left), encoding="utf-8")
        process = subprocess.Popen(
            decoder.command + [str(listed)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        stopped = []
        while left:
            watch = threading.Timer(PATIENCE, lambda: (stopped.append(True), process.kill()))
            watch.start()
            text = process.stdout.readline()
            watch.cancel()
            if not text.endswith("\n"):
                break
            path, micros, _count, texts, note = text[:-1].split("\t")
            if path != left[0]:
                raise SystemExit(f"{decoder.name} answers for {path} and was asked for {left[0]}")
            left.pop(0)
            yield path, Line([meanings(t) for t in texts.split(",") if t], int(micros) / 1000, note)
        process.stdout.close()
        code = process.wait()
        if left:
            if code == 2:
                raise SystemExit(f"{decoder.name} does not work: {' '.join(decoder.command)} ended with 2")
            yield left.pop(0), Line([], PATIENCE * 1000.0 if stopped else 0.0, "HANG" if stopped else "FALL")


def meanings(text):
    """What bytes may say, folded. A code rarely tells in which letters it is written, and decoders guess."""
    data, said = bytes.fromhex(text), set()
    for letters in ("utf-8", "shift_jis", "latin-1"):
        try:
            said.add(folded(data.decode(letters)))
        except UnicodeDecodeError:
            pass
    return said
