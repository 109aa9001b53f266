package dev.tern.standalone.load;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalPermit;
import dev.tern.virt.Guest.HandOverRecord;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A hypervisor for one life of an agent. Guests live on when it dies, and it can do nothing to them
 * any more. Moving a guest takes time here, and the agent may die between the records of a
 * hand-over or an arrival and the deeds that they allow.
 */
final class MortalDriver implements VirtDriver {
  private final VirtDriver plain;
  private final Mortal owner;
  private final Moments moments;

  /** How long things take. */
  interface Moments {
    /** While disks and memory move. */
    void moving() throws InterruptedException;

    /** Between a record and what it allows. */
    void deciding();
  }

  MortalDriver(VirtDriver plain, Mortal owner, Moments moments) {
    this.plain = plain;
    this.owner = owner;
    this.moments = moments;
  }

  @Override
  public HostCapabilities capabilities() throws VirtException {
    return owner.act(plain::capabilities);
  }

  @Override
  public DiskImages images() {
    return gated(DiskImages.class, plain.images());
  }

  @Override
  public LayerTransfer layers() {
    return gated(LayerTransfer.class, plain.layers());
  }

  @Override
  public long volumeBytes(String host, int port, String export) throws VirtException {
    return owner.act(() -> plain.volumeBytes(host, port, export));
  }

  @Override
  public Guest launch(LaunchRecipe recipe, Path instanceDirectory, LaunchMode mode)
      throws VirtException {
    return owner.act(() -> guest(plain.launch(recipe, instanceDirectory, mode)));
  }

  @Override
  public Optional<Guest> adopt(Path instanceDirectory) throws VirtException {
    return owner.act(() -> plain.adopt(instanceDirectory).map(this::guest));
  }

  @Override
  public List<HypervisorProcess> processesBelow(Path directory) throws VirtException {
    return owner.act(() -> plain.processesBelow(directory));
  }

  /** With the agent's death its connection is closed, whoever waits on it. */
  private Guest guest(Guest found) {
    return (Guest)
        Proxy.newProxyInstance(
            Guest.class.getClassLoader(),
            new Class<?>[] {Guest.class},
            calls(owner.holds(found::close), found));
  }

  private <T> T gated(Class<T> type, Object target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> owner.act(() -> invoke(target, method, arguments))));
  }

  @SuppressWarnings("ReferenceEquality") // A connection is itself, as the plain one is.
  private InvocationHandler calls(java.io.Closeable held, Guest found) {
    return (proxy, method, arguments) ->
        switch (method.getName()) {
          case "equals" -> proxy == arguments[0];
          case "hashCode" -> System.identityHashCode(proxy);
          case "toString" -> "guest of pid " + found.pid();
          case "close" -> {
            owner.lets(held);
            found.close();
            yield null;
          }
          case "mirrorDisks", "handOver" -> {
            // Not within an act: an agent may die all the while.
            owner.act(() -> true);
            moments.moving();
            yield owner.act(() -> invoke(found, method, mortal(arguments)));
          }
          default -> owner.act(() -> invoke(found, method, mortal(arguments)));
        };
  }

  /** What the hypervisor calls back is the agent's doing too. */
  private Object @org.jspecify.annotations.Nullable [] mortal(
      Object @org.jspecify.annotations.Nullable [] arguments) {
    if (arguments == null) {
      return null;
    }
    Object[] wrapped = arguments.clone();
    for (int i = 0; i < wrapped.length; i++) {
      wrapped[i] = mortal(wrapped[i]);
    }
    return wrapped;
  }

  private Object mortal(Object argument) {
    return switch (argument) {
      // Called within the act of handing over.
      case HandOverRecord record ->
          (HandOverRecord)
              () -> {
                record.recordHandedOver();
                owner.mayDie(moments::deciding);
              };
      // Called on the hypervisor's own thread.
      case ArrivalPermit permit ->
          (ArrivalPermit)
              () -> {
                moments.deciding();
                boolean _ =
                    owner.<Boolean, java.io.IOException>act(() -> {
                      permit.recordArrived();
                      owner.mayDie(moments::deciding);
                      return true;
                    });
              };
      case Runnable gone -> (Runnable) () -> owner.act(() -> run(gone));
      case Consumer<?> told -> told(told);
      default -> argument;
    };
  }

  private static boolean run(Runnable deed) {
    deed.run();
    return true;
  }

  @SuppressWarnings("unchecked") // It is called with what the one it stands for is called with.
  private Consumer<Object> told(Consumer<?> listener) {
    return said -> {
      if (said instanceof Arrival) {
        owner.act(() -> run(() -> ((Consumer<Object>) listener).accept(said)));
      } else {
        ((Consumer<Object>) listener).accept(said);
      }
    };
  }

  private static Object invoke(
      Object target,
      java.lang.reflect.Method method,
      Object @org.jspecify.annotations.Nullable [] arguments)
      throws Exception {
    try {
      method.setAccessible(true);
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      switch (e.getCause()) {
        case Exception failure -> throw failure;
        case Error error -> throw error;
        case null, default -> throw e;
      }
    }
  }
}
