package dev.tern.api.request;

import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Addresses of resources, as the client of one request can reach them. */
public record Links(String base, Optional<String> project) {

  public String self(String path) {
    return base + "/v2.1" + inProject() + "/" + path;
  }

  public String bookmark(String path) {
    return base + inProject() + "/" + path;
  }

  public ArrayNode both(String path) {
    ArrayNode links = JsonNodeFactory.instance.arrayNode();
    links.addObject().put("rel", "self").put("href", self(path));
    links.addObject().put("rel", "bookmark").put("href", bookmark(path));
    return links;
  }

  public ArrayNode bookmarkOnly(String path) {
    ArrayNode links = JsonNodeFactory.instance.arrayNode();
    links.addObject().put("rel", "bookmark").put("href", bookmark(path));
    return links;
  }

  private String inProject() {
    return project.map(id -> "/" + id).orElse("");
  }
}
