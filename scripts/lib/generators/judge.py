"""Counts defects of the generated code, and prints the table.

    judge.py warnings GENERATOR LOG      the warnings of a run, without those that the generator itself causes
    judge.py untyped GENERATOR PATH      members and answers without a type
"""

import ast
import re
import sys
from pathlib import Path

# Warnings that no contract avoids, each with its cause.
OWN_WARNINGS = {
    "openapi-python-client": {},
    "openapi-generator": {
        "OpenAPI 3.1 support is still in beta": "printed for each document of OpenAPI 3.1",
        "Failed to get the schema name: null": "its toDefaultValue looks up the $ref of every member, also of one"
        " that has none",
        "From (reserved word) cannot be used as model name": "it makes up a model name for each parameter, here"
        " the query parameter `from`, and writes no such model",
        "Field (reserved word) cannot be used as model name": "the same for the query parameter `field`",
        "Unknown type `mutualTLS` found": "it knows the security schemes of OpenAPI 3.0 only",
    },
    "datamodel-code-generator": {},
}

# What else a generator cannot do, with the cause.
LIMITS = [
    "openapi-generator reads no application/x-ndjson and application/yaml: call exportAudit and getOpenAPI with"
    " _headers={'Accept': 'text/plain'}",
    "openapi-generator's from_dict sets each nullable member that is absent to null: merge patches have no members"
    " of their own in the contract, so that a patch deletes nothing that it does not name",
    "openapi-python-client has no YAML encoder, and its code for a body of two types fails on lists: the contract"
    " lists JSON as the type of a request, and says in words that YAML is read too",
    "neither client reads a stream that does not end: followAudit is left out",
    "openapi-generator's templates do not pass mypy --strict: its own pyproject.toml is used",
]

# What can be any JSON value: documents that other tools stored, and values of JSON Patch.
FREE = {
    "PatchOperation": {"value"},
    "AuditRecord": {"before", "after", "detail"},
    "Difference": {"before", "after"},
    "Drift": {"expected", "found"},
    "JSONValue": {"root"},
}


# The file of the operation whose answer is an object of any kind: the answer to a confirmed change is that of the change.
ANY_OBJECT = {"changes_api.py"}


def warnings(generator: str, log: str) -> list[str]:
    found = []
    for line in log.splitlines():
        text = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if not re.search(r"\b(WARN|WARNING|ERROR|Warning)\b|Warning\(s\)|Error\(s\)", text):
            continue
        if not any(own in text for own in OWN_WARNINGS[generator]):
            found.append(text)
    return found


def has_any(annotation: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id in ("Any", "object") for node in ast.walk(annotation)
    )


def untyped_members(path: Path) -> list[str]:
    """Returns members of models whose type contains `Any`, and models without members."""
    found = []
    files = sorted((path / "models").glob("*.py")) if path.is_dir() else [path]
    for file in files:
        for model in (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)):
            members = [node for node in model.body if isinstance(node, ast.AnnAssign)]
            # The parts of a wrapper around a union, and of pydantic, are not the contract's.
            names = {ast.unparse(member.target) for member in members}
            if "actual_instance" in names or "__properties" in names and names == {"__properties"}:
                continue
            own = [
                member
                for member in members
                if ast.unparse(member.target) not in ("additional_properties", "__properties", "model_config")
                and "ClassVar" not in ast.unparse(member.annotation)
            ]
            for member in own:
                name = ast.unparse(member.target)
                if has_any(member.annotation) and name not in FREE.get(model.name, ()):
                    found.append(f"{model.name}.{name}: {ast.unparse(member.annotation)}")
            extra = [m for m in members if ast.unparse(m.target) == "additional_properties"]
            if not own and any(has_any(member.annotation) for member in extra):
                found.append(f"{model.name} has no members")
    return found


def untyped_answers(path: Path) -> list[str]:
    """Returns operations whose 200 or 201 has no type."""
    found = []
    for file in sorted(path.glob("api/**/*.py")):
        text = file.read_text()
        found += [f"{file.name}: {line.strip()}" for line in text.splitlines()
                  if re.search(r"response_20[01] = cast\(Any", line)
                  or re.search(r"'20[01]': (\"object\"|None)", line) and file.name not in ANY_OBJECT]
    return found


def main() -> None:
    what, generator, path = sys.argv[1:]
    if what == "warnings":
        found = warnings(generator, Path(path).read_text())
    else:
        found = untyped_members(Path(path))
        if Path(path).is_dir():
            found += untyped_answers(Path(path))
    for line in found:
        print(f"{generator}: {what}: {line}", file=sys.stderr)
    print(len(found))


if __name__ == "__main__":
    if sys.argv[1:] == ["own"]:
        for generator_, lines in OWN_WARNINGS.items():
            for line_, cause in lines.items():
                print(f"{generator_} warns \"{line_}\": {cause}")
        print("\n".join(LIMITS))
    else:
        main()
