package dev.tern.conductor.notifications;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.NotificationStore;
import dev.tern.store.NotificationStore.Cause;
import dev.tern.store.NotificationStore.Noted;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A notification")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NotifierTest {
  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00.123456Z");

  private final FakeStore store = new FakeStore();
  private final List<Notifier.Message> told = new ArrayList<>();
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private boolean brokerTakes = true;

  /** One reader: what it took and did not tell is not given again. */
  private static final class FakeStore implements NotificationStore {
    private final List<Noted> waiting = new ArrayList<>();
    private final List<Noted> taken = new ArrayList<>();

    @Override
    public List<Noted> take(int limit, Duration hold) {
      if (!taken.isEmpty()) {
        return List.of();
      }
      taken.addAll(waiting.subList(0, Math.min(limit, waiting.size())));
      return List.copyOf(taken);
    }

    @Override
    public void told(List<Long> numbers) {
      waiting.removeIf(each -> numbers.contains(each.number()));
      taken.removeIf(each -> numbers.contains(each.number()));
    }

    @Override
    public int forget(Duration age) {
      int before = waiting.size();
      waiting.removeIf(each -> each.at().isBefore(NOW.minus(age)));
      return before - waiting.size();
    }

    @Override
    public long waiting() {
      return waiting.size();
    }
  }

  private void round(boolean enabled) throws InterruptedException {
    NotificationSettings settings =
        new NotificationSettings(
            enabled,
            "nova",
            true,
            "versioned_notifications",
            Duration.ofSeconds(1),
            2,
            Duration.ofHours(24));
    new Notifier(
            store,
            some -> {
              if (brokerTakes) {
                told.addAll(some);
              }
              return brokerTakes;
            },
            settings,
            metrics)
        .round();
  }

  private static JsonNode open(Notifier.Message message) {
    return MAPPER.readTree(MAPPER.readTree(message.body()).path("oslo.message").asString());
  }

  private List<String> types() {
    return told.stream().map(each -> open(each).path("event_type").asString()).toList();
  }

  private static Map<String, @Nullable Object> row(@Nullable Object... pairs) {
    Map<String, @Nullable Object> row = new HashMap<>();
    row.put("id", "11111111-2222-3333-4444-555555555555");
    row.put("name", "guest");
    row.put("vm_state", "active");
    row.put("task_state", null);
    row.put("power_state", 1);
    row.put("host", "h1");
    row.put("flavor", "{\"id\":\"f\",\"name\":\"tiny\",\"memoryMib\":64,\"vcpus\":1}");
    row.put("metadata", "{\"k\":\"v\"}");
    row.put("created_at", "2026-11-22T09:00:00.5+00:00");
    for (int i = 0; i < pairs.length; i += 2) {
      row.put(String.valueOf(pairs[i]), pairs[i + 1]);
    }
    return row;
  }

  private void noted(
      Cause cause,
      @Nullable Map<String, @Nullable Object> was,
      Map<String, @Nullable Object> becomes,
      Map<String, @Nullable Object> server) {
    store.waiting.add(
        new Noted(
            store.waiting.size() + 1,
            cause,
            NOW,
            Optional.ofNullable(was).map(MAPPER::writeValueAsString),
            MAPPER.writeValueAsString(becomes),
            MAPPER.writeValueAsString(server),
            Optional.of("{\"request\":\"req-1\",\"user_id\":\"u\",\"project_id\":\"p\"}")));
  }

  static Stream<Arguments> transitions() {
    return Stream.of(
        Arguments.of("scheduling/building", "spawning/building", "instance.create.start"),
        Arguments.of("spawning/building", "-/active", "instance.create.end"),
        Arguments.of("spawning/building", "-/error!", "instance.create.error"),
        Arguments.of("-/active", "powering-off/active", "instance.power_off.start"),
        Arguments.of("powering-off/active", "-/stopped", "instance.power_off.end"),
        Arguments.of("powering-off/active", "-/error!", ""),
        Arguments.of("-/stopped", "powering-on/stopped", "instance.power_on.start"),
        Arguments.of("powering-on/stopped", "-/active", "instance.power_on.end"),
        Arguments.of("-/active", "rebooting_hard/active", "instance.reboot.start"),
        Arguments.of("rebooting_hard/active", "-/error!", "instance.reboot.error"),
        Arguments.of("-/active", "pausing/active", "instance.pause.start"),
        Arguments.of("pausing/active", "-/paused", "instance.pause.end"),
        Arguments.of("unpausing/paused", "-/active", "instance.unpause.end"),
        Arguments.of("-/active", "suspending/active", "instance.suspend.start"),
        Arguments.of("resuming/suspended", "-/active", "instance.resume.end"),
        Arguments.of("-/active", "deleting/active", "instance.delete.start"),
        Arguments.of("deleting/active", "-/deleted", "instance.delete.end"),
        Arguments.of("deleting/active", "-/error!", ""),
        Arguments.of(
            "powering-off/active",
            "deleting/active",
            "instance.power_off.end instance.delete.start"),
        Arguments.of("-/active", "migrating/active", ""),
        Arguments.of("migrating/active", "-/active", ""));
  }

  /** Task and state, and {@code !} for a fault that is new. */
  private static Map<String, @Nullable Object> state(String text) {
    String[] parts = text.replace("!", "").split("/", -1);
    return row(
        "task_state", parts[0].equals("-") ? null : parts[0],
        "vm_state", parts[1],
        "fault_code", text.endsWith("!") ? "HYPERVISOR_FAILED" : null,
        "fault_message", text.endsWith("!") ? "it broke" : null,
        "fault_at", text.endsWith("!") ? "2026-11-22T10:00:00+00:00" : null);
  }

  @ParameterizedTest
  @MethodSource("transitions")
  void tells_what_a_server_begins_and_ends(String was, String becomes, String events)
      throws InterruptedException {
    noted(Cause.SERVER, state(was), state(becomes), state(becomes));

    round(true);

    assertThat(String.join(" ", types())).isEqualTo((events + " instance.update").strip());
    assertThat(told)
        .allSatisfy(each ->
            assertThat(each.priority())
                .isEqualTo(each.body().contains(".error") ? "error" : "info"));
  }

  @Test
  void tells_that_a_server_is_locked_and_unlocked() throws InterruptedException {
    Map<String, @Nullable Object> locked =
        row("locked_by", "OWNER", "locked_reason", "keep", "tags", List.of("one"));
    noted(Cause.SERVER, row("locked_by", null), locked, locked);
    noted(Cause.SERVER, locked, row("locked_by", "ADMIN"), row("locked_by", "ADMIN"));
    noted(Cause.SERVER, locked, row("locked_by", null), row("locked_by", null));

    round(true);

    assertThat(types())
        .containsExactly(
            "instance.lock",
            "instance.update",
            "instance.update",
            "instance.unlock",
            "instance.update");
    JsonNode data = open(told.get(1)).path("payload").path("nova_object.data");
    assertThat(data.path("locked").asBoolean()).isTrue();
    assertThat(data.path("locked_reason").asString()).isEqualTo("keep");
    assertThat(data.path("tags").toString()).isEqualTo("[\"one\"]");
  }

  @Test
  void tells_of_an_evacuation_and_what_it_is_made_of() throws InterruptedException {
    noted(Cause.SERVER, state("-/active"), state("rebuilding/active"), state("rebuilding/active"));
    noted(
        Cause.SERVER,
        state("rebuilding/active"),
        state("rebuild_spawning/active"),
        state("rebuild_spawning/active"));
    noted(Cause.SERVER, state("rebuild_spawning/active"), state("-/active"), state("-/active"));

    round(true);

    assertThat(types())
        .containsExactly(
            "instance.evacuate",
            "instance.update",
            "instance.rebuild.start",
            "instance.update",
            "instance.rebuild.end",
            "instance.update");
  }

  @Test
  void tells_of_an_evacuation_that_finds_no_host() throws InterruptedException {
    noted(Cause.SERVER, state("rebuilding/active"), state("-/error!"), state("-/error!"));

    round(true);

    assertThat(types()).containsExactly("compute_task.rebuild_server.error", "instance.update");
    JsonNode data = open(told.getFirst()).path("payload").path("nova_object.data");
    assertThat(data.path("reason").path("nova_object.data").path("exception").asString())
        .isNotEqualTo("UNKNOWN");
  }

  @Test
  void names_both_states_in_an_update() throws InterruptedException {
    noted(
        Cause.SERVER,
        state("pausing/active"),
        row("vm_state", "paused", "name", "other"),
        row("vm_state", "paused", "name", "other"));

    round(true);

    JsonNode update = open(told.getLast()).path("payload");
    assertThat(update.path("nova_object.name").asString()).isEqualTo("InstanceUpdatePayload");
    JsonNode data = update.path("nova_object.data");
    JsonNode states = data.path("state_update").path("nova_object.data");
    assertThat(states.path("old_state").asString()).isEqualTo("active");
    assertThat(states.path("state").asString()).isEqualTo("paused");
    assertThat(states.path("old_task_state").asString()).isEqualTo("pausing");
    assertThat(states.path("new_task_state").isNull()).isTrue();
    assertThat(data.path("old_display_name").asString()).isEqualTo("guest");
    assertThat(data.path("audit_period").path("nova_object.data").toString())
        .contains("2026-11-01T00:00:00Z", "2026-11-22T10:00:00Z");
  }

  @Test
  void has_the_fields_of_its_version_and_no_other() throws InterruptedException {
    noted(Cause.SERVER, state("spawning/building"), state("-/error!"), state("-/error!"));

    round(true);

    JsonNode message = open(told.getFirst());
    assertThat(message.propertyNames())
        .containsExactlyInAnyOrder(
            "message_id", "publisher_id", "event_type", "priority", "timestamp", "payload");
    assertThat(message.path("publisher_id").asString()).isEqualTo("nova-compute:h1");
    assertThat(message.path("timestamp").asString()).isEqualTo("2026-11-22 10:00:00.123456");
    JsonNode payload = message.path("payload");
    assertThat(payload.path("nova_object.name").asString()).isEqualTo("InstanceCreatePayload");
    assertThat(payload.path("nova_object.version").asString()).isEqualTo("1.13");
    JsonNode data = payload.path("nova_object.data");
    assertThat(data.propertyNames())
        .containsExactlyInAnyOrder(
            ("uuid user_id tenant_id reservation_id display_name display_description host_name host"
                    + " node os_type architecture availability_zone flavor image_uuid key_name"
                    + " kernel_id ramdisk_id created_at launched_at terminated_at deleted_at"
                    + " updated_at state power_state task_state progress ip_addresses block_devices"
                    + " shares metadata locked locked_reason auto_disk_config request_id"
                    + " action_initiator_user action_initiator_project fault keypairs tags"
                    + " trusted_image_certificates instance_name")
                .split(" "));
    assertThat(data.path("created_at").asString()).isEqualTo("2026-11-22T09:00:00Z");
    assertThat(data.path("metadata").path("k").asString()).isEqualTo("v");
    assertThat(data.path("request_id").asString()).isEqualTo("req-1");
    assertThat(data.path("fault").path("nova_object.data").path("exception_message").asString())
        .isEqualTo("it broke");
    assertThat(data.path("flavor").path("nova_object.data").path("memory_mb").asInt())
        .isEqualTo(64);
  }

  @Test
  void tells_the_parts_of_a_migration_with_their_hosts() throws InterruptedException {
    Map<String, @Nullable Object> event = new HashMap<>();
    event.put("event", "compute_pre_live_migration");
    event.put("host", "h2");
    event.put("result", null);
    Map<String, @Nullable Object> ended = new HashMap<>(event);
    ended.put("result", "Success");
    noted(Cause.EVENT, null, event, row());
    noted(Cause.EVENT, event, ended, row());
    event.put("event", "compute_rollback_live_migration_at_destination");
    noted(Cause.EVENT, null, event, row());
    ended.put("event", "compute_live_migration_abort");
    ended.put("result", "Error");
    noted(Cause.EVENT, event, ended, row());
    Map<String, @Nullable Object> failed = new HashMap<>();
    failed.put("status", "failed");
    failed.put("source", "h1");
    failed.put("destination", "h2");
    noted(Cause.MIGRATION, Map.of("status", "running"), failed, row());
    Map<String, @Nullable Object> refused = new HashMap<>(failed);
    refused.put("status", "error");
    refused.put("destination", null);
    refused.put("failure_message", "no host");
    noted(Cause.MIGRATION, Map.of("status", "accepted"), refused, row());

    round(true);

    assertThat(told)
        .extracting(each ->
            open(each).path("event_type").asString()
                + " "
                + open(each).path("publisher_id").asString())
        .containsExactly(
            "instance.live_migration_pre.start nova-compute:h2",
            "instance.live_migration_pre.end nova-compute:h2",
            "instance.live_migration_rollback.start nova-compute:h1",
            "instance.live_migration_rollback_dest.start nova-compute:h2",
            "instance.live_migration_rollback.end nova-compute:h1",
            "compute_task.migrate_server.error nova-conductor:tern");
    assertThat(told.getLast().priority()).isEqualTo("error");
    assertThat(open(told.getLast()).toString()).contains("no host");
  }

  @Test
  void is_told_again_with_the_same_id_when_the_broker_did_not_take_it()
      throws InterruptedException {
    noted(Cause.SERVER, null, state("scheduling/building"), state("scheduling/building"));
    brokerTakes = false;
    round(true);
    assertThat(store.waiting).hasSize(1);
    store.taken.clear();
    brokerTakes = true;
    round(true);
    String first = told.getFirst().id();
    noted(Cause.SERVER, null, state("scheduling/building"), state("scheduling/building"));
    round(true);
    assertThat(told.getLast().id()).isEqualTo(first);
    assertThat(store.waiting).isEmpty();
  }

  @Test
  void that_cannot_be_read_hinders_no_other() throws InterruptedException {
    store.waiting.add(
        new Noted(77, Cause.SERVER, NOW, Optional.empty(), "{", "{}", Optional.empty()));
    noted(Cause.SERVER, null, state("-/active"), state("-/active"));

    round(true);

    assertThat(types()).containsExactly("instance.update");
    assertThat(store.waiting).isEmpty();
    assertThat(metrics.counter("tern.notifications.unreadable").count()).isEqualTo(1);
  }

  @Test
  void is_not_told_where_that_is_off_and_does_not_pile_up() throws InterruptedException {
    for (int i = 0; i < 5; i++) {
      noted(Cause.SERVER, null, state("-/active"), state("-/active"));
    }
    round(false);
    assertThat(told).isEmpty();
    assertThat(store.waiting).isEmpty();
  }

  @Test
  void is_forgotten_when_nobody_took_it_for_too_long() throws InterruptedException {
    store.waiting.add(
        new Noted(
            1,
            Cause.SERVER,
            NOW.minus(Duration.ofHours(25)),
            Optional.empty(),
            "{}",
            "{}",
            Optional.empty()));
    round(true);
    assertThat(told).isEmpty();
    assertThat(metrics.counter("tern.notifications.forgotten").count()).isEqualTo(1);
  }
}
