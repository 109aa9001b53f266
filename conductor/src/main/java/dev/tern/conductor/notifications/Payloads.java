package dev.tern.conductor.notifications;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The payloads, field by field as Nova's objects of these versions have them: consumers read them
 * by name and version. What Tern has not is there, empty.
 */
final class Payloads {
  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss'Z'").withZone(ZoneOffset.UTC);

  private Payloads() {}

  static Map<String, @Nullable Object> of(Change change, Occasion occasion) {
    return switch (occasion.form()) {
      case ACTION -> object("InstanceActionPayload", "1.9", action(change, occasion));
      case CREATE -> object("InstanceCreatePayload", "1.13", create(change, occasion));
      case UPDATE -> object("InstanceUpdatePayload", "2.1", update(change));
      case TASK -> object("ComputeTaskPayload", "1.0", task(change));
    };
  }

  private static Map<String, @Nullable Object> object(
      String name, String version, Map<String, @Nullable Object> data) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("nova_object.name", name);
    object.put("nova_object.namespace", "nova");
    object.put("nova_object.version", version);
    object.put("nova_object.data", data);
    return object;
  }

  private static Map<String, @Nullable Object> instance(Change change) {
    JsonNode server = change.server();
    String state = Change.text(server, "vm_state");
    @Nullable String ended = time(server, "terminated_at");
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("uuid", Change.text(server, "id"));
    data.put("user_id", Change.text(server, "user_id"));
    data.put("tenant_id", Change.text(server, "project_id"));
    data.put("reservation_id", Change.text(server, "reservation_id"));
    data.put("display_name", Change.text(server, "name"));
    data.put("display_description", Change.text(server, "description"));
    data.put("host_name", Change.text(server, "hostname"));
    data.put("host", Change.text(server, "host"));
    data.put("node", Change.text(server, "host"));
    data.put("os_type", null);
    data.put("architecture", null);
    data.put("availability_zone", Change.text(server, "availability_zone"));
    data.put("flavor", flavor(server));
    data.put("image_uuid", Change.text(server, "image_id"));
    data.put("key_name", Change.text(server, "key_name"));
    data.put("kernel_id", "");
    data.put("ramdisk_id", "");
    data.put("created_at", time(server, "created_at"));
    data.put("launched_at", time(server, "launched_at"));
    data.put("terminated_at", ended);
    data.put("deleted_at", "deleted".equals(state) ? ended : null);
    data.put("updated_at", time(server, "updated_at"));
    data.put("state", state);
    data.put("power_state", power(server.path("power_state").asInt(0)));
    data.put("task_state", Change.text(server, "task_state"));
    data.put("progress", server.path("progress").asInt(0));
    data.put("ip_addresses", List.of());
    data.put("block_devices", List.of());
    data.put("shares", List.of());
    data.put("metadata", embedded(server, "metadata"));
    data.put("locked", Change.text(server, "locked_by") != null);
    data.put("locked_reason", Change.text(server, "locked_reason"));
    data.put("auto_disk_config", Change.textOr(server, "disk_config", "MANUAL"));
    data.put("request_id", Change.text(change.action(), "request"));
    data.put("action_initiator_user", Change.text(change.action(), "user_id"));
    data.put("action_initiator_project", Change.text(change.action(), "project_id"));
    return data;
  }

  private static Map<String, @Nullable Object> action(Change change, Occasion occasion) {
    Map<String, @Nullable Object> data = instance(change);
    data.put("fault", occasion.error() ? fault(change.server()) : null);
    return data;
  }

  private static Map<String, @Nullable Object> create(Change change, Occasion occasion) {
    Map<String, @Nullable Object> data = action(change, occasion);
    data.put("keypairs", List.of());
    data.put("tags", tags(change.server()));
    data.put("trusted_image_certificates", null);
    data.put("instance_name", "instance-%.8s".formatted(Change.textOr(change.server(), "id", "")));
    return data;
  }

  private static Map<String, @Nullable Object> update(Change change) {
    boolean existed = change.was().isObject();
    Map<String, @Nullable Object> data = instance(change);
    Map<String, @Nullable Object> states = new LinkedHashMap<>();
    states.put("old_state", Change.text(change.was(), "vm_state"));
    states.put("state", Change.text(change.becomes(), "vm_state"));
    states.put("old_task_state", Change.text(change.was(), "task_state"));
    states.put("new_task_state", Change.text(change.becomes(), "task_state"));
    data.put("state_update", object("InstanceStateUpdatePayload", "1.0", states));
    data.put("audit_period", object("AuditPeriodPayload", "1.0", month(change.at())));
    data.put(
        "old_display_name",
        existed && change.differs("name") ? Change.text(change.was(), "name") : null);
    data.put("tags", tags(change.server()));
    return data;
  }

  /** From the first of the month, as Nova's usual period is, to now. */
  private static Map<String, @Nullable Object> month(Instant now) {
    Map<String, @Nullable Object> period = new LinkedHashMap<>();
    Instant first =
        now.atOffset(ZoneOffset.UTC)
            .with(TemporalAdjusters.firstDayOfMonth())
            .truncatedTo(ChronoUnit.DAYS)
            .toInstant();
    period.put("audit_period_beginning", SECONDS.format(first));
    period.put("audit_period_ending", SECONDS.format(now));
    return period;
  }

  private static Map<String, @Nullable Object> task(Change change) {
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("instance_uuid", Change.text(change.server(), "id"));
    data.put("request_spec", null);
    data.put("state", Change.text(change.server(), "vm_state"));
    data.put(
        "reason",
        exception(
            told(change, "failure_code", "fault_code", "UNKNOWN"),
            told(change, "failure_message", "fault_message", "")));
    return data;
  }

  /** Of a migration its own; of an evacuation that found no host, the server's. */
  private static String told(Change change, String column, String fault, String otherwise) {
    return Change.textOr(
        change.becomes(), column, Change.textOr(change.becomes(), fault, otherwise));
  }

  private static @Nullable Map<String, @Nullable Object> fault(JsonNode server) {
    String code = Change.text(server, "fault_code");
    return code == null ? null : exception(code, Change.textOr(server, "fault_message", ""));
  }

  private static Map<String, @Nullable Object> exception(String code, String message) {
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("module_name", "tern");
    data.put("function_name", "");
    data.put("exception", code);
    data.put("exception_message", message);
    data.put("traceback", "");
    return object("ExceptionPayload", "1.1", data);
  }

  private static Map<String, @Nullable Object> flavor(JsonNode server) {
    JsonNode flavor = MAPPER.readTree(Change.textOr(server, "flavor", "{}"));
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("flavorid", Change.text(flavor, "id"));
    data.put("name", Change.text(flavor, "name"));
    data.put("memory_mb", flavor.path("memoryMib").asLong(0));
    data.put("vcpus", flavor.path("vcpus").asInt(0));
    data.put("root_gb", flavor.path("diskGib").asLong(0));
    data.put("ephemeral_gb", flavor.path("ephemeralGib").asLong(0));
    data.put("swap", flavor.path("swapMib").asLong(0));
    data.put("rxtx_factor", 1.0);
    data.put("vcpu_weight", 0);
    data.put("disabled", false);
    data.put("is_public", flavor.path("isPublic").asBoolean(true));
    data.put(
        "extra_specs", flavor.path("extraSpecs").isObject() ? flavor.path("extraSpecs") : Map.of());
    data.put("projects", null);
    data.put("description", Change.text(flavor, "description"));
    return object("FlavorPayload", "1.4", data);
  }

  private static Object tags(JsonNode server) {
    return server.path("tags").isArray() ? server.path("tags") : List.of();
  }

  private static Object embedded(JsonNode row, String column) {
    return MAPPER.readTree(Change.textOr(row, column, "{}"));
  }

  private static @Nullable String time(JsonNode row, String column) {
    String value = Change.text(row, column);
    return value == null ? null : SECONDS.format(OffsetDateTime.parse(value));
  }

  private static String power(int number) {
    return switch (number) {
      case 1 -> "running";
      case 3 -> "paused";
      case 4 -> "shutdown";
      case 6 -> "crashed";
      case 7 -> "suspended";
      default -> "pending";
    };
  }
}
