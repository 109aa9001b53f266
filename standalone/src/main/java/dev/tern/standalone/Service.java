package dev.tern.standalone;

import dev.tern.agent.AgentApplication;
import dev.tern.api.ApiApplication;
import dev.tern.conductor.ConductorApplication;
import dev.tern.scheduler.SchedulerApplication;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The four kinds of process Tern is made of, by the word the command line has for them. */
enum Service {
  API("api", ApiApplication.class, true),
  CONDUCTOR("conductor", ConductorApplication.class, false),
  SCHEDULER("scheduler", SchedulerApplication.class, false),
  AGENT("agent", AgentApplication.class, false);

  private final String word;
  private final Class<?> application;
  private final boolean web;

  Service(String word, Class<?> application, boolean web) {
    this.word = word;
    this.application = application;
    this.web = web;
  }

  String word() {
    return word;
  }

  Class<?> application() {
    return application;
  }

  /** Whether it serves HTTP when it shares a JVM with the others. */
  boolean web() {
    return web;
  }

  /**
   * The name of its configuration, {@code tern-<word>}: in one JVM four {@code application.yml}
   * would hide each other.
   */
  String configName() {
    return "tern-" + word;
  }

  static Optional<Service> named(String word) {
    return Arrays.stream(values()).filter(s -> s.word.equals(word)).findFirst();
  }

  static String words() {
    return Arrays.stream(values()).map(Service::word).collect(Collectors.joining(", "));
  }
}
