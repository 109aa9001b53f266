package dev.tern.api.migrations;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Migrations in Nova's two shapes. Who is no admin sees no hosts. */
final class MigrationView {
  static final String LIVE_MIGRATION = "live-migration";
  static final String EVACUATION = "evacuation";
  static final String COLD_MIGRATION = "migration";
  static final String RESIZE = "resize";

  private MigrationView() {}

  /** Nova lists a live migration under its server while it is in one of these. */
  static boolean inProgress(MigrationRecord migration) {
    MigrationStatus status = migration.status();
    return status == MigrationStatus.QUEUED
        || status == MigrationStatus.PREPARING
        || status == MigrationStatus.RUNNING;
  }

  /** As {@code /servers/{id}/migrations} shows it. */
  static ObjectNode ofServer(MigrationRecord migration, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", migration.number())
            .put("status", migration.status().wire())
            .put("server_uuid", migration.server().toString());
    hosts(view, migration.source(), migration.destination().or(migration::requestedHost), request);
    view.put("memory_total_bytes", migration.memoryTotal())
        .put("memory_processed_bytes", migration.memoryProcessed())
        .put("memory_remaining_bytes", migration.memoryRemaining())
        .put("disk_total_bytes", migration.diskTotal())
        .put("disk_processed_bytes", migration.diskProcessed())
        .put("disk_remaining_bytes", migration.diskRemaining());
    dates(view, migration);
    laterFields(view, migration, request);
    return view;
  }

  /** As {@code /os-migrations} lists it. */
  static ObjectNode ofAll(MigrationRecord migration, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", migration.number())
            .put("status", migration.status().wire())
            .put("instance_uuid", migration.server().toString());
    hosts(view, migration.source(), migration.destination().or(migration::requestedHost), request);
    view.putNull("old_instance_type_id").putNull("new_instance_type_id");
    dates(view, migration);
    if (request.has(Change.SERVER_MIGRATIONS)) {
      view.put("migration_type", LIVE_MIGRATION);
      if (inProgress(migration)) {
        view.set(
            "links",
            request
                .links()
                .both("servers/" + migration.server() + "/migrations/" + migration.number()));
      }
    }
    laterFields(view, migration, request);
    return view;
  }

  /** An evacuation, as {@code /os-migrations} lists it. */
  static ObjectNode ofEvacuation(EvacuationRecord evacuation, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", evacuation.number())
            .put("status", evacuation.status().wire())
            .put("instance_uuid", evacuation.server().toString());
    hosts(
        view, evacuation.source(), evacuation.destination().or(evacuation::requestedHost), request);
    view.putNull("old_instance_type_id").putNull("new_instance_type_id");
    view.put("created_at", Dates.micros(evacuation.createdAt()))
        .put("updated_at", Dates.micros(evacuation.updatedAt()));
    if (request.has(Change.SERVER_MIGRATIONS)) {
      view.put("migration_type", EVACUATION);
    }
    if (request.has(Change.MIGRATION_PAGING)) {
      view.put("uuid", evacuation.id().toString());
    }
    if (request.has(Change.MIGRATION_USER)) {
      view.put("user_id", evacuation.user()).put("project_id", evacuation.project());
    }
    return view;
  }

  /** A cold migration or resize, as {@code /os-migrations} lists it. */
  static ObjectNode ofCold(ColdMigrationRecord migration, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", migration.number())
            .put("status", migration.status().wire())
            .put("instance_uuid", migration.server().toString());
    hosts(view, migration.source(), migration.destination().or(migration::requestedHost), request);
    view.putNull("old_instance_type_id").putNull("new_instance_type_id");
    view.put("created_at", Dates.micros(migration.createdAt()))
        .put("updated_at", Dates.micros(migration.updatedAt()));
    if (request.has(Change.SERVER_MIGRATIONS)) {
      view.put("migration_type", migration.resize() ? RESIZE : COLD_MIGRATION);
    }
    if (request.has(Change.MIGRATION_PAGING)) {
      view.put("uuid", migration.id().toString());
    }
    if (request.has(Change.MIGRATION_USER)) {
      view.put("user_id", migration.user()).put("project_id", migration.project());
    }
    return view;
  }

  private static void hosts(
      ObjectNode view, HostName from, Optional<HostName> to, ApiRequest request) {
    Optional<HostName> source = request.admin() ? Optional.of(from) : Optional.empty();
    Optional<HostName> destination = request.admin() ? to : Optional.empty();
    Json.putOrNull(view, "source_compute", source.orElse(null));
    Json.putOrNull(view, "source_node", source.orElse(null));
    Json.putOrNull(view, "dest_compute", destination.orElse(null));
    Json.putOrNull(view, "dest_node", destination.orElse(null));
    view.putNull("dest_host");
  }

  private static void dates(ObjectNode view, MigrationRecord migration) {
    view.put("created_at", Dates.micros(migration.createdAt()))
        .put("updated_at", Dates.micros(migration.updatedAt()));
  }

  private static void laterFields(ObjectNode view, MigrationRecord migration, ApiRequest request) {
    if (request.has(Change.MIGRATION_PAGING)) {
      view.put("uuid", migration.id().toString());
    }
    if (request.has(Change.MIGRATION_USER)) {
      view.put("user_id", migration.user()).put("project_id", migration.project());
    }
  }
}
