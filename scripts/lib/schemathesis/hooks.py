"""Facts about this API that schemathesis cannot derive from the contract, and one additional check."""

import re
import unicodedata
from typing import Any

import schemathesis
import yaml
from schemathesis.core import media_types

# Rules that a schema can say.
SCHEMA_RULES = re.compile(r"document\.(wrong-type|unknown-field)$|calico\.(type|unknown-field)$")

ENTITY_TAGS = re.compile(r'(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$')

# The objects of Calico's and their parts, whose schemas are open: an answer shows what a newer Calico stored.
OPEN_SCHEMAS = (
    "GlobalNetworkPolicy NetworkPolicy Metadata PolicySpec Rule RuleMetadata HTTPMatch HTTPPath ICMP EntityRule"
    " ServiceAccountMatch ServiceMatch"
).split()


@schemathesis.hook
def before_load_schema(ctx: Any, raw_schema: dict[str, Any]) -> None:
    """Closes what the contract's text closes for requests, so that valid ones are made without unknown members."""
    schemas = raw_schema["components"]["schemas"]
    parts = [schemas["PolicySpec"], schemas["GlobalPolicyScope"]]
    schemas["GlobalNetworkPolicySpec"] = {
        "type": "object",
        "properties": {name: value for part in parts for name, value in part["properties"].items()},
        "additionalProperties": False,
    }
    for name in OPEN_SCHEMAS:
        schemas[name]["additionalProperties"] = False


@schemathesis.deserializer(*media_types.YAML_MEDIA_TYPES)
def document(ctx: Any, response: Any) -> Any:
    """Returns a document; for a manifest and openapi.yaml the text, as the contract promises."""
    content = response.content.decode()
    if content.startswith(("---", "#", "openapi:")):
        list(yaml.safe_load_all(content))
        return content
    return yaml.safe_load(content)


@schemathesis.deserializer("application/x-ndjson", "text/csv", "text/plain")
def text(ctx: Any, response: Any) -> Any:
    return response.content.decode()


def is_valid(case: Any) -> bool:
    """Returns true if schemathesis made the request to be valid by the contract."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """Adjusts values that depend on the server's state, on another parameter, or on the grammar of selectors."""
    # The links that it infers from the URLs of the index make the number of a row `stream`, which is the path of
    # another operation: the one that is left out.
    if (case.path_parameters or {}).get("seq") == "stream":
        case.path_parameters["seq"] = 1
    if not is_valid(case):
        return
    query, path = case.query or {}, case.path
    # A cursor is the server's own word, and a revision has to be one that etcd has reached.
    query.pop("cursor", None)
    query.pop("atLeast", None)
    if "at" in query:
        query["at"] = "2"
    if path == "/v1/diff":
        query.update({"from": "1", "to": "2"})
    if "/rollback" in path and isinstance(case.body, dict) and "to" in case.body:
        case.body["to"] = 2
    if "prune" in query:
        query["prune"] = "managed-by == 'ci'"
    # Counts have no pages, and a relation needs a network.
    if "group_by" in query:
        query.pop("limit", None)
        query.pop("order", None)
    if "cidr" not in query:
        query.pop("match", None)
    for name in ("cidr", "overlaps", "within", "contains"):
        if name in query:
            query[name] = "10.1.0.0/16"
    for name in ("since", "until"):
        query.pop(name, None)
    if "q" in query:
        query["q"] = "west"
    # Each order of the ledger's export has parameters of its own, and a proof is of a row or of a growth.
    if path == "/v1/audit/export":
        for name in ("from", "to", "after", *(("limit",) if query.get("order") != "revision" else ())):
            query.pop(name, None)
    if path == "/v1/audit/proof":
        case.query = {"seq": 1}
    # A change without its second person needs a reason of ten characters, which another header gives.
    if "X-Break-Glass" in (case.headers or {}):
        case.headers["X-Reason"] = "cannot wait for a second person"
        query.pop("reason", None)
    # A question is about a permission or about a request, and only one of them.
    if path == "/v1/access:check" and isinstance(case.body, dict):
        request = {"method", "path"}
        other = {"permission", "kind", "regions", "document"}
        unwanted = other if request <= case.body.keys() else request | {"document"}
        case.body = {name: value for name, value in case.body.items() if name not in unwanted}
    # The tool cannot make an entity tag for each request (the quotation marks), and sends 0 in its place.
    for name in ("If-Match", "If-None-Match"):
        if name in (case.headers or {}) and not ENTITY_TAGS.match(str(case.headers[name])):
            del case.headers[name]
    # Texts in headers are UTF-8, and it sends Latin-1. The pattern leaves out what lies beyond 16 bits.
    for place, plain in ((case.headers or {}, str.isascii), (query, is_printable)):
        for name in ("X-Reason", "X-Ticket", "reason"):
            if name in place:
                place[name] = "".join(filter(plain, str(place[name])))


def is_printable(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_incomplete(item: Any) -> bool:
    """Returns true for a CrossRegionPolicy without `spec`: only a document of an older version may lack it."""
    return item.get("kind") == "CrossRegionPolicy" and "spec" not in item


@schemathesis.check
def refused_only_for_what_no_schema_says(ctx: Any, response: Any, case: Any) -> None:
    """Fails if a request that is valid by the contract breaks a rule that a schema could express. Patches are exempt."""
    if response.status_code != 422 or not is_valid(case) or case.method == "PATCH":
        return
    items = case.body if isinstance(case.body, list) else [case.body]
    if any(isinstance(item, dict) and is_incomplete(item) for item in items):
        return
    rules = [violation["rule"] for violation in response.json().get("violations", [])]
    wrong = [rule for rule in rules if SCHEMA_RULES.search(rule)]
    assert not wrong, f"refused for what the schema should say: {wrong}"
