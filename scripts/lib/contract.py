"""Checks openapi.yaml beyond the specification's rules: each operation has a description, each request and answer has
an example, and each example is valid. scripts/check runs it with the packages of openapi-spec-validator."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

URI = "urn:openapi"
METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


class ContractLoader(yaml.SafeLoader):
    """Reads times as text, as JSON has them, and refuses a key that occurs twice, as other parsers do."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                sys.exit(f"line {key_node.start_mark.line + 1}: the key {key} occurs twice in one mapping")
            keys.add(key)
        return super().construct_mapping(node, deep)


ContractLoader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Contract:
    def __init__(self, path: Path) -> None:
        self.root: Any = yaml.load(path.read_text(), Loader=ContractLoader)
        self.registry: Any = Registry().with_resource(URI, Resource(self.root, DRAFT202012))

    def resolve(self, node: Any) -> Any:
        while "$ref" in node:
            part = self.root
            for name in node["$ref"][2:].split("/"):
                part = part[name]
            node = part
        return node

    def errors(self, schema: Any, value: Any) -> list[str]:
        """Returns the errors of a value by a schema whose references are into the contract."""
        absolute = rebased(schema)
        return [error.message for error in Draft202012Validator(absolute, registry=self.registry).iter_errors(value)]

    def operations(self) -> Iterator[Any]:
        for item in self.root["paths"].values():
            yield from (item[method] for method in METHODS if method in item)


def rebased(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: URI + value if key == "$ref" else rebased(value) for key, value in node.items()}
    return [rebased(value) for value in node] if isinstance(node, list) else node


def check_content(contract: Contract, place: str, content: Any) -> Iterator[str]:
    for media_type, value in content.items():
        examples = [contract.resolve(example)["value"] for example in value.get("examples", {}).values()]
        examples += [value["example"]] if "example" in value else []
        # YAML has the form of the JSON beside it.
        if not examples and not (media_type == "application/yaml" and "application/json" in content):
            yield f"{place}: {media_type} has no example"
        for example in examples:
            yield from (f"{place}: {media_type}: {error}" for error in contract.errors(value.get("schema", {}), example))


def check(contract: Contract) -> Iterator[str]:
    ids: set[str] = set()
    for operation in contract.operations():
        name = operation.get("operationId", "an operation")
        for member in ("operationId", "summary", "description"):
            if not operation.get(member):
                yield f"{name} has no {member}"
        if name in ids:
            yield f"{name} is the operationId of two operations"
        ids.add(name)
        if "requestBody" in operation:
            body = contract.resolve(operation["requestBody"])
            yield from check_content(contract, f"{name}: request", body["content"])
        for status, response in operation["responses"].items():
            yield from check_content(contract, f"{name}: {status}", contract.resolve(response).get("content", {}))


def main() -> None:
    found = sorted(set(check(Contract(Path(sys.argv[1])))))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
