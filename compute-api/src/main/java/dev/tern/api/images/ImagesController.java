package dev.tern.api.images;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.api.version.Offered;
import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /image/v2/images}. Also at {@code /v2.1/images}, as long as Nova had something there: a
 * client without a catalogue knows one endpoint, and looks for every service at it.
 */
@RestController
final class ImagesController {
  private static final Set<String> NO_FILTER =
      Set.of("limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "os_hidden");

  private final ImageStore images;
  private final ImageFiles files;
  private final ImageUpload upload;
  private final Supplier<UUID> newIds;
  private final Clock clock;

  ImagesController(
      ImageStore images, ImageFiles files, ImageUpload upload, Supplier<UUID> newIds, Clock clock) {
    this.images = images;
    this.files = files;
    this.upload = upload;
    this.newIds = newIds;
    this.clock = clock;
  }

  @GetMapping({"/image", "/image/", "/image/versions"})
  ResponseEntity<JsonNode> versions(ApiRequest request) {
    ObjectNode version = Json.object().put("id", "v2.9").put("status", "CURRENT");
    version
        .putArray("links")
        .addObject()
        .put("rel", "self")
        .put("href", request.base() + "/image/v2/");
    return Json.ok("versions", Json.array().add(version));
  }

  @GetMapping("/image/v2/schemas/image")
  ResponseEntity<JsonNode> schema(ApiRequest request) {
    request.caller().require(Role.READER, "images:get_image");
    return Json.ok(ImageSchema.one());
  }

  @GetMapping("/image/v2/schemas/images")
  ResponseEntity<JsonNode> schemaOfList(ApiRequest request) {
    request.caller().require(Role.READER, "images:get_images");
    return Json.ok(ImageSchema.list());
  }

  @Offered(to = 35)
  @GetMapping({"/image/v2/images", "/v2.1/images"})
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.READER, "images:get_images");
    Page page = request.page();
    List<ImageRecord> found =
        page.limit() == 0 || request.query().flag("os_hidden")
            ? List.of()
            : search(page, filter(request));
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("images");
    found.forEach(image -> items.add(ImageView.of(image)));
    body.put("first", "/v2/images").put("schema", "/v2/schemas/images");
    if (!found.isEmpty() && found.size() == page.limit()) {
      body.put(
          "next", "/v2/images?limit=%d&marker=%s".formatted(page.limit(), found.getLast().id()));
    }
    return Json.ok(body);
  }

  private List<ImageRecord> search(Page page, Predicate<ImageRecord> filter) {
    Optional<ImageId> marker = page.marker().map(this::marker);
    List<ImageRecord> found = new ArrayList<>();
    while (true) {
      List<ImageRecord> next = images.list(marker, page.limit());
      next.stream().filter(filter).limit(page.limit() - found.size()).forEach(found::add);
      if (next.size() < page.limit() || found.size() >= page.limit()) {
        return found;
      }
      marker = Optional.of(next.getLast().id());
    }
  }

  private ImageId marker(String text) {
    return parse(text)
        .flatMap(images::find)
        .map(ImageRecord::id)
        .orElseThrow(() -> Refusals.noMarker(text));
  }

  private static Predicate<ImageRecord> filter(ApiRequest request) {
    Predicate<ImageRecord> all = image -> visible(image, request);
    for (String name : request.query().names()) {
      if (!NO_FILTER.contains(name)) {
        String wanted = request.query().one(name).orElse("");
        String plain = wanted.startsWith("in:") ? wanted.substring(3) : wanted;
        List<String> any =
            wanted.startsWith("in:") ? List.of(plain.split(",", -1)) : List.of(plain);
        all = all.and(image -> any.contains(value(image, name)));
      }
    }
    return all;
  }

  private static String value(ImageRecord image, String name) {
    JsonNode value = ImageView.of(image).get(name);
    if (value == null || value.isNull()) {
      return "";
    }
    return value.isString() ? value.stringValue() : value.toString();
  }

  @Offered(to = 35)
  @PostMapping({"/image/v2/images", "/v2.1/images"})
  ResponseEntity<JsonNode> create(ApiRequest request, JsonBody body) {
    request.caller().require(Role.MEMBER, "images:add_image");
    ImageRecord asked = NewImage.read(body, request, newIds.get(), clock.instant());
    return request.once(() -> {
      ImageRecord image = images.create(asked);
      return ResponseEntity.status(201)
          .contentType(MediaType.APPLICATION_JSON)
          .header(HttpHeaders.LOCATION, request.base() + "/image/v2/images/" + image.id())
          .body(ImageView.of(image));
    });
  }

  @Offered(to = 35)
  @GetMapping({"/image/v2/images/{id}", "/v2.1/images/{id}"})
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    return Json.ok(ImageView.of(find(id, request)));
  }

  @Offered(to = 35)
  @PutMapping({"/image/v2/images/{id}/file", "/v2.1/images/{id}/file"})
  ResponseEntity<JsonNode> upload(
      @PathVariable String id, ApiRequest request, HttpServletRequest http) throws IOException {
    ImageRecord image = owned(id, request);
    String type = http.getContentType();
    if (type == null || !type.startsWith("application/octet-stream")) {
      throw new HttpFailure(415, "The content of an image is application/octet-stream.");
    }
    try (InputStream in = http.getInputStream()) {
      upload.take(image, in);
    }
    return Json.empty(204);
  }

  @Offered(to = 35)
  @GetMapping({"/image/v2/images/{id}/file", "/v2.1/images/{id}/file"})
  void download(@PathVariable String id, ApiRequest request, HttpServletResponse response)
      throws IOException {
    ImageRecord image = find(id, request);
    if (image.status() != ImageStatus.ACTIVE) {
      response.setStatus(204);
      return;
    }
    try (InputStream in = files.open(image.id())) {
      response.setContentType("application/octet-stream");
      image.sizeBytes().ifPresent(response::setContentLengthLong);
      image.md5().ifPresent(md5 -> response.setHeader("Content-MD5", md5));
      in.transferTo(response.getOutputStream());
    }
  }

  @Offered(to = 35)
  @DeleteMapping({"/image/v2/images/{id}", "/v2.1/images/{id}"})
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) throws IOException {
    ImageRecord image = owned(id, request);
    if (image.isProtected()) {
      throw Refusals.forbidden(
          "images:delete_image: image %s is protected and can not".formatted(image.id()));
    }
    images.delete(image.id());
    files.delete(image.id());
    return Json.empty(204);
  }

  private ImageRecord find(String id, ApiRequest request) {
    request.caller().require(Role.READER, "images:get_image");
    return parse(id)
        .flatMap(images::find)
        .filter(image -> visible(image, request))
        .orElseThrow(() -> Refusals.noImage(id));
  }

  private ImageRecord owned(String id, ApiRequest request) {
    ImageRecord image = find(id, request);
    if (!request.caller().mayEnter(image.owner())) {
      throw Refusals.forbidden("images:modify_image");
    }
    request.caller().require(Role.MEMBER, "images:modify_image");
    return image;
  }

  private static boolean visible(ImageRecord image, ApiRequest request) {
    return image.visibility().equals("public")
        || image.visibility().equals("community")
        || request.caller().mayEnter(image.owner());
  }

  private static Optional<ImageId> parse(String text) {
    try {
      return Optional.of(ImageId.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
