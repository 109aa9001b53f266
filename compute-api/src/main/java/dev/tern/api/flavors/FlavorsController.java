package dev.tern.api.flavors;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.api.version.Change;
import dev.tern.api.version.Offered;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
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

/** {@code /flavors}. Operators have few of them, so they are sorted here. */
@RestController
final class FlavorsController {
  private static final Set<String> QUERY =
      Set.of("is_public", "minRam", "minDisk", "sort_key", "sort_dir", "limit", "marker");
  private static final Map<String, Comparator<FlavorRecord>> SORT =
      Map.of(
          "flavorid", Comparator.comparing(FlavorRecord::id),
          "id", Comparator.comparing(FlavorRecord::id),
          "name", Comparator.comparing(FlavorRecord::name),
          "memory_mb", Comparator.comparingLong(FlavorRecord::memoryMib),
          "vcpus", Comparator.comparingInt(FlavorRecord::vcpus),
          "root_gb", Comparator.comparingInt(FlavorRecord::diskGib),
          "ephemeral_gb", Comparator.comparingInt(FlavorRecord::ephemeralGib),
          "swap", Comparator.comparingInt(FlavorRecord::swapMib));

  private final FlavorStore flavors;
  private final Supplier<UUID> newIds;

  FlavorsController(FlavorStore flavors, Supplier<UUID> newIds) {
    this.flavors = flavors;
    this.newIds = newIds;
  }

  @GetMapping("/v2.1/flavors")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    return listed(request, flavor -> brief(flavor, request));
  }

  @GetMapping("/v2.1/flavors/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    return listed(request, flavor -> full(flavor, request));
  }

  @GetMapping("/v2.1/flavors/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    return Json.ok("flavor", full(find(id, request), request));
  }

  @PostMapping("/v2.1/flavors")
  ResponseEntity<JsonNode> create(JsonBody body, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-manage:create");
    FlavorRecord wanted = NewFlavor.read(body, request, newIds);
    return request.once(() -> Json.ok("flavor", full(flavors.create(wanted), request)));
  }

  @Offered(from = 55)
  @PutMapping("/v2.1/flavors/{id}")
  ResponseEntity<JsonNode> update(@PathVariable String id, JsonBody body, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-manage:update");
    body.refuseOthers(Set.of("flavor"));
    JsonBody flavor = body.object("flavor");
    flavor.refuseOthers(Set.of("description"));
    JsonNode _ = flavor.required("description");
    Optional<String> description = flavor.optionalText("description", 0, 65_535);
    return Json.ok(
        "flavor",
        full(
            flavors
                .change(id, known -> known.with(description))
                .orElseThrow(() -> Refusals.noFlavor(id)),
            request));
  }

  /** Servers keep what they were made of. */
  @DeleteMapping("/v2.1/flavors/{id}")
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-manage:delete");
    if (!flavors.delete(id)) {
      throw Refusals.noFlavor(id);
    }
    return Json.empty(202);
  }

  private FlavorRecord find(String id, ApiRequest request) {
    return FlavorAccess.find(flavors, id, request);
  }

  private ResponseEntity<JsonNode> listed(
      ApiRequest request, Function<FlavorRecord, ObjectNode> view) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(QUERY);
    }
    Page page = request.page();
    List<FlavorRecord> sorted =
        all().stream().filter(filter(request, accessible(request))).sorted(order(request)).toList();
    int from = 0;
    if (page.marker().isPresent()) {
      from = sorted.stream().map(FlavorRecord::id).toList().indexOf(page.marker().get()) + 1;
      if (from == 0) {
        throw Refusals.noMarker(page.marker().get());
      }
    }
    List<FlavorRecord> found = sorted.stream().skip(from).limit(page.limit()).toList();
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("flavors");
    found.forEach(flavor -> items.add(view.apply(flavor)));
    page.linkNext(body, "flavors_links", found, FlavorRecord::id, request);
    return Json.ok(body);
  }

  private List<FlavorRecord> all() {
    List<FlavorRecord> all = new ArrayList<>();
    Optional<String> marker = Optional.empty();
    while (true) {
      List<FlavorRecord> next = flavors.list(marker, Page.MAX);
      all.addAll(next);
      if (next.size() < Page.MAX) {
        return all;
      }
      marker = Optional.of(next.getLast().id());
    }
  }

  private Set<String> accessible(ApiRequest request) {
    return request.admin() ? Set.of() : flavors.accessible(request.caller().project());
  }

  /**
   * @param own those that are not public, and that the caller may use all the same
   */
  private static Predicate<FlavorRecord> filter(ApiRequest request, Set<String> own) {
    long ram = number(request, "minRam");
    long disk = number(request, "minDisk");
    Optional<String> access = request.query().one("is_public");
    boolean any = access.filter(word -> word.equalsIgnoreCase("none")).isPresent();
    boolean wantPublic = access.isEmpty() || any || request.query().flag("is_public");
    return flavor ->
        flavor.memoryMib() >= ram
            && flavor.diskGib() >= disk
            && (request.admin()
                ? any || flavor.isPublic() == wantPublic
                : flavor.isPublic() || own.contains(flavor.id()));
  }

  private static long number(ApiRequest request, String name) {
    Optional<String> text = request.query().one(name);
    if (text.isEmpty()) {
      return 0;
    }
    if (!text.get().matches("[0-9]{1,18}")) {
      throw Refusals.invalid(
          "Invalid %s filter [%s]".formatted(name, Refusals.shortened(text.get())));
    }
    return Long.parseLong(text.get());
  }

  private static Comparator<FlavorRecord> order(ApiRequest request) {
    String key = request.query().one("sort_key").orElse("flavorid");
    Comparator<FlavorRecord> order = SORT.get(key);
    if (order == null) {
      throw Refusals.invalidQuery(
          "sort_key", "Value: %s. It is no key to sort by.".formatted(Refusals.shortened(key)));
    }
    Comparator<FlavorRecord> whole = order.thenComparing(FlavorRecord::id);
    return switch (request.query().one("sort_dir").orElse("asc")) {
      case "asc" -> whole;
      case "desc" -> whole.reversed();
      default -> throw Refusals.invalidQuery("sort_dir", "It is not one of ['asc', 'desc'].");
    };
  }

  private static ObjectNode brief(FlavorRecord flavor, ApiRequest request) {
    ObjectNode view = Json.object().put("id", flavor.id()).put("name", flavor.name());
    if (request.has(Change.FLAVOR_DESCRIPTION)) {
      Json.putOrNull(view, "description", flavor.description().orElse(null));
    }
    view.set("links", request.links().both("flavors/" + flavor.id()));
    return view;
  }

  private static ObjectNode full(FlavorRecord flavor, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", flavor.id())
            .put("name", flavor.name())
            .put("ram", flavor.memoryMib())
            .put("disk", flavor.diskGib());
    if (flavor.swapMib() == 0 && request.version().before(Change.STRICT)) {
      view.put("swap", "");
    } else {
      view.put("swap", flavor.swapMib());
    }
    view.put("OS-FLV-EXT-DATA:ephemeral", flavor.ephemeralGib())
        .put("OS-FLV-DISABLED:disabled", false)
        .put("vcpus", flavor.vcpus())
        .put("os-flavor-access:is_public", flavor.isPublic())
        .put("rxtx_factor", 1.0);
    view.set("links", request.links().both("flavors/" + flavor.id()));
    if (request.has(Change.FLAVOR_DESCRIPTION)) {
      Json.putOrNull(view, "description", flavor.description().orElse(null));
    }
    if (request.has(Change.FLAVOR_EXTRA_SPECS)) {
      ObjectNode specs = view.putObject("extra_specs");
      flavor.extraSpecs().forEach(specs::put);
    }
    return view;
  }
}
