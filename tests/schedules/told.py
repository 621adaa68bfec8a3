# What `mflc explain` says in text is in its JSON too, and its verdict is that of the table: the chosen plan beside reverse over reverse that keeps everything, which is priced
# whatever was asked for. usage: told.py MFLC FILE [OPTION...]; prints what does not hold.
import json
import re
import subprocess
import sys


def explain(*options):
    return subprocess.run([sys.argv[1], "explain", *sys.argv[2:], *options], capture_output=True, text=True, check=True).stdout


def numbers(line):
    return [float(x) for x in re.findall(r"\d[\d.]*", line)]


text, told = explain(), json.loads(explain("--json"))
lines = text.splitlines()
section = {name: next(k for k, line in enumerate(lines) if line.startswith(name)) for name in ("regions", "alternatives", "phases", "schedule", "workspace")}
if lines[0] != f"{told['problem']}: {told['real']}, {told['steps']} inner step{'s' * (told['steps'] != 1)}, {told['meta_numbers']} meta number{'s' * (told['meta_numbers'] != 1)}":
    print("the first line:", lines[0])
for name, key in ("chosen", "why"), ("verdict", "verdict"):
    if f"{name}: {told[key]}" not in lines:
        print(name, "is not in the JSON:", told[key])
if told["schedule"].strip() not in text or told["rates"] not in lines[section["alternatives"]]:
    print("the schedule or the rates are not in the JSON")
plans = {line[2:].split("  ")[0]: line for line in lines[section["alternatives"] + 2:section["phases"]] if line}
if list(plans) != [p["plan"] for p in told["alternatives"]] or any(numbers(line[len(plan) + 2:])[-1] != told["alternatives"][k]["steps_again"] for k, (plan, line) in enumerate(plans.items())):
    print("other alternatives")
phases = [line.split()[0] for line in lines[section["phases"] + 2:section["schedule"]] if line]
if phases != [told["problem"] + "_" + p["function"] for p in told["phases"]]:
    print("other phases")
peak = [a for a in told["workspace"] if a["at_peak"]]
if lines[section["workspace"]] != (f"workspace: {told['workspace_bytes']} bytes; {told['alive_at_peak']} alive at the peak (statement {told['peak_statement']}), "
                                   f"the largest array is {told['peak_holder']}"):
    print("the workspace:", lines[section["workspace"]])
if any(not a["from"] <= told["peak_statement"] <= a["to"] for a in peak) or told["peak_holder"] not in [a["array"] for a in peak if a["bytes"] == max(b["bytes"] for b in peak)]:
    print("the peak is not where it is said to be")

# The verdict, by the table.
base = next(p for p in told["alternatives"] if p["plan"] in ("reverse, keep", "reverse, keep, loops keep"))
chosen = next(p for p in told["alternatives"] if p["chosen"])
memory, time = chosen["work_bytes"] / base["work_bytes"], chosen["seconds"] / base["seconds"]
said = told["verdict"].split(";")[0]
if chosen is base:
    if not re.match(r"reverse over reverse that keeps everything(, as asked| is the fastest): ", said) or (" is the fastest" in said) != all(p["seconds"] >= time * base["seconds"] / 1.03 for p in told["alternatives"]):
        print("verdict:", said)
else:
    less = "as much memory as" if 0.95 <= memory <= 1.05 else f"{1 / memory:.1f} times less memory than" if memory < 1 else f"{memory:.2f} times the memory of"
    gain = f"{memory:.2f} times its memory at {time:.2f} times its time"
    if not (said.startswith("no gain") and said.endswith(gain)) and not said.endswith(f"{less} reverse over reverse that keeps everything, at {time:.2f} times its time"):
        print("verdict:", said, "| by the table:", memory, time)
