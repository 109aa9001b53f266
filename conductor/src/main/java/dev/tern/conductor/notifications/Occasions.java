package dev.tern.conductor.notifications;

import dev.tern.conductor.notifications.Occasion.Form;
import dev.tern.contract.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which notifications a change gives, by Nova's names and in Nova's order. A server's task begins
 * and ends with its action; a live migration is told by the events of its action, which know their
 * hosts, and by its status.
 */
final class Occasions {
  /** The action whose work a task is. */
  private static final Map<String, String> ACTIONS =
      Map.ofEntries(
          Map.entry("spawning", "create"),
          Map.entry("powering-on", "power_on"),
          Map.entry("powering-off", "power_off"),
          Map.entry("deleting", "delete"),
          Map.entry("rebooting", "reboot"),
          Map.entry("reboot_pending", "reboot"),
          Map.entry("reboot_started", "reboot"),
          Map.entry("rebooting_hard", "reboot"),
          Map.entry("reboot_pending_hard", "reboot"),
          Map.entry("reboot_started_hard", "reboot"),
          Map.entry("pausing", "pause"),
          Map.entry("unpausing", "unpause"),
          Map.entry("suspending", "suspend"),
          Map.entry("resuming", "resume"),
          Map.entry("rebuild_block_device_mapping", "rebuild"),
          Map.entry("rebuild_spawning", "rebuild"),
          Map.entry("resize_prep", "resize_prep"),
          Map.entry("resize_migrating", "resize"),
          Map.entry("resize_finish", "resize_finish"),
          Map.entry("resize_confirming", "resize_confirm"),
          Map.entry("resize_reverting", "resize_revert"));

  /** Those for which Nova tells of a failure. */
  private static final Set<String> WITH_ERROR = Set.of("create", "reboot", "rebuild", "resize");

  /** By the event of the action. */
  private static final Map<String, String> EVENTS =
      Map.of(
          "compute_pre_live_migration", "live_migration_pre",
          "compute_post_live_migration_at_destination", "live_migration_post_dest",
          "compute_rollback_live_migration_at_destination", "live_migration_rollback_dest",
          "compute_live_migration_abort", "live_migration_abort",
          "compute_live_migration_force_complete", "live_migration_force_complete");

  private static final Set<String> TAKEN_BACK = Set.of("failed", "cancelled", "error");

  /** The guest had arrived by post-copy: nothing was taken back. */
  private static final String MEMORY_LOST = ErrorCode.GUEST_MEMORY_LOST.name();

  private static final String REBUILDING = "rebuilding";
  private static final String COMPUTE = "nova-compute";
  private static final String API = "nova-api";

  private Occasions() {}

  static List<Occasion> of(Change change) {
    return switch (change.cause()) {
      case SERVER -> ofServer(change);
      case EVENT -> ofEvent(change);
      case MIGRATION -> ofMigration(change);
    };
  }

  private static List<Occasion> ofServer(Change change) {
    List<Occasion> all = new ArrayList<>();
    action(Change.text(change.was(), "task_state"))
        .filter(before -> !action(change, "task_state").equals(Optional.of(before)))
        .flatMap(before -> ended(change, before))
        .ifPresent(all::add);
    action(change, "task_state")
        .filter(now -> !action(Change.text(change.was(), "task_state")).equals(Optional.of(now)))
        .ifPresent(now -> all.add(instance(change, now, ".start")));
    if (change.was().isObject() && change.differs("host") && isMoving(change)) {
      all.add(
          at("live_migration_post", ".start", Change.textOr(change.was(), "host", host(change))));
    }
    evacuation(change).ifPresent(all::add);
    boolean locked = Change.text(change.becomes(), "locked_by") != null;
    if (change.was().isObject() && locked != (Change.text(change.was(), "locked_by") != null)) {
      all.add(
          new Occasion(
              "instance." + (locked ? "lock" : "unlock"), Form.ACTION, API, "tern", false));
    }
    all.add(new Occasion("instance.update", Form.UPDATE, COMPUTE, host(change), false));
    return all;
  }

  /** It is asked for, or ends before there is a host for it. */
  private static Optional<Occasion> evacuation(Change change) {
    boolean was = REBUILDING.equals(Change.text(change.was(), "task_state"));
    boolean is = REBUILDING.equals(Change.text(change.becomes(), "task_state"));
    if (is && !was) {
      return Optional.of(new Occasion("instance.evacuate", Form.ACTION, API, "tern", false));
    }
    boolean failed =
        change.differs("fault_at") && Change.text(change.becomes(), "fault_at") != null;
    return was && !is && failed
        ? Optional.of(
            new Occasion(
                "compute_task.rebuild_server.error", Form.TASK, "nova-conductor", "tern", true))
        : Optional.empty();
  }

  private static boolean isMoving(Change change) {
    return "migrating".equals(Change.text(change.becomes(), "task_state"))
        && !change.was().path("host").isNull();
  }

  /** A delete ends only with the server; what failed without a word for that just ends. */
  private static Optional<Occasion> ended(Change change, String action) {
    boolean failed =
        change.differs("fault_at") && Change.text(change.becomes(), "fault_at") != null;
    boolean deleted = "deleted".equals(Change.text(change.becomes(), "vm_state"));
    if (action.equals("delete")) {
      return deleted ? Optional.of(instance(change, action, ".end")) : Optional.empty();
    }
    if (!failed) {
      return Optional.of(instance(change, action, ".end"));
    }
    return WITH_ERROR.contains(action)
        ? Optional.of(instance(change, action, ".error"))
        : Optional.empty();
  }

  private static List<Occasion> ofEvent(Change change) {
    String event = Change.textOr(change.becomes(), "event", "");
    @Nullable String name = EVENTS.get(event);
    boolean began = !change.was().isObject();
    boolean ended =
        Change.text(change.becomes(), "result") != null && (began || change.differs("result"));
    if (name == null || !(began || ended)) {
      return List.of();
    }
    String host = Change.textOr(change.becomes(), "host", host(change));
    List<Occasion> all = new ArrayList<>();
    if (began) {
      if (name.equals("live_migration_rollback_dest")) {
        all.add(at("live_migration_rollback", ".start", host(change)));
      }
      all.add(at(name, ".start", host));
    }
    // Of a part that failed the end is never told; what follows is, its taking back.
    if (ended && "Success".equals(Change.text(change.becomes(), "result"))) {
      all.add(at(name, ".end", host));
    }
    return all;
  }

  private static List<Occasion> ofMigration(Change change) {
    String status = Change.textOr(change.becomes(), "status", "");
    if (status.equals("completed")) {
      return List.of(
          at(
              "live_migration_post",
              ".end",
              Change.textOr(change.becomes(), "source", host(change))));
    }
    boolean lostThere = MEMORY_LOST.equals(Change.text(change.becomes(), "failure_code"));
    if (!TAKEN_BACK.contains(status) || lostThere) {
      return List.of();
    }
    if (Change.text(change.becomes(), "destination") != null) {
      return List.of(at("live_migration_rollback", ".end", host(change)));
    }
    return List.of(
        new Occasion(
            "compute_task.migrate_server.error", Form.TASK, "nova-conductor", "tern", true));
  }

  private static Optional<String> action(Change change, String column) {
    return action(Change.text(change.becomes(), column));
  }

  private static Optional<String> action(@Nullable String task) {
    return Optional.ofNullable(task == null ? null : ACTIONS.get(task));
  }

  private static Occasion instance(Change change, String action, String phase) {
    return new Occasion(
        "instance." + action + phase,
        action.equals("create") ? Form.CREATE : Form.ACTION,
        Objects.equals(Change.text(change.becomes(), "host"), null) ? API : COMPUTE,
        host(change),
        phase.equals(".error"));
  }

  private static Occasion at(String action, String phase, String host) {
    return new Occasion("instance." + action + phase, Form.ACTION, COMPUTE, host, false);
  }

  private static String host(Change change) {
    return Change.textOr(change.server(), "host", "tern");
  }
}
