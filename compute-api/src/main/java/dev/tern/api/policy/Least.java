package dev.tern.api.policy;

/** What a rule asks for when no policy file says otherwise: Nova's base rules by name. */
public enum Least {
  /** Anybody with a token of a project. */
  ANYBODY("@"),
  READER("rule:project_reader_or_admin"),
  MEMBER("rule:project_member_or_admin"),
  MANAGER("rule:project_manager_or_admin"),
  ADMIN("rule:context_is_admin");

  private final String expression;

  Least(String expression) {
    this.expression = expression;
  }

  /** In the language of oslo.policy. */
  public String expression() {
    return expression;
  }
}
