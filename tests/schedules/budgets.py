# More bytes are never slower: budgets from the smallest that fits upwards, each a fraction more; every plan fits, and none is predicted to take longer than one within fewer bytes
# (3 in 100 more counts as the same, as for the planner). usage: budgets.py MFLC FILE [OPTION...]; prints what does not hold, and last the number of budgets.
import json
import re
import subprocess
import sys


def explain(*options):
    return subprocess.run([sys.argv[1], "explain", *sys.argv[2:], *options, "--json"], capture_output=True, text=True)


least = int(re.search(r"smallest workspace for this problem is (\d+)", explain("--memory", "1").stderr).group(1))
most = max(plan["work_bytes"] for plan in json.loads(explain().stdout)["alternatives"])
budgets, best = [least], None
while budgets[-1] < most:
    budgets.append(int(1.15 * budgets[-1]))
for bytes_ in budgets:
    told = json.loads(explain("--memory", str(bytes_)).stdout)
    if told["work_bytes"] > bytes_:
        print(f"{told['plan']} takes {told['work_bytes']} bytes of {bytes_}")
    if best and told["seconds"] > 1.03 * best["seconds"]:
        print(f"{told['plan']} within {bytes_} bytes is slower than {best['plan']} in {best['work_bytes']}: {told['seconds'] / best['seconds']:.3f}")
    if not best or told["seconds"] < best["seconds"]:
        best = told
print(len(budgets))
