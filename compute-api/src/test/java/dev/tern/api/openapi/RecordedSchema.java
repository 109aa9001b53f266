package dev.tern.api.openapi;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A JSON schema that recorded answers fit: what all of them have is required. */
final class RecordedSchema {
  private static final JsonMapper JSON = JsonMapper.shared();

  private RecordedSchema() {}

  static ObjectNode of(List<JsonNode> answers) {
    ObjectNode schema = JSON.createObjectNode();
    Set<String> types = new TreeSet<>();
    answers.forEach(answer -> types.add(type(answer)));
    if (types.contains("integer") && types.contains("number")) {
      types.remove("integer");
    }
    if (types.size() == 1) {
      schema.put("type", types.iterator().next());
    } else if (!types.isEmpty()) {
      ArrayNode several = schema.putArray("type");
      types.forEach(several::add);
    }
    List<JsonNode> objects = answers.stream().filter(JsonNode::isObject).toList();
    if (!objects.isEmpty()) {
      properties(schema, objects);
    }
    List<JsonNode> items =
        answers.stream()
            .filter(JsonNode::isArray)
            .flatMap(array -> StreamSupport.stream(array.spliterator(), false))
            .toList();
    if (types.contains("array")) {
      schema.set("items", of(items));
    }
    return schema;
  }

  private static void properties(ObjectNode schema, List<JsonNode> objects) {
    Set<String> names = new LinkedHashSet<>();
    objects.forEach(object -> names.addAll(object.propertyNames()));
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = JSON.createArrayNode();
    for (String name : names) {
      List<JsonNode> values =
          objects.stream()
              .filter(object -> object.has(name))
              .map(object -> object.get(name))
              .toList();
      properties.set(name, of(values));
      if (values.size() == objects.size()) {
        required.add(name);
      }
    }
    if (!required.isEmpty()) {
      schema.set("required", required);
    }
  }

  private static String type(JsonNode value) {
    if (value.isObject()) {
      return "object";
    }
    if (value.isArray()) {
      return "array";
    }
    if (value.isIntegralNumber()) {
      return "integer";
    }
    if (value.isNumber()) {
      return "number";
    }
    if (value.isBoolean()) {
      return "boolean";
    }
    return value.isNull() ? "null" : "string";
  }
}
