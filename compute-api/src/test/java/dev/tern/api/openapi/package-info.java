@NullMarked
package dev.tern.api.openapi;

import org.jspecify.annotations.NullMarked;
