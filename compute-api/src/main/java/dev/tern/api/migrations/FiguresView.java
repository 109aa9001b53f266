package dev.tern.api.migrations;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.MoveDetail;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationFigures.Foreseen;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.PauseParts;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * How far a migration is, what was foreseen of it and what was measured; {@code
 * docs/live-migration.md} says how to read it. What is not known is null.
 */
final class FiguresView {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double MILLIS = 1e3;
  private static final double PERMILLE_PER_PERCENT = 10;
  private static final double PERCENT = 100;

  private FiguresView() {}

  /**
   * @param total from the request to the end, or until now
   */
  static void add(ObjectNode view, MigrationRecord migration, Duration total) {
    MigrationFigures figures = migration.figures();
    view.set("plan", orNull(figures.disks().map(DisksBody::view)));
    view.set("moved", moved(migration, figures));
    view.set("progress", progress(figures, migration.status().terminal()));
    view.set("pause", orNull(figures.pause().map(FiguresView::pause)));
    ObjectNode foreseen = view.putObject("foreseen");
    foreseen.set("at_plan", orNull(figures.planned().map(FiguresView::foreseen)));
    foreseen.set("before_switchover", orNull(figures.last().map(FiguresView::foreseen)));
    ObjectNode measured = view.putObject("measured");
    measured.put("total_seconds", total.toMillis() / MILLIS);
    part(measured, "pause_millis", migration.pause());
    measured.put(
        "slowdown_percent",
        total.isPositive() ? PERCENT * figures.throttled().toNanos() / total.toNanos() : 0);
  }

  /** What was sent, in the parts it consists of; they add up to disks and memory. */
  private static ObjectNode moved(MigrationRecord migration, MigrationFigures figures) {
    long base =
        Math.min(
            migration.diskProcessed(), figures.detail().flatMap(MoveDetail::layerBytes).orElse(0L));
    return Json.object()
        .put("base_bytes", base)
        .put("overlay_bytes", migration.diskProcessed() - base)
        .put("memory_bytes", migration.memoryProcessed());
  }

  private static ObjectNode progress(MigrationFigures figures, boolean ended) {
    ObjectNode view = Json.object().put("percent", figures.permille() / PERMILLE_PER_PERCENT);
    var disks = view.putArray("disks");
    @Nullable MoveDetail detail = figures.detail().orElse(null);
    if (detail == null) {
      view.putNull("memory").putNull("told_at").putNull("left_seconds");
      return view.put("left_unknown", "nothing moves yet").putNull("pause_millis");
    }
    for (MoveDetail.DiskProgress disk : detail.disks()) {
      disks
          .addObject()
          .put("disk", disk.disk())
          .put("offset_bytes", disk.offset())
          .put("length_bytes", disk.length())
          .put("limit_bytes_per_second", disk.bytesPerSecond())
          .put("ready", disk.ready());
    }
    view.putObject("memory")
        .put("passes", detail.memory().passes())
        .put("bytes_per_second", detail.memory().bytesPerSecond())
        .put("dirty_bytes_per_second", detail.memory().dirtyBytesPerSecond())
        .put("throttle_percent", detail.memory().throttlePercent());
    view.put("told_at", Dates.micros(detail.at()));
    return forecast(view, ended ? Forecast.unknown("the migration has ended") : detail.forecast());
  }

  private static ObjectNode forecast(ObjectNode view, Forecast forecast) {
    view.set("left_seconds", orNull(forecast.left().map(left -> span(left, Duration.ZERO))));
    Json.putOrNull(view, "left_unknown", forecast.left().isPresent() ? null : forecast.reason());
    part(view, "pause_millis", forecast.pause());
    return view;
  }

  /** Of the whole migration: what had passed when the forecast was made, and what was left. */
  private static ObjectNode foreseen(Foreseen foreseen) {
    Forecast forecast = foreseen.forecast();
    ObjectNode view = Json.object().put("made_after_seconds", seconds(foreseen.after()));
    view.set("total_seconds", orNull(forecast.left().map(left -> span(left, foreseen.after()))));
    Json.putOrNull(view, "unknown", forecast.left().isPresent() ? null : forecast.reason());
    Json.putOrNull(view, "basis", forecast.basis().orElse(null));
    part(view, "pause_millis", forecast.pause());
    return view;
  }

  private static ObjectNode span(Span span, Duration before) {
    return Json.object()
        .put("low", seconds(span.low().plus(before)))
        .put("expected", seconds(span.expected().plus(before)))
        .put("high", seconds(span.high().plus(before)));
  }

  private static ObjectNode pause(PauseParts parts) {
    ObjectNode view = Json.object();
    part(view, "total_millis", parts.total());
    part(view, "stop_millis", parts.stop());
    part(view, "mirror_drain_millis", parts.mirrorDrain());
    part(view, "device_state_millis", parts.deviceState());
    part(view, "start_millis", parts.start());
    Json.putOrNull(view, "unknown", parts.unknown().orElse(null));
    return view;
  }

  private static void part(ObjectNode view, String name, Optional<Duration> length) {
    if (length.isPresent()) {
      view.put(name, millis(length.get()));
    } else {
      view.putNull(name);
    }
  }

  private static JsonNode orNull(Optional<ObjectNode> view) {
    return view.<JsonNode>map(there -> there).orElseGet(JsonNodeFactory.instance::nullNode);
  }

  private static double millis(Duration length) {
    return length.toNanos() / NANOS_PER_MILLI;
  }

  private static double seconds(Duration length) {
    return length.toMillis() / MILLIS;
  }
}
