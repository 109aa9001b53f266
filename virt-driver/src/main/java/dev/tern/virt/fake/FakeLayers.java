package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.LayerTransfer;
import dev.tern.virt.SendingRate;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.fake.FakeWorld.FakeReceiver;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Files copied within the world, to where somebody receives. */
final class FakeLayers implements LayerTransfer {
  private static final int PORTIONS = 8;

  private final FakeWorld world;

  FakeLayers(FakeWorld world) {
    this.world = world;
  }

  @Override
  public void open(
      Path directory, Endpoint listen, Map<String, String> exports, Optional<StreamKey> key)
      throws VirtException {
    world.before("openLayers");
    if (isOpen(directory)) {
      return;
    }
    for (String file : exports.keySet()) {
      if (!Files.isRegularFile(directory.resolve(file))) {
        throw refused("%s is not there.".formatted(file));
      }
    }
    if (!world.receive(directory, new FakeReceiver(listen, Map.copyOf(exports), key))) {
      throw refused("Address already in use");
    }
  }

  @Override
  public boolean isOpen(Path directory) {
    return world.receiver(directory).isPresent();
  }

  @Override
  public void close(Path directory) {
    world.killReceiver(directory);
  }

  @Override
  public void send(Path file, Path instance, Target to, SendingRate rate, LongConsumer sent)
      throws VirtException, InterruptedException {
    world.before("sendLayer");
    Path there =
        world.received(to).orElseThrow(() -> refused("Failed to connect: Connection refused"));
    try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ);
        FileChannel into = FileChannel.open(there, StandardOpenOption.WRITE)) {
      if (into.size() != (from.size() + 511) / 512 * 512) {
        throw refused("The export is not as long as the file.");
      }
      long size = from.size();
      for (long at = 0; at < size; ) {
        world.sends(rate.now(), at);
        at += from.transferTo(at, Math.min(size / PORTIONS + 1, size - at), into.position(at));
      }
      sent.accept(size);
    } catch (IOException e) {
      throw refused("The layer cannot be sent: " + e);
    }
    world.after("sendLayer");
  }
}
