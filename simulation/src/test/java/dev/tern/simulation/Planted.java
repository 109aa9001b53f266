package dev.tern.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.asking.Agents;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.amqp.MalformedMessageException;
import dev.tern.contract.amqp.Wire;
import dev.tern.store.ClaimStore;
import dev.tern.store.Samples;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One bug each, which the simulation must find; what finds none of them proves nothing. */
enum Planted implements Variant {
  /** The source's agent lets QEMU go on, and writes down afterwards that the guest has left. */
  HANDED_OVER_IS_RECORDED_AFTER_CONTINUE {
    @Override
    public VirtDriver driver(FakeWorld qemus, Turns turns) {
      return withGuests(
          new FakeVirtDriver(qemus, turns.clock()),
          (guest, method, arguments) -> {
            if (!method.equals("handOver")) {
              return call(guest, method, arguments);
            }
            Guest.HandOverRecord record = (Guest.HandOverRecord) arguments[3];
            Object[] others = arguments.clone();
            others[3] = (Guest.HandOverRecord) () -> {};
            Object came = call(guest, method, others);
            if (came instanceof Guest.HandOver.Sent && !((boolean) arguments[2])) {
              record.recordHandedOver();
            }
            return came;
          });
    }
  },

  /** The destination's agent lets the guest run without having written down that it arrived. */
  RUNS_WITHOUT_THE_RECORD_OF_ARRIVAL {
    @Override
    public VirtDriver driver(FakeWorld qemus, Turns turns) {
      return withGuests(
          new FakeVirtDriver(qemus, turns.clock()),
          (guest, method, arguments) -> {
            if (!method.equals("watchArrival")) {
              return call(guest, method, arguments);
            }
            Object[] others = arguments.clone();
            others[0] = (Guest.ArrivalPermit) () -> {};
            return call(guest, method, others);
          });
    }
  },

  /** The destination's agent lets a guest run whose source may still fail. */
  RUNS_BEFORE_ITS_SOURCE_HAS_LET_GO {
    @Override
    public VirtDriver driver(FakeWorld qemus, Turns turns) {
      return withGuests(
          new FakeVirtDriver(qemus, turns.clock()),
          (guest, method, arguments) -> {
            if (!method.equals("watchArrival")) {
              return call(guest, method, arguments);
            }
            Object[] others = arguments.clone();
            Guest.ArrivalPermit waits = (Guest.ArrivalPermit) arguments[0];
            others[0] =
                new Guest.ArrivalPermit() { // which waits for nobody
                  @Override
                  public void recordArrived() throws IOException {
                    waits.recordArrived();
                  }
                };
            return call(guest, method, others);
          });
    }

    @Override
    Plan in(Plan plan) {
      return plan.by(Plan.Memory.POST_COPY_ALLOWED);
    }

    @Override
    Effects effects() {
      return Effects.knownWithLastWord();
    }
  },

  /** The source's agent takes "sent" for "arrived", and clears up at once. */
  SOURCE_IS_DELETED_BEFORE_ARRIVAL_IS_KNOWN {
    @Override
    public AgentAnswer answer(Function<AgentRequest, AgentAnswer> agent, AgentRequest request) {
      AgentAnswer answer = agent.apply(request);
      if (request instanceof AgentRequest.HandOver
          && answer instanceof Done(AgentResult.HandedOver came)
          && came.sent()) {
        var _ = agent.apply(new AgentRequest.RetireSource(request.header(), false));
      }
      return answer;
    }
  },

  /** A conductor takes an undo that was not answered for one that was done. */
  SILENCE_IS_TAKEN_FOR_DONE {
    @Override
    public Agents agents(Agents agents) {
      return (host, request, deadline) -> {
        Asked<AgentAnswer> asked = agents.ask(host, request, deadline);
        return asked instanceof Asked.NoAnswer<AgentAnswer> && undoes(request)
            ? new Asked.Answered<>(new Done(new AgentResult.Nothing()))
            : asked;
      };
    }
  },

  /** A conductor takes a silent agent for one without a guest. */
  SILENCE_IS_TAKEN_FOR_DEATH {
    @Override
    public Agents agents(Agents agents) {
      return (host, request, deadline) -> {
        Asked<AgentAnswer> asked = agents.ask(host, request, deadline);
        boolean silent =
            asked instanceof Asked.NoAnswer<AgentAnswer>
                && (request instanceof AgentRequest.AskGuest
                    || request instanceof AgentRequest.KillIncoming);
        return silent
            ? new Asked.Answered<>(
                new Done(
                    new AgentResult.GuestReport(
                        AgentResult.GuestReport.Runner.DEAD, request.header().epoch(), "silent")))
            : asked;
      };
    }
  },

  /** A question that is asked twice claims twice. */
  CLAIMS_AGAIN_WHEN_ASKED_AGAIN {
    @Override
    public ClaimStore claims(ClaimStore claims) {
      long[] made = {0};
      return (ClaimStore)
          Proxy.newProxyInstance(
              ClaimStore.class.getClassLoader(),
              new Class<?>[] {ClaimStore.class},
              (_, method, arguments) -> {
                if (method.getName().equals("find")) {
                  return Optional.empty();
                }
                if (method.getName().equals("claim")
                    && claims.find((dev.tern.contract.ClaimId) arguments[0]).isPresent()) {
                  arguments[0] = new dev.tern.contract.ClaimId(new UUID(made[0]++, 1));
                }
                return called(claims, method, arguments);
              });
    }
  },

  /** Whether there is room is looked at before a claim, and not again by the claim. */
  CLAIMS_WHAT_ANOTHER_TOOK_MEANWHILE {
    @Override
    public ClaimStore claims(ClaimStore claims) {
      return proxy(
          ClaimStore.class,
          (_, method, arguments) -> {
            if (method.getName().equals("claim")) {
              arguments[4] = Samples.PLENTY;
            }
            return called(claims, method, arguments);
          });
    }

    @Override
    Plan in(Plan plan) {
      return plan.of(3);
    }
  },

  /** A source is not told that the guest that still needs it has died. */
  SOURCE_IS_KEPT_FOR_A_GUEST_THAT_DIED {
    @Override
    public Agents agents(Agents agents) {
      return (host, request, deadline) ->
          agents.ask(
              host,
              request instanceof AgentRequest.RetireSource(var header, var keepDisks, _)
                  ? new AgentRequest.RetireSource(header, keepDisks)
                  : request,
              deadline);
    }

    @Override
    Plan in(Plan plan) {
      return plan.byPostCopy();
    }
  },

  /** The destination's key is not taken back. */
  UNDO_FORGETS_THE_KEY {
    @Override
    public AgentAnswer answer(Function<AgentRequest, AgentAnswer> agent, AgentRequest request) {
      return request instanceof AgentRequest.WithdrawKey
          ? new Done(new AgentResult.Nothing())
          : agent.apply(request);
    }
  },

  /** The destination's copy and its exports are written off, and stay. */
  UNDO_FORGETS_THE_EXPORTS {
    @Override
    public VirtDriver driver(FakeWorld qemus, Turns turns) {
      return withGuests(
          new FakeVirtDriver(qemus, turns.clock()),
          (guest, method, arguments) ->
              method.equals("kill") && guest.runState() == Guest.RunState.INCOMING
                  ? null
                  : call(guest, method, arguments));
    }
  },

  /** A source that was given up with its guest is back, and is not told that it has it again. */
  SOURCE_THAT_IS_BACK_IS_NOT_TOLD {
    @Override
    public AgentAnswer answer(Function<AgentRequest, AgentAnswer> agent, AgentRequest request) {
      return request instanceof AgentRequest.ReturnHome(var _, var handedOver)
              && handedOver.isPresent()
          ? new Done(new AgentResult.Nothing())
          : agent.apply(request);
    }
  },

  /** An agent carries out whatever it is asked for, however old. */
  EPOCHS_ARE_NOT_CHECKED {
    @Override
    public AgentAnswer answer(Function<AgentRequest, AgentAnswer> agent, AgentRequest request) {
      AgentAnswer answer = agent.apply(request);
      if (answer instanceof Refused(Failure why)
          && why.code() == ErrorCode.STALE_EPOCH
          && agent.apply(new AgentRequest.AskGuest(request.header()))
              instanceof Done(AgentResult.GuestReport now)) {
        return agent.apply(ofEpoch(request, now.epoch()));
      }
      return answer;
    }
  };

  private static boolean undoes(AgentRequest request) {
    return switch (request) {
      case AgentRequest.WithdrawKey _,
          AgentRequest.DeleteDisks _,
          AgentRequest.ReleaseSpace _,
          AgentRequest.CancelMirrors _,
          AgentRequest.EndCheck _ ->
          true;
      default -> false;
    };
  }

  private static AgentRequest ofEpoch(AgentRequest request, long epoch) {
    String json = new String(Wire.write(AgentRequest.class, request), UTF_8);
    String old = "\"epoch\":" + request.header().epoch();
    try {
      return Wire.read(
          AgentRequest.class, json.replaceFirst(old, "\"epoch\":" + epoch).getBytes(UTF_8));
    } catch (MalformedMessageException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What has to go wrong for the bug to show; looked for among such runs, to find it soon. */
  boolean shows(Fault fault) {
    return switch (this) {
      case CLAIMS_AGAIN_WHEN_ASKED_AGAIN ->
          fault.kind() == Fault.Kind.LOST
              && (fault.label().endsWith("a scheduler") || fault.label().equals("s answers"));
      case SOURCE_THAT_IS_BACK_IS_NOT_TOLD -> fault.kind() == Fault.Kind.POWER_LOST;
      case RUNS_BEFORE_ITS_SOURCE_HAS_LET_GO ->
          fault.kind() == Fault.Kind.LINK_BREAKS && fault.label().contains("journal Resumed");
      case EPOCHS_ARE_NOT_CHECKED -> fault.kind() == Fault.Kind.COMES_AGAIN;
      case SILENCE_IS_TAKEN_FOR_DONE ->
          fault.kind() == Fault.Kind.DIES && fault.label().matches("[ABC] (takes|answers) .*");
      case SILENCE_IS_TAKEN_FOR_DEATH ->
          fault.kind() == Fault.Kind.LOST && fault.label().contains("AskGuest");
      case HANDED_OVER_IS_RECORDED_AFTER_CONTINUE ->
          switch (fault.kind()) {
            case DIES, ALL_DIE ->
                fault.label().contains("was let go")
                    || fault.label().contains("HandedOver")
                    || fault.label().contains("end of its stream");
            default -> false;
          };
      case SOURCE_IS_KEPT_FOR_A_GUEST_THAT_DIED ->
          fault.kind() == Fault.Kind.RUNNER_DIES && fault.label().matches("[ABC] (qemu|writes) .*");
      case CLAIMS_WHAT_ANOTHER_TOOK_MEANWHILE,
          RUNS_WITHOUT_THE_RECORD_OF_ARRIVAL,
          SOURCE_IS_DELETED_BEFORE_ARRIVAL_IS_KNOWN,
          UNDO_FORGETS_THE_KEY,
          UNDO_FORGETS_THE_EXPORTS ->
          fault.kind() != Fault.Kind.RUNNER_DIES;
    };
  }

  /** What can be disturbed in such a run. */
  Effects effects() {
    return Effects.known();
  }

  /** The run that it takes: one of several servers, or with post-copy. */
  Plan in(Plan plan) {
    return plan;
  }

  /** What a guest does when a method is called. */
  interface Wrong {
    @Nullable Object call(Guest guest, String method, @Nullable Object[] arguments)
        throws Throwable;
  }

  private static VirtDriver withGuests(VirtDriver driver, Wrong wrong) {
    return proxy(
        VirtDriver.class,
        (_, method, arguments) -> {
          Object result = called(driver, method, arguments);
          if (result instanceof Guest guest) {
            return guest(guest, wrong);
          }
          if (result instanceof Optional<?> found
              && found.isPresent()
              && found.get() instanceof Guest guest) {
            return Optional.of(guest(guest, wrong));
          }
          return result;
        });
  }

  private static Guest guest(Guest real, Wrong wrong) {
    return proxy(
        Guest.class,
        (self, method, arguments) ->
            switch (method.getName()) {
              case "equals" ->
                  System.identityHashCode(self) == System.identityHashCode(arguments[0]);
              case "hashCode" -> real.hashCode();
              default ->
                  wrong.call(real, method.getName(), arguments == null ? new Object[0] : arguments);
            });
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static @Nullable Object call(Guest guest, String name, @Nullable Object[] arguments)
      throws Throwable {
    for (java.lang.reflect.Method method : Guest.class.getMethods()) {
      if (method.getName().equals(name) && method.getParameterCount() == arguments.length) {
        return called(guest, method, arguments);
      }
    }
    throw new NoSuchMethodException(name);
  }

  private static @Nullable Object called(
      Object real, java.lang.reflect.Method method, @Nullable Object @Nullable [] arguments)
      throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
