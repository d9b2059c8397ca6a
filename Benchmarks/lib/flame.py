#!/usr/bin/env python3
"""Draws a flame graph of the output of `perf script -F comm,tid,ip,sym,dso`, and prints the samples by thread, library
and function.

usage: flame.py STACKS PROGRAM FILE.svg
"""
import collections
import html
import re
import shutil
import subprocess
import sys

FRAME = re.compile(r"^\s+[0-9a-f]+ (.*) \((.*)\)$")
MODULE = re.compile(r"^\$[sS](\d+)")
WIDTH, ROW, NARROWEST = 1800, 16, 0.4
COLOURS = {"kernel": "#c9a66b", "Swift runtime": "#d9534f", "Swift": "#e8836b", "libc": "#9b8ec4", "other": "#b8b8b8"}
OURS = {"Documents", "Domain", "Calico", "HTTPCore", "Etcd", "Store", "ControlPlane", "PolicyServer"}


def read(path):
    """Yields (thread, [(symbol, file)]) of each sample, outermost frame first."""
    thread, frames = None, []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = FRAME.match(line)
            if match:
                frames.append(match.groups())
            elif not line.strip():
                if frames:
                    yield thread, frames[::-1]
                frames = []
            else:
                thread = re.sub(r"[#-]?\d+$", "", re.sub(r"\s+\d+\s*$", "", line.strip()))
    if frames:
        yield thread, frames[::-1]


def library(symbol, file, program):
    """Returns the Swift module, or the library, that a frame belongs to. Libraries are linked into the program too."""
    if "kernel" in file or file.startswith("["):
        return "kernel"
    match = MODULE.match(symbol)
    if match:
        begin = match.end()
        return symbol[begin:begin + int(match.group(1))]
    if re.match(r"^\$[sS]", symbol):
        return "Swift"  # the standard library, and specialisations of it
    if re.match(r"^_?swift_|^_ZN?K?L?5swift|^_ZL.*swift", symbol):
        return "Swift runtime"
    if symbol.startswith("sqlite3"):
        return "sqlite"
    if file == program:
        return "C in the program"
    name = file.rsplit("/", 1)[-1].split(".so")[0]
    return {"libswiftCore": "Swift runtime", "libswift_Concurrency": "Swift runtime", "libsqlite3": "sqlite"}.get(
        name, name)


def demangled(symbols):
    """Returns {symbol: readable name}; without a Swift toolchain the names stay as they are."""
    symbols = sorted(symbols)
    if not shutil.which("swift"):
        return {symbol: symbol for symbol in symbols}
    output = subprocess.run(["swift", "demangle", "--compact", "--simplified"], input="\n".join(symbols) + "\n",
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(zip(symbols, output))


def table(title, counts, total, most=40):
    print(f"\n| {title} | % |\n|---|---|")
    for name, count in counts.most_common(most):
        if count * 1000 < total:
            break
        print(f"| {name.replace('|', '/')} | {100 * count / total:.1f} |")


class Node:
    def __init__(self):
        self.count = 0
        self.children = {}


def draw(root, depth, path):
    """Writes the SVG. Callers are above what they call; a click on a frame enlarges it."""
    boxes = []

    def place(node, x, level):
        for (name, group), child in sorted(node.children.items()):
            width = WIDTH * child.count / root.count
            if width >= NARROWEST:
                colour = "#7fb77e" if group in OURS else COLOURS.get(group, "#8fb3d9")
                share = f"{name} [{group}] {100 * child.count / root.count:.2f} %"
                text = html.escape(name[:int(width / 6.5)]) if width > 24 else ""
                boxes.append(
                    f'<g data-x="{x:.2f}" data-w="{width:.2f}"><title>{html.escape(share)}</title>'
                    f'<rect x="{x:.2f}" y="{level * ROW}" width="{width:.2f}" height="{ROW - 1}" fill="{colour}"/>'
                    f'<text x="{x + 3:.2f}" y="{level * ROW + 11}">{text}</text></g>')
                place(child, x, level + 1)
            x += width

    place(root, 0, 0)
    script = """
document.querySelectorAll('g').forEach(g => g.onclick = () => {
  const x0 = +g.dataset.x, scale = WIDTH / +g.dataset.w
  document.querySelectorAll('g').forEach(h => {
    const x = (h.dataset.x - x0) * scale, w = h.dataset.w * scale, r = h.querySelector('rect'), t = h.querySelector('text')
    r.setAttribute('x', x); r.setAttribute('width', w); t.setAttribute('x', Math.max(x, 0) + 3)
    const name = h.querySelector('title').textContent, seen = Math.min(x + w, WIDTH) - Math.max(x, 0)
    t.textContent = seen > 24 ? name.slice(0, seen / 6.5) : ''
  })
})
document.ondblclick = () => location.reload()
""".replace("WIDTH", str(WIDTH))
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {(depth + 1) * ROW}" width="{WIDTH}"'
                  ' font-family="monospace" font-size="10.5">' + "\n".join(boxes)
                  + f"<script><![CDATA[{script}]]></script></svg>\n")


def main(stacks, program, svg):
    samples = list(read(stacks))
    if not samples:
        sys.exit("error: perf recorded no samples")
    names = demangled({symbol for _, frames in samples for symbol, _ in frames})
    threads, libraries, own, inclusive = (collections.Counter() for _ in range(4))
    within, innermost, nearest = (collections.Counter() for _ in range(3))
    whole = 0
    root, depth = Node(), 0
    for thread, frames in samples:
        placed = [(names[symbol], library(symbol, file, program)) for symbol, file in frames]
        threads[thread] += 1
        libraries[placed[-1][1]] += 1
        own[f"{placed[-1][0]} [{placed[-1][1]}]"] += 1
        inclusive.update({f"{name} [{group}]" for name, group in placed})
        ours = [f"{name} [{group}]" for name, group in placed if group in OURS]
        innermost[next((group for _, group in reversed(placed) if group in OURS), "none")] += 1
        nearest[ours[-1] if ours else "none of ours, or the stack is cut"] += 1
        whole += placed[0][0] in ("start_thread", "_start", "clone3", "__clone3")
        within.update({group for _, group in placed if group in OURS})
        root.count += 1
        depth = max(depth, len(placed) + 1)
        node = root
        for key in [(thread, "thread")] + placed:
            node = node.children.setdefault(key, Node())
            node.count += 1
    total = len(samples)
    print(f"{total} samples, {100 * whole / total:.0f} % of them with the whole stack.")
    table("thread", threads, total)
    table("library or module, itself", libraries, total)
    table("our modules, with what they call", within, total)
    table("our module nearest to the sample, with the libraries that it calls", innermost, total)
    table("our function nearest to the sample, with the libraries that it calls", nearest, total, 60)
    table("function, itself", own, total)
    table("function, with what it calls", inclusive, total, 80)
    print()
    sys.setrecursionlimit(10_000)
    draw(root, depth, svg)


main(*sys.argv[1:])
