"""Decoders with Python packages in the one-line protocol of `checkpointd read --format bench`:

    decode.py NAME LIST.txt        NAME is zbar, opencv or opencv-aruco

Processor time is that of the call alone, all threads of the process together.
"""

import sys
import time

import numpy as np


def picture(path):
    """A binary PGM of eight bits as an array."""
    with open(path, "rb") as file:
        data = file.read()
    magic, width, height, most = data.split(None, 4)[:4]
    if (magic, most) != (b"P5", b"255"):
        raise ValueError("no PGM of eight bits")
    width, height = int(width), int(height)
    return np.frombuffer(data[-width * height :], np.uint8).reshape(height, width)


def zbar():
    from pyzbar import pyzbar

    # Nobody asks here how a code is turned, and the package falls over codes of which ZBar does not know it.
    pyzbar.zbar_symbol_get_orientation = lambda symbol: 0
    only = [pyzbar.ZBarSymbol.QRCODE]
    return lambda grey: [found.data for found in pyzbar.decode(grey, symbols=only)]


def opencv(detector):
    def decode(grey):
        found, texts, _, _ = detector.detectAndDecodeMulti(grey)
        return [text.encode("utf-8", "surrogateescape") for text in texts if text] if found else []

    return decode


def named(name):
    if name == "zbar":
        return zbar()
    import cv2

    cv2.setNumThreads(1)
    return opencv({"opencv": cv2.QRCodeDetector, "opencv-aruco": cv2.QRCodeDetectorAruco}[name]())


def main():
    name, paths = sys.argv[1:]
    decode = named(name)
    for path in open(paths, encoding="utf-8").read().splitlines():
        try:
            grey = picture(path)
        except (OSError, ValueError):
            print(path, 0, 0, "", "EXC", sep="\t", flush=True)
            continue
        texts, note, began = [], "", time.process_time_ns()
        try:
            texts = decode(grey)
        except UnicodeDecodeError:  # OpenCV has read something that its package cannot give back
            note = "EXC"
        except Exception:  # whatever a decoder throws is a failure of its own, as a panic is
            note = "PANIC"
        spent = (time.process_time_ns() - began) // 1000
        print(path, spent, len(texts), ",".join(text.hex() for text in texts), note, sep="\t", flush=True)


main()
