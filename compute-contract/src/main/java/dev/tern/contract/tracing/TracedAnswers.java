package dev.tern.contract.tracing;

import dev.tern.contract.RequestId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Map.Entry;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Traces work that is asked about again and again until it is done: from the first question to the
 * answer that ends it. A question that nobody asks again is forgotten after {@value #MOST} others.
 */
public final class TracedAnswers<R, A> {
  private static final int MOST = 1_000;

  private final Tracing tracing;
  private final Function<R, RequestId> requestOf;
  private final Predicate<A> over;
  private final BiFunction<R, Traced, Traced> described;

  /** Guarded by itself. */
  private final Map<R, Traced> open =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Entry<R, Traced> eldest) {
          return size() > MOST;
        }
      };

  /**
   * @param over whether an answer ends the work
   * @param described says more of the work
   */
  public TracedAnswers(
      Tracing tracing,
      Function<R, RequestId> requestOf,
      Predicate<A> over,
      BiFunction<R, Traced, Traced> described) {
    this.tracing = tracing;
    this.requestOf = requestOf;
    this.over = over;
    this.described = described;
  }

  /** Answers as {@code work} does. */
  public Function<R, A> around(Function<R, A> work) {
    if (tracing.equals(Tracing.OFF)) {
      return work;
    }
    return request -> {
      synchronized (open) {
        var _ = open.computeIfAbsent(request, this::begin);
      }
      A answer = work.apply(request);
      if (over.test(answer)) {
        end(request, answer);
      }
      return answer;
    };
  }

  private Traced begin(R request) {
    return described.apply(
        request, tracing.apart(requestOf.apply(request), request.getClass().getSimpleName()));
  }

  private void end(R request, A answer) {
    Traced traced;
    synchronized (open) {
      traced = open.remove(request);
    }
    if (traced != null) {
      traced.with("answer", answer.getClass().getSimpleName()).close();
    }
  }
}
