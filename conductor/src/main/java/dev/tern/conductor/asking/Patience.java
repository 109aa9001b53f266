package dev.tern.conductor.asking;

import java.time.Duration;

/**
 * How long to go on asking.
 *
 * @param silence an agent may say nothing at all
 * @param work it may go on saying that it works
 */
public record Patience(Duration silence, Duration work) {}
