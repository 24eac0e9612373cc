"""Seeds for the fuzzer, out of the photographs that the project carries: the files for `still`, crops of them as frames
for `look`, and pairs of crops as sequences for `watch`; for `table`, `release` and `journal`, out of the examples of
the pages about them; and for the formats of passes, out of the vectors. Needs nothing but Python.

A crop needs its pixels, and unpacking JPEG is no work for a script without packages: the pixels come from
`checkpointd`'s own carried pictures in PNG, which the standard library can read."""

import base64
import json
import re
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "tests/data"
PAGES = HERE.parent / "docs/formats"

# Sides of a crop, in pixels: a finder mark with its surroundings, half a code, a small code.
SIDES = (32, 96, 160)

# Longest seed of `still`: the fuzzer's inputs are cut there.
MOST = 65_536


def put(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def grey(path):
    """Width and rows of a PNG of 8 bits a channel, or of 1 bit grey or palette; None for other kinds."""
    data = path.read_bytes()
    at, packed, header = 8, b"", None
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        if kind == b"IDAT":
            packed += body
        at += length + 12
    width, height, depth, colour, _, _, interlaced = header
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if depth not in (1, 8) or interlaced or (depth == 1 and channels > 1):
        return None
    stride = (width * channels * depth + 7) // 8
    raw, rows, before = zlib.decompress(packed), [], bytes(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        unfilter(kind, line, before, channels if depth == 8 else 1)
        before = bytes(line)
        if depth == 1:
            rows.append(bytes(255 * (line[x // 8] >> (7 - x % 8) & 1) for x in range(width)))
        else:
            rows.append(bytes(line[::channels]))
    return width, rows


def unfilter(kind, line, before, step):
    """PNG's five filters (W3C PNG §9)."""
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        above, corner = before[x], before[x - step] if x >= step else 0
        if kind == 4:
            guess = left + above - corner
            far = [abs(guess - near) for near in (left, above, corner)]
            add = (left, above, corner)[far.index(min(far))]
        else:
            add = (0, left, above, (left + above) // 2)[kind]
        line[x] = (line[x] + add) & 0xFF


def frame(rows, x, y, side):
    """A crop as `shapes.rs` takes it: raw pixels, width and height less one, each in two bytes."""
    crop = b"".join(row[x : x + side] for row in rows[y : y + side])
    wide, high = min(side, len(rows[0]) - x), min(side, len(rows) - y)
    return b"\0" + struct.pack(">HH", wide - 1, high - 1) + crop


def examples(page):
    """What stands in hex on a page, between fences."""
    for text in re.findall(r"^```(?:hex)?\n([0-9a-f\s]+)\n```$", (PAGES / page).read_text(), re.MULTILINE):
        yield bytes.fromhex("".join(text.split()))


def formats():
    """Texts of every format, what is within them, and what is typed."""
    texts = [path.read_text().strip() for path in sorted((DATA / "nzcp").glob("*.txt"))]
    texts += [path.read_text().strip() for path in sorted((DATA / "shc/valid").glob("*numeric*.txt"))]
    texts += [path.read_text().strip() for path in sorted((DATA / "vds-nc").glob("*VDSJson.json"))]
    texts += [entry["text"] for entry in json.loads((DATA / "dcc-qa-images/index.json").read_text())]
    page = (PAGES / "mp1.md").read_text()
    texts += re.findall(r"^MP1:.*$", page, re.MULTILINE)
    for number, text in enumerate(texts):
        put("text", str(number), text.encode())
        if text.startswith("NZCP:/1/"):
            packed = text.removeprefix("NZCP:/1/")
            cose = base64.b32decode(packed + "=" * (-len(packed) % 8))
            put("nzcp_envelope", f"{number}-whole", b"\0" + cose)
            # The payload has a head of three bytes and ends before the signature's two and 64.
            put("nzcp_envelope", f"{number}-claims", b"\1" + cose[cose.index(b"\xa0\x59") + 4 : -66])
    for number, data in enumerate(examples("mp1.md")):
        put("mp1_payload", str(number), data)
    for path in sorted((DATA / "dgc-testdata").rglob("*.json")):
        vector = json.loads(path.read_text())
        name = "-".join(path.relative_to(DATA).with_suffix("").parts)
        try:
            put("hc1_envelope", name, bytes.fromhex(vector.get("COSE") or ""))
            put("certificate", name, base64.b64decode(vector["TESTCTX"]["CERTIFICATE"], validate=True))
        except (KeyError, TypeError, ValueError):
            continue
    header, packed, _ = (DATA / "shc/valid/example-00-d-jws.txt").read_text().split(".")
    unpadded = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    put("shc_payload", "header", b"\0" + unpadded(header))
    put("shc_payload", "packed", b"\1" + unpadded(packed))
    put("shc_payload", "json", b"\2" + zlib.decompress(unpadded(packed), wbits=-15))
    seal = json.loads((DATA / "vds-nc/validVDSJson.json").read_text())
    put("vdsnc_data", "data", json.dumps(seal["data"]).encode())
    put("certificate", "seal", base64.urlsafe_b64decode(seal["sig"]["cer"]))
    for name in ("csca.der", "crl.der"):
        put("certificate", name, (DATA / "vds-nc" / name).read_bytes())
    typed = ("1104-T123-МО11-К123", "1234 5674", "А3З-КТХ", "0964 330 781", "9643901234567890123")
    links = ("https://www.gosuslugi.ru/covid-cert/verify/9780000012345678?lang=ru", "https://disk.yandex.ru/i/AbC-123")
    for number, text in enumerate(typed + links):
        put("registered", str(number), b"\0" + text.encode())


def rules():
    """Rules of a country over its own tests, and conditions of the policies that the project carries."""
    for path in sorted((DATA / "dcc-business-rules").rglob("rule.json")):
        logic = json.dumps(json.loads(path.read_text())["Logic"])
        name = path.parent.name
        put("certlogic", name, logic.encode())
        for test in sorted((path.parent / "tests").glob("*.json")):
            vector = json.loads(test.read_text())
            data = json.dumps({"payload": vector["payload"], "external": {"validationClock": "2021-07-23T00:00:00Z"}})
            put("certlogic", f"{name}-{test.stem}", f"{logic}\n{data}".encode())
    for path in sorted((DATA / "certlogic/testSuite").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text())["cases"]):
            for assertion in case["assertions"]:
                logic = json.dumps(assertion.get("certLogicExpression") or case.get("certLogicExpression"))
                put("certlogic", f"{path.stem}-{number}", f"{logic}\n{json.dumps(assertion['data'])}".encode())
    for path in sorted((HERE.parent / "simulator/regions").glob("*.toml")):
        for number, condition in enumerate(re.findall(r'^condition = "(.*)"$', path.read_text(), re.MULTILINE)):
            put("policy", f"{path.stem}-{number}", condition.encode())


def main():
    formats()
    rules()
    # The first byte says as what the rest is read.
    for target, page, choices in (("table", "trust-table.md", 6), ("release", "trust-release.md", 8), ("enrol", "enrolment.md", 4)):
        for number, data in enumerate(examples(page)):
            for choice in range(choices):
                put(target, f"{number}-{choice}", bytes([choice]) + data)
    blocks = list(examples("journal.md"))
    for number, data in enumerate(blocks):
        for choice in range(4):
            put("journal", f"{number}-{choice}", bytes([choice]) + data)
        # The head of an export stands on the page without its zeros, and its one frame behind it.
        if data.startswith(b"CPJEXP"):
            put("journal", "export", b"\0" + data.ljust(1024, b"\0") + blocks[number + 1])
    for number, path in enumerate(sorted((DATA / "anpr").iterdir())):
        for choice in range(4):
            put("anpr", f"{number}-{choice}", bytes([choice]) + path.read_bytes())
    pictures = sorted((DATA / "qr-photos").glob("*.*g")) + sorted((DATA / "dcc-qa-images").rglob("*.png"))
    frames = []
    for number, path in enumerate(pictures):
        if path.stat().st_size <= MOST:
            put("still", f"{number}-{path.suffix[1:]}", path.read_bytes())
        drawn = grey(path) if path.suffix == ".png" else None
        if drawn:
            width, rows = drawn
            for side in SIDES:
                frames.append(frame(rows, min(8, width // 8), min(8, len(rows) // 8), side))
    for number, data in enumerate(frames):
        put("look", str(number), data)
    # A finder mark pattern, a tile and a broken code by description.
    for kind in range(1, 4):
        for flags in (0, 0x40, 0x80):
            drawing = bytes([kind | flags]) + struct.pack(">HH", 319, 239) + bytes(range(7, 250, 3)) * 8
            put("look", f"drawn-{kind}-{flags}", drawing)
    for number, (one, other) in enumerate(zip(frames, frames[1:])):
        parts = b"".join(bytes([255]) + struct.pack(">H", len(part)) + part for part in (one, other))
        # Three frames; the third is the first once more.
        put("watch", str(number), struct.pack(">H", 2) + parts + b"\0\0\0")


main()
