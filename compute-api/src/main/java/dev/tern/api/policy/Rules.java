package dev.tern.api.policy;

import static dev.tern.api.policy.Least.ADMIN;
import static dev.tern.api.policy.Least.ANYBODY;
import static dev.tern.api.policy.Least.MANAGER;
import static dev.tern.api.policy.Least.MEMBER;
import static dev.tern.api.policy.Least.READER;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every rule that is asked about, by Nova's names where Nova has one. */
public final class Rules {
  private static final String NOVA = "os_compute_api:";
  private static final List<String> APIS = List.of(NOVA, "compute:", "images:", "tern:");

  /**
   * A rule.
   *
   * @param name in full
   * @param least what it asks for when no file says otherwise
   * @param covers what it is about, for docs/policies.md
   */
  public record Rule(String name, Least least, String covers) {}

  private Rules() {}

  /** By name. */
  public static final Map<String, Rule> ALL =
      Stream.of(compute(), life(), ofProjects(), hosts(), others())
          .flatMap(List::stream)
          .collect(Collectors.toUnmodifiableMap(Rule::name, Function.identity()));

  /** The name in full; Nova's own are written short in code. */
  public static String full(String name) {
    return isOfAnApi(name) ? name : NOVA + name;
  }

  static boolean isOfAnApi(String name) {
    return APIS.stream().anyMatch(name::startsWith);
  }

  private static Rule rule(String name, Least least, String covers) {
    return new Rule(full(name), least, covers);
  }

  private static List<Rule> compute() {
    return List.of(
        rule("servers:index", READER, "GET /servers"),
        rule("servers:detail", READER, "GET /servers/detail"),
        rule("servers:index:get_all_tenants", ADMIN, "GET /servers?all_tenants=1"),
        rule("servers:show", READER, "GET /servers/{id}"),
        rule("servers:create", MEMBER, "POST /servers"),
        rule("servers:create:forced_host", ADMIN, "POST /servers with zone:host"),
        rule(
            "compute:servers:create:requested_destination",
            ADMIN,
            "POST /servers with host or hypervisor_hostname"),
        rule("servers:delete", MEMBER, "DELETE /servers/{id}"),
        rule("servers:start", MEMBER, "os-start"),
        rule("servers:stop", MEMBER, "os-stop"),
        rule("servers:create_image", MEMBER, "createImage"),
        rule("os-console-output", MEMBER, "os-getConsoleOutput"),
        rule("server-metadata:index", READER, "GET /servers/{id}/metadata"),
        rule("os-server-tags:index", READER, "GET /servers/{id}/tags"),
        rule("ips:index", READER, "GET /servers/{id}/ips"),
        rule("os-attach-interfaces:list", READER, "GET /servers/{id}/os-interface"),
        rule("os-volumes-attachments:index", READER, "GET /servers/{id}/os-volume_attachments"),
        rule(
            "os-volumes-attachments:show",
            READER,
            "GET /servers/{id}/os-volume_attachments/{volume}"),
        rule("os-instance-actions:list", READER, "GET /servers/{id}/os-instance-actions"),
        rule("os-instance-actions:show", READER, "GET /servers/{id}/os-instance-actions/{request}"),
        rule("os-migrate-server:migrate", MANAGER, "migrate without a host"),
        rule("os-migrate-server:migrate:host", ADMIN, "migrate with a host"),
        rule("servers:resize", MEMBER, "resize"),
        rule("servers:confirm_resize", MEMBER, "confirmResize"),
        rule("servers:revert_resize", MEMBER, "revertResize"),
        rule("os-migrate-server:migrate_live", MANAGER, "os-migrateLive without a host"),
        rule("os-migrate-server:migrate_live:host", ADMIN, "os-migrateLive with a host"),
        rule("os-evacuate", ADMIN, "evacuate"),
        rule("servers:migrations:index", MANAGER, "GET /servers/{id}/migrations"),
        rule("servers:migrations:show", ADMIN, "GET /servers/{id}/migrations/{number}"),
        rule("servers:migrations:delete", MANAGER, "DELETE /servers/{id}/migrations/{number}"),
        rule("servers:migrations:force_complete", MANAGER, "force_complete"),
        rule("os-migrations:index", MANAGER, "GET /os-migrations"));
  }

  private static List<Rule> life() {
    return List.of(
        rule("servers:update", MEMBER, "PUT /servers/{id}"),
        rule("servers:reboot", MEMBER, "reboot"),
        rule("os-pause-server:pause", MEMBER, "pause"),
        rule("os-pause-server:unpause", MEMBER, "unpause"),
        rule("os-suspend-server:suspend", MEMBER, "suspend"),
        rule("os-suspend-server:resume", MEMBER, "resume"),
        rule("os-lock-server:lock", MEMBER, "lock"),
        rule("os-lock-server:unlock", MEMBER, "unlock"),
        rule("os-lock-server:unlock:unlock_override", ADMIN, "unlock what somebody else locked"),
        rule("os-admin-actions:reset_state", ADMIN, "os-resetState"),
        rule("server-metadata:show", READER, "GET /servers/{id}/metadata/{key}"),
        rule("server-metadata:create", MEMBER, "POST /servers/{id}/metadata"),
        rule("server-metadata:update_all", MEMBER, "PUT /servers/{id}/metadata"),
        rule("server-metadata:update", MEMBER, "PUT /servers/{id}/metadata/{key}"),
        rule("server-metadata:delete", MEMBER, "DELETE /servers/{id}/metadata/{key}"),
        rule("os-server-tags:show", READER, "GET /servers/{id}/tags/{tag}"),
        rule("os-server-tags:update_all", MEMBER, "PUT /servers/{id}/tags"),
        rule("os-server-tags:update", MEMBER, "PUT /servers/{id}/tags/{tag}"),
        rule("os-server-tags:delete_all", MEMBER, "DELETE /servers/{id}/tags"),
        rule("os-server-tags:delete", MEMBER, "DELETE /servers/{id}/tags/{tag}"));
  }

  private static List<Rule> ofProjects() {
    return List.of(
        rule("os-keypairs:index", ADMIN, "another user's keys; one's own are one's own"),
        rule("os-keypairs:show", ADMIN, "another user's key"),
        rule("os-keypairs:create", ADMIN, "a key for another user"),
        rule("os-keypairs:delete", ADMIN, "another user's key"),
        rule("os-server-groups:index", READER, "GET /os-server-groups"),
        rule("os-server-groups:show", READER, "GET /os-server-groups/{id}"),
        rule("os-server-groups:create", MEMBER, "POST /os-server-groups"),
        rule("os-server-groups:delete", MEMBER, "DELETE /os-server-groups/{id}"),
        rule("os-quota-sets:show", READER, "GET /os-quota-sets/{project}"),
        rule("os-quota-sets:detail", READER, "GET /os-quota-sets/{project}/detail"),
        rule("os-quota-sets:update", ADMIN, "PUT /os-quota-sets/{project}"),
        rule("os-quota-sets:delete", ADMIN, "DELETE /os-quota-sets/{project}"),
        rule("os-quota-class-sets:show", ADMIN, "GET /os-quota-class-sets/{class}"),
        rule("os-quota-class-sets:update", ADMIN, "PUT /os-quota-class-sets/{class}"));
  }

  private static List<Rule> hosts() {
    return List.of(
        rule("os-flavor-manage:create", ADMIN, "POST /flavors"),
        rule("os-flavor-manage:delete", ADMIN, "DELETE /flavors/{id}"),
        rule("os-flavor-manage:update", ADMIN, "PUT /flavors/{id}"),
        rule("os-flavor-extra-specs:index", READER, "GET /flavors/{id}/os-extra_specs"),
        rule("os-flavor-extra-specs:show", READER, "GET /flavors/{id}/os-extra_specs/{key}"),
        rule("os-flavor-extra-specs:create", ADMIN, "POST /flavors/{id}/os-extra_specs"),
        rule("os-flavor-extra-specs:update", ADMIN, "PUT /flavors/{id}/os-extra_specs/{key}"),
        rule("os-flavor-extra-specs:delete", ADMIN, "DELETE /flavors/{id}/os-extra_specs/{key}"),
        rule("os-flavor-access", ADMIN, "GET /flavors/{id}/os-flavor-access"),
        rule("os-flavor-access:add_tenant_access", ADMIN, "addTenantAccess"),
        rule("os-flavor-access:remove_tenant_access", ADMIN, "removeTenantAccess"),
        rule("os-services:delete", ADMIN, "DELETE /os-services/{id}"),
        rule("os-simple-tenant-usage:list", ADMIN, "GET /os-simple-tenant-usage"),
        rule("os-services:list", ADMIN, "GET /os-services"),
        rule("os-services:update", ADMIN, "PUT /os-services/…"),
        rule("os-security-groups:list", READER, "GET /servers/{id}/os-security-groups"),
        rule("os-availability-zone:detail", ADMIN, "GET /os-availability-zone/detail"),
        rule("os-aggregates:index", ADMIN, "GET /os-aggregates"),
        rule("os-aggregates:show", ADMIN, "GET /os-aggregates/{id}"),
        rule("os-aggregates:create", ADMIN, "POST /os-aggregates"),
        rule("os-aggregates:update", ADMIN, "PUT /os-aggregates/{id}"),
        rule("os-aggregates:delete", ADMIN, "DELETE /os-aggregates/{id}"),
        rule("os-aggregates:add_host", ADMIN, "add_host"),
        rule("os-aggregates:remove_host", ADMIN, "remove_host"),
        rule("os-aggregates:set_metadata", ADMIN, "set_metadata"),
        rule("os-hypervisors:list", ADMIN, "GET /os-hypervisors"),
        rule("os-hypervisors:list-detail", ADMIN, "GET /os-hypervisors/detail"),
        rule("os-hypervisors:show", ADMIN, "GET /os-hypervisors/{id}"),
        rule("os-hypervisors:uptime", ADMIN, "GET /os-hypervisors/{id}/uptime"),
        rule("os-hypervisors:statistics", ADMIN, "GET /os-hypervisors/statistics"),
        rule("os-hypervisors:search", ADMIN, "GET /os-hypervisors/{name}/search"),
        rule("os-hypervisors:servers", ADMIN, "GET /os-hypervisors/{name}/servers"),
        rule("limits", ANYBODY, "GET /limits"),
        rule("limits:other_project", ADMIN, "GET /limits?tenant_id="));
  }

  private static List<Rule> others() {
    return List.of(
        rule("images:get_images", READER, "GET /image/v2/images"),
        rule("images:get_image", READER, "GET /image/v2/images/{id} and its bytes"),
        rule("images:add_image", MEMBER, "POST /image/v2/images"),
        rule("images:modify_image", MEMBER, "PUT and DELETE of an image and its bytes"),
        rule("images:publicize_image", ADMIN, "an image that is public"),
        rule("tern:disks:show", READER, "GET /v1/servers/{id}/disks and below"),
        rule("tern:disks:digest", MEMBER, "the digest of a disk"),
        rule("tern:disks:snapshot", MEMBER, "a snapshot of a disk"),
        rule("tern:disks:copy", ADMIN, "copies of a disk"),
        rule("tern:volumes:show", READER, "GET /v1/servers/{id}/volumes"),
        rule("tern:volumes:attach", ADMIN, "attaching a volume"),
        rule("tern:volumes:detach", ADMIN, "detaching a volume"),
        rule("tern:migrations:index", ADMIN, "GET /v1/migrations"),
        rule("tern:migrations:show", ADMIN, "GET /v1/migrations/{id}"),
        rule("tern:migrations:create", ADMIN, "POST /v1/migrations"),
        rule("tern:migrations:update", ADMIN, "PATCH /v1/migrations/{id}"),
        rule("tern:migrations:abort", ADMIN, "POST /v1/migrations/{id}/abort"),
        rule("tern:migrations:force_complete", ADMIN, "POST /v1/migrations/{id}/force-complete"),
        rule("tern:migrations:resolve", ADMIN, "POST /v1/migrations/{id}/resolve"),
        rule("tern:migrations:receipt", ADMIN, "GET /v1/migrations/{id}/receipt"),
        rule("tern:drains:index", ADMIN, "GET /v1/drains"),
        rule("tern:drains:show", ADMIN, "GET /v1/drains/{id}"),
        rule("tern:drains:create", ADMIN, "POST /v1/drains"),
        rule("tern:rebalance:create", ADMIN, "POST /v1/rebalance"),
        rule("tern:drains:update", ADMIN, "PATCH /v1/drains/{id}, and pausing to returning"),
        rule("tern:preflight:show", ADMIN, "POST /v1/preflight"),
        rule("tern:decisions:show", ADMIN, "GET /v1/decisions/{request}"),
        rule("tern:decisions:index", ADMIN, "GET /v1/servers/{id}/decisions"),
        rule("tern:hosts:show", ADMIN, "GET /v1/hosts/{host}"),
        rule("tern:hosts:exports", ADMIN, "GET /v1/hosts/{host}/exports"),
        rule("tern:hosts:ports", ADMIN, "GET /v1/hosts/{host}/ports"),
        rule("tern:hosts:reachability", ADMIN, "GET /v1/hosts/{host}/reachability/{other}"),
        rule("tern:hosts:evacuate", ADMIN, "POST /v1/hosts/{host}/evacuate"),
        rule("tern:hosts:relieve", ADMIN, "POST /v1/hosts/{host}/relieve"),
        rule("tern:cold-migrations:index", ADMIN, "GET /v1/cold-migrations"),
        rule("tern:cold-migrations:show", ADMIN, "GET /v1/cold-migrations/{uuid}"),
        rule("tern:evacuations:index", ADMIN, "GET /v1/evacuations"),
        rule("tern:evacuations:show", ADMIN, "GET /v1/evacuations/{uuid}"),
        rule("tern:events:show", READER, "GET /v1/events; of others' things as their lists say"),
        rule("tern:metrics:show", ADMIN, "GET /actuator/prometheus"),
        rule("tern:audit_trail:index", ADMIN, "GET /v1/audit-trail"),
        rule("tern:audit:show", ADMIN, "GET /v1/audit"),
        rule("tern:dead_letters:index", ADMIN, "GET /v1/dead-letters"),
        rule("tern:dead_letters:show", ADMIN, "GET /v1/dead-letters/{id}"),
        rule("tern:dead_letters:resend", ADMIN, "POST /v1/dead-letters/{id}/resend"),
        rule("tern:dead_letters:delete", ADMIN, "DELETE /v1/dead-letters/{id}"));
  }
}
