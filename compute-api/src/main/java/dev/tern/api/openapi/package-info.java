/** The description of this API for programs: OpenAPI 3.1. */
@NullMarked
package dev.tern.api.openapi;

import org.jspecify.annotations.NullMarked;
