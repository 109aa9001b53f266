package dev.tern.api.images;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.store.ImageStore.ImageRecord;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/** Images in Glance's shape. */
final class ImageView {
  private ImageView() {}

  static ObjectNode of(ImageRecord image) {
    ObjectNode view = Json.object();
    image.properties().forEach(view::put);
    String path = "/v2/images/" + image.id();
    view.put("id", image.id().toString())
        .put("name", image.name())
        .put("status", image.status().name().toLowerCase(Locale.ROOT))
        .put("disk_format", image.diskFormat())
        .put("container_format", image.containerFormat())
        .put("visibility", image.visibility())
        .put("owner", image.owner())
        .put("min_disk", image.minDiskGib())
        .put("min_ram", image.minRamMib())
        .put("protected", image.isProtected())
        .put("os_hidden", false)
        .put("size", image.sizeBytes().orElse(null))
        .put("virtual_size", image.virtualBytes().orElse(null));
    Json.putOrNull(view, "checksum", image.md5().orElse(null));
    Json.putOrNull(view, "os_hash_algo", image.sha256().isPresent() ? "sha256" : null);
    Json.putOrNull(view, "os_hash_value", image.sha256().orElse(null));
    view.put("created_at", Dates.seconds(image.createdAt()))
        .put("updated_at", Dates.seconds(image.updatedAt()));
    view.putArray("tags");
    return view.put("self", path).put("file", path + "/file").put("schema", "/v2/schemas/image");
  }
}
