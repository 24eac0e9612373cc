"""Runs decoders over the same frames in one run and prints their table. `tests/peers/run` installs what it needs."""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import decoders
import instructions
import sets
import tables

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
SEED = 11


class Progress:
    """Says how far it is, every few seconds."""

    def __init__(self, what):
        self.what, self.said, self.began = what, time.monotonic(), time.monotonic()
        print(f"== {what}", file=sys.stderr, flush=True)

    def __call__(self, done, total, whom=""):
        if time.monotonic() - self.said >= 10:
            self.said = time.monotonic()
            seconds = int(self.said - self.began)
            print(f"   … {seconds} s: {done} of {total} {whom}".rstrip(), file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        prog="tests/peers/run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures checkpointd and decoders of others on the same pictures in the same run: what is read,\n"
        "what is read wrong, processor time with a code in the frame and without, what falls.",
        epilog="Installs its peers from crates.io, PyPI and Debian on the first run; asks before Debian's (--yes does\n"
        "not ask). Frames, programs and lines are kept in target/peers.\n\n"
        "Examples:\n"
        "  tests/peers/run                          photographs, full size\n"
        "  tests/peers/run --size 640 --only checkpointd,zxing-cpp\n"
        "  tests/peers/run --synth --bursts --report\n"
        "  tests/peers/run --instructions\n"
        "  tests/peers/run --photos my-photos       a folder with a manifest.tsv as in tests/data/qr-photos",
    )
    add = parser.add_argument
    add("--photos", metavar="DIR", type=Path, nargs="?", const="", help="photographs: the full set beside the "
        "project, or the carried one, or a folder; this is what is measured when nothing else is asked for")
    add("--size", choices=["full", "1280", "640"], default="full", help="longest side of photographs, in pixels")
    add("--synth", action="store_true", help="dense passes, drawn here, each with one difficulty")
    add("--each", type=int, default=1, metavar="N", help="drawn passes for each step, size and level (default 1)")
    add("--bursts", type=int, nargs="?", const=20, metavar="N", help="bursts of 30 frames, drawn here (default 20)")
    add("--instructions", action="store_true", help="count instructions on an easy and an idle frame (valgrind)")
    add("--all", action="store_true", help="everything: photographs in three sizes, and all of the above")
    add("--only", metavar="NAMES", help="only these decoders, with commas between; --only list names them")
    add("--seed", type=int, default=SEED, help=f"of what is drawn (default {SEED})")
    add("--report", action="store_true", help="write docs/measured/peers.md")
    add("--yes", action="store_true", help="install Debian's packages without asking")
    # From `run` alone, which also does what --yes says.
    add("--checkpointd", default=str(PROJECT / "target/release/checkpointd"), help=argparse.SUPPRESS)
    add("--peers", default="peers", help=argparse.SUPPRESS)
    add("--work", type=Path, default=PROJECT / "target/peers", help=argparse.SUPPRESS)
    return parser.parse_args()


def chosen(asked):
    all_of_them = list(decoders.every(asked.checkpointd, asked.peers, sys.executable, HERE))
    if asked.only is None:
        return all_of_them
    names = asked.only.split(",")
    known = [decoder.name for decoder in all_of_them]
    if asked.only == "list" or not set(names) <= set(known):
        raise SystemExit(f"decoders: {', '.join(known)}")
    return [decoder for decoder in all_of_them if decoder.name in names]


def photographs_of(asked):
    """The folder, and how it is called."""
    if asked.photos:
        return asked.photos, str(asked.photos)
    shared = PROJECT.parent / "shared/qr-photos"
    if shared.is_dir():
        return shared, "the full set"
    return PROJECT / "tests/data/qr-photos", "the carried set"


def main():
    asked = arguments()
    frames, lines = asked.work / "frames", asked.work / "lines"
    nothing_else = not (asked.synth or asked.bursts or asked.instructions)
    sections = []

    def section(title, *texts):
        sections.append("\n\n".join([f"## {title}", *filter(None, texts)]))
        print(f"\n{sections[-1]}\n", flush=True)

    if asked.all or nothing_else or asked.photos is not None:
        folder, which = photographs_of(asked)
        for size in ["full", "1280", "640"] if asked.all else [asked.size]:
            at = "full size" if size == "full" else f"at most {size} pixels"
            most = None if size == "full" else int(size)
            some = sets.photographs(folder, frames, most, Progress(f"photographs, {at}"))
            these = measured(chosen(asked), some, lines, f"decoders on {len(some)} frames, {at}")
            section(
                f"Photographs, {at}",
                f"{which[0].upper()}{which[1:]}, {len(some) - sets.ROADS} photographs, and {sets.ROADS} drawn roads.",
                tables.overall(these, some), tables.against(these, some), tables.by_group(these, some),
            )
    if asked.all or asked.synth:
        some = sets.dense(frames, asked.seed, asked.each, Progress("draw dense passes"))
        these = measured(chosen(asked), some, lines, f"decoders on {len(some)} dense passes")
        section("Dense passes, drawn", tables.overall(these, some), tables.against(these, some),
                tables.by_group(these, some))
    if asked.all or asked.bursts:
        some = sets.bursts(frames, asked.seed, asked.bursts or 20, Progress("draw bursts"))
        these = chosen(asked)
        if any(decoder.name == "checkpointd" for decoder in these):
            stream = decoders.Decoder("checkpointd, stream", [asked.checkpointd, "read", "--format", "bench", "--stream"])
            these.insert(0, stream)
        these = measured(these, some, lines, f"decoders on {len(some)} frames of bursts")
        section("Bursts by hand, drawn", tables.bursts(these, some))
    if asked.all or asked.instructions:
        easy, idle = sets.instruction_frames(frames)
        programs = [decoder for decoder in chosen(asked) if decoder.command[0] != sys.executable]
        section("Instructions, 640 × 480", instructions.measure(programs, easy, idle, Progress("count instructions")))
    if asked.report:
        report(sections)


def measured(these, frames, work, what):
    tell = Progress(what)
    decoders.run(these, frames, work, tell)
    return these


def said(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    return done.stdout.strip() or "unknown"


def report(sections):
    processor = next((line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), "an unknown processor")
    changed = said("git", "status", "--porcelain", "--", ".", ":!docs/measured") != "unknown"
    facts = {
        "commit": said("git", "rev-parse", "HEAD") + (", with changes" if changed else ""),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": f"{os.cpu_count()} cores of {processor}, Linux {platform.release()}",
        "compiler": said("rustc", "--version"),
    }
    text = ["# The reader and its peers", "Written by `tests/peers/run "
            + " ".join(word for word in os.environ.get("PEERS_ASKED", "").split()) + "`; nothing here is edited by hand. "
            "What the columns mean: [the reader](../reader.md)."]
    text.append("\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]))
    path = PROJECT / "docs/measured/peers.md"
    path.write_text("\n\n".join(text + sections) + "\n", encoding="utf-8")
    print(f"written: {path.relative_to(PROJECT)}")


main()
