package dev.tern.api.version;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The versions in which an endpoint exists; in the others it answers 404. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Offered {
  /** First minor version that has it. */
  int from() default 1;

  /** Last minor version that has it. */
  int to() default Integer.MAX_VALUE;
}
