package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * What an owner may write on a server, when it is made and later. All refuse in Nova's words, and
 * name what is wrong.
 */
public final class ServerFields {
  /** Nova's limit of tags of one server. */
  public static final int MAX_TAGS = 50;

  private static final Pattern METADATA_KEY = Pattern.compile("[a-zA-Z0-9\\-_:. ]{1,255}");
  private static final Pattern TAG = Pattern.compile("[^,/]{1,60}");
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(?!$)|$)){4}");
  private static final Pattern HOSTNAME =
      Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?");
  private static final Pattern QUALIFIED =
      Pattern.compile(
          "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");

  private ServerFields() {}

  static String name(JsonBody server) {
    String name = server.text("name", 1, 255);
    if (!name.equals(name.strip())) {
      throw server.invalid("name", "Can not start or end with whitespace.");
    }
    if (name.codePoints().anyMatch(Character::isISOControl)) {
      throw server.invalid("name", "Can not contain control characters.");
    }
    return name;
  }

  static Optional<String> description(JsonBody server, ApiRequest request) {
    return request.has(Change.SERVER_DESCRIPTION)
        ? server.optionalText("description", 0, 255)
        : Optional.empty();
  }

  static Optional<String> hostname(JsonBody server, ApiRequest request) {
    if (!request.has(Change.HOSTNAME) || !server.has("hostname")) {
      return Optional.empty();
    }
    boolean qualified = request.has(Change.HOSTNAME_QUALIFIED);
    String hostname = server.text("hostname", 1, qualified ? 255 : 63);
    Pattern form = qualified ? QUALIFIED : HOSTNAME;
    if (!form.matcher(hostname).matches()) {
      throw server.invalid("hostname", "It is not a host name.");
    }
    return Optional.of(hostname);
  }

  /** An address, or nothing for none. */
  static Optional<String> address(JsonBody server, String field, boolean six) {
    if (!server.has(field)) {
      return Optional.empty();
    }
    String text = server.text(field, 0, 45);
    if (text.isEmpty()) {
      return Optional.of(text);
    }
    Optional<String> form =
        six ? Ipv6Text.of(text) : Optional.of(text).filter(given -> IPV4.matcher(given).matches());
    if (form.isEmpty()) {
      throw server.invalid(
          field, "'%s' is not a '%s'".formatted(Refusals.shortened(text), six ? "ipv6" : "ipv4"));
    }
    return form;
  }

  /** Whether it is {@code AUTO}. */
  public static Optional<Boolean> autoDisk(JsonBody server) {
    String field = "OS-DCF:diskConfig";
    if (!server.has(field)) {
      return Optional.empty();
    }
    String config = server.text(field, 1, 10);
    if (!config.equals("AUTO") && !config.equals("MANUAL")) {
      throw server.invalid(field, "It is not one of ['AUTO', 'MANUAL']");
    }
    return Optional.of(config.equals("AUTO"));
  }

  /** The items of an object, each of a form that Nova takes; how many is not looked at. */
  public static Map<String, String> metadata(JsonBody metadata) {
    Map<String, String> read = new LinkedHashMap<>();
    for (String key : metadata.node().propertyNames()) {
      if (!METADATA_KEY.matcher(key).matches()) {
        throw metadata.invalid(
            key,
            "'%s' does not match '^[a-zA-Z0-9-_:. ]{1,255}$'".formatted(Refusals.shortened(key)));
      }
      read.put(key, metadata.text(key, 0, 255));
    }
    return read;
  }

  /** The tags of an array, each of a form that Nova takes, and not too many. */
  public static SortedSet<String> tags(JsonBody body) {
    if (!body.has("tags")) {
      return new TreeSet<>();
    }
    JsonNode tags = body.required("tags");
    if (!tags.isArray()) {
      throw body.wrongType("tags", "array");
    }
    if (tags.size() > MAX_TAGS) {
      throw body.invalid("tags", "It has more than %d tags.".formatted(MAX_TAGS));
    }
    SortedSet<String> read = new TreeSet<>();
    for (JsonNode tag : tags) {
      if (!tag.isString() || !isTag(tag.stringValue())) {
        throw body.invalid(
            "tags", "%s does not match '^[^,/]*$'".formatted(Refusals.shortened(tag)));
      }
      read.add(tag.stringValue());
    }
    return read;
  }

  /** Whether it can be a tag: 1 to 60 characters, none of them a comma or a slash. */
  public static boolean isTag(String text) {
    return TAG.matcher(text).matches() && text.codePoints().noneMatch(Character::isISOControl);
  }
}
