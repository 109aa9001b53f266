package dev.tern.conductor.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.InMemoryStores;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ConfigWish;
import dev.tern.store.ServerStore.ServerRecord;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A config drive")
class ConfigDriveFilesTest {
  private static JsonNode metaData(ConfigWish wish) {
    ServerRecord server =
        new InMemoryStores()
            .servers()
            .requestCreate(Samples.server("s", "p", wish), Samples.request());
    String file =
        ConfigDriveFiles.of(server, () -> "west")
            .orElseThrow()
            .files()
            .get("openstack/latest/meta_data.json");
    return new JsonMapper()
        .readTree(new String(Base64.getDecoder().decode(file), StandardCharsets.UTF_8));
  }

  @Test
  void has_the_key_that_the_server_was_made_with() {
    PublicKey key = new PublicKey("mine", "ssh", "ssh-rsa AAAA me");
    JsonNode data = metaData(new ConfigWish(true, Optional.empty(), Optional.of(key)));
    assertThat(data.get("public_keys")).hasToString("{\"mine\":\"ssh-rsa AAAA me\"}");
    assertThat(data.get("keys"))
        .hasToString("[{\"name\":\"mine\",\"type\":\"ssh\",\"data\":\"ssh-rsa AAAA me\"}]");
  }

  @Test
  void names_the_zone_the_server_is_in() {
    JsonNode data = metaData(new ConfigWish(true, Optional.empty()));
    assertThat(data.get("availability_zone").stringValue()).isEqualTo("west");
  }

  @Test
  void tells_the_administrator_s_password() {
    ConfigWish wish =
        new ConfigWish(true, Optional.empty(), Optional.empty(), Optional.of("kittiwake"));
    assertThat(metaData(wish).get("admin_pass").stringValue()).isEqualTo("kittiwake");
  }

  @Test
  void has_none_for_a_server_without() {
    JsonNode data = metaData(new ConfigWish(true, Optional.empty()));
    assertThat(data.has("public_keys")).isFalse();
    assertThat(data.has("admin_pass")).isFalse();
  }
}
