# What `mflc explain` prints can be given back: every region with every way that is priced for it, as --mode REGION=WAY (and --loops, of a model loop), gives a plan in
# which the region goes that way. usage: ways.py MFLC FILE [OPTION...]; prints what does not hold, and last the number of ways.
import json
import subprocess
import sys


def explain(*options):
    p = subprocess.run([sys.argv[1], "explain", *sys.argv[2:], *options, "--json"], capture_output=True, text=True)
    if p.returncode:
        print(" ".join(options), "is refused:", p.stderr.strip())
    return json.loads(p.stdout) if p.returncode == 0 else {"plan": "", "regions": []}


ways = 0
for region in explain()["regions"]:
    name = region["region"]
    for way in (priced["way"] for priced in region["priced"]):
        for option in ["--mode"] + ["--loops"] * region["what"].startswith("loop of"):
            got = explain(option, f"{name}={way}")
            chosen = [r["priced"][0]["way"] for r in got["regions"] if r["region"] == name and r["priced"]]
            if chosen != [way] and not got["plan"].startswith(way):
                print(f"{option} {name}={way} gives {got['plan']}")
            ways += 1
print(ways)
