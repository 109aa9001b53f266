package dev.tern.virt.fake;

import dev.tern.virt.LayerContract;
import dev.tern.virt.VirtDriver;
import java.time.Clock;
import org.junit.jupiter.api.DisplayName;

@DisplayName("A layer that the fake driver moves")
class FakeLayersTest extends LayerContract {
  private final FakeWorld world = new FakeWorld();
  private int port = 20_000;

  @Override
  protected VirtDriver driver() {
    return new FakeVirtDriver(world, Clock.systemUTC());
  }

  @Override
  protected int freePort() {
    return port++;
  }
}
