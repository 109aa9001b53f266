package dev.tern.api.disks;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.DiskCopyStore.CopyRecord;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/** A copy as clients read it. */
final class CopyView {
  private CopyView() {}

  static ObjectNode of(CopyRecord copy, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", copy.id().toString())
            .put("server", copy.server().toString())
            .put("disk", copy.order().disk())
            .put("purpose", word(copy.purpose()))
            .put("status", word(copy.status()))
            .put("mode", copy.order().shallow() ? "shallow" : "full")
            .put("resumable", copy.order().resumable());
    Json.putOrNull(view, "then", copy.wish().map(CopyView::word).orElse(null));
    view.put("total_bytes", copy.total())
        .put("copied_bytes", copy.copied())
        .put("bytes_per_second", copy.rate())
        .put("ready", ready(copy));
    if (copy.bytesPerSecond() == 0) {
      view.putNull("bandwidth");
    } else {
      view.put("bandwidth", copy.bytesPerSecond());
    }
    if (request.admin()) {
      Json.putOrNull(view, "target", copy.order().export().map(NbdExport::uri).orElse(null));
      Json.putOrNull(view, "storage", copy.order().storage().orElse(null));
      Json.putOrNull(view, "file", copy.file().orElse(null));
    }
    Json.putOrNull(view, "image", copy.image().orElse(null));
    Json.putOrNull(view, "layer", copy.layer().orElse(null));
    copy.failure()
        .ifPresentOrElse(
            failure ->
                view.putObject("failure")
                    .put("code", failure.code().novaName())
                    .put("message", failure.message()),
            () -> view.putNull("failure"));
    view.put("created_at", Dates.micros(copy.createdAt()))
        .put("updated_at", Dates.micros(copy.updatedAt()));
    Json.putOrNull(view, "ended_at", copy.endedAt().map(Dates::micros).orElse(null));
    return view;
  }

  private static boolean ready(CopyRecord copy) {
    return switch (copy.status()) {
      case ACCEPTED, COPYING, CANCELLED, FAILED -> false;
      case READY, ENDING, PIVOTED, FINISHED -> true;
    };
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
