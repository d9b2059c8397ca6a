"""Uses a generated client to write objects and to read the audit log.

    story.py GENERATOR DIRECTORY SERVER

GENERATOR is `openapi-python-client` or `openapi-generator`, DIRECTORY what it generated. Prints each call that
was not as expected, and last the number of calls and of failed ones.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clients import ADAPTERS, Answer

WEST, EAST = "xyz-west", "xyz-east"
GROUP = "a7734e61-b545-452d-a3cd-0189cbd9747a"
GLOBAL = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": "allow-tcp-80"},
    "spec": {
        "selector": f"has(sg.projectcalico.org/openstack-{GROUP})",
        "types": ["Ingress"],
        "ingress": [{"action": "Allow", "protocol": "TCP", "destination": {"ports": [80, "8080:8090"]}}],
    },
}
NETWORK = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "NetworkPolicy",
    "metadata": {"name": "allow-dns", "namespace": f"openstack-region-{WEST}"},
    "spec": {"selector": "all()", "egress": [{"action": "Allow", "protocol": 17, "destination": {"ports": [53]}}]},
}
CROSS = {
    "kind": "CrossRegionPolicy",
    "metadata": {"name": "web-from-apps", "labels": {"team": "web"}},
    "spec": {
        "order": 500,
        "allow": [
            {
                "from": {"region": WEST},
                "to": {"region": EAST, "securityGroup": GROUP},
                "protocol": "TCP",
                "ports": [80],
            }
        ],
    },
}


class Story:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.calls = 0
        self.failed: list[str] = []

    def call(self, tag: str, operation: str, status: int, **arguments: Any) -> Answer:
        """Calls an operation. An exception, another status and an answer without its model are failures."""
        self.calls += 1
        answer: Answer = self.client.call(tag, operation, **arguments)
        if answer.status != status:
            raise AssertionError(f"{operation}: {answer.status} instead of {status}: {answer.model}")
        if answer.status not in (204, 304) and answer.model is None:
            raise AssertionError(f"{operation}: the answer has no model")
        return answer

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Runs a part of the story; its failure does not end the rest."""
        try:
            yield
        except Exception as error:  # noqa: BLE001: whatever a generated client throws is a failed call
            self.failed.append(name)
            print(f"{self.client.name}: {name}: {error!r}")
            traceback.print_exc(limit=-2)

    def inventory(self) -> None:
        with self.step("plan a region"):
            plan = self.call("regions", "put_region", 200, region=WEST, model="RegionInput",
                             body={"addressBlocks": ["10.1.0.0/16"]}, dry_run=True).model
            assert plan.dry_run is True and plan.changes[0].name == WEST, plan
        for region, block in ((WEST, "10.1.0.0/16"), (EAST, "10.2.0.0/16")):
            with self.step(f"create {region}"):
                answer = self.call("regions", "put_region", 201, region=region, model="RegionInput",
                                   body={"addressBlocks": [block], "labels": {"site": "berlin"}},
                                   if_none_match="*", x_actor="alice", x_reason="ticket 4711")
                assert answer.model.address_blocks == [block], answer.model
        with self.step("conditional writes"):
            tag = self.call("regions", "get_region", 200, region=WEST).header("ETag")
            patched = self.call("regions", "patch_region", 200, region=WEST, model="MergePatch", if_match=tag,
                                body={"displayName": "West", "labels": {"site": None, "tier": "one"}}).model
            assert patched.display_name == "West", patched
            stale = self.call("regions", "patch_region", 412, region=WEST, model="MergePatch", if_match=tag,
                              body={"displayName": "Far West"}).model
            assert problem(stale) == "/problems/precondition-failed", stale
            self.call("regions", "get_region", 304, region=WEST, if_none_match=f'"{patched.revision}"')
        with self.step("lists and configuration"):
            assert [item.name for item in self.call("regions", "list_regions", 200).model.items] == [EAST, WEST]
            assert self.call("regions", "get_region_config", 200, region=WEST).model.files[0].lines
        with self.step("subnets"):
            body = {"cidr": "10.1.0.0/24", "labels": {"purpose": "web"}}
            plan = self.call("subnets", "put_subnet", 200, region=WEST, name="web", model="SubnetInput",
                             body=body, dry_run=True).model
            assert plan.dry_run is True, plan
            made = self.call("subnets", "put_subnet", 201, region=WEST, name="web", model="SubnetInput", body=body)
            assert made.model.cidr == "10.1.0.0/24", made.model
            overlap = self.call("subnets", "put_subnet", 409, region=WEST, name="web-2", model="SubnetInput",
                                body={"cidr": "10.1.0.0/25"}).model
            assert problem(overlap) == "/problems/overlap" and overlap.conflicts[0].name == "web", overlap
            self.call("subnets", "patch_subnet", 200, region=WEST, name="web", model="MergePatch",
                      body={"description": "Web servers"}, if_match=made.header("ETag"))
            taken = self.call("subnets", "allocate_subnet", 201, region=WEST, model="SubnetAllocation",
                              body={"name": "db", "prefixLength": 24}, idempotency_key="allocate-db").model
            assert taken.cidr == "10.1.1.0/24", taken
            assert len(self.call("subnets", "list_subnets", 200, within="10.1.0.0/16").model.items) == 2
            assert len(self.call("subnets", "list_region_subnets", 200, region=WEST, label=["purpose=web"])
                       .model.items) == 1
            assert self.call("subnets", "get_subnet", 200, region=WEST, name="db").model.name == "db"

    def policies(self) -> None:
        with self.step("global policies"):
            plan = self.call("policies", "put_policy", 200, name="allow-tcp-80", model="Policy", body=GLOBAL,
                             dry_run=True).model
            assert plan.changes[0].kind == "GlobalNetworkPolicy", plan
            made = self.call("policies", "put_policy", 201, name="allow-tcp-80", model="Policy", body=GLOBAL)
            assert made.model.spec.ingress[0].destination.ports, made.model
            self.call("policies", "patch_policy", 200, name="allow-tcp-80", model="MergePatch",
                      body={"spec": {"order": 200}}, if_match=made.header("ETag"))
            assert self.call("policies", "get_policy", 200, name="allow-tcp-80").model.spec.order == 200
            wrong = {**GLOBAL, "spec": {**GLOBAL["spec"], "selector": "has("}}  # type: ignore[dict-item]
            broken = self.call("policies", "put_policy", 422, name="allow-tcp-80", model="Policy", body=wrong).model
            assert broken.violations[0].pointer == "/spec/selector", broken
        with self.step("CrossRegionPolicies"):
            plan = self.call("policies", "put_policy", 200, name="web-from-apps", model="Policy", body=CROSS,
                             dry_run=True).model
            assert plan.dry_run is True, plan
            self.call("policies", "put_policy", 201, name="web-from-apps", model="Policy", body=CROSS)
            read = self.call("policies", "get_policy", 200, name="web-from-apps").model
            assert read.kind == "CrossRegionPolicy" and read.metadata.name == "web-from-apps", read
            assert read.spec.allow[0].to.security_group == GROUP and read.status.compiled, read
            self.call("policies", "patch_policy", 200, name="web-from-apps", model="MergePatch",
                      body={"spec": {"description": "storefront may call the catalogue"}})
            assert len(self.call("policies", "list_policies", 200).model.items) == 2
        with self.step("policies of a region"):
            where = {"region": WEST, "name": "allow-dns"}
            made = self.call("policies", "put_region_policy", 201, **where, model="NetworkPolicy", body=NETWORK)
            assert made.model.metadata.namespace == f"openstack-region-{WEST}", made.model
            self.call("policies", "patch_region_policy", 200, **where, model="MergePatch",
                      body={"metadata": {"labels": {"team": "net"}}})
            assert self.call("policies", "get_region_policy", 200, **where).model.metadata.name == "allow-dns"
            assert len(self.call("policies", "list_region_policies", 200, region=WEST).model.items) == 1
            self.call("policies", "delete_region_policy", 200, **where, dry_run=True)
            self.call("policies", "delete_region_policy", 204, **where)

    def manifests(self) -> None:
        manifest = [
            {"kind": "Region", "name": "xyz-north", "addressBlocks": ["10.3.0.0/16"]},
            {"kind": "Subnet", "region": "xyz-north", "name": "web", "cidr": "10.3.0.0/24"},
        ]
        with self.step("apply"):
            plan = self.call("manifests", "apply", 200, model="ManifestDocument", body=manifest, dry_run=True).model
            assert plan.dry_run is True and len(plan.changes) == 2, plan
            applied = self.call("manifests", "apply", 200, model="ManifestDocument", body=manifest).model
            assert [change.name for change in applied.changes] == ["xyz-north", "web"], applied
            change = self.call("audit", "get_change", 200, id=applied.change_id).model
            assert change.status == "accepted" and len(change.objects) == 2, change
        with self.step("export"):
            exported = self.call("manifests", "export", 200).model
            kinds = sorted(getattr(item, "actual_instance", item).kind for item in exported)
            assert kinds.count("Region") == 3 and "CrossRegionPolicy" in kinds, kinds

    def past(self) -> None:
        with self.step("history"):
            versions = self.call("regions", "get_region_history", 200, region=WEST).model.items
            assert [version.verb for version in versions] == ["update", "create"], versions
            assert versions[0].diff and versions[1].actor == "alice", versions
            first = versions[1].revision
            assert self.call("subnets", "get_subnet_history", 200, region=WEST, name="web").model.items
            assert self.call("policies", "get_policy_history", 200, name="web-from-apps").model.items
            assert self.call("policies", "get_region_policy_history", 200, region=WEST, name="allow-dns").model.items
        with self.step("time travel"):
            then = self.call("regions", "get_region", 200, region=WEST, at=str(first)).model
            assert then.revision == first, then
            differences = self.call("audit", "get_diff", 200, **{"from": str(first)}).model.items
            assert {item.kind for item in differences} >= {"Region", "Subnet"}, differences
            back = self.call("regions", "rollback_region", 200, region=WEST, model="Rollback", body={"to": first},
                             dry_run=True).model
            assert back.dry_run is True, back
            self.call("regions", "rollback_region", 200, region=WEST, model="Rollback", body={"to": first})

    def audit(self) -> None:
        with self.step("audit search"):
            rows = self.call("audit", "list_audit", 200, kind="Region", name=WEST, order="asc").model.items
            assert rows[0].reason == "ticket 4711" and rows[0].actor == "alice", rows
            assert self.call("audit", "list_audit", 200, outcome="refused").model.items[0].problem
            assert self.call("audit", "list_audit", 200, q="4711").model.items
            assert self.call("audit", "list_audit", 200, cidr="10.1.0.0/16", match="within").model.items
            assert self.call("audit", "list_audit", 200, field="/spec/order").model.items
            groups = self.call("audit", "list_audit", 200, group_by="actor").model.groups
            assert "alice" in {group.key for group in groups}, groups
            row = self.call("audit", "get_audit_row", 200, seq=rows[0].seq).model
            assert row.prev_hash == rows[0].prev_hash, row
        with self.step("holds"):
            placed = self.call("audit", "put_hold", 201, name="case-4711", model="LegalHoldInput",
                               body={"reason": "Case 4711"}, if_none_match="*").model
            assert placed.reason == "Case 4711", placed
            assert self.call("audit", "get_hold", 200, name="case-4711").model.name == "case-4711"
            assert len(self.call("audit", "list_holds", 200).model.items) == 1
            self.call("audit", "delete_hold", 204, name="case-4711")
        with self.step("checkpoints and proofs"):
            signed = self.call("audit", "make_checkpoint", 201).model
            assert signed.note.startswith(signed.origin), signed
            size = self.call("audit", "get_checkpoint", 200).model.size
            assert self.call("audit", "get_proof", 200, seq=1).model.size == size
            assert self.call("audit", "get_proof", 200, **{"from": 1, "to": size}).model.root
        with self.step("audit export"):
            lines = self.call("audit", "export_audit", 200, accept="text/plain", **{"from": 1, "to": 3}).model.splitlines()
            assert len(lines) == 4, lines
            assert self.call("audit", "export_audit", 200, accept="text/plain", order="revision", limit=2).model

    def operations(self) -> None:
        with self.step("operations"):
            assert self.call("operations", "get_health", 200).model.status == "ok"
            assert self.call("operations", "get_index", 200).model.documentation == "/openapi.yaml"
            assert self.call("operations", "get_readiness", 200).model.checks.etcd.ok
            assert self.call("operations", "get_version", 200).model.name == "policy-server"
            assert "policy_server" in self.call("operations", "get_metrics", 200).model
            assert self.call("operations", "get_open_api", 200, accept="text/plain").model.startswith("openapi:")

    def deletion(self) -> None:
        with self.step("deletion"):
            used = self.call("regions", "delete_region", 409, region=WEST).model
            assert problem(used) == "/problems/in-use" and used.used_by, used
            self.call("policies", "delete_policy", 204, name="web-from-apps")
            for region, name in ((WEST, "web"), (WEST, "db"), ("xyz-north", "web")):
                self.call("subnets", "delete_subnet", 204, region=region, name=name)
            self.call("policies", "delete_policy", 204, name="allow-tcp-80")
            for region in (WEST, EAST, "xyz-north"):
                self.call("regions", "delete_region", 204, region=region)
            self.call("regions", "get_region", 404, region=WEST)


def problem(model: Any) -> str:
    """Returns the type of a problem, which is an enumeration in one generator and text in the other."""
    kind = model.type_ if hasattr(model, "type_") else model.type
    return str(getattr(kind, "value", kind))


def main() -> int:
    generator, directory, server = sys.argv[1:]
    sys.path.insert(0, directory)
    story = Story(ADAPTERS[generator](server))
    for part in (story.inventory, story.policies, story.manifests, story.past, story.audit, story.operations,
                 story.deletion):
        part()
    print(f"{story.calls} calls, {len(story.failed)} failed")
    return 1 if story.failed else 0


if __name__ == "__main__":
    sys.exit(main())
