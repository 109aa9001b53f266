package dev.tern.standalone.chaos;

/**
 * One cell of the table.
 *
 * @param step of the live migration, as docs/live-migration.md lists it
 */
public record Cell(Victim victim, String step) {
  @Override
  public String toString() {
    return victim.word() + " × " + step;
  }
}
