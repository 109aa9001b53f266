package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The row of a server")
class FormerRowsStoreTest {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  private static ServerRecord server(int ephemeralGib) {
    FlavorRecord flavor =
        new FlavorRecord("f", "f", 1, 64, 1, ephemeralGib, 0, true, Map.of(), Optional.empty());
    return database
        .servers()
        .requestCreate(Samples.server("s", "p", flavor, List.of(1, 2)), Samples.request());
  }

  private static void write(String disks, ServerRecord server) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement update =
            connection.prepareStatement(
                "update servers set ephemeral_gib = " + disks + " where id = ?")) {
      update.setObject(1, server.id().value());
      assertThat(update.executeUpdate()).isOne();
    }
  }

  @Test
  void from_before_it_could_have_several_disks_has_its_flavors_one() throws SQLException {
    for (int gib : List.of(4, 0)) {
      ServerRecord server = server(gib);
      write("null", server);
      assertThat(database.servers().find(server.id()).orElseThrow().ephemeralGib())
          .isEqualTo(gib == 0 ? List.of() : List.of(gib));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"'{0}'", "'{1,-1}'", "'{1,null}'"})
  void holds_no_disk_without_a_size(String disks) {
    ServerRecord server = server(4);
    assertThatThrownBy(() -> write(disks, server))
        .hasMessageContaining("servers_ephemeral_disks_have_a_size");
    assertThat(database.servers().find(server.id()).orElseThrow().ephemeralGib())
        .containsExactly(1, 2);
  }
}
