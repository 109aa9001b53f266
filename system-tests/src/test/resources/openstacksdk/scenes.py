"""A program for OpenStack as others write it with openstacksdk, by its proxies and by its cloud layer.

Each of its words is a scene, which ends with a stack trace at the first surprise, and prints a line
"what: found" for whatever the test looks at.
"""

import contextlib
import hashlib
import sys
import time

import openstack
from openstack import exceptions
from openstack.cloud import exc
from openstack.compute.v2.server_migration import ServerMigration

LONG = 120


def say(what, *found):
    print(what + ":", " ".join(str(one) for one in found))


def say_all(what, found):
    say(what, *sorted(found))


def say_refusal(what, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except (exceptions.SDKException, exc.OpenStackCloudException) as refused:
        status = getattr(refused, "status_code", None)
        text = getattr(refused, "details", None) or str(refused)
        say(what, type(refused).__name__, status, " ".join(str(text).split()))
    else:
        raise AssertionError("%s was not refused" % what)


@contextlib.contextmanager
def version(cloud, number):
    """As compute_default_microversion of clouds.yaml, for calls that name no version of their own."""
    cloud.compute.default_microversion = number
    try:
        yield cloud.compute
    finally:
        cloud.compute.default_microversion = None


def guest(cloud):
    return cloud.compute.get_server(cloud.compute.find_server("guest", ignore_missing=False))


def settled(cloud, status):
    """The server when it is so and nothing is done to it."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        server = guest(cloud)
        if server.status == "ERROR":
            raise AssertionError(server.fault)
        if server.status == status and server.task_state is None:
            return server
        time.sleep(0.5)
    raise AssertionError("the server does not become " + status)


def log_in(cloud):
    cloud.authorize()
    say("compute", cloud.compute.get_endpoint())
    say("image", cloud.image.get_endpoint())
    say("newest", cloud.compute.get_endpoint_data().max_microversion[1])
    say("project", cloud.current_project.name)
    say("user", cloud.identity.get_user(cloud.current_user_id).name)
    say("network", cloud.has_service("network"))
    say_all("projects", (project.name for project in cloud.identity.projects()))
    wrong = openstack.connect(cloud="tern", auth={"password": "wrong"})
    say_refusal("wrong password", wrong.authorize)


def images(cloud, file):
    made = cloud.create_image(
        "disk", filename=file, disk_format="qcow2", container_format="bare", wait=True,
        validate_checksum=True, purpose="test", min_disk=1)
    shown = cloud.image.get_image(made.id)
    say("status", shown.status)
    say("min disk", shown.min_disk)
    say("property", shown.properties["purpose"])
    with open(file, "rb") as content:
        right = hashlib.md5(content.read()).hexdigest()
    say("checksum is right", shown.checksum == right)
    downloaded = cloud.image.download_image(made.id)
    say("content is right", hashlib.md5(downloaded.content).hexdigest() == right)
    again = cloud.create_image(
        "disk", filename=file, disk_format="qcow2", container_format="bare", wait=True,
        validate_checksum=True)
    say("the same is there already", again.id == made.id)
    cloud.create_image(
        "other", filename=file, disk_format="qcow2", container_format="bare", wait=True)
    say_all("by pages of one", (image.name for image in cloud.image.images(limit=1)))
    say_all("listed", (image.name for image in cloud.list_images()))
    say("found", cloud.get_image("other").name)
    say("deleted", cloud.delete_image("other", wait=True))
    say("found no more", cloud.get_image("other"))
    say_refusal("missing", cloud.image.get_image, "99999999-9999-4999-8999-999999999999")


def flavors(cloud):
    small = cloud.create_flavor("small", ram=64, vcpus=1, disk=1)
    cloud.set_flavor_specs(small.id, {"hw:test": "1", "hw:other": "2"})
    cloud.unset_flavor_specs(small.id, ["hw:other"])
    cloud.compute.update_flavor_extra_specs_property(small, "hw:test", "3")
    say("extra specs", cloud.compute.fetch_flavor_extra_specs(small).extra_specs)
    say("specs with the flavor", cloud.get_flavor("small", get_extra=True).extra_specs)
    larger = cloud.compute.create_flavor(name="larger", ram=96, vcpus=1, disk=1)
    say("described", cloud.compute.update_flavor(larger, description="more").description)
    say_all("by pages of one", (one.name for one in cloud.compute.flavors(limit=1, min_disk=1)))
    say_all("listed", (one.name for one in cloud.list_flavors() if one.disk == 1))
    say("private key", "PRIVATE KEY" in cloud.create_keypair("generated").private_key)
    public = cloud.get_keypair("generated").public_key
    cloud.compute.create_keypair(name="imported", public_key=public)
    say("imported as it was", cloud.compute.get_keypair("imported").public_key == public)
    say_all("keys", (key.name for key in cloud.list_keypairs()))


def boot(cloud):
    group = cloud.create_server_group("apart", policy="anti-affinity")
    say("group", group.policy, len(group.member_ids))
    made = cloud.compute.create_server(
        name="guest", image_id=cloud.get_image("disk").id, flavor_id=cloud.get_flavor("small").id,
        networks="none", key_name="imported", metadata={"role": "test"},
        scheduler_hints={"group": group.id})
    say("password of chance", bool(made.admin_password))
    server = cloud.compute.wait_for_server(made, interval=1, wait=LONG)
    say("status", server.status)
    say("members", cloud.get_server_group("apart").member_ids == [server.id])
    # By the cloud layer, which chooses "auto" where no network is named.
    other = cloud.create_server("other", image="disk", flavor="small", wait=False)
    cloud.compute.wait_for_server(other, interval=1, wait=LONG)
    say("other", cloud.get_server("other").status)
    # Its wait is for an address, of which there are none without a network service.
    say_refusal("waits for an address", cloud.create_server, "waited", image="disk",
                flavor="small", wait=True, timeout=LONG)
    say_all("left", (one.name for one in cloud.list_servers()))


def look(cloud):
    server = guest(cloud)
    say("shown", server.name, server.status, server.vm_state, server.power_state,
        server.availability_zone, server.key_name, server.metadata)
    say("flavor", server.flavor.original_name)
    say("image is the one", server.image.id == cloud.get_image("disk").id)
    say("host", server.compute_host, server.hypervisor_hostname == server.compute_host)
    names = lambda **filters: (one.name for one in cloud.compute.servers(**filters))
    say_all("by pages of one", names(limit=1, all_projects=True))
    say_all("without details", names(details=False))
    say_all("by name", names(name="gue"))
    say_all("by status", names(status="SHUTOFF"))
    say_all("by host", names(compute_host=server.compute_host, name="guest", all_projects=True))
    say_all("sorted", [list(names(sort_key="display_name", sort_dir="desc")) == ["other", "guest"]])
    say("searched", *(one.name for one in cloud.search_servers("gu*")))
    say("host variables", cloud.get_openstack_vars(server)["flavor"]["original_name"])
    say("interfaces", len(list(cloud.compute.server_interfaces(server))))
    say("volumes", len(list(cloud.compute.volume_attachments(server))))
    say("console", type(cloud.compute.get_server_console_output(server, length=5)["output"]).__name__)
    say("found no more", cloud.get_server("nobody"))
    say_refusal("missing", cloud.compute.get_server, "99999999-9999-4999-8999-999999999999")


def change(cloud):
    say("renamed", cloud.update_server("guest", name="renamed").name)
    say("described", cloud.compute.update_server(
        cloud.get_server("renamed"), name="guest", description="a guest").description)
    server = guest(cloud)
    cloud.compute.delete_server_metadata(server, ["role"])
    cloud.compute.set_server_metadata(server, a="1", b="2")
    cloud.set_server_metadata("guest", {"c": "3"})
    cloud.delete_server_metadata("guest", ["a"])
    say("metadata", sorted(cloud.compute.get_server_metadata(server).metadata.items()))
    with version(cloud, "2.26") as session:
        server.set_tags(session, ["one", "two"])
        server.add_tag(session, "three")
        server.remove_tag(session, "two")
        say_all("tags", server.fetch_tags(session).tags)
        server.remove_all_tags(session)


def act(cloud):
    server = guest(cloud)
    compute = cloud.compute
    for call, status in (
            (compute.stop_server, "SHUTOFF"), (compute.start_server, "ACTIVE"),
            (lambda one: compute.reboot_server(one, "HARD"), "ACTIVE"),
            (compute.pause_server, "PAUSED"), (compute.unpause_server, "ACTIVE"),
            (compute.suspend_server, "SUSPENDED"), (compute.resume_server, "ACTIVE")):
        call(server)
        settled(cloud, status)
    compute.lock_server(server, locked_reason="works")
    say("locked", compute.get_server(server).is_locked)
    compute.unlock_server(server)
    # server_actions of this version makes no path of the server.
    path = "/servers/%s/os-instance-actions" % server.id
    actions = compute.get(path, microversion="2.84").json()["instanceActions"]
    say_all("actions", {action["action"] for action in actions})
    created = next(action for action in actions if action["action"] == "create")
    shown = compute.get(path + "/" + created["request_id"], microversion="2.84").json()
    say("events of create", *(event["result"] for event in shown["instanceAction"]["events"]))


def under_way(compute, server):
    """server_migrations of openstacksdk 0.101.0 takes its own word for the server for a wrong one."""
    return ServerMigration.list(compute, server_uuid=server.id)


def move(cloud):
    compute = cloud.compute
    server = settled(cloud, "ACTIVE")
    home = server.compute_host
    compute.live_migrate_server(server, block_migration=True)
    seen = list(under_way(compute, server))
    say("seen under way", len(seen), *(one.source_compute == home for one in seen))
    away = settled(cloud, "ACTIVE").compute_host
    say("is elsewhere", away != home)
    compute.live_migrate_server(server, host=home)
    say("is back", settled(cloud, "ACTIVE").compute_host == home)
    say("under way when none moves", len(list(under_way(compute, server))))
    say("migrations", *(one.migration_type + " " + one.status for one in compute.migrations()))
    say_refusal("to nowhere", compute.live_migrate_server, server, host="nowhere")

    compute.migrate_server(server)
    say("moved cold", settled(cloud, "VERIFY_RESIZE").compute_host != home)
    compute.revert_server_resize(server)
    say("is back again", settled(cloud, "ACTIVE").compute_host == home)
    compute.resize_server(server, cloud.get_flavor("larger"))
    settled(cloud, "VERIFY_RESIZE")
    compute.confirm_server_resize(server)
    say("flavor", settled(cloud, "ACTIVE").flavor.original_name)
    say_refusal("confirmed again", compute.confirm_server_resize, server)


def operators(cloud):
    compute = cloud.compute
    say_all("hypervisors", (one.name + " " + one.state for one in cloud.list_hypervisors()))
    say_all("with details", (one.name + " " + one.hypervisor_type for one in compute.hypervisors(details=True)))
    one = compute.find_hypervisor("host-1")
    say("hypervisor", compute.get_hypervisor(one).name, compute.get_hypervisor(one).status)
    say_all("by pattern", (one.name for one in compute.hypervisors(hypervisor_hostname_pattern="host-2")))
    say_all("services", {one.binary for one in compute.services()})
    service = compute.find_service("nova-compute", host="host-1")
    disabled = compute.disable_service(service, disabled_reason="works")
    say("disabled", disabled.status, disabled.disabled_reason)
    say("enabled", compute.enable_service(service).status)

    side = cloud.create_aggregate("side")
    cloud.add_host_to_aggregate("side", "host-2")
    cloud.set_aggregate_metadata("side", {"kind": "test"})
    cloud.update_aggregate("side", name="other side")
    listed = next(iter(cloud.list_aggregates()))
    say("aggregate", listed.name, listed.hosts, listed.metadata["kind"])
    compute.remove_host_from_aggregate(side.id, "host-2")
    say("removed", cloud.delete_aggregate("other side"))
    say("zones", *cloud.list_availability_zone_names())
    zones = list(compute.availability_zones(details=True))
    say("zone of hosts", *(zone.name for zone in zones if "host-1" in (zone.hosts or {})))

    cloud.set_compute_quotas("admin", instances=7)
    say("quota", cloud.get_compute_quotas("admin").instances)
    # get_quota_set(usage=True) asks in the words of the volume service.
    detail = compute.get("/os-quota-sets/admin/detail").json()["quota_set"]["instances"]
    say("quota in use", detail["in_use"])
    limits = cloud.get_compute_limits()
    say("limit", limits.instances_used, limits.instances)
    say("limit of a project", cloud.get_compute_limits("admin").instances)
    cloud.delete_compute_quotas("admin")
    say("quota forgotten", cloud.get_compute_quotas("admin").instances)
    say("default quota", compute.get_quota_set_defaults("admin").instances)
    say("usage", len(compute.get_usage("admin").server_usages) > 0)
    say_all("usage of all", (one.project_id for one in compute.usages()))
    say("usage by the cloud layer", cloud.get_compute_usage("admin").total_hours >= 0)
    say_all("groups", (group.name + " " + group.policy for group in cloud.list_server_groups()))


def take_away(cloud):
    picture = cloud.create_image_snapshot("picture", "guest", wait=True)
    say("picture", picture.status)
    settled(cloud, "ACTIVE")
    for server in cloud.list_servers():
        say("deleted " + server.name, cloud.delete_server(server.id, wait=True))
    say("deleted twice", cloud.delete_server("guest"))
    say("servers", len(cloud.list_servers()))
    say("group", cloud.delete_server_group("apart"))
    for key in ("generated", "imported"):
        say("key " + key, cloud.delete_keypair(key))
    for flavor in ("small", "larger"):
        say("flavor " + flavor, cloud.delete_flavor(flavor))
    for image in ("disk", "picture"):
        say("image " + image, cloud.delete_image(image))


if __name__ == "__main__":
    globals()[sys.argv[1]](openstack.connect(cloud="tern"), *sys.argv[2:])
