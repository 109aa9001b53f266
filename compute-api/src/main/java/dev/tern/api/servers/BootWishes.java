package dev.tern.api.servers;

import static dev.tern.api.errors.Refusals.invalid;

import dev.tern.api.errors.Refusals;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.store.BootTerms;
import dev.tern.store.KeyPairStore;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.ServerGroupStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** What a create asks for its servers beyond themselves: limits, a key, a group, neighbours. */
@Component
final class BootWishes {
  private static final List<String> HINTS =
      List.of("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints");

  private static final int MAX_PASSWORD = 255;

  private final Limits limits;
  private final KeyPairStore keys;
  private final ServerGroupStore groups;
  private final ServerAccess access;
  private final AdminPasswords passwords;

  BootWishes(
      Limits limits,
      KeyPairStore keys,
      ServerGroupStore groups,
      ServerAccess access,
      AdminPasswords passwords) {
    this.limits = limits;
    this.keys = keys;
    this.groups = groups;
    this.access = access;
    this.passwords = passwords;
  }

  /**
   * The administrator's.
   *
   * @param named whoever asks has said it; else it is made up
   */
  record Password(String text, boolean named) {}

  /** The one that is asked for, or another one each time. */
  Password password(JsonBody server) {
    return server
        .optionalText("adminPass", 0, MAX_PASSWORD)
        .filter(text -> !text.isEmpty())
        .map(text -> new Password(text, true))
        .orElseGet(() -> new Password(passwords.next(), false));
  }

  /**
   * The caller's key of the name asked for.
   *
   * @throws dev.tern.contract.ComputeException 400 when there is none
   */
  Optional<PublicKey> key(JsonBody server, ApiRequest request) {
    return server
        .optionalText("key_name", 0, 255)
        .filter(name -> !name.isEmpty())
        .map(name ->
            keys.find(request.caller().user(), name)
                .map(KeyPairRecord::key)
                .orElseThrow(() -> invalid("Invalid key_name provided.")));
  }

  /** Passes metadata of a server, by its number of items. */
  void requireMetadata(int items, ApiRequest request) {
    limits.requireMetadata(request.caller().project(), items);
  }

  /**
   * What holds for all servers of the create.
   *
   * @throws dev.tern.contract.ComputeException 400 naming what is wrong
   */
  BootTerms terms(JsonBody body, ApiRequest request) {
    JsonBody server = body.object("server");
    int least = server.has("min_count") ? server.integer("min_count", 1, Integer.MAX_VALUE) : 1;
    Optional<JsonBody> hints = HINTS.stream().filter(body::given).findFirst().map(body::object);
    hints.ifPresent(given -> {
      for (String name : given.node().propertyNames()) {
        if (!Set.of("group", "different_host", "same_host").contains(name)) {
          throw given.invalid(name, "The hint '%s' is not offered by this cloud.".formatted(name));
        }
      }
    });
    return new BootTerms(
        least,
        limits.usual(),
        hints.filter(given -> given.given("group")).map(given -> group(given, request)),
        hints.map(given -> servers(given, "different_host", request)).orElse(List.of()),
        hints.map(given -> servers(given, "same_host", request)).orElse(List.of()));
  }

  private UUID group(JsonBody hints, ApiRequest request) {
    String text = hints.text("group", 1, 255);
    UUID id = uuid(text).orElseThrow(() -> notUuid(hints, "group", text));
    return groups
        .find(id)
        .filter(group -> request.caller().mayEnter(group.group().project()))
        .orElseThrow(() -> invalid("Instance group %s could not be found.".formatted(id)))
        .group()
        .id();
  }

  /** One id or a list of them; each is a server that this caller sees. */
  private List<ServerId> servers(JsonBody hints, String field, ApiRequest request) {
    if (!hints.given(field)) {
      return List.of();
    }
    JsonNode given = hints.required(field);
    List<ServerId> ids = new ArrayList<>();
    for (JsonNode each : given.isArray() ? given : List.of(given)) {
      if (!each.isString()) {
        throw hints.wrongType(field, "string");
      }
      String text = each.stringValue();
      if (uuid(text).isEmpty()) {
        throw notUuid(hints, field, text);
      }
      ids.add(
          access
              .findEvenDeleted(text, request)
              .orElseThrow(
                  () -> hints.invalid(field, "Instance %s could not be found.".formatted(text)))
              .id());
    }
    return ids;
  }

  private static Optional<UUID> uuid(String text) {
    try {
      UUID id = UUID.fromString(text);
      return id.toString().equalsIgnoreCase(text) ? Optional.of(id) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ComputeException notUuid(JsonBody hints, String field, String text) {
    return hints.invalid(field, "'%s' is not a 'uuid'".formatted(Refusals.shortened(text)));
  }
}
