package dev.tern.api.request;

import dev.tern.api.errors.Refusals;
import dev.tern.contract.ComputeException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An object of a request's body. Every getter checks the type, and refuses in Nova's words naming
 * the field; a client's mistake never goes unnoticed.
 *
 * @param name of the object, for messages
 */
public record JsonBody(String name, ObjectNode node) {
  private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,9}");

  /** The whole body, which must be an object. */
  public static JsonBody of(JsonNode body) {
    if (body instanceof ObjectNode object) {
      return new JsonBody("body", object);
    }
    throw Refusals.malformed();
  }

  public boolean has(String field) {
    return node.has(field);
  }

  /** Whether a field is there and is not null. */
  public boolean given(String field) {
    return node.hasNonNull(field);
  }

  /** The raw value of a field; null when it is absent, JSON's null when it is that. */
  public @Nullable JsonNode get(String field) {
    return node.get(field);
  }

  public JsonNode required(String field) {
    JsonNode value = node.get(field);
    if (value == null) {
      throw Refusals.invalidField(name, node, "'%s' is a required property".formatted(field));
    }
    return value;
  }

  public JsonBody object(String field) {
    if (required(field) instanceof ObjectNode object) {
      return new JsonBody(field, object);
    }
    throw wrongType(field, "object");
  }

  /** The only key of an action's body. */
  public String onlyKey() {
    if (node.size() != 1) {
      throw Refusals.malformed();
    }
    return node.propertyNames().iterator().next();
  }

  public String text(String field, int least, int most) {
    JsonNode value = required(field);
    if (!value.isString()) {
      throw wrongType(field, "string");
    }
    String text = value.stringValue();
    if (text.length() < least) {
      throw invalid(field, "'%s' is too short".formatted(Refusals.shortened(text)));
    }
    if (text.length() > most) {
      throw invalid(field, "'%s' is too long".formatted(Refusals.shortened(text)));
    }
    return text;
  }

  /** Absent and null are both nothing. */
  public Optional<String> optionalText(String field, int least, int most) {
    return given(field) ? Optional.of(text(field, least, most)) : Optional.empty();
  }

  /** A boolean, or one of the words Nova takes for one. */
  public boolean flag(String field) {
    JsonNode value = required(field);
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isString()) {
      Optional<Boolean> word = Booleans.parse(value.stringValue());
      if (word.isPresent()) {
        return word.get();
      }
    }
    throw invalid(
        field,
        "%s is not one of [True, 'True', 'true', False, 'False', 'false', ...]"
            .formatted(Refusals.shortened(value)));
  }

  public boolean flagOr(String field, boolean absent) {
    return has(field) ? flag(field) : absent;
  }

  /** An integer, or text that is one, between two bounds. */
  public int integer(String field, int least, int most) {
    JsonNode value = required(field);
    String text = value.isString() ? value.stringValue() : value.toString();
    if (!(value.isIntegralNumber() || value.isString()) || !INTEGER.matcher(text).matches()) {
      throw wrongType(field, "integer");
    }
    int number = Integer.parseInt(text);
    if (number < least || number > most) {
      throw invalid(
          field, String.format(Locale.ROOT, "%d is not between %d and %d", number, least, most));
    }
    return number;
  }

  /** Holds when there is no field but these. */
  public void refuseOthers(Set<String> known) {
    for (String field : node.propertyNames()) {
      if (!known.contains(field)) {
        throw Refusals.invalidField(
            name,
            node,
            "Additional properties are not allowed ('%s' was unexpected)"
                .formatted(Refusals.shortened(field)));
      }
    }
  }

  public ComputeException wrongType(String field, String type) {
    return invalid(
        field, "%s is not of type '%s'".formatted(Refusals.shortened(node.get(field)), type));
  }

  public ComputeException invalid(String field, String reason) {
    return Refusals.invalidField(field, node.get(field), reason);
  }
}
