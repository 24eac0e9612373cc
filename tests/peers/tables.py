"""What was measured, as tables in Markdown."""

import numpy as np

# Notes that mean that a decoder fell, not that it read nothing.
FALLEN = {"PANIC", "FALL", "HANG", "TIMEOUT"}

FRAMES_OF_BURST = (1, 5, 10, 30)


def table(head, rows):
    """Columns as wide as they must be."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    wide = [max(len(row[column]) for row in rows) for column in range(len(head))]
    text = lambda row: "| " + " | ".join(
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, wide))
    ) + " |"
    rule = "|" + "|".join("-" * (width + 2 if column == 0 else width + 1) + ("" if column == 0 else ":")
                          for column, width in enumerate(wide)) + "|"
    return "\n".join([text(rows[0]), rule, *map(text, rows[1:])])


def is_read(frame, line):
    return any(text & frame.texts for text in line.texts)


def is_wrong(frame, line):
    """A text that is not there. Of several codes not every text is known; folded to nothing, nobody can tell."""
    known = frame.codes == 1 and bool(frame.texts)
    return known and any("" not in text and not text & frame.texts for text in line.texts)


def overall(decoders, frames):
    """The one table: what is read, what is wrong, and what it costs."""
    shown = [frame for frame in frames if frame.codes]
    idle = [frame for frame in frames if not frame.codes]
    head = ["decoder", f"read of {len(shown)}", "rate", "wrong", "on no code", "ms, code: median", "p95"]
    head += ["ms, none: median", "p95", "worst", "fell"]
    rows = []
    for decoder in decoders:
        line = lambda frame: decoder.lines[frame.path]
        read = sum(is_read(frame, line(frame)) for frame in shown)
        rows.append(
            [decoder.name, read, f"{read / max(len(shown), 1):.1%}"]
            + [sum(is_wrong(frame, line(frame)) for frame in shown), sum(bool(line(frame).texts) for frame in idle)]
            + quantiles([line(frame).ms for frame in shown])
            + quantiles([line(frame).ms for frame in idle])
            + [f"{max(line(frame).ms for frame in frames):.1f}"]
            + [sum(line(frame).note in FALLEN for frame in frames)]
        )
    others = [decoder for decoder in decoders if not decoder.name.startswith("checkpointd")]
    for name, some in (("any of them", decoders), ("any of the others", others)):
        rows.append([name, any_of(some, shown)] + [""] * (len(head) - 2))
    return table(head, rows)


def any_of(decoders, frames):
    return sum(any(is_read(frame, decoder.lines[frame.path]) for decoder in decoders) for frame in frames)


def quantiles(times):
    return [f"{np.quantile(times, part):.2f}" if times else "" for part in (0.5, 0.95)]


def against(decoders, frames, peer="zxing-cpp"):
    """Ours and one peer by ratio of medians: what does not depend on the machine."""
    named = {decoder.name: decoder for decoder in decoders}
    if not {"checkpointd", peer} <= named.keys():
        return ""
    said = []
    for what, some in (
        ("where that reads the code", [f for f in frames if f.codes and is_read(f, named[peer].lines[f.path])]),
        ("where there is none", [f for f in frames if not f.codes]),
    ):
        ours, theirs = ([named[name].lines[f.path].ms for f in some] for name in ("checkpointd", peer))
        if some and np.median(theirs):
            said.append(f"{what} {np.median(ours) / np.median(theirs):.2f}")
    return f"Median of checkpointd over that of {peer}: {', '.join(said)}." if said else ""


def by_group(decoders, frames):
    """Frames read, group by group."""
    groups = {}
    for frame in frames:
        if frame.codes:
            groups.setdefault(frame.group, []).append(frame)
    head = ["read", "of", *(decoder.name for decoder in decoders), "any"]
    rows = []
    for group, some in groups.items():
        counts = [sum(is_read(frame, decoder.lines[frame.path]) for frame in some) for decoder in decoders]
        rows.append([group, len(some), *counts, any_of(decoders, some)])
    return table(head, rows)


def bursts(decoders, frames):
    """Share of bursts that have been read by a frame."""
    groups = {}
    for frame in frames:
        groups.setdefault(frame.group, []).append(frame)
    head = ["reader", *(f"by {frame}" for frame in FRAMES_OF_BURST), "frames read", "wrong", "ms: median", "p95", "worst"]
    rows = []
    for decoder in decoders:
        first = [
            next((at for at, frame in enumerate(some) if is_read(frame, decoder.lines[frame.path])), 1_000)
            for some in groups.values()
        ]
        times = [decoder.lines[frame.path].ms for frame in frames]
        rows.append(
            [decoder.name]
            + [f"{sum(at < frame for at in first) / len(first):.2f}" for frame in FRAMES_OF_BURST]
            + [sum(is_read(frame, decoder.lines[frame.path]) for frame in frames)]
            + [sum(is_wrong(frame, decoder.lines[frame.path]) for frame in frames)]
            + quantiles(times) + [f"{max(times):.1f}"]
        )
    return table(head, rows)
