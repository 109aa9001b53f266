package dev.tern.api.keypairs;

import dev.tern.api.errors.Refusals;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Once;
import dev.tern.api.request.Page;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.KeyPairStore;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.QuotaStore.Resource;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-keypairs}. */
@RestController
final class KeyPairsController {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9 _-]{1,255}");
  private static final Pattern NAME_SINCE_2_92 = Pattern.compile("[a-zA-Z0-9 @._-]{1,255}");
  private static final String SSH = "ssh";
  private static final String X509 = "x509";

  private final KeyPairStore keys;
  private final Limits limits;

  KeyPairsController(KeyPairStore keys, Limits limits) {
    this.keys = keys;
    this.limits = limits;
  }

  @GetMapping("/v2.1/os-keypairs")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    boolean paged = request.has(Change.KEYPAIR_PAGING);
    checkQuery(request, paged ? Set.of("user_id", "limit", "marker") : Set.of("user_id"));
    String user = user("index", request);
    Page page = paged ? request.page() : Page.first();
    List<KeyPairRecord> found = keys.list(user, page.marker(), page.limit());
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("keypairs");
    found.forEach(key -> items.addObject().set("keypair", brief(key, request)));
    if (paged) {
      page.linkNext(body, "keypairs_links", found, key -> key.key().name(), request);
    }
    return Json.ok(body);
  }

  @GetMapping("/v2.1/os-keypairs/{name}")
  ResponseEntity<JsonNode> show(@PathVariable String name, ApiRequest request) {
    checkQuery(request, Set.of("user_id"));
    String user = user("show", request);
    KeyPairRecord key = keys.find(user, name).orElseThrow(() -> notFound(name, user));
    ObjectNode view =
        brief(key, request)
            .put("user_id", key.user())
            .put("created_at", Dates.micros(key.createdAt()))
            .put("deleted", false)
            .putNull("deleted_at")
            .put("id", key.number())
            .putNull("updated_at");
    return Json.ok("keypair", view);
  }

  @DeleteMapping("/v2.1/os-keypairs/{name}")
  ResponseEntity<JsonNode> delete(@PathVariable String name, ApiRequest request) {
    checkQuery(request, Set.of("user_id"));
    String user = user("delete", request);
    if (!keys.delete(user, name)) {
      throw notFound(name, user);
    }
    return Json.empty(request.has(Change.KEYPAIR_TYPE) ? 204 : 202);
  }

  @PostMapping("/v2.1/os-keypairs")
  ResponseEntity<JsonNode> create(JsonBody body, ApiRequest request) {
    body.refuseOthers(Set.of("keypair"));
    JsonBody wanted = body.object("keypair");
    wanted.refuseOthers(known(request));
    String name = name(wanted, request);
    String type = type(wanted);
    String user = request.caller().user();
    if (wanted.has("user_id")) {
      user = allowed(wanted.text("user_id", 1, 255), "create", request);
    }
    if (request.has(Change.KEYPAIR_GIVEN)) {
      JsonNode _ = wanted.required("public_key");
    }
    return wanted.has("public_key")
        ? imported(user, wanted, name, type, request)
        : generated(user, name, type, request);
  }

  private ResponseEntity<JsonNode> imported(
      String user, JsonBody wanted, String name, String type, ApiRequest request) {
    String text = wanted.text("public_key", 0, 65_535);
    String fingerprint = fingerprint(type, text);
    PublicKey key = new PublicKey(name, type, text);
    return request.once(() -> created(make(user, key, fingerprint, request), request));
  }

  /** The private key is in this answer and nowhere else. */
  private ResponseEntity<JsonNode> generated(
      String user, String name, String type, ApiRequest request) {
    if (!type.equals(SSH)) {
      throw invalid("certificates are not made by this cloud: give one in public_key");
    }
    if (!request.once().equals(Once.EACH_TIME)) {
      throw invalid(
          "a generated private key is never kept, so such a request takes no Idempotency-Key: give"
              + " a public_key");
    }
    GeneratedKey made = GeneratedKey.make();
    PublicKey key = new PublicKey(name, type, made.publicKey());
    KeyPairRecord kept = make(user, key, fingerprint(type, made.publicKey()), request);
    ObjectNode view = withOwner(kept, request).put("private_key", made.privateKey());
    return answer(view, request);
  }

  private KeyPairRecord make(String user, PublicKey key, String fingerprint, ApiRequest request) {
    long most = limits.of(request.caller().project(), Resource.KEY_PAIRS);
    return keys.create(user, key, fingerprint, most);
  }

  private static ResponseEntity<JsonNode> created(KeyPairRecord key, ApiRequest request) {
    return answer(withOwner(key, request), request);
  }

  private static ResponseEntity<JsonNode> answer(ObjectNode view, ApiRequest request) {
    ObjectNode body = Json.object();
    body.set("keypair", view);
    return Json.status(request.has(Change.KEYPAIR_TYPE) ? 201 : 200, body);
  }

  private static Set<String> known(ApiRequest request) {
    Set<String> known = new HashSet<>(Set.of("name", "public_key"));
    if (request.has(Change.KEYPAIR_TYPE)) {
      known.add("type");
    }
    if (request.has(Change.KEYPAIR_USER)) {
      known.add("user_id");
    }
    return known;
  }

  private static String name(JsonBody wanted, ApiRequest request) {
    String name = wanted.text("name", 1, 255);
    Pattern form = request.has(Change.KEYPAIR_GIVEN) ? NAME_SINCE_2_92 : NAME;
    if (!form.matcher(name).matches()) {
      throw wanted.invalid(
          "name", "'%s' does not match '^%s$'".formatted(Refusals.shortened(name), form));
    }
    if (!name.equals(name.strip())) {
      throw wanted.invalid("name", "Can not start or end with whitespace.");
    }
    return name;
  }

  private static String type(JsonBody wanted) {
    String type = wanted.has("type") ? wanted.text("type", 1, 10) : SSH;
    if (!type.equals(SSH) && !type.equals(X509)) {
      throw wanted.invalid(
          "type", "'%s' is not one of ['ssh', 'x509']".formatted(Refusals.shortened(type)));
    }
    return type;
  }

  private static String fingerprint(String type, String text) {
    if (type.equals(SSH)) {
      return SshKey.fingerprint(text).orElseThrow(() -> invalid("failed to generate fingerprint"));
    }
    try {
      byte[] certificate =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
              .getEncoded();
      return SshKey.colons(SshKey.digest("SHA-1", certificate));
    } catch (CertificateException e) {
      throw invalid("failed to generate X509 fingerprint. It is no certificate in PEM.");
    }
  }

  private static ComputeException invalid(String reason) {
    return Refusals.invalid("Keypair data is invalid: " + reason);
  }

  private static ComputeException notFound(String name, String user) {
    return new ComputeException(
        ErrorCode.KEY_PAIR_NOT_FOUND,
        "Keypair %s not found for user %s".formatted(Refusals.shortened(name), user),
        null);
  }

  private static void checkQuery(ApiRequest request, Set<String> known) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(known);
    }
  }

  /** Whose keys: the caller's, or those of whom an administrator names. */
  private static String user(String rule, ApiRequest request) {
    Optional<String> named =
        request.has(Change.KEYPAIR_USER) ? request.query().one("user_id") : Optional.empty();
    return named
        .filter(user -> !user.isEmpty())
        .map(user -> allowed(user, rule, request))
        .orElse(request.caller().user());
  }

  private static String allowed(String user, String rule, ApiRequest request) {
    if (!user.equals(request.caller().user())) {
      request.caller().require(Role.ADMIN, "os-keypairs:" + rule);
    }
    return user;
  }

  private static ObjectNode brief(KeyPairRecord key, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("name", key.key().name())
            .put("public_key", key.key().text())
            .put("fingerprint", key.fingerprint());
    if (request.has(Change.KEYPAIR_TYPE)) {
      view.put("type", key.key().type());
    }
    return view;
  }

  private static ObjectNode withOwner(KeyPairRecord key, ApiRequest request) {
    return brief(key, request).put("user_id", key.user());
  }
}
