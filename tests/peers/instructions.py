"""Instructions of whole programs on one easy and one idle frame, as valgrind counts them: what no load of the machine
changes. The second count of each frame is what one more frame costs a program that already runs."""

import re
import subprocess

from tables import table

# Under valgrind everything takes fifty times as long, and a reader with a budget of time must not end for that.
PATIENT = {"checkpointd": ["--budget-ms", "60000"]}

COUNT = re.compile(r"Collected : (\d+)")


def count(command, paths, work):
    """Of the program and its children, for a list of these pictures."""
    listed = work / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    callgrind = ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={work}/%p.out"]
    done = subprocess.run([*callgrind, *command, str(listed)], capture_output=True, text=True, check=True)
    for out in work.glob("*.out"):
        out.unlink()
    texts = sum(int(line.split("\t")[2]) for line in done.stdout.splitlines())
    return sum(map(int, COUNT.findall(done.stderr))), texts


def measure(decoders, easy, idle, tell):
    rows = []
    for number, decoder in enumerate(decoders):
        row, command = [decoder.name], decoder.command + PATIENT.get(decoder.name, [])
        for place, path in enumerate((easy, idle)):
            tell(number * 2 + place, len(decoders) * 2, decoder.name)
            once, texts = count(command, [path], easy.parent)
            twice, _ = count(command, [path] * 2, easy.parent)
            row += [f"{once / 1e6:.1f}", f"{(twice - once) / 1e6:.1f}"]
            if place == 0:
                row.append("yes" if texts else "no")
        rows.append(row)
    return table(["million instructions", "easy", "one more", "read", "idle", "one more"], rows)
