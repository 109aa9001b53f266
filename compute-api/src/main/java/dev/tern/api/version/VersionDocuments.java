package dev.tern.api.version;

import dev.tern.api.dashboard.Dashboard;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Json;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What versions there are; anybody may ask. */
@RestController
public final class VersionDocuments {
  private static final String MEDIA = "application/vnd.openstack.compute+json;version=2.1";

  private final Dashboard dashboard;

  VersionDocuments(Dashboard dashboard) {
    this.dashboard = dashboard;
  }

  /** To browsers, which ask for a page, the dashboard. */
  @GetMapping("/")
  ResponseEntity<?> all(ApiRequest request, HttpServletRequest http) {
    return Dashboard.isWanted(http.getHeader("Accept"))
        ? dashboard.page(http.getHeader("If-None-Match"))
        : Json.ok("versions", Json.array().add(version(request.base())));
  }

  @GetMapping({"/v2.1", "/v2.1/"})
  ResponseEntity<JsonNode> one(ApiRequest request) {
    ObjectNode version = version(request.base());
    ((ArrayNode) version.get("links"))
        .addObject()
        .put("rel", "describedby")
        .put("type", "text/html")
        .put("href", "https://docs.openstack.org/");
    version.putArray("media-types").addObject().put("base", "application/json").put("type", MEDIA);
    return Json.ok("version", version);
  }

  /** Whether a path belongs to no version of any API here. */
  public static boolean isUnversioned(String path) {
    return !path.startsWith("/v")
        && !path.startsWith("/image")
        && !path.startsWith("/identity")
        && !path.startsWith("/actuator");
  }

  /** The answer to a path without a version: where the versions are. */
  public static ObjectNode choices(HttpServletRequest request) {
    ObjectNode version =
        version(ServletUriComponentsBuilder.fromContextPath(request).build().toUriString());
    version.remove("updated");
    version.remove("version");
    version.remove("min_version");
    version.putArray("media-types").addObject().put("base", "application/json").put("type", MEDIA);
    ObjectNode body = Json.object();
    body.putArray("choices").add(version);
    return body;
  }

  private static ObjectNode version(String base) {
    ObjectNode version =
        Json.object()
            .put("id", "v2.1")
            .put("status", "CURRENT")
            .put("version", Microversion.MAX.toString())
            .put("min_version", Microversion.MIN.toString())
            .put("updated", "2013-07-23T11:33:21Z");
    version.putArray("links").addObject().put("rel", "self").put("href", base + "/v2.1/");
    return version;
  }
}
