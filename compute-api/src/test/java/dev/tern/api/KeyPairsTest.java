package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@DisplayName("A key pair")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeyPairsTest {
  private static final String KEYS = "/v2.1/os-keypairs";

  /** Thirty-two bytes from 0 on, as an Ed25519 key. */
  private static final String PUBLIC =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here";

  /** What {@code ssh-keygen -l -E md5} says of it. */
  private static final String FINGERPRINT = "0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba";

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void reset() {
    api.reset();
  }

  private TestApi.Answer give(String version, String name) {
    return api.to(KEYS)
        .as("u:demo")
        .version(version)
        .post("{\"keypair\": {\"name\": \"%s\", \"public_key\": \"%s\"}}".formatted(name, PUBLIC));
  }

  @Test
  void that_is_given_is_shown_as_each_version_has_it() {
    TestApi.Answer answer = give("2.92", "a.b@c");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    assertThat(answer.json().at("/keypair"))
        .hasToString(
            "{\"name\":\"a.b@c\",\"public_key\":\"%s\",\"fingerprint\":\"%s\",\"type\":\"ssh\",\"user_id\":\"u\"}"
                .formatted(PUBLIC, FINGERPRINT));
    assertThat(give("2.1", "old").status()).isEqualTo(200);
    assertThat(give("2.1", "old").fault())
        .isEqualTo("409 conflictingRequest: Key pair 'old' already exists.");
    JsonNode old = api.to(KEYS + "/old").as("u:demo").get().json().at("/keypair");
    assertThat(old.propertyNames())
        .containsExactlyInAnyOrder(
            "name",
            "public_key",
            "fingerprint",
            "user_id",
            "created_at",
            "deleted",
            "deleted_at",
            "id",
            "updated_at");
    JsonNode page = api.to(KEYS + "?limit=1").as("u:demo").version("2.35").get().json();
    assertThat(page.get("keypairs").toString()).contains("a.b@c").doesNotContain("old");
    assertThat(page.at("/keypairs_links/0/href").stringValue()).contains("marker=a.b%40c");
    assertThat(api.to(KEYS + "?limit=1&marker=a.b%40c").as("u:demo").version("2.35").get().text())
        .contains("old");
    assertThat(api.to(KEYS + "/old").as("u:demo").delete().status()).isEqualTo(202);
    assertThat(api.to(KEYS + "/a.b@c").as("u:demo").version("2.2").delete().status())
        .isEqualTo(204);
    assertThat(api.to(KEYS + "/old").as("u:demo").get().fault())
        .isEqualTo("404 itemNotFound: Keypair old not found for user u");
  }

  @Test
  void that_is_made_answers_its_private_half_once() throws Exception {
    TestApi.Answer answer =
        api.to(KEYS).as("u:demo").version("2.2").post("{\"keypair\": {\"name\": \"made\"}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    String pem = answer.json().at("/keypair/private_key").stringValue();
    RSAPrivateCrtKey key = read(pem);
    assertThat(key.getModulus().bitLength()).isEqualTo(2048);
    String text = answer.json().at("/keypair/public_key").stringValue();
    assertThat(text).startsWith("ssh-rsa ").endsWith(" Generated-by-Nova");
    byte[] blob = Base64.getDecoder().decode(text.split(" ", -1)[1]);
    assertThat(HexFormat.of().formatHex(blob)).contains(key.getModulus().toString(16));
    assertThat(api.to(KEYS + "/made").as("u:demo").get().text()).doesNotContain("PRIVATE");
    assertThat(
            api.to(KEYS)
                .version("2.2")
                .header("Idempotency-Key", "one")
                .post("{\"keypair\": {\"name\": \"again\"}}")
                .fault())
        .contains("takes no Idempotency-Key");
  }

  /** PKCS #1 within the PKCS #8 that Java reads. */
  private static RSAPrivateCrtKey read(String pem) throws Exception {
    byte[] inner =
        Base64.getMimeDecoder()
            .decode(
                pem.replace("-----BEGIN RSA PRIVATE KEY-----", "")
                    .replace("-----END RSA PRIVATE KEY-----", ""));
    String length = "82%04x";
    String octets = "04" + length.formatted(inner.length) + HexFormat.of().formatHex(inner);
    String content = "020100300d06092a864886f70d0101010500" + octets;
    byte[] whole = HexFormat.of().parseHex("30" + length.formatted(content.length() / 2) + content);
    return (RSAPrivateCrtKey)
        KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(whole));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "2.1  | \"name\": \"a.b\", \"public_key\": \"PUBLIC\" | field/attribute name",
        "2.92 | \"name\": \"a/b\", \"public_key\": \"PUBLIC\" | field/attribute name",
        "2.92 | \"name\": \"k\" | 'public_key' is a required property",
        "2.1  | \"name\": \"k\", \"type\": \"ssh\" | 'type' was unexpected",
        "2.2  | \"name\": \"k\", \"type\": \"dsa\" | is not one of ['ssh', 'x509']",
        "2.2  | \"name\": \"k\", \"type\": \"x509\" | certificates are not made",
        "2.2  | \"name\": \"k\", \"type\": \"x509\", \"public_key\": \"x\" | failed to generate X509 fingerprint",
        "2.9  | \"name\": \"k\", \"user_id\": \"v\" | 'user_id' was unexpected",
        "2.1  | \"name\": \"k\", \"public_key\": \"ssh-rsa AAAA\" | Keypair data is invalid: failed to generate fingerprint",
        "2.1  | \"name\": \"k\", \"public_key\": \"nonsense\" | Keypair data is invalid: failed to generate fingerprint",
        "2.1  | \"name\": \"k\", \"public_key\": \"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\" | failed to generate fingerprint"
      })
  void that_cannot_be_is_refused(String version, String fields, String message) {
    String body = "{\"keypair\": {%s}}".formatted(fields.replace("PUBLIC", PUBLIC));
    assertThat(api.to(KEYS).as("u:demo").version(version).post(body).fault())
        .startsWith("400 badRequest: ")
        .contains(message);
    assertThat(api.to(KEYS).as("u:demo").get().text()).isEqualTo("{\"keypairs\":[]}");
  }

  @Test
  void is_its_users_and_another_is_named_by_administrators_only() {
    assertThat(give("2.1", "k").status()).isEqualTo(200);
    assertThat(api.to(KEYS).as("v:demo").get().text()).isEqualTo("{\"keypairs\":[]}");
    assertThat(api.to(KEYS + "?user_id=u").as("v:demo").version("2.10").get().status())
        .isEqualTo(403);
    assertThat(api.to(KEYS + "?user_id=u").version("2.10").get().text()).contains("\"k\"");
    assertThat(api.to(KEYS + "/k?user_id=u").version("2.10").delete().status()).isEqualTo(204);
  }

  @Test
  void goes_to_a_server_by_its_name() {
    assertThat(give("2.1", "k").status()).isEqualTo(200);
    String body =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"key_name\": \"%s\"}}";
    assertThat(
            api.to("/v2.1/servers")
                .as("u:demo")
                .post(body.formatted(Samples.IMAGE, "none"))
                .fault())
        .isEqualTo("400 badRequest: Invalid key_name provided.");
    TestApi.Answer made =
        api.to("/v2.1/servers").as("u:demo").post(body.formatted(Samples.IMAGE, "k"));
    assertThat(made.status()).isEqualTo(202);
    JsonNode shown =
        api.to("/v2.1/servers/" + made.json().at("/server/id").stringValue())
            .get()
            .json()
            .get("server");
    assertThat(shown.get("key_name").stringValue()).isEqualTo("k");
    assertThat(shown.get("config_drive").stringValue()).isEqualTo("True");
  }
}
