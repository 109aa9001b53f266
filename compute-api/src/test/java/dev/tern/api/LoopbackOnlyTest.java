package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An API without authentication")
class LoopbackOnlyTest {
  @Test
  void refuses_to_listen_where_others_reach_it(@TempDir Path images) {
    assertThatThrownBy(() -> new TestApi(images, "--server.address=0.0.0.0").close())
        .hasStackTraceContaining("The API has no authentication, so it does not listen on 0.0.0.0");
  }

  @Test
  void refuses_to_show_metrics_where_others_reach_them(@TempDir Path images) {
    assertThatThrownBy(() ->
            new TestApi(images, "--management.server.port=0", "--management.server.address=0.0.0.0")
                .close())
        .hasStackTraceContaining("management.server.port asks nobody for a token");
  }

  @Test
  void listens_there_when_told_that_this_is_meant(@TempDir Path images) {
    assertThatCode(() ->
            new TestApi(images, "--server.address=0.0.0.0", "--tern.api.insecure=true").close())
        .doesNotThrowAnyException();
  }
}
