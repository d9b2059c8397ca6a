"""Checks the links between the repository's Markdown pages: each leads to a file and a heading that exist, and
docs/README.md leads to every page beside it. Also checks that every test that docs/threat-model.md names exists.
scripts/check runs it in the repository's root."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

INDEX = Path("docs/README.md")
THREATS = Path("docs/threat-model.md")


def lines(page: Path) -> Iterator[str]:
    """Returns the lines of a page that are not in a fenced block."""
    is_code = False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield line


def anchors(page: Path) -> set[str]:
    """Returns the names under which the headings of a page can be linked to."""
    titles = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line.lstrip("# ")) for line in lines(page) if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def targets(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Returns each link of a page that stays in the repository, with its file and its anchor."""
    for link in re.findall(r"\]\(([^)\s]+)\)", "\n".join(lines(page))):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            yield link, ((page.parent / path).resolve() if path else page.resolve()), anchor


def check(pages: list[Path]) -> Iterator[str]:
    for page in pages:
        for link, file, anchor in targets(page):
            if not file.exists():
                yield f"{page}: {link} leads to no file"
            elif anchor and anchor not in anchors(file):
                yield f"{page}: {link} leads to no heading"
    linked = {file for _, file, _ in targets(INDEX)}
    for page in pages:
        if page.parent == INDEX.parent and page != INDEX and page.resolve() not in linked:
            yield f"{INDEX} has no link to {page}"


def missing_tests() -> Iterator[str]:
    """Returns an error for each test suite in the table of threats that no file of Tests declares."""
    declared = {
        name
        for file in Path("Tests").rglob("*.swift")
        for name in re.findall(r"\b(?:struct|enum|class) (\w+Tests)\b", file.read_text())
    }
    for name in sorted(set(re.findall(r"`(\w+Tests)`", THREATS.read_text())) - declared):
        yield f"{THREATS} names the test {name}, which does not exist"


def main() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z", "*.md"], capture_output=True, check=True, text=True).stdout
    found = list(check([path for name in tracked.split("\0") if name and (path := Path(name)).exists()]))
    found += missing_tests()
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
