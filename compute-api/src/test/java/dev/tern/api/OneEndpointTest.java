package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A client that knows one endpoint only")
class OneEndpointTest {
  @Test
  void finds_the_images_there_until_nova_took_them_away(@TempDir Path images) {
    try (TestApi api = new TestApi(images)) {
      var list = api.to("/v2.1/images?name=image").as("notused").get();
      assertThat(list.json().get("images").get(0).get("id").stringValue())
          .isEqualTo(Samples.IMAGE.toString());
      assertThat(api.to("/v2.1/images/" + Samples.IMAGE).version("2.35").get().status())
          .isEqualTo(200);
      assertThat(api.to("/v2.1/images").version("2.36").get().status()).isEqualTo(404);
      assertThat(api.to("/v2.1/images/none").get().status()).isEqualTo(404);
    }
  }
}
