package dev.tern.api.amqp;

import dev.tern.api.deadletters.DeadLetterSettings;
import dev.tern.api.deadletters.KeepingLetters;
import dev.tern.api.deadletters.OldLetters;
import dev.tern.api.deadletters.Resending;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.amqp.DeadLetterQueue;
import dev.tern.contract.amqp.Undelivered;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.contract.start.AllRounds;
import dev.tern.store.DeadLetterStore;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Dead letters come from the broker, and go back to it. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
public class DeadLetterCollecting {
  @Bean
  Resending resending(DeadLetterQueue queue) {
    return new Resending() {
      @Override
      public boolean reachable(DeadLetter letter) {
        return queue.reachable(letter);
      }

      @Override
      public void send(DeadLetter letter) throws Undelivered, InterruptedException {
        queue.resend(letter);
      }
    };
  }

  @Bean
  OldLetters oldLetters(DeadLetterStore store, DeadLetterSettings settings, MeterRegistry metrics) {
    return new OldLetters(store, settings, metrics);
  }

  @Bean(destroyMethod = "close")
  Rounds oldLettersRounds(OldLetters old, DeadLetterSettings settings, Pause pause) {
    return new Rounds("old-letters", old::discard, pause, settings.purgeEvery());
  }

  @Bean(destroyMethod = "stop")
  KeepingLetters keepingLetters(
      DeadLetterStore store,
      Resending resending,
      OldLetters old,
      Pause pause,
      MeterRegistry metrics) {
    return new KeepingLetters(store, resending, old, pause, metrics);
  }

  @Bean
  DirectMessageListenerContainer deadLetters(DeadLetterQueue queue, KeepingLetters keeping) {
    return queue.collect(keeping::keep);
  }
}
