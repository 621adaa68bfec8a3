# Random data for the programs of the documents: data.py DIR NAME=SHAPE[:BOUND] ... writes DIR/NAME.npy; with a bound, integers below it.
import math
import random
import struct
import sys

random.seed(7)
for word in sys.argv[2:]:
    name, shape = word.split("=")
    shape, _, bound = shape.partition(":")
    shape = tuple(int(n) for n in shape.split(","))
    numbers = [random.randrange(int(bound)) if bound else random.gauss(0, 1) for _ in range(math.prod(shape))]
    head = f"{{'descr': '{'<i8' if bound else '<f8'}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(f"{sys.argv[1]}/{name}.npy", "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        f.write(struct.pack(f"<{len(numbers)}{'q' if bound else 'd'}", *numbers))
