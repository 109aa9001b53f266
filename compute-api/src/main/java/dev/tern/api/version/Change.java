package dev.tern.api.version;

/**
 * Every step of Nova's API from 2.2 on, one entry each, in order and without gaps: what it changed,
 * and whether that shows here. {@link Reach#HONOURED} steps change answers or checks in this API;
 * {@link Reach#ELSEWHERE} ones concern endpoints, actions or fields that this API does not offer at
 * any version.
 */
public enum Change {
  KEYPAIR_TYPE(2, Reach.HONOURED, "key pairs have a type; creating one answers 201"),
  SERVER_EXTENDED_ATTRIBUTES(
      3,
      Reach.HONOURED,
      "a server shows its host name, kernel, ramdisk, launch index, reservation, root device and user data to admins"),
  FIXED_IP_RESERVED(4, Reach.ELSEWHERE, "fixed IPs show whether they are reserved"),
  SERVER_FILTER_IP6(5, Reach.HONOURED, "tenants may filter servers by ip6"),
  REMOTE_CONSOLES(6, Reach.ELSEWHERE, "consoles are a resource"),
  FLAVOR_ACCESS_CHECKED(7, Reach.HONOURED, "access cannot be added to public flavors"),
  MKS_CONSOLE(8, Reach.ELSEWHERE, "remote consoles of type mks"),
  SERVER_LOCKED(9, Reach.HONOURED, "a server shows whether it is locked"),
  KEYPAIR_USER(10, Reach.HONOURED, "admins may name the user of key pairs"),
  SERVICE_FORCED_DOWN(11, Reach.HONOURED, "a service may be forced down"),
  VIRTUAL_INTERFACE_NET(12, Reach.ELSEWHERE, "virtual interfaces show their network"),
  SERVER_GROUP_OWNER(13, Reach.HONOURED, "server groups show project and user"),
  EVACUATE_FINDS_STORAGE(
      14, Reach.HONOURED, "evacuate finds out by itself whether storage is shared"),
  SERVER_GROUP_SOFT_POLICIES(15, Reach.HONOURED, "soft policies of server groups"),
  SERVER_HOST_STATUS(16, Reach.HONOURED, "a server shows the status of its host to admins"),
  CRASH_DUMP(17, Reach.ELSEWHERE, "action trigger_crash_dump"),
  PROJECT_OPTIONAL(18, Reach.HONOURED, "the project in the URL is optional"),
  SERVER_DESCRIPTION(19, Reach.HONOURED, "servers have a description"),
  SHELVED_VOLUMES(20, Reach.ELSEWHERE, "volumes of shelved servers"),
  ACTIONS_OF_DELETED(21, Reach.HONOURED, "actions of deleted servers can be read"),
  FORCE_COMPLETE(22, Reach.HONOURED, "a running live migration can be forced to complete"),
  SERVER_MIGRATIONS(
      23,
      Reach.HONOURED,
      "live migrations in progress are a resource of the server; migrations have a type"),
  MIGRATION_ABORT(24, Reach.HONOURED, "a running live migration can be stopped"),
  BLOCK_MIGRATION_AUTO(25, Reach.HONOURED, "block_migration may be auto; disk_over_commit is gone"),
  SERVER_TAGS(26, Reach.HONOURED, "servers have tags"),
  HEADER(27, Reach.HONOURED, "header OpenStack-API-Version"),
  HYPERVISOR_CPU_OBJECT(28, Reach.HONOURED, "cpu_info of hypervisors is an object"),
  EVACUATE_FORCE(29, Reach.HONOURED, "evacuate asks the scheduler unless forced"),
  LIVE_MIGRATE_FORCE(
      30, Reach.HONOURED, "live migration to a named host asks the scheduler unless forced"),
  CONSOLE_TOKENS(31, Reach.ELSEWHERE, "console tokens of every type"),
  DEVICE_TAGS(32, Reach.ELSEWHERE, "devices have tags at boot"),
  HYPERVISOR_PAGING(33, Reach.HONOURED, "hypervisors are paged"),
  LIVE_MIGRATE_IN_BACKGROUND(34, Reach.HONOURED, "live migration is checked in the background"),
  KEYPAIR_PAGING(35, Reach.HONOURED, "key pairs are paged"),
  PROXIES_GONE(36, Reach.HONOURED, "proxies to other services are gone, and their limits"),
  NETWORKS_REQUIRED(37, Reach.HONOURED, "networks is required, and may be auto or none"),
  STATUS_FILTER_CHECKED(38, Reach.HONOURED, "an unknown status as filter is refused"),
  IMAGE_METADATA_GONE(39, Reach.HONOURED, "the image metadata proxy is gone, and its limit"),
  USAGE_PAGING(40, Reach.HONOURED, "usage is paged"),
  AGGREGATE_UUID(41, Reach.HONOURED, "aggregates have UUIDs"),
  DEVICE_TAGS_AGAIN(42, Reach.ELSEWHERE, "devices have tags at boot, as before 2.37"),
  HOSTS_GONE(43, Reach.HONOURED, "os-hosts is gone"),
  ADDRESS_ACTIONS_GONE(
      44, Reach.HONOURED, "actions on addresses and the virtual interfaces are gone"),
  CREATE_IMAGE_BODY(45, Reach.HONOURED, "createImage answers the id in the body"),
  REQUEST_ID(46, Reach.HONOURED, "X-OpenStack-Request-ID in every answer"),
  FLAVOR_EMBEDDED(47, Reach.HONOURED, "a server shows its flavor, not a link to it"),
  DIAGNOSTICS(48, Reach.ELSEWHERE, "diagnostics have one form"),
  ATTACH_TAGS(49, Reach.ELSEWHERE, "devices have tags when attached"),
  QUOTA_CLASSES(50, Reach.HONOURED, "quota classes show server groups"),
  ACTION_EVENTS_FOR_OWNERS(51, Reach.HONOURED, "owners see the events of actions"),
  TAGS_AT_CREATE(52, Reach.HONOURED, "tags may be given when a server is made"),
  UUIDS_OF_SERVICES(
      53, Reach.HONOURED, "services and hypervisors have UUIDs; searches are queries"),
  REBUILD_KEY(54, Reach.ELSEWHERE, "rebuild may change the key"),
  FLAVOR_DESCRIPTION(55, Reach.HONOURED, "flavors have a description"),
  MIGRATE_HOST(56, Reach.HONOURED, "cold migration may name a host"),
  PERSONALITY_GONE(57, Reach.HONOURED, "personality is gone, and its limits"),
  ACTION_PAGING(58, Reach.HONOURED, "actions are paged and show updated_at"),
  MIGRATION_PAGING(59, Reach.HONOURED, "migrations are paged and have UUIDs"),
  MULTIATTACH(60, Reach.ELSEWHERE, "volumes of several servers"),
  FLAVOR_EXTRA_SPECS(61, Reach.HONOURED, "flavors show extra specs"),
  EVENT_HOST(62, Reach.HONOURED, "events show the host"),
  TRUSTED_CERTIFICATES(63, Reach.HONOURED, "servers show trusted image certificates"),
  SERVER_GROUP_POLICY(64, Reach.HONOURED, "server groups have one policy with rules"),
  ABORT_BEFORE_RUNNING(
      65, Reach.HONOURED, "live migrations can be stopped while queued or preparing"),
  CHANGES_BEFORE(66, Reach.HONOURED, "changes-before as a filter"),
  VOLUME_TYPE(67, Reach.ELSEWHERE, "volumes made at boot have a type"),
  FORCE_GONE(68, Reach.HONOURED, "force is gone"),
  DOWN_CELLS(69, Reach.ELSEWHERE, "answers while a cell is down"),
  ATTACHMENT_TAGS(70, Reach.HONOURED, "attachments show tags"),
  SERVER_GROUPS_OF_SERVER(71, Reach.HONOURED, "a server shows its groups"),
  PORT_RESOURCES(72, Reach.ELSEWHERE, "ports with resource requests"),
  LOCKED_REASON(73, Reach.HONOURED, "locks have a reason; lists filter and sort by locked"),
  CREATE_ON_HOST(74, Reach.HONOURED, "a server may be made on a named host"),
  STRICT(75, Reach.HONOURED, "unknown fields and query parameters are refused"),
  POWER_UPDATE_EVENT(76, Reach.ELSEWHERE, "external event power-update"),
  UNSHELVE_ZONE(77, Reach.ELSEWHERE, "unshelve to a zone"),
  TOPOLOGY(78, Reach.ELSEWHERE, "NUMA topology"),
  DELETE_ON_TERMINATION(79, Reach.HONOURED, "attach with delete_on_termination"),
  MIGRATION_USER(80, Reach.HONOURED, "migrations show and filter by user and project"),
  IMAGE_CACHE(81, Reach.ELSEWHERE, "images can be cached on aggregates"),
  ACCELERATOR_EVENT(82, Reach.ELSEWHERE, "external event accelerator-request-bound"),
  FILTERS_FOR_ALL(83, Reach.HONOURED, "tenants may filter servers by more keys"),
  EVENT_DETAILS(84, Reach.HONOURED, "events show details"),
  ATTACHMENT_UPDATE(85, Reach.ELSEWHERE, "attachments can be edited"),
  EXTRA_SPECS_CHECKED(86, Reach.HONOURED, "extra specs are checked when they are set"),
  RESCUE_VOLUME(87, Reach.ELSEWHERE, "rescue of servers that boot from a volume"),
  HYPERVISOR_TRIMMED(
      88, Reach.HONOURED, "hypervisors lose the columns that placement has, and gain uptime"),
  ATTACHMENT_ID(89, Reach.HONOURED, "attachments show their own id"),
  HOSTNAME(90, Reach.HONOURED, "the host name may be given, and everybody sees it"),
  UNSHELVE_HOST(91, Reach.ELSEWHERE, "unshelve to a host"),
  KEYPAIR_GIVEN(92, Reach.HONOURED, "key pairs are no longer generated"),
  REBUILD_VOLUME(93, Reach.ELSEWHERE, "rebuild of servers that boot from a volume"),
  HOSTNAME_QUALIFIED(94, Reach.HONOURED, "the host name may be fully qualified"),
  EVACUATE_STOPPED(95, Reach.HONOURED, "evacuated servers stay stopped"),
  PINNED_ZONE(96, Reach.HONOURED, "a server shows the zone it is pinned to");

  /** Whether a step can be noticed here. */
  public enum Reach {
    HONOURED,
    ELSEWHERE
  }

  private final int minor;
  private final Reach reach;
  private final String what;

  Change(int minor, Reach reach, String what) {
    this.minor = minor;
    this.reach = reach;
    this.what = what;
  }

  /** The {@code N} of 2.N. */
  public int minor() {
    return minor;
  }

  public Reach reach() {
    return reach;
  }

  /** For people: what is different from here on. */
  public String what() {
    return what;
  }

  static Change newest() {
    Change[] all = values();
    return all[all.length - 1];
  }
}
