package dev.tern.api.request;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads JSON from strangers: no more bytes than allowed, no deep nesting, no name twice, nothing
 * behind it.
 */
final class BodyReader {
  private static final int DEEPEST = 32;

  private final int maxBytes;
  private final JsonMapper json =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  BodyReader(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  JsonBody read(HttpServletRequest request) throws IOException {
    requireJson(request.getContentType());
    if (request.getContentLengthLong() > maxBytes) {
      throw tooLarge();
    }
    byte[] bytes;
    try (InputStream in = request.getInputStream()) {
      bytes = in.readNBytes(maxBytes + 1);
    }
    if (bytes.length > maxBytes) {
      throw tooLarge();
    }
    JsonNode body;
    try {
      body = json.readTree(bytes);
    } catch (JacksonException e) {
      throw Refusals.malformed();
    }
    requireStorable(body);
    return JsonBody.of(body);
  }

  /** A NUL, and half a surrogate pair, are text in JSON and no text for the database. */
  private static void requireStorable(JsonNode node) {
    if (node.isString() && !isStorable(node.stringValue())) {
      throw Refusals.malformed();
    }
    for (String name : node.propertyNames()) {
      if (!isStorable(name)) {
        throw Refusals.malformed();
      }
    }
    node.forEach(BodyReader::requireStorable);
  }

  private static boolean isStorable(String text) {
    return text.codePoints()
        .noneMatch(point -> point == 0 || Character.getType(point) == Character.SURROGATE);
  }

  private static void requireJson(@org.jspecify.annotations.Nullable String contentType) {
    if (contentType == null || contentType.isBlank()) {
      return;
    }
    try {
      MediaType type = MediaType.parseMediaType(contentType);
      if (type.getType().equals("application")
          && (type.getSubtype().equals("json")
              || type.getSubtype().endsWith("+json")
              || type.getSubtype().endsWith("-json-patch"))) {
        return;
      }
    } catch (InvalidMediaTypeException e) {
      throw new HttpFailure(415, "Unsupported Content-Type");
    }
    throw new HttpFailure(415, "Unsupported Content-Type");
  }

  private static HttpFailure tooLarge() {
    return new HttpFailure(413, "Request is too large.");
  }
}
