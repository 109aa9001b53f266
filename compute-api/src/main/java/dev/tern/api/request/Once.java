package dev.tern.api.request;

import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/** How the work of a request is done. */
@FunctionalInterface
public interface Once {
  /** For a request without a key: each time it comes. */
  Once EACH_TIME = Supplier::get;

  /** Does the work and answers; what it throws is thrown. */
  ResponseEntity<JsonNode> of(Supplier<ResponseEntity<JsonNode>> work);
}
