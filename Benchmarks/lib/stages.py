#!/usr/bin/env python3
"""Prints the table of the stages of a write, from pairs of copies of /metrics before and after the load.

usage: stages.py BEFORE AFTER [BEFORE AFTER ...]

The quantiles are interpolated within the histogram's buckets, as Prometheus does it.
"""
import re
import sys

STAGES = "policy_server_write_stage_seconds"
BATCHES = "policy_server_write_batch_changes"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def read(path):
    """Returns {(stage, part, bound): value}; the batches have the stage ''."""
    values = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = SAMPLE.match(line.strip())
            if not match:
                continue
            name, labels, value = match.groups()
            labels = dict(re.findall(r'(\w+)="([^"]*)"', labels or ""))
            for family in (STAGES, BATCHES):
                if name.startswith(family + "_"):
                    key = (labels.get("stage", ""), name[len(family) + 1:], labels.get("le", ""))
                    values[key] = float(value)
    return values


def quantile(buckets, share):
    """Returns the interpolated quantile of cumulative buckets [(bound, count)]."""
    total = buckets[-1][1]
    rank = share * total
    lower_bound = lower_count = 0.0
    for bound, count in buckets:
        if count >= rank and count > lower_count:
            if bound == float("inf"):
                return lower_bound
            return lower_bound + (bound - lower_bound) * (rank - lower_count) / (count - lower_count)
        lower_bound, lower_count = bound, count
    return lower_bound


def main(paths):
    difference = {}
    for before, after in zip(paths[::2], paths[1::2]):
        earlier = read(before)
        for key, value in read(after).items():
            difference[key] = difference.get(key, 0) + value - earlier.get(key, 0)
    stages = list(dict.fromkeys(stage for stage, _, _ in difference if stage))
    if not stages:
        print("This server has no histogram of the stages of a write.")
        return

    def histogram(stage):
        buckets = sorted((float(le.replace("+Inf", "inf")), value) for (name, part, le), value
                         in difference.items() if name == stage and part == "bucket")
        return difference.get((stage, "sum", ""), 0), difference.get((stage, "count", ""), 0), buckets

    print("| stage of an accepted write | mean ms | p50 ms | p99 ms | times |\n|---|---|---|---|---|")
    for stage in stages:
        total, count, buckets = histogram(stage)
        if count == 0:
            print(f"| {stage} | - | - | - | 0 |")
            continue
        figures = [total / count, quantile(buckets, 0.5), quantile(buckets, 0.99)]
        print(f"| {stage} | " + " | ".join(f"{1000 * figure:.2f}" for figure in figures) + f" | {count:.0f} |")
    total, count, buckets = histogram("")
    if count:
        print(f"\nChanges in each transaction: mean {total / count:.1f}, p50 {quantile(buckets, 0.5):.0f},"
              f" p99 {quantile(buckets, 0.99):.0f}; {count:.0f} transactions.")


main(sys.argv[1:])
