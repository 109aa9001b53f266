package dev.tern.standalone.chaos;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** One live migration. */
final class MigrationRequest implements Request {
  private final MovingServer server;
  private final List<String> before;
  private Optional<MovingServer.Asked> asked = Optional.empty();

  MigrationRequest(MovingServer server) throws IOException, InterruptedException {
    this.server = server;
    this.before = server.migrations();
  }

  @Override
  public void ask() throws IOException, InterruptedException {
    asked = Optional.of(server.requestMigration(before));
  }

  @Override
  public boolean hasEnded() throws IOException, InterruptedException {
    return server.migrationHasEnded();
  }

  @Override
  public String awaitEnd() throws IOException, InterruptedException {
    return server.awaitMigrationEnd();
  }

  @Override
  public List<String> judge(boolean guestDied) throws IOException, InterruptedException {
    return server.judgeRequest(asked.orElseThrow());
  }

  @Override
  public List<String> migrations() {
    return List.of(asked.orElseThrow().migration());
  }
}
